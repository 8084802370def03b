"""One look at a resource, on the way in: fhir.resources once, then what it lets pass. Reads never come here."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import orjson
from pydantic import ValidationError

from telemed.fhir import checks, parts, raw
from telemed.fhir.elements import Element, Model, model_of
from telemed.fhir.issues import Invalid, Issue, Malformed
from telemed.fhir.resource import Resource

MOST = 100
"""Issues that are told of one resource."""
_CODES = {
    "missing": "required",
    "model_field_validation.missing": "required",
    "extra_forbidden": "structure",
    "list_type": "structure",
}
"""IssueType for pydantic's kinds of errors; all others are ``value``."""
_SAID = {
    "missing": "this element is required",
    "model_field_validation.missing": "this element is required",
    "extra_forbidden": "FHIR R4 (4.0.1) has no element of this name here",
    "list_type": "an array, as the element repeats",
    "string_type": "a text, in quotation marks",
    "string_pattern_mismatch": "a text that does not fit the type of the element; it is never empty",
    "int_type": "a whole number, without quotation marks",
    "int_parsing": "a whole number, without quotation marks",
    "int_from_float": "a whole number",
    "bool_type": "true or false, without quotation marks",
    "bool_parsing": "true or false, without quotation marks",
}
"""Of pydantic's kinds of errors."""
_SUCH_AS = {
    "Instant": ": with seconds and a time zone, as 2027-01-12T10:00:00+01:00",
    "DateTime": ", as 2027-01-12 or 2027-01-12T10:00:00+01:00",
    "Date": ", as 2027-01-12",
    "Time": ", as 10:00:00",
}
"""Of fhir-core's names of types."""


def validate(data: bytes | Mapping[str, Any], parsed: object = None) -> Resource:
    """Read *data* as a FHIR R4 resource; the bytes are kept as they came. *parsed*: their value, where it is known.

    Raises:
        Malformed: not JSON, or not an object.
        Invalid: not valid FHIR R4.
    """
    fields = parsed or (raw.parse(raw.text_of(data)) if isinstance(data, bytes) else data)
    if not isinstance(fields, Mapping):
        raise Malformed([Issue("structure", "a resource is a JSON object")])
    kind = fields.get("resourceType")
    model = model_of(kind) if isinstance(kind, str) else None
    if model is None or not isinstance(kind, str):
        raise Invalid([Issue("structure", "not a resource type of FHIR R4", "resourceType")])
    if any(True for _ in _faults(parts.looked_over(fields, model, _faults_of_part), model, kind)):
        raise Invalid(tuple(islice(_faults(fields, model, kind), MOST)))
    content = data if isinstance(data, bytes) else orjson.dumps(data)
    return Resource(kind, str(fields.get("id", "")), content, fields)


def _faults(fields: Mapping[str, Any], model: Model, kind: str) -> Iterator[Issue]:
    found = [*checks.shape(fields, kind), *checks.objects(fields, model, kind)]
    found += [] if found else _by_model(fields, model, kind)
    yield from found or checks.contents(fields, model, kind)


def _faults_of_part(part: Mapping[str, Any], element: Element) -> Iterator[Issue]:
    if element.model is not None:
        yield from _faults(part, element.model, element.name)
        yield from checks.target(element, part, element.name)


def _by_model(fields: Mapping[str, Any], model: Model, kind: str) -> Iterator[Issue]:
    try:
        model.model_validate(fields)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            said = _in_plain_words(fault["type"], fault["msg"])
            yield Issue(_CODES.get(fault["type"], "value"), said, kind + _path(fault["loc"]))


def _in_plain_words(fault: str, message: str) -> str:
    """What pydantic and fhir-core say of a value, as who writes programs would."""
    kind = message.removeprefix("Value error, ").partition(" value string does not match")
    if kind[1]:
        return f"not a FHIR {kind[0][:1].lower()}{kind[0][1:]}{_SUCH_AS.get(kind[0], '')}"
    return _SAID.get(fault, message.removeprefix("Value error, "))


def _path(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
