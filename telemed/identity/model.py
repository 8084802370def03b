"""Who is asking and what they may. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense


class Role(StrEnum):
    ANYONE = "anyone"
    RESIDENT = "resident"
    DOCTOR = "doctor"
    ASSISTANT = "assistant"
    OPERATOR = "operator"
    CLIENT = "client"
    MACHINE = "machine"


WAITING = "waiting:"
"""Begins the subject of a resident who has no appointment yet; behind it the id of her entry in the waiting list."""


@dataclass(frozen=True)
class Actor:
    """Who asks. *subject* is what they stand for: a doctor's or assistant's Practitioner id, a resident's
    appointment id (or `WAITING`…), a client's or machine's own id. *room_id* only for machines."""

    role: Role
    subject: str = ""
    room_id: str = ""


ANYONE = Actor(Role.ANYONE)


class Right(StrEnum):
    """What a route may require. Default deny: a route without one fails a test."""

    OPEN = "open"
    OWN_APPOINTMENT = "own-appointment"
    DOCTOR_DAY = "doctor-day"
    ROOM_DAY = "room-day"
    PLAN = "plan"
    """Book, move and cancel for others, and the waiting list."""
    OPERATE = "operate"
    FHIR_READ = "fhir-read"
    IMPORT = "import"
    JOIN_VISIT = "join-visit"
    BE_MACHINE = "be-machine"
    """Proven on the connection itself by challenge, not before it."""


HOLDERS: dict[Right, frozenset[Role]] = {
    Right.OPEN: frozenset(Role),
    Right.OWN_APPOINTMENT: frozenset({Role.RESIDENT}),
    Right.DOCTOR_DAY: frozenset({Role.DOCTOR}),
    Right.ROOM_DAY: frozenset({Role.ASSISTANT}),
    Right.PLAN: frozenset({Role.ASSISTANT, Role.DOCTOR}),
    Right.OPERATE: frozenset({Role.OPERATOR}),
    Right.FHIR_READ: frozenset({Role.CLIENT}),
    Right.IMPORT: frozenset({Role.OPERATOR, Role.CLIENT}),
    Right.JOIN_VISIT: frozenset({Role.DOCTOR}),
    Right.BE_MACHINE: frozenset(Role),
}


def holds(actor: Actor, right: Right) -> bool:
    """Whether *actor*'s role has *right*; the relationship to the object is checked where the object is."""
    return actor.role in HOLDERS[right]


RESIDENT_SESSION = timedelta(hours=12)
"""Long enough to wait and to go home; it opens one appointment or one entry in the waiting list, and nothing else."""
STAFF_SESSION = timedelta(hours=10)
SIGN_IN_LINK = timedelta(hours=24)
PAIRING_CODE = timedelta(minutes=10)
PAIRING_TRIES = 5
PAIRING_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: 8 symbols are 40 bit."""


class LinkUsed(Refusal):
    """The one-time link is unknown, used or too old; all three are answered alike."""

    sense = Sense.GONE
    key = "refusal.link_used"


class CodeUnknown(Refusal):
    """The pairing code is unknown, used, too old, or was for another kind of machine."""

    sense = Sense.FORBIDDEN
    key = "refusal.code_unknown"


@dataclass(frozen=True)
class MachinesChanged(Event):
    """A machine of this room was paired or revoked."""

    room_id: str
    machine_id: str


@dataclass(frozen=True)
class Machine:
    """A paired agent, kiosk or monitor; *public_key* raw Ed25519, URL-safe base64."""

    id: str
    kind: str
    room_id: str
    public_key: str
    revoked: bool
