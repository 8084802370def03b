"""JSON whose numbers have exactly the digits they were given: 36.40 stays 36.40 (FHIR R4, decimal: "do not lose them").

The standard library writes a `Decimal` not at all, and pydantic as text.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any


def dumps(value: Any) -> str:
    """*value* as JSON, without spaces.

    Raises:
        ValueError: a number that JSON does not have.
        TypeError: neither a number, a text, a truth, nothing, nor made of these.
    """
    match value:
        case Decimal():
            if not value.is_finite():
                raise ValueError("JSON has no such number")
            return f"{value:f}"
        case Mapping():
            return "{" + ",".join(f"{json.dumps(str(key))}:{dumps(each)}" for key, each in value.items()) + "}"
        case str() | int() | float() | None:
            return json.dumps(value, ensure_ascii=False, allow_nan=False)
        case Sequence():
            return "[" + ",".join(dumps(each) for each in value) + "]"
        case _:
            raise TypeError(type(value).__name__)
