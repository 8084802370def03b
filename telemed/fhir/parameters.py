"""What an operation is given: the parts of a Parameters resource (R4, parameters.html), or one resource alone.

Each resource keeps its text, and where it stands, so that what is wrong in it is said with a path from the outside.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from telemed.fhir import raw
from telemed.fhir.issues import Issue, Malformed

_NOT_CONTENT = frozenset({"name", "id", "extension", "_name"})


@dataclass(frozen=True)
class Given:
    """One parameter. *place*: the FHIRPath of what it holds, such as ``Parameters.parameter[2].resource``.

    *form*: the member that holds it, such as ``resource``, ``valueUri`` or ``part``. *text*: its JSON as it came.
    """

    name: str
    form: str
    place: str
    text: bytes
    value: Any

    @property
    def is_resource(self) -> bool:
        return self.form == "resource"


def given(content: bytes, *, alone: str) -> tuple[Given, ...]:
    """The parameters of an operation. A resource that is not Parameters stands for the one called *alone*.

    Raises:
        Malformed: not JSON, or not built like Parameters.
    """
    text = raw.text_of(content)
    value = raw.parse(text)
    if not isinstance(value, Mapping):
        raise Malformed([Issue("structure", "a resource is a JSON object")])
    kind = value.get("resourceType")
    if kind != "Parameters":
        place = kind if isinstance(kind, str) and kind.isascii() and kind.isalpha() else "$this"
        return (Given(alone, "resource", place, content, value),)
    listed = value.get("parameter", [])
    if not isinstance(listed, list):
        raise Malformed([Issue("structure", "parameter is an array", "Parameters.parameter")])
    spans = raw.items(text, raw.members(text)["parameter"][0]) if listed else []
    return tuple(
        _one(text, start, one, f"Parameters.parameter[{n}]")
        for n, ((start, _), one) in enumerate(zip(spans, listed, strict=True))
    )


def _one(text: str, start: int, one: Any, place: str) -> Given:
    if not isinstance(one, Mapping):
        raise Malformed([Issue("structure", "a parameter is a JSON object", place)])
    name = one.get("name")
    if not isinstance(name, str) or not name:
        raise Malformed([Issue("required", "a parameter has a name", f"{place}.name" if "name" in one else place)])
    forms = [each for each in one if each not in _NOT_CONTENT]
    if len(forms) != 1 or not _is_content(forms[0]):
        raise Malformed([Issue("structure", "a parameter has one value, one resource, or parts (inv-1)", place)])
    form = forms[0]
    if form in ("resource", "part") and not isinstance(one[form], dict if form == "resource" else list):
        raise Malformed([Issue("structure", "a resource is an object, parts are an array", f"{place}.{form}")])
    first, last = raw.members(text, start)[form]
    return Given(name, form, f"{place}.{form}", text[first:last].encode(), one[form])


def _is_content(form: str) -> bool:
    return form in ("resource", "part") or (form.startswith("value") and len(form) > len("value"))


def named(parameters: Iterable[Given], *names: str) -> list[Given]:
    """Those called by one of *names*, in their order."""
    return [one for one in parameters if one.name in names]
