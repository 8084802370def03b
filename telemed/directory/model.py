"""What the planner knows of the quarter: values without a database and without FHIR."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

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

MIDNIGHT = time(0)


class IdTaken(Refusal):
    """The id already names an actor of another type, or the schedule of somebody else."""

    sense = Sense.CONFLICT
    key = "directory.refusal.id_taken"


@dataclass(frozen=True)
class Opening:
    """Wall time on one weekday; an *end* of 0:00 is the midnight that follows."""

    start: time
    end: time


@dataclass(frozen=True)
class Hours:
    """Opening hours in wall time: seven tuples, Monday first."""

    by_weekday: tuple[tuple[Opening, ...], ...] = ((),) * 7

    def on(self, day: date, zone: ZoneInfo) -> tuple[tuple[datetime, datetime], ...]:
        """The openings of *day* as moments in UTC, in the order given."""
        return tuple((_moment(day, o.start, zone), _closing(day, o, zone)) for o in self.by_weekday[day.weekday()])

    def plus(self, other: "Hours") -> "Hours":
        """Both together, for somebody with two roles."""
        return Hours(tuple(tuple(sorted({*a, *b}, key=lambda o: o.start)) for a, b in self._pairs(other)))

    def _pairs(self, other: "Hours") -> Iterator[tuple[tuple[Opening, ...], tuple[Opening, ...]]]:
        return zip(self.by_weekday, other.by_weekday, strict=True)


def _moment(day: date, wall: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, wall, tzinfo=zone).astimezone(UTC)


def _closing(day: date, opening: Opening, zone: ZoneInfo) -> datetime:
    return _moment(day + timedelta(days=1) if opening.end == MIDNIGHT else day, opening.end, zone)


@dataclass(frozen=True)
class Doctor:
    """*specialties*: codes of the IHE-D system. *service_ids*: what the role is limited to; empty means no limit."""

    id: str
    name: str
    specialties: tuple[str, ...]
    hours: Hours
    role_id: str
    service_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assistant:
    """*room_ids*: where she works; empty means in every room."""

    id: str
    name: str
    level: AssistantLevel
    hours: Hours
    room_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Room:
    """*cleaning* is kept free after each visit; *address* is one line; *phone* is for people who need help."""

    id: str
    name: str
    hours: Hours
    cleaning: timedelta
    address: str
    phone: str


@dataclass(frozen=True)
class Device:
    """*kind* is a word of `fhir.DEVICE_KINDS`; *bookable_until* is None while no inspection limits it."""

    id: str
    kind: str
    room_id: str
    bookable_until: datetime | None
    name: str


@dataclass(frozen=True)
class Service:
    """What can be booked. *devices* are kinds; *room_ids* where it is offered."""

    id: str
    name: str
    specialty: str
    length: timedelta
    devices: tuple[str, ...]
    assistant_level: AssistantLevel
    room_ids: tuple[str, ...]


@dataclass(frozen=True)
class Directory:
    """Everything of one quarter, by id. *schedules*: schedule id → ids of its actors. *version* counts changes."""

    zone: ZoneInfo
    doctors: Mapping[str, Doctor]
    assistants: Mapping[str, Assistant]
    rooms: Mapping[str, Room]
    devices: Mapping[str, Device]
    services: Mapping[str, Service]
    schedules: Mapping[str, tuple[str, ...]]
    version: int
    quarter_name: str

    def devices_in(self, room_id: str) -> tuple[Device, ...]:
        """The devices of a room, in the order of their ids."""
        return tuple(d for d in self.devices.values() if d.room_id == room_id)

    def doctors_for(self, service: Service) -> tuple[Doctor, ...]:
        """Who offers *service*, by specialty and, where a role is limited, by that."""
        return tuple(d for d in self.doctors.values() if _offers(d, service))

    def assistants_for(self, service: Service, room_id: str) -> tuple[Assistant, ...]:
        """Who may assist in *room_id* at the level that *service* needs, or above."""
        return tuple(a for a in self.assistants.values() if _may_assist(a, service.assistant_level, room_id))

    def name_of(self, actor_id: str) -> str:
        """The name of a doctor, assistant, room or device; the id itself if it is none of them."""
        for group in (self.doctors, self.assistants, self.rooms, self.devices):
            found = group.get(actor_id)
            if found is not None:
                return found.name
        return actor_id


def _offers(doctor: Doctor, service: Service) -> bool:
    return service.specialty in doctor.specialties and (not doctor.service_ids or service.id in doctor.service_ids)


def _may_assist(assistant: Assistant, level: AssistantLevel, room_id: str) -> bool:
    high_enough = LEVELS.index(assistant.level) >= LEVELS.index(level)
    return high_enough and (not assistant.room_ids or room_id in assistant.room_ids)


@dataclass(frozen=True)
class Term:
    """One thing a resource is found by: *value* is a code, a reference ``Type/id`` or a case-folded text."""

    param: str
    value: str
    system: str = ""


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
