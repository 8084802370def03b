"""A PATCH of a resource: what it makes of it, and which operation did what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from telemed.fhir import json_patch, path_patch, raw
from telemed.fhir.issues import Invalid, Issue, Told
from telemed.fhir.resource import Resource
from telemed.fhir.validate import validate

LARGEST = 64 * 1024
"""Bytes of what it makes; as much as can be sent at once."""


@dataclass(frozen=True)
class Patch:
    """*content*: a JSON Patch, or FHIRPath Patch Parameters. *version*: which the resource must have, if any."""

    content: bytes
    is_json_patch: bool
    version: str | None = None


def steps(how: Patch, fields: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """After each operation, where it says what it changes, and the resource as it is then.

    Raises:
        Malformed, Invalid: it is no patch, or cannot be applied.
        Told: it makes no resource of it.
    """
    if not how.is_json_patch:
        for one, after in path_patch.applied(fields, path_patch.changes(how.content)):
            yield one.at("path"), after
        return
    for change, after in json_patch.applied(fields, json_patch.changes(how.content)):
        if not isinstance(after, dict):
            raise Told(400, [Issue("structure", "a resource is a JSON object", f"{change.place}.path")])
        yield f"{change.place}.path", after


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The members of the resource that are not the same."""
    missing = object()
    return [
        name
        for name in {**before, **after}
        if not json_patch.equal(before.get(name, missing), after.get(name, missing))
    ]


def changed(plain: bytes, after: Mapping[str, Any], names: list[str], place: str) -> bytes:
    """*plain* with these members as they are in *after*, and the text of all others.

    Raises:
        Told: it becomes too large; it names *place*.
    """
    made = raw.stamped(plain, {n: orjson.Fragment(raw.written(after[n])) if n in after else None for n in names})
    if len(made) > max(LARGEST, len(plain)):
        raise Told(422, [Issue("too-long", f"a resource has {LARGEST} bytes at most", place)])
    return made


def blamed(refusal: Invalid, by: Mapping[str, str]) -> Told:
    """The same, with the operations that changed the members at fault; *by*: where each member was changed last."""
    last = list(by.values())[-1]
    said = (Issue(i.code, i.diagnostics, by.get(member(i.expression), last)) for i in refusal.issues)
    return Told(422, said)


def member(expression: str) -> str:
    """Of which member of the resource a path is."""
    return f"{expression}..".split(".")[1].partition("[")[0]


def patched(plain: bytes, how: Patch) -> tuple[Resource, dict[str, str]]:
    """A valid resource with the changes, and where each member that differs was changed last.

    Raises:
        Malformed, Invalid: it is no patch, or cannot be applied.
        Told: what it makes is no valid resource, or another one.
    """
    before: Mapping[str, Any] = raw.exact(plain.decode())
    after, by = before, dict[str, str]()
    for place, step in steps(how, before):
        for name in differing(after, step):
            if name in ("id", "resourceType"):
                raise Told(400, [Issue("business-rule", "id and type of a resource are never changed", place)])
            by[name] = place
        after = step
    names = differing(before, after)
    if not names:
        return validate(plain), {}
    try:
        return validate(changed(plain, after, names, by[names[-1]])), by
    except Told:
        raise
    except Invalid as refusal:
        raise blamed(refusal, by) from None
