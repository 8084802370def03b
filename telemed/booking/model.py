"""Appointments: what a booking is, what can refuse it, and what is told when it changes. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.day import Ticket
from telemed.booking.planner import Claim, Offer, Taken, Wish
from telemed.booking.search import Objection, Rule
from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense
from telemed.people.model import Person


class Status(StrEnum):
    """FHIR R4 AppointmentStatus, as far as we use it."""

    PENDING = "pending"
    """Of another system, and not confirmed yet: its time is held, and no page, plan or list knows of it."""
    BOOKED = "booked"
    CANCELLED = "cancelled"


class Reason(StrEnum):
    """Why an appointment was cancelled or somebody was put before others.

    The first four are codes that ISiK allows; on the wire the others are ``other`` with our word beside it.
    """

    PATIENT = "pat"
    PRACTITIONER = "prov"
    EQUIPMENT = "maint"
    OTHER = "other"
    MOVED = "moved"
    DISPLACED = "displaced"


class Urgency(StrEnum):
    """Why staff book over others or out of hours; a coded reason is asked for each time."""

    EMERGENCY = "emergency"
    DOCTOR_ASKED = "doctor-asked"
    OWN_MISTAKE = "own-mistake"


GERMAN = "de"


@dataclass(frozen=True)
class Extras:
    """What few bookings have.

    *replaces*: the booking that was moved, or from which this one followed while it went on. *series_id*: those booked
    together. *ordered_by*: the doctor who ordered it. *urgency*: it was booked over others. *walk_in*: came without an
    appointment. *language*: in which the person is called, beside German. *come_before*: so much before the planned
    beginning the person was asked to come, by the template of the session.
    """

    replaces: str | None = None
    series_id: str | None = None
    ordered_by: str | None = None
    urgency: Urgency | None = None
    walk_in: bool = False
    language: str = GERMAN
    come_before: timedelta = timedelta(0)


NOTHING_MORE = Extras()


@dataclass(frozen=True)
class Booking:
    """One appointment without its person's data. *id* is also the FHIR Appointment's and the visit's."""

    id: str
    person_id: str
    offer: Offer
    status: Status
    ticket: Ticket
    quiet: bool
    version: int
    updated_at: datetime
    reason: Reason | None = None
    extras: Extras = NOTHING_MORE


@dataclass(frozen=True)
class Request:
    """What a resident sends. *request_id* is made by the page, is secret, and makes a repeat harmless."""

    request_id: str
    offer: Offer
    person: Person
    quiet: bool = False
    extras: Extras = NOTHING_MORE


HOLD = timedelta(minutes=10)
EXTENSIONS = 10
"""So often one may ask for more time (WCAG 2.2.1)."""
ANSWER_WITHIN = timedelta(hours=24)
"""So long freed time is kept for whoever waits and was asked; less if it comes sooner."""
SHORTEST_ANSWER = timedelta(minutes=30)
"""Time that comes sooner than this is not kept for somebody who must first be asked."""


@dataclass(frozen=True)
class Hold:
    """Everything that *offer* needs is kept until *held_until*. *id* is that of the booking it will become."""

    id: str
    offer: Offer
    held_until: datetime
    extended: int = 0


class WaitState(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    LEFT = "left"


@dataclass(frozen=True)
class Waiting:
    """Somebody who waits for freed time. *priority*: set by a professional, 1 is first; None: in order of asking.

    *hold_id*: what is kept for them at the moment. *booking_id*: their later appointment, which it would replace.
    *declined*: starts that were offered and did not suit.
    """

    id: str
    person_id: str
    wish: Wish
    asked_at: datetime
    state: WaitState
    priority: int | None = None
    hold_id: str | None = None
    booking_id: str | None = None
    declined: tuple[datetime, ...] = ()


class Changed:
    """What is told of somebody's time, in the order in which it became true."""


@dataclass(frozen=True)
class Claimed(Changed):
    """Told once it is on disk: these ticks are taken; until *held_until*, if it is a hold."""

    id: str
    taken: list[Taken]
    held_until: datetime | None = None


@dataclass(frozen=True)
class Freed(Changed):
    """Told once it is on disk: these ticks are not taken any more."""

    claims: list[Claim]


@dataclass(frozen=True)
class Reference:
    """The paper form of the key: three pictures and six digits."""

    pictures: tuple[str, str, str]
    digits: str

    @property
    def text(self) -> str:
        return "-".join((*self.pictures, self.digits))


@dataclass(frozen=True)
class Booked:
    """What the resident takes along. *link_token* is shown once and stored only as a hash."""

    id: str
    ticket: Ticket
    link_token: str
    reference: Reference


@dataclass(frozen=True)
class PersonLine:
    """What a list of the day shows of a person."""

    name: str
    birth_year: int
    needs: tuple[str, ...]
    service_name: str


@dataclass(frozen=True)
class BookingConfirmed(Event):
    """*was_pending*: another system's, which was held until then and had been told of."""

    booking_id: str
    room_id: str
    was_pending: bool = False


@dataclass(frozen=True)
class BookingCancelled(Event):
    booking_id: str
    room_id: str


@dataclass(frozen=True)
class BookingMoved(Event):
    """*booking_id* takes the place of *replaced_id*, which was cancelled in the same transaction."""

    booking_id: str
    replaced_id: str
    room_id: str


@dataclass(frozen=True)
class BookingReplanned(Event):
    """Another system gave it another time, people or things, and its id stayed. *left*: the slots that it left."""

    booking_id: str
    room_id: str
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class BookingAmended(Event):
    """Another system changed words in it; its time, people and things stay."""

    booking_id: str
    room_id: str


@dataclass(frozen=True)
class BookingLeft(Event):
    """It was replanned and is not in this room any more."""

    booking_id: str
    room_id: str


@dataclass(frozen=True)
class TimeOffered(Event):
    """Freed time is kept for *waiting_id*, who is to be asked."""

    waiting_id: str


@dataclass(frozen=True)
class CallWished(Event):
    """Somebody does not get on with the pages, and wishes to be called."""

    person_id: str


ALSO_LACKING = (Rule.PLACE, Rule.DOCTOR, Rule.ASSISTANT, Rule.DEVICE, Rule.INTERPRETER)
"""Broken by one that is named, or because there is none at all: two sentences, the first with ``.named``."""


class Blocked(Refusal):
    """An offer does not hold: *rule* says why, *resource* at whom or what (empty: at the service or the time)."""

    def __init__(self, rule: Rule, resource: str = "", name: str = "") -> None:
        super().__init__(expression="Appointment.start", resource=name or resource)
        self.rule = rule
        self.resource = resource


class SlotTaken(Blocked):
    """Another booking holds one of the resources; *resource* names which."""

    sense = Sense.CONFLICT
    key = "refusal.slot_taken"

    def __init__(self, resource: str, name: str = "") -> None:
        super().__init__(Rule.TAKEN, resource, name)


class TooLate(Refusal):
    """It starts at or before now."""

    sense = Sense.INVALID
    key = "refusal.too_late"


class NotOffered(Blocked):
    """These people and things cannot do this service at this time: closed, absent, not inspected, or the wrong ones."""

    sense = Sense.CONFLICT
    key = "refusal.not_offered"

    def __init__(self, objection: Objection, name: str = "") -> None:
        super().__init__(objection.rule, objection.resource_id, name)
        by_name = objection.resource_id and objection.rule in ALSO_LACKING
        self.key = f"refusal.not_offered.{objection.rule.value}" + (".named" if by_name else "")


class HoldGone(Refusal):
    """There is no such hold, or it ran out."""

    sense = Sense.GONE
    key = "refusal.hold_gone"


class HeldLongEnough(Refusal):
    """It was extended as often as one may."""

    sense = Sense.CONFLICT
    key = "refusal.held_long_enough"


class NothingFree(Refusal):
    """No gap is left for who came without an appointment."""

    sense = Sense.CONFLICT
    key = "refusal.nothing_free"


class NotAsked(Refusal):
    """Nothing is kept for this entry of the waiting list (any more)."""

    sense = Sense.GONE
    key = "refusal.not_asked"


class ReasonMissing(Refusal):
    """Booking over others needs a coded reason."""

    key = "refusal.reason_missing"


class SeriesRefused(Refusal):
    """Dates of a series cannot be had; *dates* names them in words, *at* as moments. Nothing was booked."""

    sense = Sense.CONFLICT
    key = "refusal.series"

    def __init__(self, at: tuple[datetime, ...], dates: str) -> None:
        super().__init__(expression="Appointment.start", dates=dates)
        self.at = at


class AlreadyCancelled(Refusal):
    sense = Sense.CONFLICT
    key = "refusal.already_cancelled"


class AlreadyFollowed(Refusal):
    """Another appointment follows from this visit already."""

    sense = Sense.CONFLICT
    key = "refusal.already_followed"


class UnknownActor(Refusal):
    """An imported appointment names somebody whom the directory does not know, or lacks a doctor or a room."""

    sense = Sense.INVALID
    key = "refusal.unknown_actor"


def confirm(offer: Offer, *, now: datetime) -> None:
    """Whether *offer* lies ahead.

    Raises:
        TooLate: it starts at or before *now*.
    """
    if offer.start <= now:
        raise TooLate(expression="Appointment.start")
