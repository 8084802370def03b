"""JSON as text: find a member without touching a digit of the rest."""

import json
import re
from collections.abc import Collection, Mapping
from math import isinf
from typing import Any, NoReturn

import orjson

from telemed.fhir.issues import Issue, Malformed

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
_BROKEN = "not JSON: "

Span = tuple[int, int]

DEEPEST = 60
"""Objects and arrays within each other; no resource of FHIR comes near it, and whatever walks one has its end."""
LONGEST_NUMBER = 100
"""Characters of one number."""


def text_of(data: bytes) -> str:
    """The text of a JSON or NDJSON file.

    Raises:
        Malformed: not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed([Issue("structure", "not UTF-8")]) from None


def parse(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        Malformed: broken, nested too deep, with a number beyond all measure, or an object gives a name twice.
    """
    try:
        made = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_whole, parse_float=_finite
        )
        if not _ends(made):
            raise RecursionError
        return made
    except RecursionError:
        raise Malformed([Issue("structure", _BROKEN + "nested too deep")]) from None
    except ValueError as error:
        raise Malformed([Issue("structure", _BROKEN + _where(error))]) from None


def _where(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} (line {error.lineno}, column {error.colno})"
    return str(error) if isinstance(error, _NotAllowed) else "a number is too long"


class _NotAllowed(ValueError):
    """Something that Python's reader would let pass."""


def _ends(value: Any) -> bool:
    """Whether *value* is nested no deeper than `DEEPEST`."""
    level = [value]
    for _ in range(DEEPEST + 1):
        each = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [item for items in each for item in items if isinstance(item, dict | list)]
        if not level:
            return True
    return False


def _whole(text: str) -> int:
    return int(_short(text))


def _finite(text: str) -> float:
    made = float(_short(text))
    if isinf(made):
        raise _NotAllowed("a number is too large")
    return made


def _short(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        raise _NotAllowed("a number is too long")
    return text


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _NotAllowed("an object gives a name twice")
    return made


def _no_constant(name: str) -> NoReturn:
    raise _NotAllowed(f"{name} is not a number")


class Number(float):
    """A JSON number with its text."""

    def __new__(cls, text: str) -> "Number":
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str


def exact(text: str) -> Any:
    """The value of a JSON text that `parse` accepted; `written` gives every digit back."""
    return json.loads(text, parse_float=Number)


def written(value: Any) -> str:
    """A value as JSON; a `Number` with its own digits."""
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(name)}:{written(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def members(text: str, start: int = 0) -> dict[str, Span]:
    """The spans of the values in the object at *start* of a text that `parse` accepted."""
    found: dict[str, Span] = {}
    at = _skip(text, _skip(text, start) + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, at)
        found[name] = (at, end)
        at = _next(text, end)
    return found


def items(text: str, start: int) -> list[Span]:
    """The spans of the items in the array at *start*."""
    found = []
    at = _skip(text, start + 1)
    while text[at] != "]":
        _, end = _DECODER.raw_decode(text, at)
        found.append((at, end))
        at = _next(text, end)
    return found


def _skip(text: str, at: int) -> int:
    matched = _SPACE.match(text, at)
    return matched.end() if matched else at


def _next(text: str, end: int) -> int:
    at = _skip(text, end)
    return _skip(text, at + 1) if text[at] == "," else at


def stamped(content: bytes, values: Mapping[str, Any]) -> bytes:
    """A resource with top-level members set, and the text of all the others kept to the digit.

    Args:
        content: a JSON object.
        values: what each member is from now on; None takes it away.
    """
    text = content.decode()
    kept = {name: text[start:end] for name, (start, end) in members(text).items()}
    for name, value in values.items():
        kept.pop(name, None) if value is None else kept.__setitem__(name, orjson.dumps(value).decode())
    return ("{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in kept.items()) + "}").encode()


def amended(text: str, values: Mapping[str, Any]) -> orjson.Fragment:
    """As `stamped`, of the text of an object; a mapping changes those members of the object that it finds there."""
    spans = members(text)

    def new(name: str, value: Any) -> Any:
        start, end = spans.get(name, (0, 0))
        return amended(text[start:end], value) if isinstance(value, Mapping) and text[start:end][:1] == "{" else value

    return orjson.Fragment(stamped(text.encode(), {name: new(name, value) for name, value in values.items()}))


def texts(content: bytes, name: str) -> list[str]:
    """The texts of the items of an array of a resource; none where it has no such member."""
    text = content.decode()
    start, end = members(text).get(name, (0, 0))
    return [text[first:last] for first, last in items(text, start)] if end else []


def only(content: bytes, names: Collection[str]) -> bytes:
    """A resource with these top-level members and no others, their text kept."""
    text = content.decode()
    kept = (f"{json.dumps(name)}:{text[a:b]}" for name, (a, b) in members(text).items() if name in names)
    return ("{" + ",".join(kept) + "}").encode()
