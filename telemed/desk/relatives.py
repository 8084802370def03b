"""Who may act for a resident: given and ended by herself, or noted by staff who were there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import steps
from telemed.desk import service
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.i18n import link_in
from telemed.notify import mandated
from telemed.notify.carriers import Carriers
from telemed.people import mandates
from telemed.people import service as people
from telemed.people.mandate import Lasts, Mandate, Relative, Scope
from telemed.privacy.service import person_of
from telemed.web.centre import Centre, CentreDep
from telemed.web.languages import OWN_NAMES, offered
from telemed.web.pages import Pages, words_of

routes = APIRouter()
Resident = Annotated[Actor, Depends(Needs(Right.OWN_APPOINTMENT))]
Staff = Annotated[Actor, Depends(Needs(Right.PLAN))]

OWN = "/mein-termin/angehoerige"
LONGEST = 100
MAY = {Scope.CHANGE: "calendar", Scope.BOOK: "check", Scope.JOIN: "video"}
"""What may be given beside seeing the times, with its picture."""


@dataclass(frozen=True)
class Wished:
    """A mandate as the form sends it."""

    name: str = ""
    contact: str = ""
    language: str = "de"
    scopes: tuple[Scope, ...] = ()
    lasts: Lasts = Lasts.HALF_YEAR

    @property
    def faults(self) -> dict[str, str]:
        """Field → catalogue key of what is wrong with it."""
        wrong = {
            "name": not 2 <= len(self.name) <= LONGEST or not self.name.isprintable(),
            "contact": bool(self.contact) and mandated.channel_for(self.contact) is None,
        }
        return {field: f"mandate.wrong.{field}" for field, is_wrong in wrong.items() if is_wrong}

    @property
    def relative(self) -> Relative:
        return Relative(self.name, self.contact, self.language)


def _wished(
    request: Request,
    scopes: Annotated[list[Scope], Form(default_factory=list)],
    name: Annotated[str, Form()] = "",
    contact: Annotated[str, Form(max_length=LONGEST)] = "",
    language: Annotated[str, Form()] = "de",
    lasts: Annotated[Lasts, Form()] = Lasts.HALF_YEAR,
) -> Wished:
    spoken = language if language in offered(request) else "de"
    return Wished(name.strip(), contact.strip(), spoken, tuple(scopes), lasts)


Sent = Annotated[Wished, Depends(_wished)]


@dataclass(frozen=True)
class Place:
    """Where somebody gives a mandate: her own page, or one of the staff's. *path*: of the page."""

    path: str
    template: str
    person_id: str
    visit_id: str = ""
    room_id: str = ""


def _at_home(tx: Tx, actor: Actor) -> Place:
    return Place(OWN, "desk/relatives.html", person_of(tx, actor))


def _at_the_desk(tx: Tx, centre: Centre, visit_id: str, actor: Actor) -> Place:
    visit = service.check_host(tx, visit_id, actor=actor, now=centre.clock.now())
    path = f"/besuch/{visit_id}/angehoerige"
    return Place(path, "desk/relatives_staff.html", visit.person_id, visit_id, visit.offer.room_id)


@routes.get(OWN)
def own(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """Who may act for her, and the form for one more."""
    with centre.db.transaction() as tx:
        return _page(tx, request, centre, _at_home(tx, actor), actor)


@routes.post(OWN)
def give(request: Request, centre: CentreDep, actor: Resident, wished: Sent) -> Response:
    """Let somebody act for her; the link is shown once, and sent where she says."""
    with centre.db.transaction() as tx:
        return _give(tx, request, centre, _at_home(tx, actor), actor, wished)


@routes.post(f"{OWN}/{{mandate_id}}/ende")
def end(mandate_id: str, centre: CentreDep, actor: Resident) -> RedirectResponse:
    """One press: from the next request on nobody acts by it."""
    with centre.db.transaction() as tx:
        mandates.end(tx, person_of(tx, actor), mandate_id, actor=actor, now=centre.clock.now())
    return RedirectResponse(OWN, status_code=303)


@routes.get("/besuch/{visit_id}/angehoerige")
def noted(request: Request, visit_id: str, centre: CentreDep, actor: Staff) -> HTMLResponse:
    """The same for staff in front of whom a resident says it."""
    with centre.db.transaction() as tx:
        return _page(tx, request, centre, _at_the_desk(tx, centre, visit_id, actor), actor)


@routes.post("/besuch/{visit_id}/angehoerige")
def note(request: Request, visit_id: str, centre: CentreDep, actor: Staff, wished: Sent) -> Response:
    """She gave it in front of *actor*, who is the witness."""
    with centre.db.transaction() as tx:
        return _give(tx, request, centre, _at_the_desk(tx, centre, visit_id, actor), actor, wished)


@routes.post("/besuch/{visit_id}/angehoerige/{mandate_id}/ende")
def end_for_her(visit_id: str, mandate_id: str, centre: CentreDep, actor: Staff) -> RedirectResponse:
    """She ended it in front of *actor*."""
    with centre.db.transaction() as tx:
        place = _at_the_desk(tx, centre, visit_id, actor)
        mandates.end(tx, place.person_id, mandate_id, actor=actor, now=centre.clock.now())
    return RedirectResponse(place.path, status_code=303)


def _give(tx: Tx, request: Request, centre: Centre, place: Place, actor: Actor, wished: Wished) -> HTMLResponse:
    if wished.faults:
        return _page(tx, request, centre, place, actor, wished=wished, status=422)
    now = centre.clock.now()
    mandate_id, token = mandates.give(
        tx, centre.secrets, place.person_id, wished.relative, wished.scopes, wished.lasts, actor=actor, now=now
    )
    there = centre.the(Carriers).desk.there
    is_sent = mandated.tell(tx, place.person_id, mandate_id, wished.contact, there=there, now=now)
    link = link_in(f"{centre.public_url}/vertretung/{token}", wished.language)
    given: dict[str, Any] = {"name": wished.name, "link": link, "qr": steps.qr(link), "is_sent": is_sent}
    return _page(tx, request, centre, place, actor, given=given)


def _page(
    tx: Tx,
    request: Request,
    centre: Centre,
    place: Place,
    actor: Actor,
    *,
    wished: Wished | None = None,
    given: dict[str, Any] | None = None,
    status: int = 200,
) -> HTMLResponse:
    now, secrets = centre.clock.now(), centre.secrets
    purpose = mandates.PURPOSE
    person, found = mandates.with_person(tx, secrets, place.person_id, actor=actor, purpose=purpose, now=now)
    shown: dict[str, Any] = {"place": place, "person": person, "may": MAY, "lasts": list(Lasts), "given": given}
    shown |= {
        "mandates": _going_on(found, now),
        "wished": wished or Wished(),
        "faults": wished.faults if wished else {},
    }
    shown |= {"spoken": {code: OWN_NAMES[code] for code in offered(request)}, "said": words_of(request).language}
    return centre.the(Pages).render(request, place.template, status=status, **shown)


def _going_on(found: Iterable[Mandate], now: datetime) -> list[Mandate]:
    return [one for one in found if one.goes_on(now)]


def acted(tx: Tx, centre: Centre, visit_ids: Iterable[str], *, actor: Actor, now: datetime) -> dict[str, str]:
    """By visit, the name of the relative who did something about it for the person last, and may still do so."""
    persons = service.persons_of(tx, visit_ids)
    by_person = people.relatives_who_wrote(tx, set(persons.values()))
    names = mandates.named(tx, centre.secrets, set(by_person.values()), actor=actor, now=now, only_going_on=True)
    found = {visit: names.get(by_person.get(person, "")) for visit, person in persons.items()}
    return {visit: name for visit, name in found.items() if name}
