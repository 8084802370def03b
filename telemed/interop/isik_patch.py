"""Changing an appointment by PATCH: cancelling it, and the words in it. Its plan is changed by ``$book`` alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from telemed.booking import programs
from telemed.booking import service as booking
from telemed.booking.model import Booking, Reason, Status
from telemed.booking.program_model import CANCELLATION, REPLACES, Kept
from telemed.fhir import raw
from telemed.fhir.issues import Invalid, Issue, Told
from telemed.fhir.resource import codings
from telemed.fhir.validate import validate
from telemed.identity.model import Actor
from telemed.interop import patching, saying
from telemed.interop.isik import common
from telemed.interop.patching import Patch, differing, member, steps
from telemed.kit.db import Tx
from telemed.kit.refusal import Refusal
from telemed.kit.secrets import Secrets
from telemed.visit import service as visit

WORDS = frozenset({"comment", "patientInstruction", "description", "priority", "extension", "reasonCode"})
"""What may be changed beside the status and its reason, each with what stands beside it as ``_comment``."""
REASONS = {"pat": Reason.PATIENT, "prov": Reason.PRACTITIONER, "maint": Reason.EQUIPMENT}
OTHER_REASONS = frozenset({"meds-inc", "other"})
_CHANGED = WORDS | {"status", "cancelationReason"}
_OWN = "urn:telemed:"


def patch(tx: Tx, secrets: Secrets, booking_id: str, how: Patch, *, actor: Actor, now: datetime) -> Kept:
    """
    Raises:
        NotFound: there is none, or not for this program.
        Told: it says what is at fault, and where.
    """
    old = programs.of_program(tx, booking_id, actor=actor, now=now)
    if how.version is not None and how.version != str(old.version):
        raise Told(412, [Issue("conflict", "it has another version by now; read it again")])
    plain = booking.read_appointment(tx, secrets, old.id, actor=actor, now=now)
    before: Mapping[str, Any] = raw.exact(plain.decode())
    after, by = before, dict[str, str]()
    for place, step in steps(how, before):
        for name in differing(after, step):
            by[name] = place
        _check_touched(before, step, by)
        after = step
    changed = differing(before, after)
    if not changed:
        return Kept(old, plain)
    if old.status is Status.CANCELLED and {"status", "cancelationReason"} & set(changed):
        place = by.get("status", by.get("cancelationReason", ""))
        raise Told(409, [Issue("conflict", "it is cancelled, which is not undone; book anew", place)])
    made = patching.changed(plain, after, changed, list(by.values())[-1])
    _check_valid(made, by)
    status_place = by.get("status", by.get("cancelationReason", ""))
    try:
        return _kept(tx, secrets, old, made, after, status_place, actor=actor, now=now)
    except Told:
        raise
    except Refusal as refusal:
        status, issues = saying.plain(refusal)
        raise Told(status, [Issue(i.code, i.diagnostics, status_place, text=i.text) for i in issues]) from None


def _check_touched(before: Mapping[str, Any], after: Mapping[str, Any], by: Mapping[str, str]) -> None:
    for name in differing(before, after):
        if name.removeprefix("_") not in _CHANGED:
            raise Told(400, [Issue("business-rule", _WHY.get(name, _WHY_OTHER), by[name])])
        if name == "extension" and _protected(before) != _protected(after):
            raise Told(400, [Issue("business-rule", "this extension is set by the server", by[name])])


_WHY_OTHER = "a PATCH cancels, or changes comment, patientInstruction, description, priority, reasonCode, extensions"
_MOVE = "the time is changed by POST Appointment/$book with this id, or with cancelled-appt-id"
_WHY = {
    "id": "an id is never changed",
    "resourceType": "the type of a resource is never changed",
    "start": _MOVE,
    "end": _MOVE,
    "slot": _MOVE,
    "minutesDuration": _MOVE,
    "participant": "who takes part is changed by POST Appointment/$book; the patient never",
}


def _protected(fields: Mapping[str, Any]) -> list[Any]:
    listed = fields.get("extension", [])
    urls = (
        [(one, str(one.get("url", ""))) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    )
    return [one for one, url in urls if url == REPLACES or url.startswith(_OWN)]


def _check_valid(content: bytes, by: Mapping[str, str]) -> None:
    """
    Raises:
        Told: it is no ISiKTermin any more.
    """
    try:
        issues = [*common(validate(content).fields)]
    except Invalid as refusal:
        issues = [*refusal.issues]
    last = list(by.values())[-1]
    if issues:
        raise Told(422, [Issue(i.code, i.diagnostics, by.get(member(i.expression), last)) for i in issues])


def _kept(
    tx: Tx,
    secrets: Secrets,
    old: Booking,
    content: bytes,
    after: Mapping[str, Any],
    place: str,
    *,
    actor: Actor,
    now: datetime,
) -> Kept:
    """
    Raises:
        Told: such a status does not follow.
        WrongMoment, TooLate, AlreadyCancelled: it is not cancelled any more.
    """
    status = after["status"]
    if status == old.status.value:
        return programs.amend(tx, secrets, old, content, actor=actor, now=now)
    if status != Status.CANCELLED.value:
        why = "only cancelled may follow: what happens in a visit, the room tells"
        raise Told(422, [Issue("business-rule", why, place)])
    reason = _reason(after.get("cancelationReason"), place)
    if old.status is Status.BOOKED:
        visit.check_still_to_come(tx, old.id)
    return programs.cancel(tx, secrets, old, content, reason, actor=actor, now=now)


def _reason(concept: Mapping[str, Any] | None, place: str) -> Reason:
    """
    Raises:
        Told: not of ISiKTerminCancelationReason, which is required.
    """
    if concept is None:
        return Reason.OTHER
    codes = [code for system, code in codings(concept) if system == CANCELLATION]
    if not codes or codes[0] not in {*REASONS, *OTHER_REASONS}:
        said = ", ".join(sorted({*REASONS, *OTHER_REASONS}))
        raise Told(422, [Issue("code-invalid", f"cancelationReason is one of: {said} ({CANCELLATION})", place)])
    return REASONS.get(codes[0], Reason.OTHER)
