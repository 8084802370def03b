"""Plan and facts make what is to be seen: the board, the kiosk's screen, the visit that a ticket means. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from room_agent.gate import OnScreen
from schemas.board import Board, RoomState
from schemas.checks import CheckResult
from schemas.day import DayPlan, Fact, FactKind, PlannedVisit, Ticket
from schemas.measurement import MeasurementKind
from schemas.visit import KioskScreen, Show, ToConfirm
from telemed.queue.model import Standing, board_rows
from telemed.queue.model import standing as forecast
from telemed.web.pages import BERLIN

FAREWELL = timedelta(seconds=20)
"""How long the kiosk says goodbye before it says that the room is being cleaned."""

_NEXT: dict[str, tuple[FactKind, ...]] = {
    "planned": (FactKind.ARRIVED, FactKind.NO_SHOW),
    "arrived": (FactKind.CALLED, FactKind.NO_SHOW),
    "called": (FactKind.ENDED, FactKind.NO_SHOW),
    "inside": (FactKind.ENDED,),
    "no-show": (FactKind.ARRIVED,),
}
"""What may happen next to a visit, by its state (`telemed.visit.model.VisitState`)."""

_HERE_ALREADY = frozenset({FactKind.ARRIVED, FactKind.CALLED, FactKind.ENTERED})


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


def civil_day(moment: datetime) -> date:
    """The day on the wall calendar of the room."""
    return moment.astimezone(BERLIN).date()


def standing(plan: DayPlan, facts: Collection[Fact], now: datetime) -> Standing:
    """How the day stands; a plan of an earlier day has no visits left."""
    if plan.day < civil_day(now):
        plan = plan.model_copy(update={"visits": ()})
    return forecast(plan, facts, now)


@dataclass(frozen=True)
class Step:
    """One visit of the day as an assistant sees it in the room, and what she may note of it now."""

    visit: PlannedVisit
    state: str
    may: tuple[FactKind, ...]


def steps(plan: DayPlan, facts: Collection[Fact], now: datetime) -> tuple[Step, ...]:
    """Every visit of today. Somebody is called only into a free room, and the room is cleaned after each."""
    today = standing(plan, facts, now)
    free = today.room_state is RoomState.FREE
    found = []
    for entry in today.visits:
        may = tuple(kind for kind in _NEXT.get(entry.state, ()) if kind is not FactKind.CALLED or free)
        if entry.visit == today.uncleaned:
            may = (FactKind.CLEANED,)
        found.append(Step(entry.visit, entry.state.value, may))
    return tuple(found)


def board(plan: DayPlan, facts: Collection[Fact], seen: Seen) -> Board:
    """What the monitors may know."""
    today = standing(plan, facts, seen.now)
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
    )


def show(plan: DayPlan | None, facts: Collection[Fact], seen: Seen) -> Show:
    """What the kiosk shows; without a plan a welcome without a name."""
    if plan is None:
        return Show(screen=KioskScreen.WELCOME, room_name="", line_ok=seen.line_ok, simulated=seen.simulated)
    today = standing(plan, facts, seen.now)
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
    over = {fact.visit_id for fact in facts if fact.kind is FactKind.ENDED}
    visits = plan.visits if plan.day >= civil_day(now) else ()
    return next((visit for visit in visits if visit.ticket == ticket and visit.visit_id not in over), None)


def is_here(facts: Collection[Fact], visit_id: str) -> bool:
    """Whether this arrival is known; who came after a no-show has come."""
    mine = [fact for fact in facts if fact.visit_id == visit_id]
    came = max((fact.at for fact in mine if fact.kind in _HERE_ALREADY), default=None)
    missed = max((fact.at for fact in mine if fact.kind is FactKind.NO_SHOW), default=None)
    return came is not None and (missed is None or came > missed)
