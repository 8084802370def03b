"""The same search on plain Python lists of intervals, without integers as bit masks: what it is measured against.

`Free` is what one would write at once: of each resource the sorted free times are kept, hours and claims already taken
off; a search cuts them by length and buffers, merges and intersects. `Trimmed` is what one would come to after an
afternoon with a profiler: the buffers are off too, and the weeks are looked at one by one until there is enough.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Protocol

from telemed.booking.planner import Window, runs, ticks_in
from telemed.directory.model import Actor

Span = tuple[int, int]
"""Ticks of the window, from the first (included) to the last (excluded)."""
Spans = list[Span]


def subtract(spans: Spans, first: int, last: int) -> None:
    """Take *first* to *last* out of sorted *spans*."""
    low = bisect_right(spans, first, key=lambda span: span[1])
    high = bisect_left(spans, last, key=lambda span: span[0])
    touched = spans[low:high]
    if touched:
        ends = ((touched[0][0], first), (last, touched[-1][1]))
        spans[low:high] = [span for span in ends if span[0] < span[1]]


def add(spans: Spans, first: int, last: int) -> None:
    """Put *first* to *last* into sorted *spans*."""
    low = bisect_left(spans, first, key=lambda span: span[1])
    high = bisect_right(spans, last, key=lambda span: span[0])
    touched = spans[low:high]
    if touched:
        first, last = min(first, touched[0][0]), max(last, touched[-1][1])
    spans[low:high] = [(first, last)]


def intersected(one: Spans, other: Spans) -> Spans:
    """What lies in both: two pointers."""
    found, at, beside = [], 0, 0
    while at < len(one) and beside < len(other):
        (first, last), (begin, end) = one[at], other[beside]
        low, high = max(first, begin), min(last, end)
        if low < high:
            found.append((low, high))
        if last < end:
            at += 1
        else:
            beside += 1
    return found


def merged(lists: Iterable[Spans]) -> Spans:
    """What lies in any of them."""
    found: Spans = []
    end = -1
    for first, last in sorted(span for spans in lists for span in spans):
        if first > end:
            found.append((first, last))
            end = last
        elif last > end:
            found[-1] = (found[-1][0], last)
            end = last
    return found


def overlapping(lists: list[Spans], count: int) -> Spans:
    """What lies in *count* of them or more: a sweep over begins and ends."""
    if count == 1:
        return merged(lists)
    edges = sorted([(a, -1) for spans in lists for a, _ in spans] + [(b, 1) for spans in lists for _, b in spans])
    found, depth, begun = [], 0, 0
    for at, change in edges:
        depth -= change
        if change < 0 and depth == count:
            begun = at
        elif change > 0 and depth == count - 1 and begun < at:
            found.append((begun, at))
    return found


class Diary(Protocol):
    """The free time of one resource. *load*: how many ticks are claimed."""

    load: int

    def __init__(self, opened: int, busy: int, actor: Actor, window: Window) -> None: ...

    def claim(self, first: int, last: int) -> None:
        """These ticks, which were free, are taken from now on."""

    def free_up(self, first: int, last: int) -> None:
        """These ticks, which were taken, are not any more."""

    def starts(self, ticks: int, low: int, high: int) -> Spans:
        """From when to when something of *ticks* can begin; all that lies between *low* and *high*, perhaps more."""


class Free:
    """Kept: when it is open and unclaimed, and when it is unclaimed at all, which is where buffers may lie."""

    def __init__(self, opened: int, busy: int, actor: Actor, window: Window) -> None:
        self._before, self._after = ticks_in(actor.buffers.before), ticks_in(actor.buffers.after)
        self._open = list(runs(opened))
        self._unclaimed = list(runs(window.all & ~busy))
        self._free = intersected(self._open, self._unclaimed)
        self.load = busy.bit_count()

    def claim(self, first: int, last: int) -> None:
        self.load += last - first
        subtract(self._unclaimed, first, last)
        subtract(self._free, first, last)

    def free_up(self, first: int, last: int) -> None:
        self.load -= last - first
        add(self._unclaimed, first, last)
        for begin, end in intersected(self._open, [(first, last)]):
            add(self._free, begin, end)

    def starts(self, ticks: int, low: int, high: int) -> Spans:
        visits = _cut(self._free, 0, ticks, 0, low, high)
        if not self._before and not self._after:
            return visits
        return intersected(visits, _cut(self._unclaimed, self._before, ticks, self._after, low, high))


class Trimmed:
    """Kept: the spans in which a visit may lie, with the buffers off."""

    def __init__(self, opened: int, busy: int, actor: Actor, window: Window) -> None:
        self._before, self._after = ticks_in(actor.buffers.before), ticks_in(actor.buffers.after)
        self._open = intersected(list(runs(opened)), [(self._before, window.ticks - self._after)])
        self._taken: Spans = []
        self._spans = list(self._open)
        self.load = 0
        for first, last in runs(busy):
            self.claim(first, last)

    def claim(self, first: int, last: int) -> None:
        self.load += last - first
        add(self._taken, first, last)
        subtract(self._spans, first - self._after, last + self._before)

    def free_up(self, first: int, last: int) -> None:
        self.load -= last - first
        subtract(self._taken, first, last)
        low, high = first - self._after, last + self._before
        for begin, end in intersected(self._open, [(low, high)]):
            add(self._spans, begin, end)
        for begin, end in intersected(self._taken, [(low - self._before, high + self._after)]):
            subtract(self._spans, begin - self._after, end + self._before)

    def starts(self, ticks: int, low: int, high: int) -> Spans:
        return _cut(self._spans, 0, ticks, 0, low, high)


def _cut(spans: Spans, before: int, ticks: int, after: int, low: int, high: int) -> Spans:
    """From when to when something can begin that needs *before*, *ticks* and *after* within one of *spans*."""
    first = max(bisect_left(spans, (low,)) - 1, 0)
    last = bisect_left(spans, (high + before,))
    off, needed = after + ticks - 1, before + ticks + after
    return [(a + before, b - off) for a, b in spans[first:last] if b - a >= needed]
