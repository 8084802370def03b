"""One room's day: what the centre planned and what happened, without a person in it."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import Base64, Id, Message, Moment

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without I and O, which look like digits."""

DIGITS = "23456789"
"""Without 0 and 1, which look like letters."""

PICTURES: tuple[str, ...] = (
    "anchor",
    "apple",
    "ball",
    "bell",
    "bird",
    "boat",
    "book",
    "bread",
    "car",
    "cat",
    "cheese",
    "cherries",
    "clover",
    "crown",
    "dog",
    "egg",
    "elephant",
    "fish",
    "flower",
    "fox",
    "frog",
    "guitar",
    "hat",
    "house",
    "key",
    "lion",
    "moon",
    "mushroom",
    "owl",
    "pear",
    "snail",
    "star",
    "sun",
    "train",
    "tree",
    "umbrella",
)
"""Names of pictures that nobody confuses and everybody can name; each has ``static/tickets/<name>.svg``."""


LANGUAGES = ("de", "de-simple", "en", "tr", "ar", "uk", "ru", "pl")
"""In which we speak to people (BCP 47); ``de-simple`` is Einfache Sprache."""

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]{4,8})?$")]


class InLanguage(Message):
    """What something is called in one language other than German."""

    language: Language
    text: str


def in_language(told: tuple[InLanguage, ...], language: str, german: str) -> str:
    """What it is called in *language*; *german* where nobody translated it."""
    return next((one.text for one in told if one.language == language), german)


class Ticket(Message):
    """The code for the eye: a picture, a letter, two digits. It opens nothing (DESIGN D8)."""

    picture: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,16}$")]
    letter: Annotated[str, StringConstraints(pattern=r"^[A-HJ-NP-Z]$")]
    digits: Annotated[str, StringConstraints(pattern=r"^[2-9]{2}$")]


class PlannedVisit(Message):
    """One visit as booked. *devices* are the kinds it needs (``blood-pressure``, ``oximeter``, …).

    *service*: the id of what was booked, for what was learnt of its length. *walk_in*: came without an appointment.
    *language*: in which the person is called, beside German. *quiet*: is fetched, and shown nowhere.
    """

    visit_id: Id
    ticket: Ticket
    start: Moment
    end: Moment
    doctor_id: Id
    doctor_name: str
    devices: tuple[str, ...] = ()
    quiet: bool = False
    service: str = ""
    walk_in: bool = False
    language: Language = "de"


class PlannedDevice(Message):
    """A device that stands in this room, as the centre's directory knows it. *kind* as in `PlannedVisit.devices`.

    *usable_until*: the day after which it may not be used (inspection due), None if nothing is due. *serial*: empty
    where it is not known.
    """

    device_id: Id
    kind: str
    name: str
    serial: str = ""
    usable_until: date | None = None


class MachineKind(StrEnum):
    AGENT = "agent"
    KIOSK = "kiosk"
    MONITOR = "monitor"


class MachineKey(Message):
    """A machine that may connect to the room agent; *public_key* is raw Ed25519, 32 bytes."""

    machine_id: Id
    kind: MachineKind
    public_key: Base64


class FactKind(StrEnum):
    """What can happen. ``cleaned`` is about the room after a visit; the others are about the visit.

    ``emergency`` and ``helped`` (an assistant comes) change nothing in the visit's state; both may happen again, as
    may ``late`` (will come so many *minutes* after the planned start), ``recalled`` (called once more), ``skipped``
    (is here, but the next one goes first) and ``put-back`` (was called or inside, and waits again). ``reopened``: was
    not over, or was there in spite of a no-show; waits again.
    """

    ARRIVED = "arrived"
    CALLED = "called"
    ENTERED = "entered"
    ENDED = "ended"
    CLEANED = "cleaned"
    NO_SHOW = "no-show"
    EMERGENCY = "emergency"
    HELPED = "helped"
    LATE = "late"
    RECALLED = "recalled"
    SKIPPED = "skipped"
    PUT_BACK = "put-back"
    REOPENED = "reopened"


class FactReason(StrEnum):
    """Why somebody was skipped, put back, or marked as not come; never more than one of these words."""

    NOT_IN_ROOM = "not-in-room"
    NOT_READY = "not-ready"
    OWN_WISH = "own-wish"
    MORE_URGENT = "more-urgent"
    TECHNICAL = "technical"
    MISTAKE = "mistake"


class Fact(Message):
    """Something that happened, told once and never changed; merged by *fact_id* (DESIGN D5).

    *reason*: of ``skipped``, ``put-back``, ``no-show`` and ``reopened``. *minutes*: of ``late``.
    """

    fact_id: Id
    visit_id: Id
    kind: FactKind
    at: Moment
    by: Literal["resident", "assistant", "doctor", "room"]
    reason: FactReason | None = None
    minutes: Annotated[int, Field(ge=0, le=480)] | None = None


class WordKind(StrEnum):
    """What a doctor says of her own day: later by so many minutes, interrupted, an emergency, and here again."""

    LATER = "later"
    INTERRUPTED = "interrupted"
    EMERGENCY = "emergency"
    BACK = "back"


class Word(Message):
    """The doctor's own word, which counts at once and in every room of hers. A later one of hers replaces an earlier.

    *minutes*: how long it will last, from *at* on; None where she does not know. *withdrawn*: it was a mistake.
    """

    word_id: Id
    doctor_id: Id
    kind: WordKind
    at: Moment
    minutes: Annotated[int, Field(ge=0, le=480)] | None = None
    withdrawn: bool = False


class Elsewhere(Message):
    """A visit of one of this room's doctors in another room: she cannot be in both."""

    visit_id: Id
    room_id: Id
    doctor_id: Id
    start: Moment
    end: Moment
    service: str = ""
    facts: tuple[Fact, ...] = ()


class Spread(Message):
    """What was learnt of one quantity, without a person: *values* are its quantiles at equal steps, lowest first.

    *key* names it, parts between bars: ``length|SERVICE|DOCTOR`` (either may be empty: all), ``arrival``, ….
    *count*: of how many visits or days it was learnt.
    """

    key: str
    values: tuple[float, ...]
    count: int


class Learnt(Message):
    """All that the forecast takes from earlier days (`telemed.queue.forecast`). *days*: how many those were."""

    v: Literal[1] = 1
    as_of: Moment
    days: int
    spreads: tuple[Spread, ...] = ()


class Arrow(StrEnum):
    """Which way the room is from the monitor in front of it."""

    LEFT = "left"
    RIGHT = "right"
    AHEAD = "ahead"
    UP = "up"
    DOWN = "down"


class Way(Message):
    """The way to the room: its *picture* (one of `PICTURES`) is on slip, monitor, floor and door alike. *texts*: the
    same as *text* in other languages."""

    picture: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,16}$")]
    arrow: Arrow
    text: str = ""
    texts: tuple[InLanguage, ...] = ()


class DayPlan(Message):
    """Everything the room may know of its day. A higher *seq* replaces a lower one.

    *clock_offset_s* is what the exercise clock adds to real time; 0 outside the demo (DESIGN D9a).
    *assistant_code*: six digits with which an assistant notes in the room what happens there while there is no line;
    empty: nobody can. *room_address* (one line), *room_floor*, *room_phone*: where help must go to in an emergency, and
    whom one can call back there. *words*, *elsewhere* and *learnt* are for the forecast, which the room makes by itself
    from the same numbers. *opens* and *closes*: the room's hours of the day; None on a day without. *room_names*: what
    it is called in other languages.
    """

    v: Literal[1] = 1
    room_id: Id
    room_name: str
    day: date
    seq: int
    as_of: Moment
    clock_offset_s: float = 0.0
    exercise: bool = False
    cleaning_minutes: int = 10
    help_phone: str = ""
    visits: tuple[PlannedVisit, ...] = ()
    machines: tuple[MachineKey, ...] = ()
    devices: tuple[PlannedDevice, ...] = ()
    assistant_code: str = ""
    room_address: str = ""
    room_floor: str = ""
    room_phone: str = ""
    words: tuple[Word, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    learnt: Learnt | None = None
    way: Way | None = None
    room_names: tuple[InLanguage, ...] = ()
    opens: Moment | None = None
    closes: Moment | None = None
