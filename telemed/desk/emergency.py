"""Calling for help from the doctor's page, and answering on the assistant's."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse

from telemed.desk import emergencies
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.web.centre import CentreDep

routes = APIRouter()
Caller = Annotated[Actor, Depends(Needs(Right.JOIN_VISIT))]
Assistant = Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]


@routes.post("/arzt/besuch/{visit_id}/notfall", status_code=204)
def call(visit_id: str, centre: CentreDep, actor: Caller) -> None:
    """The doctor's page has no answer from the room: the assistants are alarmed from here."""
    with centre.db.transaction() as tx:
        emergencies.call(tx, visit_id, actor, now=centre.clock.now())


@routes.post("/assistenz/besuch/{visit_id}/ich-komme")
def come(visit_id: str, centre: CentreDep, actor: Assistant) -> RedirectResponse:
    """An assistant goes there; the room and the doctor are told. Said twice is once."""
    with centre.db.transaction() as tx:
        room_id = emergencies.come(tx, visit_id, actor, now=centre.clock.now())
    return RedirectResponse(f"/assistenz/raum/{room_id}", status_code=303)
