"""What the access token of a program allows: SMART scopes, version 2 (SMART App Launch 2.2, scopes). Pure.

``system/Appointment.rs`` is reading and searching appointments. There are no wildcards: neither of types nor of what
is done. An operation needs what it amounts to: ``$find`` searches, ``$hold`` and ``$book`` create, a PATCH updates.
"""

import re
from collections.abc import Iterable
from enum import StrEnum

from telemed.identity.model import Actor
from telemed.kit.refusal import NotAllowed

_SCOPE = re.compile(r"system/([A-Z][A-Za-z]+)\.(c?r?u?d?s?)")


class ScopeMissing(NotAllowed):
    """The token of a program lacks *scope*, whose ever the resource is."""

    key = "interop.refusal.scope_missing"
    plain = (
        "this needs the scope {scope}, which this access token lacks; ask for it at the token endpoint, or have the "
        "operator grant it"
    )


class Act(StrEnum):
    CREATE = "c"
    READ = "r"
    UPDATE = "u"
    DELETE = "d"
    SEARCH = "s"


def permits(actor: Actor, kind: str, act: Act) -> bool:
    """Whether *actor* may do *act* with resources of this type at all; whose, its compartment says."""
    if actor.scopes is None:
        return True
    read = filter(None, map(_SCOPE.fullmatch, actor.scopes))
    return any(found[1] == kind and act in found[2] for found in read)


def require(actor: Actor, kind: str, act: Act) -> None:
    """
    Raises:
        ScopeMissing: no scope says so.
    """
    if not permits(actor, kind, act):
        raise ScopeMissing(scope=scope(kind, [act]))


def reduced(asked: Iterable[str], granted: Iterable[str]) -> tuple[str, ...]:
    """Of what is asked for, what is granted, by type: the answer of a token endpoint (RFC 6749, 3.3).

    What cannot be read is not granted: wildcards, scopes of version 1 and those with a search behind them too.
    """
    may = by_kind(granted)
    both = {kind: acts & may.get(kind, frozenset()) for kind, acts in by_kind(asked).items()}
    return tuple(scope(kind, acts) for kind, acts in sorted(both.items()) if acts)


def by_kind(given: Iterable[str]) -> dict[str, frozenset[Act]]:
    """What may be done with each type; what cannot be read is left out."""
    found: dict[str, frozenset[Act]] = {}
    for match in filter(None, map(_SCOPE.fullmatch, given)):
        found[match[1]] = found.get(match[1], frozenset()) | {Act(letter) for letter in match[2]}
    return {kind: acts for kind, acts in found.items() if acts}


def scope(kind: str, acts: Iterable[Act]) -> str:
    """As it is written: the letters in the order of ``cruds``."""
    return f"system/{kind}.{''.join(act.value for act in Act if act in set(acts))}"
