"""What a room is told of its day: the plan, and all that its forecast needs."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from schemas.day import (
    LANGUAGES,
    DayPlan,
    Elsewhere,
    Fact,
    MachineKey,
    MachineKind,
    PlannedDevice,
    PlannedVisit,
    Word,
)
from telemed.booking import service as booking
from telemed.booking.model import GERMAN, Booking
from telemed.booking.planner import day_window
from telemed.directory.model import Device, Directory, Room
from telemed.identity import service as identity
from telemed.identity.model import Machine
from telemed.kit.clock import Clock, ExerciseClock, real_now
from telemed.kit.db import Tx
from telemed.kit.i18n import in_all
from telemed.kit.refusal import NotFound
from telemed.queue import learnt_store, store
from telemed.visit import service as visit


def plan(tx: Tx, known: Directory, room_id: str, *, now: datetime, clock: Clock) -> DayPlan:
    """The plan of the room's civil day at *now*.

    Raises:
        NotFound: there is no such room (any more).
    """
    room = known.rooms.get(room_id)
    if room is None:
        raise NotFound
    today = civil(known, now)
    booked = visit.visits_on(tx, room_id, now=now)
    doctors = {one.offer.doctor_id for one in booked}
    opens, closes = _hours(known, room, today)
    return DayPlan(
        room_id=room_id,
        room_name=room.name,
        day=today,
        seq=int(real_now().timestamp() * 1000),
        as_of=now,
        clock_offset_s=clock.offset.total_seconds(),
        exercise=isinstance(clock, ExerciseClock),
        cleaning_minutes=int(room.cleaning / timedelta(minutes=1)),
        help_phone=room.phone,
        room_address=room.address,
        room_floor=room.floor,
        room_phone=room.phone,
        visits=tuple(_planned(one, known) for one in booked),
        machines=tuple(_key(machine) for machine in identity.machines_of(tx, room_id) if not machine.revoked),
        devices=tuple(_device(device, known) for device in known.devices_in(room_id)),
        words=tuple(words_on(tx, known, today, doctors)),
        elsewhere=tuple(_elsewhere(tx, known, today, doctors, room_id)),
        learnt=learnt_store.learnt(tx, doctors),
        way=room.way,
        room_names=in_all(room.name),
        opens=opens,
        closes=closes,
    )


def civil(known: Directory, now: datetime) -> date:
    """The day on the wall calendar of the quarter."""
    return now.astimezone(known.zone).date()


def words_on(tx: Tx, known: Directory, today: date, doctors: Collection[str]) -> list[Word]:
    """What these doctors say of their own day, and stands."""
    said = store.of(tx, doctors, *day_window(today, known)) if doctors else []
    return [word for word in said if not word.withdrawn]


def _elsewhere(tx: Tx, known: Directory, today: date, doctors: Collection[str], room_id: str) -> Iterable[Elsewhere]:
    """What the doctors of this room have in others."""
    others = [
        one
        for doctor_id in sorted(doctors)
        for one in booking.on_day(tx, known, today, doctor_id=doctor_id)
        if one.offer.room_id != room_id
    ]
    by_visit: dict[str, list[Fact]] = {}
    for fact in visit.facts_of_all(tx, [one.id for one in others]):
        by_visit.setdefault(fact.visit_id, []).append(fact)
    for one in others:
        yield Elsewhere(
            visit_id=one.id,
            room_id=one.offer.room_id,
            doctor_id=one.offer.doctor_id,
            start=one.offer.start,
            end=one.offer.end,
            service=one.offer.service_id,
            facts=tuple(by_visit.get(one.id, ())),
        )


def _hours(known: Directory, room: Room, today: date) -> tuple[datetime | None, datetime | None]:
    """From when until when the room is open on a day, gaps included."""
    spans = room.hours.between(*day_window(today, known), known.zone)
    return (spans[0][0], spans[-1][1]) if spans else (None, None)


def _device(device: Device, known: Directory) -> PlannedDevice:
    """A block is no part of it: the room found the device broken, and only the room finds it mended."""
    until = device.bookable_until
    last_day = (until.astimezone(known.zone) - timedelta(microseconds=1)).date() if until is not None else None
    return PlannedDevice(
        device_id=device.id, kind=device.kind, name=device.name, serial=device.serial, usable_until=last_day
    )


def _planned(one: Booking, known: Directory) -> PlannedVisit:
    return PlannedVisit(
        visit_id=one.id,
        ticket=one.ticket,
        start=one.offer.start,
        end=one.offer.end,
        doctor_id=one.offer.doctor_id,
        doctor_name=known.name_of(one.offer.doctor_id),
        devices=tuple(sorted({known.devices[d].kind for d in one.offer.device_ids if d in known.devices})),
        quiet=one.quiet,
        service=one.offer.service_id,
        walk_in=one.extras.walk_in,
        language=one.extras.language if one.extras.language in LANGUAGES else GERMAN,
    )


def _key(machine: Machine) -> MachineKey:
    return MachineKey(machine_id=machine.id, kind=MachineKind(machine.kind), public_key=machine.public_key)
