"""A relative acts for a resident, as herself and as her mandate says: sees, books, moves, cancels, joins the talk.

Every page says for whom, every act is audited as hers. What devices measure she never sees: it exists only in the talk.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import access, asking, form, held, several, times
from telemed.booking import service as booking
from telemed.booking.held import Held, Wanted
from telemed.booking.model import Booking, HoldGone, NotOffered, SlotTaken, TooLate
from telemed.booking.model import Request as Asked
from telemed.booking.planner import Offer, What
from telemed.booking.times import Choice, Leaf
from telemed.desk.moving import Chosen, Sent
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.allowed import Action, Asker
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.i18n import ASKED
from telemed.kit.refusal import NotFound
from telemed.people import consents, mandates
from telemed.people import service as people
from telemed.people.consent import Purpose
from telemed.people.mandate import Mandate, Scope
from telemed.people.model import Need, Person
from telemed.visit import service as visit
from telemed.visit.model import VisitState, WrongMoment
from telemed.web.centre import Centre, CentreDep
from telemed.web.languages import LASTS_S, offered
from telemed.web.pages import Pages

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]
Helper = Annotated[Actor, Depends(Needs(Right.ACT_FOR))]

HERE = "/fuer"
DONE = {Scope.BOOK: "booked", Scope.CHANGE: "moved"}


@dataclass(frozen=True)
class Doing:
    """Somebody acts under a mandate, in one transaction."""

    tx: Tx
    centre: Centre
    actor: Actor
    now: datetime
    mandate: Mandate
    person: Person
    known: Directory

    @property
    def shown(self) -> dict[str, Any]:
        """What every page says: for whom, and as whom."""
        return {"mandate": self.mandate, "person": self.person, "known": self.known, "Scope": Scope}

    @property
    def asker(self) -> Asker:
        return asking.under(self.known, self.mandate, self.actor, now=self.now)

    def own(self, booking_id: str) -> Booking:
        """An appointment that she may change, and that can still be changed.

        Raises:
            NotFound: it is not this person's.
            WrongMoment: she has come, or it is over or came from elsewhere.
        """
        found = booking.get(self.tx, booking_id)
        asking.require(self.asker, Action.CHANGE, found)
        state = visit.state_of(self.tx, found.id)
        if state is not VisitState.PLANNED or found.offer.service_id not in self.known.services:
            raise WrongMoment(kind="move", state=state.value)
        return found


def _doing(tx: Tx, centre: Centre, actor: Actor, scope: Scope) -> Doing:
    """
    Raises:
        MandateOver, MandateNarrower: she may not, or not any more.
        Erased: the person's data are gone.
    """
    now = centre.clock.now()
    mandate, person = mandates.acting(tx, centre.secrets, actor, scope, now=now)
    return Doing(tx, centre, actor, now, mandate, person, directory.load(tx))


@routes.get("/vertretung/{token}")
def look(request: Request, token: str, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """A page with one button. Looking at it changes nothing: mail scanners open links too."""
    with centre.db.reading() as tx:
        mandates.look_at(tx, token, now=centre.clock.now())
        known = directory.load(tx)
    return centre.the(Pages).render(request, "desk/for/link.html", token=token, known=known)


@routes.post("/vertretung/{token}")
def enter(request: Request, token: str, centre: CentreDep, _actor: Anyone) -> Response:
    """Her own session, and her own language."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        session, kept = mandates.enter(tx, token, now=now)
        actor = mandates.actor_of(kept)
        language = mandates.one_of(tx, centre.secrets, kept.id, actor=actor, now=now).relative.language
    answer = access.signed_in(session, HERE)
    if language in offered(request) and ASKED not in request.cookies:
        answer.set_cookie(ASKED, language, max_age=LASTS_S, path="/", secure=True, httponly=True, samesite="lax")
    return answer


@routes.get(HERE)
def all_ahead(request: Request, centre: CentreDep, actor: Helper, getan: str = "") -> HTMLResponse:
    """The person's appointments of today and later."""
    done = getan if getan in (*DONE.values(), "cancelled") else ""

    def looked(tx: Tx) -> tuple[Doing, list[tuple[Booking, Choice, VisitState]]]:
        doing = _doing(tx, centre, actor, Scope.SEE)
        found = asking.visible_ahead(tx, doing.asker)
        states = visit.states_of(tx, [one.id for one in found])
        return doing, [(one, Choice.of(one.offer, doing.known), states[one.id]) for one in found]

    with centre.db.beside(looked) as (doing, rows):
        return _page(request, doing, "all", rows=rows, done=done, soon=doing.now + visit.LONGEST_OVERRUN)


@routes.get(f"{HERE}/termin/{{booking_id}}/absagen")
def ask(request: Request, booking_id: str, centre: CentreDep, actor: Helper) -> HTMLResponse:
    """Ask once before cancelling."""

    def begun(tx: Tx) -> tuple[Doing, Choice]:
        doing = _doing(tx, centre, actor, Scope.CHANGE)
        return doing, Choice.of(doing.own(booking_id).offer, doing.known)

    with centre.db.beside(begun) as (doing, old):
        return _page(request, doing, "cancel", old=old, booking_id=booking_id)


@routes.post(f"{HERE}/termin/{{booking_id}}/absagen")
def cancel(booking_id: str, centre: CentreDep, actor: Helper) -> RedirectResponse:
    """Cancel for her."""
    with centre.db.transaction() as tx:
        doing = _doing(tx, centre, actor, Scope.CHANGE)
        booking.cancel(tx, centre.secrets, doing.own(booking_id).id, actor=actor, now=doing.now)
    return _back("cancelled")


@routes.post(f"{HERE}/termin/{{booking_id}}/dabei")
def join(booking_id: str, centre: CentreDep, actor: Helper) -> RedirectResponse:
    """An invitation into the visit, as the doctor would give it; its link leads in from wherever she is."""
    with centre.db.transaction() as tx:
        doing = _doing(tx, centre, actor, Scope.JOIN)
        found = booking.get(tx, booking_id)
        asking.require(doing.asker, Action.JOIN, found)
        consents.check(tx, found.person_id, Purpose.RELATIVE)
        _, token = visit.invite(tx, found.id, "relative", now=doing.now)
        people.audit(tx, [found.person_id], actor=actor, action="write", purpose="invitation", now=doing.now)
    return RedirectResponse(f"/gast/{token}", status_code=303)


@dataclass(frozen=True)
class Errand:
    """What a time is chosen for: another time for *old*, or a new appointment. *path*: of its pages."""

    path: str
    scope: Scope
    old: Booking | None
    service_id: str


def _to_move(doing: Doing, booking_id: str) -> Errand:
    old = doing.own(booking_id)
    return Errand(f"{HERE}/termin/{booking_id}/verschieben", Scope.CHANGE, old, old.offer.service_id)


def _to_book(service_id: str, known: Directory) -> Errand:
    """
    Raises:
        NotFound: nothing that residents book by themselves.
    """
    if not form.may_book(service_id, known):
        raise NotFound
    return Errand(f"{HERE}/buchen/{service_id}", Scope.BOOK, None, service_id)


@routes.get(f"{HERE}/buchen")
def what(request: Request, centre: CentreDep, actor: Helper) -> HTMLResponse:
    """What for."""
    with centre.db.beside(lambda tx: _doing(tx, centre, actor, Scope.BOOK)) as doing:
        services = [one for one in doing.known.services.values() if form.may_book(one.id, doing.known)]
        return _page(request, doing, "what", services=sorted(services, key=lambda one: one.name))


@routes.get(f"{HERE}/termin/{{booking_id}}/verschieben")
def when_to_move(
    request: Request, booking_id: str, centre: CentreDep, actor: Helper, day: str = "", later: str = ""
) -> HTMLResponse:
    """Other times for the same service."""

    def begun(tx: Tx) -> tuple[Doing, Errand]:
        doing = _doing(tx, centre, actor, Scope.CHANGE)
        return doing, _to_move(doing, booking_id)

    with centre.db.beside(begun) as (doing, errand):
        return _times(request, doing, errand, Leaf(day, later))


@routes.get(f"{HERE}/buchen/{{service_id}}")
def when_to_book(
    request: Request, service_id: str, centre: CentreDep, actor: Helper, day: str = "", later: str = ""
) -> HTMLResponse:
    """Times for a new appointment."""
    with centre.db.beside(lambda tx: _doing(tx, centre, actor, Scope.BOOK)) as doing:
        return _times(request, doing, _to_book(service_id, doing.known), Leaf(day, later))


@routes.post(f"{HERE}/termin/{{booking_id}}/verschieben")
def check_move(request: Request, booking_id: str, centre: CentreDep, actor: Helper, chosen: Sent) -> Response:
    """Hold the time, and ask once more."""
    with centre.db.transaction() as tx:
        doing = _doing(tx, centre, actor, Scope.CHANGE)
        errand = _to_move(doing, booking_id)
    return _check(request, doing, errand, chosen)


@routes.post(f"{HERE}/buchen/{{service_id}}")
def check_booking(request: Request, service_id: str, centre: CentreDep, actor: Helper, chosen: Sent) -> Response:
    """Hold the time, and ask once more."""
    with centre.db.transaction() as tx:
        doing = _doing(tx, centre, actor, Scope.BOOK)
    return _check(request, doing, _to_book(service_id, doing.known), chosen)


@routes.post(f"{HERE}/termin/{{booking_id}}/verschieben/fertig")
def move(booking_id: str, centre: CentreDep, actor: Helper, chosen: Sent) -> RedirectResponse:
    """Move for her; if the time has gone, the old one stays."""
    with centre.db.transaction() as tx:
        doing = _doing(tx, centre, actor, Scope.CHANGE)
        errand = _to_move(doing, booking_id)
    return _do(doing, errand, chosen)


@routes.post(f"{HERE}/buchen/{{service_id}}/fertig")
def book(service_id: str, centre: CentreDep, actor: Helper, chosen: Sent) -> RedirectResponse:
    """Book for her."""
    with centre.db.transaction() as tx:
        doing = _doing(tx, centre, actor, Scope.BOOK)
    return _do(doing, _to_book(service_id, doing.known), chosen)


def _times(request: Request, doing: Doing, errand: Errand, leaf: Leaf) -> HTMLResponse:
    shown = times.shown(doing.centre, _what(doing.person, errand), leaf, now=doing.now)
    shown |= {"old": Choice.of(errand.old.offer, doing.known) if errand.old else None, "errand": errand}
    return _page(request, doing, "times", lost="weg" in request.query_params, **shown)


def _what(person: Person, errand: Errand) -> What:
    return What(
        errand.service_id,
        language=person.spoken,
        wheelchair=Need.WHEELCHAIR in person.needs,
        companion=Need.COMPANION in person.needs,
        ordered=errand.old is not None and errand.old.extras.ordered_by is not None,
    )


def _offer(errand: Errand, chosen: Chosen, known: Directory) -> Offer | None:
    offer = form.decode(chosen.offer, known)
    return offer if offer and offer.service_id == errand.service_id else None


def _check(request: Request, doing: Doing, errand: Errand, chosen: Chosen) -> Response:
    offer = _offer(errand, chosen, doing.known)
    if offer is None:
        return RedirectResponse(errand.path, status_code=303)
    ordered = errand.old is not None and errand.old.extras.ordered_by is not None
    try:
        kept: Held = held.keep(request, doing.centre, Wanted(chosen.request_id, offer, ordered))
    except HoldGone:
        return _back(DONE[errand.scope])
    except (SlotTaken, TooLate, NotOffered):
        return RedirectResponse(f"{errand.path}?weg=1", status_code=303)
    old = Choice.of(errand.old.offer, doing.known) if errand.old else None
    shown = {"chosen": chosen, "choice": Choice.of(offer, doing.known), "held": kept, "old": old, "errand": errand}
    return _page(request, doing, "check", **shown)


def _do(doing: Doing, errand: Errand, chosen: Chosen) -> RedirectResponse:
    """In a transaction of its own: a time that has gone must leave nothing."""
    offer, centre = _offer(errand, chosen, doing.known), doing.centre
    if offer is None:
        return RedirectResponse(errand.path, status_code=303)
    asked, now = Asked(chosen.request_id, offer, doing.person), centre.clock.now()
    try:
        with centre.db.transaction() as tx:
            person_id = mandates.check(tx, doing.actor, errand.scope, now=now).person_id
            if errand.old is not None:
                visit.check_still_to_come(tx, errand.old.id)
                booking.move(tx, centre.secrets, errand.old.id, asked, actor=doing.actor, now=now)
            else:
                several.book_known(tx, centre.secrets, asked, person_id, actor=doing.actor, now=now)
    except (SlotTaken, TooLate, NotOffered):
        return RedirectResponse(f"{errand.path}?weg=1", status_code=303)
    return _back(DONE[errand.scope])


def _back(done: str) -> RedirectResponse:
    return RedirectResponse(f"{HERE}?getan={done}", status_code=303)


def _page(request: Request, doing: Doing, name: str, **shown: Any) -> HTMLResponse:
    return doing.centre.the(Pages).render(request, f"desk/for/{name}.html", **doing.shown, **shown)
