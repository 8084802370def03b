"""How hard a German text is to read: Wiener Sachtextformel 1 (Bamberger and Vanecek 1984) and LIX (Björnsson 1968).

Syllables are those of hyphenation, as textstat counts them; its figures are held in the tests. A figure only finds bad
texts; that one is good, readers say.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import pyphen

LONG_WORD = 6
MANY_SYLLABLES = 3
FEWEST_SENTENCES = 3
"""Of less text the figures say nothing."""

WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
END = re.compile(r"(?<=[.!?…:])(?<!\d\.)\s+")


@dataclass(frozen=True)
class Limits:
    """What a text may reach."""

    wiener: float
    lix: float


PLAIN, SIMPLE = Limits(6.0, 35.0), Limits(4.0, 25.0)
"""German, and Einfache Sprache."""


@dataclass(frozen=True)
class Difficulty:
    sentences: int
    wiener: float
    lix: float

    def within(self, limits: Limits) -> bool:
        return self.wiener <= limits.wiener and self.lix <= limits.lix

    def __str__(self) -> str:
        return f"{self.sentences} sentences, WSTF {self.wiener:.1f}, LIX {self.lix:.0f}"


def sentences(text: str) -> list[str]:
    """What ends with a stop; a heading or a button is none."""
    return [part for part in END.split(" ".join(text.split())) if part.endswith((".", "!", "?", "…"))]


def difficulty(parts: Iterable[str]) -> Difficulty | None:
    """Of these sentences together; None of too few."""
    found = [WORD.findall(part) for part in parts]
    found = [each for each in found if each]
    if len(found) < FEWEST_SENTENCES:
        return None
    words = [word for each in found for word in each]
    length = len(words) / len(found)
    counts = [syllables(word) for word in words]
    share = 100 / len(words)
    many = share * sum(count >= MANY_SYLLABLES for count in counts)
    single = share * sum(count == 1 for count in counts)
    long = share * sum(len(word) > LONG_WORD for word in words)
    wiener = 0.1935 * many + 0.1672 * length + 0.1297 * long - 0.0327 * single - 0.875
    return Difficulty(len(found), wiener, length + long)


def syllables(word: str) -> int:
    return len(_hyphens().positions(word)) + 1


@cache
def _hyphens() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="de_DE")
