"""Who is next, when, how late: the day of a room and of a doctor, as the centre sees it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from schemas.day import LANGUAGES, DayPlan, Fact, FactKind, MachineKey, MachineKind, PlannedDevice, PlannedVisit, Word
from telemed.booking import service as booking
from telemed.booking.model import GERMAN, Booking
from telemed.booking.planner import day_window
from telemed.directory import service as directory
from telemed.directory.model import Device, Directory
from telemed.identity import service as identity
from telemed.identity.model import Machine
from telemed.kit.clock import Clock, ExerciseClock, real_now
from telemed.kit.db import Tx
from telemed.kit.refusal import NotFound, Refusal, Sense
from telemed.queue import store
from telemed.queue.model import Standing, standing
from telemed.visit import service as visit
from telemed.visit.model import RoomNotReady, VisitState


class NobodyWaits(Refusal):
    """Nobody of this doctor's has arrived and waits."""

    sense = Sense.CONFLICT
    key = "refusal.nobody_waits"


@dataclass(frozen=True)
class Day:
    """One room's day: what was planned, what happened, and how it stands."""

    plan: DayPlan
    facts: tuple[Fact, ...]
    standing: Standing


def day(tx: Tx, room_id: str, *, now: datetime, clock: Clock, doctor_id: str | None = None) -> Day:
    """The day of *room_id* at *now*.

    At home each doctor has a day of her own (*doctor_id*): nobody there waits for anybody else's room.

    Raises:
        NotFound: there is no such room (any more).
    """
    known = directory.load(tx)
    plan = _plan(tx, known, room_id, now=now, clock=clock)
    facts = tuple(visit.facts_on(tx, room_id, now=now))
    if known.rooms[room_id].is_claimed:
        return Day(plan, facts, standing(plan, facts, now))
    if doctor_id is not None:
        own = tuple(one for one in plan.visits if one.doctor_id == doctor_id)
        plan = plan.model_copy(update={"visits": own})
    return Day(plan, facts, standing(plan, (*facts, *_clean(facts)), now))


def _clean(facts: Iterable[Fact]) -> list[Fact]:
    """At home nothing is wiped down between two visits."""
    ended = (fact for fact in facts if fact.kind in (FactKind.ENDED, FactKind.PUT_BACK, FactKind.REOPENED))
    return [fact.model_copy(update={"kind": FactKind.CLEANED, "fact_id": f"{fact.fact_id[:60]}-c"}) for fact in ended]


def doctor_days(tx: Tx, doctor_id: str, *, now: datetime, clock: Clock) -> list[Day]:
    """The days of the rooms in which the doctor has visits today."""
    known = directory.load(tx)
    own = booking.on_day(tx, known, _civil(known, now), doctor_id=doctor_id)
    rooms = sorted({one.offer.room_id for one in own})
    return [day(tx, room_id, now=now, clock=clock, doctor_id=doctor_id) for room_id in rooms]


def call_next(tx: Tx, *, doctor_id: str, now: datetime, clock: Clock) -> PlannedVisit:
    """Call the doctor's next person, who has arrived, into a free room.

    Raises:
        NobodyWaits: nobody of this doctor's has arrived.
        RoomNotReady: the room is occupied or not yet cleaned.
    """
    not_ready: RoomNotReady | None = None
    for today in doctor_days(tx, doctor_id, now=now, clock=clock):
        waiting = [
            entry.visit
            for entry in today.standing.line
            if entry.visit.doctor_id == doctor_id and entry.state is VisitState.ARRIVED
        ]
        if not waiting:
            continue
        try:
            visit.record(tx, visit_id=waiting[0].visit_id, kind=FactKind.CALLED, by="doctor", now=now)
        except RoomNotReady as error:
            not_ready = error
            continue
        return waiting[0]
    raise not_ready or NobodyWaits


def _plan(tx: Tx, known: Directory, room_id: str, *, now: datetime, clock: Clock) -> DayPlan:
    room = known.rooms.get(room_id)
    if room is None:
        raise NotFound
    today = _civil(known, now)
    booked = booking.on_day(tx, known, today, room_id=room_id)
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
        words=tuple(words_on(tx, known, today, doctor_ids={one.offer.doctor_id for one in booked})),
    )


def words_on(tx: Tx, known: Directory, today: date, *, doctor_ids: Collection[str]) -> list[Word]:
    """What these doctors say of their own day, and stands."""
    midnight, next_midnight = day_window(today, known)
    said = store.of(tx, doctor_ids, midnight, next_midnight) if doctor_ids else []
    return [word for word in said if not word.withdrawn]


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


def _civil(known: Directory, now: datetime) -> date:
    return now.astimezone(known.zone).date()
