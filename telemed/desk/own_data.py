"""A person's own data as pages: who saw them, a copy to take along, and having them erased with a certificate."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import access
from telemed.booking.access import Paper
from telemed.booking.times import Choice
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity import signed_in
from telemed.identity.model import Actor, Right
from telemed.identity.rights import SESSION_COOKIE, Needs
from telemed.kit.db import Tx
from telemed.kit.digits import western
from telemed.kit.refusal import NotFound, Refusal, Sense
from telemed.kit.tries import Tries
from telemed.notify import codes
from telemed.notify.carriers import Carriers
from telemed.notify.model import own_channel
from telemed.people import service as people
from telemed.privacy import own, service
from telemed.privacy.model import ProofWrong
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages, words_of

routes = APIRouter()
Resident = Annotated[Actor, Depends(Needs(Right.OWN_APPOINTMENT))]

OWN = "/meine-daten"
NO_SLIP = Paper()
LONGEST = 200
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


class CodesSent(Tries):
    """Codes for this per person: three in an hour."""

    def __init__(self) -> None:
        super().__init__(3, timedelta(hours=1), too_many=ProvedTooOften)


@routes.get(OWN)
def look(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """What is kept, and who saw it when and what for."""
    now = centre.clock.now()

    def kept(tx: Tx) -> own.OwnData:
        return own.kept(tx, centre.secrets, service.person_of(tx, actor), actor=actor, now=now)

    with centre.db.reading() as before:
        known = directory.load(before)  # from here on it shows what was before this look
        with centre.db.beside(kept) as found:
            whole = replace(found, seen=own.who_looked(before, found.person_id))
            shown = _shown_of(whole, known, now)
            return centre.the(Pages).render(request, "privacy/own.html", shown=SHOWN, **shown)


@routes.get(f"{OWN}/kopie")
def ask_copy(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """Who takes a copy shows the slip once more: somebody else may sit before this page."""
    return _ask(request, centre, actor, "privacy/copy.html")


@routes.get(f"{OWN}/loeschen")
def ask_erase(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """What goes, what stays and why; then the slip once more."""
    return _ask(request, centre, actor, "privacy/erase.html")


@dataclass(frozen=True)
class Proof:
    """What somebody shows: the slip, or the code that was sent to her, with the token that belongs to it."""

    paper: Paper = NO_SLIP
    token: str = ""
    code: str = ""


def _shown(
    pictures: Annotated[list[str], Form(default_factory=list)],
    digits: Annotated[str, Form()] = "",
    birth_year: Annotated[str, Form()] = "",
    token: Annotated[str, Form(max_length=LONGEST)] = "",
    code: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Proof:
    paper = Paper(tuple(pictures), western("".join(digits.split())), western(birth_year.strip()))
    return Proof(paper, token, western(code))


Shown = Annotated[Proof, Depends(_shown)]


@routes.post(f"{OWN}/kopie/zahl")
def send_for_copy(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """Send a code to her own number or address, and ask for it."""
    return _ask(request, centre, actor, "privacy/copy.html", proof=_send(centre, actor))


@routes.post(f"{OWN}/loeschen/zahl")
def send_for_erasure(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """The same, before all is erased."""
    return _ask(request, centre, actor, "privacy/erase.html", proof=_send(centre, actor))


@routes.get(f"{OWN}/kopie/zahl")
@routes.get(f"{OWN}/loeschen/zahl")
def begin_again(_actor: Resident) -> RedirectResponse:
    """An address that was kept leads to the beginning."""
    return RedirectResponse(OWN, status_code=303)


@routes.post(f"{OWN}/kopie")
def copy(
    request: Request, centre: CentreDep, actor: Resident, proof: Shown, form: Annotated[str, Form()] = "page"
) -> Response:
    """A page to read and print, or a file for programs."""
    try:
        person_id = _prove(centre, actor, proof)
        with centre.db.transaction() as tx:
            if form == "file":
                now = centre.clock.now()
                keeper = own.Keeper(service.organization_of(tx), centre.server, centre.public_url)
                data = own.copy(tx, centre.secrets, person_id, keeper=keeper, actor=actor, now=now)
                headers = {"Content-Disposition": 'attachment; filename="meine-daten.json"'}
                return Response(data, media_type="application/fhir+json", headers=headers)
            shown = _all(tx, centre, actor)
    except (ProofWrong, ProvedTooOften) as refusal:
        return _ask(request, centre, actor, "privacy/copy.html", proof=proof, refusal=refusal)
    return centre.the(Pages).render(request, "privacy/own.html", shown=None, **shown)


@routes.post(f"{OWN}/loeschen")
def erase(request: Request, centre: CentreDep, actor: Resident, proof: Shown) -> Response:
    """Erase, and say so with a certificate; from then on the link opens nothing any more."""
    now = centre.clock.now()
    try:
        person_id = _prove(centre, actor, proof)
        with centre.db.transaction() as tx:
            certificate = own.erase(tx, centre.secrets, person_id, actor=actor, now=now)
            operator, known = service.operator_of(tx), directory.load(tx)
            signed_in.sign_out_everywhere(tx, actor)
    except (ProofWrong, ProvedTooOften) as refusal:
        return _ask(request, centre, actor, "privacy/erase.html", proof=proof, refusal=refusal)
    shown: dict[str, Any] = {"certificate": certificate, "operator": operator, "known": known}
    answer = centre.the(Pages).render(request, "privacy/erased.html", **shown)
    answer.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    access.forget_link(answer)
    return answer


def _send(centre: Centre, actor: Actor) -> Proof:
    now = centre.clock.now()
    tries: CodesSent = centre.live.setdefault(CodesSent, CodesSent())
    with centre.db.transaction() as tx:
        person_id = service.person_of(tx, actor)
        with tries.kept(person_id):
            person = people.details(tx, centre.secrets, person_id, actor=actor, purpose=own.PURPOSE, now=now)
            return Proof(token=codes.ask(tx, centre.secrets, person.contact, now=now))


def _prove(centre: Centre, actor: Actor, proof: Proof) -> str:
    """The person of the session, who it is that shows this.

    Raises:
        ProofWrong: it is not.
        ProvedTooOften: it was not, too often.
    """
    tries: ProofTries = centre.live.setdefault(ProofTries, ProofTries())
    with centre.db.reading() as tx:
        person_id = service.person_of(tx, actor)
    with tries.one(person_id):
        is_hers = _by_code if proof.code else _by_slip
        if not is_hers(centre, actor, person_id, proof):
            raise ProofWrong
    return person_id


def _by_slip(centre: Centre, _actor: Actor, person_id: str, proof: Proof) -> bool:
    with centre.db.reading() as tx:
        try:
            return access.by_paper(tx, centre, proof.paper).person_id == person_id
        except NotFound:
            return False


def _by_code(centre: Centre, actor: Actor, person_id: str, proof: Proof) -> bool:
    now = centre.clock.now()
    with centre.db.transaction() as tx:  # a try counts, whatever comes of it
        is_right = codes.prove(tx, centre.secrets, proof.token, proof.code, now=now)
        person = people.details(tx, centre.secrets, person_id, actor=actor, purpose=own.PURPOSE, now=now)
        return is_right and codes.belongs_to(tx, centre.secrets, proof.token, person.contact)


def _all(tx: Tx, centre: Centre, actor: Actor) -> dict[str, Any]:
    now, known = centre.clock.now(), directory.load(tx)
    found = own.look(tx, centre.secrets, service.person_of(tx, actor), actor=actor, now=now)
    return _shown_of(found, known, now)


def _shown_of(found: own.OwnData, known: Directory, now: datetime) -> dict[str, Any]:
    choices = [(one, Choice.of(one.offer, known)) for one in found.bookings]
    return {"own": found, "names": own.names(found, known), "bookings": choices, "known": known, "now": now}


def _ask(
    request: Request,
    centre: Centre,
    actor: Actor,
    template: str,
    *,
    proof: Proof | None = None,
    refusal: Refusal | None = None,
) -> HTMLResponse:
    proof, there = proof or Proof(), centre.the(Carriers).desk.there
    status = refusal.sense.value if refusal else 200

    def asked(tx: Tx) -> dict[str, Any]:
        person_id, known = service.person_of(tx, actor), directory.load(tx)
        now = centre.clock.now()
        person = people.details(tx, centre.secrets, person_id, actor=actor, purpose=own.PURPOSE, now=now)
        return {"known": known, "may_send": own_channel(person) in there}

    shown: dict[str, Any] = {"paper": proof.paper, "error": refusal.key if refusal else ""}
    shown |= {"token": proof.token, "wrong": proof.code and refusal, "pictures": access.by_name(words_of(request))}
    with centre.db.beside(asked) as found:  # reading her number is audited
        return centre.the(Pages).render(request, template, status=status, **shown, **found)
