"""What the Appointment of another system says while it is not confirmed yet, and what it says no more when it is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from schemas.day import LETTERS, PICTURES, Ticket
from telemed.booking import fhir
from telemed.booking.model import Booking, Status
from telemed.booking.pending_model import Confirms, Pending
from telemed.booking.planner import Offer
from telemed.directory.model import Directory
from telemed.fhir import raw
from telemed.fhir.raw import stamped

HELD_UNTIL = "urn:telemed:fhir:held-until"
"""An extension with the moment (valueInstant); called as HL7 Austria calls the answer of its ``Slot/$hold``."""
WAITS, AGREED = "needs-action", "accepted"
_NO_TICKET = Ticket(picture=PICTURES[0], letter=LETTERS[0], digits="22")
_WHO = {Confirms.CLIENT: "Patient/", Confirms.STAFF: "Practitioner/"}


@dataclass(frozen=True)
class Said:
    """What is said when it is confirmed: for whom, and a comment."""

    name: str = ""
    comment: str = ""

    def in_words(self, content: bytes) -> bytes:
        """The Appointment with both, as far as there is something to say."""
        told = stamped(content, {"comment": self.comment}) if self.comment else content
        named = {"actor": {"display": self.name}}
        return _each(told, lambda one: named if _refers(one).startswith("Patient/") else {}) if self.name else told


NOTHING_SAID = Said()


def waiting(content: bytes, booking: Booking, pending: Pending) -> bytes:
    """The Appointment of *booking*, which says until when it is held and who has not agreed yet."""
    moment = {"url": HELD_UNTIL, "valueInstant": fhir.instant(pending.held_until)}
    told = _extended(fhir.stamped_as(content, booking), moment)
    return _agreeing(told, _WHO[pending.confirms], AGREED, WAITS)


def settled(content: bytes, booking: Booking, said: Said = NOTHING_SAID) -> bytes:
    """The same once it is decided: booked, and all have agreed, or cancelled."""
    told = said.in_words(_extended(fhir.stamped_as(content, booking), None))
    return told if booking.reason else _agreeing(told, "", WAITS, AGREED)


def proposed(proposal_id: str, offer: Offer, directory: Directory, *, now: datetime) -> bytes:
    """What could be booked, as an Appointment that is kept nowhere: without a person, and nobody has agreed yet."""
    booking = Booking(proposal_id, "nobody", offer, Status.PENDING, _NO_TICKET, quiet=False, version=1, updated_at=now)
    fields = orjson.loads(fhir.appointment(booking, directory, created=now))
    people = [one for one in fields["participant"] if not _refers(one).startswith("Patient/")]
    for one in people:
        one["status"] = WAITS
    meta = {"profile": fields["meta"]["profile"]}
    del fields["created"]
    return orjson.dumps({**fields, "meta": meta, "status": "proposed", "participant": people})


def given_to(content: bytes, person_id: str) -> bytes:
    """The same text for another person."""
    patient = {"actor": {"reference": f"Patient/{person_id}"}}
    return _each(content, lambda one: patient if _refers(one).startswith("Patient/") else {})


def _agreeing(content: bytes, who: str, before: str, after: str) -> bytes:
    """The same text with another status of those participants whose reference begins with *who*."""
    agreed = {"status": after}
    return _each(content, lambda one: agreed if one.get("status") == before and _refers(one).startswith(who) else {})


def _each(content: bytes, change: Callable[[dict[str, Any]], dict[str, Any]]) -> bytes:
    """The same text with what *change* says of each participant."""
    people = [(text, change(orjson.loads(text))) for text in raw.texts(content, "participant")]
    return stamped(content, {"participant": [raw.amended(*one) for one in people]})


def _refers(participant: dict[str, Any]) -> str:
    reference: str = participant.get("actor", {}).get("reference", "")
    return reference


def _extended(content: bytes, moment: dict[str, str] | None) -> bytes:
    """The same text with our extension, or without it; the others keep theirs to the digit."""
    others = [one for one in raw.texts(content, "extension") if orjson.loads(one).get("url") != HELD_UNTIL]
    kept = [*map(orjson.Fragment, others), *([moment] if moment else [])]
    return stamped(content, {"extension": kept or None})
