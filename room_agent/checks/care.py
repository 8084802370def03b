"""May the devices still be used, and is the room wiped down? From the centre's plan and the day's facts. Pure."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from room_agent.checks.result import result
from room_agent.day import civil_day, standing
from schemas.checks import CheckResult
from schemas.day import DayPlan, Fact, FactKind, PlannedDevice

SOON = timedelta(days=14)
"""So long before, somebody can still come and inspect it."""


def of_inspections(devices: Iterable[PlannedDevice], today: date) -> tuple[CheckResult, ...]:
    """One result for each device that has an inspection; its last day counts."""
    dated = [(device, device.usable_until) for device in devices]
    return tuple(
        result("inspection", _inspection(until, today), device.device_id)
        for device, until in dated
        if until is not None
    )


def _inspection(until: date, today: date) -> str:
    if today > until:
        return "over"
    return "soon" if until - today <= SOON else "ok"


def of_hygiene(plan: DayPlan, facts: Collection[Fact], now: datetime) -> CheckResult:
    """Wiped down since the last visit: due at once, overdue when the time planned for it is up."""
    uncleaned = standing(plan, facts, now).uncleaned
    if uncleaned is None:
        return result("hygiene", "ok")
    ended = (fact.at for fact in facts if fact.visit_id == uncleaned.visit_id and fact.kind is FactKind.ENDED)
    late = now - max(ended, default=now) > timedelta(minutes=plan.cleaning_minutes)
    return result("hygiene", "overdue" if late else "due")


def of_plan(plan: DayPlan | None, facts: Collection[Fact], now: datetime) -> tuple[CheckResult, ...]:
    """Both; nothing before the first plan."""
    if plan is None:
        return ()
    return (of_hygiene(plan, facts, now), *of_inspections(plan.devices, civil_day(now)))
