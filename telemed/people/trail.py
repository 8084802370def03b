"""A search of the audit: conditions on what programs did (`acts`) and on what was done to people's data. Pure."""

from dataclasses import dataclass
from datetime import datetime

from telemed.identity.model import Actor, Role
from telemed.people.acts import Act, Did
from telemed.people.model import AuditLine, Deed

Line = Act | AuditLine


@dataclass(frozen=True)
class OfSort:
    """An act of one of these sorts: what, whether with appointments, with which outcome; or a line of one of those:
    which deed, whether as the answer to a search."""

    acts: frozenset[tuple[Did, bool, str]]
    lines: frozenset[tuple[Deed, bool]]


@dataclass(frozen=True)
class Numbered:
    """It has one of these ids, or, if *other*, another one."""

    ids: frozenset[str]
    other: bool = False


@dataclass(frozen=True)
class Recorded:
    """It was written down in one of these times: from the first on and before the second; None is open."""

    windows: tuple[tuple[datetime | None, datetime | None], ...]


@dataclass(frozen=True)
class By:
    """One of these did it: a role and a subject; a subject that is empty is any of the role."""

    who: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class About:
    """It names one of these, as type and id."""

    named: frozenset[tuple[str, str]]


Condition = OfSort | Numbered | Recorded | By | About


@dataclass(frozen=True)
class Trail:
    """A search. *own*: whose lines alone; None for all. *beyond*: when it was recorded and the id of the line beside
    which the page ends; *backwards*: only what lies on the other side of it, the nearest first."""

    where: tuple[Condition, ...] = ()
    own: Actor | None = None
    limit: int = 50
    offset: int = 0
    descending: bool = True
    beyond: tuple[datetime, str] | None = None
    backwards: bool = False

    @property
    def falling(self) -> bool:
        """Whether it is walked towards what is older."""
        return self.descending != self.backwards


def whose(actor: Actor) -> Actor | None:
    """A program sees its own lines; the operator all."""
    return None if actor.role is Role.OPERATOR else actor
