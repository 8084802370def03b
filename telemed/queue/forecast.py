"""When those who wait will begin: an interval for each, from the plan, what has happened and what was learnt.

Pure, and the same in the centre and in a room without a line: the same input gives the same answer, to the second.
The rest of the day is played `PATHS` times with lengths, arrivals, no-shows and pauses as they were on earlier days
(`telemed.queue.history`), stratified and with the same numbers of chance each time. How far such intervals were from
the truth on earlier days is a part of what was learnt, and stretches them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import exp, inf, log, sqrt
from random import Random

from schemas.day import DayPlan, Fact
from telemed.queue.order import Place
from telemed.queue.saying import Start
from telemed.queue.spreads import PATHS, Known
from telemed.queue.today import Case, Stage, Today, read

LOW, HIGH = 0.1, 0.9
_AHEAD = 6
"""So many of those next in order are looked at when somebody is to be called; the rest come later anyhow."""
_COLUMNS = 211
_OWN = 5
"""Columns of chance per visit: length, arrival, coming at all, pause before it, cleaning after it."""
_CLIP = 2.0
"""One visit says no more about a doctor's day than this many standard deviations."""


@dataclass(frozen=True)
class Raw:
    """Before what was learnt of earlier intervals is applied; minutes from now. *lead*: until the planned start."""

    low: float
    median: float
    high: float
    lead: float


def starts(
    plan: DayPlan, line: Sequence[Place], facts: Mapping[str, Sequence[Fact]], now: datetime
) -> dict[str, Start]:
    """For each visit of *plan* that is not called, when it will begin if the person comes: with 80 % in the range.

    *line*: who goes in before whom. *facts*: by visit.
    """
    known = Known(plan.learnt)
    raw = played(read(plan, line, facts, now), known)
    return {visit_id: _moments(now, *calibrated(each, known)) for visit_id, each in raw.items()}


def played(today: Today, known: Known) -> dict[str, Raw]:
    """The same as it comes out of the play, for `telemed.queue.history` to hold against what happened."""
    waiting = [case for case in today.cases if case.stage in (Stage.PLANNED, Stage.HERE)]
    if not waiting:
        return {}
    found = _Play(today, known).run(sorted(waiting, key=lambda case: case.turn))
    own = (case for case in waiting if case.own)
    return {case.visit_id: _raw(sorted(found[case.column]), case) for case in own if found[case.column]}


def scales(raw: Raw) -> tuple[float, float]:
    """What counts as one step below and above the median, in minutes; never less than one."""
    return max(1.0, raw.median - raw.low), max(1.0, raw.high - raw.median)


def calibrated(raw: Raw, known: Known) -> tuple[float, float, float]:
    """Low, median and high in minutes from now, stretched as earlier days showed it to be needed."""
    below, above = scales(raw)
    low, median, high = (raw.median + step * (above if step > 0 else below) for step in known.calibration(raw.lead))
    return max(0.0, low), max(0.0, median), max(0.0, high)


def _moments(now: datetime, low: float, median: float, high: float) -> Start:
    return Start(*(now + timedelta(seconds=round(60 * minutes)) for minutes in (low, median, high)))


def _raw(ranked: list[float], case: Case) -> Raw:
    last = len(ranked) - 1
    low, median, high = (ranked[round(share * last)] for share in (LOW, 0.5, HIGH))
    return Raw(low, median, high, case.start)


@lru_cache(maxsize=1)
def _columns() -> tuple[tuple[int, ...], ...]:
    """Chance, the same for ever: every column has each stratum once, in an order of its own."""
    chance = Random(20261126)
    return tuple(tuple(chance.sample(range(PATHS), PATHS)) for _ in range(_COLUMNS))


def _column(number: int) -> tuple[int, ...]:
    return _columns()[number % _COLUMNS]


@lru_cache(maxsize=1)
def _normal() -> tuple[float, ...]:
    """The middle of each stratum of a standard normal (sum of logistic form, good to 0.01 within ±2.5)."""
    return tuple(log((k + 0.5) / (PATHS - k - 0.5)) / 1.702 for k in range(PATHS))


def longer_than(levels: list[float], elapsed: float) -> list[float]:
    """*levels* (ranked, one for each stratum) of a quantity that is known to exceed *elapsed* already."""
    rest = [level for level in levels if level > elapsed]
    if len(rest) < PATHS // 40:
        return [elapsed + (0.3 * elapsed + 2) * -log(1 - (k + 0.5) / PATHS) for k in range(PATHS)]
    return [rest[k * len(rest) // PATHS] for k in range(PATHS)]


class _Play:
    """The rest of one day, many times at once: lists over the paths for every doctor, room and visit."""

    def __init__(self, today: Today, known: Known) -> None:
        self.today, self.known = today, known
        self.paces = {doctor: self._paces(place) for place, doctor in enumerate(today.doctors)}
        self.room_free: dict[str, list[float]] = {room: [-inf] * PATHS for room in today.rooms}
        self.doctor_free: dict[str, list[float]] = {}
        self.ready_to_call: dict[str, bool] = {}
        """Whether the time until the next call is in `doctor_free` already."""
        self._rooms()
        for place, doctor in enumerate(today.doctors):
            self._doctor(doctor, _column(3 + 7 * place))

    def _paces(self, place: int) -> list[float]:
        """How fast this doctor is today, as a factor for each path, from those whom she has seen."""
        doctor = self.today.doctors[place]
        tau, sigma = self.known.pace
        done = [case for case in self.today.cases if case.doctor == doctor and case.minutes_taken]
        seen = []
        for case in done:
            usual = self.known.length_centre(case.service, doctor)
            seen.append(log(case.minutes_taken / case.length) - usual)
        seen = [max(-_CLIP * sigma, min(_CLIP * sigma, each)) for each in seen]
        weight = tau * tau / (tau * tau + sigma * sigma / len(seen)) if seen else 0.0
        centre = weight * sum(seen) / len(seen) if seen else 0.0
        spread = tau * sqrt(1 - weight)
        normal, column = _normal(), _column(5 + 11 * place)
        return [exp(centre + spread * normal[k]) for k in column]

    def _lengths(self, case: Case) -> list[float]:
        """Ranked, without the doctor's pace."""
        return [case.length * each for each in self.known.length(case.service, case.doctor)]

    def _cleaning(self) -> list[float]:
        return [self.today.cleaning * each for each in self.known.cleaning]

    def _rooms(self) -> None:
        """When each room, and a doctor who is busy in it, will be free."""
        for case in self.today.cases:
            free, column = self.room_free[case.room], _column(_OWN * case.column + 4)
            if case.used is not None:
                rest = longer_than(self._cleaning(), -case.used)
                for path, k in enumerate(column):
                    free[path] = max(free[path], case.used + rest[k])
            elif case.cleaned is not None:
                free[:] = [max(before, case.cleaned) for before in free]
            if case.stage is Stage.CALLED and case.called is not None:
                busy = self.doctor_free.setdefault(case.doctor, [-inf] * PATHS)
                self.ready_to_call[case.doctor] = False
                cleaning = self._cleaning()
                for path, end in enumerate(self._ends(case, case.called)):
                    busy[path] = max(busy[path], end)
                    free[path] = max(free[path], end + cleaning[column[path]])

    def _ends(self, case: Case, called: float) -> list[float]:
        """When a visit that goes on will end; that it goes on still is known."""
        paces, column = self.paces[case.doctor], _column(_OWN * case.column)
        middle = sorted(paces)[PATHS // 2]
        lengths = longer_than([each * middle for each in self._lengths(case)], -called)
        return [max(0.0, called + lengths[k]) for k in column]

    def _doctor(self, doctor: str, column: tuple[int, ...]) -> None:
        """When a doctor who is not busy can call: she has not begun, or pauses, or somebody is ready for her."""
        today = self.today
        if doctor not in self.doctor_free:
            last = today.last_ended(doctor)
            if last is None:
                self._not_begun(doctor, column)
            else:
                self._idle(doctor, last, column)
        away = today.away.get(doctor)
        if away is not None:
            said = self.known.pause(away.minutes)
            rest = longer_than(said, -away.since)
            free = self.doctor_free[doctor]
            self.doctor_free[doctor] = [max(free[path], away.since + rest[k]) for path, k in enumerate(column)]

    def _not_begun(self, doctor: str, column: tuple[int, ...]) -> None:
        """She comes as late as on other days; that she is not here yet is known only if somebody waits for her."""
        opens = self.today.opens(doctor)
        waited = any(case.doctor == doctor and case.stage is Stage.HERE for case in self.today.cases)
        late = longer_than(self.known.opening(doctor), -opens if waited else -inf)
        self.doctor_free[doctor] = [opens + late[k] for k in column]
        self.ready_to_call[doctor] = waited or opens > 0

    def _idle(self, doctor: str, last: float, column: tuple[int, ...]) -> None:
        """She has time; if somebody is ready and is not called, something keeps her, and the longer the longer."""
        here = [case for case in self.today.cases if case.doctor == doctor and case.stage is Stage.HERE]
        ready = [max(case.arrived or 0.0, last, *self.room_free[case.room]) for case in here]
        since = min(ready, default=1.0)
        self.ready_to_call[doctor] = since <= 0
        if since <= 0:
            gaps = longer_than(self.known.gap, -since)
            self.doctor_free[doctor] = [since + gaps[k] for k in column]
        else:
            self.doctor_free[doctor] = [last] * PATHS

    def _arrivals(self, case: Case) -> list[float]:
        """When the person will be here, for each path; `inf` where she does not come at all."""
        if case.arrived is not None:
            return [case.arrived] * PATHS
        column, coming = _column(_OWN * case.column + 1), _column(_OWN * case.column + 2)
        expected = case.start + case.says_late
        offsets = self.known.said_late if case.says_late else self.known.arrival
        still = [each for each in offsets if expected + each > 0]
        share = len(still) / PATHS
        missing = 0.0 if case.says_late else self.known.no_show
        missing = missing / (missing + (1 - missing) * share) if missing else 0.0
        rest = longer_than(offsets, -expected)
        limit = PATHS * (1 - min(missing, 0.95))
        return [expected + rest[k] if coming[path] < limit else inf for path, k in enumerate(column)]

    def run(self, queue: list[Case]) -> dict[int, list[float]]:
        """Call one after the other, as the rules of the room have it; the starts of each by its column."""
        rooms, doctors = self.today.rooms, self.today.doctors
        cleaning, gaps = self._cleaning(), self.known.gap
        rows = []
        for case in queue:
            arrivals, paces, lengths = self._arrivals(case), self.paces[case.doctor], self._lengths(case)
            length, gap, clean = (_column(_OWN * case.column + offset) for offset in (0, 3, 4))
            rows.append(
                (
                    arrivals,
                    [lengths[k] * pace for k, pace in zip(length, paces, strict=True)],
                    [gaps[k] for k in gap],
                    [cleaning[k] for k in clean],
                    doctors.index(case.doctor),
                    rooms.index(case.room),
                )
            )
        starts: list[list[float]] = [[] for _ in queue]
        busy = [self.doctor_free[doctor] for doctor in doctors]
        used = [self.room_free[room] for room in rooms]
        told = [self.ready_to_call[doctor] for doctor in doctors]
        for path in range(PATHS):
            _call_all(path, rows, [each[path] for each in busy], [each[path] for each in used], list(told), starts)
        return {case.column: found for case, found in zip(queue, starts, strict=True)}


_Row = tuple[list[float], list[float], list[float], list[float], int, int]


def _call_all(
    path: int,
    rows: list[_Row],
    doctor_free: list[float],
    room_free: list[float],
    ready_to_call: list[bool],
    starts: list[list[float]],
) -> None:
    """One path: whoever can be called first is, and of several the first in order."""
    todo = [number for number, row in enumerate(rows) if row[0][path] < inf]
    while todo:
        soonest = max(min(doctor_free), min(room_free))
        best, chosen = inf, 0
        for place, number in enumerate(todo):
            if place == _AHEAD:
                break
            row = rows[number]
            at = row[0][path]
            free = doctor_free[row[4]]
            at = max(at, free)
            free = room_free[row[5]]
            at = max(at, free)
            if at < best:
                best, chosen = at, place
                if at <= soonest:
                    break
        number = todo.pop(chosen)
        _, lengths, gaps, cleanings, doctor, room = rows[number]
        begins = best if ready_to_call[doctor] else best + gaps[path]
        ready_to_call[doctor] = False
        begins = max(begins, 0.0)
        starts[number].append(begins)
        ends = begins + lengths[path]
        doctor_free[doctor] = ends
        room_free[room] = ends + cleanings[path]
