"""A person's own data as pages: who saw them, a copy to take along, and having them erased with a certificate."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, Response

from telemed.booking import access
from telemed.booking.access import Paper
from telemed.booking.times import Choice
from telemed.directory import service as directory
from telemed.identity import signed_in
from telemed.identity.model import Actor, Right
from telemed.identity.rights import SESSION_COOKIE, Needs
from telemed.kit.db import Tx
from telemed.kit.refusal import NotFound, Refusal, Sense
from telemed.kit.tries import Tries
from telemed.privacy import own, service
from telemed.privacy.model import ProofWrong
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages, words_of

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"

routes = APIRouter()
Resident = Annotated[Actor, Depends(Needs(Right.OWN_APPOINTMENT))]

OWN = "/meine-daten"
SHOWN = 60
"""So many lines of who looked stand on the page; the copy has all of them."""


class ProvedTooOften(Refusal):
    """Too many wrong slips for this person."""

    sense = Sense.TOO_OFTEN
    key = "booking.find.too_often"


class ProofTries(Tries):
    """Wrong slips per person: ten in an hour, from wherever."""

    def __init__(self) -> None:
        super().__init__(10, timedelta(hours=1), too_many=ProvedTooOften)


@routes.get(OWN)
def look(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """What is kept, and who saw it when and what for."""
    with centre.db.transaction() as tx:
        shown = _all(tx, centre, actor)
    return centre.the(Pages).render(request, "privacy/own.html", shown=SHOWN, **shown)


@routes.get(f"{OWN}/kopie")
def ask_copy(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """Who takes a copy shows the slip once more: somebody else may sit before this page."""
    return _ask(request, centre, actor, "privacy/copy.html")


@routes.get(f"{OWN}/loeschen")
def ask_erase(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """What goes, what stays and why; then the slip once more."""
    return _ask(request, centre, actor, "privacy/erase.html")


def _paper(
    pictures: Annotated[list[str], Form(default_factory=list)],
    digits: Annotated[str, Form()] = "",
    birth_year: Annotated[str, Form()] = "",
) -> Paper:
    return Paper(tuple(pictures), "".join(digits.split()), birth_year.strip())


Shown = Annotated[Paper, Depends(_paper)]


@routes.post(f"{OWN}/kopie")
def copy(
    request: Request, centre: CentreDep, actor: Resident, paper: Shown, form: Annotated[str, Form()] = "page"
) -> Response:
    """A page to read and print, or a file for programs."""
    try:
        with centre.db.transaction() as tx:
            person_id = _prove(tx, centre, actor, paper)
            if form == "file":
                now = centre.clock.now()
                keeper = own.Keeper(service.organization_of(tx), centre.server, centre.public_url)
                data = own.copy(tx, centre.secrets, person_id, keeper=keeper, actor=actor, now=now)
                headers = {"Content-Disposition": 'attachment; filename="meine-daten.json"'}
                return Response(data, media_type="application/fhir+json", headers=headers)
            shown = _all(tx, centre, actor)
    except (ProofWrong, ProvedTooOften) as refusal:
        return _ask(request, centre, actor, "privacy/copy.html", paper=paper, refusal=refusal)
    return centre.the(Pages).render(request, "privacy/own.html", shown=None, **shown)


@routes.post(f"{OWN}/loeschen")
def erase(request: Request, centre: CentreDep, actor: Resident, paper: Shown) -> Response:
    """Erase, and say so with a certificate; from then on the link opens nothing any more."""
    now = centre.clock.now()
    try:
        with centre.db.transaction() as tx:
            person_id = _prove(tx, centre, actor, paper)
            certificate = own.erase(tx, centre.secrets, person_id, actor=actor, now=now)
            operator, known = service.operator_of(tx), directory.load(tx)
            signed_in.sign_out_everywhere(tx, actor)
    except (ProofWrong, ProvedTooOften) as refusal:
        return _ask(request, centre, actor, "privacy/erase.html", paper=paper, refusal=refusal)
    shown: dict[str, Any] = {"certificate": certificate, "operator": operator, "known": known}
    answer = centre.the(Pages).render(request, "privacy/erased.html", **shown)
    answer.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def _prove(tx: Tx, centre: Centre, actor: Actor, paper: Paper) -> str:
    """The person of the session, whose slip this is.

    Raises:
        ProofWrong: it is not.
        ProvedTooOften: it was not, too often.
    """
    person_id = service.person_of(tx, actor)
    tries: ProofTries = centre.live.setdefault(ProofTries, ProofTries())
    with tries.one(person_id):
        try:
            is_hers = access.by_paper(tx, centre, paper).person_id == person_id
        except NotFound:
            is_hers = False
        if not is_hers:
            raise ProofWrong
    return person_id


def _all(tx: Tx, centre: Centre, actor: Actor) -> dict[str, Any]:
    now, known = centre.clock.now(), directory.load(tx)
    found = own.look(tx, centre.secrets, service.person_of(tx, actor), actor=actor, now=now)
    choices = [(one, Choice.of(one.offer, known)) for one in found.bookings]
    return {"own": found, "names": own.names(found, known), "bookings": choices, "known": known, "now": now}


def _ask(
    request: Request,
    centre: Centre,
    actor: Actor,
    template: str,
    *,
    paper: Paper | None = None,
    refusal: Refusal | None = None,
) -> HTMLResponse:
    with centre.db.reading() as tx:
        service.person_of(tx, actor)
        known = directory.load(tx)
    shown: dict[str, Any] = {"paper": paper or Paper(), "error": refusal.key if refusal else "", "known": known}
    shown["pictures"] = access.by_name(words_of(request))
    status = refusal.sense.value if refusal else 200
    return centre.the(Pages).render(request, template, status=status, **shown)
