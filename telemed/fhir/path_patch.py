"""FHIRPath Patch (R4, fhirpatch.html): Parameters with one ``operation`` for each change; paths as in `paths`.

A choice is named without its type (``value``, not ``valueString``), the extension of a primitive through it
(``Appointment.priority.extension[0]``), as FHIRPath says it.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from telemed.fhir import parameters, paths, raw
from telemed.fhir.elements import Element, Model, companion, elements_of, model_of
from telemed.fhir.issues import Invalid, Issue, Malformed
from telemed.fhir.paths import NotOne, Step

MOST = 30
"""Operations of one patch."""
_NEEDED = {
    "add": ("path", "name", "value"),
    "insert": ("path", "index", "value"),
    "replace": ("path", "value"),
    "delete": ("path",),
    "move": ("path", "source", "destination"),
}
_TEXTS = {"type": "valueCode", "path": "valueString", "name": "valueString"}
_NUMBERS = ("index", "source", "destination")


@dataclass(frozen=True)
class Change:
    """One operation. *place*: where it stands; *places*: where each of its parts does."""

    verb: str
    path: tuple[Step, ...]
    place: str
    value: Any = None
    name: str = ""
    numbers: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def at(self, part: str) -> str:
        return self.places.get(part, self.place)


def changes(content: bytes) -> list[Change]:
    """The operations of a patch.

    Raises:
        Malformed: it is none, has more than `MOST`, or a path with functions.
    """
    given = parameters.given(content, alone="")
    if not given or not given[0].name:
        raise Malformed(
            [Issue("structure", "a FHIRPath Patch is Parameters with operations", given[0].place)]
            if given
            else [Issue("required", "a FHIRPath Patch has operations", "Parameters")]
        )
    if len(given) > MOST:
        raise Malformed([Issue("too-long", f"at most {MOST} operations", "Parameters")])
    return [_change(one) for one in given]


def _change(given: parameters.Given) -> Change:
    if given.name != "operation" or given.form != "part":
        raise Malformed([Issue("structure", "every parameter is an operation with parts", given.place)])
    parts, places = {}, {}
    for n, one in enumerate(raw.exact(given.text.decode())):
        place = f"{given.place}[{n}]"
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str) or one["name"] in parts:
            raise Malformed([Issue("structure", "a part has a name, which is there once", place)])
        name = one["name"]
        parts[name], places[name] = _part(one, place)
    verb = parts.get("type")
    if not isinstance(verb, str) or verb not in _NEEDED:
        raise Malformed([Issue("value", f"type is one of: {', '.join(_NEEDED)}", places.get("type", given.place))])
    lacking = [name for name in _NEEDED[verb] if name not in parts]
    if lacking:
        raise Malformed([Issue("required", f"{verb} needs: {', '.join(lacking)}", given.place)])
    for name in [one for one in (*_TEXTS, *_NUMBERS) if one in parts]:
        kind: type = int if name in _NUMBERS else str
        if not isinstance(parts[name], kind) or isinstance(parts[name], bool):
            raise Malformed([Issue("value", f"{name} is not of its type", places[name])])
    try:
        path = paths.steps(parts["path"])
    except NotOne as why:
        raise Malformed([Issue("not-supported", str(why), places["path"])]) from None
    numbers = {name: parts[name] for name in _NUMBERS if name in parts}
    return Change(verb, path, given.place, parts.get("value"), parts.get("name", ""), numbers, places)


def _part(one: Mapping[str, Any], place: str) -> tuple[Any, str]:
    forms = [name for name in one if name.startswith("value") or name in ("part", "resource")]
    if len(forms) != 1 or forms[0] == "resource":
        raise Malformed([Issue("structure", "a part has one value", place)])
    value = one[forms[0]]
    return (_object(value, f"{place}.part") if forms[0] == "part" else value), f"{place}.{forms[0]}"


def _object(parts: Any, place: str) -> dict[str, Any]:
    """An element that has no value[x] of its own, put together of parts; a name given twice is a list."""
    if not isinstance(parts, list):
        raise Malformed([Issue("structure", "parts are an array", place)])
    made: dict[str, Any] = {}
    for n, one in enumerate(parts):
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            raise Malformed([Issue("structure", "a part has a name", f"{place}[{n}]")])
        value, _ = _part(one, f"{place}[{n}]")
        name = one["name"]
        made[name] = [*(made[name] if isinstance(made[name], list) else [made[name]]), value] if name in made else value
    return made


@dataclass(frozen=True)
class _Spot:
    """Where an element stands: in *holder*, an object or a list, as *key*. *element*: what kind it is, if known."""

    holder: Any
    key: Any
    element: Element | None

    @property
    def is_there(self) -> bool:
        if isinstance(self.holder, list):
            return bool(self.key < len(self.holder))
        return self.key in self.holder

    @property
    def value(self) -> Any:
        return self.holder[self.key]


def applied(fields: Mapping[str, Any], some: list[Change]) -> Iterator[tuple[Change, dict[str, Any]]]:
    """After each change, the resource as it is then; what was before stays as it was.

    Raises:
        Invalid: one cannot be applied.
    """
    kind = str(fields["resourceType"])
    now: dict[str, Any] = dict(fields)
    for one in some:
        now = copy.deepcopy(now)
        if one.path[0] != kind:
            raise _refused(one, "a path begins with the type of the resource")
        _APPLY[one.verb](now, one)
        _without_empty(now)
        yield one, now


def _refused(one: Change, why: str, part: str = "path") -> Invalid:
    return Invalid([Issue("processing", why, one.at(part))])


def _spot(root: dict[str, Any], path: tuple[Step, ...], one: Change) -> _Spot:
    """The one element that *path* names, there or not; what it stands in is there.

    Raises:
        Invalid: what it would stand in is not there, or is several.
    """
    model = model_of(root["resourceType"])
    spot = _Spot({"": root}, "", None)
    for step in path[1:]:
        here = spot.value if spot.is_there else None
        if isinstance(step, int):
            if not isinstance(here, list):
                raise _refused(one, "there is no list at this path")
            spot = _Spot(here, step, spot.element)
            continue
        if isinstance(here, list):
            if len(here) != 1:
                raise _refused(one, "the path names several elements; name one by its place, as in [0]")
            here = here[0]
        if step in ("extension", "id") and _is_primitive(spot):
            spot = _below(spot.holder.setdefault(f"_{spot.key}", {}), step, companion())
            continue
        if not isinstance(here, dict):
            raise _refused(one, "there is nothing at this path")
        model = spot.element.model if spot.element is not None else model
        spot = _below(here, step, model)
    return spot


def _is_primitive(spot: _Spot) -> bool:
    known = spot.element is not None and spot.element.form not in ("complex", "resource") and not spot.element.many
    return known and isinstance(spot.holder, dict)


def _below(here: dict[str, Any], step: str, model: Model | None) -> _Spot:
    known = elements_of(model) if model else {}
    chosen = next((name for name in here if name.startswith(step) and name[len(step) :][:1].isupper()), None)
    key = chosen if step not in here and chosen and step not in known else step
    return _Spot(here, key, known.get(key))


def _add(root: dict[str, Any], one: Change) -> None:
    spot = _spot(root, (*one.path, one.name), one)
    if isinstance(spot.holder, list):
        raise _refused(one, "the path names a list")
    if spot.element is not None and spot.element.many:
        spot.holder.setdefault(spot.key, []).append(one.value)
    elif spot.is_there:
        raise _refused(one, "it is there already; replace it", "name")
    else:
        spot.holder[spot.key] = one.value


def _insert(root: dict[str, Any], one: Change) -> None:
    spot, at = _spot(root, one.path, one), one.numbers["index"]
    listed = spot.value if spot.is_there else None
    if not isinstance(listed, list) or not 0 <= at <= len(listed):
        raise _refused(one, "there is no such place in a list at this path", "index")
    listed.insert(at, one.value)


def _replace(root: dict[str, Any], one: Change) -> None:
    spot = _spot(root, one.path, one)
    if not spot.is_there:
        raise _refused(one, "there is nothing at this path; add it")
    if isinstance(spot.value, list) and not isinstance(one.value, list):
        if len(spot.value) != 1:
            raise _refused(one, "the path names several elements; name one by its place, as in [0]")
        spot = _Spot(spot.value, 0, spot.element)
    spot.holder[spot.key] = one.value


def _delete(root: dict[str, Any], one: Change) -> None:
    """Nothing there is no error."""
    if len(one.path) == 1:
        raise _refused(one, "a resource is not deleted by a patch")
    try:
        spot = _spot(root, one.path, one)
    except Invalid:
        return
    if not spot.is_there:
        return
    if isinstance(spot.value, list) and len(spot.value) > 1:
        raise _refused(one, "the path names several elements; name one by its place, as in [0]")
    del spot.holder[spot.key]


def _move(root: dict[str, Any], one: Change) -> None:
    spot = _spot(root, one.path, one)
    listed = spot.value if spot.is_there else None
    at, to = one.numbers["source"], one.numbers["destination"]
    if not isinstance(listed, list) or not 0 <= at < len(listed) or not 0 <= to < len(listed):
        raise _refused(one, "there are no such places in a list at this path")
    listed.insert(to, listed.pop(at))


def _without_empty(value: dict[str, Any]) -> None:
    """A list or an object from which the last was taken is not there any more (FHIR JSON)."""
    for name, each in list(value.items()):
        for item in each if isinstance(each, list) else [each]:
            if isinstance(item, dict):
                _without_empty(item)
        if each in ([], {}):
            del value[name]


_APPLY = {"add": _add, "insert": _insert, "replace": _replace, "delete": _delete, "move": _move}
