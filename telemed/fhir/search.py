"""Search parameters as FHIR writes them (R4, search.html), read into typed criteria. What is unknown is left out."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

from telemed.fhir.issues import Issue, Malformed
from telemed.fhir.resource import ID, literal, span

ParameterType = Literal["token", "string", "reference", "date"]

_MODIFIERS: dict[ParameterType, frozenset[str]] = {
    "token": frozenset({"not"}),
    "string": frozenset({"contains"}),
    "reference": frozenset(),
    "date": frozenset(),
}
_PREFIX = re.compile(r"(eq|lt|le|gt|ge)?(?=\d)(.+)")

MOST = 500
"""Entries of one page, at most."""


@dataclass(frozen=True)
class Parameter:
    """A search parameter that is understood. *targets*: the types that a reference may name without saying so."""

    name: str
    type: ParameterType
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Token:
    """*system*: None for any, empty for none. *code*: empty for any."""

    system: str | None
    code: str


@dataclass(frozen=True)
class Window:
    """From *start* on, before *end*; None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def within(self, other: "Window") -> "Window":
        """What lies in both."""
        starts = [s for s in (self.start, other.start) if s is not None]
        ends = [e for e in (self.end, other.end) if e is not None]
        return Window(max(starts, default=None), min(ends, default=None))


@dataclass(frozen=True)
class Criterion:
    """One condition; any of the values fits. The list that belongs to the parameter's type is filled.

    *texts* are folded; *references* are ``Type/id``. *modifier*: ``not``, ``contains`` or empty.
    """

    name: str
    modifier: str = ""
    tokens: tuple[Token, ...] = ()
    texts: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    window: Window = Window()


@dataclass(frozen=True)
class Query:
    """What was understood. *applied*: the parameters as given, for the self link."""

    criteria: tuple[Criterion, ...] = ()
    count: int | None = None
    offset: int = 0
    applied: tuple[tuple[str, str], ...] = ()

    def named(self, name: str) -> tuple[Criterion, ...]:
        return tuple(c for c in self.criteria if c.name == name)


def fold(text: str) -> str:
    """A text as it is compared: without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def parse(items: Iterable[tuple[str, str]], known: Mapping[str, Parameter], zone: tzinfo) -> Query:
    """Read search parameters. Unknown and empty ones are ignored; *zone* is where a date without one lies.

    Raises:
        Malformed: a value or a modifier that is not understood.
    """
    criteria, applied, numbers = [], [], {"_count": -1, "_offset": 0}
    for name, value in items:
        if not value.strip(" ,"):
            continue
        bare, _, modifier = name.partition(":")
        if bare in numbers:
            numbers[bare] = _number(bare, value)
        elif bare in known:
            criteria.append(_criterion(known[bare], modifier, value, zone))
        else:
            continue
        applied.append((name, value))
    count = min(numbers["_count"], MOST) if numbers["_count"] >= 0 else None
    return Query(tuple(criteria), count, numbers["_offset"], tuple(applied))


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise _not_understood(f"{name} is a whole number")
    return int(value)


def _not_understood(what: str) -> Malformed:
    return Malformed([Issue("invalid", what)])


def _criterion(parameter: Parameter, modifier: str, value: str, zone: tzinfo) -> Criterion:
    if parameter.type == "reference":
        return Criterion(parameter.name, references=_references(parameter, modifier, _split(value)))
    if modifier and modifier not in _MODIFIERS[parameter.type]:
        raise _not_understood(f"{parameter.name} does not take that modifier")
    match parameter.type:
        case "token":
            return Criterion(parameter.name, modifier, tokens=tuple(_token(v) for v in _split(value)))
        case "string":
            return Criterion(parameter.name, modifier, texts=tuple(fold(_plain(v)) for v in _split(value)))
        case "date":
            return Criterion(parameter.name, window=_window(parameter.name, value, zone))


def _split(value: str, mark: str = ",") -> list[str]:
    """At each *mark* that no backslash escapes; empty parts are left out."""
    return [part for part in re.split(rf"(?<!\\){re.escape(mark)}", value) if part]


def _plain(text: str) -> str:
    return re.sub(r"\\([\\$,|])", r"\1", text)


def _token(value: str) -> Token:
    system, *code = re.split(r"(?<!\\)\|", value, maxsplit=1)
    return Token(_plain(system), _plain(code[0])) if code else Token(None, _plain(system))


def _references(parameter: Parameter, modifier: str, values: Iterable[str]) -> tuple[str, ...]:
    if modifier and modifier not in parameter.targets:
        raise _not_understood(f"{parameter.name} does not take that modifier")
    found: list[str] = []
    for value in values:
        named = literal({"reference": value})
        if named:
            found.append("/".join(named))
        elif ID.fullmatch(value):
            found.extend(f"{kind}/{value}" for kind in ([modifier] if modifier else parameter.targets))
        else:
            raise _not_understood(f"{parameter.name} is a reference")
    return tuple(found)


def _window(name: str, value: str, zone: tzinfo) -> Window:
    found = _PREFIX.fullmatch(value)
    try:
        # a plus sign of an offset that was not escaped arrives as a space
        first, after = span(found[2].replace(" ", "+"), zone) if found else (None, None)
    except (ValueError, OverflowError):
        first = None
    if found is None or first is None:
        raise _not_understood(f"{name} is a date with one of the prefixes eq, lt, le, gt, ge, or none")
    match found[1]:
        case "lt":
            return Window(None, first)
        case "le":
            return Window(None, after)
        case "gt":
            return Window(after, None)
        case "ge":
            return Window(first, None)
        case _:
            return Window(first, after)
