"""What the Appointment of another system says while it is not confirmed yet, and what it says no more when it is."""

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
        people: list[dict[str, Any]] = orjson.loads(told)["participant"]
        patients = [one for one in people if _refers(one).startswith("Patient/")] if self.name else []
        for one in patients:
            one["actor"]["display"] = self.name
        return stamped(told, {"participant": people}) if patients else told


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


def _agreeing(content: bytes, who: str, before: str, after: str) -> bytes:
    """The same text with another status of those participants whose reference begins with *who*."""
    people: list[dict[str, Any]] = orjson.loads(content)["participant"]
    changed = [one for one in people if one.get("status") == before and _refers(one).startswith(who)]
    for one in changed:
        one["status"] = after
    return stamped(content, {"participant": people}) if changed else content


def _refers(participant: dict[str, Any]) -> str:
    reference: str = participant.get("actor", {}).get("reference", "")
    return reference


def _extended(content: bytes, moment: dict[str, str] | None) -> bytes:
    """The same text with our extension, or without it; the others keep theirs to the digit."""
    text = content.decode()
    spans = raw.members(text)
    start, end = spans.get("extension", (0, 0))
    others = [text[a:b] for a, b in raw.items(text, start)] if end else []
    kept = [one for one in others if orjson.loads(one).get("url") != HELD_UNTIL]
    if moment is not None:
        kept.append(orjson.dumps(moment).decode())
    members = {name: text[a:b] for name, (a, b) in spans.items() if name != "extension"}
    if kept:
        members["extension"] = f"[{','.join(kept)}]"
    return ("{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}").encode()
