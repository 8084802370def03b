"""What programs do at the FHIR interface, as the audit keeps it: also what concerns no person. Pure.

Lines about a person (`people.model.AuditLine`) stand beside these: a search of appointments leaves one line here, and
one there for each person found.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

KEEP = timedelta(days=365)
CLIENT = "client"
"""The role of a program; see `identity.model.Role`."""
MOST_IDS = 20
"""Ids that one line names; how many there were, it says besides."""


class Did(StrEnum):
    """What a program did."""

    READ = "read"
    SEARCH = "search"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    FIND = "find"
    HOLD = "hold"
    BOOK = "book"
    OTHER = "other"


@dataclass(frozen=True)
class Act:
    """A program did something with resources of a type, or was refused.

    *client*: its id; *role*: what it is, for operators read the audit too. *kind*: the FHIR type, empty where there
    was none. *asked*: the search, without free text (`without_words`). *found*: how many resources it was given; None
    where that says nothing. *ids*: of resources of that type. *person_id*: whom it was about, if about one. *status*:
    of HTTP. *request_id*: what the program called its request (``X-Request-Id``), if it did.
    """

    client: str
    did: Did
    kind: str
    at: datetime
    asked: str = ""
    found: int | None = None
    ids: tuple[str, ...] = ()
    person_id: str = ""
    status: int = 200
    id: str = ""
    role: str = CLIENT
    request_id: str = ""


SEARCHES = frozenset({Did.SEARCH, Did.FIND})
"""What is about the search rather than about single resources."""
DONE, FAILED, DENIED, BROKEN = "0", "4", "8", "12"
"""How it ended, as AuditEvent.outcome says it."""


def outcome_of(status: int) -> str:
    """How a request ended that was answered with this status of HTTP."""
    if status < 400:
        return DONE
    return BROKEN if status >= 500 else DENIED if status in (401, 403) else FAILED


_OPERATIONS = {"$find": Did.FIND, "$hold": Did.HOLD, "$book": Did.BOOK}
_BY_METHOD = {"POST": Did.CREATE, "PUT": Did.UPDATE, "PATCH": Did.UPDATE, "DELETE": Did.DELETE}
_KIND = re.compile(r"[A-Z][A-Za-z]{1,40}")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def what_was_done(method: str, path: str) -> tuple[Did, str, str]:
    """What a request asks for: the deed, the type, and the id if it names one. *path*: below ``/fhir``."""
    kind, rest, *more = [*path.strip("/").split("/"), "", ""]
    kind = kind if _KIND.fullmatch(kind) else ""
    last = next((part for part in reversed((rest, *more)) if part), "")
    if last.startswith("$"):
        return _OPERATIONS.get(last, Did.OTHER), kind, ""
    if rest == "_search" or (method in ("GET", "HEAD") and not rest):
        return (Did.SEARCH if kind else Did.OTHER), kind, ""
    resource_id = rest if _ID.fullmatch(rest) else ""
    return _BY_METHOD.get(method, Did.READ) if kind else Did.OTHER, kind, resource_id


_ID_OF = r"(?:[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}|(?=[A-Za-z\-.]*[0-9])[A-Za-z0-9\-.]{1,64})"
"""An id that says of what it is, or has a digit, which no name of a person has."""
_SHAPES = (
    (r"[0-9]{1,9}", ("_count", "_offset")),
    (
        r"(?:eq|ne|lt|le|gt|ge|sa|eb)?[0-9][0-9T:.Z+\-]{0,40}",
        ("date", "start", "end", "_lastUpdated", "_since"),
    ),
    (r"(?:Patient/)?(?=[A-Za-z\-.]*[0-9])[A-Za-z0-9\-.]{1,64}", ("_id", "patient", "appointment", "entity")),
    (
        _ID_OF,
        (
            "slot",
            "schedule",
            "actor",
            "practitioner",
            "location",
            "organization",
            "service",
            "practitioner-role",
            "agent",
        ),
    ),
    (
        r"[A-Za-z0-9_.:|/$+\-]{1,200}",
        (
            *("_tag", "_sort", "_include", "_revinclude", "_format", "status", "active", "type", "service-type"),
            *("service-category", "specialty", "role", "context-type-value", "criteria", "visit-type"),
            *("action", "outcome", "subtype"),
        ),
    ),
)
_CODED = {name: re.compile(f"{each}(?:,{each})*") for each, names in _SHAPES for name in names}
"""Parameters whose values are ids, codes and moments: kept is what looks like that, and nothing else that was typed."""
_WORDED = frozenset({"name", "family", "given", "address", "identifier", "reason", "location-string", "url"})
"""Parameters that may hold the words of people or a secret: that they were there is kept, what they said is not."""
_MODIFIERS = frozenset(
    {
        *("", "not", "missing", "identifier", "text", "contains", "exact"),
        *("Practitioner", "PractitionerRole", "Location", "Device", "HealthcareService", "Patient", "Schedule"),
        *("Organization", "Appointment", "Slot"),
    }
)
_OF_WORDS = frozenset({"text", "contains", "exact"})
"""Whatever they stand behind, their values are words."""
_MOST_VALUE = 200


def without_words(items: Iterable[tuple[str, str]]) -> str:
    """A search as the audit keeps it: names of parameters, and values that are ids, codes or moments.

    A parameter that is not known is left out: its name could be anything.
    """
    return "&".join(filter(None, (_kept(name, value) for name, value in items)))


def _kept(name: str, value: str) -> str:
    links = [link.partition(":") for link in name.split(".")]
    if not all((bare in _CODED or bare in _WORDED) and modifier in _MODIFIERS for bare, _, modifier in links):
        return ""
    bare, _, modifier = links[-1]
    shape = None if modifier in _OF_WORDS else _CODED.get(bare)
    return f"{name}={value}" if shape and len(value) <= _MOST_VALUE and shape.fullmatch(value) else f"{name}="
