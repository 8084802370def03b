"""What people search for in their own words, with all their slips of the pen, and what they find with it. Pure.

The words are data (``concerns.json``). They lead to a specialty's next free time, or to 112; whether somebody is ill,
and how ill, they do not say.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import OSA

SHORTEST_PART = 4
"""Letters from which on the beginning of a word, or a word with an ending, counts as the word."""
LONGEST = 200
"""Characters of a search that are read."""
_SPELT = (("ae", "a"), ("oe", "o"), ("ue", "u"))
_WORD = re.compile(r"\w+")


class BadCatalogue(ValueError):
    """The file is no catalogue of concerns."""


@dataclass(frozen=True)
class Specialty:
    """*code* is one of the IHE-D system; *icon* a vendored one; *words*: what people call it, and what it is for."""

    code: str
    icon: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """*emergency*: each is a list of words that must all be there."""

    specialties: Mapping[str, Specialty]
    emergency: tuple[tuple[str, ...], ...]

    def is_emergency(self, text: str) -> bool:
        """Whether what was typed belongs to 112."""
        typed = _words_in(text)
        return any(all(_has(typed, word) for word in words) for words in self.emergency)


def read(data: bytes) -> Catalogue:
    """
    Raises:
        BadCatalogue: it is no JSON, lacks something, or has no word for an emergency.
    """
    try:
        given: Any = json.loads(data)
        found = [Specialty(str(one["code"]), str(one["icon"]), _texts(one["words"])) for one in given["specialties"]]
        emergency = tuple(_texts(words) for words in given["emergency"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadCatalogue(f"no catalogue of concerns: {error}") from None
    if not emergency or not all(words and all(_words_in(word) for word in words) for words in emergency):
        raise BadCatalogue("a catalogue of concerns needs words for emergencies, and no empty ones")
    return Catalogue({one.code: one for one in found}, emergency)


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError("not a list of words")
    return tuple(values)


def matching(text: str, known: Mapping[str, Iterable[str]]) -> list[str]:
    """The keys of *known* that what was typed names, in their order.

    Each word that was typed finds whatever lies nearest to it: who wrote "Hausarzt" does not mean "Hautarzt".
    """
    parts = {key: {part for word in words for part in _words_in(word)} for key, words in known.items()}
    found: set[str] = set()
    for typed in _words_in(text):
        slips = {key: _slips(typed, words) for key, words in parts.items()}
        fewest = min((count for count in slips.values() if count is not None), default=None)
        found |= {key for key, count in slips.items() if count is not None and count == fewest}
    return [key for key in known if key in found]


def _slips(typed: str, words: Iterable[str]) -> int | None:
    """With how few slips of the pen one of *words* became what was typed; None: it is none of them."""
    if len(typed) < SHORTEST_PART:
        return 0 if typed in words else None
    least: int | None = None
    for word in words:
        if word.startswith(typed) or (len(word) >= SHORTEST_PART and typed.startswith(word)):
            return 0
        slips = _distance(typed, word)
        least = slips if least is None or (slips is not None and slips < least) else least
    return least


def _has(typed: Sequence[str], wanted: str) -> bool:
    """Whether *wanted* was typed, with an ending or with slips; a half of it is not enough."""
    (word, *_) = _words_in(wanted)
    return any(
        one == word or (len(word) >= SHORTEST_PART and (one.startswith(word) or _distance(one, word) is not None))
        for one in typed
    )


def _distance(typed: str, word: str) -> int | None:
    """Letters left out, too many, wrong or swapped (optimal string alignment), if they are few for such a word."""
    most = 0 if len(word) < SHORTEST_PART else 1 if len(word) <= 6 else 2
    slips = OSA.distance(typed, word, score_cutoff=most)
    return slips if slips <= most else None


def _words_in(text: str) -> list[str]:
    """The words of a text, without what people write differently: case, accents, ä or ae, ß or ss."""
    plain = unicodedata.normalize("NFKD", text[:LONGEST].casefold())
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    for two, one in _SPELT:
        plain = plain.replace(two, one)
    return _WORD.findall(plain)
