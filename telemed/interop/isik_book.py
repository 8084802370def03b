"""ISiK's ``$book`` on the planner: what it accepts the pages would, and names whoever the other system left open."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from telemed.booking import choice, programs, search
from telemed.booking import planner as plan
from telemed.booking import service as booking
from telemed.booking.choice import Named
from telemed.booking.ground import Ground
from telemed.booking.index import Index
from telemed.booking.model import Blocked, Booking, Status, TooLate
from telemed.booking.planner import HORIZON, Offer, What, Wish
from telemed.booking.program_model import Kept, StillPending, Wanted
from telemed.booking.search import Objection, Rule
from telemed.directory import service as directories
from telemed.directory.model import Directory
from telemed.fhir.issues import Issue, Told
from telemed.fhir.resource import literal
from telemed.identity.model import Actor
from telemed.interop import saying
from telemed.interop.isik import Asked
from telemed.interop.isik_asked import Meant, meant
from telemed.kit.db import Tx
from telemed.kit.ids import new_id
from telemed.kit.refusal import NotFound, Refusal
from telemed.kit.secrets import Secrets
from telemed.visit import service as visit

AROUND = timedelta(days=3), timedelta(days=14)
"""So long before and behind the time that is asked for, others are looked for."""


@dataclass(frozen=True)
class Rules:
    """What the operator chose. *no_slot*: the status of HTTP where neither slot nor schedule is named."""

    no_slot: int = 422


@dataclass(frozen=True)
class Means:
    """What booking needs of the centre. *host*: under which programs meet it; empty: whichever."""

    secrets: Secrets
    index: Index
    rules: Rules = Rules()
    host: str = ""


def book(tx: Tx, means: Means, asked: Asked, *, actor: Actor, now: datetime) -> Kept:
    """Book what is asked for, or refuse it whole.

    Raises:
        Told: it says what is at fault, where, and when else it would work.
    """
    known = directories.load(tx)
    with _in_words(asked):
        old = _instead_of(tx, means, asked, actor=actor, now=now) or _same_id(tx, asked, actor=actor, now=now)
        no_slot, has_person = means.rules.no_slot, old is not None
        what = meant(tx, known, asked, actor=actor, now=now, no_slot=no_slot, has_person=has_person)
        if what.named.start <= now:
            raise TooLate(expression="Appointment.start")
        offer = _chosen(tx, means, known, what.named, old, now=now)
        for _ in range(2):
            if isinstance(offer, Objection):
                break
            try:
                with tx.begin_nested():
                    return programs.book(tx, means.secrets, _wanted(asked, what, offer, old), actor=actor, now=now)
            except Blocked as refusal:
                lost = Objection(refusal.rule, refusal.resource)
                again = choice.completed(_ground(tx, known, what.named, old, now=now), what.named)
                offer = lost if again == offer else again
        broken = offer if isinstance(offer, Objection) else Objection(Rule.TAKEN)
    raise saying.blocked(broken, asked.at("Appointment.start"), known, _others(means, what.named, broken, now=now))


@contextmanager
def _in_words(asked: Asked) -> Iterator[None]:
    try:
        yield
    except Told:
        raise
    except Refusal as refusal:
        raise saying.told(refusal, asked.place) from None


def _instead_of(tx: Tx, means: Means, asked: Asked, *, actor: Actor, now: datetime) -> Booking | None:
    """The appointment that is to be cancelled for it.

    Raises:
        Told: there is none, or not for this program; it is of another server; it was cancelled already.
        WrongMoment: its visit has begun.
    """
    if asked.instead_of is None:
        return None
    kind, booking_id = literal({"reference": asked.instead_of.reference}) or ("", "")
    if means.host and "://" in asked.instead_of.reference and _host(asked.instead_of.reference) != means.host:
        why = "it is an appointment of another server; only its own are cancelled here"
        raise Told(422, [Issue("not-found", why, asked.instead_of.place)])
    try:
        old = programs.of_program(tx, booking_id if kind == "Appointment" else "", actor=actor, now=now)
        if old.status is Status.CANCELLED:
            raise Told(409, [Issue("conflict", "it is cancelled already", asked.instead_of.place)])
        if old.status is Status.PENDING:
            raise StillPending
        visit.check_still_to_come(tx, old.id)
    except NotFound:
        raise Told(422, [Issue("not-found", "there is no such appointment", asked.instead_of.place)]) from None
    except Told:
        raise
    except Refusal as refusal:
        raise saying.told(refusal, asked.instead_of.place) from None
    return old


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _same_id(tx: Tx, asked: Asked, *, actor: Actor, now: datetime) -> Booking | None:
    """The appointment of that id, if there is one that this program may change; whether it may be is said later."""
    try:
        old = programs.of_program(tx, asked.appointment.id, actor=actor, now=now)
    except NotFound:
        return None
    if old.status is Status.BOOKED:
        visit.check_still_to_come(tx, old.id)
    return old


def _wanted(asked: Asked, what: Meant, offer: Offer, old: Booking | None) -> Wanted:
    return Wanted(
        asked.appointment.id or new_id(),
        offer,
        what.content,
        what.person,
        what.person_id,
        old.id if old is not None and asked.instead_of is not None else "",
        what.named.ordered,
    )


def _chosen(
    tx: Tx, means: Means, known: Directory, named: Named, old: Booking | None, *, now: datetime
) -> Offer | Objection:
    if named.end > now + HORIZON:
        return Objection(Rule.HORIZON)
    if old is not None:
        same = choice.names(old.offer, named)
        return old.offer if same else choice.completed(_ground(tx, known, named, old, now=now), named)
    with means.index.at(now) as here:
        return choice.completed(here, named)


def _ground(tx: Tx, known: Directory, named: Named, old: Booking | None, *, now: datetime) -> Ground:
    """Who is free at that time by what is written, as if *old* were not."""
    here = booking.ground(tx, known, named.start, named.end, now=now)
    if old is not None and old.status is not Status.CANCELLED:
        for resource_id, mask in plan.masks(plan.claims(old.offer, known), here.window).items():
            here.free_up(resource_id, mask)
    return here


def _others(means: Means, named: Named, broken: Objection, *, now: datetime) -> list[Offer]:
    """Up to three times nearest to the one that cannot be had: as named, or else with anyone."""
    if broken.rule not in saying.BUSY:
        return []
    start = min(max(named.start, now), now + HORIZON)
    earliest, latest = max(now, start - AROUND[0]), min(start + AROUND[1], now + HORIZON)
    anyone = What(named.service_id, ordered=named.ordered, length=named.end - named.start)
    with means.index.at(now) as here:
        for what in (named.what, anyone):
            found = search.nearest(here, Wish(what, earliest, latest), start, now=now)
            if found:
                return found
    return []
