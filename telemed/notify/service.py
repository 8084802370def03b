"""What is told to people becomes rows here, and what is due is spread over each person's channels."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from schemas.day import Fact, FactKind
from telemed.booking import holding
from telemed.booking import service as booking
from telemed.booking.model import Booking, NotAsked, Reason, Status, WaitState
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Role
from telemed.kit.db import Tx
from telemed.kit.i18n import called
from telemed.kit.ids import digest, new_id, to_base64
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets
from telemed.notify import model, store
from telemed.notify.calendar import Entry
from telemed.notify.model import Channel, Kind, Notice, Outcome, Rules
from telemed.people import consents
from telemed.people import service as people
from telemed.people.consent import Answer, Purpose
from telemed.people.model import Erased, Person
from telemed.queue import service as queue
from telemed.visit import service as visit
from telemed.visit.model import VisitState

TOGETHER = 50
"""Notices spread in one transaction; more would keep others waiting for their turn."""
PURPOSE = "notice"
SENDER = Actor(Role.MACHINE, "notices")
LATELY = timedelta(days=1)


@dataclass(frozen=True)
class Desk:
    """What every verb here needs: the operator's *rules*, which channels are *there*, and the centre's name."""

    secrets: Secrets
    rules: Rules = field(default_factory=Rules)
    there: frozenset[Channel] = frozenset({Channel.CALL})
    server: str = "telemed"


def booked(tx: Tx, booking_id: str, *, now: datetime) -> None:
    """An appointment was made: it is confirmed, and its reminders are planned.

    One that was moved says so elsewhere; one of another system was confirmed there.
    """
    made = booking.get(tx, booking_id)
    if made.status is not Status.BOOKED or made.extras.walk_in:
        return
    is_told = not made.offer.service_id or _moved_from(tx, made) is not None
    found = model.planned(made.offer.start, now=now, zone=directory.load(tx).zone)
    _tell(tx, made, [one for one in found if not (is_told and one[0] is Kind.CONFIRMED)])


def _moved_from(tx: Tx, made: Booking) -> Booking | None:
    before = booking.get(tx, made.extras.replaces) if made.extras.replaces else None
    return before if before and before.reason is Reason.MOVED else None


def _tell(tx: Tx, about: Booking, told: Collection[tuple[Kind, datetime, datetime]], *, step: int = 0) -> None:
    store.add(tx, [Notice(new_id(), kind, about.person_id, about.id, due, until, step) for kind, due, until in told])


def moved(tx: Tx, booking_id: str, replaced_id: str, *, now: datetime) -> None:
    """Another time or place, or another doctor at the same time; what was to be told of the old one is not."""
    store.drop_open(tx, replaced_id, now=now)
    new, old = booking.get(tx, booking_id), booking.get(tx, replaced_id)
    same = (new.offer.start, new.offer.room_id) == (old.offer.start, old.offer.room_id)
    if same and new.offer.doctor_id == old.offer.doctor_id:
        return
    _tell(tx, new, [(Kind.DOCTOR_CHANGED if same else Kind.MOVED, now, new.offer.start)])


def replanned(tx: Tx, booking_id: str, *, now: datetime) -> None:
    """Another time or place, and the appointment's id stayed: the reminders of the old time are not sent."""
    store.drop_open(tx, booking_id, now=now)
    made = booking.get(tx, booking_id)
    if made.status is Status.BOOKED:
        found = model.planned(made.offer.start, now=now, zone=directory.load(tx).zone)
        reminders = [one for one in found if one[0] is not Kind.CONFIRMED]
        _tell(tx, made, [(Kind.MOVED, now, made.offer.start), *reminders], step=made.version)


def cancelled(tx: Tx, booking_id: str, *, now: datetime) -> None:
    """It does not take place."""
    store.drop_open(tx, booking_id, now=now)
    about = booking.get(tx, booking_id)
    _tell(tx, about, [(Kind.CANCELLED, now, about.offer.start)])


def offered(tx: Tx, waiting_id: str, *, now: datetime) -> None:
    """Freed time is kept for somebody on the waiting list."""
    waiting = holding.waiting_of(tx, waiting_id)
    try:
        kept = holding.offered_to(tx, waiting, now=now)
    except NotAsked:
        return
    step = len(waiting.declined)
    store.add(tx, [Notice(new_id(), Kind.OFFERED, waiting.person_id, waiting_id, now, kept.held_until, step)])


def call_wished(tx: Tx, person_id: str, *, now: datetime) -> None:
    """Somebody wishes to be called: a line of the call list, for whichever assistant comes first."""
    until = now + model.CALL_BACK_WITHIN
    store.add(tx, [Notice(new_id(), Kind.CALL_BACK, person_id, person_id, now, until, channel=Channel.CALL)])


def looked_at(tx: Tx, appointment_id: str, *, now: datetime) -> None:
    """Somebody saw whose appointment this is at an unusual time: its person hears of it, each time anew."""
    about, until, minute = booking.get(tx, appointment_id), now + model.LOOKED_AT_WITHIN, int(now.timestamp() // 60)
    store.add(tx, [Notice(new_id(), Kind.LOOKED_AT, about.person_id, about.id, now, until, minute)])


def happened(tx: Tx, visit_id: str, kind: FactKind, *, now: datetime) -> None:
    """What a fact of a visit has people told: who is called and is not there; who says that she comes later."""
    about = booking.get(tx, visit_id)
    facts = visit.facts_of(tx, visit_id)
    if kind in (FactKind.CALLED, FactKind.RECALLED) and model.is_away(facts, is_home=visit.is_home(tx, about)):
        step, until = model.calls_of(facts), now + model.STILL_OF_USE
        called = Notice(new_id(), Kind.COME_NOW, about.person_id, about.id, now, until, step)
        store.add(tx, [called])
    if kind is FactKind.LATE:
        _keep_place(tx, about, facts, now=now)


def _keep_place(tx: Tx, about: Booking, facts: Collection[Fact], *, now: datetime) -> None:
    minutes = [one.minutes or 0 for one in facts if one.kind is FactKind.LATE][-1]
    until = max(about.offer.start + timedelta(minutes=minutes), now + model.STILL_OF_USE)
    told = Notice(new_id(), Kind.PLACE_KEPT, about.person_id, about.id, now, until, minutes, minutes)
    store.add(tx, [told])


def on_the_way(tx: Tx, *, now: datetime) -> list[Booking]:
    """Whose appointment is near enough to be told of a delay, and of whom something else than the plan is said."""
    known = directory.load(tx)
    today = booking.on_day(tx, known, now.astimezone(known.zone).date())
    near = [one for one in today if one.offer.start <= now + model.DELAY_AHEAD]
    return [one for one in near if queue.said_of(tx, one.id) is not None]


def tell_delay(tx: Tx, desk: Desk, booking_id: str, *, now: datetime) -> None:
    """Tell somebody who is still on the way how late it is, once per threshold; and plan when to say that it is time.

    What is told is what every screen tells (`telemed.queue`), so that it is never earlier than was told before.
    """
    about, said = booking.get(tx, booking_id), queue.said_of(tx, booking_id)
    start, person = about.offer.start, about.person_id
    if said is None or about.status is Status.CANCELLED or start > now + model.DELAY_AHEAD:
        return
    minutes = model.at_least(said.low - start)
    step = model.delay_step(minutes, store.said_minutes(tx, booking_id), desk.rules.delays)
    if step is None or visit.state_of(tx, booking_id) is not VisitState.PLANNED:
        return
    later = start + timedelta(minutes=minutes)
    store.add(tx, [Notice(new_id(), Kind.DELAY, person, about.id, now, later, step, minutes)])
    come_at, until = max(now, later - model.ON_THE_WAY), later + model.STILL_OF_USE
    store.add(tx, [Notice(new_id(), Kind.COME_NOW, person, about.id, come_at, until)])
    store.put_off(tx, about.id, Kind.COME_NOW, due_at=come_at, until=until)


def has_due(tx: Tx, *, now: datetime) -> bool:
    return store.is_due(tx, store.SPREAD, now=now)


def spread_due(tx: Tx, desk: Desk, *, now: datetime) -> int:
    """Give what is due to the channels of whom it is for; how many notices that were.

    At night nothing: it waits for the morning, or is dropped where it would be of no use by then.
    """
    known = directory.load(tx)
    due = store.take_due(tx, store.SPREAD, "spread", now=now, limit=TOGETHER)
    for one in due:
        at = model.awake(_not_yet(tx, one) or now, one.until, desk.rules.night, known.zone)
        if at is None or now >= one.until or is_moot(tx, one):
            store.end(tx, [one.id], Outcome.DROPPED, now=now)
        elif at > now:
            store.again(tx, one.id, next_at=at)
        else:
            _spread(tx, desk, one, now=now)
    return len(due)


def _not_yet(tx: Tx, one: Notice) -> datetime | None:
    """Since it was planned, the start may have moved on by less than a threshold: then she need not come yet."""
    said = queue.said_of(tx, one.subject_id) if one.kind is Kind.COME_NOW and not one.step else None
    return max(said.low - model.ON_THE_WAY, one.due_at) if said else None


def is_moot(tx: Tx, one: Notice) -> bool:
    """Whether nobody needs to hear it any more, as things stand now."""
    if one.kind is Kind.CALL_BACK:
        return False
    if one.kind is Kind.OFFERED:
        waiting = holding.waiting_of(tx, one.subject_id)
        return waiting.state is not WaitState.OFFERED or len(waiting.declined) != one.step
    about = booking.get(tx, one.subject_id)
    if about.status is Status.CANCELLED and one.kind not in (Kind.CANCELLED, Kind.LOOKED_AT):
        return True
    if one.kind in model.REMINDERS and consents.answer_of(tx, one.person_id, Purpose.REMINDERS) is Answer.NO:
        return True
    return model.is_moot(one.kind, one.step, visit.state_of(tx, about.id))


def _spread(tx: Tx, desk: Desk, one: Notice, *, now: datetime) -> None:
    try:
        person = people.details(tx, desk.secrets, one.person_id, actor=SENDER, purpose=PURPOSE, now=now)
    except Erased:
        store.end(tx, [one.id], Outcome.DROPPED, now=now)
        return
    has_push = bool(store.subscribed(tx, one.person_id))
    found = model.channels(one.kind, person, desk.there, has_push=has_push, by_herself=by_herself(tx, one))
    give(tx, desk.secrets, one, found, now=now)
    store.end(tx, [one.id], Outcome.SPREAD, now=now)


def by_herself(tx: Tx, one: Notice) -> bool:
    """Whether it is about her own doing."""
    return one.kind is Kind.CANCELLED and booking.get(tx, one.subject_id).reason is Reason.PATIENT


def give(tx: Tx, secrets: Secrets, one: Notice, to: Collection[Channel], *, now: datetime) -> None:
    """The same notice once for each of these channels. A newer call about a delay takes the older one's place."""
    if Channel.CALL in to and one.kind in (Kind.DELAY, Kind.COME_NOW):
        for line in store.open_calls(tx, now=now):
            if line.subject_id == one.subject_id and line.kind is Kind.DELAY:
                store.end(tx, [line.id], Outcome.DROPPED, now=now)
    copies = [replace(one, id=new_id(), channel=channel, due_at=now, attempts=0) for channel in to]
    store.add(tx, copies, links=[digest(link_token(secrets, each.id)) for each in copies])


def link_token(secrets: Secrets, notice_id: str) -> str:
    """What a notice's link ends with: 128 bit that only who knows the pepper can make; only its hash is kept."""
    return to_base64(secrets.derive("notice link", notice_id)[:16])


@dataclass(frozen=True)
class Opened:
    """What a notice's link leads to: an appointment, or an entry of the waiting list."""

    subject_id: str
    is_waiting: bool


def by_link(tx: Tx, token: str, *, now: datetime) -> Opened:
    """
    Raises:
        NotFound: wrong, foreign, unknown, or over for a day; all are answered alike.
    """
    one = store.by_link(tx, digest(token))
    if one is None:
        raise NotFound
    own_time = one.kind in (Kind.OFFERED, Kind.LOOKED_AT)
    over = one.until if own_time else booking.current(tx, one.subject_id).offer.end
    if now > over + model.LINK_LASTS:
        raise NotFound
    return Opened(one.subject_id, one.kind is Kind.OFFERED)


def person_of(tx: Tx, secrets: Secrets, one: Notice, *, actor: Actor, now: datetime) -> Person | None:
    """Whom a notice is for, audited; None where the data were erased."""
    try:
        return people.details(tx, secrets, one.person_id, actor=actor, purpose=PURPOSE, now=now)
    except Erased:
        return None


def calendar_of(tx: Tx, known: Directory, booking_id: str, *, server: str, link: str, language: str) -> Entry:
    """The newest version of an appointment for a calendar, from when one is asked to be there; moved ones keep the UID
    of the first.

    *server*: makes the UID one of this centre's.

    Raises:
        NotFound: there is no such booking.
    """
    latest = booking.current(tx, booking_id)
    chain = [latest]
    while (before := _moved_from(tx, chain[-1])) is not None:
        chain.append(before)
    room = known.rooms.get(latest.offer.room_id)
    return Entry(
        uid=f"{chain[-1].id}@{server}",
        sequence=sum(one.version for one in chain),
        start=latest.offer.start - latest.extras.come_before,
        end=latest.offer.end,
        place=", ".join(part for part in ((called(room.name, language), room.address) if room else ()) if part),
        link=link,
        changed_at=latest.updated_at,
        is_cancelled=latest.status is Status.CANCELLED,
        language=language,
    )


@dataclass(frozen=True)
class Figures:
    """Of the last day, without a person: *sent* by channel, *told* by telephone, *escalated* to the call list by
    channel, and whom nobody reached; *waiting* calls."""

    sent: dict[Channel, int]
    escalated: dict[Channel, int]
    told: int
    not_reached: int
    waiting: int

    @property
    def undelivered(self) -> int:
        """What no channel could deliver so far."""
        return self.waiting + self.not_reached


def figures(tx: Tx, *, now: datetime) -> Figures:
    """How notices went, for the operator."""
    found = store.counts(tx, since=now - LATELY)

    def by_channel(outcome: Outcome) -> dict[Channel, int]:
        return {channel: found[channel, outcome] for channel in model.AUTOMATIC if (channel, outcome) in found}

    return Figures(
        sent=by_channel(Outcome.SENT),
        escalated=by_channel(Outcome.ESCALATED),
        told=found.get((Channel.CALL, Outcome.TOLD), 0),
        not_reached=found.get((Channel.CALL, Outcome.NOT_REACHED), 0),
        waiting=len(store.open_calls(tx, now=now)),
    )


def forget_person(tx: Tx, person_id: str, *, now: datetime) -> None:
    """Nobody is told anything of theirs any more, and no browser of theirs is kept."""
    store.drop_all_of(tx, person_id, now=now)


def forget_old(tx: Tx, *, now: datetime) -> None:
    store.forget_before(tx, now - model.KEEP)
