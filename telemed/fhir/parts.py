"""What was found valid before need not be looked at again: a city's Appointments name the same people and things.

Of a part only a keyed digest is kept, for as long as the process runs, so nobody can tell from it what the part said.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

import orjson

from telemed.fhir.elements import Element, Model, elements_of
from telemed.fhir.issues import Issue

Faults = Callable[[Mapping[str, Any], Element], Iterable[Issue]]
"""What is wrong with a part, where it stands."""

MANY = 16_384
"""Parts to remember; more than that are forgotten together."""

_KEY = os.urandom(32)
_good: set[bytes] = set()


def looked_over(fields: Mapping[str, Any], model: Model, faults: Faults) -> dict[str, Any]:
    """*fields* with an empty instance of its class in place of each valid part, which is a complex element.

    A part with a fault stays as it is, so that it is found together with all the others.
    """
    elements, rest = elements_of(model), dict(fields)
    for name, value in fields.items():
        element = elements.get(name)
        if element is None or element.form != "complex" or element.model is None:
            continue
        place = f"{model.__name__}.{name} "
        if isinstance(value, list):
            rest[name] = [_part(one, element, element.model, place, faults) for one in value]
        else:
            rest[name] = _part(value, element, element.model, place, faults)
    return rest


def _part(value: Any, element: Element, model: Model, place: str, faults: Faults) -> Any:
    try:
        seen = hashlib.blake2b(place.encode() + orjson.dumps(value), key=_KEY, digest_size=16).digest()
    except TypeError:  # a number or a text that orjson does not write
        return value
    if seen not in _good:
        if not isinstance(value, Mapping) or any(True for _ in faults(value, element)):
            return value
        if len(_good) >= MANY:
            _good.clear()
        _good.add(seen)
    return _stand_in(model)


@cache
def _stand_in(model: Model) -> object:
    return model.model_construct()
