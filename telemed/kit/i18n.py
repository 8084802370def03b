"""Words for people from gettext catalogues: German first; what another language lacks falls back visibly.

What residents, relatives and whoever waits read or hear stands in ``de/*.po`` and in the folder of each other language;
what only staff reads stands in ``de/staff/*.po`` and is German. A page for people offers only those languages that lack
no word of it.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from schemas.day import LANGUAGES, InLanguage

LOCALE = Path(__file__).parent.parent / "locale"
STAFF = "staff"
"""The folder within the German catalogues with what only staff reads."""
GERMAN = "de"
SIMPLE = "de-simple"
"""Einfache Sprache: where it has no words of its own, the German ones are simple enough."""

RIGHT_TO_LEFT = frozenset({"ar"})
LEFT_TO_RIGHT_ISOLATE, FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2066", "\u2068", "\u2069"
ASKED = "sprache"
"""The name of the parameter, and of the cookie, with which a page for people is asked for in a language."""
GROUPS = re.compile(r"\d+(?:[ /-]\d+)+")
"""A number of several groups: from right to left each group would stand on the other side of the one before."""


class Named(str):
    """What something is called, in German, and *told*: in other languages. Wherever it is text it is the German one;
    `Words.text` and the pages for people say it in theirs."""

    __slots__ = ("told",)
    told: Mapping[str, str]

    def __new__(cls, german: str, told: Mapping[str, str]) -> "Named":
        made = super().__new__(cls, german)
        made.told = told
        return made


def called(name: str, language: str) -> str:
    """*name* in *language*, or in that of which it is a form; German where nobody translated it."""
    if not isinstance(name, Named):
        return name
    return name.told.get(language) or name.told.get(language.partition("-")[0]) or str(name)


def in_all(name: str) -> tuple[InLanguage, ...]:
    """What something is called in the languages that we speak, for programs that have no directory."""
    told = name.told if isinstance(name, Named) else {}
    return tuple(InLanguage(language=code, text=told[code]) for code in LANGUAGES if code in told)


class Words:
    """The catalogue of one language."""

    def __init__(self, language: str, messages: Mapping[str, str], fallback: "Words | None" = None) -> None:
        self.language = language
        self._messages = messages
        self._fallback = fallback
        self._is_rtl = language in RIGHT_TO_LEFT
        self._started: dict[tuple[str, ...], dict[str, str]] = {}

    @property
    def direction(self) -> str:
        """Of the writing, as in HTML's ``dir``."""
        return "rtl" if self._is_rtl else "ltr"

    @property
    def lang(self) -> str:
        """As in HTML's ``lang``: Einfache Sprache is German there."""
        return self.language.partition("-")[0]

    def __contains__(self, key: str) -> bool:
        return key in self._messages

    def text(self, key: str, **params: object) -> str:
        """The words for *key*. A missing key shows itself in brackets (and is a red test in German)."""
        found = self._messages.get(key)
        if self._is_rtl and found is not None:
            found = GROUPS.sub(lambda number: f"{LEFT_TO_RIGHT_ISOLATE}{number[0]}{POP_ISOLATE}", found)
        if found is not None:
            return found.format(**self._isolated(params)) if params else found
        if self._fallback is not None and key in self._fallback:
            german = self._fallback.text(key, **params)
            return german if self.language == SIMPLE else f"[{GERMAN}] {german}"
        return f"⟦{key}⟧"

    def text_or(self, key: str, other: str) -> str:
        """The words for *key*, German ones where this language lacks them; *other* where nobody has any."""
        known = key in self or (self._fallback is not None and key in self._fallback)
        return self.text(key) if known else other

    def _isolated(self, params: Mapping[str, object]) -> Mapping[str, object]:
        """*params* in this language, and as they may stand in writing from right to left: a phone number keeps the
        order of its groups.

        A link stays bare: whoever makes links of text would take the mark for a part of it.
        """
        params = {
            name: called(value, self.language) if isinstance(value, Named) else value for name, value in params.items()
        }
        if not self._is_rtl:
            return params
        texts = {name: str(value) for name, value in params.items()}
        return {
            name: text if not text or "://" in text else f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"
            for name, text in texts.items()
        }

    def starting(self, *prefixes: str) -> dict[str, str]:
        """All entries whose key starts with one of *prefixes*, for a page's script; sought among thousands once."""
        if prefixes not in self._started:
            found = {key: self.text(key) for key in sorted(self.keys()) if key.startswith(prefixes)}
            self._started[prefixes] = found
        return dict(self._started[prefixes])

    def own(self) -> set[str]:
        """The keys that this language itself has words for."""
        return set(self._messages)

    def keys(self) -> set[str]:
        """Every key that this language or German knows."""
        return set(self._messages) | (self._fallback.keys() if self._fallback else set())


@cache
def words(language: str = GERMAN) -> Words:
    """The catalogue of *language*: every ``.po`` in its folder and below, merged.

    Raises:
        ValueError: two files give the same key, or there is no such language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"no language {language}")
    messages: dict[str, str] = {}
    for path in sorted((LOCALE / language).rglob("*.po")):
        own = _read(path, language)
        twice = messages.keys() & own.keys()
        if twice:
            raise ValueError(f"{path.name}: {min(twice)} is given twice")
        messages.update(own)
    return Words(language, messages, None if language == GERMAN else words(GERMAN))


@cache
def checked(language: str) -> bool:
    """Whether a real person has read all of it; German is what the others are checked against."""
    paths = (LOCALE / language).rglob("*.po")
    return language == GERMAN or all(_header(path).get("X-Checked", "no") != "no" for path in paths)


def _header(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return {str(name): str(value) for name, value in read_po(file).mime_headers}


def _read(path: Path, language: str) -> dict[str, str]:
    """
    Raises:
        ValueError: the file gives a key twice.
    """
    messages: dict[str, str] = {}
    with path.open("rb") as file:
        for entry in read_po(file, locale=language.partition("-")[0], abort_invalid=True):
            key = str(entry.id)
            if key in messages:
                raise ValueError(f"{path.name}: {key} is given twice")
            messages[key] = str(entry.string)
    messages.pop("", None)
    return messages


def available() -> tuple[str, ...]:
    """The languages of monitors, spoken calls and notices, German first."""
    return tuple(language for language in LANGUAGES if (LOCALE / language).is_dir())


@cache
def of_pages() -> tuple[str, ...]:
    """The languages that a page for people may offer: those in which no word of it falls back to German."""
    return tuple(language for language in available() if not lacks(language))


def link_in(link: str, language: str) -> str:
    """*link* to a page for people, which opens in *language*. German is what it opens in anyway."""
    return link if language == GERMAN or language not in of_pages() else f"{link}?{ASKED}={language}"


def lacks(language: str) -> frozenset[str]:
    """The keys for people that *language* has no words for; Einfache Sprache needs its own for each."""
    return for_people() - words(language).own()


@cache
def for_people() -> frozenset[str]:
    """Every key that not only staff reads."""
    folder = LOCALE / GERMAN
    return frozenset(key for path in folder.glob("*.po") for key in _read(path, GERMAN))
