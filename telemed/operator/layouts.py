"""How the sessions of a doctor are laid out: the templates, what each would cost whom, and the operator's choice."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from telemed.directory import service as directory
from telemed.directory.model import Template
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.operator import service
from telemed.web.centre import CentreDep
from telemed.web.pages import Pages

routes = APIRouter()
Operator = Annotated[Actor, Depends(Needs(Right.OPERATE))]
BAR = 120
"""Units of the longest bar."""


@routes.get("/betrieb/vorlagen")
def look(request: Request, centre: CentreDep, _actor: Operator, doctor: str = "", service_id: str = "") -> HTMLResponse:
    """The templates, as they would be in a usual session of one doctor; without one, only whose can be looked at."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        known = directory.load(tx)
        layout = service.layout(tx, doctor, service_id, now=now) if doctor else None
    rows = layout.rows if layout else ()
    longest = max((max(row.costs.wait, row.costs.idle, row.costs.overtime) for row in rows), default=0.0)
    chosen = known.doctors.get(doctor)
    services = [each for each in known.services.values() if chosen and chosen in known.doctors_for(each)]
    return centre.the(Pages).render(
        request,
        "operator/layouts.html",
        doctors=sorted(known.doctors.values(), key=lambda each: each.name),
        services=services,
        layout=layout,
        rows=rows,
        unit=BAR / max(longest, 1.0),
        bar=BAR,
        known=known,
    )


@routes.post("/betrieb/vorlagen")
def choose(
    centre: CentreDep,
    _actor: Operator,
    doctor: Annotated[str, Form()],
    template: Annotated[Template, Form()],
    service_id: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Lay this doctor's sessions out so from now on."""
    with centre.db.transaction() as tx:
        directory.use_template(tx, doctor, template, now=centre.clock.now())
    return RedirectResponse(f"/betrieb/vorlagen?doctor={doctor}&service_id={service_id}", status_code=303)
