"""Booking for who does not read: one picture and one question at a time, read out, with yes, no and help.

Asked is what nobody else can say: what for, when, and the year of birth in digits. The name is told at the room.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import form, held, model, offered, service, steps, times
from telemed.booking.held import Wanted
from telemed.booking.limits import limits_of
from telemed.booking.model import HoldGone, NotOffered, SlotTaken, TooLate
from telemed.booking.planner import Offer, What
from telemed.booking.times import Choice, Leaf
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.i18n import words
from telemed.kit.ids import new_token
from telemed.people.model import Person, Way
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages, words_of

HERE = "/bilder"
WHEN, YEAR, BOOK = f"{HERE}/zeit", f"{HERE}/jahr", f"{HERE}/buchen"
DIGITS_OF_A_YEAR = 4
MOST_NIGHTS = 7
"""More moons than that are counted by nobody."""

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]


@dataclass(frozen=True)
class Moment:
    """When something is, as a drawing. *nights*: to sleep until then. Hands in degrees from 12."""

    nights: int
    hour_hand: float
    minute_hand: float

    @classmethod
    def of(cls, start: datetime, now: datetime, known: Directory) -> "Moment":
        local, today = start.astimezone(known.zone), now.astimezone(known.zone).date()
        return cls((local.date() - today).days, local.hour % 12 * 30 + local.minute / 2, local.minute * 6)


@dataclass(frozen=True)
class Chosen:
    """What was answered so far. *year*: the digits of it, as tapped."""

    offer: str = ""
    request_id: str = ""
    year: str = ""


async def chosen_of(request: Request) -> Chosen:
    """The fields of a form; a tapped digit is added, *wipe* begins the year anew."""
    fields = await request.form()
    offer, request_id, year, digit = (str(fields.get(name, "")) for name in ("offer", "request_id", "year", "digit"))
    year = "" if "wipe" in fields else "".join(one for one in year + digit if one.isascii() and one.isdigit())
    return Chosen(offer, request_id if form.may_repeat(request_id) else new_token(), year[:DIGITS_OF_A_YEAR])


Given = Annotated[Chosen, Depends(chosen_of)]


@routes.get(HERE)
def what(request: Request, centre: CentreDep, _actor: Anyone, was: int = 0) -> HTMLResponse:
    """What for: one picture, and the next one after a no."""
    known = _known(centre)
    tiles = offered.tiles(known, offered.catalogue_of(centre), words_of(request))
    tile = tiles[was % len(tiles)] if tiles else None
    return _page(request, centre, "what", known, tile=tile, following=was + 1)


@routes.get(WHEN)
def when(
    request: Request, centre: CentreDep, _actor: Anyone, fach: str = "", zeit: int = 0, weg: bool = False
) -> Response:
    """When: one time, and the next one after a no. *weg*: the one before was taken by somebody else."""
    known = _known(centre)
    if not form.may_book(fach, known):
        return RedirectResponse(HERE, status_code=303)
    suggested: list[Choice] = times.shown(centre, What(fach), Leaf("", ""), now=centre.clock.now())["suggested"]
    choice = suggested[zeit % len(suggested)] if suggested else None
    shown: dict[str, Any] = {"fach": fach, "following": zeit + 1, "is_gone": weg, "request_id": new_token()}
    return _page(request, centre, "when", known, choice=choice, **_drawn(centre, known, choice), **shown)


@routes.get(YEAR)
@routes.get(BOOK)
def begin_again(_actor: Anyone) -> RedirectResponse:
    """An address that was kept leads to the beginning."""
    return RedirectResponse(HERE, status_code=303)


@routes.post(YEAR)
def year(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> Response:
    """The year of birth, digit by digit; the time is held meanwhile. What was tapped is said, the question once."""
    known = _known(centre)
    offer = form.decode(given.offer, known)
    if offer is None:
        return RedirectResponse(HERE, status_code=303)
    try:
        hold = held.still if given.year else held.keep
        hold(request, centre, Wanted(given.request_id, offer))
    except HoldGone:
        return _booked(request, centre, known, given.request_id)
    except (SlotTaken, TooLate, NotOffered):
        return _gone(offer)
    whole = len(given.year) == DIGITS_OF_A_YEAR
    right = form.is_birth_year(given.year, centre.clock.now().year)
    status = 422 if whole and not right else 200
    return _page(
        request,
        centre,
        "year",
        known,
        status=status,
        given=given,
        is_whole=whole,
        is_right=right,
        aloud_from=given.year and not whole,
    )


@routes.post(BOOK)
def book(request: Request, centre: CentreDep, given: Given, actor: Anyone) -> Response:
    """Book; what is to be known beside is told at the room."""
    known, now = _known(centre), centre.clock.now()
    offer = form.decode(given.offer, known)
    if offer is None or not form.is_birth_year(given.year, now.year):
        return year(request, centre, Chosen(given.offer, given.request_id), actor)
    language = words_of(request).language
    person = Person(words().text("pictures.nameless"), int(given.year), Way.PAPER, language=language)
    asked = model.Request(given.request_id, offer, person, False)
    try:
        counted = limits_of(centre).booking(centre, request, actor, given.request_id, person)
        with counted, centre.db.transaction() as tx:
            service.book(tx, centre.secrets, asked, actor=actor, now=now)
    except (SlotTaken, TooLate, NotOffered):
        return _gone(offer)
    return _booked(request, centre, known, given.request_id)


def _booked(request: Request, centre: Centre, known: Directory, request_id: str) -> HTMLResponse:
    with centre.db.reading() as tx:
        taken, _ = steps.booked_with(tx, centre, request_id)
    shown = {**steps.visit(taken, known), "request_id": request_id}
    return _page(request, centre, "done", known, **shown, **_drawn(centre, known, shown["choice"]))


def _gone(offer: Offer) -> RedirectResponse:
    return RedirectResponse(f"{WHEN}?fach={offer.service_id}&weg=1", status_code=303)


def _drawn(centre: Centre, known: Directory, choice: Choice | None) -> dict[str, Any]:
    drawn = Moment.of(choice.start, centre.clock.now(), known) if choice else None
    return {"moment": drawn, "most_nights": MOST_NIGHTS}


def _page(
    request: Request, centre: Centre, name: str, known: Directory, status: int = 200, **shown: Any
) -> HTMLResponse:
    shown = {"aloud_from": False, "known": known, **shown}
    return centre.the(Pages).render(request, f"booking/pictures/{name}.html", status=status, **shown)


def _known(centre: Centre) -> Directory:
    with centre.db.reading() as tx:
        return directory.load(tx)
