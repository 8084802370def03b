""" "I do not know, please help me": an answer to each question, which leads on, to a person or to the next page."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from telemed.booking import doctors, form, offered
from telemed.booking.form import Answers, Step
from telemed.booking.index import Index
from telemed.booking.model import CallWished
from telemed.booking.times import Choice
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.i18n import ASKED
from telemed.kit.outbox import emit
from telemed.kit.refusal import Refusal, Sense
from telemed.kit.tries import Tries, place_of
from telemed.people import service as people
from telemed.people.model import Person, Way
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages, words_of

HERE = "/hilfe"
BACK = {Step.WHAT: "/termin", Step.WHEN: "/termin/zeit", Step.NEEDS: "/termin/hilfe", Step.CONTACT: "/termin/kontakt"}
NO_BIRTH_YEAR = 0
"""Nobody is asked for it who only wishes to be called."""

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]
Given = Annotated[Answers, Depends(form.answers_of)]


class TooManyCalls(Refusal):
    """So many wishes to be called came from there."""

    sense = Sense.TOO_OFTEN
    key = "helping.refusal.too_many"


class CallTries(Tries):
    """Calls wished for per address: six in an hour."""

    def __init__(self) -> None:
        super().__init__(6, timedelta(hours=1), too_many=TooManyCalls)


@routes.api_route(HERE, methods=["GET", "POST"])
def helps(request: Request, centre: CentreDep, given: Given, _actor: Anyone, bei: str = "") -> HTMLResponse:
    """What there is for whoever does not know; from a question, also an answer to it that is never wrong."""
    return _page(request, centre, given, bei, {})


@routes.get(f"{HERE}/rueckruf")
def begin_again(_actor: Anyone) -> RedirectResponse:
    """An address that was kept leads to the beginning."""
    return RedirectResponse(HERE, status_code=303)


@routes.post(f"{HERE}/rueckruf")
def call_me(request: Request, centre: CentreDep, given: Given, actor: Anyone, bei: str = "") -> HTMLResponse:
    """Put her on the list of those whom an assistant calls.

    Raises:
        TooManyCalls: too many from there.
    """
    now = centre.clock.now()
    if ASKED in request.query_params:  # the page that she has seen, in another language
        return _on_the_list(request, centre, given)
    asked = replace(given, way=Way.PHONE.value)
    wrong = form.contact_faults(asked, this_year=now.year)
    faults = {name: key for name, key in wrong.items() if name in ("name", "phone")}
    if faults:
        return _page(request, centre, given, bei, faults)
    tries: CallTries = centre.live.setdefault(CallTries, CallTries())
    person = Person(asked.name, NO_BIRTH_YEAR, Way.PHONE, asked.phone, words_of(request).language)
    with tries.kept(place_of(request.client.host if request.client else "")), centre.db.transaction() as tx:
        person_id = people.register(tx, centre.secrets, person, actor=actor, now=now)
        emit(tx, CallWished(person_id), now=now)
    return _on_the_list(request, centre, given)


def _on_the_list(request: Request, centre: Centre, given: Answers) -> HTMLResponse:
    with centre.db.reading() as tx:
        known = directory.load(tx)
    return centre.the(Pages).render(request, "booking/calls_back.html", given=given, known=known)


def _page(request: Request, centre: Centre, given: Answers, bei: str, faults: dict[str, str]) -> HTMLResponse:
    step = next((step for step in BACK if bei == str(step.value)), None)
    with centre.db.reading() as tx:
        known = directory.load(tx)
    shown: dict[str, Any] = {"given": given, "known": known, "faults": faults, "phone": _phone(known)}
    shown |= {"at": step.name.lower() if step else "", "back": BACK[step] if step else "/"}
    shown["asked_at"] = step.value if step else ""
    shown |= {"common": offered.common(known) if step is Step.WHAT else None}
    shown["first"] = _first(centre, given) if step is Step.WHEN and form.may_book(given.service, known) else None
    status = 422 if faults else 200
    return centre.the(Pages).render(request, "booking/helping.html", status=status, **shown)


def _first(centre: Centre, given: Answers) -> Choice | None:
    """The next time that suits what she said so far."""
    now = centre.clock.now()
    with centre.the(Index).at(now) as here:
        found = doctors.first_free(here, given.what, now=now)
        return Choice.of(found, here.directory) if found else None


def _phone(known: Directory) -> str:
    return next((room.phone for room in known.rooms.values() if room.phone), "")
