"""The own appointments without link and paper: a code goes to the number or address with which they were booked."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import access
from telemed.booking.times import Choice
from telemed.directory import service as directory
from telemed.identity.model import Actor, Right, Role
from telemed.identity.rights import Needs
from telemed.kit.digits import western
from telemed.kit.i18n import ASKED
from telemed.kit.refusal import NotFound, Refusal
from telemed.kit.tries import Tries, place_of
from telemed.notify import codes
from telemed.people import service as people
from telemed.people.model import same_contact
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

HERE = "/mein-termin/zahl"
LONGEST = 200
FEWEST_DIGITS = 6
TOO_MANY = 429

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]
Token = Annotated[str, Form(max_length=LONGEST)]


class TooOften(Refusal):
    """Too many codes were asked for, or typed wrong, from there."""

    key = "bycode.too_often"


class CodesAsked(Tries):
    """Codes asked for per address: ten in ten minutes, known or not."""

    def __init__(self) -> None:
        super().__init__(10, timedelta(minutes=10), too_many=TooOften)


class CodesTried(Tries):
    """Codes typed wrong per address: twenty in ten minutes, however many were asked for."""

    def __init__(self) -> None:
        super().__init__(20, timedelta(minutes=10), too_many=TooOften)


@routes.get(HERE)
def ask(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """Where the code is to go."""
    return _page(request, centre, "bycode.html", contact="", error="")


@routes.post(HERE)
def send(
    request: Request, centre: CentreDep, _actor: Anyone, contact: Annotated[str, Form(max_length=LONGEST)] = ""
) -> HTMLResponse:
    """The same page for every number and address, and as soon: what is sent is sent behind the answer."""
    contact = western(contact)
    if not _is_contact(contact):
        return _page(request, centre, "bycode.html", status=422, contact=contact, error="bycode.contact.wrong")
    tries: CodesAsked = centre.live.setdefault(CodesAsked, CodesAsked())
    try:
        with tries.kept(_place(request)), centre.db.transaction() as tx:
            token = codes.ask(tx, centre.secrets, contact, now=centre.clock.now())
    except TooOften as refusal:
        return _page(request, centre, "bycode.html", status=TOO_MANY, contact=contact, error=refusal.key)
    return _page(request, centre, "bycode_typed.html", token=token, error="")


@routes.post(f"{HERE}/pruefen")
def check(
    request: Request, centre: CentreDep, _actor: Anyone, token: Token = "", code: Annotated[str, Form()] = ""
) -> Response:
    """The one appointment at once, or the list of them."""
    if ASKED in request.query_params:  # the page that she has seen, in another language
        return _page(request, centre, "bycode_typed.html", token=token, error="")
    tries: CodesTried = centre.live.setdefault(CodesTried, CodesTried())
    now = centre.clock.now()
    try:
        with tries.one(_place(request)):
            with centre.db.transaction() as tx:
                is_right = codes.prove(tx, centre.secrets, token, western(code[:LONGEST]), now=now)
            if not is_right:
                raise NotFound
    except TooOften as refusal:
        return _page(request, centre, "bycode_typed.html", status=TOO_MANY, token=token, error=refusal.key)
    except NotFound:
        return _page(request, centre, "bycode_typed.html", status=422, token=token, error="bycode.code.wrong")
    with centre.db.reading() as tx:
        known, found = directory.load(tx), codes.proven(tx, token, now=now)
    if len(found) == 1:
        return _open(centre, token, found[0].id)
    listed = [(one.id, Choice.of(one.offer, known, come_before=one.extras.come_before)) for one in found]
    return _page(request, centre, "bycode_list.html", token=token, listed=listed)


@routes.post(f"{HERE}/oeffnen")
def enter(centre: CentreDep, _actor: Anyone, token: Token = "", booking_id: Token = "") -> Response:
    """One of the list.

    Raises:
        NotFound: it is not on the list of who typed the right code, or that was too long ago.
    """
    return _open(centre, token, booking_id)


@routes.get(f"{HERE}/pruefen")
@routes.get(f"{HERE}/oeffnen")
def begin_again(_actor: Anyone) -> RedirectResponse:
    """An address that was kept leads to the beginning."""
    return RedirectResponse(HERE, status_code=303)


def _open(centre: Centre, token: str, booking_id: str) -> Response:
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        found = next((one for one in codes.proven(tx, token, now=now) if one.id == booking_id), None)
        if found is None:
            raise NotFound
        actor = Actor(Role.RESIDENT, found.id)
        people.audit(tx, [found.person_id], actor=actor, action="read", purpose="code", now=now)
        session = access.open_session(tx, found.id, now=now)
    return access.signed_in(session)


def _is_contact(text: str) -> bool:
    """Whether this could be a number or an address, known or not."""
    same = same_contact(text)
    return "@" in same.strip("@") or sum(sign.isdecimal() for sign in same) >= FEWEST_DIGITS


def _place(request: Request) -> str:
    return place_of(request.client.host if request.client else "")


def _page(request: Request, centre: Centre, template: str, *, status: int = 200, **shown: Any) -> HTMLResponse:
    with centre.db.reading() as tx:
        known = directory.load(tx)
    return centre.the(Pages).render(request, f"desk/{template}", status=status, known=known, **shown)
