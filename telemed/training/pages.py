"""The practice: a visit as a resident meets it, with a drawn doctor. Nothing is booked or kept but a count.

Every answer is a link; what one taps is in no database, no cookie and no log of ours.
"""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.training import model, service
from telemed.training.model import Place, Step
from telemed.web.centre import CentreDep
from telemed.web.pages import Pages

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]


@routes.get("/ueben")
def begin(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """What the practice is, and that it is one."""
    return centre.the(Pages).render(request, "training/begin.html")


@routes.get("/ueben/ende")
def end(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """Well done."""
    return centre.the(Pages).render(request, "training/end.html")


@routes.post("/ueben/ende")
def count(centre: CentreDep, _actor: Anyone) -> RedirectResponse:
    """One practice more."""
    with centre.db.transaction() as tx:
        service.count(tx, Place.PAGE, now=centre.clock.now())
    return RedirectResponse("/ueben/ende", status_code=303)


@routes.get("/ueben/{step}")
def one(request: Request, centre: CentreDep, _actor: Anyone, step: Step, noch: bool = False) -> HTMLResponse:
    """One step. *noch*: the picture was another one."""
    shown: dict[str, Any] = {"at": model.at(step), "steps": len(model.STEPS), "answers": model.ANSWERS.get(step, ())}
    shown |= {"ticket": model.TICKET, "pictures": model.PICTURES, "missed": noch}
    return centre.the(Pages).render(request, "training/step.html", **shown)
