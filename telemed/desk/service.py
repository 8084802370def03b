"""What the pages of staff show and do, put together from the capabilities below."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from schemas.day import FactKind, FactReason
from telemed.booking import asking
from telemed.booking import service as booking
from telemed.booking.model import Booking, PersonLine
from telemed.desk import model
from telemed.desk.model import Alarm, RoomDay
from telemed.directory import service as directory
from telemed.directory.model import Directory, Room
from telemed.identity import invitations
from telemed.identity.allowed import Action
from telemed.identity.model import Actor, Invitation, Role
from telemed.kit.clock import Clock
from telemed.kit.db import Tx
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets
from telemed.link.service import Lines
from telemed.people.model import Erased
from telemed.people.service import audit
from telemed.queue import service as queue
from telemed.queue.service import Day
from telemed.visit import service as visit


def doctor_days(tx: Tx, doctor_id: str, *, lines: Lines, clock: Clock, now: datetime) -> list[RoomDay]:
    """The rooms in which this doctor has visits today, with these visits alone."""
    days, known = queue.doctor_days(tx, doctor_id, now=now, clock=clock), directory.load(tx)
    return [_room_day(known, lines, day, now, doctor_id=doctor_id) for day in days]


def room_day(tx: Tx, room_id: str, *, lines: Lines, clock: Clock, now: datetime) -> RoomDay:
    """All visits of one room today."""
    return _room_day(directory.load(tx), lines, queue.day(tx, room_id, now=now, clock=clock), now)


def _room_day(known: Directory, lines: Lines, day: Day, now: datetime, *, doctor_id: str | None = None) -> RoomDay:
    room_id, standing = day.plan.room_id, day.standing
    is_home = not known.rooms[room_id].is_claimed
    uncleaned = standing.uncleaned.visit_id if standing.uncleaned else None
    left = [fact.at for fact in day.facts if fact.visit_id == uncleaned and fact.kind is FactKind.ENDED]
    return RoomDay(
        room_id=room_id,
        room_name=day.plan.room_name,
        state=standing.room_state,
        uncleaned=uncleaned,
        light=model.HOME if is_home else model.light(lines.report(room_id), lines.heard(room_id), now),
        rows=model.rows(standing, day.facts, doctor_id=doctor_id),
        is_home=is_home,
        empty_since=max(left, default=None),
        cleaning=known.rooms[room_id].cleaning,
    )


def people(tx: Tx, secrets: Secrets, visit_ids: Iterable[str], *, actor: Actor, now: datetime) -> dict[str, PersonLine]:
    """Who comes, by visit, without those who had their data erased or are not hers to meet; each look is audited."""
    known, found, asker = directory.load(tx), {}, asking.asking(tx, actor, now=now)
    for visit_id in visit_ids:
        booked = booking.get(tx, visit_id)
        if not asking.may(asker, Action.MEET, booked):
            continue
        with suppress(Erased):
            found[visit_id] = booking.person_line(tx, secrets, known, booked, asker=asker)
    return found


def asked_to_come(tx: Tx, visit_ids: Iterable[str]) -> dict[str, datetime]:
    """Who was asked to come earlier than the planned beginning, by the template of the session, and when."""
    found = (booking.get(tx, visit_id) for visit_id in visit_ids)
    return {one.id: one.offer.start - one.extras.come_before for one in found if one.extras.come_before}


def persons_of(tx: Tx, visit_ids: Iterable[str]) -> dict[str, str]:
    """Whose visits these are: ids, no names."""
    return {visit_id: booking.get(tx, visit_id).person_id for visit_id in visit_ids}


def rooms_of(tx: Tx, assistant_id: str) -> list[Room]:
    """The rooms that an assistant looks after; all of them if the directory does not say.

    Raises:
        NotFound: there is no such assistant.
    """
    known = directory.load(tx)
    if assistant_id not in known.assistants:
        raise NotFound
    own = asking.rooms_of(known, assistant_id)
    return [room for room in known.rooms.values() if room.id in own]


def alarms(tx: Tx, assistant_id: str, *, lines: Lines, clock: Clock, now: datetime) -> list[Alarm]:
    """What is to be mended now in the rooms of an assistant; also a room that has a visit soon and is not heard.

    Raises:
        NotFound: there is no such assistant.
    """
    found: list[Alarm] = []
    for room in rooms_of(tx, assistant_id):
        heard = lines.heard(room.id)
        shown = model.light(lines.report(room.id), heard, now)
        found += model.alarms(room.id, room.name, shown)
        if shown.is_silent and not lines.online(room.id) and room.setting != "home":
            standing = queue.day(tx, room.id, now=now, clock=clock).present
            found += [model.silence(room.id, room.name, heard)] if model.is_needed(standing, now) else []
    return found


def end_visit(tx: Tx, visit_id: str, actor: Actor, *, now: datetime) -> None:
    """The doctor's farewell.

    Raises:
        NotFound, NotAllowed, WrongMoment: it is unknown, another doctor's, or not going on.
    """
    visit.admit(tx, visit_id, actor, now=now)
    visit.record(tx, visit_id=visit_id, kind=FactKind.ENDED, by="doctor", now=now)


def note(
    tx: Tx,
    visit_id: str,
    kind: FactKind,
    *,
    actor: Actor,
    now: datetime,
    reason: FactReason | None = None,
    minutes: int | None = None,
) -> str:
    """A doctor or an assistant says what happened; the id of the room where it did.

    Raises:
        NotFound: no visit of today that is hers, or in a room of hers.
        WrongMoment, ReasonMissing: it cannot happen now, or not so.
    """
    offer = _of_today(tx, visit_id, actor, now).offer
    by: visit.By = "doctor" if actor.role is Role.DOCTOR else "assistant"
    visit.record(tx, visit_id=visit_id, kind=kind, by=by, reason=reason, minutes=minutes, now=now)
    return offer.room_id


def _of_today(tx: Tx, visit_id: str, actor: Actor, now: datetime) -> Booking:
    """
    Raises:
        NotFound: no visit of today, or not for *actor*.
    """
    found, asker = booking.get(tx, visit_id), asking.asking(tx, actor, now=now)
    asking.require(asker, Action.NOTE, found)
    first, after = asker.today
    if not first <= found.offer.start < after:
        raise NotFound
    return found


def check_host(tx: Tx, visit_id: str, *, actor: Actor, now: datetime) -> Booking:
    """The visit, if *actor* may invite into it: its doctor, or an assistant of its room.

    Raises:
        NotFound: there is no such visit, or it is somebody else's; both are answered alike.
    """
    found = booking.get(tx, visit_id)
    asking.require(asking.asking(tx, actor, now=now), Action.INVITE, found)
    return found


def invite_guest(tx: Tx, visit_id: str, role: str, *, actor: Actor, now: datetime) -> tuple[Invitation, str]:
    """Invite somebody into a visit; the invitation and the token of its link. Audited.

    Raises:
        NotFound, WrongMoment: it is not *actor*'s, or over.
    """
    own = check_host(tx, visit_id, actor=actor, now=now)
    made = visit.invite(tx, visit_id, role, now=now)
    audit(tx, [own.person_id], actor=actor, action="create", purpose="invitation", now=now)
    return made


def uninvite(tx: Tx, visit_id: str, invitation_id: str, *, actor: Actor, now: datetime) -> None:
    """
    Raises:
        NotFound: it is not *actor*'s visit, or has no such invitation.
    """
    own = check_host(tx, visit_id, actor=actor, now=now)
    invitations.take_back(tx, invitation_id, visit_id=visit_id, now=now)
    audit(tx, [own.person_id], actor=actor, action="write", purpose="invitation", now=now)


def redeem_invitation(tx: Tx, token: str, *, now: datetime) -> tuple[str, Invitation]:
    """Exchange an invitation's link for a session, once; audited.

    Raises:
        LinkUsed: unknown, used, taken back or too old.
    """
    session, found = invitations.redeem(tx, token, now=now)
    person_id = booking.get(tx, found.visit_id).person_id
    audit(tx, [person_id], actor=Actor(Role.GUEST, found.id), action="write", purpose="invitation", now=now)
    return session, found
