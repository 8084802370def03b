"""What a search of appointments asks for: conditions on what the planner keeps of them. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kept(StrEnum):
    """What may be asked; the columns are called the same."""

    ID = "id"
    PERSON = "person_id"
    DOCTOR = "doctor_id"
    ROOM = "room_id"
    ASSISTANT = "assistant_id"
    INTERPRETER = "interpreter_id"
    SERVICE = "service_id"
    STATUS = "status"
    ORIGIN = "origin"
    START = "start"
    UPDATED = "updated_at"


@dataclass(frozen=True)
class Is:
    """It is one of *values*."""

    kept: Kept
    values: frozenset[str]


@dataclass(frozen=True)
class Within:
    """The moment lies from *start* on and before *end*; None is open."""

    kept: Kept
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class Uses:
    """One of these devices takes part."""

    device_ids: frozenset[str]


@dataclass(frozen=True)
class Said:
    """The other system whose appointment it is said this code of *what*: ``service-type`` or ``specialty``.

    *system*: None for any. *code*: empty for any.
    """

    what: str
    system: str | None
    code: str


@dataclass(frozen=True)
class InSlot:
    """It lies within this time and one of *actor_ids* takes part."""

    actor_ids: frozenset[str]
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Not:
    of: "Where"


@dataclass(frozen=True)
class Every:
    """All of them hold; without any, always."""

    of: tuple["Where", ...] = ()


@dataclass(frozen=True)
class Some:
    """One of them holds; without any, never."""

    of: tuple["Where", ...] = ()


Where = Is | Within | Uses | Said | InSlot | Not | Every | Some
ALWAYS, NEVER = Every(), Some()


@dataclass(frozen=True)
class By:
    """What the found are sorted by."""

    kept: Kept = Kept.START
    descending: bool = False


@dataclass(frozen=True)
class Mark:
    """A place in the order, beside which a page ends: what its last or first has of each in that, and its id."""

    at: tuple[str, ...]
    id: str


@dataclass(frozen=True)
class Sought:
    """A search. *by*: first by the first; what is alike in all is sorted by id, in the direction of the last.

    *beyond*: only what comes after the mark, or before it if *backwards*, which finds the last first.
    """

    where: Where
    by: tuple[By, ...] = (By(),)
    limit: int = 50
    offset: int = 0
    beyond: Mark | None = None
    backwards: bool = False


@dataclass(frozen=True)
class Sealed:
    """One that was found. *at*: what it has of each by which it is sorted."""

    id: str
    person_id: str
    content: bytes
    at: tuple[str, ...]


EXTERNAL = "external"
"""The origin of what another system brought; a code of ``http://fhir.de/CodeSystem/common-meta-tag-de``."""


@dataclass(frozen=True)
class Described:
    """What of another system's appointment may be searched by, beside what the planner keeps.

    *said*: (what, system, code) of what `Said` finds.
    """

    origin: str = ""
    said: tuple[tuple[str, str, str], ...] = ()
