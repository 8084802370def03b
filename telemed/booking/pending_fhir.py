"""What the Appointment of another system says while it is not confirmed yet, and what it says no more when it is."""

from typing import Any

import orjson

from telemed.booking import fhir
from telemed.booking.model import Booking
from telemed.booking.pending_model import Confirms, Pending
from telemed.fhir import raw
from telemed.fhir.raw import stamped

HELD_UNTIL = "urn:telemed:fhir:held-until"
"""An extension with the moment (valueInstant); called as HL7 Austria calls the answer of its ``Slot/$hold``."""
WAITS, AGREED = "needs-action", "accepted"
_WHO = {Confirms.CLIENT: "Patient/", Confirms.STAFF: "Practitioner/"}


def waiting(content: bytes, booking: Booking, pending: Pending) -> bytes:
    """The Appointment of *booking*, which says until when it is held and who has not agreed yet."""
    moment = {"url": HELD_UNTIL, "valueInstant": fhir.instant(pending.held_until)}
    told = _extended(fhir.stamped_as(content, booking), moment)
    return _agreeing(told, _WHO[pending.confirms], AGREED, WAITS)


def settled(content: bytes, booking: Booking, name: str = "") -> bytes:
    """The same once it is decided: booked, and all have agreed, or cancelled. *name*: for whom, if that is new."""
    told = _named(_extended(fhir.stamped_as(content, booking), None), name)
    return told if booking.reason else _agreeing(told, "", WAITS, AGREED)


def _named(content: bytes, name: str) -> bytes:
    people: list[dict[str, Any]] = orjson.loads(content)["participant"]
    patients = [one for one in people if _refers(one).startswith("Patient/")] if name else []
    for one in patients:
        one["actor"]["display"] = name
    return stamped(content, {"participant": people}) if patients else content


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
