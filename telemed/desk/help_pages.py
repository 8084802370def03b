"""Calls for help on the pages of staff: a piece that asks for itself again, and taking, passing on, finishing."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from telemed.desk import helping
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

routes = APIRouter()
Doctor = Annotated[Actor, Depends(Needs(Right.DOCTOR_DAY))]
Assistant = Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]
Operator = Annotated[Actor, Depends(Needs(Right.OPERATE))]


class Answer(StrEnum):
    COME = "komme"
    PASS_ON = "weiter"
    DONE = "fertig"


@routes.get("/arzt/hilfe")
def of_doctor(
    request: Request,
    centre: CentreDep,
    actor: Annotated[Actor, Depends(Needs(Right.DOCTOR_DAY, watching=True))],
    still: bool = False,
) -> HTMLResponse:
    """For the doctor's pages; *still*: in a talk it makes no sound and has no buttons that lead away."""
    return _piece(request, centre, actor, "/arzt", still=still)


@routes.get("/betrieb/hilfe")
def of_operator(
    request: Request, centre: CentreDep, actor: Annotated[Actor, Depends(Needs(Right.OPERATE, watching=True))]
) -> HTMLResponse:
    """For the operator's page: what nobody has answered."""
    return _piece(request, centre, actor, "/betrieb")


@routes.post("/assistenz/hilfe/{help_id}/{answer}")
def of_assistant(help_id: str, answer: Answer, centre: CentreDep, actor: Assistant) -> RedirectResponse:
    """An assistant answers."""
    return _answered(centre, actor, help_id, answer, "/assistenz")


@routes.post("/arzt/hilfe/{help_id}/{answer}")
def by_doctor(help_id: str, answer: Answer, centre: CentreDep, actor: Doctor) -> RedirectResponse:
    """A doctor answers."""
    return _answered(centre, actor, help_id, answer, "/arzt")


@routes.post("/betrieb/hilfe/{help_id}/{answer}")
def by_operator(help_id: str, answer: Answer, centre: CentreDep, actor: Operator) -> RedirectResponse:
    """The operator answers."""
    return _answered(centre, actor, help_id, answer, "/betrieb")


def _piece(request: Request, centre: Centre, actor: Actor, home: str, *, still: bool = False) -> HTMLResponse:
    with centre.db.reading() as tx:
        calls = helping.of_actor(tx, actor, now=centre.clock.now())
    return centre.the(Pages).render(request, "desk/_help_alone.html", help_calls=calls, help_home=home, still=still)


def _answered(centre: Centre, actor: Actor, help_id: str, answer: Answer, home: str) -> RedirectResponse:
    does = {Answer.COME: helping.come, Answer.PASS_ON: helping.pass_on, Answer.DONE: helping.done}[answer]
    with centre.db.transaction() as tx:
        does(tx, help_id, actor=actor, now=centre.clock.now())
    return RedirectResponse(home, status_code=303)
