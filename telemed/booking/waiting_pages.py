"""The waiting list as residents meet it: join, see one's place, answer when a time is kept, leave."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import access, form, holding, keys, service, steps, times, waitlist
from telemed.booking.form import Answers
from telemed.booking.limits import limits_of
from telemed.booking.model import Booked, Hold, NotAsked, Status, Waiting, WaitState
from telemed.booking.planner import Wish
from telemed.booking.times import Choice
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import WAITING, Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.i18n import Words, link_in
from telemed.kit.ids import new_token
from telemed.kit.refusal import NotFound
from telemed.people.model import Person, Way
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages, words_of

HERE = "/warteliste"
MOVED = "/mein-termin/verschoben"
NOBODY = Person("", 0, Way.PAPER)
"""Whoever has an appointment is known already; nothing of this is read."""

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]
Resident = Annotated[Actor, Depends(Needs(Right.OWN_APPOINTMENT))]
Given = Annotated[Answers, Depends(form.answers_of)]


@routes.post(f"{HERE}/eintragen")
def enter(request: Request, centre: CentreDep, given: Given, _actor: Anyone) -> HTMLResponse:
    """How it works, and who."""
    return _form(request, centre, steps.with_id(replace(given, offer="", request_id="")), {})


@routes.post(f"{HERE}/aufnehmen")
def join(request: Request, centre: CentreDep, given: Given, actor: Anyone) -> HTMLResponse:
    """Put her in line. Sent twice it is once."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
    faults = form.contact_faults(given, this_year=now.year)
    if faults or not form.may_book(given.service, known) or not form.may_repeat(given.request_id):
        return _form(request, centre, steps.with_id(given), faults)
    wish, person = times.ahead(given.what, now=now), given.person(words_of(request).language)
    counted = limits_of(centre).booking(centre, request, actor, given.request_id, person)
    with counted, centre.db.transaction() as tx:
        waiting, token = holding.join(
            tx, centre.secrets, wish, person, actor=actor, now=now, request_id=given.request_id
        )
        found = _found(tx, waiting, now=now)
    link = link_in(f"{centre.public_url}/w/{token}", person.language)
    shown: dict[str, Any] = {"found": found, "link": link, "qr": steps.qr(link), "given": given, "known": known}
    return centre.the(Pages).render(request, "booking/waits.html", **shown)


@routes.get(f"{HERE}/eintragen")
@routes.get(f"{HERE}/aufnehmen")
def begin_again(_actor: Anyone) -> RedirectResponse:
    """An address that was kept leads to the beginning."""
    return RedirectResponse("/termin", status_code=303)


def _form(request: Request, centre: Centre, given: Answers, faults: dict[str, str]) -> HTMLResponse:
    with centre.db.reading() as tx:
        known = directory.load(tx)
    if not form.may_book(given.service, known):
        return steps.show(request, centre, given, form.Step.WHAT)
    shown: dict[str, Any] = {"given": given, "known": known, "faults": faults, "ways": steps.WAY_ICONS.items()}
    return centre.the(Pages).render(request, "booking/wait.html", status=422 if faults else 200, **shown)


@routes.get("/w/{token}")
def ask(request: Request, token: str, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """A page with one button, the same for every token, as for an appointment's link."""
    with centre.db.reading() as tx:
        known = directory.load(tx)
    return centre.the(Pages).render(request, "booking/waiting_link.html", token=token, known=known)


@routes.post("/w/{token}")
def open_entry(token: str, centre: CentreDep, _actor: Anyone) -> Response:
    """Exchange the link for a session."""
    with centre.db.transaction() as tx:
        waiting = holding.waiting_by_link(tx, token)
        session = access.open_session(tx, f"{WAITING}{waiting.id}", now=centre.clock.now())
    return access.signed_in(session, HERE)


@dataclass(frozen=True)
class Found:
    """The own entry. *before* counts who comes earlier, where she is in line; *kept* is what waits for her answer."""

    waiting: Waiting
    before: int | None
    kept: Hold | None
    is_over: bool

    @property
    def state(self) -> str:
        """How it stands, as it ends the catalogue key ``waiting.state.…``."""
        if self.waiting.state in (WaitState.TAKEN, WaitState.LEFT):
            return self.waiting.state.value
        if self.kept is not None:
            return WaitState.OFFERED.value
        return "over" if self.is_over else WaitState.WAITING.value

    @property
    def goes_on(self) -> bool:
        return self.state in (WaitState.OFFERED, WaitState.WAITING)


@routes.get(HERE)
def own(request: Request, centre: CentreDep, actor: Resident) -> Response:
    """Her place, and what is kept for her."""
    return _own(request, centre, actor, "booking/waiting.html")


@routes.get(f"{HERE}/verlassen")
def ask_to_leave(request: Request, centre: CentreDep, actor: Resident) -> Response:
    """Ask once before leaving."""
    return _own(request, centre, actor, "booking/waiting_leave.html")


@routes.post(f"{HERE}/verlassen")
def leave(centre: CentreDep, actor: Resident) -> Response:
    """She does not wait any more; nobody asks why."""
    with centre.db.transaction() as tx, suppress(NotFound):
        holding.leave(tx, centre.secrets, _mine(tx, actor).id, now=centre.clock.now())
    return _back(actor)


@routes.post(f"{HERE}/nein")
def decline(request: Request, centre: CentreDep, actor: Resident) -> Response:
    """This time does not suit: it goes to the next, and she keeps her place."""
    now = centre.clock.now()
    try:
        with centre.db.transaction() as tx:
            holding.decline(tx, centre.secrets, _mine(tx, actor).id, now=now)
    except NotAsked as refusal:
        return _own(request, centre, actor, "booking/waiting.html", refusal=refusal)
    except NotFound:
        return _back(actor)
    return RedirectResponse(HERE, status_code=303)


@routes.post(f"{HERE}/ja")
def accept(request: Request, centre: CentreDep, actor: Resident, start: Annotated[str, Form()] = "") -> Response:
    """She takes the time that the page showed, in place of her later appointment, if she has one."""
    now = centre.clock.now()
    try:
        with centre.db.transaction() as tx:
            waiting, known = _mine(tx, actor), directory.load(tx)
            booked = _taken(tx, centre, waiting, start, actor=actor, now=now)
            taken = service.get(tx, booked.id)
            session = access.open_session(tx, booked.id, now=now) if waiting.booking_id else ""
    except NotAsked as refusal:
        return _own(request, centre, actor, "booking/waiting.html", refusal=refusal)
    except NotFound:
        return _back(actor)
    return access.signed_in(session, MOVED) if session else steps.slip(request, centre, booked, taken, known)


def _taken(tx: Tx, centre: Centre, waiting: Waiting, start: str, *, actor: Actor, now: datetime) -> Booked:
    """What the page showed, booked now or by the same press before.

    Raises:
        NotAsked: another time is kept for her by now, or none.
        NotFound: she took none.
    """
    kept = _kept(tx, waiting, now=now)
    if kept is not None and kept.offer.start.isoformat() == start:
        return holding.accept(tx, centre.secrets, waiting.id, actor=actor, now=now)
    if waiting.state is not WaitState.TAKEN:
        raise NotAsked
    request_id = waitlist.request_id(centre.secrets, waiting, start)
    taken = service.current(tx, keys.id_for(centre.secrets, request_id))
    if taken.status is not Status.BOOKED:
        raise NotAsked
    return keys.booked(centre.secrets, request_id, taken)


@routes.get("/mein-termin/frueher")
def ask_earlier(request: Request, centre: CentreDep, actor: Resident) -> Response:
    """How one waits for something earlier than the own appointment."""
    with centre.db.reading() as tx:
        known = directory.load(tx)
        booking = service.current(tx, actor.subject)
        if holding.waiting_before(tx, booking.id) is not None:
            return RedirectResponse(HERE, status_code=303)
    shown: dict[str, Any] = {"choice": Choice.of(booking.offer, known), "known": known, "request_id": new_token()}
    return centre.the(Pages).render(request, "booking/earlier.html", **shown)


@routes.post("/mein-termin/frueher")
def join_earlier(centre: CentreDep, actor: Resident, request_id: Annotated[str, Form()] = "") -> Response:
    """Put her in line for something that ends before the own appointment begins."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        booking = service.still_ahead(tx, service.current(tx, actor.subject).id, now=now)
        what = times.same_again(tx, centre, booking, actor=actor, now=now)
        if form.may_repeat(request_id) and holding.waiting_before(tx, booking.id) is None:
            wish = Wish(what, now, booking.offer.start)
            asked = {"booking_id": booking.id, "request_id": request_id}
            holding.join(tx, centre.secrets, wish, NOBODY, actor=actor, now=now, **asked)
    return RedirectResponse(HERE, status_code=303)


def _own(request: Request, centre: Centre, actor: Actor, template: str, *, refusal: NotAsked | None = None) -> Response:
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
        try:
            found = _found(tx, _mine(tx, actor), now=now)
        except NotFound:
            return _back(actor)
        later = service.get(tx, found.waiting.booking_id) if found.waiting.booking_id else None
    shown: dict[str, Any] = {"found": found, "later": later, "known": known, "now": now}
    shown |= {
        "kept": Choice.of(found.kept.offer, known) if found.kept else None,
        "wished": _wished(found.waiting, known, words_of(request)),
    }
    shown |= {"refused": steps.said(refusal, words_of(request))[0] if refusal else ""}
    status = refusal.sense.value if refusal else 200
    return centre.the(Pages).render(request, template, status=status, **shown)


def _found(tx: Tx, waiting: Waiting, *, now: datetime) -> Found:
    is_over = waiting.wish.latest <= now
    in_line = waiting.state is WaitState.WAITING and not is_over
    before = holding.place_in_line(tx, waiting, now=now) if in_line else None
    return Found(waiting, before, _kept(tx, waiting, now=now), is_over)


def _kept(tx: Tx, waiting: Waiting, *, now: datetime) -> Hold | None:
    with suppress(NotAsked):
        return holding.offered_to(tx, waiting, now=now)
    return None


def _mine(tx: Tx, actor: Actor) -> Waiting:
    """Her entry: the session is its own, or that of the appointment for which she waits for something earlier.

    Raises:
        NotFound: she waits for nothing.
    """
    if actor.subject.startswith(WAITING):
        return holding.waiting_of(tx, actor.subject.removeprefix(WAITING))
    found = holding.waiting_before(tx, service.current(tx, actor.subject).id)
    if found is None:
        raise NotFound
    return found


def _back(actor: Actor) -> RedirectResponse:
    """To her entry, or, if she came from her appointment, to that."""
    is_entry = actor.subject.startswith(WAITING)
    return RedirectResponse(HERE if is_entry else "/mein-termin", status_code=303)


def _wished(waiting: Waiting, known: Directory, words: Words) -> list[str]:
    """The wishes of the entry as names of doctors and places, and as a language."""
    what = waiting.wish.what
    named = [known.name_of(one) for one in (*what.doctor_ids, *what.room_ids)]
    return [*named, *([steps.language_name(what.language, words)] if what.language else [])]
