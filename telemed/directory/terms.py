"""What the directory's resources are searched by, and the terms they are found by. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from telemed.directory.model import Term
from telemed.fhir.resource import codings, literal
from telemed.fhir.search import Parameter, ParameterType, fold

_ACTIVE = {"active": "token active"}
_SEARCH: dict[str, dict[str, str]] = {
    "Organization": _ACTIVE | {"name": "string name"},
    "Practitioner": _ACTIVE | {"identifier": "token identifier", "name": "string name"},
    "PractitionerRole": _ACTIVE
    | {
        "practitioner": "reference practitioner Practitioner",
        "organization": "reference organization Organization",
        "role": "token code",
        "specialty": "token specialty",
        "location": "reference location Location",
        "service": "reference healthcareService HealthcareService",
    },
    "Location": {
        "name": "string name",
        "status": "token status",
        "organization": "reference managingOrganization Organization",
        "partof": "reference partOf Location",
    },
    "Device": {
        "identifier": "token identifier",
        "status": "token status",
        "type": "token type",
        "location": "reference location Location",
    },
    "HealthcareService": _ACTIVE
    | {
        "service-type": "token type",
        "specialty": "token specialty",
        "name": "string name",
        "location": "reference location Location",
        "organization": "reference providedBy Organization",
    },
    "Schedule": _ACTIVE
    | {
        "service-type": "token serviceType",
        "specialty": "token specialty",
        "actor": "reference actor Practitioner PractitionerRole HealthcareService Location Device",
    },
}
"""What each type is searched by: the kind of parameter, the element, the types that it refers to."""


def parameters(kind: str) -> dict[str, Parameter]:
    """The search parameters of a type."""
    return {name: _parameter(name, *how.split()) for name, how in _SEARCH[kind].items()}


def _parameter(name: str, type_: str, _element: str, *targets: str) -> Parameter:
    return Parameter(name, cast(ParameterType, type_), targets)


def terms(fields: Mapping[str, Any]) -> Iterator[Term]:
    """What a resource is found by."""
    for name, how in _SEARCH[fields["resourceType"]].items():
        type_, element, *_ = how.split()
        value = fields.get(element)
        for part in value if isinstance(value, list) else [] if value is None else [value]:
            yield from _terms(name, type_, part)


def _terms(name: str, type_: str, value: Any) -> Iterator[Term]:
    match type_, value:
        case "token", bool():
            yield Term(name, str(value).lower())
        case "token", {"value": code}:
            yield Term(name, code, value.get("system", ""))
        case "token", {"coding": _}:
            yield from (Term(name, code, system) for system, code in codings(value))
        case ("token", str()):
            yield Term(name, value)
        case "string", str():
            yield Term(name, fold(value))
        case "string", _:
            parts = (value.get("text"), value.get("family"), *value.get("given", ()), *value.get("prefix", ()))
            yield from (Term(name, fold(part)) for part in parts if part)
        case "reference", _:
            named = literal(value)
            if named:
                yield Term(name, "/".join(named))
