"""Who opened an appointment outside the usual time, and why; not of whom."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from telemed.directory import service as directory
from telemed.identity import granted
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.web.centre import CentreDep
from telemed.web.pages import Pages

LATELY = timedelta(days=90)

routes = APIRouter()


@routes.get("/betrieb/geoeffnet")
def shown(request: Request, centre: CentreDep, _actor: Annotated[Actor, Depends(Needs(Right.OPERATE))]) -> HTMLResponse:
    """The last three months, the newest first."""
    with centre.db.reading() as tx:
        known = directory.load(tx)
        found = granted.broken_since(tx, centre.clock.now() - LATELY)
    lines: list[dict[str, Any]] = [
        {"at": one.opened_at, "role": one.role.value, "name": known.name_of(one.subject), "reason": one.reason.value}
        for one in found
    ]
    return centre.the(Pages).render(request, "operator/glasses.html", lines=lines)
