"""How a resident gets to the own appointment: by the link, or by the paper's pictures, digits and the birth year."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from typing import Annotated, Any, Literal, TypedDict

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from schemas.day import PICTURES
from telemed.booking import service
from telemed.booking.form import is_birth_year
from telemed.booking.model import Booking, Reference
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity import service as identity
from telemed.identity.model import RESIDENT_SESSION, Actor, Right, Role
from telemed.identity.rights import SESSION_COOKIE, Needs
from telemed.kit.db import Tx
from telemed.kit.digits import western
from telemed.kit.i18n import Words
from telemed.kit.refusal import NotFound, Refusal
from telemed.kit.tries import Tries, place_of
from telemed.people import service as people
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages, words_of
from telemed.web.tickets import picture_name

routes = APIRouter(dependencies=[Depends(Needs(Right.OPEN))])

TOO_MANY = 429


class Kept(TypedDict):
    """How a cookie is kept."""

    path: str
    secure: bool
    httponly: bool
    samesite: Literal["lax"]


LINK_COOKIE = "__Secure-telemed-link"
"""The link that was opened; sent only where the slip is printed."""
_LIFETIME_S = int(RESIDENT_SESSION.total_seconds())
_KEPT: Kept = {"path": "/mein-termin", "secure": True, "httponly": True, "samesite": "lax"}


class TooOften(Refusal):
    """Too many wrong references came from there."""

    key = "booking.find.too_often"


class ReferenceTries(Tries):
    """Wrong references per address: ten in ten minutes."""

    def __init__(self) -> None:
        super().__init__(10, timedelta(minutes=10), too_many=TooOften)


@routes.get("/t/{token}")
def ask(request: Request, token: str, centre: CentreDep) -> HTMLResponse:
    """A page with one button, the same for every token. Looking changes nothing: mail scanners open links too."""
    return centre.the(Pages).render(request, "booking/link.html", token=token, known=_known(centre))


@routes.post("/t/{token}")
def enter(token: str, centre: CentreDep) -> Response:
    """Exchange the link for a session; the browser keeps the link as long, so that the slip can be printed again."""
    with centre.db.transaction() as tx:
        session = _opened(tx, service.by_link(tx, token), "link", now=centre.clock.now())
    return signed_in(session, link=token)


def forget_link(answer: Response) -> None:
    """The browser keeps the link no longer."""
    answer.delete_cookie(LINK_COOKIE, **_KEPT)


@dataclass(frozen=True)
class Paper:
    """What somebody copied from the slip, as typed."""

    pictures: tuple[str, ...] = ()
    digits: str = ""
    birth_year: str = ""


@routes.get("/mein-termin/finden")
def find(request: Request, centre: CentreDep) -> HTMLResponse:
    """Ask for the paper's reference."""
    return _find_page(request, centre, Paper())


@routes.post("/mein-termin/finden")
def found(
    request: Request,
    centre: CentreDep,
    pictures: Annotated[list[str], Form(default_factory=list)],
    digits: Annotated[str, Form()] = "",
    birth_year: Annotated[str, Form()] = "",
) -> Response:
    """Exchange the paper's reference for a session; whatever is wrong is answered alike."""
    place = place_of(request.client.host if request.client else "")
    tries: ReferenceTries = centre.live.setdefault(ReferenceTries, ReferenceTries())
    paper = Paper(tuple(pictures), western("".join(digits.split())), western(birth_year.strip()))
    try:
        with tries.one(place), centre.db.transaction() as tx:
            session = _opened(tx, by_paper(tx, centre, paper), "paper", now=centre.clock.now())
    except TooOften as refusal:
        return _find_page(request, centre, paper, error=refusal.key, status=TOO_MANY)
    except NotFound:
        return _find_page(request, centre, paper, error="booking.find.wrong", status=422)
    return signed_in(session)


def _opened(tx: Tx, booking: Booking, by: str, *, now: datetime) -> str:
    """A session for whoever came by link or paper; audited, so that she sees it if it was somebody else."""
    actor = Actor(Role.RESIDENT, booking.id)
    people.audit(tx, [booking.person_id], actor=actor, action="read", purpose=by, now=now)
    return open_session(tx, booking.id, now=now)


def _find_page(request: Request, centre: Centre, paper: Paper, *, error: str = "", status: int = 200) -> HTMLResponse:
    shown: dict[str, Any] = {"paper": paper, "error": error, "known": _known(centre)}
    shown["pictures"] = by_name(words_of(request))
    return centre.the(Pages).render(request, "booking/find.html", status=status, **shown)


@cache
def by_name(words: Words) -> tuple[str, ...]:
    """The pictures in the order of their names, as people look for them."""
    return tuple(sorted(PICTURES, key=lambda picture: picture_name(picture, words)))


def _known(centre: Centre) -> Directory:
    with centre.db.reading() as tx:
        return directory.load(tx)


def by_paper(tx: Tx, centre: Centre, paper: Paper) -> Booking:
    """
    Raises:
        NotFound: no booking has this slip and year of birth; all that may be wrong is answered alike.
    """
    if not is_birth_year(paper.birth_year, centre.clock.now().year):
        raise NotFound
    for reference in possible(paper):
        try:
            return service.by_reference(tx, centre.secrets, reference, int(paper.birth_year))
        except NotFound:
            continue
    raise NotFound


def possible(paper: Paper) -> Iterator[Reference]:
    """The references that fit: the pictures are tapped in any order, and one that is there twice only once."""
    chosen = set(paper.pictures) & set(PICTURES)
    if len(chosen) > 3:
        return
    for one, two, three in product(sorted(chosen), repeat=3):
        if {one, two, three} == chosen:
            yield Reference((one, two, three), paper.digits)


def open_session(tx: Tx, subject: str, *, now: datetime) -> str:
    """A resident's session for the appointment of this id, or for an entry in the waiting list (`WAITING`)."""
    return identity.open_session(tx, Actor(Role.RESIDENT, subject), now=now)


def signed_in(session: str, path: str = "/mein-termin", *, link: str = "") -> RedirectResponse:
    """On to *path* with the session. *link*: by which somebody came."""
    answer = RedirectResponse(path, status_code=303)
    answer.set_cookie(
        SESSION_COOKIE, session, max_age=_LIFETIME_S, path="/", secure=True, httponly=True, samesite="lax"
    )
    if link:
        answer.set_cookie(LINK_COOKIE, link, max_age=_LIFETIME_S, **_KEPT)
    else:  # of whoever was here before
        forget_link(answer)
    return answer
