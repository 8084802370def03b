"""JSON Patch (RFC 6902) on values: all of its operations, each whole or not at all."""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from telemed.fhir import raw
from telemed.fhir.issues import Invalid, Issue, Malformed

MOST = 30
"""Operations of one patch."""
LARGEST = 64 * 1024
"""Of what a patch makes, in characters and elements: copies of copies would double it each time."""
_WITH_VALUE, _WITH_FROM = frozenset({"add", "replace", "test"}), frozenset({"move", "copy"})
_VERBS = _WITH_VALUE | _WITH_FROM | {"remove"}
_PLACE = re.compile(r"0|[1-9][0-9]{0,5}")
Tokens = tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """One operation. *place*: where it stands, such as ``patch[2]``."""

    verb: str
    path: Tokens
    place: str
    value: Any = None
    source: Tokens = ()


def changes(content: bytes) -> list[Change]:
    """The operations of a JSON Patch.

    Raises:
        Malformed: it is none, or has more than `MOST`.
    """
    text = raw.text_of(content)
    raw.parse(text)
    listed = raw.exact(text)
    if not isinstance(listed, list) or not listed or len(listed) > MOST:
        raise Malformed([Issue("structure", f"a JSON Patch is an array of 1 to {MOST} operations", "patch")])
    return [_change(one, f"patch[{n}]") for n, one in enumerate(listed)]


def _change(one: Any, place: str) -> Change:
    if not isinstance(one, Mapping):
        raise Malformed([Issue("structure", "an operation is an object", place)])
    verb = one.get("op")
    if not isinstance(verb, str) or verb not in _VERBS:
        raise Malformed([Issue("value", f"op is one of: {', '.join(sorted(_VERBS))}", place)])
    if verb in _WITH_VALUE and "value" not in one:
        raise Malformed([Issue("required", "this operation has a value", place)])
    source = _tokens(one, "from", place) if verb in _WITH_FROM else ()
    return Change(verb, _tokens(one, "path", place), place, one.get("value"), source)


def _tokens(one: Mapping[str, Any], name: str, place: str) -> Tokens:
    pointer = one.get(name)
    if not isinstance(pointer, str) or (pointer and not pointer.startswith("/")) or re.search("~(?![01])", pointer):
        raise Malformed([Issue("value", f"{name} is a JSON Pointer", f"{place}.{name}" if name in one else place)])
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:])


def applied(value: Any, some: list[Change]) -> Iterator[tuple[Change, Any]]:
    """After each change, the whole as it is then; what was before stays as it was.

    Raises:
        Invalid: one cannot be applied.
    """
    for one in some:
        value = copy.deepcopy(value)
        value = _apply(value, one)
        yield one, value


def _apply(root: Any, one: Change) -> Any:
    match one.verb:
        case "add":
            return _add(root, one.path, one.value, one)
        case "remove":
            return _remove(root, one.path, one)
        case "replace":
            _find(root, one.path, one)
            return _add(_remove(root, one.path, one), one.path, one.value, one) if one.path else one.value
        case "move":
            if one.path[: len(one.source)] == one.source and one.path != one.source:
                raise _refused(one, "nothing is moved into itself", "from")
            moved = _find(root, one.source, one, "from")
            return _add(_remove(root, one.source, one), one.path, moved, one)
        case "copy":
            found = _find(root, one.source, one, "from")
            if _size(root) + _size(found) > LARGEST:
                raise _refused(one, "what it makes is too large", "from")
            return _add(root, one.path, copy.deepcopy(found), one)
        case _:
            if not equal(_find(root, one.path, one), one.value):
                raise _refused(one, "the test fails: it is something else", "value")
            return root


def _refused(one: Change, why: str, part: str = "path") -> Invalid:
    return Invalid([Issue("processing", why, f"{one.place}.{part}")])


def _size(value: Any) -> int:
    """How much there is of it, about."""
    size, left = 0, [value]
    while left:
        one = left.pop()
        if isinstance(one, Mapping):
            size += sum(map(len, one))
            left += one.values()
        elif isinstance(one, list):
            left += one
        size += len(one) if isinstance(one, str) else 1
    return size


def _find(root: Any, path: Tokens, one: Change, part: str = "path") -> Any:
    for token in path:
        if isinstance(root, Mapping) and token in root:
            root = root[token]
        elif isinstance(root, list) and _PLACE.fullmatch(token) and int(token) < len(root):
            root = root[int(token)]
        else:
            raise _refused(one, "there is nothing at this path", part)
    return root


def _add(root: Any, path: Tokens, value: Any, one: Change) -> Any:
    if not path:
        return value
    parent, last = _find(root, path[:-1], one), path[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list) and last == "-":
        parent.append(value)
    elif isinstance(parent, list) and _PLACE.fullmatch(last) and int(last) <= len(parent):
        parent.insert(int(last), value)
    else:
        raise _refused(one, "nothing can be added at this path")
    return root


def _remove(root: Any, path: Tokens, one: Change) -> Any:
    if not path:
        raise _refused(one, "the whole is not removed")
    _find(root, path, one)
    parent, last = _find(root, path[:-1], one), path[-1]
    del parent[int(last) if isinstance(parent, list) else last]
    return root


def equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same (RFC 6902, 4.6): numbers by what they are, and true is not 1."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(equal(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)
