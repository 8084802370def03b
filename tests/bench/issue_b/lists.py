"""The search over `intervals`: the same questions and the same rules as the planner's, so the same offers."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice

from telemed.booking.ground import Group, Place, Plan, roster, rules
from telemed.booking.planner import TICK, Offer, Taken, Window, Wish, moment_of, tick_after, tick_of, ticks_in
from telemed.directory.model import Directory
from tests.bench.issue_b.intervals import Diary, Spans, intersected, overlapping


class Lists:
    """Who and what is free when, over one window. *stretch*: so many ticks are looked at together."""

    def __init__(
        self, directory: Directory, window: Window, busy: Mapping[str, int], *, diary: type[Diary], stretch: int
    ) -> None:
        self.directory, self.window, self.stretch = directory, window, stretch
        opened = rules(directory, window).opened
        self.diaries = {
            actor.id: diary(opened(actor), busy.get(actor.id, 0), actor, window)
            for kind in (directory.doctors, directory.assistants, directory.rooms, directory.devices)
            for actor in kind.values()
        }
        self._aligned: dict[int, list[int]] = {}

    def claim(self, takes: Iterable[Taken]) -> None:
        """These ticks are taken from now on."""
        for actor_id, first, last in takes:
            self.diaries[actor_id].claim(first - self.window.first, last - self.window.first)

    def free_up(self, takes: Iterable[Taken]) -> None:
        """These ticks are not taken any more."""
        for actor_id, first, last in takes:
            self.diaries[actor_id].free_up(first - self.window.first, last - self.window.first)

    def aligned(self, minutes: int) -> list[int]:
        """The ticks that are multiples of *minutes* on the wall."""
        if minutes not in self._aligned:
            zone, window = self.directory.zone, self.window
            walls = ((tick, moment_of(window.first + tick).astimezone(zone)) for tick in range(window.ticks))
            self._aligned[minutes] = [tick for tick, wall in walls if wall.minute % minutes == 0]
        return self._aligned[minutes]


def offers(known: Lists, wish: Wish, *, now: datetime, limit: int = 20) -> list[Offer]:
    """The first *limit* offers, as `telemed.booking.search.offers` gives them."""
    plan = roster(known.directory).plan(wish.what)
    if plan is None:
        return []
    begin = max(tick_after(max(wish.earliest, now + TICK)) - known.window.first, 0)
    end = tick_of(wish.latest) - ticks_in(plan.service.length) + 1 - known.window.first
    aligned, ranks = known.aligned(wish.align_minutes), Ranks(known)
    found: list[Offer] = []
    for low in range(begin, end, known.stretch):
        found += Stretch(known, plan, low, min(low + known.stretch, end)).offers(aligned, ranks, limit - len(found))
        if len(found) == limit:
            break
    return found


class Ranks(dict[Group, list[str]]):
    """The members of each group, those with least work first."""

    def __init__(self, known: Lists) -> None:
        self._diaries = known.diaries

    def __missing__(self, group: Group) -> list[str]:
        ranked = self[group] = sorted(group.ids, key=lambda one: (self._diaries[one].load, one))
        return ranked


class Stretch:
    """One search between two ticks."""

    def __init__(self, known: Lists, plan: Plan, low: int, high: int) -> None:
        self._known, self._plan, self._low, self._high = known, plan, low, high
        self._of: dict[tuple[str, int], Spans] = {}
        self._doctors: Spans | None = None

    def offers(self, aligned: list[int], ranks: Ranks, limit: int) -> list[Offer]:
        at: list[tuple[int, int]] = []
        for number, place in enumerate(self._plan.places):
            for first, last in self._common(place):
                low, high = bisect_left(aligned, first), bisect_left(aligned, last)
                at += [(tick, number) for tick in aligned[low:high]]
        return [self._offer(tick, self._plan.places[number], ranks) for tick, number in sorted(at)[:limit]]

    def _common(self, place: Place) -> Spans:
        """When everything that a visit there needs can begin; the few are looked at before the many."""
        room = self._starts(place.room.id, self._plan.doctors.ticks)
        found = intersected(room, [(self._low, self._high)])
        for group in (*place.devices, *([place.assistants] if place.assistants else [])):
            if not found:
                return found
            found = intersected(found, self._any(group))
        if found and self._doctors is None:
            self._doctors = self._any(self._plan.doctors)
        return intersected(found, self._doctors) if found and self._doctors else []

    def _any(self, group: Group) -> Spans:
        return overlapping([self._starts(one, group.ticks) for one in group.ids], group.count)

    def _starts(self, actor_id: str, ticks: int) -> Spans:
        key = actor_id, ticks
        if key not in self._of:
            self._of[key] = self._known.diaries[actor_id].starts(ticks, self._low, self._high)
        return self._of[key]

    def _offer(self, tick: int, place: Place, ranks: Ranks) -> Offer:
        service = self._plan.service
        start = moment_of(self._known.window.first + tick)
        doctor = next(self._able(self._plan.doctors, tick, ranks))
        assistant = next(self._able(place.assistants, tick, ranks)) if place.assistants else ""
        devices = [one for group in place.devices for one in islice(self._able(group, tick, ranks), group.count)]
        return Offer(service.id, start, start + service.length, doctor, place.room.id, assistant, tuple(devices))

    def _able(self, group: Group, tick: int, ranks: Ranks) -> Iterator[str]:
        """Who can begin then, those with least work first."""
        for one in ranks[group]:
            starts = self._starts(one, group.ticks)
            at = bisect_left(starts, (tick + 1,)) - 1
            if at >= 0 and starts[at][1] > tick:
                yield one
