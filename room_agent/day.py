"""Plan and facts make what is to be seen: the board, the kiosk's screen, the visit that a ticket means. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from room_agent.gate import OnScreen
from room_agent.help import State, What
from schemas.board import Board, Call, RoomState
from schemas.checks import CheckResult
from schemas.day import DayPlan, Fact, FactKind, FactReason, PlannedVisit, Ticket, Word
from schemas.measurement import MeasurementKind
from schemas.visit import KioskScreen, Show, ToConfirm
from telemed.queue import model as queue
from telemed.queue.model import (
    MAY_FOLLOW,
    NOBODY_COMES,
    REASONED,
    Said,
    Standing,
    VisitState,
    Why,
    board_rows,
    called_at,
    delay_reason,
)
from telemed.web.pages import BERLIN

FAREWELL = timedelta(seconds=20)
"""How long the kiosk says goodbye before it says that the room is being cleaned."""

_NOTED = (
    *(FactKind.ARRIVED, FactKind.CALLED, FactKind.RECALLED, FactKind.ENDED, FactKind.NO_SHOW),
    *(FactKind.LATE, FactKind.SKIPPED, FactKind.PUT_BACK, FactKind.REOPENED),
)
"""What an assistant notes of a visit, beside the cleaning, in the order in which it is offered."""
LATE_MINUTES = (10, 20, 30, 45)
"""What is offered for somebody who says to come later."""


@dataclass(frozen=True)
class Task:
    """What the resident is asked to do: which device to *take*, and whether that sleeps or pumps already.

    *still*: an ECG is being recorded, and nobody is asked anything.
    """

    measuring: MeasurementKind | None = None
    take: str = ""
    asleep: bool = False
    inflating: bool = False
    still: bool = False


@dataclass(frozen=True)
class Seen:
    """How the agent itself stands: *centre_heard* on the room's clock, *seq* of the next board, *checks* not well."""

    now: datetime
    centre_heard: datetime | None
    line_ok: bool
    simulated: bool
    seq: int = 0
    task: Task = Task()
    to_confirm: ToConfirm | None = None
    sheet_offered: bool = False
    tone_test: bool = False
    listening: bool = False
    gate: OnScreen = field(default_factory=OnScreen)
    distrust: bool = False
    checks: tuple[CheckResult, ...] = ()
    help: State = ""
    help_what: What = ""


def civil_day(moment: datetime) -> date:
    """The day on the wall calendar of the room."""
    return moment.astimezone(BERLIN).date()


def standing(plan: DayPlan, facts: Collection[Fact], now: datetime, told: Mapping[str, Said] | None = None) -> Standing:
    """How the day stands, with the starts; a plan of an earlier day has no visits left."""
    return queue.standing(_of_today(plan, now), facts, now, told)


def present(plan: DayPlan, facts: Collection[Fact], now: datetime) -> Standing:
    """The same without the starts: who is where."""
    return queue.present(_of_today(plan, now), facts)


def _of_today(plan: DayPlan, now: datetime) -> DayPlan:
    return plan.model_copy(update={"visits": ()}) if plan.day < civil_day(now) else plan


def still_told(told: Mapping[str, Said], before: Collection[Word], words: Collection[Word]) -> dict[str, Said]:
    """What was told, without what followed a word that was withdrawn since. *before*: the words by then."""
    known = {word.word_id for word in words}
    gone = min((word.at for word in before if word.word_id not in known), default=None)
    return {visit_id: said for visit_id, said in told.items() if gone is None or said.at < gone}


@dataclass(frozen=True)
class Step:
    """One visit of the day as an assistant sees it in the room, and what she may note of it now.

    *place* counts those who wait, from 1; *why* and *reason* say why it is that one.
    """

    visit: PlannedVisit
    state: str
    may: tuple[FactKind, ...]
    place: int = 0
    why: Why = Why.PLANNED
    reason: FactReason | None = None

    def reasons(self, kind: FactKind) -> tuple[FactReason, ...]:
        return REASONED.get(kind, ())

    def allows(self, kind: FactKind, reason: FactReason | None, minutes: int | None) -> bool:
        """Whether this may be noted now, with this reason. Not coming needs none; who comes later says by how much."""
        if (kind is FactKind.LATE) is (minutes is None):
            return False
        asked = self.reasons(kind)
        fits = reason in asked or (reason is None and (not asked or kind is FactKind.NO_SHOW))
        return kind in self.may and fits


def steps(plan: DayPlan, facts: Collection[Fact], now: datetime) -> tuple[Step, ...]:
    """Every visit of today. Somebody is called only into a free room, and the room is cleaned after each."""
    today = present(plan, facts, now)
    free = today.room_state is RoomState.FREE
    waiting = [entry.visit.visit_id for entry in today.line if entry.state is VisitState.ARRIVED]
    found = []
    for entry in today.visits:
        may = tuple(
            kind for kind in _NOTED if entry.state in MAY_FOLLOW[kind] and (kind is not FactKind.CALLED or free)
        )
        if entry.visit == today.uncleaned:
            may = (FactKind.CLEANED, *may)
        place = waiting.index(entry.visit.visit_id) + 1 if entry.visit.visit_id in waiting else 0
        found.append(Step(entry.visit, entry.state.value, may, place, entry.why, entry.reason))
    return tuple(found)


@dataclass(frozen=True)
class Fetch:
    """Somebody was called who is to be fetched: quietly, by wish, or because nobody came. *since*: the last call."""

    ticket: Ticket
    is_quiet: bool
    since: datetime


def to_fetch(plan: DayPlan, facts: Collection[Fact], now: datetime) -> tuple[Fetch, ...]:
    """At most one, as one is called at a time."""
    today = present(plan, facts, now)
    visit = today.current
    call = called_at(facts, visit.visit_id) if visit else None
    if visit is None or call is None or today.room_state is not RoomState.CALLED:
        return ()
    if not visit.quiet and now - call.at < NOBODY_COMES:
        return ()
    return (Fetch(visit.ticket, visit.quiet, call.at),)


def board(plan: DayPlan, facts: Collection[Fact], seen: Seen, today: Standing | None = None) -> Board:
    """What the monitors may know. *today*: how the day stands, if that is known already."""
    today = today or standing(plan, facts, seen.now)
    rows, more = board_rows(today)
    return Board(
        room_id=plan.room_id,
        room_name=plan.room_name,
        seq=seen.seq,
        as_of=seen.now,
        centre_heard=seen.centre_heard,
        clock_offset_s=plan.clock_offset_s,
        exercise=plan.exercise,
        simulated=seen.simulated,
        room_state=today.room_state,
        help_phone=plan.help_phone,
        rows=rows,
        more=more,
        reason=delay_reason(plan, facts, today, seen.now),
        calls=_calls(today, facts),
        languages=_languages(today),
        way=plan.way,
        room_names=plan.room_names,
        opens=plan.opens,
        closes=plan.closes,
    )


def _calls(today: Standing, facts: Collection[Fact]) -> tuple[Call, ...]:
    """Who is to come in. Once more called is a new call; who wished for quiet is in none."""
    found = []
    for entry in today.line:
        call = called_at(facts, entry.visit.visit_id)
        if entry.state is VisitState.CALLED and call is not None and not entry.visit.quiet:
            visit = entry.visit
            found.append(Call(call_id=call.fact_id, ticket=visit.ticket, language=visit.language, at=call.at))
    return tuple(found)


def _languages(today: Standing) -> tuple[str, ...]:
    """Those of everybody who waits or is called, and of nobody who wished for quiet."""
    here = (VisitState.ARRIVED, VisitState.CALLED)
    spoken = {entry.visit.language for entry in today.line if entry.state in here and not entry.visit.quiet}
    return tuple(sorted(spoken - {"de"}))


def show(plan: DayPlan | None, facts: Collection[Fact], seen: Seen) -> Show:
    """What the kiosk shows; without a plan a welcome without a name."""
    if plan is None:
        return _before_the_first_plan(seen)
    today = present(plan, facts, seen.now)
    screen = _screen(today, facts, seen)
    visit = today.current if screen is KioskScreen.CALL else None
    task = seen.task if visit else Task()
    gate = seen.gate if visit else OnScreen()
    quiet = task.still or seen.listening
    return Show(
        screen=screen,
        room_name=plan.room_name,
        visit_id=visit.visit_id if visit else None,
        doctor_name=visit.doctor_name if visit else "",
        called=visit.ticket if visit and today.room_state is RoomState.CALLED and not visit.quiet else None,
        measuring=task.measuring,
        take=task.take,
        asleep=task.asleep,
        inflating=task.inflating,
        to_confirm=seen.to_confirm if visit and not quiet else None,
        sheet_offered=seen.sheet_offered and screen is KioskScreen.FAREWELL,
        line_ok=seen.line_ok,
        simulated=seen.simulated,
        exercise=plan.exercise,
        clock_offset_s=plan.clock_offset_s,
        help_phone=plan.help_phone,
        tone_test=seen.tone_test,
        checks=seen.checks,
        auscultation=seen.listening and visit is not None,
        to_allow=None if quiet else gate.to_allow,
        allowed=gate.allowed,
        introduced=gate.introduced,
        paused=gate.paused,
        emergency=gate.emergency,
        helped=gate.helped,
        address=plan.room_address,
        floor=plan.room_floor,
        distrust=seen.distrust and visit is not None,
        sending=gate.sending,
        language=visit.language if visit else "",
        help=seen.help,
        help_what=seen.help_what,
    )


def _before_the_first_plan(seen: Seen) -> Show:
    return Show(
        screen=KioskScreen.WELCOME,
        room_name="",
        line_ok=seen.line_ok,
        simulated=seen.simulated,
        help=seen.help,
        help_what=seen.help_what,
    )


def _screen(today: Standing, facts: Collection[Fact], seen: Seen) -> KioskScreen:
    """Goodbye lasts as long as there is something to take along."""
    match today.room_state:
        case RoomState.CALLED | RoomState.OCCUPIED:
            return KioskScreen.CALL
        case RoomState.CLEANING:
            ended = today.uncleaned and _ended_at(facts, today.uncleaned.visit_id)
            goodbye = ended and (seen.sheet_offered or seen.now - ended < FAREWELL)
            return KioskScreen.FAREWELL if goodbye else KioskScreen.CLEANING
        case _:
            return KioskScreen.WELCOME


def _ended_at(facts: Collection[Fact], visit_id: str) -> datetime | None:
    return max((f.at for f in facts if f.visit_id == visit_id and f.kind is FactKind.ENDED), default=None)


def visit_of(plan: DayPlan, ticket: Ticket, facts: Collection[Fact], now: datetime) -> PlannedVisit | None:
    """The visit that a person with *ticket* has come for, today and not yet over."""
    visits = present(plan, facts, now).visits
    mine = (entry for entry in visits if entry.visit.ticket == ticket and entry.state is not VisitState.ENDED)
    return next((entry.visit for entry in mine), None)


def is_here(plan: DayPlan, facts: Collection[Fact], visit_id: str) -> bool:
    """Whether this arrival is known; who came after a no-show has come."""
    away = (VisitState.PLANNED, VisitState.NO_SHOW)
    return any(
        entry.visit.visit_id == visit_id and entry.state not in away for entry in queue.present(plan, facts).visits
    )
