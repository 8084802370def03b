"""Worlds for tests: a centre with a small quarter of its own, a clock moved by hand, bookings by what matters."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from schemas.day import Fact, FactKind, PlannedVisit, Ticket
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import Booked, Request
from telemed.booking.planner import Offer, What, Wish
from telemed.booking.routes import StillToCome
from telemed.directory import fhir
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.fhir.codes import SPECIALTY_NAMES
from telemed.fhir.resource import Resource
from telemed.identity import service as identity
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from telemed.kit.machine import MachineKey
from telemed.kit.outbox import Relay, Subscription
from telemed.kit.secrets import Secrets
from telemed.link.service import Lines, PairingTries
from telemed.people.model import Person, Way
from telemed.signalling.hub import Hub
from telemed.visit import service as visit
from telemed.web.centre import Centre
from tests.rosters import OPERATOR_KEY
from tests.seeding import seed

ZONE = ZoneInfo("Europe/Berlin")
TUESDAY = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""9:00 on the wall."""
SERVER = "centre.test"
SERVICE = "general-20"
WITH_CUFF = "general-20-cuff"
OPERATOR = Actor(Role.OPERATOR, "operator")
DOCTOR = Actor(Role.DOCTOR, "weiss")
CLIENT = Actor(Role.CLIENT, "practice", compartment=(EVERYONE,))
RESIDENT = Actor(Role.RESIDENT)
SOMMER = Person("Hannelore Sommer", 1948, Way.PHONE, "030 23125 111")
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri"]


class HandClock:
    """Stands still until it is moved."""

    offset = timedelta(0)

    def __init__(self, now: datetime = TUESDAY) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def forward(self, by: timedelta) -> None:
        self._now += by

    def set(self, now: datetime) -> None:
        self._now = now


@dataclass(frozen=True)
class World:
    """A centre in which something may happen."""

    centre: Centre
    clock: HandClock
    directory: Directory

    @property
    def db(self) -> Database:
        return self.centre.db

    @property
    def secrets(self) -> Secrets:
        return self.centre.secrets

    @property
    def now(self) -> datetime:
        return self.clock.now()


def make_world(
    database: Database,
    *,
    now: datetime = TUESDAY,
    subscriptions: tuple[Subscription, ...] = (),
    rooms: int = 1,
    resources: Iterable[Mapping[str, Any]] = (),
    clock: HandClock | None = None,
) -> World:
    """A centre on *database* with two doctors, two assistants and *rooms* rooms with a cuff and an oximeter each.

    *resources*: another directory in place of that one. *clock*: another one than that which stands still at *now*.
    """
    clock = clock or HandClock(now)
    now = clock.now()
    centre = Centre(
        db=database,
        clock=clock,
        secrets=Secrets(key_of_keys=b"k" * 32, pepper=b"p" * 32),
        server=SERVER,
        public_url=f"https://{SERVER}",
        operator_keys=(OPERATOR_KEY,),
    )
    centre.live.update({Hub: Hub(), Lines: Lines(), PairingTries: PairingTries(), Index: Index(database)})
    centre.live[StillToCome] = StillToCome(visit.check_still_to_come)
    centre.live[Relay] = Relay(database, subscriptions, clock)
    with database.transaction() as tx:
        seed(tx, resources or quarter(rooms), now=now)
        known = directory.load(tx)
    return World(centre, clock, known)


def make_booking(
    world: World,
    *,
    doctor: str = "weiss",
    at: str | datetime = "10:00",
    service: str = SERVICE,
    room: str = "room-1",
    person: Person = SOMMER,
    quiet: bool = False,
    request_id: str | None = None,
) -> Booked:
    """Book, through the planner, what starts at *at* (wall time of the world's day, or a moment)."""
    offer = offer_at(world, at, doctor=doctor, service=service, room=room)
    return book(world, Request(request_id or new_id(), offer, person, quiet))


def book(world: World, request: Request) -> Booked:
    """Book *request* in a transaction of its own."""
    with world.db.transaction() as tx:
        return booking.book(tx, world.secrets, request, actor=RESIDENT, now=world.now)


def offer_at(
    world: World,
    at: str | datetime,
    *,
    doctor: str | None = "weiss",
    service: str = SERVICE,
    room: str | None = "room-1",
) -> Offer:
    """What the planner offers for *at*, and nothing else."""
    start = moment(world, at) if isinstance(at, str) else at
    length = world.directory.services[service].length
    what = What(service, (doctor,) if doctor else (), (room,) if room else ())
    wish = Wish(what, start, start + length, align_minutes=5)
    with world.db.reading() as tx:
        found = booking.offers(tx, world.directory, wish, now=world.now)
    assert found, f"nothing is offered at {at}"
    return found[0]


def moment(world: World, wall: str) -> datetime:
    """*wall* (``10:20``) on the world's day."""
    day = world.now.astimezone(ZONE).date()
    return datetime.combine(day, time.fromisoformat(wall), tzinfo=ZONE).astimezone(UTC)


def make_offer(offer: Offer, **changes: Any) -> Offer:
    return replace(offer, **changes)


def make_machine(world: World, key: MachineKey, *, kind: str = "agent", room: str = "room-1") -> str:
    """Pair a machine that has *key*; its id."""
    from schemas.visit import PairRequest

    with world.db.transaction() as tx:
        code = identity.new_pairing(tx, kind=kind, room_id=room, now=world.now)
        asked = PairRequest.model_validate({"code": code, "kind": kind, "public_key": key.public})
        return identity.pair(tx, asked, server=SERVER, now=world.now).machine_id


def make_fact(visit_id: str, kind: str, at: datetime, *, by: str = "room", fact_id: str | None = None) -> Fact:
    return Fact.model_validate(
        {"fact_id": fact_id or new_id(), "visit_id": visit_id, "kind": FactKind(kind), "at": at, "by": by}
    )


def make_visit(number: int, start: datetime, *, minutes: int = 20, quiet: bool = False) -> PlannedVisit:
    """The *number*-th visit of a plan, with a ticket of its own."""
    ticket = Ticket(picture="apple", letter="A", digits=f"{2 + number // 8}{2 + number % 8}")
    return PlannedVisit(
        visit_id=f"visit-{number}",
        ticket=ticket,
        start=start,
        end=start + timedelta(minutes=minutes),
        doctor_id="weiss",
        doctor_name="Dr. Weiß",
        quiet=quiet,
    )


def quarter(rooms: int = 1) -> Iterator[Mapping[str, Any]]:
    """The directory as FHIR resources."""
    yield {
        "resourceType": "Location",
        "id": "quarter",
        "status": "active",
        "name": "Musterviertel",
        "extension": [{"url": fhir.TIMEZONE, "valueCode": ZONE.key}],
        "physicalType": _coded(fhir.PHYSICAL_TYPES, "si"),
    }
    ids = [f"room-{number}" for number in range(1, rooms + 1)]
    for number, room_id in enumerate(ids, 1):
        yield _room(room_id, f"Raum {number}")
        yield _device(f"cuff-{number}", room_id, "528391")
        yield _device(f"oximeter-{number}", room_id, "528388")
    yield _service(SERVICE, ids, "ALLG", devices=())
    yield _service(WITH_CUFF, ids, "ALLG", devices=("528391",))
    yield _service("skin-20", ids, "HAUT", devices=())
    yield from _doctor("weiss", "Weiß", "ALLG")
    yield from _doctor("brandt", "Brandt", "ALLG")
    yield from _doctor("hofer", "Hofer", "HAUT")
    yield from _assistant("lindner", "Lindner", "medical-assistant")
    yield from _assistant("kaya", "Kaya", "helper")


CROWDED = "visit-30"


def crowd(rooms: int) -> Iterator[Mapping[str, Any]]:
    """A quarter with many rooms, each with a doctor, an assistant, a cuff and an oximeter that no other room shares."""
    yield next(iter(quarter()))
    specialties = sorted(SPECIALTY_NAMES)  # one for each room, so that each service has one doctor
    for number in range(1, rooms + 1):
        room_id, special = f"room-{number}", specialties[number - 1]
        yield _room(room_id, f"Raum {number}")
        yield _device(f"cuff-{number}", room_id, "528391")
        yield _device(f"oximeter-{number}", room_id, "528388")
        yield _service(f"{CROWDED}-{number}", [room_id], special, devices=("528391", "528388"), minutes=30)
        yield from _doctor(f"doctor-{number}", f"Arzt {number}", special)
        person, role = _assistant(f"assistant-{number}", f"Hilfe {number}", "helper")
        yield person
        yield {**role, "location": [{"reference": f"Location/{room_id}"}]}


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _minutes(url: str, value: int) -> dict[str, Any]:
    unit = {"unit": "min", "system": "http://unitsofmeasure.org", "code": "min"}
    return {"url": url, "valueDuration": {"value": value, **unit}}


def _room(room_id: str, name: str) -> dict[str, Any]:
    hours = {"daysOfWeek": WEEKDAYS, "openingTime": "08:00:00", "closingTime": "18:00:00"}
    return {
        "resourceType": "Location",
        "id": room_id,
        "status": "active",
        "name": name,
        "telecom": [{"system": "phone", "value": "030 23125 042"}],
        "extension": [_minutes(fhir.CLEANING, 10)],
        "physicalType": _coded(fhir.PHYSICAL_TYPES, "ro"),
        "partOf": {"reference": "Location/quarter"},
        "hoursOfOperation": [hours],
    }


def _device(device_id: str, room_id: str, code: str) -> dict[str, Any]:
    return {
        "resourceType": "Device",
        "id": device_id,
        "status": "active",
        "type": _coded(fhir.MDC, code),
        "location": {"reference": f"Location/{room_id}"},
    }


def _service(
    service_id: str, rooms: list[str], specialty: str, *, devices: tuple[str, ...], minutes: int = 20
) -> dict[str, Any]:
    needed = [{"url": fhir.REQUIRED_DEVICE, "valueCoding": {"system": fhir.MDC, "code": code}} for code in devices]
    return {
        "resourceType": "HealthcareService",
        "id": service_id,
        "active": True,
        "name": service_id,
        "extension": [_minutes(fhir.LENGTH, minutes), *needed],
        "specialty": [_coded(fhir.SPECIALTIES, specialty)],
        "location": [{"reference": f"Location/{room_id}"} for room_id in rooms],
    }


def _doctor(doctor_id: str, family: str, specialty: str) -> Iterator[dict[str, Any]]:
    yield _person(doctor_id, {"family": family, "prefix": ["Dr."]})
    yield _role(doctor_id, {"code": [_coded(fhir.ROLES, "doctor")], "specialty": [_coded(fhir.SPECIALTIES, specialty)]})
    yield {
        "resourceType": "Schedule",
        "id": f"calendar-{doctor_id}",
        "active": True,
        "actor": [{"reference": f"Practitioner/{doctor_id}"}],
    }


def _assistant(person_id: str, family: str, level: str) -> Iterator[dict[str, Any]]:
    yield _person(person_id, {"family": family})
    yield _role(person_id, {"code": [_coded(fhir.OWN_LEVELS, level)]})


def _person(person_id: str, name: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Practitioner", "id": person_id, "active": True, "name": [name]}


def _role(person_id: str, what: dict[str, Any]) -> dict[str, Any]:
    hours = {"daysOfWeek": WEEKDAYS, "availableStartTime": "08:00:00", "availableEndTime": "18:00:00"}
    return {
        "resourceType": "PractitionerRole",
        "id": f"role-{person_id}",
        "active": True,
        "practitioner": {"reference": f"Practitioner/{person_id}"},
        "availableTime": [hours],
        **what,
    }


def appointment_of(
    world: World, offer: Offer, *, resource_id: str = "foreign-1", name: str = "Karl Winter"
) -> Resource:
    """An Appointment as another system writes it."""
    from telemed.fhir.validate import validate

    actors = [f"Practitioner/{offer.doctor_id}", f"Practitioner/{offer.assistant_id}", f"Location/{offer.room_id}"]
    people = [{"actor": {"reference": reference}, "status": "accepted"} for reference in actors]
    patient = {"actor": {"reference": "Patient/foreign", "display": name}, "status": "accepted"}
    return validate(
        {
            "resourceType": "Appointment",
            "id": resource_id,
            "status": "booked",
            "start": offer.start.astimezone(world.directory.zone).isoformat(),
            "end": offer.end.astimezone(world.directory.zone).isoformat(),
            "participant": [patient, *people],
        }
    )
