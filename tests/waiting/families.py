"""SIMULATED days come from here: two families of distributions, with their sources. Written before the estimator.

What is known from the literature (cited from memory, not read again for this; the shapes are theirs, the figures below
are ours unless a figure is named):

- Length of a consultation: right-skewed, a coefficient of variation of 0.35 to 0.85 in the studies that Cayirli and
  Veral review (Production and Operations Management 12, 2003); lognormal in Cayirli, Veral and Rosen (Health Care
  Management Science 9, 2006), gamma in Bailey (Journal of the Royal Statistical Society B 14, 1952) and after him.
- Punctuality: early on average, with a standard deviation of 5 to 30 minutes; normal with mean −15 in Cayirli, Veral
  and Rosen (2006); heavier tails than the normal in Alexopoulos and others (Health Care Management Science 11, 2008).
- No-show: 5 to 30 % (Cayirli and Veral 2003), 23 % on average over specialties (Dantas and others, Health Policy 122,
  2018). 15 % here, as the issue has it.
- Doctors who begin late, and are interrupted, with waits that follow from it: Klassen and Yoogalingam (Decision
  Sciences 44, 2013). How late and how often is an ASSUMPTION here.
- Speeds of doctors: σ 0.18 of the logarithm, noise of one visit σ 0.43 (issue E). Half of a doctor's variance is hers
  for good and half of it the day's: an ASSUMPTION.
- Cleaning, the minute until the next call, words, walk-ins, rooms: ASSUMPTIONS.

The estimator never sees this module: no program may import a test (`tests/architecture.py`).
"""

import math
from dataclasses import dataclass
from random import Random
from typing import Protocol

NO_SHOW = 0.15


@dataclass(frozen=True)
class DayWeather:
    """What all of one day share: *pace* (a factor for every length), *traffic* (minutes later for everybody)."""

    pace: dict[str, float]
    traffic: float


class Family(Protocol):
    """How a kind of clinic behaves; all times in minutes, all randomness from the given stream."""

    @property
    def name(self) -> str: ...

    @property
    def no_show(self) -> float: ...

    def speeds(self, world: Random, doctors: tuple[str, ...]) -> dict[str, float]:
        """What is each doctor's own for good."""

    def weather(self, day: Random, doctors: tuple[str, ...]) -> DayWeather: ...

    def length(self, one: Random, mean: float) -> float: ...

    def arrival(self, one: Random) -> float:
        """Minutes after the planned start; negative: before."""

    def late_start(self, one: Random) -> float: ...

    def interruption(self, one: Random) -> float:
        """Minutes before the doctor calls the next one, beyond the usual; mostly 0."""

    def gap(self, one: Random) -> float:
        """The usual minutes until the next call, when everything is ready."""

    def cleaning(self, one: Random, planned: float) -> float: ...


@dataclass(frozen=True)
class Lognormal:
    """Family A."""

    name: str = "A"
    no_show: float = NO_SHOW
    speed_sigma: float = 0.18
    noise_sigma: float = 0.43

    def speeds(self, world: Random, doctors: tuple[str, ...]) -> dict[str, float]:
        return {doctor: _lognormal(world, self.speed_sigma * math.sqrt(0.5)) for doctor in doctors}

    def weather(self, day: Random, doctors: tuple[str, ...]) -> DayWeather:
        return DayWeather({doctor: _lognormal(day, self.speed_sigma * math.sqrt(0.5)) for doctor in doctors}, 0.0)

    def length(self, one: Random, mean: float) -> float:
        return max(1.0, mean * _lognormal(one, self.noise_sigma))

    def arrival(self, one: Random) -> float:
        return max(-60.0, one.gauss(-9, 11))

    def late_start(self, one: Random) -> float:
        return max(0.0, one.gauss(7, 9))

    def interruption(self, one: Random) -> float:
        return one.expovariate(1 / 9) if one.random() < 0.12 else 0.0

    def gap(self, one: Random) -> float:
        return one.uniform(0.2, 1.5)

    def cleaning(self, one: Random, planned: float) -> float:
        return max(1.0, planned * _lognormal(one, 0.25))


@dataclass(frozen=True)
class GammaMixture:
    """Family B: other shapes throughout, days that are slow for everybody, and lateness of the same day together."""

    name: str = "B"
    no_show: float = NO_SHOW
    shape: float = 5.0
    long_share: float = 0.05
    long_factor: float = 3.0
    day_sigma: float = 0.2
    rho: float = 0.5

    def speeds(self, world: Random, doctors: tuple[str, ...]) -> dict[str, float]:
        return {doctor: world.uniform(0.8, 1.25) for doctor in doctors}

    def weather(self, day: Random, doctors: tuple[str, ...]) -> DayWeather:
        shared = day.gauss(0, self.day_sigma * math.sqrt(self.rho))
        alone = self.day_sigma * math.sqrt(1 - self.rho)
        return DayWeather({doctor: math.exp(shared + day.gauss(0, alone)) for doctor in doctors}, day.gauss(0, 4))

    def length(self, one: Random, mean: float) -> float:
        usual = mean / (1 + self.long_share * (self.long_factor - 1))
        factor = self.long_factor if one.random() < self.long_share else 1.0
        return max(1.0, one.gammavariate(self.shape, usual * factor / self.shape))

    def arrival(self, one: Random) -> float:
        share = one.uniform(0.001, 0.999)
        return -6 + 5 * math.log(share / (1 - share))

    def late_start(self, one: Random) -> float:
        return one.expovariate(1 / 8)

    def interruption(self, one: Random) -> float:
        return one.uniform(3, 25) if one.random() < 0.08 else 0.0

    def gap(self, one: Random) -> float:
        return one.expovariate(1 / 0.8)

    def cleaning(self, one: Random, planned: float) -> float:
        return planned * one.uniform(0.5, 1.6)


def _lognormal(stream: Random, sigma: float) -> float:
    """Of mean 1."""
    return math.exp(stream.gauss(-sigma * sigma / 2, sigma))
