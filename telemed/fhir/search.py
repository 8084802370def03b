"""Search parameters as FHIR writes them (R4, search.html), read into typed criteria. What is unknown is left out."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Literal, assert_never

from telemed.fhir.issues import Issue, Malformed
from telemed.fhir.resource import ID, literal, span

ParameterType = Literal["token", "string", "uri", "reference", "date", "composite"]

_MODIFIERS: dict[ParameterType, frozenset[str]] = {
    "token": frozenset({"not", "text"}),
    "string": frozenset({"contains", "exact"}),
    "uri": frozenset(),
    "reference": frozenset(),
    "date": frozenset(),
    "composite": frozenset(),
}
_PREFIX = re.compile(r"(eq|ne|lt|le|gt|ge|sa|eb)?(?=\d)(.+)")

MOST = 500
"""Entries of one page, at most."""
DEEPEST = 4
"""Links of a chain, at most."""


@dataclass(frozen=True)
class Parameter:
    """A search parameter that is understood. *targets*: the types that a reference may name without saying so;
    *by_identifier*: whether ``:identifier`` asks for the logical references, which have no address."""

    name: str
    type: ParameterType
    targets: tuple[str, ...] = ()
    by_identifier: bool = False


@dataclass(frozen=True)
class Token:
    """*system*: None for any, empty for none. *code*: empty for any."""

    system: str | None
    code: str

    def fits(self, system: str, code: str) -> bool:
        """Whether it names this code of this system."""
        return self.code in ("", code) and self.system in (None, system)


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

    def has(self, moment: datetime) -> bool:
        """Whether *moment* lies in it."""
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)


@dataclass(frozen=True)
class Criterion:
    """One condition; any of the values fits. The list that belongs to the parameter's type is filled.

    *texts* are folded, but not of ``:exact``; *references* are ``Type/id``. *modifier*: ``not``, ``text``,
    ``contains``, ``exact``, ``missing`` (then *missing* says which) or empty. *chain*: what the resource of one of
    *kinds* that is referred to must fit. *pairs*: of a composite.
    """

    name: str
    modifier: str = ""
    tokens: tuple[Token, ...] = ()
    texts: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    pairs: tuple[tuple[Token, Token], ...] = ()
    missing: bool = False
    chain: "Criterion | None" = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """By which parameter the found are sorted."""

    name: str
    descending: bool = False


@dataclass(frozen=True)
class Query:
    """What was understood. *applied*: the parameters as given, for the self link; *ignored*: the names of the others.

    *cursor*: where the page begins or ends, in our own words; *only_count*: no entries.
    """

    criteria: tuple[Criterion, ...] = ()
    count: int | None = None
    offset: int = 0
    applied: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    cursor: str = ""
    order: tuple[Order, ...] = ()
    includes: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    only_count: bool = False

    def named(self, name: str) -> tuple[Criterion, ...]:
        return tuple(c for c in self.criteria if c.name == name)


def _none(_kind: str) -> Mapping[str, Parameter]:
    return {}


@dataclass(frozen=True)
class Grammar:
    """What is understood where one type is searched.

    *of*: the parameters of another type, for chains; of one that is not served it has none. *orders*: by what may be
    sorted. *includes*: what may be included, as ``Type:parameter``.
    """

    parameters: Mapping[str, Parameter]
    zone: tzinfo
    of: Callable[[str], Mapping[str, Parameter]] = _none
    orders: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()


def fold(text: str) -> str:
    """A text as it is compared: without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


@dataclass
class _Read:
    """What was read so far."""

    criteria: list[Criterion] = field(default_factory=list)
    applied: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)
    includes: list[str] = field(default_factory=list)


_SILENT = frozenset({"_format", "_pretty"})
"""They say how the answer is written, not what is searched."""
_NUMBERS = frozenset({"_count", "_offset"})


def parse(items: Iterable[tuple[str, str]], grammar: Grammar) -> Query:
    """Read search parameters. Unknown and empty ones are ignored.

    Raises:
        Malformed: a value or a modifier that is not understood.
    """
    read = _Read()
    for name, value in items:
        if name in _SILENT:
            continue
        if value.strip(" ,") and (_take_result(read, name, value, grammar) or _take(read, name, value, grammar)):
            read.applied.append((name, value))
        else:
            read.ignored.append(name)
    results = read.results
    count = min(_number("_count", results["_count"]), MOST) if "_count" in results else None
    return Query(
        tuple(read.criteria),
        count,
        _number("_offset", results.get("_offset", "0")),
        tuple(read.applied),
        tuple(read.ignored),
        results.get("_cursor", ""),
        _order(results.get("_sort", "")),
        tuple(dict.fromkeys(read.includes)),
        tuple(_split(results.get("_elements", ""))),
        only_count="_summary" in results or count == 0,
    )


def _take(read: _Read, name: str, value: str, grammar: Grammar) -> bool:
    found = _named(name, value, grammar.parameters, grammar, DEEPEST)
    if found is not None:
        read.criteria.append(found)
    return found is not None


def _take_result(read: _Read, name: str, value: str, grammar: Grammar) -> bool:
    """Whether *name* says which of the found are handed out, and how."""
    match name:
        case "_count" | "_offset" | "_cursor" | "_elements":
            read.results[name] = value
        case "_summary" if value == "count":
            read.results[name] = value
        case "_total" if value in ("none", "estimate", "accurate"):
            pass
        case "_sort":
            if not {one.name for one in _order(value)} <= grammar.orders:
                raise _not_understood(f"_sort takes {', '.join(sorted(grammar.orders))}, each with a minus or without")
            read.results[name] = value
        case "_include" | "_revinclude":
            known = _included(name, value, grammar.includes)
            read.includes += known
            return bool(known)
        case _:
            return False
    return True


def _order(value: str) -> tuple[Order, ...]:
    return tuple(Order(part.removeprefix("-"), part.startswith("-")) for part in _split(value))


def _included(name: str, value: str, known: frozenset[str]) -> list[str]:
    """``Type:parameter`` of what is included, the type of a third part left aside."""
    asked = ":".join(value.split(":")[:2])
    prefix = "" if name == "_include" else "<"
    if asked.endswith(":*"):
        return sorted(one for one in known if one.startswith(prefix + asked[:-1]))
    return [prefix + asked] if prefix + asked in known else []


def _named(name: str, value: str, known: Mapping[str, Parameter], grammar: Grammar, depth: int) -> Criterion | None:
    """The criterion that *name* asks for; None for what is not known."""
    head, dot, rest = name.partition(".")
    bare, _, modifier = head.partition(":")
    parameter = known.get(bare)
    if parameter is None:
        return None
    if not dot:
        return _criterion(parameter, modifier, value, grammar.zone)
    if parameter.type != "reference" or not depth or (modifier and modifier not in parameter.targets):
        return None
    kinds = [kind for kind in ((modifier,) if modifier else parameter.targets) if grammar.of(kind)]
    found = [(kind, _named(rest, value, grammar.of(kind), grammar, depth - 1)) for kind in kinds]
    chains = [(kind, chain) for kind, chain in found if chain is not None]
    if not chains:
        return None
    if len({chain for _, chain in chains}) > 1:
        raise _not_understood(f"{bare} says of which type it is: {bare}:{chains[0][0]}.{rest.partition(':')[0]}")
    return Criterion(parameter.name, chain=chains[0][1], kinds=tuple(kind for kind, _ in chains))


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise _not_understood(f"{name} is a whole number")
    return int(value)


def _not_understood(what: str) -> Malformed:
    return Malformed([Issue("invalid", what)])


def _criterion(parameter: Parameter, modifier: str, value: str, zone: tzinfo) -> Criterion:
    name = parameter.name
    if modifier == "missing":
        if value not in ("true", "false"):
            raise _not_understood(f"{name}:missing is true or false")
        return Criterion(name, modifier, missing=value == "true")
    if parameter.type == "reference":
        return _referring(parameter, modifier, _split(value))
    if modifier and modifier not in _MODIFIERS[parameter.type]:
        raise _not_understood(f"{name} does not take that modifier")
    match parameter.type:
        case "token" if modifier == "text":
            return Criterion(name, modifier, texts=tuple(fold(_plain(v)) for v in _split(value)))
        case "token":
            return Criterion(name, modifier, tokens=tuple(_token(v) for v in _split(value)))
        case "string" | "uri":
            plain, is_exact = (_plain(v) for v in _split(value)), modifier == "exact" or parameter.type == "uri"
            return Criterion(name, modifier, texts=tuple(v if is_exact else fold(v) for v in plain))
        case "date":
            return Criterion(name, windows=tuple(w for v in _split(value) for w in _windows(name, v, zone)))
        case "composite":
            return Criterion(name, pairs=tuple(_pair(name, v) for v in _split(value)))
        case _:
            assert_never(parameter.type)


def _pair(name: str, value: str) -> tuple[Token, Token]:
    parts = _split(value, "$")
    if len(parts) != 2:
        raise _not_understood(f"{name} is two tokens with a dollar sign between them")
    return _token(parts[0]), _token(parts[1])


def _split(value: str, mark: str = ",") -> list[str]:
    """At each *mark* that no backslash escapes; empty parts are left out."""
    return [part for part in re.split(rf"(?<!\\){re.escape(mark)}", value) if part]


def _plain(text: str) -> str:
    return re.sub(r"\\([\\$,|])", r"\1", text)


def _token(value: str) -> Token:
    system, *code = re.split(r"(?<!\\)\|", value, maxsplit=1)
    return Token(_plain(system), _plain(code[0])) if code else Token(None, _plain(system))


def _referring(parameter: Parameter, modifier: str, values: Sequence[str]) -> Criterion:
    if modifier == "identifier" and parameter.by_identifier:
        return Criterion(parameter.name, modifier, tokens=tuple(map(_token, values)))
    return Criterion(parameter.name, references=_references(parameter, modifier, values))


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


def _windows(name: str, value: str, zone: tzinfo) -> list[Window]:
    found = _PREFIX.fullmatch(value)
    try:
        # a plus sign of an offset that was not escaped arrives as a space
        first, after = span(found[2].replace(" ", "+"), zone) if found else (None, None)
    except (ValueError, OverflowError):
        first = None
    if found is None or first is None:
        raise _not_understood(f"{name} is a date with one of the prefixes eq, ne, lt, le, gt, ge, sa, eb, or none")
    match found[1]:
        case "ne":
            return [Window(None, first), Window(after, None)]
        case "lt" | "eb":
            return [Window(None, first)]
        case "le":
            return [Window(None, after)]
        case "gt" | "sa":
            return [Window(after, None)]
        case "ge":
            return [Window(first, None)]
        case _:
            return [Window(first, after)]
