"""How two ends of a visit know each other: keys, the signed roster, and signed descriptions (DESIGN D9).

The bodies of `schemas.signalling.Signal`. What is signed, and in which order things happen, is in protocol.md; the
rules are `telemed.kit.trust` and, in the browser, ``/static/js/trust.js``.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import Id, Message, Moment
from schemas.signalling import Role

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{43}$")]
"""32 bytes: an Ed25519 public key (RFC 8032), or a SHA-256."""
Signature = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{86}$")]
"""64 bytes, Ed25519."""
Random = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{22}$")]
"""16 fresh random bytes."""

LONGEST_AGE_S = 300
"""A description whose *at_ms* is further than this from the receiver's clock is refused."""


class Hello(Message):
    """Who one is for this end, sent once to each that one learns of. *nonce*: for this pair of ends.

    *commitment*: SHA-256 over one's certificate and *reveal* (see `Description`), which are told later.
    *name* and *proof* only of guests: as they want to be called; HMAC-SHA-256 with the secret of the invitation.
    """

    v: Literal[1] = 1
    key: Key
    nonce: Random
    commitment: Key
    name: Annotated[str, StringConstraints(max_length=80)] = ""
    proof: Key | Literal[""] = ""


class Description(Message):
    """An offer or answer. *attempt* counts the connections of this pair from 1; an answer has its offer's number.

    *sdp* has one fingerprint, sha-256, the same in all of its m-sections. *at_ms*: real time, milliseconds since 1970.
    """

    type: Literal["offer", "answer"]
    attempt: Annotated[int, Field(ge=1, lt=2**31)]
    sdp: str
    at_ms: int
    reveal: Random
    signature: Signature


class RefusedWhy(StrEnum):
    """Why an end takes nothing from another."""

    SIGNATURE = "signature"
    UNKNOWN_KEY = "unknown-key"
    WRONG_ROLE = "wrong-role"
    FINGERPRINT = "fingerprint"
    COMMITMENT = "commitment"
    REPLAYED = "replayed"
    TOO_OLD = "too-old"
    ROSTER = "roster"
    MALFORMED = "malformed"


class Refused(Message):
    """I take nothing from you, and you see why."""

    reason: RefusedWhy


class RosterKey(Message):
    """One end that may be trusted: *subject* is a machine's id or a doctor's Practitioner id; *name* what screens show.

    *room_id* of machines only.
    """

    key: Key
    role: Literal[Role.AGENT, Role.KIOSK, Role.DOCTOR]
    subject: Id
    name: str
    room_id: Id | None = None


class Roster(Message):
    """Which keys belong to whom. A higher *seq* replaces a lower one; nobody goes back."""

    v: Literal[1] = 1
    seq: Annotated[int, Field(ge=1)]
    issued_at: Moment
    expires_at: Moment
    keys: tuple[RosterKey, ...]


class SignedRoster(Message):
    """*roster*: the JSON text of a `Roster`, exactly as it was signed by the operator on a machine of his own."""

    roster: str
    signed_by: Key
    signature: Signature


CALL_PICTURES: tuple[str, ...] = (
    *("anchor", "apple", "ball", "balloon", "banana", "bear", "bed", "bell", "bicycle", "bird", "boat", "book"),
    *("bread", "butterfly", "cactus", "camera", "candle", "car", "carrot", "cat", "chair", "cheese", "cherries"),
    *("clock", "clover", "cow", "crown", "cup", "dog", "duck", "egg", "elephant", "fish", "flower", "fox", "frog"),
    *("gift", "glasses", "grapes", "guitar", "hammer", "hat", "heart", "horse", "house", "key", "lion", "moon"),
    *("mouse", "mushroom", "owl", "pear", "pig", "rocket", "scissors", "shoe", "snail", "spoon", "star", "sun"),
    *("train", "tree", "turtle", "umbrella"),
)
"""64 pictures, three of which both ends of a talk see: 18 bits."""
