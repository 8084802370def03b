"""What finished days teach the forecast: counts in classes, which forget with age and contain no person. Pure.

Each day adds to histograms (lengths by service and doctor, arrivals, pauses, cleaning) and makes what was there before
weigh less, so that what drifts is learnt anew. Each day is also forecast once more as it went on, with what was known
on its morning; how far that was from the truth stretches later intervals (split conformal prediction, weighted by age:
Barber and others, Annals of Statistics 51, 2023; here on the deviation in steps of the raw interval).
"""

import json
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from math import exp, log, sqrt

from schemas.day import DayPlan, Fact, FactKind, Learnt, Spread
from telemed.queue.forecast import played, scales
from telemed.queue.order import order
from telemed.queue.spreads import LEADS, PRIOR, Known, lead_class, levels, spread
from telemed.queue.today import Case, Today, by_visit, minutes, read

HALF_LIFE_DAYS = 25.0
"""A day counts half after so many days with visits."""
SCORES_HALF_LIFE_DAYS = 25.0
STEPS = 41
"""Quantiles of a spread."""
ASKED_BEFORE = timedelta(minutes=15)
EVERY = 2
"""Every second visit of a day is a moment at which the day is forecast once more."""

_WIDTH = {"noise": 0.05, "cleaning": 0.05, "pause-said": 0.1, "gap": 0.25, "score": 0.1}
"""Width of a class; 1 minute elsewhere."""
_PSEUDO = {
    "noise": 20.0,
    "arrival": 10.0,
    "said-late": 8.0,
    "opening": 6.0,
    "gap": 10.0,
    "cleaning": 8.0,
    "score": 15.0,
}
"""How many observations what is believed beforehand counts as; 5 elsewhere."""
_SCORED_BEFORE = 2.0
"""So many days what is believed of the intervals beforehand counts as: those of one day are wrong together."""
_SCORES = (-2.4, -1.6, -1.1, -0.85, -0.6, -0.45, -0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 3.0)
_NOISE = tuple(log(each) for each in PRIOR["length"])
_CLIP = 2.0
_SHRINK = {"service": 6.0, "doctor": 12.0, "both": 15.0}
"""Visits after which half of a deviation from the rest is believed."""


@dataclass
class Tally:
    """All that is kept: *days* seen, *counts* by key and class, *sums* by key. It is written as JSON."""

    days: int = 0
    counts: dict[str, dict[int, float]] = field(default_factory=dict)
    sums: dict[str, list[float]] = field(default_factory=dict)

    def to_json(self) -> str:
        counts = {key: {str(each): round(n, 4) for each, n in of.items()} for key, of in self.counts.items()}
        sums = {key: [round(each, 4) for each in of] for key, of in self.sums.items()}
        return json.dumps({"days": self.days, "counts": counts, "sums": sums}, sort_keys=True)

    @staticmethod
    def from_json(text: str) -> "Tally":
        known = json.loads(text)
        counts = {key: {int(each): n for each, n in of.items()} for key, of in known["counts"].items()}
        return Tally(known["days"], counts, known["sums"])

    def forget(self) -> None:
        """One more day: what was before weighs less; classes that weigh nothing go."""
        for key, of in self.counts.items():
            keep = 0.5 ** (1 / (SCORES_HALF_LIFE_DAYS if key.startswith("score") else HALF_LIFE_DAYS))
            self.counts[key] = {each: n * keep for each, n in of.items() if n * keep > 0.005}
        keep = 0.5 ** (1 / HALF_LIFE_DAYS)
        self.sums = {key: [each * keep for each in of] for key, of in self.sums.items()}
        self.days += 1

    def count(self, key: str, value: float) -> None:
        of = self.counts.setdefault(key, {})
        each = round(value / _width(key))
        of[each] = of.get(each, 0.0) + 1

    def add(self, key: str, *values: float) -> None:
        of = self.sums.setdefault(key, [0.0] * len(values))
        self.sums[key] = [before + value for before, value in zip(of, values, strict=True)]

    def sum(self, key: str, size: int = 2) -> list[float]:
        return self.sums.get(key, [0.0] * size)


def _width(key: str) -> float:
    return _WIDTH.get(key.partition("|")[0], 1.0)


@dataclass(frozen=True)
class RoomDay:
    """A room's finished day: the plan as it was in the end, and its facts."""

    plan: DayPlan
    facts: tuple[Fact, ...]

    def at(self, now: datetime) -> Today:
        facts = by_visit(self.plan, self.facts)
        return read(self.plan, order(self.plan.visits, facts), facts, now)


def learn(tally: Tally, rooms: Sequence[RoomDay], *, morning: Learnt | None) -> None:
    """Add one finished day of all rooms to *tally*; *morning*: what was known before it."""
    if not any(day.facts for day in rooms):
        return
    evening = max(fact.at for day in rooms for fact in day.facts) + timedelta(minutes=1)
    cases = [case for day in rooms for case in day.at(evening).cases if case.own]
    tally.forget()
    _lengths(tally, [case for case in cases if case.minutes_taken])
    for case in cases:
        _arrival(tally, case)
        if case.cleaned is not None and case.ended is not None and case.cleaned > case.ended:
            planned = next(day.plan.cleaning_minutes for day in rooms if day.plan.room_id == case.room)
            tally.count("cleaning", min(4.0, (case.cleaned - case.ended) / max(1, planned)))
    away = _pauses(tally, rooms, cases, evening)
    for doctor in {case.doctor for case in cases}:
        _gaps(tally, [case for case in cases if case.doctor == doctor], cases, away.get(doctor, []))
    if morning is None:
        return
    tally.add("scored", 1.0)
    known = Known(morning)
    for day in rooms:
        for key, score in scores(day, morning):
            tally.count(f"score|{key}", max(-12.0, min(12.0, score)))
            low, _, high = known.values(f"calibration|{key}", "calibration|", prior="calibration")
            tally.add("covered", 1.0 if low <= score <= high else 0.0, 1.0)


def _lengths(tally: Tally, done: list[Case]) -> None:
    """Where lengths lie by service and doctor; what a day does to a doctor; and what is left of one visit."""
    said = {case.visit_id: log(case.minutes_taken / case.length) for case in done}
    for case in done:
        value = max(-_CLIP, min(_CLIP, said[case.visit_id]))
        for key in {f"mean|{case.service}|{case.doctor}", f"mean|{case.service}|", f"mean||{case.doctor}", "mean||"}:
            tally.add(key, 1.0, value)
    for doctor in sorted({case.doctor for case in done}):
        mine = [case for case in done if case.doctor == doctor]
        rest = [said[case.visit_id] - location(tally, case.service, doctor) for case in mine]
        rest = [max(-_CLIP, min(_CLIP, each)) for each in rest]
        mean = sum(rest) / len(rest)
        tally.add("pace", 1.0, mean * mean, 1 / len(rest))
        tally.add("within", max(0.0, len(rest) - 1.0), sum((each - mean) ** 2 for each in rest))
        tau, sigma = pace(tally)
        shift = mean * tau * tau / (tau * tau + sigma * sigma / len(rest))
        for case, each in zip(mine, rest, strict=True):
            tally.count("noise|", each - shift)
            tally.count(f"noise|{case.service}", each - shift)


def location(tally: Tally, service: str, doctor: str) -> float:
    """The mean logarithm of actual over planned length; where little was seen, more like the others."""
    n, total = tally.sum("mean||")
    base = total / (n + 3)

    def deviation(key: str, centre: float, doubt: float) -> float:
        seen, value = tally.sum(key)
        return (value - seen * centre) / (seen + doubt)

    of_service = deviation(f"mean|{service}|", base, _SHRINK["service"]) if service else 0.0
    of_doctor = deviation(f"mean||{doctor}", base, _SHRINK["doctor"]) if doctor else 0.0
    both = base + of_service + of_doctor
    return both + (deviation(f"mean|{service}|{doctor}", both, _SHRINK["both"]) if service and doctor else 0.0)


def pace(tally: Tally) -> tuple[float, float]:
    """σ of a doctor's day and of one visit (method of moments, with something believed beforehand)."""
    tau, sigma = PRIOR["pace"]
    freedom, squares = tally.sum("within")
    variance = (squares + 20 * sigma * sigma) / (freedom + 20)
    days, means, inverse = tally.sum("pace", 3)
    between = (means - inverse * variance + 4 * tau * tau) / (days + 4)
    return sqrt(max(0.02**2, between)), sqrt(variance)


def _arrival(tally: Tally, case: Case) -> None:
    if case.walk_in:
        return
    came = case.arrived is not None
    tally.add("no-show", 1.0, 0.0 if came else 1.0)
    if case.arrived is not None:
        key, expected = ("said-late", case.start + case.says_late) if case.says_late else ("arrival", case.start)
        tally.count(key, max(-90.0, min(120.0, case.arrived - expected)))


def _pauses(
    tally: Tally, rooms: Sequence[RoomDay], cases: list[Case], evening: datetime
) -> dict[str, list[tuple[float, float]]]:
    """How long doctors were away who said so: until they said that they are back, or called somebody."""
    words = {word.word_id: word for day in rooms for word in day.plan.words if not word.withdrawn}
    away: dict[str, list[tuple[float, float]]] = {}
    for word in words.values():
        since = minutes(evening, word.at)
        if word.kind == "back":
            continue
        back = [minutes(evening, each.at) for each in words.values() if each.doctor_id == word.doctor_id]
        called = [case.called for case in cases if case.doctor == word.doctor_id and case.called is not None]
        until = min((at for at in (*back, *called) if at > since), default=None)
        if until is None:
            continue
        away.setdefault(word.doctor_id, []).append((since, until))
        if word.minutes:
            tally.count("pause-said", min(6.0, (until - since) / word.minutes))
        else:
            tally.count("pause", min(240.0, until - since))
    return away


def _gaps(tally: Tally, mine: list[Case], everybody: list[Case], away: list[tuple[float, float]]) -> None:
    """How late a doctor began, and how long it took her to call somebody for whom all was ready."""
    called = sorted((case for case in mine if case.called is not None), key=lambda case: case.called or 0.0)
    opens = min(case.start for case in mine)
    for place, case in enumerate(called):
        at = case.called or 0.0
        before = called[place - 1].ended if place else None
        if place == 0:
            late = at - opens
            if case.arrived is not None and (case.arrived <= opens + 2 or at - case.arrived > 3):
                tally.count("opening|", max(-30.0, min(120.0, late)))
                tally.count(f"opening|{case.doctor}", max(-30.0, min(120.0, late)))
            continue
        waiting = [other for other in called[place:] if other.arrived is not None]
        ready = min((_ready(other, at, before, everybody) for other in waiting), default=None)
        if ready is not None and not any(since <= at and until >= ready for since, until in away):
            tally.count("gap", max(0.0, min(120.0, at - ready)))


def _ready(case: Case, at: float, doctor_free: float | None, everybody: list[Case]) -> float:
    """From when on *case* could have been called at *at*: doctor and room free, person here."""
    earlier = (other for other in everybody if other.room == case.room and (other.called or 0.0) < at)
    room = max((other.cleaned if other.cleaned is not None else other.ended or at for other in earlier), default=-1e9)
    return max(case.arrived or -1e9, doctor_free if doctor_free is not None else -1e9, room)


def scores(day: RoomDay, morning: Learnt) -> Iterable[tuple[int, float]]:
    """The day as it went on, forecast once more: class of lead, and by how many steps the truth was off the median."""
    called = {fact.visit_id: fact.at for fact in day.facts if fact.kind is FactKind.CALLED}
    known = Known(morning)
    planned = sorted(visit.start for visit in day.plan.visits if not visit.walk_in)
    for start in planned[day.plan.day.toordinal() % EVERY :: EVERY]:
        now = start - ASKED_BEFORE
        for visit_id, raw in played(as_it_was(day, now).at(now), known).items():
            if visit_id in called:
                off = minutes(now, called[visit_id]) - raw.median
                below, above = scales(raw)
                yield lead_class(raw.lead), off / (above if off > 0 else below)


def as_it_was(day: RoomDay, now: datetime) -> RoomDay:
    """What the room knew at *now*."""
    facts = tuple(fact for fact in day.facts if fact.at <= now)
    came = {fact.visit_id for fact in facts}
    elsewhere = (
        other.model_copy(update={"facts": tuple(fact for fact in other.facts if fact.at <= now)})
        for other in day.plan.elsewhere
    )
    known = {
        "visits": tuple(v for v in day.plan.visits if not v.walk_in or v.visit_id in came),
        "words": tuple(word for word in day.plan.words if word.at <= now),
        "elsewhere": tuple(elsewhere),
    }
    return RoomDay(day.plan.model_copy(update=known), facts)


def learnt(tally: Tally, *, as_of: datetime, doctors: Collection[str] | None = None) -> Learnt | None:
    """All that the forecast takes from *tally*; None before the first day. *doctors*: only of these, if given."""
    if not tally.days:
        return None
    spreads = [*_length_spreads(tally, doctors)]
    for key in ("arrival", "said-late", "gap", "cleaning", "pause-said", "pause"):
        spreads.append(spread(key, quantiles(tally, key, PRIOR[key]), _weight(tally, key)))
    everyone = quantiles(tally, "opening|", PRIOR["opening"])
    for key in sorted(key for key in tally.counts if key.startswith("opening|")):
        doctor = key.split("|")[1]
        if not doctor or doctors is None or doctor in doctors:
            prior = everyone if doctor else PRIOR["opening"]
            spreads.append(spread(key, quantiles(tally, key, prior), _weight(tally, key)))
    came, missed = tally.sum("no-show")
    spreads.append(spread("no-show", [(missed + 1) / (came + 10)], came))
    spreads.append(spread("pace", pace(tally), tally.sum("pace", 3)[0]))
    spreads += _calibration(tally)
    return Learnt(as_of=as_of, days=tally.days, spreads=tuple(spreads))


def _length_spreads(tally: Tally, doctors: Collection[str] | None) -> Iterable[Spread]:
    everybody = quantiles(tally, "noise|", _NOISE)
    for key in sorted(key for key in tally.sums if key.startswith("mean|")):
        _, service, doctor = key.split("|")
        if doctor and doctors is not None and doctor not in doctors:
            continue
        noise = quantiles(tally, f"noise|{service}", everybody, doubt=60) if service else everybody
        centre = location(tally, service, doctor)
        yield spread(f"length|{service}|{doctor}", [exp(centre + each) for each in noise], tally.sum(key)[0])


def _calibration(tally: Tally) -> Iterable[Spread]:
    overall: dict[int, float] = {}
    classes = [str(cls) for cls in range(len(LEADS) + 1)]
    for cls in classes:
        for each, n in tally.counts.get(f"score|{cls}", {}).items():
            overall[each] = overall.get(each, 0.0) + n
    pooled = Tally(counts={"score|": overall})
    days = max(1.0, tally.sum("scored", 1)[0])
    doubt = {cls: 5 + _SCORED_BEFORE / days * _weight(tally, f"score|{cls}") for cls in classes}
    everything = quantiles(pooled, "score|", _SCORES, doubt=sum(doubt.values()))
    for cls in ("", *classes):
        of = quantiles(tally, f"score|{cls}", everything, doubt=doubt[cls]) if cls else everything
        low, middle, high = (levels(of, 1000)[round(999 * share)] for share in (0.1, 0.5, 0.9))
        yield spread(f"calibration|{cls}", (low, middle, high), _weight(tally if cls else pooled, f"score|{cls}"))


def _weight(tally: Tally, key: str) -> float:
    return sum(tally.counts.get(key, {}).values())


def quantiles(tally: Tally, key: str, prior: Sequence[float], *, doubt: float | None = None) -> list[float]:
    """`STEPS` quantiles of what was counted under *key*, with *prior* counting as some observations more."""
    pseudo = doubt if doubt is not None else _PSEUDO.get(key.partition("|")[0], 5.0)
    width = _width(key)
    weighed = [(each * width, n) for each, n in tally.counts.get(key, {}).items()]
    weighed += [(value, pseudo / len(prior)) for value in prior]
    weighed.sort()
    ends = list(accumulate(n for _, n in weighed))
    middles = [end - n / 2 for end, (_, n) in zip(ends, weighed, strict=True)]
    found = []
    for step in range(STEPS):
        at = (step + 0.5) / STEPS * ends[-1]
        place = min(max(bisect_left(middles, at), 1), len(weighed) - 1)
        (low, _), (high, _) = weighed[place - 1], weighed[place]
        share = (at - middles[place - 1]) / (middles[place] - middles[place - 1])
        found.append(low + min(1.0, max(0.0, share)) * (high - low))
    return found
