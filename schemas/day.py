"""One room's day: what the centre planned and what happened, without a person in it."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import StringConstraints

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


class Ticket(Message):
    """The code for the eye: a picture, a letter, two digits. It opens nothing (DESIGN D8)."""

    picture: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,16}$")]
    letter: Annotated[str, StringConstraints(pattern=r"^[A-HJ-NP-Z]$")]
    digits: Annotated[str, StringConstraints(pattern=r"^[2-9]{2}$")]


class PlannedVisit(Message):
    """One visit as booked. *devices* are the kinds it needs (``blood-pressure``, ``oximeter``, …)."""

    visit_id: Id
    ticket: Ticket
    start: Moment
    end: Moment
    doctor_id: Id
    doctor_name: str
    devices: tuple[str, ...] = ()
    quiet: bool = False


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


class DayPlan(Message):
    """Everything the room may know of its day. A higher *seq* replaces a lower one.

    *clock_offset_s* is what the exercise clock adds to real time; 0 outside the demo (DESIGN D9a).
    *assistant_code*: six digits with which an assistant notes in the room what happens there while there is no line;
    empty: nobody can. *room_address* (one line), *room_floor*, *room_phone*: where help must go to in an emergency, and
    whom one can call back there.
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


class FactKind(StrEnum):
    """What can happen. ``cleaned`` is about the room after a visit; the others are about the visit.

    ``emergency`` and ``helped`` (an assistant comes) change nothing in the visit's state; both may happen again.
    """

    ARRIVED = "arrived"
    CALLED = "called"
    ENTERED = "entered"
    ENDED = "ended"
    CLEANED = "cleaned"
    NO_SHOW = "no-show"
    EMERGENCY = "emergency"
    HELPED = "helped"


class Fact(Message):
    """Something that happened, told once and never changed; merged by *fact_id* (DESIGN D5)."""

    fact_id: Id
    visit_id: Id
    kind: FactKind
    at: Moment
    by: Literal["resident", "assistant", "doctor", "room"]
