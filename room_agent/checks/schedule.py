"""When what disturbs is looked at (pictures, tone, relay), and in which hours somebody is called. Pure."""

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta

from room_agent.day import standing
from schemas.board import RoomState
from schemas.day import DayPlan, Fact
from telemed.web.pages import BERLIN

MORNING = time(6)
HOURS_AHEAD = timedelta(hours=2)
SHORTLY = timedelta(minutes=15)
QUIET = timedelta(minutes=10)
"""So long before a visit nothing sounds any more: people are on their way in."""
PATIENCE = timedelta(hours=1)
"""Who has not come an hour after the planned end does not come."""
_OVER = ("ended", "no-show")


def moments(plan: DayPlan) -> list[datetime]:
    """First thing in the morning, two hours and 15 minutes before each visit; in order."""
    morning = datetime.combine(plan.day, MORNING, tzinfo=BERLIN).astimezone(UTC)
    before = [visit.start - span for visit in plan.visits for span in (HOURS_AHEAD, SHORTLY)]
    return sorted({morning, *before})


def is_due(plan: DayPlan | None, last: datetime | None, now: datetime) -> bool:
    """Whether a moment has come since the *last* look; the first look is always due."""
    if last is None:
        return True
    return plan is not None and any(last < moment <= now for moment in moments(plan))


def is_minded(plan: DayPlan | None, facts: Collection[Fact], now: datetime) -> bool:
    """Whether a visit is on, or comes within two hours: then what is red must be mended."""
    return plan is not None and bool(_open(plan, facts, now, HOURS_AHEAD))


def may_look(plan: DayPlan | None, facts: Collection[Fact], now: datetime) -> bool:
    """Whether cameras, stethoscope and line are free: nobody is called or inside."""
    return plan is None or standing(plan, facts, now).current is None


def may_sound(plan: DayPlan | None, facts: Collection[Fact], now: datetime) -> bool:
    """Whether the room may be filled with a tone: no visit is on or due."""
    if plan is None:
        return True
    free = standing(plan, facts, now).room_state is RoomState.FREE
    return free and not _open(plan, facts, now, QUIET)


def _open(plan: DayPlan, facts: Collection[Fact], now: datetime, ahead: timedelta) -> list[str]:
    """The visits that are on, or not over and near."""
    today = standing(plan, facts, now)
    return [
        each.visit.visit_id
        for each in today.visits
        if each.state.value not in _OVER and each.visit.start - ahead <= now <= each.visit.end + PATIENCE
    ]
