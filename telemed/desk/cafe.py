"""Several people in a row, at a seniors' café: one page for all of it, name and year for each, a slip for everybody."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from telemed.booking import form, search, steps
from telemed.booking import model as booking_model
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import Blocked, Booked, Booking, TooLate
from telemed.booking.planner import Offer
from telemed.desk.asked import NOTHING_WRONG, Asked, Assistant, Line, Options, Said, Sent, page, slip
from telemed.directory.model import Directory
from telemed.identity.model import Actor
from telemed.kit.i18n import words
from telemed.kit.refusal import NotFound
from telemed.people import consents
from telemed.people.consent import Answer, How, Purpose
from telemed.people.model import Way
from telemed.web.centre import Centre, CentreDep

HERE = "/assistenz/cafe"
SHOWN = 6
"""Times to choose from; the first is chosen already."""
MOST = 40
"""So many are listed of those who were booked in this round."""
KEPT = ("service", "place", "first")
"""What stays for the next person."""

routes = APIRouter()


@dataclass(frozen=True)
class Round:
    """What stays from person to person: with what was booked, which prints its slips, and the last one's slip."""

    done: tuple[str, ...] = ()
    slip: dict[str, Any] | None = None
    name: str = ""


NOBODY_YET = Round()


@routes.get(HERE)
def start(request: Request, centre: CentreDep, actor: Assistant, asked: Sent) -> HTMLResponse:
    """What for and where, once for all; then the next free times and who."""
    return _page(request, centre, actor, asked, NOBODY_YET)


@routes.post(HERE)
def book(
    request: Request,
    centre: CentreDep,
    actor: Assistant,
    asked: Sent,
    done: Annotated[list[str], Form(default_factory=list)],
    consent: Annotated[str, Form()] = "",
) -> HTMLResponse:
    """Book, and go on with the next person on the same page. What was typed stays where something is wrong."""
    now, so_far = centre.clock.now(), Round(tuple(done[:MOST]))
    way = Way.PHONE if asked.given.phone else Way.PAPER
    asked = replace(asked, given=replace(asked.given, way=way.value))
    with centre.the(Index).at(now) as here:
        known = here.directory
    faults, offer = form.contact_faults(asked.given, this_year=now.year), form.decode(asked.given.offer, known)
    if offer is None or not form.may_repeat(asked.given.request_id):
        faults["offer"] = "cafe.wrong.offer"
    if faults or offer is None:
        return _page(request, centre, actor, asked, so_far, Said(faults), consent=consent)
    wanted = booking_model.Request(asked.given.request_id, offer, asked.given.person(), asked.given.quiet)
    try:
        made, taken = _book(centre, actor, wanted, consent, now=now)
    except (Blocked, TooLate) as refusal:
        return _page(request, centre, actor, asked, so_far, Said(refusal=refusal), consent=consent)
    booked = tuple(dict.fromkeys((*so_far.done, asked.given.request_id)))
    so_far = Round(booked, slip(centre, made, taken, known), asked.given.name)
    fresh = Asked(form.Answers(service=asked.given.service, place=asked.given.place), first=asked.first)
    return _page(request, centre, actor, fresh, so_far)


def _book(
    centre: Centre, actor: Actor, wanted: booking_model.Request, consent: str, *, now: datetime
) -> tuple[Booked, Booking]:
    """Book, and note what was said of the video talk in front of the assistant, who is its witness."""
    with centre.db.transaction() as tx:
        made = booking.book(tx, centre.secrets, wanted, actor=actor, now=now)
        taken = booking.get(tx, made.id)
        if consent in set(Answer):
            said = Answer(consent)
            consents.say(tx, taken.person_id, Purpose.VIDEO, said, how=How.SPOKEN, words=words(), actor=actor, now=now)
    return made, taken


def _page(
    request: Request,
    centre: Centre,
    actor: Actor,
    asked: Asked,
    so_far: Round,
    said: Said = NOTHING_WRONG,
    *,
    consent: str = "",
) -> HTMLResponse:
    now, found, why = centre.clock.now(), list[Offer](), None
    with centre.the(Index).at(now) as here:
        known = here.directory
        is_ready = asked.given.service in known.services and not known.services[asked.given.service].needs_order
        if is_ready:
            wish = asked.wish(known, now=now)
            found = search.offers(here, wish, now=now, limit=SHOWN)
            why = None if found else search.why_nothing(here, wish)
    asked = replace(asked, given=steps.with_id(asked.given))
    lines = [Line.of(one, known) for one in found]
    chosen = asked.given.offer if asked.given.offer in {one.code for one in lines} else lines[0].code if lines else ""
    shown: dict[str, Any] = {"asked": asked, "options": _options(known), "lines": lines, "chosen": chosen, "why": why}
    shown |= {"is_ready": is_ready, "round": so_far, "done": _done(centre, so_far, known), "consent": consent}
    shown |= {"window": asked.window(known, now=now), "answers": list(Answer)}
    return page(request, centre, actor, "cafe.html", said, **shown)


def _options(known: Directory) -> Options:
    """Without what only a doctor orders."""
    options = Options.of(known)
    return replace(options, services=[one for one in options.services if not known.services[one[0]].needs_order])


def _done(centre: Centre, so_far: Round, known: Directory) -> list[tuple[str, Booking, Line]]:
    """What was booked in this round, with what, without a name; what is no booking is left out."""
    found = []
    with centre.db.reading() as tx:
        for one in so_far.done:
            try:
                taken, _ = steps.booked_with(tx, centre, one)
            except NotFound:
                continue
            found.append((one, taken, Line.of(taken.offer, known)))
    return found
