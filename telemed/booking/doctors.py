"""Who can be reached here, by specialty: the next free time, how, and what for; found with people's own words."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from telemed.booking import concerns, form, offered, search, service, steps
from telemed.booking.concerns import Catalogue
from telemed.booking.ground import Ground
from telemed.booking.index import Index
from telemed.booking.planner import HORIZON, Offer, What, Wish
from telemed.booking.times import Choice
from telemed.directory.model import Directory, Doctor, Service
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.i18n import Words
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages, words_of

HERE = "/aerzte"

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]


@dataclass(frozen=True)
class Entry:
    """One specialty. *first*: the next free time, of the service *first_service*, if there is one.

    *places*: the settings in which it is offered. *free*: what one books oneself; *needs_order*: what a doctor must
    order first. *doctors*: with the names of the languages that each speaks.
    """

    code: str
    name: str
    icon: str
    first: Choice | None
    first_service: str
    places: tuple[str, ...]
    free: tuple[str, ...]
    needs_order: tuple[str, ...]
    doctors: tuple[tuple[str, tuple[str, ...]], ...]


@routes.get(HERE)
def every(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """All specialties."""
    return _page(request, centre, "")


@routes.get(f"{HERE}/suche")
def begin_again(_actor: Anyone) -> RedirectResponse:
    """An address that was kept leads to the beginning; what was searched for never stands in one."""
    return RedirectResponse(HERE, status_code=303)


@routes.post(f"{HERE}/suche")
def found(request: Request, centre: CentreDep, _actor: Anyone, q: Annotated[str, Form()] = "") -> HTMLResponse:
    """What was typed finds; an emergency finds 112 and no time. What finds none is counted, without the words."""
    return _page(request, centre, q.strip()[: concerns.LONGEST])


def _page(request: Request, centre: Centre, asked: str) -> HTMLResponse:
    now, words, meant = centre.clock.now(), words_of(request), offered.catalogue_of(centre)
    is_emergency = meant.is_emergency(asked)
    with centre.the(Index).at(now) as here:
        known = here.directory
        listed = {} if is_emergency else offered.specialties(known, with_orders=True)
        if asked:
            named = concerns.matching(asked, {code: _words(code, each, known, meant) for code, each in listed.items()})
            listed = {code: listed[code] for code in named}
        entries = [_entry(here, code, each, meant, words, now=now) for code, each in listed.items()]
    if asked and not is_emergency:
        _count(centre, known, entries, now=now)
    shown: dict[str, Any] = {"entries": entries, "asked": asked, "is_emergency": is_emergency, "known": known}
    return centre.the(Pages).render(request, "booking/doctors.html", **shown)


def _count(centre: Centre, known: Directory, entries: Collection[Entry], *, now: datetime) -> None:
    """Searches in vain, by specialty (none, where the words name none) and weekday alone (G26)."""
    vain = [one.code for one in entries if one.first is None] if entries else [""]
    if vain:
        with centre.db.transaction() as tx:
            for code in vain:
                service.count_vain(tx, known, code, now=now)


def _words(code: str, services: Collection[Service], known: Directory, meant: Catalogue) -> list[str]:
    """What a specialty is found by: everyday words, its services, and who does them."""
    everyday = meant.specialties[code].words if code in meant.specialties else ()
    doctors = {doctor.name for one in services for doctor in known.doctors_for(one)}
    return [*everyday, *(one.name for one in services), *sorted(doctors)]


def _entry(here: Ground, code: str, services: list[Service], meant: Catalogue, words: Words, *, now: datetime) -> Entry:
    known = here.directory
    free = [one for one in services if form.may_book(one.id, known)]
    firsts = [offer for one in free if (offer := first_free(here, What(one.id), now=now))]
    first = min(firsts, key=lambda offer: offer.start, default=None)
    doctors = {doctor.id: doctor for one in services for doctor in known.doctors_for(one)}
    places = {known.rooms[room].setting for one in services for room in one.room_ids if room in known.rooms}
    return Entry(
        code,
        offered.name(code, services, words),
        offered.icon(code, meant),
        Choice.of(first, known) if first else None,
        first.service_id if first else "",
        tuple(one for one in ("room", "apartment", "home") if one in places),
        tuple(one.name for one in free),
        tuple(one.name for one in services if one.needs_order),
        tuple((one.name, tuple(_spoken(one, words))) for one in doctors.values()),
    )


def _spoken(doctor: Doctor, words: Words) -> Iterator[str]:
    return (steps.language_name(code, words) for code in doctor.languages)


def first_free(here: Ground, what: What, *, now: datetime) -> Offer | None:
    """The first time that the planner offers: what the booking pages and the API answer too."""
    found_ones = search.offers(here, Wish(what, now, now + HORIZON), now=now, limit=1)
    return found_ones[0] if found_ones else None
