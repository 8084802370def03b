"""Keeping sheets that nobody here can read. The functions take the open transaction and never commit."""

from dataclasses import dataclass
from datetime import datetime

from telemed.aftercare import model, store
from telemed.aftercare.model import Sheet, SheetBroken, SheetGone
from telemed.booking import asking
from telemed.booking import service as booking
from telemed.booking.model import Booking, Status
from telemed.directory import service as directory
from telemed.identity.allowed import Action
from telemed.identity.model import Actor
from telemed.kit.db import Tx
from telemed.kit.secrets import Secrets
from telemed.people import service as people
from telemed.people.model import Erased, Person
from telemed.visit import service as visit
from telemed.visit.model import GOING_ON, VisitState, WrongMoment

PURPOSE = "aftercare"
"""As the audit says it."""


@dataclass(frozen=True)
class Next:
    """The appointment that follows the visit."""

    start: datetime
    place: str


@dataclass(frozen=True)
class Ahead:
    """What a doctor must know to write a sheet. *until*: till when one can be read that she has put there already."""

    visit_id: str
    person: Person
    next: Next | None
    until: datetime | None


def begin(tx: Tx, secrets: Secrets, visit_id: str, *, actor: Actor, now: datetime) -> Ahead:
    """For whom she writes, in which language, and when one meets again. Audited.

    Raises:
        NotFound, WrongMoment: see `_own`.
        Erased: the person's data are gone.
    """
    own = _own(tx, visit_id, actor, now=now)
    person = people.details(tx, secrets, own.person_id, actor=actor, purpose=PURPOSE, now=now)
    return Ahead(own.id, person, _next(tx, own, now=now), store.until(tx, own.id, now=now))


def put(tx: Tx, secrets: Secrets, sheet: Sheet, *, actor: Actor, now: datetime) -> None:
    """Keep a sealed sheet in place of what the visit had; sent twice it is the same. Audited.

    Raises:
        NotFound, WrongMoment: see `_own`.
        SheetBroken: it is not what a doctor's page makes, or its id belongs to another visit.
        Erased: the person's data are gone.
    """
    own = _own(tx, sheet.visit_id, actor, now=now)
    model.check(sheet)
    if store.visit_of(tx, sheet.id) not in (None, own.id):
        raise SheetBroken
    sealed = people.seal(tx, secrets, own.person_id, _place(sheet.id), sheet.sealed, actor=actor, now=now)
    store.put(tx, store.Row(own.id, sheet.id, own.person_id, sealed, now + model.KEPT))


def take_back(tx: Tx, visit_id: str, *, actor: Actor, now: datetime) -> None:
    """The link opens nothing any more.

    Raises:
        NotFound, WrongMoment: see `_own`.
    """
    store.drop(tx, _own(tx, visit_id, actor, now=now).id)


def look(tx: Tx, secrets: Secrets, sheet_id: str, *, actor: Actor, now: datetime) -> tuple[Sheet, datetime]:
    """The sheet as the doctor's browser sealed it, and until when. Audited.

    Raises:
        SheetGone: it has run out, was replaced or taken back, its person was erased, or it never was.
    """
    found = store.get(tx, sheet_id, now=now)
    if found is None:
        raise SheetGone
    sealed = {_place(sheet_id): found.sealed}
    try:
        plain = people.unseal(tx, secrets, found.person_id, sealed, actor=actor, purpose=PURPOSE, now=now)
    except Erased:
        raise SheetGone from None
    return Sheet(found.id, found.visit_id, plain[0]), found.expires_at


def forget_expired(tx: Tx, *, now: datetime) -> None:
    store.drop_expired(tx, now=now)


def _own(tx: Tx, visit_id: str, actor: Actor, *, now: datetime) -> Booking:
    """
    Raises:
        NotFound: no visit of hers, or too long ago.
        WrongMoment: it has not begun.
    """
    own = booking.get(tx, visit_id)
    asking.require(asking.asking(tx, actor, now=now), Action.NOTE, own)
    state = visit.state_of(tx, own.id)
    if state not in (*GOING_ON, VisitState.ENDED):
        raise WrongMoment(kind=PURPOSE, state=state.value)
    return own


def _next(tx: Tx, own: Booking, *, now: datetime) -> Next | None:
    latest, known = booking.current(tx, own.id), directory.load(tx)
    room = known.rooms.get(latest.offer.room_id)
    if latest.id == own.id or latest.status is not Status.BOOKED or latest.offer.start <= now or room is None:
        return None
    return Next(latest.offer.start, f"{room.name}, {room.address}" if room.address else room.name)


def _place(sheet_id: str) -> str:
    return f"aftercare_sheet|sealed|{sheet_id}"
