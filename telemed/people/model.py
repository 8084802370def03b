"""A resident, and the sealing of everything personal under that one person's key. Pure."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from telemed.kit.refusal import Refusal, Sense

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
VERSION = b"\x01"


class Way(StrEnum):
    """How a person wishes to hear from us."""

    PHONE = "phone"
    EMAIL = "email"
    PAPER = "paper"


class Need(StrEnum):
    """What helps a person; several may hold."""

    INTERPRETER = "interpreter"
    WHEELCHAIR = "wheelchair"
    HEARING = "hearing"
    COMPANION = "companion"


@dataclass(frozen=True)
class Person:
    """What we know of a resident. *contact*: number or address for *way*, empty for paper.

    *language*: in which she reads and is called. *spoken*: what a doctor or an interpreter must speak with her, as in
    BCP 47; empty where German will do: who reads Turkish may need nobody, and who needs Kurdish reads something else.
    """

    name: str
    birth_year: int
    way: Way
    contact: str = ""
    language: str = "de"
    needs: tuple[Need, ...] = ()
    spoken: str = ""


class Deed(StrEnum):
    """What somebody did to a person's data, as an audit line says it."""

    CREATE = "create"
    READ = "read"
    WRITE = "write"
    ERASE = "erase"
    REFUSE = "refuse"
    """Kept an end out of a call, and nothing was seen."""


SEARCH = "search"
"""The purpose of a read that was the answer to a search."""


@dataclass(frozen=True)
class AuditLine:
    """Somebody did something to a person's data. *role* and *subject*: who, as `identity.model.Actor` says it;
    *purpose*: what for, in one word or two of a closed set (the table's name where something was sealed)."""

    id: str
    at: datetime
    person_id: str
    role: str
    subject: str
    deed: Deed
    purpose: str


_NO_DIGIT = re.compile(r"[^\d+()]")


def international(number: str) -> str:
    """A German number as gateways want it (ITU-T E.164): ``0171 234`` → ``+49171234``."""
    plain = _NO_DIGIT.sub("", number).replace("(0)", "")
    plain = re.sub(r"[()]", "", plain)
    if plain.startswith("00"):
        return f"+{plain[2:]}"
    return f"+49{plain[1:]}" if plain.startswith("0") else plain


def same_contact(text: str) -> str:
    """A number or an address as it is compared, however it was typed; empty if there is none."""
    return text.strip().casefold() if "@" in text else international(text)


class Erased(Refusal):
    """The person's key is gone; nothing about them can be read any more."""

    sense = Sense.GONE
    key = "refusal.erased"


class Tampered(Exception):
    """Sealed bytes do not belong where they were found."""


def new_key() -> bytes:
    """A person's key, AES-256."""
    return AESGCM.generate_key(bit_length=KEY_BYTES * 8)


def seal(key: bytes, plain: bytes, what: str) -> bytes:
    """Version, random 96-bit nonce, AES-256-GCM ciphertext with tag (NIST SP 800-38D); bound to *what*.

    *what* names table, column and row, so that sealed bytes cannot be moved elsewhere.
    """
    nonce = os.urandom(NONCE_BYTES)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, plain, what.encode())


def unseal(key: bytes, sealed: bytes, what: str) -> bytes:
    """The plain bytes of `seal`.

    Raises:
        Tampered: changed, of another place, or under another key.
    """
    return opener(key)(sealed, what)


def opener(key: bytes) -> Callable[[bytes, str], bytes]:
    """`unseal` for many that lie under one key, which is prepared once."""
    return partial(_opened, AESGCM(key))


def _opened(cipher: AESGCM, sealed: bytes, what: str) -> bytes:
    nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if sealed[:1] != VERSION or len(ciphertext) < TAG_BYTES:
        raise Tampered("cut off, or of an unknown version")
    try:
        return cipher.decrypt(nonce, ciphertext, what.encode())
    except InvalidTag:
        raise Tampered(what.split("|", maxsplit=1)[0]) from None
