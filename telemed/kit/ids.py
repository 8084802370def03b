"""Ids that sort by time, and secrets that do not."""

import base64
import hashlib
import os
import secrets
import threading
import time
from datetime import datetime

_turn = threading.Lock()
_last = 0
"""Millisecond and counter of the newest id, 60 bits."""


def new_id() -> str:
    """A UUID version 7 (RFC 9562, 5.7) as lower-case text; fits a FHIR R4 id.

    Later ones of one process sort behind earlier ones, also within a millisecond: a counter in the first random
    bits sees to it (6.2, method 1), and it never follows a clock that goes back.
    """
    return new_ids(1)[0]


def new_ids(count: int) -> list[str]:
    """So many of `new_id`, with one look at the clock and into the source of chance for all; they follow each other."""
    chance = os.urandom(8 * count + 2)
    first = _stamp(int.from_bytes(chance[-2:], "big") & 0x7FF, count)
    return [_id_of(first + n, int.from_bytes(chance[8 * n : 8 * n + 8], "big")) for n in range(count)]


def _id_of(stamp: int, chance: int) -> str:
    """*chance*: 64 bits, of which the version of the layout takes two."""
    head, middle = f"{stamp >> 12:012x}", 0x8000 | (chance >> 48) & 0x3FFF
    return f"{head[:8]}-{head[8:]}-7{stamp & 0xFFF:03x}-{middle:04x}-{chance & 0xFFFFFFFFFFFF:012x}"


def oldest_id(moment: datetime) -> str:
    """A text before every `new_id` made from *moment* (real time) on, and behind every earlier one."""
    text = f"{int(moment.timestamp() * 1000):012x}"
    return f"{text[:8]}-{text[8:]}"


def _stamp(start: int, count: int) -> int:
    """Milliseconds, and a counter that begins with *start* in each; the first of so many that follow each other."""
    global _last  # noqa: PLW0603 - one order for the whole process
    fresh = (time.time_ns() // 1_000_000) << 12 | start
    with _turn:
        first = fresh if fresh >> 12 > _last >> 12 else _last + 1
        _last = first + count - 1
        return first


def new_token() -> str:
    """An unguessable token: 256 bit, URL-safe base64."""
    return secrets.token_urlsafe(32)


def new_link_token() -> str:
    """A link token: 128 bit, URL-safe base64, 22 characters (DESIGN D8)."""
    return secrets.token_urlsafe(16)


def digest(token: str) -> str:
    """What is stored in place of a token that is itself unguessable: SHA-256 as hex."""
    return hashlib.sha256(token.encode()).hexdigest()


def to_base64(data: bytes) -> str:
    """URL-safe base64 without padding, as on the wire."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64(text: str) -> bytes:
    """The bytes of `to_base64`.

    Raises:
        ValueError: not base64.
    """
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
