"""What staff see of a day. Pure, and without a name: names are read only when a page is really shown."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from schemas.board import Delay, RoomState
from schemas.checks import CheckReport, CheckResult, Severity
from schemas.day import Fact, FactKind, FactReason, PlannedVisit, Ticket, Word
from telemed.kit.refusal import NotFound
from telemed.queue.model import UNDO, Standing, Why
from telemed.visit.model import MAY_FOLLOW, REASONED, VisitState

SILENT = timedelta(seconds=15)
"""A room beats every 5 s."""
OLD_REPORT = timedelta(seconds=120)
"""A room checks itself every 30 s."""

SILENT_KEY = "desk.light.silent"
AHEAD, PATIENCE = timedelta(hours=2), timedelta(hours=1)
"""So long before a visit its room must be heard, and so long after its end somebody may still come."""

INSIDE = (VisitState.CALLED, VisitState.INSIDE)
WAITING = (VisitState.PLANNED, VisitState.ARRIVED)


@dataclass(frozen=True)
class Light:
    """Whether a room is fit for a visit, and why not. *severity* is the worst of all; *key* says it in words.

    *report* is None when there is none that can be trusted.
    """

    severity: Severity
    key: str
    report: CheckReport | None

    @property
    def is_silent(self) -> bool:
        """The room is not heard, so that what it said is not to be trusted."""
        return self.key == SILENT_KEY

    @property
    def results(self) -> tuple[CheckResult, ...]:
        """Worst first."""
        found = self.report.results if self.report else ()
        return tuple(sorted(found, key=lambda result: _WORST_FIRST.index(result.severity)))


HOME = Light(Severity.OK, "desk.light.home", None)
"""At home there is no room that could be unfit."""

_WORST_FIRST = (Severity.BLOCK, Severity.WARN, Severity.OK)


def light(report: CheckReport | None, heard: datetime | None, now: datetime) -> Light:
    """The light of a room. A room that is not heard is red, whatever it said before (DESIGN D10)."""
    if heard is None or now - heard > SILENT:
        return Light(Severity.BLOCK, SILENT_KEY, report)
    if report is None:
        return Light(Severity.BLOCK, "desk.light.no_report", None)
    if now - report.at > OLD_REPORT:
        return Light(Severity.BLOCK, "desk.light.old_report", report)
    worst = min((result.severity for result in report.results), key=_WORST_FIRST.index, default=Severity.BLOCK)
    return Light(worst, f"desk.light.{worst.value}", report)


@dataclass(frozen=True)
class Alarm:
    """What an assistant must mend: a visit comes or is on. *subject* has a picture and a name; the rest if known."""

    room_id: str
    room_name: str
    subject: str
    text_key: str
    fix_key: str
    since: datetime | None
    device_name: str = ""

    @property
    def id(self) -> str:
        """The same as long as it is the same trouble."""
        return f"{self.room_id} {self.text_key} {self.since.isoformat() if self.since else ''}"


def alarms(room_id: str, room_name: str, shown: Light) -> tuple[Alarm, ...]:
    """What the room itself calls for."""
    return tuple(
        Alarm(room_id, room_name, each.subject, each.text_key, each.fix_key, each.since, each.device_name)
        for each in shown.results
        if each.alarm and not shown.is_silent
    )


def silence(room_id: str, room_name: str, heard: datetime | None) -> Alarm:
    """A room cannot call by itself when it is not heard."""
    return Alarm(room_id, room_name, "line", "alarm.silent", "alarm.silent.fix", heard)


@dataclass(frozen=True)
class Fetch:
    """Somebody was called who is to be fetched: quietly, by wish, or because nobody came. *since*: the last call."""

    room_name: str
    visit_id: str
    ticket: Ticket
    is_quiet: bool
    since: datetime

    @property
    def id(self) -> str:
        """The same as long as it is the same call."""
        return f"fetch {self.visit_id} {self.since.isoformat()}"


@dataclass(frozen=True)
class OwnWord:
    """The doctor's word that stands. *may_undo*: it was given just now."""

    word: Word
    may_undo: bool


def own_word(word: Word | None, now: datetime) -> OwnWord | None:
    return None if word is None else OwnWord(word, now - word.at < UNDO)


def is_needed(standing: Standing, now: datetime) -> bool:
    """Whether a visit is on in the room, or comes soon."""
    return any(
        entry.state in (*WAITING, *INSIDE) and entry.visit.start - AHEAD <= now <= entry.visit.end + PATIENCE
        for entry in standing.visits
    )


NOTED_BY_STAFF = (
    FactKind.ARRIVED,
    FactKind.RECALLED,
    FactKind.NO_SHOW,
    FactKind.LATE,
    FactKind.SKIPPED,
    FactKind.PUT_BACK,
    FactKind.REOPENED,
)
"""What staff note of a visit, beside the call, its end and the cleaning."""
LATE_MINUTES = (10, 20, 30, 45)
"""What is offered for somebody who says to come later."""


@dataclass(frozen=True)
class Row:
    """One visit of today. *arrived* is since when; *expected* when it will begin.

    *place* counts those who wait, from 1, 0 for others; *why* and *reason* say why it is that one.
    """

    visit: PlannedVisit
    state: VisitState
    arrived: datetime | None
    expected: datetime | None
    delay: Delay | None
    place: int = 0
    why: Why = Why.PLANNED
    reason: FactReason | None = None
    late_minutes: int = 0

    @property
    def may(self) -> tuple[FactKind, ...]:
        """What staff may note of it now."""
        return tuple(kind for kind in NOTED_BY_STAFF if self.state in MAY_FOLLOW[kind])

    def reasons(self, kind: FactKind) -> tuple[FactReason, ...]:
        return REASONED.get(kind, ())

    @property
    def is_inside(self) -> bool:
        return self.state in INSIDE

    @property
    def may_arrive(self) -> bool:
        return self.state in (VisitState.PLANNED, VisitState.NO_SHOW)

    @property
    def may_stay_away(self) -> bool:
        return self.state in (*WAITING, VisitState.CALLED)


@dataclass(frozen=True)
class RoomDay:
    """One room's day, as staff see it. *uncleaned* is the visit after which the room must still be wiped, since when it
    is empty, and how long that is planned to take.

    *is_home*: there is no room; the residents join from their own homes.
    """

    room_id: str
    room_name: str
    state: RoomState
    uncleaned: str | None
    light: Light
    rows: tuple[Row, ...]
    is_home: bool = False
    empty_since: datetime | None = None
    cleaning: timedelta = timedelta(0)

    @property
    def current(self) -> Row | None:
        """Who is called or inside."""
        return next((row for row in self.rows if row.is_inside), None)

    @property
    def waiting(self) -> tuple[Row, ...]:
        """Who is here and waits, in order."""
        return tuple(sorted((row for row in self.rows if row.state is VisitState.ARRIVED), key=lambda row: row.place))

    @property
    def to_come(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state is VisitState.PLANNED)

    @property
    def done(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.state in (VisitState.ENDED, VisitState.NO_SHOW))


def find(days: Collection[RoomDay], visit_id: str) -> tuple[RoomDay, Row]:
    """The day and the row of a visit.

    Raises:
        NotFound: it is not in any of these days.
    """
    for day in days:
        for row in day.rows:
            if row.visit.visit_id == visit_id:
                return day, row
    raise NotFound


def agenda(days: Collection[RoomDay]) -> list[tuple[RoomDay, Row]]:
    """Who is still to come, across all rooms: who waits by place, then the others by their start."""
    to_come = [(day, row) for day in days for row in (*day.waiting, *day.to_come)]
    return sorted(to_come, key=lambda each: (each[1].state is VisitState.PLANNED, each[1].place, each[1].visit.start))


def over(days: Collection[RoomDay]) -> list[tuple[RoomDay, Row]]:
    """Who has been here today, or did not come, by start."""
    return sorted(((day, row) for day in days for row in day.done), key=lambda each: each[1].visit.start)


def visit_ids(days: Collection[RoomDay]) -> list[str]:
    return [row.visit.visit_id for day in days for row in day.rows]


def rows(standing: Standing, facts: Collection[Fact], *, doctor_id: str | None = None) -> tuple[Row, ...]:
    """The visits of the day by their start; with *doctor_id* only that doctor's."""
    arrived = {fact.visit_id: fact.at for fact in facts if fact.kind is FactKind.ARRIVED}
    late = {fact.visit_id: fact.minutes or 0 for fact in facts if fact.kind is FactKind.LATE}
    waiting = [entry.visit.visit_id for entry in standing.line if entry.state is VisitState.ARRIVED]
    return tuple(
        Row(
            entry.visit,
            entry.state,
            arrived.get(entry.visit.visit_id),
            entry.expected,
            entry.delay,
            waiting.index(entry.visit.visit_id) + 1 if entry.visit.visit_id in waiting else 0,
            entry.why,
            entry.reason,
            late.get(entry.visit.visit_id, 0),
        )
        for entry in standing.visits
        if doctor_id is None or entry.visit.doctor_id == doctor_id
    )


def call_obstacle(days: Collection[RoomDay]) -> str | None:
    """The catalogue key of why nobody can be called now, or None.

    A red light does not forbid a call: it is said, and the doctor decides.
    """
    callable_in = [day for day in days if day.waiting]
    if not callable_in:
        return "desk.call.nobody"
    if all(day.state is not RoomState.FREE for day in callable_in):
        return "desk.call.room_not_free"
    return None


def version(days: Collection[RoomDay], to_call: int = 0, word: object = None) -> str:
    """Changes when the page would look different; ages are counted in the browser and do not count here, nor does the
    expected start, which is not shown.

    *to_call*: for how many who wait time is kept until somebody calls them. *word*: how the doctor's own word stands.
    """
    seen = [
        (day.room_id, day.state, day.uncleaned, day.light.key, _said(day.light), _without_expected(day)) for day in days
    ]
    return hashlib.sha256(repr((seen, to_call, word)).encode()).hexdigest()[:16]


def _without_expected(day: RoomDay) -> tuple[Row, ...]:
    return tuple(replace(row, expected=None) for row in day.rows)


def _said(shown: Light) -> tuple[tuple[str, str | None, str], ...]:
    return tuple((result.text_key, result.device_id, result.severity.value) for result in shown.results)
