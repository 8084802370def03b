"""Who is at the other end of a call, and that nobody stands in between (schemas.trust, protocol.md). Pure.

The same rules for the page are in ``/static/js/trust.js``.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ValidationError

from schemas.signalling import GUESTS, TALKERS, Role
from schemas.trust import (
    CALL_PICTURES,
    LONGEST_AGE_S,
    Description,
    Hello,
    RefusedWhy,
    Roster,
    RosterKey,
    SignedRoster,
)
from telemed.kit.ids import from_base64, to_base64

_CALL, _PICTURES, _ROSTER, _INVITED = (
    "telemed-call-v1",
    "telemed-pictures-v1",
    "telemed-roster-v1",
    "telemed-invited-v1",
)
_KEY_PICTURES, _KEY_ROUNDS = "telemed-key-pictures-v1", 100_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FINGERPRINT = re.compile(r"^a=fingerprint:(\S+) (\S+?)\r?$", re.MULTILINE)
_SHA_256 = re.compile(r"^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$")


class Distrusted(Exception):
    """The other end is not who it must be, or somebody has changed what it said."""

    def __init__(self, reason: RefusedWhy) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Me:
    """This end. *fingerprint*: of its certificate, SHA-256 as in SDP."""

    visit_id: str
    peer_id: str
    role: Role
    key: Ed25519PrivateKey
    fingerprint: str

    @property
    def public(self) -> str:
        return to_base64(self.key.public_key().public_bytes_raw())


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _lines(*parts: object) -> bytes:
    return "\n".join(str(part) for part in parts).encode()


def fresh() -> str:
    """16 bytes that nobody knows."""
    return to_base64(secrets.token_bytes(16))


def fingerprint_of(sdp: str) -> str:
    """The one certificate that *sdp* names.

    Raises:
        Distrusted: there is none, more than one, or one by another hash than SHA-256.
    """
    told = [(str(name).lower(), str(value).upper()) for name, value in _FINGERPRINT.findall(sdp)]
    if len(set(told)) != 1 or sdp.lower().count("fingerprint") != len(told):
        raise Distrusted(RefusedWhy.FINGERPRINT)
    name, value = told[0]
    if name != "sha-256" or not _SHA_256.match(value):
        raise Distrusted(RefusedWhy.FINGERPRINT)
    return value


def with_one_fingerprint(sdp: str) -> str:
    """*sdp* without the fingerprints by other hashes than SHA-256, which aiortc adds."""
    kept = (
        line
        for line in sdp.splitlines()
        if not line.startswith("a=fingerprint:") or " " not in line or line.lower().startswith("a=fingerprint:sha-256 ")
    )
    return "".join(f"{line}\r\n" for line in kept)


def commitment(*, visit_id: str, peer_id: str, key: str, fingerprint: str, reveal: str) -> str:
    """What fixes certificate and *reveal* before either is told."""
    return to_base64(hashlib.sha256(_lines(_PICTURES, visit_id, peer_id, key, fingerprint, reveal)).digest())


def invited(secret: str, *, visit_id: str, peer_id: str, role: Role, key: str, name: str) -> str:
    """A guest's proof that it has the *secret* of an invitation (16 bytes, base64)."""
    text = _lines(_INVITED, visit_id, peer_id, role.value, key, name)
    return to_base64(hmac.digest(from_base64(secret), text, "sha256"))


def offers_first(mine: tuple[Role, str], other: tuple[Role, str]) -> bool:
    """Whether this end offers to the other; each is a role and a peer_id."""
    order = (Role.AGENT, *TALKERS)
    return (order.index(mine[0]), mine[1]) < (order.index(other[0]), other[1])


@dataclass(frozen=True)
class _Far:
    """What is known of the other end before its description."""

    peer_id: str
    role: Role
    hello: Hello


class Handshake:
    """One pair of ends, as this one sees it. *me* has made its certificate already. *draw*: 16 random bytes, base64."""

    def __init__(self, me: Me, *, draw: Callable[[], str] = fresh) -> None:
        self._me = me
        self._nonce, self._reveal = draw(), draw()
        self._far: _Far | None = None
        self._seen: str | None = None
        self._newest = self._offered = 0
        self._far_reveal = ""

    def hello(self, *, name: str = "", secret: str = "") -> Hello:
        """To be sent once, unasked; the same each time."""
        me, proof = self._me, ""
        if secret:
            proof = invited(secret, visit_id=me.visit_id, peer_id=me.peer_id, role=me.role, key=me.public, name=name)
        committed = commitment(
            visit_id=me.visit_id, peer_id=me.peer_id, key=me.public, fingerprint=me.fingerprint, reveal=self._reveal
        )
        return Hello(key=me.public, nonce=self._nonce, commitment=committed, name=name, proof=proof)

    def greeted(self, hello: Hello, *, peer_id: str, role: Role) -> None:
        """The other end's hello; whether its key may be trusted is `trusted`'s or a doctor's to say.

        Raises:
            Distrusted: it says something else than before, or it is this end's own hello that comes back.
        """
        if peer_id == self._me.peer_id or hello.nonce == self._nonce:
            raise Distrusted(RefusedWhy.REPLAYED)
        far = _Far(peer_id, role, hello)
        if self._far is not None and self._far != far:
            raise Distrusted(RefusedWhy.REPLAYED)
        self._far = far

    @property
    def is_greeted(self) -> bool:
        return self._far is not None

    @property
    def far_key(self) -> str:
        return self._far.hello.key if self._far else ""

    def seal(self, kind: Literal["offer", "answer"], sdp: str, *, attempt: int, now: datetime) -> Description:
        """*sdp*, signed for the other end. Only after it has greeted us: its commitment must be there first.

        Raises:
            Distrusted: it has not greeted, or *sdp* names another certificate than ours.
        """
        far = self._known()
        if fingerprint_of(sdp) != self._me.fingerprint:
            raise Distrusted(RefusedWhy.FINGERPRINT)
        if kind == "offer":
            self._offered = attempt
        at_ms = _ms(now)
        mine = (self._me.role, self._me.peer_id, self._me.public, self._nonce, self._me.fingerprint, self._reveal)
        signed = _signed(self._me.visit_id, kind, attempt, mine, _of(far), sdp, at_ms)
        signature = to_base64(self._me.key.sign(signed))
        return Description(type=kind, attempt=attempt, sdp=sdp, at_ms=at_ms, reveal=self._reveal, signature=signature)

    def open(self, said: Description, *, now: datetime) -> str:
        """The SDP of *said*, if the other end has signed it for us.

        Raises:
            Distrusted: it has not; or it is old, seen before, no answer to the newest offer, or not as committed to.
        """
        far, me = self._known(), self._me
        if abs(_ms(now) - said.at_ms) > LONGEST_AGE_S * 1000:
            raise Distrusted(RefusedWhy.TOO_OLD)
        fingerprint = fingerprint_of(said.sdp)
        theirs = (far.role, far.peer_id, far.hello.key, far.hello.nonce, fingerprint, said.reveal)
        mine = (me.role, me.peer_id, me.public, self._nonce)
        signed = _signed(me.visit_id, said.type, said.attempt, theirs, mine, said.sdp, said.at_ms)
        if not verifies(far.hello.key, said.signature, signed):
            raise Distrusted(RefusedWhy.SIGNATURE)
        committed = commitment(
            visit_id=me.visit_id,
            peer_id=far.peer_id,
            key=far.hello.key,
            fingerprint=fingerprint,
            reveal=said.reveal,
        )
        if committed != far.hello.commitment:
            raise Distrusted(RefusedWhy.COMMITMENT)
        if said.attempt <= self._newest or (said.type == "answer" and said.attempt != self._offered):
            raise Distrusted(RefusedWhy.REPLAYED)
        self._newest, self._seen, self._far_reveal = said.attempt, fingerprint, said.reveal
        return said.sdp

    @property
    def pictures(self) -> tuple[str, str, str] | None:
        """What both ends see when nobody stands in between; None before the other's description was opened."""
        if self._seen is None:
            return None
        me, far = self._me, self._known()
        ends = (
            (me.peer_id, me.public, me.fingerprint, self._reveal),
            (far.peer_id, far.hello.key, self._seen, self._far_reveal),
        )
        return pictures(me.visit_id, *ends)

    def _known(self) -> _Far:
        if self._far is None:
            raise Distrusted(RefusedWhy.MALFORMED)
        return self._far


def _of(far: _Far) -> tuple[Role, str, str, str]:
    return (far.role, far.peer_id, far.hello.key, far.hello.nonce)


def _signed(
    visit_id: str,
    kind: str,
    attempt: int,
    sender: tuple[Role, str, str, str, str, str],
    receiver: tuple[Role, str, str, str],
    sdp: str,
    at_ms: int,
) -> bytes:
    digest = hashlib.sha256(sdp.encode()).hexdigest()
    return _lines(_CALL, visit_id, kind, attempt, *sender, *receiver, digest, at_ms)


def pictures(visit_id: str, *ends: tuple[str, str, str, str]) -> tuple[str, str, str]:
    """Three of `CALL_PICTURES` for two *ends*: peer_id, key, fingerprint, reveal."""
    parts = [part for end in sorted(ends) for part in end]
    first, second, third = _drawn(hashlib.sha256(_lines(_PICTURES, visit_id, *parts)).digest(), 3)
    return first, second, third


@lru_cache(maxsize=4096)
def key_pictures(key: str) -> tuple[str, ...]:
    """Six of `CALL_PICTURES` for a public key: the first 36 bits of PBKDF2-HMAC-SHA-256 (RFC 8018), 100,000 rounds.

    Slow on purpose: nobody commits to a key beforehand, so looking for one with given pictures must take long.
    """
    digest = hashlib.pbkdf2_hmac("sha256", from_base64(key), _KEY_PICTURES.encode(), _KEY_ROUNDS)
    return _drawn(digest, 6)


def _drawn(digest: bytes, count: int) -> tuple[str, ...]:
    """A picture for each 6 bits."""
    number = int.from_bytes(digest, "big") >> 8 * len(digest) - 6 * count
    return tuple(CALL_PICTURES[number >> 6 * place & 63] for place in reversed(range(count)))


def verifies(key: str, signature: str, text: bytes) -> bool:
    """Whether *signature* is one of *key* (Ed25519, raw, base64) over *text*."""
    try:
        Ed25519PublicKey.from_public_bytes(from_base64(key)).verify(from_base64(signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True


def trusted(hello: Hello, roster: Roster | None, *, role: Role, room_id: str | None = None, now: datetime) -> RosterKey:
    """The entry of the end that greets with *hello* in *role*; a machine must be of *room_id*, if that is given.

    Raises:
        Distrusted: it is not in the roster, or in another role or room; or there is no roster that is good now.
    """
    if roster is None or not roster.issued_at <= now < roster.expires_at:
        raise Distrusted(RefusedWhy.ROSTER)
    if role in GUESTS:
        raise Distrusted(RefusedWhy.WRONG_ROLE)
    found = [entry for entry in roster.keys if entry.key == hello.key]
    if not found:
        raise Distrusted(RefusedWhy.UNKNOWN_KEY)
    for entry in found:
        if entry.role is role and (room_id is None or entry.room_id in (None, room_id)):
            return entry
    raise Distrusted(RefusedWhy.WRONG_ROLE)


def sign_roster(roster: Roster, operator: Ed25519PrivateKey) -> SignedRoster:
    """*roster* as a text, signed."""
    text = roster.model_dump_json()
    signature = to_base64(operator.sign(_lines(_ROSTER, text)))
    return SignedRoster(roster=text, signed_by=to_base64(operator.public_key().public_bytes_raw()), signature=signature)


def read_roster(signed: SignedRoster, operator_keys: Collection[str], *, newest: int = 0) -> Roster:
    """What the operator has signed.

    Raises:
        Distrusted: by none of *operator_keys*, changed, or with a lower number than *newest*.
    """
    if signed.signed_by not in operator_keys:
        raise Distrusted(RefusedWhy.ROSTER)
    if not verifies(signed.signed_by, signed.signature, _lines(_ROSTER, signed.roster)):
        raise Distrusted(RefusedWhy.ROSTER)
    try:
        roster = Roster.model_validate_json(signed.roster)
    except ValidationError:
        raise Distrusted(RefusedWhy.ROSTER) from None
    if roster.seq < newest:
        raise Distrusted(RefusedWhy.REPLAYED)
    return roster
