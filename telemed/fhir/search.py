"""Search parameters as FHIR writes them (R4, search.html), read into typed criteria. What is unknown is left out."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Literal, assert_never

from telemed.fhir.issues import Issue, Malformed
from telemed.fhir.resource import ID, literal
from telemed.fhir.values import Token, Window, fold, not_understood, pair, plain, split, token, windows

ParameterType = Literal["token", "string", "uri", "reference", "date", "composite"]

_MODIFIERS: dict[ParameterType, frozenset[str]] = {
    "token": frozenset({"not", "text"}),
    "string": frozenset({"contains", "exact"}),
    "uri": frozenset(),
    "reference": frozenset(),
    "date": frozenset(),
    "composite": frozenset(),
}
MOST = 500
"""Entries of one page, at most."""
DEEPEST = 4
"""Links of a chain, at most."""
MOST_PARAMETERS, MOST_VALUES = 100, 300
"""In one search; the database takes no more conditions than it can nest."""


@dataclass(frozen=True)
class Parameter:
    """A search parameter that is understood. *targets*: the types that a reference may name without saying so;
    *by_identifier*: whether ``:identifier`` asks for the logical references, which have no address."""

    name: str
    type: ParameterType
    targets: tuple[str, ...] = ()
    by_identifier: bool = False


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
class Include:
    """What is handed out beside what matches: what *kind* refers to by *parameter*, or who refers so to it if *back*.

    *target*: only resources of that type are referred to; *iterate*: of what is included, too.
    """

    kind: str
    parameter: str
    back: bool = False
    target: str = ""
    iterate: bool = False


Summary = Literal["", "true", "text", "data"]


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
    includes: tuple[Include, ...] = ()
    elements: tuple[str, ...] = ()
    only_count: bool = False
    summary: Summary = ""

    def named(self, name: str) -> tuple[Criterion, ...]:
        return tuple(c for c in self.criteria if c.name == name)


def _none(_kind: str) -> Mapping[str, Parameter]:
    return {}


@dataclass(frozen=True)
class Grammar:
    """What is understood where one type is searched.

    *kind*: that type. *of*: the parameters of another type, for chains; of one that is not served it has none.
    *orders*: by what may be sorted. *includes*: what may be included, of whatever type, as ``Type:parameter``;
    *included_by*: what by referring to this type, *referring*: to whatever type.
    """

    parameters: Mapping[str, Parameter]
    zone: tzinfo
    of: Callable[[str], Mapping[str, Parameter]] = _none
    orders: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()
    included_by: frozenset[str] = frozenset()
    referring: frozenset[str] = frozenset()
    kind: str = ""


@dataclass
class _Read:
    """What was read so far."""

    criteria: list[Criterion] = field(default_factory=list)
    applied: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)
    includes: list[Include] = field(default_factory=list)


_SILENT = frozenset({"_format", "_pretty"})
"""They say how the answer is written, not what is searched."""
_NUMBERS = frozenset({"_count", "_offset"})


def parse(items: Iterable[tuple[str, str]], grammar: Grammar) -> Query:
    """Read search parameters. Unknown and empty ones are ignored.

    Raises:
        Malformed: a value or a modifier that is not understood, or too many of them.
    """
    read, items = _Read(), list(items)
    if len(items) > MOST_PARAMETERS or sum(1 + value.count(",") for _, value in items) > MOST_VALUES:
        why = f"a search has {MOST_PARAMETERS} parameters with {MOST_VALUES} values at most"
        raise Malformed([Issue("too-costly", why)])
    for name, value in items:
        if name in _SILENT:
            continue
        with _of_parameter(name):
            known = value.strip(" ,") and (
                _take_result(read, name, value, grammar) or _take(read, name, value, grammar)
            )
            if known and "\0" in value:
                raise not_understood("a zero byte stands in no value")
        if known:
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
        tuple(split(results.get("_elements", ""))),
        only_count=results.get("_summary") == "count" or count == 0,
        summary=_SUMMARIES.get(results.get("_summary", ""), ""),
    )


_SUMMARIES: dict[str, Summary] = {"true": "true", "text": "text", "data": "data"}


@contextmanager
def _of_parameter(name: str) -> Iterator[None]:
    """What is refused names the parameter; one that is not known is never refused."""
    try:
        yield
    except Malformed as refusal:
        where = f"http.{name.partition('.')[0].partition(':')[0]}"
        raise Malformed([replace(one, expression=where) for one in refusal.issues]) from None


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
        case "_summary" if value in ("true", "text", "data", "count", "false"):
            read.results[name] = value
        case "_total" if value in ("none", "estimate", "accurate"):
            pass
        case "_sort":
            if not {one.name for one in _order(value)} <= grammar.orders:
                raise not_understood(f"_sort takes {', '.join(sorted(grammar.orders))}, each with a minus or without")
            read.results[name] = ",".join(filter(None, (read.results.get(name, ""), value)))
        case _ if name.partition(":")[0] in ("_include", "_revinclude"):
            known = _included(name, value, grammar)
            read.includes += known
            return bool(known)
        case _:
            return False
    return True


def _order(value: str) -> tuple[Order, ...]:
    return tuple(Order(part.removeprefix("-"), part.startswith("-")) for part in split(value))


def _included(name: str, value: str, grammar: Grammar) -> list[Include]:
    """``Type:parameter:target``, ``Type:*`` or ``*``; what goes on from what is included may begin at any type."""
    word, _, modifier = name.partition(":")
    if modifier not in ("", "iterate", "recurse"):  # as DSTU 2 calls it
        return []
    kind, _, rest = value.partition(":")
    parameter, _, target = rest.partition(":")
    back, iterate = word == "_revinclude", bool(modifier)
    known = (grammar.referring if iterate else grammar.included_by) if back else grammar.includes
    found = [(one, of) for one, _, of in (each.partition(":") for each in sorted(known))]
    return [
        Include(one, of, back, target, iterate)
        for one, of in found
        if ((kind, rest) == ("*", "") or (kind == one and parameter in ("*", of)))
        and (back or iterate or one == grammar.kind)
    ]


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
        raise not_understood(f"{bare} says of which type it is: {bare}:{chains[0][0]}.{rest.partition(':')[0]}")
    return Criterion(parameter.name, chain=chains[0][1], kinds=tuple(kind for kind, _ in chains))


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise Malformed([Issue("invalid", f"{name} is a whole number", f"http.{name}")])
    return int(value)


def _criterion(parameter: Parameter, modifier: str, value: str, zone: tzinfo) -> Criterion:
    name = parameter.name
    if modifier == "missing":
        if value not in ("true", "false"):
            raise not_understood(f"{name}:missing is true or false")
        return Criterion(name, modifier, missing=value == "true")
    if modifier and parameter.type != "reference" and modifier not in _MODIFIERS[parameter.type]:
        raise not_understood(f"{name} does not take that modifier")
    values = split(value)
    match parameter.type:
        case "reference":
            return _referring(parameter, modifier, values)
        case "token" if modifier != "text":
            return Criterion(name, modifier, tokens=tuple(map(token, values)))
        case "token" | "string":
            as_is = modifier == "exact"
            return Criterion(name, modifier, texts=tuple(plain(v) if as_is else fold(plain(v)) for v in values))
        case "uri":
            return Criterion(name, "exact", texts=tuple(map(plain, values)))
        case "date":
            return Criterion(name, windows=tuple(w for v in values for w in windows(name, v, zone)))
        case "composite":
            return Criterion(name, pairs=tuple(pair(name, v) for v in values))
        case _:
            assert_never(parameter.type)


def _referring(parameter: Parameter, modifier: str, values: Sequence[str]) -> Criterion:
    if modifier == "identifier" and parameter.by_identifier:
        return Criterion(parameter.name, modifier, tokens=tuple(map(token, values)))
    return Criterion(parameter.name, references=_references(parameter, modifier, values))


def _references(parameter: Parameter, modifier: str, values: Iterable[str]) -> tuple[str, ...]:
    if modifier and modifier not in parameter.targets:
        raise not_understood(f"{parameter.name} does not take that modifier")
    found: list[str] = []
    for value in values:
        named = literal({"reference": value})
        if named:
            found.append("/".join(named))
        elif ID.fullmatch(value):
            found.extend(f"{kind}/{value}" for kind in ([modifier] if modifier else parameter.targets))
        else:
            raise not_understood(f"{parameter.name} is a reference")
    return tuple(found)
