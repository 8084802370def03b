"""What the planner knows of the quarter: values without a database and without FHIR."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from schemas.day import Way
from telemed.directory.calendar import ALWAYS, Hours, Span
from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense

AssistantLevel = Literal["helper", "medical-assistant", "nurse"]
LEVELS: tuple[AssistantLevel, ...] = get_args(AssistantLevel)
"""Lowest first: whoever has a level may stand in for those before it."""

KINDS = (
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Location",
    "Device",
    "HealthcareService",
    "Schedule",
)
"""The FHIR resources that the directory keeps."""

ACTORS = ("Practitioner", "Location", "Device")
"""Whose time is claimed: their ids are unique across these three, so an id alone names an actor."""

Setting = Literal["room", "home", "apartment"]
SETTINGS: tuple[Setting, ...] = get_args(Setting)
"""Where a visit takes place. *home* is the resident's own: it is never full, and nobody and nothing waits there."""


class IdTaken(Refusal):
    """The id already names an actor of another type, or the schedule of somebody else."""

    sense = Sense.CONFLICT
    key = "directory.refusal.id_taken"


@dataclass(frozen=True)
class Buffers:
    """What is kept free around a visit: a doctor's notes, a device's wiping, a room's setting up and cleaning."""

    before: timedelta = timedelta(0)
    after: timedelta = timedelta(0)


NO_BUFFERS = Buffers()


class Template(StrEnum):
    """How the visits of a doctor's session follow each other, as the operator chose. *INDIVIDUAL*: no rule."""

    INDIVIDUAL = "individual"
    BAILEY_WELCH = "bailey-welch"
    DOME = "dome"
    LONGER = "longer"


@dataclass(frozen=True)
class Doctor:
    """*specialties*: codes of the IHE-D system. *service_ids*: what the role is limited to; empty means no limit.

    *languages*: BCP 47, as far as told. *template*: of her sessions.
    """

    id: str
    name: str
    specialties: tuple[str, ...]
    hours: Hours
    role_id: str
    service_ids: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    buffers: Buffers = NO_BUFFERS
    template: Template = Template.INDIVIDUAL


@dataclass(frozen=True)
class Absence:
    """A time for which a doctor said herself that she is away."""

    id: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Assistant:
    """*room_ids*: where she works; empty means in every room."""

    id: str
    name: str
    level: AssistantLevel
    hours: Hours
    room_ids: tuple[str, ...] = ()
    buffers: Buffers = NO_BUFFERS


@dataclass(frozen=True)
class Interpreter:
    """Joins from elsewhere, so no room limits her."""

    id: str
    name: str
    languages: tuple[str, ...]
    hours: Hours
    buffers: Buffers = NO_BUFFERS


@dataclass(frozen=True)
class Room:
    """*cleaning* is kept free after each visit, *setup* before; *address* is one line; *phone* is for who needs help.

    *floor*: where in the house, for whoever brings help. *way*: to the room from the monitor in front of it.

    *position*: latitude and longitude in degrees (WGS 84), if told.
    """

    id: str
    name: str
    hours: Hours
    cleaning: timedelta
    address: str
    phone: str
    setup: timedelta = timedelta(0)
    setting: Setting = "room"
    wheelchair: bool = False
    companion: bool = True
    position: tuple[float, float] | None = None
    floor: str = ""
    way: Way | None = None

    @property
    def buffers(self) -> Buffers:
        return Buffers(self.setup, self.cleaning)

    @property
    def is_claimed(self) -> bool:
        """Whether one visit keeps others out."""
        return self.setting != "home"


@dataclass(frozen=True)
class Device:
    """*kind* is a word of `fhir.DEVICE_KINDS`; *bookable_until* is None while no inspection limits it.

    *hours*: always, less the times for which it is away or broken. *blocked_since*: it was found broken, and not yet
    mended. *serial*: empty where it is not known.
    """

    id: str
    kind: str
    room_id: str
    bookable_until: datetime | None
    name: str
    hours: Hours = ALWAYS
    buffers: Buffers = NO_BUFFERS
    serial: str = ""
    blocked_since: datetime | None = None

    @property
    def until(self) -> datetime | None:
        """From then on it is not to be booked, for whichever reason comes first."""
        return min((moment for moment in (self.bookable_until, self.blocked_since) if moment is not None), default=None)


@dataclass(frozen=True)
class Service:
    """What can be booked. *devices* are kinds, one named twice is needed twice; *room_ids* where it is offered.

    *codes*: system and code of each coding that names it, our own first.

    *assistant_for*: how long from the beginning the assistant is needed; None means throughout. *needs_order*: only
    on a doctor's order (an injection). *needs_confirmation*: what programs book of it, staff must confirm.
    """

    id: str
    name: str
    specialty: str
    length: timedelta
    devices: tuple[str, ...]
    assistant_level: AssistantLevel
    room_ids: tuple[str, ...]
    assistant_for: timedelta | None = None
    needs_order: bool = False
    needs_confirmation: bool = False
    codes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, eq=False)
class Directory:
    """Everything of one quarter, by id. *schedules*: schedule id → ids of its actors. *version* counts changes.

    *stamp* names this state of this database and no other; empty in made-up ones. Two directories are never equal, so
    that one may be the key of what was worked out from it.
    """

    zone: ZoneInfo
    doctors: Mapping[str, Doctor]
    assistants: Mapping[str, Assistant]
    rooms: Mapping[str, Room]
    devices: Mapping[str, Device]
    services: Mapping[str, Service]
    schedules: Mapping[str, tuple[str, ...]]
    version: int
    quarter_name: str
    interpreters: Mapping[str, Interpreter] = field(default_factory=dict)
    stamp: str = ""

    def less(self, blocks: Mapping[str, datetime]) -> "Directory":
        """The same with these devices blocked: device id → since when."""
        if not blocks:
            return self
        devices = {
            device.id: replace(device, blocked_since=blocks[device.id]) if device.id in blocks else device
            for device in self.devices.values()
        }
        return replace(self, devices=devices)

    def without(self, doctor_id: str, span: Span) -> "Directory":
        """The same with a doctor away for that long, to see what it would displace."""
        doctor = self.doctors[doctor_id]
        away = replace(doctor, hours=replace(doctor.hours, closed=(*doctor.hours.closed, span)))
        return replace(self, doctors={**self.doctors, doctor_id: away})

    def devices_in(self, room_id: str) -> tuple[Device, ...]:
        """The devices of a room, in the order of their ids."""
        return tuple(d for d in self.devices.values() if d.room_id == room_id)

    def doctors_for(self, service: Service) -> tuple[Doctor, ...]:
        """Who offers *service*, by specialty and, where a role is limited, by that."""
        return tuple(d for d in self.doctors.values() if _offers(d, service))

    def assistants_at(self, level: AssistantLevel, room_id: str) -> tuple[Assistant, ...]:
        """Who may assist in *room_id* at *level* or above."""
        return tuple(a for a in self.assistants.values() if _may_assist(a, level, room_id))

    def name_of(self, actor_id: str) -> str:
        """The name of an actor; the id itself if nobody has it."""
        found = self.actor(actor_id)
        return found.name if found is not None else actor_id

    def slots(self, actor_id: str, start: datetime, end: datetime) -> tuple[str, ...]:
        """The slots from *start* to *end* of the schedules in which somebody is."""
        own = (one for one, actors in self.schedules.items() if actor_id in actors)
        return tuple(slot_id(one, start, end) for one in sorted(own))

    def actor(self, actor_id: str) -> "Actor | None":
        """The doctor, assistant, interpreter, room or device of this id."""
        return (
            self.doctors.get(actor_id)
            or self.rooms.get(actor_id)
            or self.assistants.get(actor_id)
            or self.devices.get(actor_id)
            or self.interpreters.get(actor_id)
        )


def differing(before: Directory, after: Directory) -> frozenset[str] | None:
    """Ids of the people, things, places and services that are not the same in both, with the rooms of devices.

    None if it may be any of them.
    """
    if before.zone != after.zone:
        return None
    found = set[str]()
    for name in ("doctors", "assistants", "interpreters", "rooms", "devices", "services"):
        old, new = getattr(before, name), getattr(after, name)
        found |= {one for one in {**old, **new} if old.get(one) != new.get(one)}
    rooms = {each.room_id for known in (before, after) for one, each in known.devices.items() if one in found}
    return frozenset(found | rooms)


@dataclass(frozen=True)
class DirectoryChanged:
    """Told once it is on disk."""


@dataclass(frozen=True)
class ResourceKept(Event):
    """A resource of the directory was taken in, or took the place of the one with its id."""

    kind: str
    resource_id: str
    is_new: bool


Actor = Doctor | Assistant | Interpreter | Room | Device
"""Whose time can be claimed."""


def _offers(doctor: Doctor, service: Service) -> bool:
    return service.specialty in doctor.specialties and (not doctor.service_ids or service.id in doctor.service_ids)


def _may_assist(assistant: Assistant, level: AssistantLevel, room_id: str) -> bool:
    high_enough = LEVELS.index(assistant.level) >= LEVELS.index(level)
    return high_enough and (not assistant.room_ids or room_id in assistant.room_ids)


SLOT_START = "%Y%m%dT%H%MZ"
LONGEST_SLOT = timedelta(days=1)


def slot_id(schedule_id: str, start: datetime, end: datetime) -> str:
    """The id of the slot from *start* to *end*: ``{schedule}.{YYYYMMDDTHHMMZ}.{minutes}``. Slots are kept nowhere."""
    minutes = (end - start) // timedelta(minutes=1)
    return f"{schedule_id}.{start.astimezone(UTC).strftime(SLOT_START)}.{minutes}"


def slot_of(text: str) -> tuple[str, datetime, datetime] | None:
    """Schedule, start and end that a slot's id names; None if it is none."""
    schedule_id, start, minutes = [*text.rsplit(".", 2), "", ""][:3]
    try:
        begins = datetime.strptime(start, SLOT_START).replace(tzinfo=UTC)
        ends = begins + timedelta(minutes=int(minutes))
    except (ValueError, OverflowError):
        return None
    # one slot has one id: what strptime or int lets pass beside it is none
    is_one = timedelta(0) < ends - begins <= LONGEST_SLOT and slot_id(schedule_id, begins, ends) == text
    return (schedule_id, begins, ends) if is_one else None
