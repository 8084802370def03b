"""The audit as AuditEvents: what a program did it reads again, and the operator what everybody did."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from telemed.fhir.bundle import Entry
from telemed.fhir.issues import Issue, Malformed
from telemed.fhir.search import Criterion, Query
from telemed.fhir.values import Token, fold
from telemed.identity.model import Actor, Role
from telemed.interop import leafing
from telemed.interop.leafing import Page, Turn
from telemed.kit.db import Tx
from telemed.kit.refusal import NotFound
from telemed.people import service as people
from telemed.people.act_fhir import act_event
from telemed.people.acts import Act, Did, outcome_of
from telemed.people.audit_fhir import OWN, PRACTITIONERS, audit_event
from telemed.people.model import SEARCH, AuditLine, Deed
from telemed.people.trail import About, By, Condition, Line, Numbered, OfSort, Recorded, Trail, whose

KIND = "AuditEvent"
ORDERS = frozenset({"date", "_lastUpdated"})
"""By what they may be sorted: by when they were recorded. The newest come first where nothing is said."""
ACTIONS = ("http://hl7.org/fhir/audit-event-action",)
OUTCOMES = ("http://terminology.hl7.org/CodeSystem/audit-event-outcome", "http://hl7.org/fhir/audit-event-outcome")
"""BALP calls it by the first, R4 by the second."""

_THEN = datetime(2026, 1, 1, tzinfo=UTC)
_Coded = Mapping[str, list[tuple[str, str, str]]]


@dataclass(frozen=True)
class Pages:
    """*base_url*: of FHIR; *server*: the centre's name."""

    server: str
    base_url: str

    def shown(self, line: Line) -> Entry:
        """A line never changes, so it has one version."""
        if isinstance(line, Act):
            event = act_event(line, server=self.server, url=self.base_url)
        else:
            event = audit_event(line, server=self.server, url=self.base_url.removesuffix("/fhir"))
        kept = {"versionId": "1", "lastUpdated": line.at.isoformat(), **event.pop("meta", {})}
        return Entry(f"{KIND}/{line.id}", orjson.dumps({"resourceType": KIND, "id": line.id, "meta": kept} | event))


def read(tx: Tx, line_id: str, pages: Pages, *, actor: Actor) -> bytes:
    """One line.

    Raises:
        NotFound: there is none, or it is not of this program; both are answered alike.
    """
    itself = Trail((Numbered(frozenset({line_id})),), whose(actor), limit=1)
    _, found = people.trail(tx, itself)
    if not found:
        raise NotFound
    return pages.shown(found[0]).content


def search(tx: Tx, query: Query, turn: Turn, pages: Pages, *, actor: Actor) -> tuple[int, list[Entry], Page]:
    """How many there are in all, those of the page, and where it lies.

    Raises:
        Malformed: something in the search is not understood of lines.
    """
    where = tuple(_condition(one) for one in query.criteria)
    limit = 0 if query.only_count else turn.count + 1
    descending = query.order[0].descending if query.order else True
    total, found = people.trail(
        tx, Trail(where, whose(actor), limit, turn.offset, descending, _beside(turn), turn.backwards)
    )
    shown = found[: turn.count]
    if turn.backwards:
        shown.reverse()
    places = [(line.at.isoformat(), line.id) for line in shown]
    page = leafing.page_of(places, turn, has_more=len(found) > len(shown))
    return total, [pages.shown(line) for line in shown], page


def _beside(turn: Turn) -> tuple[datetime, str] | None:
    if turn.beside is None:
        return None
    try:
        at = datetime.fromisoformat(str(turn.beside[0]))
        if at.tzinfo is None:
            raise ValueError("a moment of no zone")
        return at.astimezone(UTC), turn.beside[1]
    except (ValueError, OverflowError):
        raise Malformed([Issue("invalid", "_cursor stands in links to pages, as it is", "http._cursor")]) from None


def _condition(one: Criterion) -> Condition:
    """
    Raises:
        Malformed: see `search`.
    """
    if one.modifier == "missing":
        return _missing(one)
    match one.name:
        case "_id":
            return Numbered(frozenset(token.code for token in one.tokens), other=one.modifier == "not")
        case "date" | "_lastUpdated":
            return Recorded(tuple((window.start, window.end) for window in one.windows))
        case "agent":
            return By(frozenset((role.value, own) for role, own in _agents(one)))
        case "entity" | "patient":
            return About(frozenset((kind, own) for kind, _, own in (each.partition("/") for each in one.references)))
        case _:
            acts = frozenset(sort for sort, coded in _ACTS.items() if _fits(one, coded[one.name]))
            return OfSort(acts, frozenset(sort for sort, coded in _LINES.items() if _fits(one, coded[one.name])))


def _missing(one: Criterion) -> Condition:
    if one.name in ("entity", "patient", "subtype"):
        raise Malformed([Issue("not-supported", f"{one.name}:missing is not understood here")])
    return Numbered(frozenset(), other=not one.missing)


def _agents(one: Criterion) -> Iterable[tuple[Role, str]]:
    """Doctors and assistants are Practitioners; all others have an identifier whose system says what they are."""
    for reference in one.references:
        kind, _, own = reference.partition("/")
        yield from ((role, own) for role in PRACTITIONERS if kind == "Practitioner")
    for token in one.tokens:
        yield from ((role, token.code) for role in Role if role not in PRACTITIONERS and _is_of(token, role))


def _is_of(token: Token, role: Role) -> bool:
    return token.system == f"{OWN}{role.value}" or (token.system is None and bool(token.code))


def _fits(one: Criterion, codings: Iterable[tuple[str, str, str]]) -> bool:
    if one.modifier == "text":
        return any(text in fold(display) for text in one.texts for _, _, display in codings)
    found = any(token.fits(system, code) for token in one.tokens for system, code, _ in codings)
    return found != (one.modifier == "not")


def _coded(event: Mapping[str, Any]) -> _Coded:
    """What a line of some sort is found by, as the event itself says it."""
    named = {name: [_coding(each) for each in given] for name, given in _listed(event).items()}
    outcome, action = event["outcome"], event["action"]
    return named | {
        "action": [(system, action, "") for system in ACTIONS],
        "outcome": [(system, outcome, "") for system in OUTCOMES],
    }


def _listed(event: Mapping[str, Any]) -> dict[str, list[Mapping[str, str]]]:
    return {"type": [event["type"]], "subtype": event.get("subtype", [])}


def _coding(given: Mapping[str, str]) -> tuple[str, str, str]:
    return given["system"], given["code"], given.get("display", "")


_ACTS = {
    (did, of_appointment, outcome_of(status)): _coded(
        act_event(
            Act("", did, "Appointment" if of_appointment else "Slot", _THEN, status=status, id="x"), server="", url=""
        )
    )
    for did in Did
    for of_appointment in (True, False)
    for status in (200, 403, 409, 500)
}
_LINES = {
    (deed, by_search): _coded(
        audit_event(
            AuditLine("x", _THEN, "x", Role.CLIENT.value, "x", deed, SEARCH if by_search else "x"), server="", url=""
        )
    )
    for deed in Deed
    for by_search in (True, False)
}
