"""What the forecast knows of lengths, arrivals and pauses: as learnt, or else as believed beforehand. Pure."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import log

from schemas.day import Learnt, Spread

PATHS = 120
"""How often the rest of a day is played."""

LEADS = (0.0, 10.0, 20.0, 40.0, 80.0)
"""Minutes until the planned start at which one class of calibration ends and the next begins."""

_RATIO = (0.35, 0.5, 0.6, 0.68, 0.76, 0.84, 0.93, 1.04, 1.2, 1.45, 2.1)
PRIOR: dict[str, tuple[float, ...]] = {
    "length": _RATIO,
    "arrival": (-30.0, -18.0, -13.0, -10.0, -7.0, -5.0, -3.0, -1.0, 1.0, 5.0, 15.0),
    "said-late": (-10.0, -5.0, -3.0, 0.0, 3.0, 6.0, 15.0),
    "opening": (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.0, 14.0, 22.0),
    "gap": (0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.5, 3.0, 10.0),
    "cleaning": (0.6, 0.75, 0.85, 0.95, 1.0, 1.1, 1.2, 1.5),
    "pause-said": (0.4, 0.7, 0.9, 1.0, 1.15, 1.4, 2.0),
    "pause": (3.0, 6.0, 10.0, 15.0, 22.0, 35.0, 60.0),
    "pace": (0.2, 0.5),
    "no-show": (0.1,),
    "calibration": (-1.1, 0.0, 1.2),
}
"""Quantiles at equal steps before anything was learnt. Lengths and cleaning are multiples of what was planned, the
rest minutes; ``pace``: σ of a doctor's day and of one visit (logarithms); ``calibration``: see `Known.calibration`."""

FEW = ("pace", "no-show", "calibration")
"""Not quantiles at equal steps, but single figures."""


class Known:
    """The spreads of one `Learnt`, with what stands in for those that are not there."""

    def __init__(self, learnt: Learnt | None) -> None:
        known = learnt.spreads if learnt else ()
        self._spreads: dict[str, Spread] = {each.key: each for each in known if _is_whole(each)}

    def values(self, *keys: str, prior: str) -> tuple[float, ...]:
        """Of the first key that is known."""
        for key in keys:
            if key in self._spreads:
                return self._spreads[key].values
        return PRIOR[prior]

    def _levels(self, *keys: str, prior: str) -> list[float]:
        return levels(self.values(*keys, prior=prior))

    def _length_keys(self, service: str, doctor: str) -> tuple[str, ...]:
        return (f"length|{service}|{doctor}", f"length|{service}|", f"length||{doctor}", "length||")

    def length(self, service: str, doctor: str) -> list[float]:
        """Ranked multiples of the planned length, of a doctor on a usual day."""
        return self._levels(*self._length_keys(service, doctor), prior="length")

    def length_centre(self, service: str, doctor: str) -> float:
        """The mean of the logarithm of `length`."""
        return _centre(self.values(*self._length_keys(service, doctor), prior="length"))

    @property
    def pace(self) -> tuple[float, float]:
        """σ of a doctor's day and σ of one visit."""
        tau, sigma, *_ = self.values("pace", prior="pace")
        return max(0.01, tau), max(0.05, sigma)

    @property
    def no_show(self) -> float:
        return min(0.9, max(0.0, self.values("no-show", prior="no-show")[0]))

    @property
    def arrival(self) -> list[float]:
        return self._levels("arrival", prior="arrival")

    @property
    def said_late(self) -> list[float]:
        """Minutes after the time that somebody has said."""
        return self._levels("said-late", prior="said-late")

    @property
    def gap(self) -> list[float]:
        """Minutes until the next one is called, when doctor, room and person are ready."""
        return self._levels("gap", prior="gap")

    @property
    def cleaning(self) -> list[float]:
        return self._levels("cleaning", prior="cleaning")

    def opening(self, doctor: str) -> list[float]:
        """Minutes from the first planned start until the doctor's first call."""
        return self._levels(f"opening|{doctor}", "opening|", prior="opening")

    def pause(self, minutes: int | None) -> list[float]:
        """How long a doctor stays away who has said so."""
        if minutes is None:
            return self._levels("pause", prior="pause")
        return [minutes * each for each in self._levels("pause-said", prior="pause-said")]

    def calibration(self, lead: float) -> tuple[float, float, float]:
        """How many steps below and above the median the truth lay with 10, 50 and 90 %."""
        low, middle, high, *_ = self.values(f"calibration|{lead_class(lead)}", "calibration|", prior="calibration")
        return low, middle, high


def _is_whole(spread: Spread) -> bool:
    """Whether it has values, and as many as a key of few values needs."""
    few = PRIOR.get(spread.key.partition("|")[0], ())
    needed = len(few) if spread.key.startswith(FEW) else 1
    return len(spread.values) >= needed


def lead_class(lead: float) -> int:
    """The class of calibration of a visit that is planned in *lead* minutes."""
    return sum(lead >= end for end in LEADS)


@lru_cache(maxsize=4096)
def _centre(values: tuple[float, ...]) -> float:
    ranked = levels(values)
    return sum(log(max(0.01, each)) for each in ranked) / len(ranked)


def levels(values: Sequence[float], count: int = PATHS) -> list[float]:
    """*count* quantiles at equal steps out of fewer or more, straight lines between them."""
    return list(_levels(tuple(values), count))


@lru_cache(maxsize=4096)
def _levels(values: tuple[float, ...], count: int) -> tuple[float, ...]:
    last = len(values) - 1
    found = []
    for k in range(count):
        at = min(max((k + 0.5) / count * len(values) - 0.5, 0.0), float(last))
        low = int(at)
        high = min(low + 1, last)
        found.append(values[low] + (at - low) * (values[high] - values[low]))
    return tuple(found)


def spread(key: str, values: Iterable[float], count: float) -> Spread:
    """As it travels: four digits are enough."""
    return Spread(key=key, values=tuple(round(each, 4) for each in values), count=int(count))
