"""IHE's ``$hold`` and ``$book`` (ITI-116, ITI-117) on the planner: what `ihe_find` offered becomes an appointment.

Two ways to say which: ``appointment-reference`` names what ``$find`` offered or ``$hold`` holds, and
``appointment-resource`` is an Appointment whose status says what is to become of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from telemed.booking import asking, choice, pending, programs, proposed
from telemed.booking import service as booking
from telemed.booking.choice import Named
from telemed.booking.ground import Ground
from telemed.booking.model import Blocked, Booking, NotOffered, Reason, Status
from telemed.booking.pending_model import Completed, Confirms, Proposal
from telemed.booking.planner import TICK, Offer, claims, masks, moment_of, tick_of
from telemed.booking.program_model import Wanted
from telemed.booking.search import Objection
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.fhir.issues import Invalid, Issue, Malformed, Told, explain
from telemed.fhir.parameters import Given
from telemed.fhir.resource import codings, literal
from telemed.fhir.validate import validate
from telemed.identity.allowed import Action, allowed, program
from telemed.identity.model import Actor
from telemed.interop import saying
from telemed.interop.isik_asked import described
from telemed.interop.isik_book import Means
from telemed.kit.db import Tx
from telemed.kit.refusal import NotFound, Refusal
from telemed.kit.secrets import Secrets
from telemed.people.model import Person
from telemed.visit import service as visit

REFERENCE, RESOURCE, PATIENT, COMMENT = "appointment-reference", "appointment-resource", "patient-resource", "comment"
LONGEST_COMMENT = 1000


@dataclass(frozen=True)
class Placed:
    """The id of an appointment, and where it stands."""

    id: str
    place: str


@dataclass(frozen=True)
class Asked:
    """What ``$book`` is given. *resource*: the Appointment, if it was sent whole."""

    which: Placed
    resource: Given | None = None
    person: Person | None = None
    comment: str = ""

    @property
    def status(self) -> str:
        """What is to become of it: ``pending`` where only its id was sent."""
        return str(self.resource.value.get("status", "")) if self.resource else "pending"


def reference(given: Iterable[Given]) -> Placed:
    """Which appointment is to be held.

    Raises:
        Malformed: none is named, or more than one.
    """
    named = [one for one in given if one.name == REFERENCE]
    if len(named) != 1:
        raise Malformed([Issue("required", "appointment-reference names one appointment of $find", "Parameters")])
    return _placed(named[0])


def _placed(given: Given) -> Placed:
    value, place = given.value, given.place
    if isinstance(value, Mapping):
        place = f"{place}.reference" if "reference" in value else place
        value = value.get("reference")
    if not isinstance(value, str) or given.is_resource:
        raise Malformed([Issue("structure", "a reference to one Appointment", given.place)])
    kind, booking_id = literal({"reference": value if "/" in value else f"Appointment/{value}"}) or ("", "")
    if kind != "Appointment":
        raise Malformed([Issue("value", "a reference to one Appointment", place)])
    return Placed(booking_id, place)


def asked(given: tuple[Given, ...]) -> Asked:
    """
    Raises:
        Malformed: not one appointment, or a parameter of another type.
        Told: 422, more than one patient, or one for whom nothing is booked.
    """
    main = [one for one in given if one.name in (REFERENCE, RESOURCE)]
    if len(main) != 1:
        raise Malformed([Issue("required", f"one of {REFERENCE} and {RESOURCE} says what to book", "Parameters")])
    patients = [one for one in given if one.name == PATIENT]
    if len(patients) > 1:
        raise Told(422, [Issue("not-supported", "an appointment is for one patient", patients[1].place)])
    person = described(_valid(patients[0], "Patient"), patients[0].place) if patients else None
    comment = _comment([one for one in given if one.name == COMMENT], main[0])
    if main[0].name == REFERENCE:
        return Asked(_placed(main[0]), None, person, comment)
    return Asked(_of_resource(main[0]), main[0], person, comment)


def _valid(given: Given, kind: str) -> Mapping[str, Any]:
    """The fields of a valid resource of this kind.

    Raises:
        Malformed, Told: it is none.
    """
    if not given.is_resource or given.value.get("resourceType") != kind:
        raise Malformed([Issue("structure", f"{given.name} is a resource of type {kind}", given.place)])
    try:
        return validate(given.text).fields
    except Invalid as refusal:
        status, issues = explain(refusal)
        raise Told(status, [replace(one, expression=_moved(one.expression, given.place)) for one in issues]) from None


def _moved(expression: str, place: str) -> str:
    """The path of an element of a resource, as it is from the outside."""
    return place + expression[len(expression.partition(".")[0].partition("[")[0]) :] if expression else place


def _of_resource(given: Given) -> Placed:
    _valid(given, "Appointment")
    if not isinstance(given.value.get("id"), str):
        raise Told(422, [Issue("required", "its id is that of $find or $hold", given.place)])
    return Placed(given.value["id"], f"{given.place}.id")


def _comment(given: list[Given], main: Given) -> str:
    """The parameter, or else what the Appointment itself says."""
    if given and (not isinstance(given[0].value, str) or len(given) > 1):
        raise Malformed([Issue("structure", "comment is one text", given[-1].place)])
    within = main.value.get("comment", "") if main.name == RESOURCE and isinstance(main.value, Mapping) else ""
    said, place = (given[0].value, given[0].place) if given else (within, f"{main.place}.comment")
    if len(said) > LONGEST_COMMENT:
        raise Told(422, [Issue("too-long", f"a comment has {LONGEST_COMMENT} characters at most", place)])
    return str(said)


def hold(tx: Tx, means: Means, which: Placed, *, actor: Actor, now: datetime) -> Booking:
    """Hold a proposed appointment for ten minutes. The same again, while it is held, is the same.

    Raises:
        Told: 404, it was not offered here, or not to this program; 409, it is taken by now, with other times.
    """
    known = directory.load(tx)
    named = proposed.named(means.secrets, known, which.id)
    if named is None or not allowed(program(actor, now), Action.CREATE, asking.thing(_alone(named))):
        raise lost(which.place)
    booking_id, held = _own(tx, means.secrets, which.id, actor)
    if held is not None:
        return held
    here = booking.ground(tx, known, named.start, named.end, now=now)
    offer = choice.completed(here, named)
    try:
        if isinstance(offer, Objection):
            raise NotOffered(offer)
        wanted = Proposal(booking_id, offer, Confirms.CLIENT)
        return pending.pend(tx, means.secrets, wanted, actor=actor, now=now)
    except Blocked as refusal:
        broken = Objection(refusal.rule, refusal.resource)
        with means.index.at(now) as there:
            others = booking.alternatives(there, _alone(named), now=now)
        raise lost(which.place, saying.blocked(broken, which.place, known, others)) from None
    except Refusal as refusal:
        raise lost(which.place, saying.told(refusal, which.place)) from None


def _alone(named: Named) -> Offer:
    """As far as a proposed appointment names itself."""
    return Offer(named.service_id, named.start, named.end, named.doctor_ids[0], named.room_ids[0], "", ())


def _own(tx: Tx, secrets: Secrets, proposal_id: str, actor: Actor) -> tuple[str, Booking | None]:
    """The id that an offer has for this program once it is held, and what is held; a new one after it ended."""
    for n in count():
        booking_id = secrets.derive("held for a program", f"{actor.subject} {proposal_id} {n}").hex()[:32]
        try:
            found = pending.find(tx, booking_id)
        except NotFound:
            return booking_id, None
        if found.status is not Status.CANCELLED:
            return booking_id, found
    raise AssertionError


def lost(place: str, why: Told | None = None) -> Told:
    """As ITI-116 wants it: a fatal issue first that says that it cannot be found (any more); then why."""
    first = Issue("not-found", "this appointment is not to be had (any more); ask $find again", place, "fatal")
    return Told(why.status, [first, *why.issues]) if why else Told(404, [first])


def book(tx: Tx, means: Means, what: Asked, *, actor: Actor, now: datetime) -> Booking:
    """Make, change or cancel an appointment.

    Raises:
        Told: it says what is at fault, where, and when else it would work.
    """
    match what.status:
        case "pending" | "proposed":
            return _confirmed(tx, means, what, actor=actor, now=now)
        case "booked":
            return _changed(tx, means, what, actor=actor, now=now)
        case "cancelled":
            return _cancelled(tx, means, what, actor=actor, now=now)
        case _:
            why = "pending is booked, booked is changed, cancelled is cancelled"
            given = what.resource
            place = f"{given.place}.status" if given and "status" in given.value else what.which.place
            raise Told(422, [Issue("business-rule", why, place)])


def _confirmed(tx: Tx, means: Means, what: Asked, *, actor: Actor, now: datetime) -> Booking:
    """What was offered or held becomes an appointment, or waits for staff, where its service is such a one."""
    booking.enter(tx, alone=True)  # at once: of two who share the turn, neither could have it alone afterwards
    if proposed.is_one(what.which.id):
        found = hold(tx, means, what.which, actor=actor, now=now)
    else:
        found = _known(tx, what.which, actor=actor, now=now)
    if found.status is Status.CANCELLED:
        raise Told(410, [Issue("not-found", "it was not booked in time, or was given up", what.which.place, "fatal")])
    waits = pending.held(tx, found.id)
    if waits is None or waits.confirms is Confirms.STAFF:
        return found
    said = Completed(what.person, "" if what.person else _somebody(tx, what, actor=actor, now=now), what.comment)
    service = directory.load(tx).services.get(found.offer.service_id)
    done = pending.hand_on if service is not None and service.needs_confirmation else pending.confirm
    with _in_words(what):
        return done(tx, means.secrets, found.id, actor=actor, now=now, said=said)


def _known(tx: Tx, which: Placed, *, actor: Actor, now: datetime) -> Booking:
    try:
        return programs.of_program(tx, which.id, actor=actor, now=now)
    except NotFound:
        raise lost(which.place) from None


def _somebody(tx: Tx, what: Asked, *, actor: Actor, now: datetime) -> str:
    """For whom, where no Patient was sent: somebody who takes part and is known to this program.

    Raises:
        Told: 422, it is for nobody.
    """
    named = (literal(one.get("actor")) for one in (what.resource.value.get("participant", ()) if what.resource else ()))
    for person_id in (one[1] for one in named if one and one[0] == "Patient"):
        theirs = booking.of_person(tx, person_id)
        if any(asking.may(program(actor, now), Action.MEET, one) for one in theirs):
            return person_id
    raise Told(422, [Issue("required", f"{PATIENT} says for whom it is", what.which.place)])


@contextmanager
def _in_words(what: Asked) -> Iterator[None]:
    try:
        yield
    except Told:
        raise
    except Refusal as refusal:
        raise saying.told(refusal, what.resource.place if what.resource else what.which.place) from None


def _changed(tx: Tx, means: Means, what: Asked, *, actor: Actor, now: datetime) -> Booking:
    """Another time, doctor or room for what is booked; its id stays."""
    old, given = _known(tx, what.which, actor=actor, now=now), what.resource
    if given is None or old.status is not Status.BOOKED:
        raise Told(409, [Issue("conflict", "only what is booked is changed", what.which.place)])
    with _in_words(what):
        visit.check_still_to_come(tx, old.id)
        known = directory.load(tx)
        named = _named(known, old, given.value, given.place)
        same = choice.names(old.offer, named)
        offer = old.offer if same else choice.completed(_without(tx, known, old, named, now=now), named)
        if isinstance(offer, Objection):
            with means.index.at(now) as here:
                others = booking.alternatives(here, _alone(named), now=now)
            raise saying.blocked(offer, f"{given.place}.start", known, others)
        wanted = Wanted(old.id, offer, given.text, person_id=old.person_id)
        return programs.book(tx, means.secrets, wanted, actor=actor, now=now).booking


def _named(known: Directory, old: Booking, fields: Mapping[str, Any], place: str) -> Named:
    start, end = (
        datetime.fromisoformat(fields[name]).astimezone(UTC) if name in fields else usual
        for name, usual in (("start", old.offer.start), ("end", old.offer.end))
    )
    if start != moment_of(tick_of(start)) or end != moment_of(tick_of(end)):
        minutes = TICK // timedelta(minutes=1)
        raise Told(422, [Issue("business-rule", f"times are multiples of {minutes} minutes", f"{place}.start")])
    ids = [one[1] for one in (literal(each.get("actor")) for each in fields["participant"]) if one]
    doctors = tuple(one for one in ids if one in known.doctors) or (old.offer.doctor_id,)
    rooms = tuple(one for one in ids if one in known.rooms) or (old.offer.room_id,)
    ordered = old.extras.ordered_by is not None
    return Named(old.offer.service_id, start, end, doctors[:1], rooms[:1], ordered=ordered)


def _without(tx: Tx, known: Directory, old: Booking, named: Named, *, now: datetime) -> Ground:
    """Who is free at that time, as if *old* were not."""
    here = booking.ground(tx, known, named.start, named.end, now=now)
    for resource_id, mask in masks(claims(old.offer, known), here.window).items():
        here.free_up(resource_id, mask)
    return here


def _cancelled(tx: Tx, means: Means, what: Asked, *, actor: Actor, now: datetime) -> Booking:
    found = _known(tx, what.which, actor=actor, now=now)
    said = codings(what.resource.value.get("cancelationReason")) if what.resource else ()
    reason = next((Reason(code) for _, code in said if code in _REASONS), Reason.PATIENT)
    with _in_words(what):
        if found.status is Status.BOOKED:
            visit.check_still_to_come(tx, found.id)
        pending.cancel(tx, means.secrets, found.id, actor=actor, now=now, reason=reason)
    return pending.find(tx, found.id)


_REASONS = frozenset({Reason.PATIENT, Reason.PRACTITIONER, Reason.EQUIPMENT, Reason.OTHER})
