"""The operator's verbs."""

from collections.abc import Collection
from datetime import datetime, timedelta

from schemas.day import MachineKind
from schemas.signalling import Role as RosterRole
from schemas.trust import RosterKey
from telemed.booking import service as booking
from telemed.booking import sessions
from telemed.booking.planner import TICK, ticks_in
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity import roster
from telemed.identity import service as identity
from telemed.kit.clock import Clock, ExerciseClock
from telemed.kit.db import Tx
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotFound
from telemed.kit.trust import key_pictures
from telemed.link.service import Lines
from telemed.operator import model, preview, store
from telemed.operator.model import (
    BrokenDevice,
    ClockMoved,
    KeyView,
    NoExercise,
    ReportedDefect,
    RoomView,
    RosterView,
    Unmet,
    is_online,
)
from telemed.operator.preview import Layout, Session
from telemed.queue import service as queue
from telemed.upkeep import service as upkeep
from telemed.upkeep.model import Defect


def rooms(tx: Tx, lines: Lines, *, now: datetime) -> list[RoomView]:
    """Every room that has machines of ours, and whether it is heard."""
    machines, known, broken = identity.machines_of(tx), directory.load(tx), upkeep.broken(tx)
    defects = upkeep.defects(tx)
    return [
        RoomView(
            room_id=room.id,
            name=room.name,
            heard=lines.heard(room.id),
            online=is_online(lines.heard(room.id), now),
            vp8_viewers=_vp8_viewers(lines, room.id, now),
            machines=tuple(
                model.machine_view(machine, lines.report(room.id), lines.heard(room.id), now)
                for machine in machines
                if machine.room_id == room.id
            ),
            sealed_by=_sealed_by(lines, room.id),
            not_well=model.not_well(lines.report(room.id)),
            broken=tuple(
                BrokenDevice(known.name_of(one.device_id), one.code, one.since)
                for one in broken
                if one.room_id == room.id
            ),
            reported=tuple(_reported(one, known) for one in defects if one.room_id == room.id),
        )
        for room in known.rooms.values()
        if room.setting != "home"
    ]


def _reported(one: Defect, known: Directory) -> ReportedDefect:
    device = known.name_of(one.device_id) if one.device_id else ""
    return ReportedDefect(device, one.what.value, one.is_out, one.reported_at)


def _sealed_by(lines: Lines, room_id: str) -> str:
    report = lines.report(room_id)
    return report.sealed_by if report else ""


def _vp8_viewers(lines: Lines, room_id: str, now: datetime) -> int:
    """Of a room that is heard; what another said last is over, for all we know."""
    report = lines.report(room_id)
    return report.vp8_viewers if report and is_online(lines.heard(room_id), now) else 0


def unmet(tx: Tx) -> list[Unmet]:
    """What the quarter lacks, without a person."""
    return model.unmet(booking.unmet_counts(tx))


def new_pairing(tx: Tx, *, kind: str, room_id: str, now: datetime) -> str:
    """A pairing code for one machine of a room.

    Raises:
        NotFound: there is no such room, or it is the resident's own home, where no machine of ours stands.
    """
    room = directory.load(tx).rooms.get(room_id)
    if room is None or room.setting == "home":
        raise NotFound
    return identity.new_pairing(tx, kind=kind, room_id=room_id, now=now)


def saved_offset(tx: Tx) -> timedelta | None:
    """Where the exercise clock stood, or None if it was never kept."""
    seconds = store.offset_s(tx)
    return None if seconds is None else timedelta(seconds=seconds)


def save_offset(tx: Tx, offset: timedelta) -> None:
    store.save(tx, offset.total_seconds())


def forward(tx: Tx, clock: Clock, by: timedelta) -> None:
    """Move the exercise clock on, keep where it stands, and tell those who follow it.

    It is moved before the commit, so that whoever hears of it reads the new time. Should the commit fail, it stays
    ahead until the next start: a demo's clock may run ahead, but never goes back.

    Raises:
        NoExercise: this is real life.
    """
    if not isinstance(clock, ExerciseClock):
        raise NoExercise
    clock.forward(by)
    save_offset(tx, clock.offset)
    emit(tx, ClockMoved(), now=clock.now())


def roster_draft(tx: Tx) -> tuple[RosterKey, ...]:
    """Every key that ends of a call should trust, as the centre knows it: what the operator is asked to sign.

    Without revoked ones, without monitors, which are in no call, and without doctors who have left.
    """
    known = directory.load(tx)
    machines = (
        RosterKey(
            key=machine.public_key,
            role=RosterRole.AGENT if machine.kind == MachineKind.AGENT.value else RosterRole.KIOSK,
            subject=machine.id,
            name=known.name_of(machine.room_id),
            room_id=machine.room_id,
        )
        for machine in identity.machines_of(tx)
        if not machine.revoked and machine.kind != MachineKind.MONITOR.value
    )
    browsers = (
        RosterKey(
            key=each.public_key,
            role=RosterRole.DOCTOR,
            subject=each.doctor_id,
            name=known.doctors[each.doctor_id].name,
        )
        for each in roster.browser_keys(tx)
        if not each.revoked and each.doctor_id in known.doctors
    )
    return model.in_order((*machines, *browsers))


def roster_view(tx: Tx, operator_keys: Collection[str], *, now: datetime) -> RosterView:
    """What the operator sees of the roster; *now* is real time."""
    newest = roster.roster(tx)
    return RosterView(
        state=model.roster_state(newest, has_operator=bool(operator_keys), now=now),
        seq=newest.seq if newest else 0,
        expires_at=newest.expires_at if newest else None,
        keys=tuple(
            KeyView(each, key_pictures(each.key), state)
            for each, state in model.keys_by_state(newest, roster_draft(tx))
        ),
    )


AHEAD = timedelta(days=14)
"""Days whose sessions count as usual."""


def layout(tx: Tx, doctor_id: str, service_id: str, *, now: datetime) -> Layout:
    """A usual session of a doctor, filled with one service; an empty *service_id* is the first that she offers.

    Raises:
        NotFound: there is no such doctor, or she does not offer it.
    """
    known = directory.load(tx)
    doctor = known.doctors.get(doctor_id)
    able = [each for each in known.services.values() if doctor and doctor in known.doctors_for(each)]
    service = next((each for each in able if service_id in ("", each.id)), None)
    if doctor is None or service is None:
        raise NotFound
    visit, tick = ticks_in(service.length), int(TICK / timedelta(minutes=1))
    pitch = sessions.pitch(known, doctor, visit)
    session = Session(
        minutes=preview.usual_session(doctor.hours.between(now, now + AHEAD, known.zone)) // tick * tick,
        visit=visit * tick,
        pitch=pitch * tick,
        turnaround=(pitch - visit) * tick,
    )
    lengths = preview.lengths_of(queue.learnt(tx, doctor_id), service.id, doctor_id)
    return Layout(doctor_id, service.id, doctor.template, session, lengths)
