"""Passkeys (WebAuthn Level 3): a question, what an authenticator answers, and whether that is right.

A question carries its own proof that it is ours, for what and for whom, so that asking keeps nothing and several
workers share it; that it was answered is kept, so that no answer counts twice. Functions with *tx* never commit.
"""

import hashlib
import hmac
import secrets as random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from telemed.identity import passkey_store
from telemed.identity.model import Actor
from telemed.identity.staff_model import MOST_PASSKEYS, QUESTION, Member, Passkey, PasskeyKept, PasskeyRefused
from telemed.kit.db import Tx
from telemed.kit.ids import digest, from_base64, to_base64
from telemed.kit.logs import logger
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets

log = logger("passkeys")
NONCE_BYTES, MOMENT_BYTES, HASH_BYTES = 16, 8, 32
TIMEOUT_MS = int(QUESTION.total_seconds() * 1000)
LONGEST_NAME = 60


class For(StrEnum):
    """What a question is asked for; an answer to one of another kind does not count."""

    SIGN_IN = "sign in"
    REGISTER = "register"
    PROVE = "prove anew"


@dataclass(frozen=True)
class House:
    """To whom passkeys are given: *id* the name of the host, *origin* as browsers say it. No IP address has any."""

    id: str
    origin: str
    name: str

    @classmethod
    def of(cls, public_url: str, name: str) -> "House":
        parts = urlsplit(public_url)
        return cls(parts.hostname or "", f"{parts.scheme}://{parts.netloc}", name)


def new_question(secrets: Secrets, use: For, bound: Sequence[str], *, now: datetime) -> bytes:
    """A question for one use. *bound*: what an answer is for besides (a session, a link, the key of a browser)."""
    until = int((now + QUESTION).timestamp()).to_bytes(MOMENT_BYTES, "big")
    said = random.token_bytes(NONCE_BYTES) + until + _bound(use, bound)
    return said + _proof(secrets, said)


def settle(tx: Tx, secrets: Secrets, question: bytes, use: For, bound: Sequence[str], *, now: datetime) -> None:
    """An answer to *question* came: it is ours, for this use, not too old, and was not answered before.

    Raises:
        PasskeyRefused: it is not.
    """
    said, proof = question[:-HASH_BYTES], question[-HASH_BYTES:]
    if len(question) != NONCE_BYTES + MOMENT_BYTES + 2 * HASH_BYTES:
        raise PasskeyRefused
    until = datetime.fromtimestamp(0, now.tzinfo)
    if hmac.compare_digest(proof, _proof(secrets, said)):
        seconds = int.from_bytes(said[NONCE_BYTES : NONCE_BYTES + MOMENT_BYTES], "big")
        until = datetime.fromtimestamp(seconds, now.tzinfo)
    ours = hmac.compare_digest(said[NONCE_BYTES + MOMENT_BYTES :], _bound(use, bound))
    if not ours or until <= now or not passkey_store.answer(tx, digest(to_base64(question)), until):
        raise PasskeyRefused


def _bound(use: For, bound: Sequence[str]) -> bytes:
    return hashlib.sha256("\n".join((use.value, *bound)).encode()).digest()


def _proof(secrets: Secrets, said: bytes) -> bytes:
    return secrets.derive("passkey question", to_base64(said))


def options_to_register(house: House, member: Member, known: Sequence[Passkey], question: bytes) -> str:
    """What `navigator.credentials.create` is asked, as JSON: one that the authenticator keeps itself."""
    options = generate_registration_options(
        rp_id=house.id,
        rp_name=house.name,
        user_id=from_base64(member.handle),
        user_name=member.name,
        challenge=question,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=from_base64(each.id)) for each in known],
    )
    return options_to_json(options)


def options_to_ask(house: House, question: bytes, known: Sequence[Passkey] = ()) -> str:
    """What `navigator.credentials.get` is asked, as JSON; without *known* the authenticator says who it is."""
    options = generate_authentication_options(
        rp_id=house.id,
        challenge=question,
        timeout=TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=from_base64(each.id)) for each in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


def register(
    tx: Tx, secrets: Secrets, house: House, actor: Actor, answer: str, *, bound: Sequence[str], name: str, now: datetime
) -> Passkey:
    """Keep a new passkey of *actor*.

    Raises:
        PasskeyRefused: the answer is none to our question, or the passkey is somebody's already.
        PasskeyKept: she has as many as one may have.
    """
    try:
        credential = parse_registration_credential_json(answer)
        question = parse_client_data_json(credential.response.client_data_json).challenge
        settle(tx, secrets, question, For.REGISTER, bound, now=now)
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=question,
            expected_rp_id=house.id,
            expected_origin=house.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise _refused(error) from None
    passkey_id, key = to_base64(verified.credential_id), to_base64(verified.credential_public_key)
    if passkey_store.count(tx, actor) >= MOST_PASSKEYS:
        raise PasskeyKept
    if passkey_store.passkey(tx, passkey_id) is not None:
        raise PasskeyRefused
    new = Passkey(passkey_id, actor, key, verified.sign_count, name.strip()[:LONGEST_NAME], now)
    passkey_store.add_passkey(tx, new)
    log.info("passkey_registered", role=actor.role.value, subject=actor.subject)
    return new


def recognise(
    tx: Tx, secrets: Secrets, house: House, answer: str, *, use: For, bound: Sequence[str], now: datetime
) -> Actor:
    """Who answered our question with a passkey of hers.

    Raises:
        PasskeyRefused: nobody did.
    """
    try:
        credential = parse_authentication_credential_json(answer)
        question = parse_client_data_json(credential.response.client_data_json).challenge
        settle(tx, secrets, question, use, bound, now=now)
        passkey = _of_member(tx, to_base64(credential.raw_id), credential.response.user_handle)
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=question,
            expected_rp_id=house.id,
            expected_origin=house.origin,
            credential_public_key=from_base64(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError) as error:
        raise _refused(error) from None
    passkey_store.used(tx, passkey.id, sign_count=verified.new_sign_count, now=now)
    return passkey.actor


def _of_member(tx: Tx, passkey_id: str, handle: bytes | None) -> Passkey:
    passkey = passkey_store.passkey(tx, passkey_id)
    member = passkey_store.member(tx, passkey.actor) if passkey else None
    if passkey is None or member is None or member.revoked:
        raise PasskeyRefused
    if handle is not None and not hmac.compare_digest(handle, from_base64(member.handle)):
        raise PasskeyRefused
    return passkey


def _refused(error: Exception) -> PasskeyRefused:
    log.info("passkey_refused", why=type(error).__name__)
    return PasskeyRefused()


def passkeys_of(tx: Tx, actor: Actor) -> list[Passkey]:
    """The oldest first."""
    return passkey_store.passkeys_of(tx, actor)


def withdraw(tx: Tx, actor: Actor, passkey_id: str) -> None:
    """A passkey of hers opens nothing any more.

    Raises:
        PasskeyKept: it is the last one; without it she could not come back.
        NotFound: she has no such passkey.
    """
    if passkey_store.count(tx, actor) < 2:
        raise PasskeyKept
    if not passkey_store.drop_passkey(tx, actor, passkey_id):
        raise NotFound
    log.info("passkey_withdrawn", role=actor.role.value, subject=actor.subject)
