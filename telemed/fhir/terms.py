"""What a resource that lies in memory is found by, and whether it fits a criterion. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from telemed.fhir.resource import codings, literal
from telemed.fhir.search import Criterion, Parameter, ParameterType
from telemed.fhir.values import Token, fold

Table = Mapping[str, str]
"""By name of a parameter: its type, the path of its element, and the types that it refers to, with spaces between."""


class Term(NamedTuple):
    """*value*: a code, a folded text or ``Type/id``. *text*: a string as it stands; of a code its folded words."""

    value: str
    system: str = ""
    text: str = ""


Terms = Mapping[str, tuple[Term, ...]]
"""By parameter; none for what the resource does not say."""
Resolve = Callable[[Criterion], Collection[str]]
"""``Type/id`` of all that the end of a chain fits."""


def parameters(table: Table) -> dict[str, Parameter]:
    """The search parameters of a type."""
    return {name: _parameter(name, *how.split()) for name, how in table.items()}


def _parameter(name: str, type_: str, _element: str, *targets: str) -> Parameter:
    return Parameter(name, cast(ParameterType, type_), targets)


def terms(fields: Mapping[str, Any], table: Table) -> dict[str, tuple[Term, ...]]:
    """What a resource is found by."""
    found = {}
    for name, how in table.items():
        type_, element, *_ = how.split()
        system = CODES.get((fields["resourceType"], element), "")
        found[name] = tuple(term for part in _parts([fields], element) for term in _terms(type_, part, system))
    return found


def _parts(wholes: list[Any], path: str) -> list[Any]:
    """All that stands at ``element`` or ``element.element``."""
    name, _, rest = path.partition(".")
    found: list[Any] = []
    for whole in wholes:
        value = whole.get(name)
        found += value if isinstance(value, list) else [] if value is None else [value]
    return _parts(found, rest) if rest else found


SPECIAL_VALUES = "http://hl7.org/fhir/special-values"
"""The system that true and false are of, for those who name one (R4, search.html 3.1.1.4.10)."""
CODES = {
    ("Location", "status"): "http://hl7.org/fhir/location-status",
    ("Device", "status"): "http://hl7.org/fhir/device-status",
    ("CodeSystem", "status"): "http://hl7.org/fhir/publication-status",
    ("ValueSet", "status"): "http://hl7.org/fhir/publication-status",
}
"""The system of what is only a code: that of its required binding."""


def _terms(type_: str, value: Any, system: str) -> Iterator[Term]:
    match type_, value:
        case "token", _:
            yield from _tokens(value, system)
        case "uri", str():
            yield Term(value, text=value)
        case "string", str():
            yield Term(fold(value), text=value)
        case "string", _:
            parts = (value.get("text"), value.get("family"), *value.get("given", ()), *value.get("prefix", ()))
            yield from (Term(fold(part), text=part) for part in parts if part)
        case "reference", _:
            named = literal(value)
            if named:
                yield Term("/".join(named))
        case "composite", _:
            yield from _usage(value)


def _tokens(value: Any, system: str) -> Iterator[Term]:
    match value:
        case bool():
            yield Term(str(value).lower(), SPECIAL_VALUES)
        case {"value": code}:
            yield Term(code, value.get("system", ""), fold(value.get("type", {}).get("text", "")))
        case Mapping():
            yield from _coded(value)
        case str():
            yield Term(value, system)


def _coded(concept: Mapping[str, Any]) -> Iterator[Term]:
    words = [concept.get("text", ""), *(coding.get("display", "") for coding in concept.get("coding", ()))]
    text = fold("\n".join(filter(None, words)))
    found = [Term(code, system, text) for system, code in codings(concept)]
    yield from found or ([Term("", "", text)] if text else [])


def _usage(context: Mapping[str, Any]) -> Iterator[Term]:
    """A UsageContext with a concept: its type and, as *text*, the codings of its value."""
    kind = context.get("code", {})
    for system, code in codings(context.get("valueCodeableConcept")):
        yield Term(kind.get("code", ""), kind.get("system", ""), f"{system}|{code}")


def fits(criterion: Criterion, found: Terms, resolve: Resolve) -> bool:
    """Whether what a resource is found by fits *criterion*."""
    own = found.get(criterion.name, ())
    if criterion.modifier == "missing":
        return criterion.missing == (not own)
    if criterion.chain is not None:
        wanted = resolve(criterion)
        return any(term.value in wanted for term in own)
    if criterion.tokens:
        return any(t.fits(term.system, term.value) for t in criterion.tokens for term in own) != (
            criterion.modifier == "not"
        )
    if criterion.pairs:
        return any(_is_pair(pair, term) for pair in criterion.pairs for term in own)
    if criterion.references:
        return any(term.value in criterion.references for term in own)
    return any(_says(criterion.modifier, text, term) for text in criterion.texts for term in own)


def _is_pair(pair: tuple[Token, Token], term: Term) -> bool:
    kind, value = pair
    system, _, code = term.text.rpartition("|")
    return kind.fits(term.system, term.value) and value.fits(system, code)


def _says(modifier: str, text: str, term: Term) -> bool:
    match modifier:
        case "exact":
            return term.text == text
        case "contains":
            return text in term.value
        case "text":
            return text in term.text
        case _:
            return term.value.startswith(text)


def all_fit(criteria: Iterable[Criterion], found: Terms, resolve: Resolve) -> bool:
    return all(fits(criterion, found, resolve) for criterion in criteria)
