"""Somebody at the desk or on the telephone names pictures, digits and year of birth; staff find the appointment."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import access
from telemed.booking.access import TOO_MANY, Paper, ReferenceTries, TooOften
from telemed.desk import planned
from telemed.desk.asked import Planner, page
from telemed.identity.model import Actor
from telemed.kit.i18n import words
from telemed.kit.refusal import NotFound
from telemed.web.centre import Centre, CentreDep

HERE = "/assistenz/zettel"

routes = APIRouter()


@routes.get(HERE)
def ask(request: Request, centre: CentreDep, actor: Planner) -> HTMLResponse:
    """What stands on the slip."""
    return _page(request, centre, actor, Paper())


@routes.post(HERE)
def find(
    request: Request,
    centre: CentreDep,
    actor: Planner,
    pictures: Annotated[list[str], Form(default_factory=list)],
    digits: Annotated[str, Form()] = "",
    birth_year: Annotated[str, Form()] = "",
) -> Response:
    """The appointment, if it is theirs; ten wrong tries lock here too, and whatever is wrong is answered alike."""
    tries: ReferenceTries = centre.live.setdefault(ReferenceTries, ReferenceTries())
    paper = Paper(tuple(pictures), "".join(digits.split()), birth_year.strip())
    now = centre.clock.now()
    try:
        with tries.one(f"{actor.role} {actor.subject}"), centre.db.transaction() as tx:
            found, _ = planned.theirs(tx, access.by_paper(tx, centre, paper).id, actor, now=now)
    except TooOften as refusal:
        return _page(request, centre, actor, paper, error=refusal.key, status=TOO_MANY)
    except NotFound:
        return _page(request, centre, actor, paper, error="booking.find.wrong", status=422)
    return RedirectResponse(f"/assistenz/termin/{found.id}", status_code=303)


def _page(
    request: Request, centre: Centre, actor: Actor, paper: Paper, *, error: str = "", status: int = 200
) -> HTMLResponse:
    shown: dict[str, Any] = {"paper": paper, "error": error, "pictures": access.by_name(words())}
    answer = page(request, centre, actor, "by_paper.html", **shown)
    answer.status_code = status
    return answer
