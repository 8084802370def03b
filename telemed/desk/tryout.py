"""The test of camera, sound and loudspeaker before a visit from home: result in words, to be skipped, never in the way.

It belongs to no appointment; nothing of it leaves the browser.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.web.centre import CentreDep
from telemed.web.pages import Pages

PATH = "/kamera-test"

routes = APIRouter()


@routes.get(PATH)
def page(request: Request, centre: CentreDep, _actor: Annotated[Actor, Depends(Needs(Right.OPEN))]) -> HTMLResponse:
    """Whoever wants to may try, also before there is an appointment."""
    return centre.the(Pages).render(request, "desk/tryout.html")
