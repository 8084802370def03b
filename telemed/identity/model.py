"""Who is asking and what they may. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
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
    GUEST = "guest"
    """Has been invited into one visit: a relative, an interpreter, a second doctor, or staff who organises."""
    RELATIVE = "relative"
    """Acts for a resident, as her mandate says; the subject is the mandate's id."""


WAITING = "waiting:"
"""Begins the subject of a resident who has no appointment yet; behind it the id of her entry in the waiting list."""


@dataclass(frozen=True)
class Actor:
    """Who asks. *subject* is what they stand for: a doctor's or assistant's Practitioner id, a resident's
    appointment id (or `WAITING`…), a client's, machine's or invitation's own id. *room_id* only for machines.
    *compartment* only for clients: the doctors for whom it works (`identity.allowed.EVERYONE`: all); *scopes* too:
    what its access token says that it may (`telemed.identity.scopes`); None for a token that the operator handed out,
    which says nothing of it."""

    role: Role
    subject: str = ""
    room_id: str = ""
    compartment: tuple[str, ...] = ()
    scopes: tuple[str, ...] | None = None


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
    FHIR_WRITE = "fhir-write"
    """Change something by FHIR; what and whose, its scopes and its compartment say."""
    AUDIT_READ = "audit-read"
    """Read by FHIR what the audit says: a program what it did itself, the operator all."""
    IMPORT = "import"
    JOIN_VISIT = "join-visit"
    BE_GUEST = "be-guest"
    """Its session is a cookie of its own: a colleague stays signed in as herself."""
    ACT_FOR = "act-for"
    """What a mandate allows, for the person who gave it; what it allows is looked up at each request."""
    ROSTER = "roster"
    """Fetch what waits for the operator's signature, and bring it signed; the signature is what counts."""
    BE_STAFF = "be-staff"
    """Look after the own access: passkeys, and where one is signed in."""
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
    Right.FHIR_WRITE: frozenset({Role.CLIENT}),
    Right.AUDIT_READ: frozenset({Role.OPERATOR, Role.CLIENT}),
    Right.IMPORT: frozenset({Role.OPERATOR, Role.CLIENT}),
    Right.JOIN_VISIT: frozenset({Role.DOCTOR}),
    Right.BE_GUEST: frozenset({Role.GUEST}),
    Right.ACT_FOR: frozenset({Role.RELATIVE}),
    Right.ROSTER: frozenset({Role.OPERATOR, Role.CLIENT}),
    Right.BE_STAFF: frozenset({Role.DOCTOR, Role.ASSISTANT, Role.OPERATOR}),
    Right.BE_MACHINE: frozenset(Role),
}


_BY_FHIR = frozenset({Right.OPEN, Right.FHIR_READ, Right.FHIR_WRITE, Right.AUDIT_READ})
"""All that scopes are asked for. A program that signed in by a signature is one there, and nowhere else."""


def holds(actor: Actor, right: Right) -> bool:
    """Whether *actor*'s role has *right*; the relationship to the object is checked where the object is."""
    return actor.role in HOLDERS[right] and (actor.scopes is None or right in _BY_FHIR)


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


class KeyTaken(Refusal):
    """The browser's key is enrolled for another doctor."""

    sense = Sense.CONFLICT
    key = "refusal.key_taken"


class RosterRefused(Refusal):
    """The roster is not signed by the operator, was changed, or has no higher number than the newest."""

    key = "refusal.roster"


@dataclass(frozen=True)
class KeysChanged(Event):
    """A doctor's browser was enrolled or revoked."""

    doctor_id: str


@dataclass(frozen=True)
class RosterPublished(Event):
    """There is a newer roster; whoever keeps one must be told."""

    seq: int


@dataclass(frozen=True)
class BrowserKey:
    """A doctor's browser; *public_key* raw Ed25519, URL-safe base64. A revoked one may come back by a new link only."""

    public_key: str
    doctor_id: str
    enrolled_at: datetime
    revoked: bool = False


@dataclass(frozen=True)
class Invitation:
    """Lets one browser into one visit as a guest, until *expires_at*. *role*: as the hub calls it (schemas.signalling).

    *used*: a browser has come by it, and no other can.
    """

    id: str
    visit_id: str
    role: str
    expires_at: datetime
    used: bool = False
    revoked: bool = False


@dataclass(frozen=True)
class InvitationRevoked(Event):
    """Whoever came by it is to leave the visit."""

    visit_id: str
    invitation_id: str
