"""What is red for how long, when the assistant is called for it, and when a device counts as blocked. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from room_agent.naming import in_plan, subject_kind
from schemas.checks import BlockedDevice, CheckResult, Severity
from schemas.day import DayPlan, PlannedDevice

ALARM_AFTER_S = 5.0
"""A link that breaks and comes back at once calls nobody."""
BLOCK_AFTER_S = 120.0
"""So long the assistant has to mend it, before the centre plans without it."""

CLOCK_SET = timedelta(hours=12)
"""A clock that went so far in no time was set; an exercise that is moved forward goes in smaller steps."""

Key = tuple[str, str | None, Severity]


@dataclass(frozen=True)
class Moment:
    """The same moment twice: *at* on the room's clock, which may jump, *mono_s* on one that does not."""

    at: datetime
    mono_s: float


def _on_the_clock_of(now: Moment, then: Moment) -> Moment:
    """*then*, by its age if the room's clock was set in between, as at the first word of an exercise's centre."""
    age = timedelta(seconds=now.mono_s - then.mono_s)
    was_set = abs(now.at - then.at - age) > CLOCK_SET
    return Moment(now.at - age, then.mono_s) if was_set else then


@dataclass(frozen=True)
class Watch:
    """Since when each subject has been as it is."""

    since: Mapping[Key, Moment] = field(default_factory=dict)

    def seen(self, results: Iterable[CheckResult], now: Moment) -> "Watch":
        """What is as before has its old moment; what is mended has none any more."""
        keys = {_key(each) for each in results}
        return Watch({key: _on_the_clock_of(now, self.since.get(key, now)) for key in keys})

    def stamped(self, results: Iterable[CheckResult], now: Moment, *, minded: bool) -> tuple[CheckResult, ...]:
        """With since when, and whether the assistant is called; *minded*: a visit is on or comes."""
        return tuple(
            each.model_copy(
                update={
                    "since": self.since[_key(each)].at,
                    "alarm": minded and each.severity is Severity.BLOCK and self._lasts(each, now) >= ALARM_AFTER_S,
                }
            )
            for each in results
        )

    def _lasts(self, each: CheckResult, now: Moment) -> float:
        return now.mono_s - self.since[_key(each)].mono_s

    def next_s(self, now: Moment, block_after_s: float) -> float | None:
        """In how many seconds something red becomes an alarm or a block; None if nothing does."""
        reds = [
            now.mono_s - moment.mono_s for (_, _, severity), moment in self.since.items() if severity is Severity.BLOCK
        ]
        ahead = [limit - red for red in reds for limit in (ALARM_AFTER_S, block_after_s) if red < limit]
        return min(ahead, default=None)

    def blocked(
        self,
        before: Iterable[BlockedDevice],
        results: Iterable[CheckResult],
        now: Moment,
        room: "Blocking",
    ) -> tuple[BlockedDevice, ...]:
        """Whatever was red for too long while a visit comes. A red one stays blocked, a mended one is free."""
        about = [(each, planned(each, room.plan)) for each in results]
        red = {device.device_id: (each, device) for each, device in about if device and each.severity is Severity.BLOCK}
        well = {device.device_id for each, device in about if device and _is_well(each)} - red.keys()
        here = {device.device_id for device in room.plan.devices} if room.plan else set()
        found = {one.device_id: one for one in before if one.device_id in here - well}
        for device_id, (each, device) in red.items():
            if device_id not in found and room.minded and self._lasts(each, now) >= room.after_s:
                since = self.since[_key(each)].at
                found[device_id] = BlockedDevice(device_id=device_id, kind=device.kind, code=each.code, since=since)
        return tuple(sorted(found.values(), key=lambda device: device.device_id))


def _is_well(each: CheckResult) -> bool:
    """It can be used, as far as this says; whether one can that connects still or is silent for long is not known."""
    return each.severity is not Severity.BLOCK and each.code not in ("connecting", "long-unheard")


@dataclass(frozen=True)
class Blocking:
    """*after_s*: how long a device may be red. *minded*: whether a visit is on or comes."""

    plan: DayPlan | None
    minded: bool
    after_s: float = BLOCK_AFTER_S


def _key(each: CheckResult) -> Key:
    return each.subject, each.device_id, each.severity


def planned(each: CheckResult, plan: DayPlan | None) -> PlannedDevice | None:
    """The device of the centre's directory that a result is about. An inspection is the centre's own matter."""
    return in_plan(subject_kind(each), each.device_id, plan)
