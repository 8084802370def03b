"""The roster over HTTP: for every end of a call, and for the operator's own machine (protocol.md, "The roster")."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from schemas.trust import RosterKey, SignedRoster
from telemed.identity import roster
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.refusal import NotFound
from telemed.operator import service
from telemed.web.centre import CentreDep

routes = APIRouter()


class Draft(BaseModel):
    """What waits to be signed, as a file that is carried to the operator's own machine."""

    keys: tuple[RosterKey, ...]


@routes.get("/roster", dependencies=[Depends(Needs(Right.OPEN))])
def signed(centre: CentreDep) -> SignedRoster:
    """The newest roster. It holds names of doctors and rooms and their public keys, and nothing of residents."""
    with centre.db.reading() as tx:
        found = roster.signed_roster(tx)
    if found is None:
        raise NotFound
    return found


@routes.get("/roster/draft")
def draft(centre: CentreDep, answer: Response, _actor: Annotated[Actor, Depends(Needs(Right.ROSTER))]) -> Draft:
    """What the operator is asked to sign; a browser keeps it as a file."""
    answer.headers["Content-Disposition"] = 'attachment; filename="draft.json"'
    with centre.db.reading() as tx:
        return Draft(keys=service.roster_draft(tx))


@routes.post("/roster", status_code=204)
def publish(
    signed: SignedRoster, centre: CentreDep, _actor: Annotated[Actor, Depends(Needs(Right.ROSTER, cookies=False))]
) -> None:
    """Take in what the operator has signed; refused is what he has not, and what is not newer."""
    with centre.db.transaction() as tx:
        roster.publish(tx, signed, centre.operator_keys, now=centre.clock.now())
