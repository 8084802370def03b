"""What elements a FHIR R4 type has, read once from the classes of fhir.resources (R4B, equal to R4 for our use)."""

import decimal
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, Protocol

from fhir.resources.R4B import get_fhir_model_class


class Model(Protocol):
    """A class of fhir.resources, as far as we look at it."""

    __name__: str
    model_fields: Mapping[str, Any]

    def __hash__(self) -> int: ...

    def elements_sequence(self) -> list[str]: ...

    def get_alias_mapping(self) -> dict[str, str]: ...

    def has_resource_base(self) -> bool: ...

    def model_validate(self, fields: Any) -> object: ...

    def model_construct(self) -> object: ...


Form = Literal["string", "boolean", "integer", "decimal", "xhtml", "complex", "resource"]

_NOT_TEXT: dict[object, Form] = {bool: "boolean", int: "integer", decimal.Decimal: "decimal"}
"""Primitives whose JSON is not a string; dates, uris, codes and the rest are."""


_CUT_OFF = frozenset({"+", "etc.", "formats"})
"""Marks of a list of codes that fhir.resources read from prose and that is not whole."""


@dataclass(frozen=True)
class Element:
    """One element. *model* for complex ones; *codes*: its required binding; *targets*: types a Reference may name."""

    name: str
    form: Form
    many: bool
    model: Model | None = None
    codes: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    is_id: bool = False


@cache
def model_of(resource_type: str) -> Model | None:
    """The class of a resource type; None for what is none."""
    try:
        model: Model = get_fhir_model_class(resource_type)
    except (ValueError, KeyError):
        return None
    return model if model.has_resource_base() else None


@cache
def elements_of(model: Model) -> dict[str, Element]:
    """The elements of a type by name, in the order of the specification (which XML needs)."""
    fields = model.get_alias_mapping()
    return {name: _element(name, model.model_fields[fields[name]]) for name in model.elements_sequence()}


@cache
def companion() -> Model:
    """What stands in ``_name`` beside a primitive: id and extensions."""
    return typing.cast(Model, get_fhir_model_class("FHIRPrimitiveExtension"))


def _element(name: str, field: Any) -> Element:
    extra = field.json_schema_extra or {}
    annotation, many = _bare(field.annotation), False
    if typing.get_origin(annotation) is list:
        annotation, many = _bare(typing.get_args(annotation)[0]), True
    form, model, is_id = _form(annotation)
    codes = frozenset(extra.get("enum_values") or ())
    codes = codes if codes.isdisjoint(_CUT_OFF) else frozenset()
    targets = frozenset(extra.get("enum_reference_types") or ())
    return Element(name, form, many, model, codes, targets, is_id)


def _bare(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (typing.Union, UnionType):
        return next(a for a in typing.get_args(annotation) if a is not type(None))
    return annotation


def _form(annotation: Any) -> tuple[Form, Model | None, bool]:
    if hasattr(annotation, "get_model_klass"):
        model = annotation.get_model_klass()
        return ("resource", None, False) if model.__name__ == "Resource" else ("complex", model, False)
    if typing.get_origin(annotation) is not typing.Annotated:
        return _NOT_TEXT.get(annotation, "string"), None, False
    base, *marks = typing.get_args(annotation)
    names = {type(mark).__name__ for mark in marks}
    return ("xhtml" if "Xhtml" in names else _NOT_TEXT.get(base, "string")), None, "Id" in names
