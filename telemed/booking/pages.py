"""The booking pages: five steps without an account, without a script, and with nothing kept between them."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import segno
from babel.dates import get_day_names
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from telemed.booking import access, form, planner, search, service
from telemed.booking import model as booking_model
from telemed.booking.form import Answers, Step
from telemed.booking.ground import Ground
from telemed.booking.index import Index
from telemed.booking.model import Booked, Booking, NotOffered, SlotTaken, TooLate
from telemed.booking.planner import Offer, What, Wish
from telemed.directory import service as directory
from telemed.directory.calendar import Hours, Opening
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.i18n import words
from telemed.kit.ids import new_token
from telemed.kit.refusal import Refusal
from telemed.people.model import Need, Way
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"

SUGGESTIONS = 3
LOOKED_AT = 200
"""Offers among which suggestions are chosen."""
DAYS_SHOWN = 8
NOON = 12

DEVICE_ICONS = {"exam-camera": "camera", "stethoscope": "activity", "blood-pressure": "heart-pulse"}
NEED_ICONS = {
    Need.INTERPRETER: "languages",
    Need.WHEELCHAIR: "accessibility",
    Need.HEARING: "ear",
    Need.COMPANION: "users",
    form.QUIET: "hand",
}
WAY_ICONS = {Way.PHONE: "phone", Way.EMAIL: "mail", Way.PAPER: "printer"}


async def answers_of(request: Request) -> Answers:
    """What the steps before have collected."""
    return Answers.of(await request.form() if request.method == "POST" else request.query_params)


routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]
Given = Annotated[Answers, Depends(answers_of)]


@dataclass(frozen=True)
class Choice:
    """One offer as a button: what it sends, when and where it is, and with whom."""

    code: str
    start: datetime
    room: str
    doctor: str

    @classmethod
    def of(cls, offer: Offer, known: Directory) -> "Choice":
        room, doctor = known.name_of(offer.room_id), known.name_of(offer.doctor_id)
        return cls(form.encode(offer), offer.start, room, doctor)


@routes.get("/")
def start(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """Emergency numbers first, then the two big ways on, then what people ask most."""
    with centre.db.reading() as tx:
        known = directory.load(tx)
    hours = {room.id: opening_lines(room.hours) for room in known.rooms.values()}
    return centre.the(Pages).render(request, "booking/start.html", known=known, hours=hours)


@routes.api_route("/termin", methods=["GET", "POST"])
def what(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """Step 1: what for."""
    return _show(request, centre, given, Step.WHAT)


@routes.api_route("/termin/zeit", methods=["GET", "POST"])
def when(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """Step 2: when; three suggestions, then days, then the times of one day."""
    return _show(request, centre, given, Step.WHEN)


@routes.api_route("/termin/hilfe", methods=["GET", "POST"])
def needs(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """Step 3: what helps."""
    return _show(request, centre, given, Step.NEEDS)


@routes.post("/termin/kontakt")
def contact(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """Step 4: who, and how we reach them."""
    return _show(request, centre, given, Step.CONTACT)


@routes.post("/termin/pruefen")
def check(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """Step 5: everything once more."""
    return _show(request, centre, given, Step.CHECK)


@routes.get("/termin/kontakt")
@routes.get("/termin/pruefen")
@routes.get("/termin/buchen")
def begin_again(_actor: Anyone) -> RedirectResponse:
    """An address that was kept leads to the beginning; what is personal never stands in it."""
    return RedirectResponse("/termin", status_code=303)


@routes.post("/termin/buchen")
def book(request: Request, centre: CentreDep, given: Given, actor: Anyone) -> HTMLResponse:
    """Book. If the time has just gone, everything entered stays and the nearest three are offered."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
    offer = form.decode(given.offer, known)
    complete = form.next_step(given, Step.CHECK, known, this_year=now.year) is Step.CHECK
    if offer is None or not complete or not form.may_repeat(given.request_id):
        return _show(request, centre, given, Step.CHECK)
    asked = booking_model.Request(given.request_id, offer, given.person(), given.quiet)
    try:
        with centre.db.transaction() as tx:
            booked = service.book(tx, centre.secrets, asked, actor=actor, now=now)
            taken = service.get(tx, booked.id)
    except (SlotTaken, TooLate, NotOffered) as refusal:
        return _lost(request, centre, given, offer, refusal)
    return _booked(request, centre, booked, taken, known)


def _booked(request: Request, centre: Centre, booked: Booked, taken: Booking, known: Directory) -> HTMLResponse:
    """What she takes along; the address is empty should the room have left the directory since."""
    link = f"{centre.public_url}/t/{booked.link_token}"
    room = known.rooms.get(taken.offer.room_id)
    shown: dict[str, Any] = {"choice": Choice.of(taken.offer, known), "address": room.address if room else ""}
    shown |= {"booked": booked, "quiet": taken.quiet, "link": link, "qr": _qr(link), "known": known}
    return centre.the(Pages).render(request, "booking/booked.html", **shown)


def _lost(request: Request, centre: Centre, given: Answers, lost: Offer, refusal: Refusal) -> HTMLResponse:
    now = centre.clock.now()
    with centre.the(Index).at(now) as here:
        known = here.directory
        near = service.alternatives(here, lost, now=now)
    shown: dict[str, Any] = {
        **_checked(given, known),
        "lost": True,
        "near": [Choice.of(offer, known) for offer in near],
    }
    shown |= {"why": refusal.key, "given": given, "known": known}
    return centre.the(Pages).render(request, "booking/check.html", status=refusal.sense.value, **shown)


def _show(request: Request, centre: Centre, given: Answers, wanted: Step) -> HTMLResponse:
    """The page of *wanted*, or of the first step before it that lacks its answer."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
        step = form.next_step(given, wanted, known, this_year=now.year)
        shown: dict[str, Any]
        match step:
            case Step.WHAT:
                shown = {"services": _services(known)}
            case Step.WHEN:
                shown = _times(centre, known, given, now=now)
            case Step.NEEDS:
                shown = {"needs": NEED_ICONS.items()}
            case Step.CONTACT:
                faults = form.contact_faults(given, this_year=now.year) if wanted > step else {}
                shown = {"faults": faults, "ways": WAY_ICONS.items()}
            case Step.CHECK:
                given = _with_id(given)
                shown = {**_checked(given, known), "lost": False, "near": []}
    status = 422 if shown.get("faults") else 200
    template = f"booking/{step.name.lower()}.html"
    return centre.the(Pages).render(request, template, status=status, given=given, known=known, **shown)


def _with_id(given: Answers) -> Answers:
    """With an id of its own, so that sending it twice books once."""
    return given if form.may_repeat(given.request_id) else replace(given, request_id=new_token())


def _services(known: Directory) -> list[tuple[str, str, str]]:
    """(id, name, icon) of what can be booked, by name."""
    bookable = [one for one in known.services.values() if set(one.room_ids) & set(known.rooms)]
    return [(one.id, one.name, _icon(one.devices)) for one in sorted(bookable, key=lambda one: one.name)]


def _icon(devices: tuple[str, ...]) -> str:
    return next((icon for kind, icon in DEVICE_ICONS.items() if kind in devices), "stethoscope")


def _checked(given: Answers, known: Directory) -> dict[str, Any]:
    offer = form.decode(given.offer, known)
    return {"choice": Choice.of(offer, known) if offer else None, "service": known.services[given.service].name}


def _times(centre: Centre, known: Directory, given: Answers, *, now: datetime) -> dict[str, Any]:
    """What step 2 shows: the times of a day that was chosen, or suggestions and the next days that have any."""
    day, what = _day(given.day), What(given.service)
    with centre.the(Index).at(now) as here:
        if day is not None:
            first, last = planner.day_window(day, known)
            found = search.offers(here, Wish(what, first, last), now=now, limit=LOOKED_AT)
            return {"day": first, "halves": _halves(first_of_each(found, _half_hour), known)}
        wish = Wish(what, now, now + planner.HORIZON, spread=True)
        suggested = search.offers(here, wish, now=now, limit=SUGGESTIONS)
        days = _free_days(here, given, now=now)
    choices = [Choice.of(offer, known) for offer in suggested]
    return {"day": None, "suggested": choices, "days": days[:DAYS_SHOWN], "more": days[DAYS_SHOWN:]}


def _free_days(here: Ground, given: Answers, *, now: datetime) -> list[datetime]:
    """Noon of the next days with any offer, from the one that was leafed to; one more than is shown."""
    known, what = here.directory, What(given.service)
    today, last = (moment.astimezone(known.zone).date() for moment in (now, now + planner.HORIZON))
    day = max(today, _day(given.later) or today)
    found: list[datetime] = []
    while day <= last and len(found) <= DAYS_SHOWN:
        wish = Wish(what, *planner.day_window(day, known))
        if search.offers(here, wish, now=now, limit=1):
            found.append(datetime.combine(day, time(NOON), tzinfo=known.zone))
        day += timedelta(days=1)
    return found


def _day(text: str) -> date | None:
    """The day of a button, as far as there can be one."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in form.YEARS else None


def first_of_each(offers: Iterable[Offer], key: Callable[[Offer], Hashable]) -> list[Offer]:
    """The first offer of each group, in order."""
    found: dict[Hashable, Offer] = {}
    for offer in offers:
        found.setdefault(key(offer), offer)
    return list(found.values())


def _half_hour(offer: Offer) -> Hashable:
    return (offer.start.hour, offer.start.minute // 30)


def _halves(offers: list[Offer], known: Directory) -> list[tuple[str, list[Choice]]]:
    """The times of a day in two groups, those that have any: (catalogue key, times)."""
    halves: dict[str, list[Choice]] = {"booking.when.morning": [], "booking.when.afternoon": []}
    for offer in offers:
        early = offer.start.astimezone(known.zone).hour < NOON
        halves["booking.when.morning" if early else "booking.when.afternoon"].append(Choice.of(offer, known))
    return [(key, choices) for key, choices in halves.items() if choices]


def opening_lines(hours: Hours) -> list[tuple[str, str]]:
    """Opening hours for people: (days, times), equal days in a row together."""
    names = get_day_names("wide", locale=words().language)
    lines = []
    for openings, group in groupby(range(7), key=lambda weekday: hours.by_weekday[weekday]):
        days = list(group)
        if openings:
            first, last = names[days[0]], names[days[-1]]
            several = words().text("booking.hours.days", first=first, last=last)
            lines.append((several if len(days) > 1 else first, _spans(openings)))
    return lines


def _spans(openings: tuple[Opening, ...]) -> str:
    """ "08:00 bis 12:00 Uhr und 13:00 bis 18:00 Uhr"."""
    each = (words().text("booking.hours.span", start=f"{one.start:%H:%M}", end=_closing(one)) for one in openings)
    return words().text("booking.hours.and").join(each)


def _closing(opening: Opening) -> str:
    return "24:00" if opening.end == time(0) else f"{opening.end:%H:%M}"


def _qr(link: str) -> Markup:
    """The link as a QR code, drawn in the page itself."""
    return Markup(segno.make(link, error="m", micro=False).svg_inline(scale=4, border=4, omitsize=True))


routes.include_router(access.routes)
