"""Values of search parameters as FHIR writes them (R4, search.html): tokens, dates, and what a backslash escapes."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from telemed.fhir.issues import Issue, Malformed
from telemed.fhir.resource import span

_PREFIX = re.compile(
    r"(eq|ne|lt|le|gt|ge|sa|eb|ap)?(\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[ +-]\d\d:\d\d)?)?)?)?)"
)
"""A date or a moment of FHIR's; a plus sign that was not escaped arrives as a space."""


@dataclass(frozen=True)
class Token:
    """*system*: None for any, empty for none. *code*: empty for any."""

    system: str | None
    code: str

    def fits(self, system: str, code: str) -> bool:
        """Whether it names this code of this system."""
        return self.code in ("", code) and self.system in (None, system)


@dataclass(frozen=True)
class Window:
    """From *start* on, before *end*; None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def within(self, other: "Window") -> "Window":
        """What lies in both."""
        starts = [s for s in (self.start, other.start) if s is not None]
        ends = [e for e in (self.end, other.end) if e is not None]
        return Window(max(starts, default=None), min(ends, default=None))

    def has(self, moment: datetime) -> bool:
        """Whether *moment* lies in it."""
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)


def fold(text: str) -> str:
    """A text as it is compared: without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def not_understood(what: str) -> Malformed:
    return Malformed([Issue("invalid", what)])


def pair(name: str, value: str) -> tuple[Token, Token]:
    parts = split(value, "$")
    if len(parts) != 2:
        raise not_understood(f"{name} is two tokens with a dollar sign between them")
    return token(parts[0]), token(parts[1])


def split(value: str, mark: str = ",") -> list[str]:
    """At each *mark* that no backslash escapes; empty parts are left out."""
    return re.findall(rf"(?:\\.|[^\\{re.escape(mark)}]|\\$)+", value, re.DOTALL)


def plain(text: str) -> str:
    return re.sub(r"\\([\\$,|])", r"\1", text)


def token(value: str) -> Token:
    bar = re.search(r"(?:[^\\|]|\\.|\\$)*", value, re.DOTALL)
    system, code = value[: bar.end() if bar else 0], value[bar.end() if bar else 0 :]
    return Token(plain(system), plain(code[1:])) if code else Token(None, plain(system))


def windows(name: str, value: str, zone: tzinfo) -> list[Window]:
    """When what is sought lies; any of them. *zone*: where the value names none.

    Raises:
        Malformed: not a date.
    """
    found = _PREFIX.fullmatch(value)
    try:
        first, after = span(found[2].replace(" ", "+") if found else "", zone)
        if found and found[1] == "ap":
            about = timedelta(hours=1) if "T" in value else after - first
            first, after = first - about, after + about
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise not_understood(f"{name} is a date with one of the prefixes eq, ne, lt, le, gt, ge, sa, eb, ap, or none")
    match found[1]:
        case "ne":
            return [Window(None, first), Window(after, None)]
        case "lt" | "eb":
            return [Window(None, first)]
        case "le":
            return [Window(None, after)]
        case "gt" | "sa":
            return [Window(after, None)]
        case "ge":
            return [Window(first, None)]
        case _:
            return [Window(first, after)]
