"""How long people waited of late, who did not come, how often help was called. Nobody is in it. Pure.

What rests on fewer than `FEWEST_SHOWN` is not told, as it could point at somebody; and no figure is told by member of
staff (wish G10).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles

from schemas.day import Fact, FactKind, FactReason
from telemed.help.model import HelpCall
from telemed.operator.model import FEWEST_SHOWN

LOOKED_AT = timedelta(days=28)
ON_TIME = timedelta(minutes=5)
"""Who is called so long after the time that was planned was still called on time."""


@dataclass(frozen=True)
class Course:
    """One visit that was planned: *start* as planned, and what happened; *language*: in which the person is called."""

    room_id: str
    start: datetime
    facts: tuple[Fact, ...]
    language: str = "de"

    def first(self, kind: FactKind) -> datetime | None:
        return min((fact.at for fact in self.facts if fact.kind is kind), default=None)

    @property
    def came(self) -> bool:
        return self.first(FactKind.CALLED) is not None

    @property
    def stayed_away(self) -> bool:
        return not self.came and self.first(FactKind.NO_SHOW) is not None

    @property
    def waited(self) -> timedelta | None:
        """From the planned start, or from the arrival if that was later, until the call; never less than nothing."""
        called, arrived = self.first(FactKind.CALLED), self.first(FactKind.ARRIVED)
        if called is None:
            return None
        return max(called - max(self.start, arrived or self.start), timedelta(0))

    @property
    def was_broken(self) -> bool:
        return any(fact.reason is FactReason.TECHNICAL for fact in self.facts)


@dataclass(frozen=True)
class Figures:
    """Of one room, or of all (*room_id* empty). None: rests on too few to be told. Minutes, seconds, per cent."""

    room_id: str
    visits: int | None
    waited_median_min: float | None
    waited_p90_min: float | None
    on_time_percent: int | None
    stayed_away_percent: int | None
    broken: int | None
    help_calls: int | None
    help_answered_median_s: float | None


def figures(room_id: str, courses: Iterable[Course], calls: Iterable[HelpCall]) -> Figures:
    """*room_id*: empty for all together."""
    seen = [each for each in courses if room_id in ("", each.room_id)]
    called = [each for each in calls if room_id in ("", each.room_id)]
    waits = [each.waited / timedelta(minutes=1) for each in seen if each.waited is not None]
    answered = [(each.answered_at - each.asked_at).total_seconds() for each in called if each.answered_at is not None]
    ended = [each for each in seen if each.came or each.stayed_away]
    return Figures(
        room_id=room_id,
        visits=_told(sum(each.came for each in seen)),
        waited_median_min=_median(waits),
        waited_p90_min=quantiles(waits, n=10)[-1] if len(waits) >= FEWEST_SHOWN else None,
        on_time_percent=_percent([wait <= ON_TIME / timedelta(minutes=1) for wait in waits]),
        stayed_away_percent=_percent([each.stayed_away for each in ended]),
        broken=_told(sum(each.was_broken for each in seen)),
        help_calls=_told(len(called)),
        help_answered_median_s=_median(answered),
    )


def by_language(courses: Iterable[Course], languages: Iterable[str]) -> dict[str, Figures]:
    """Of each language the same, whether anybody spoke it or not.

    Where those of whom nothing is told are so few together that the sum of all would tell of them, the next language
    is kept silent as well.
    """
    seen = [each for each in courses if each.came]
    counts = Counter(each.language for each in seen)
    silent = {one: count for one, count in counts.items() if count < FEWEST_SHOWN}
    if 0 < sum(silent.values()) < FEWEST_SHOWN:
        more = min((one for one in counts if one not in silent), key=lambda one: counts[one], default="")
        silent[more] = counts[more]
    return {
        one: figures("", [each for each in seen if each.language == one and one not in silent], []) for one in languages
    }


def _told(count: int) -> int | None:
    return count if count >= FEWEST_SHOWN else None


def _median(values: Sequence[float]) -> float | None:
    return median(values) if len(values) >= FEWEST_SHOWN else None


def _percent(holds: Sequence[bool]) -> int | None:
    """How many of them; not told where those for whom it holds, or the others, are too few."""
    yes = sum(holds)
    few = 0 < yes < FEWEST_SHOWN or 0 < len(holds) - yes < FEWEST_SHOWN
    return None if len(holds) < FEWEST_SHOWN or few else round(100 * yes / len(holds))
