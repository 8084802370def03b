"""What fhir.resources lets pass and FHIR R4 does not (notes of each check name the rule)."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from typing import Any

from telemed.fhir.elements import Element, Model, companion, elements_of, model_of
from telemed.fhir.issues import Issue
from telemed.fhir.resource import ID, literal, span
from telemed.fhir.xml import narrative_fault

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Not allowed in a string (datatypes, string); the surrogates are in no Unicode text, the last two in no XML."""

_PYTHON: dict[str, tuple[type, ...]] = {"boolean": (bool,), "integer": (int,), "decimal": (int, float)}


def shape(value: Any, path: str) -> Iterator[Issue]:
    """Nothing is null, empty or carries control characters (FHIR JSON)."""
    if isinstance(value, Mapping):
        if not value or value.keys() == {"resourceType"}:
            yield Issue("invariant", "an object is never empty (ele-1)", path)
        for name, item in value.items():
            yield from _member(value, name, item, path)
    elif isinstance(value, str):
        if not value or _CONTROL.search(value):
            yield Issue("value", "a string is never empty and has no control characters", path)
    elif value is None:
        yield Issue("structure", "null is not a value", path)


def _member(parent: Mapping[str, Any], name: str, item: Any, path: str) -> Iterator[Issue]:
    where = f"{path}.{name}"
    if not isinstance(item, list):
        yield from shape(item, where)
        return
    if not item:
        yield Issue("structure", "an array is never empty", where)
    beside = parent.get(name[1:] if name.startswith("_") else f"_{name}")
    for n, part in enumerate(item):
        filled = isinstance(beside, list) and n < len(beside) and beside[n] is not None
        if not (part is None and filled):
            yield from shape(part, f"{where}[{n}]")


def objects(fields: Mapping[str, Any], model: Model, path: str) -> Iterator[Issue]:
    """Where an object belongs there is one: the models would read a text in its place as JSON."""
    elements = elements_of(model)
    for name, value in fields.items():
        known = elements.get(name)
        if known is not None and known.form in ("complex", "resource"):
            inner = known.model
        elif known is None and name.startswith("_"):
            inner = companion()
            if name[1:] in elements and elements[name[1:]].form == "xhtml":
                yield Issue("structure", "a narrative has no extensions (R4, datatypes: xhtml)", f"{path}.{name}")
        else:
            yield from _single(known, value, f"{path}.{name}") if known is not None else ()
            continue
        for where, item in _each(value, f"{path}.{name}"):
            if isinstance(item, Mapping):
                of = inner or model_of(str(item.get("resourceType", "")))
                yield from objects(item, of, where) if of is not None else ()
            elif isinstance(item, str | int | float | list):
                yield Issue("structure", "an object is expected", where)


def _single(element: Element, value: Any, path: str) -> Iterator[Issue]:
    """Where a text or a number belongs there is no object, and where a text, no number: some models stumble over it."""
    if isinstance(value, list) and not element.many:
        yield Issue("structure", "one value is expected, not an array", path)
    for where, item in _each(value, path):
        if isinstance(item, Mapping | list):
            yield Issue("structure", "a single value is expected", where)
        elif element.form not in _PYTHON and element.form != "xhtml" and not isinstance(item, str):
            yield Issue("value", "a text, in quotation marks", where)


def contents(fields: Mapping[str, Any], model: Model, path: str) -> Iterator[Issue]:
    """Types, required bindings, ids, reference targets, in every element; then the invariants of the type."""
    elements = elements_of(model)
    for name, value in fields.items():
        known = elements.get(name)
        for where, item in _each(value, f"{path}.{name}"):
            if known is not None:
                yield from _element(known, item, where)
            elif name.startswith("_") and isinstance(item, Mapping):
                yield from contents(item, companion(), where)
    for check in _INVARIANTS.get(model.__name__, ()):
        yield from check(fields, path)


def _each(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(value, list):
        yield path, value
        return
    for n, item in enumerate(value):
        if item is not None:
            yield f"{path}[{n}]", item


def _element(element: Element, value: Any, path: str) -> Iterator[Issue]:
    match element.form:
        case "complex" if element.model is not None:
            if isinstance(value, Mapping):  # or else it stands for a part that was found valid
                yield from contents(value, element.model, path)
                yield from target(element, value, path)
        case "resource":
            model = model_of(value.get("resourceType", ""))
            yield from contents(value, model, path) if model else ()
        case "xhtml":
            fault = narrative_fault(value)
            if fault:
                yield Issue("invariant", fault, path)
        case _:
            yield from _primitive(element, value, path)


def _primitive(element: Element, value: Any, path: str) -> Iterator[Issue]:
    expected = _PYTHON.get(element.form, (str,))
    if not isinstance(value, expected) or (isinstance(value, bool) and element.form != "boolean"):
        yield Issue("structure", f"is a JSON {'string' if expected == (str,) else element.form}", path)
    elif element.codes and value not in element.codes:
        yield Issue("code-invalid", f"is one of: {', '.join(sorted(element.codes))}", path)
    elif element.is_id and not ID.fullmatch(str(value)):
        yield Issue("value", "an id has 1 to 64 of A-Z a-z 0-9 - .", path)


def target(element: Element, value: Any, path: str) -> Iterator[Issue]:
    if not element.targets or "Resource" in element.targets:
        return
    named = literal(value)
    kind = named[0] if named else value.get("type")
    if kind is not None and kind not in element.targets:
        yield Issue("value", f"refers to one of: {', '.join(sorted(element.targets))}", f"{path}.reference")


def _start_before_end(fields: Mapping[str, Any], path: str) -> Iterator[Issue]:
    """per-1, ISiK-app-1, ISiK-slot-1: start is not after end."""
    start, end = fields.get("start"), fields.get("end")
    if not isinstance(start, str) or not isinstance(end, str):
        return
    try:
        in_order = span(start, UTC)[0] < span(end, UTC)[1]
    except (ValueError, OverflowError):
        yield Issue("value", "not a moment that can be placed in time", f"{path}.start")
        return
    if not in_order:
        yield Issue("invariant", "start is not after end", f"{path}.start")


def _app_2(fields: Mapping[str, Any], path: str) -> Iterator[Issue]:
    if ("start" in fields) != ("end" in fields):
        yield Issue("invariant", "start and end are both given or neither (app-2)", path)


def _app_3(fields: Mapping[str, Any], path: str) -> Iterator[Issue]:
    if "start" not in fields and fields.get("status") not in {"proposed", "cancelled", "waitlist"}:
        yield Issue("invariant", "only proposed or cancelled appointments have no start (app-3)", path)


def _app_4(fields: Mapping[str, Any], path: str) -> Iterator[Issue]:
    if "cancelationReason" in fields and fields.get("status") not in {"cancelled", "noshow"}:
        yield Issue(
            "invariant", "only a cancelled appointment has a reason for it (app-4)", f"{path}.cancelationReason"
        )


def _app_1(fields: Mapping[str, Any], path: str) -> Iterator[Issue]:
    if "type" not in fields and "actor" not in fields:
        yield Issue("invariant", "a participant has a type or an actor (app-1)", path)


_Invariant = Callable[[Mapping[str, Any], str], Iterator[Issue]]

_INVARIANTS: dict[str, tuple[_Invariant, ...]] = {
    "Appointment": (_start_before_end, _app_2, _app_3, _app_4),
    "AppointmentParticipant": (_app_1,),
    "Period": (_start_before_end,),
    "Slot": (_start_before_end,),
}
