"""The resident's own appointment as it stands: stage, place in line, start, and what she may do; no name."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.board import Delay, DelayReason
from schemas.day import FactKind
from telemed.booking import holding
from telemed.booking import service as booking
from telemed.booking.model import Booking, NotAsked, Reason, Status, Waiting
from telemed.desk.outlook import Outlook, outlook
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import Actor
from telemed.kit.clock import Clock
from telemed.kit.db import Tx
from telemed.link.service import Lines
from telemed.queue import service as queue
from telemed.queue.model import VisitStanding, delay_reason
from telemed.visit import service as visit
from telemed.visit.model import VisitState


class Stage(StrEnum):
    """How it stands, as the resident hears it; the value ends the catalogue key ``status.…``."""

    BOOKED = "booked"
    TODAY = "today"
    HERE = "here"
    NEXT = "next"
    CALLED = "called"
    INSIDE = "inside"
    ENDED = "ended"
    MISSED = "missed"
    OVER = "over"
    CANCELLED = "cancelled"


_STAGES = {
    VisitState.PLANNED: Stage.TODAY,
    VisitState.ARRIVED: Stage.HERE,
    VisitState.CALLED: Stage.CALLED,
    VisitState.INSIDE: Stage.INSIDE,
    VisitState.ENDED: Stage.ENDED,
    VisitState.NO_SHOW: Stage.MISSED,
}
_STARTS = (Stage.TODAY, Stage.HERE, Stage.NEXT)
"""Stages in which the start is still to come."""


@dataclass(frozen=True)
class Own:
    """The own appointment. *before* counts those who come earlier: who waits, or, while she is not here, all today.

    *waiting*: she waits for something earlier; *is_asked*: a time is kept for her answer. *is_home*: she joins from
    where she is. *late_minutes*: by how much she said to come later.
    """

    booking: Booking
    stage: Stage
    before: int = 0
    delay: Delay | None = None
    reason: DelayReason | None = None
    outlook: Outlook | None = None
    late_minutes: int = 0
    waiting: Waiting | None = None
    is_asked: bool = False
    is_home: bool = False

    @property
    def comes_at(self) -> datetime | None:
        """When she was asked to come, where that is earlier than usual; None once she is there."""
        ahead = self.booking.extras.come_before if self.stage in (Stage.BOOKED, Stage.TODAY) else None
        return self.booking.offer.start - ahead if ahead else None

    @property
    def by_herself(self) -> bool:
        """It was cancelled as she wished, and not by us."""
        return self.stage is Stage.CANCELLED and self.booking.reason is Reason.PATIENT

    @property
    def may_be_ready(self) -> bool:
        """At home she says so herself; in a room the kiosk or the assistant does."""
        return self.is_home and self.stage in (Stage.TODAY, Stage.MISSED)

    @property
    def may_join(self) -> bool:
        """At home: whoever is ready may try camera and sound, and wait there."""
        return self.is_home and self.stage in (Stage.HERE, Stage.NEXT, Stage.CALLED, Stage.INSIDE)

    @property
    def may_change(self) -> bool:
        """Whether she may still cancel, move, or wait for something earlier."""
        return self.stage in (Stage.BOOKED, Stage.TODAY)

    @property
    def may_be_late(self) -> bool:
        """Whether she may say that she comes later."""
        return self.stage is Stage.TODAY and not self.is_home

    @property
    def is_unknown(self) -> bool:
        """Whether the start should be said and cannot, because nothing was heard of the room for too long."""
        return self.stage in _STARTS and self.outlook is None

    @property
    def goes_on(self) -> bool:
        """Whether something may still change."""
        return self.stage not in (Stage.ENDED, Stage.OVER, Stage.CANCELLED)

    @property
    def shape(self) -> str:
        """What of the page around the standing depends on it; another shape needs another page."""
        return f"{self.booking.id} {self.may_change:d}{self.may_be_late:d}{self.goes_on:d}{self.waiting is None:d}"


@dataclass
class Look:
    """One look at the day, at one moment, for any number of appointments: each room's day is made once."""

    tx: Tx
    clock: Clock
    now: datetime
    lines: Lines | None = None
    known: Directory = field(init=False)
    _found: dict[str, Booking] = field(default_factory=dict)
    _days: dict[tuple[str, str], queue.Day] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.known = directory.load(self.tx)

    def ahead(self, subjects: Collection[str]) -> None:
        """These will be looked at: find them together."""
        self._found |= booking.all_current(self.tx, subjects)

    def found(self, subject: str) -> Booking:
        """The booking of a session, or what took its place.

        Raises:
            NotFound: there is none.
        """
        return self._found.get(subject) or booking.current(self.tx, subject)

    def day(self, found: Booking) -> queue.Day:
        """The day of the room of *found*; at home, of its doctor."""
        offer = found.offer
        key = offer.room_id, "" if self.is_claimed(found) else offer.doctor_id
        if key not in self._days:
            self._days[key] = queue.day(
                self.tx, offer.room_id, now=self.now, clock=self.clock, doctor_id=offer.doctor_id
            )
        return self._days[key]

    def room(self, found: Booking) -> tuple[str, str]:
        """Name and address of its room, for people."""
        room = self.known.rooms.get(found.offer.room_id)
        return (room.name, room.address) if room else ("", "")

    def is_claimed(self, found: Booking) -> bool:
        room = self.known.rooms.get(found.offer.room_id)
        return room is None or room.is_claimed

    def heard(self, found: Booking) -> datetime:
        """When the room was last heard; now, where nobody can say, and at home, where there is none to be heard."""
        heard = self.lines.heard(found.offer.room_id) if self.lines and self.is_claimed(found) else None
        return self.now if heard is None else heard


def own_of(look: Look, actor: Actor, *, way: timedelta = timedelta(0)) -> Own:
    """The appointment of the session, also where it was moved since; *way*: how long she needs to the room.

    Raises:
        NotFound: there is none.
    """
    found, now = look.found(actor.subject), look.now
    if found.status is Status.CANCELLED:
        return Own(found, Stage.CANCELLED)
    day, today = (moment.astimezone(look.known.zone).date() for moment in (found.offer.start, now))
    if day < today:
        return Own(found, Stage.OVER)
    own = Own(found, Stage.BOOKED) if day > today else _of_today(look, found, way)
    own = replace(own, is_home=not look.is_claimed(found))
    return _with_waiting(look.tx, own, now=now) if own.may_change else own


def before_the_visit(look: Look, actor: Actor) -> Own:
    """As `own_of`, for who asks what may still be changed: while she is only expected, nobody plays the day through.

    Raises:
        NotFound: there is none.
    """
    found, now = look.found(actor.subject), look.now
    is_ahead = found.status is not Status.CANCELLED and found.offer.end > now
    day, today = (moment.astimezone(look.known.zone).date() for moment in (found.offer.start, now))
    if not is_ahead or day < today or visit.state_of(look.tx, found.id) is not VisitState.PLANNED:
        return own_of(look, actor)
    own = Own(found, Stage.BOOKED if day > today else Stage.TODAY, is_home=not look.is_claimed(found))
    return _with_waiting(look.tx, own, now=now)


def _with_waiting(tx: Tx, own: Own, *, now: datetime) -> Own:
    waiting = holding.waiting_before(tx, own.booking.id)
    if waiting is None or waiting.wish.latest <= now:
        return own
    try:
        holding.offered_to(tx, waiting, now=now)
    except NotAsked:
        return replace(own, waiting=waiting)
    return replace(own, waiting=waiting, is_asked=True)


def _of_today(look: Look, found: Booking, way: timedelta) -> Own:
    """How one of today's visits stands among the others of its room, which come in order."""
    day, now = look.day(found), look.now
    visits = day.standing.visits
    entry = next(entry for entry in visits if entry.visit.visit_id == found.id)
    stage = _STAGES[entry.state]
    before = _before(day.standing.line, entry)
    if stage is Stage.HERE and before == 0:
        stage = Stage.NEXT
    if stage is Stage.TODAY and found.offer.end <= now and entry.delay is None:
        return Own(found, Stage.OVER)
    late = [fact for fact in day.facts if fact.visit_id == found.id and fact.kind is FactKind.LATE]
    minutes = max(late, key=lambda fact: (fact.at, fact.fact_id)).minutes if late else 0
    said = _outlook(look, found, entry, way) if stage in _STARTS else None
    reason = delay_reason(day.plan, day.facts, day.standing, now) if entry.delay is not None else None
    return Own(found, stage, before, entry.delay, reason, said, minutes or 0)


def _before(line: tuple[VisitStanding, ...], entry: VisitStanding) -> int:
    """Who comes earlier: of those who are here, and, as long as she is not here herself, of those still expected."""
    ahead = line[: line.index(entry)] if entry in line else ()
    return sum(other.state is VisitState.ARRIVED or entry.state is not VisitState.ARRIVED for other in ahead)


def _outlook(look: Look, found: Booking, entry: VisitStanding, way: timedelta) -> Outlook | None:
    """What is told of it, which is steadier than what is expected."""
    planned, told = found.offer.start, entry.said or entry.start
    low, high = (told.low, told.high) if told is not None else (planned, planned)
    asked = planned - found.extras.come_before if found.extras.come_before else None
    return outlook(low, high, planned=planned, now=look.now, way=way, as_of=look.heard(found), asked=asked)
