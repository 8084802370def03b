"""What is wrong with single fields of a request, in words for people; it never repeats what was sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from telemed.kit.i18n import words

TOLD = "told"
"""The type of an error that brings its own words."""

_BEGINNINGS = {
    "missing": "refusal.field.missing",
    "extra_forbidden": "refusal.field.unknown",
    "json_": "refusal.field.syntax",
    "string_too_": "refusal.field.length",
    "too_": "refusal.field.length",
    "greater_": "refusal.field.range",
    "less_": "refusal.field.range",
    "multiple_": "refusal.field.range",
    "string_pattern": "refusal.field.pattern",
    "datetime_": "refusal.field.moment",
    "timezone_": "refusal.field.moment",
    "literal_": "refusal.field.choice",
    "enum": "refusal.field.choice",
}
"""Catalogue key by how pydantic's word for the error begins; whatever else there is has the wrong form."""


@dataclass(frozen=True)
class Fault:
    """*path*: which field, as ``body.person.name``; *reason*: what is wrong with it."""

    path: str
    reason: str


def fault(key: str) -> PydanticCustomError:
    """For validators: an error that is said with the words of *key*."""
    return PydanticCustomError(TOLD, "{key}", {"key": key})


def faults_of(errors: Iterable[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """The errors of a pydantic validation, each once."""
    return tuple(dict.fromkeys(Fault(_path(error), _reason(error)) for error in errors))


def _path(error: Mapping[str, Any]) -> str:
    """A field that we do not know has no path, for its name is the sender's; what is no JSON has none inside."""
    places = [str(place) for place in error["loc"]]
    kind = error["type"]
    return ".".join(places[:1] if kind.startswith("json_") else places[:-1] if kind == "extra_forbidden" else places)


def _reason(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx") or {}
    if kind == TOLD:
        return words().text(context["key"])
    key = next((key for begins, key in _BEGINNINGS.items() if kind.startswith(begins)), "refusal.field.form")
    return words().text(key, allowed=str(context.get("expected", "")).replace(" or ", ", "))
