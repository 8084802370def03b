"""What the access token of a program allows: SMART scopes, version 2 (SMART App Launch 2.2, scopes). Pure.

``system/Appointment.rs`` is reading and searching appointments. There are no wildcards: neither of types nor of what
is done. An operation needs what it amounts to: ``$find`` searches, ``$hold`` and ``$book`` create, a PATCH updates.
"""

import re
from enum import StrEnum

from telemed.identity.model import Actor
from telemed.kit.refusal import NotAllowed

_SCOPE = re.compile(r"system/([A-Z][A-Za-z]+)\.(c?r?u?d?s?)")


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
        NotAllowed: no scope says so.
    """
    if not permits(actor, kind, act):
        raise NotAllowed
