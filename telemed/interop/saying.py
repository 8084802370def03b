"""Refusals as another system needs them: the path of what is at fault in what it sent, and plain words. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from telemed.booking.model import Blocked, Booking, Status
from telemed.booking.planner import Offer
from telemed.booking.search import Objection, Rule
from telemed.directory.model import Directory
from telemed.fhir.issues import Issue, Told, explain
from telemed.kit.i18n import words
from telemed.kit.refusal import Refusal

ALTERNATIVE = "urn:telemed:fhir:alternative"
"""An extension of an issue: a valuePeriod that is free."""

_RULES = {
    Rule.SERVICE: "no such service is offered here",
    Rule.HORIZON: "so far ahead nothing is booked",
    Rule.LENGTH: "the length is not one that can be booked",
    Rule.ORDER: "this service is booked on a doctor's order only (basedOn names a ServiceRequest)",
    Rule.PLACE: "this service is not offered there",
    Rule.DOCTOR: "the doctor does not offer this service",
    Rule.ASSISTANT: "the assistant may not help with this service there",
    Rule.DEVICE: "the device is not one of that room, or a device is lacking",
    Rule.INTERPRETER: "the interpreter is not known",
    Rule.CLOSED: "not there at that time",
    Rule.HOLIDAY: "not there on a public holiday",
    Rule.ABSENT: "absent at that time",
    Rule.INSPECTION: "not to be used then: its inspection is due",
    Rule.BLOCKED: "not to be used: it is out of order",
    Rule.TAKEN: "taken at that time",
}
BUSY = frozenset({Rule.CLOSED, Rule.HOLIDAY, Rule.ABSENT, Rule.INSPECTION, Rule.BLOCKED, Rule.TAKEN})
"""At another time it could be had: 409. What never could is 422."""

_PLAIN = {
    "refusal.too_late": "it begins in the past, or has begun",
    "refusal.already_cancelled": "it is cancelled, which is not undone; book anew",
    "refusal.id_taken": "this id is not free; send none, or another",
    "refusal.other_person": "an appointment stays that of its person",
    "refusal.person_unknown": "this person is not known here; send her data as the parameter patient",
    "refusal.still_pending": "it waits to be confirmed, and can only be cancelled meanwhile",
    "refusal.must_be_confirmed": "this service must be confirmed first: book anew, and cancel the old one afterwards",
    "refusal.hold_gone": "it was not confirmed in time, or was refused",
    "refusal.not_found": "there is no such appointment",
    "refusal.not_allowed": "this program does not work for that doctor",
    "refusal.wrong_moment": "the visit has begun, or is over",
    "refusal.erased": "the person's data were erased",
}


def plain(refusal: Refusal) -> tuple[int, tuple[Issue, ...]]:
    """As `explain`, in plain words instead of a key."""
    if isinstance(refusal, Blocked):
        return 409, (Issue("conflict", _RULES[refusal.rule]),)
    status, issues = explain(refusal)
    first = issues[0]
    said = Issue(first.code, _PLAIN.get(refusal.key, first.diagnostics), first.expression, text=first.text)
    return status, (said, *issues[1:])


def told(refusal: Refusal, place: str) -> Told:
    """A refusal of an Appointment that stands at *place* in what was sent."""
    status, issues = plain(refusal)
    return Told(status, [Issue(i.code, i.diagnostics, _at(i.expression, place), i.severity, i.text) for i in issues])


def _at(expression: str, place: str) -> str:
    return place + expression.removeprefix("Appointment") if expression.startswith("Appointment") else place


def status_of(booking: Booking) -> int:
    """Of HTTP: made, or taken down and to be confirmed by somebody."""
    return 202 if booking.status is Status.PENDING else 201


def blocked(broken: Objection, place: str, known: Directory, instead: Sequence[Offer]) -> Told:
    """What stands in the way, called by name, and when else it would work."""
    named = (
        f"{known.name_of(broken.resource_id)} ({reference(known, broken.resource_id)})" if broken.resource_id else ""
    )
    taken = broken.rule is Rule.TAKEN
    why = ": ".join(filter(None, [named, _RULES[broken.rule]]))
    text = words().text("refusal.slot_taken", resource=known.name_of(broken.resource_id)) if taken else ""
    if broken.rule not in BUSY:
        return Told(422, [Issue("business-rule", why, place, text=text)])
    return Told(409, [Issue("conflict", why, place, text=text), *(_alternative(one, place) for one in instead)])


def _alternative(offer: Offer, place: str) -> Issue:
    start, end = _instant(offer.start), _instant(offer.end)
    period: Mapping[str, object] = {"url": ALTERNATIVE, "valuePeriod": {"start": start, "end": end}}
    return Issue("informational", f"free: {start} to {end}", place, "information", extension=(period,))


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def reference(known: Directory, actor_id: str) -> str:
    """``Type/id`` of whoever or whatever takes part."""
    if actor_id in known.rooms:
        return f"Location/{actor_id}"
    return f"{'Device' if actor_id in known.devices else 'Practitioner'}/{actor_id}"
