"""Staff book for others: at the telephone, for several in a row in a café, and a whole series."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import form, search, several, steps
from telemed.booking import model as booking_model
from telemed.booking import service as booking
from telemed.booking.ground import Ground
from telemed.booking.index import Index
from telemed.booking.model import Blocked, Booked, Extras, SeriesRefused, TooLate
from telemed.booking.planner import Offer
from telemed.booking.search import Objection, Rule
from telemed.desk import appointments, by_paper, cafe, confirming, defects, urgent, waiting, walkin
from telemed.desk.asked import NOTHING_WRONG, Asked, Line, Options, Planner, Said, Sent, by_day, page, slip
from telemed.directory.model import Directory
from telemed.identity.model import Actor
from telemed.kit.db import Tx
from telemed.kit.ids import new_id
from telemed.web.centre import Centre, CentreDep

SHOWN = 24
"""Offers to read out."""
HERE = "/assistenz/buchen"

routes = APIRouter()
for others in (appointments, by_paper, cafe, confirming, defects, urgent, waiting, walkin):
    routes.include_router(others.routes)


@routes.get(HERE)
def look(request: Request, centre: CentreDep, actor: Planner, asked: Sent) -> HTMLResponse:
    """What is wanted, and below it what there is."""
    now, found, why = centre.clock.now(), list[Offer](), None
    with centre.the(Index).at(now) as here:
        known = here.directory
        asked = asked.by(actor, known)
        wish, lacks_order = asked.wish(known, now=now), asked.lacks_order(known)
        searched = asked.given.service in known.services and not lacks_order
        if searched:
            found = search.offers(here, wish, now=now, limit=SHOWN)
            why = None if found else search.why_nothing(here, wish)
    shown: dict[str, Any] = {"searched": searched, "days": by_day(found, known), "why": why}
    shown |= {"asked": asked, "options": Options.of(known), "lacks_order": lacks_order}
    shown |= {"window": asked.window(known, now=now)}
    return page(request, centre, actor, "look.html", **shown)


@routes.api_route(f"{HERE}/person", methods=["GET", "POST"])
def who(request: Request, centre: CentreDep, actor: Planner, asked: Sent) -> Response:
    """For whom; of a series also each date."""
    return _who(request, centre, actor, asked)


@dataclass(frozen=True)
class Date:
    """One date of a series: what would be booked, or why not."""

    start: datetime
    offer: Offer | None
    why: Objection | None
    name: str = ""


def _dates(here: Ground, asked: Asked, first: Offer, *, now: datetime) -> list[Date]:
    starts = several.dates(first, here.directory, weeks=asked.every_weeks, count=asked.times)
    found = several.series(here, first, starts, now=now, wished=asked.what())
    return [_date(here, first, start, offer) for start, offer in found]


def _date(here: Ground, first: Offer, start: datetime, offer: Offer | None) -> Date:
    if offer is not None:
        return Date(start, offer, None)
    asked_for = replace(first, start=start, end=start + (first.end - first.start))
    why = search.objection(here, asked_for, ordered=True) or Objection(Rule.HORIZON)
    return Date(start, None, why, here.directory.name_of(why.resource_id))


def _who(
    request: Request,
    centre: Centre,
    actor: Actor,
    asked: Asked,
    said: Said = NOTHING_WRONG,
    *,
    left_out: Collection[str] = (),
) -> Response:
    now, near = centre.clock.now(), list[Offer]()
    with centre.the(Index).at(now) as here:
        known = here.directory
        asked = replace(asked.by(actor, known), given=steps.with_id(asked.given))
        offer = form.decode(asked.given.offer, known)
        if offer is None:
            return RedirectResponse(f"{HERE}?{asked.again()}", status_code=303)
        dates = _dates(here, asked, offer, now=now) if asked.times > 1 else []
        if said.refusal is not None and not dates:
            near = booking.alternatives(here, offer, now=now, wished=asked.what())
    shown: dict[str, Any] = {"line": Line.of(offer, known), "near": [Line.of(one, known) for one in near]}
    shown |= {"asked": asked, "dates": dates, "left_out": left_out, "service": known.services[offer.service_id]}
    return page(request, centre, actor, "who.html", said, **shown)


@routes.post(HERE)
def book(request: Request, centre: CentreDep, actor: Planner, asked: Sent) -> Response:
    """Book; what is lost meanwhile is said, and everything typed stays."""
    now, (offer, known, said) = centre.clock.now(), _checked(centre, actor, asked)
    if offer is None or said.faults:
        return _who(request, centre, actor, asked, said)
    asked = asked.by(actor, known)
    try:
        with centre.db.transaction() as tx:
            wanted = _request(asked, offer, known, asked.given.request_id)
            made = booking.book(tx, centre.secrets, wanted, actor=actor, now=now)
            slips = _slips(tx, centre, [made], known)
    except (Blocked, TooLate) as refusal:
        return _who(request, centre, actor, asked, Said(refusal=refusal))
    return page(request, centre, actor, "booked.html", slips=slips, again=f"{HERE}?{asked.again()}")


@routes.post("/assistenz/serie")
def book_series(
    request: Request,
    centre: CentreDep,
    actor: Planner,
    asked: Sent,
    without: Annotated[list[str], Form(default_factory=list)],
) -> Response:
    """Book all dates but those left out on purpose, or none."""
    now, (offer, known, said) = centre.clock.now(), _checked(centre, actor, asked)
    if offer is None or said.faults:
        return _who(request, centre, actor, asked, said, left_out=without)
    asked = asked.by(actor, known)
    with centre.the(Index).at(now) as here:
        dates = [date for date in _dates(here, asked, offer, now=now) if date.start.isoformat() not in without]
    if not dates:
        return _who(request, centre, actor, asked, Said({"without": "planning.wrong.without"}), left_out=without)
    try:
        with centre.db.transaction() as tx:
            wanted = _series(asked, offer, dates, known)
            made = several.book_series(tx, centre.secrets, wanted, actor=actor, now=now)
            slips = _slips(tx, centre, made, known)
    except SeriesRefused as refusal:
        return _who(request, centre, actor, asked, Said(refusal=refusal), left_out=without)
    return page(request, centre, actor, "booked.html", slips=slips, again=f"{HERE}?{asked.again()}")


def _checked(centre: Centre, actor: Actor, asked: Asked) -> tuple[Offer | None, Directory, Said]:
    """What is to be booked, and what is wrong with what was typed."""
    now = centre.clock.now()
    with centre.the(Index).at(now) as here:
        known = here.directory
    faults = form.contact_faults(asked.given, this_year=now.year)
    offer = form.decode(asked.given.offer, known)
    if not form.may_repeat(asked.given.request_id):
        offer = None
    if asked.by(actor, known).lacks_order(known):
        faults["ordered_by"] = "planning.wrong.ordered_by"
    return offer, known, Said(faults)


def _request(asked: Asked, offer: Offer, known: Directory, request_id: str) -> booking_model.Request:
    needs_order = known.services[offer.service_id].needs_order
    extras = Extras(ordered_by=asked.ordered_by if needs_order else None)
    return booking_model.Request(request_id, offer, asked.given.person(), asked.given.quiet, extras)


def _series(asked: Asked, first: Offer, dates: list[Date], known: Directory) -> list[booking_model.Request]:
    """One request for each date; a date that cannot be had is asked for all the same, to be refused by name."""
    series_id, length, found = new_id(), first.end - first.start, []
    for date in dates:
        offer = date.offer or replace(first, start=date.start, end=date.start + length)
        # the id stays that of its date, so that sending it twice books once
        request = _request(asked, offer, known, f"{asked.given.request_id}.{date.start.isoformat()}")
        found.append(replace(request, extras=replace(request.extras, series_id=series_id)))
    return found


def _slips(tx: Tx, centre: Centre, made: list[Booked], known: Directory) -> list[dict[str, Any]]:
    return [slip(centre, one, booking.get(tx, one.id), known) for one in made]
