"""The doctor's page tells that it refused an end."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, StringConstraints

from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.logs import logger
from telemed.signalling import model, service
from telemed.signalling.model import RefusedEnd, SeenBy
from telemed.web.centre import CentreDep

log = logger("signalling")
routes = APIRouter()

Word = Annotated[str, StringConstraints(max_length=40)]


class Refused(BaseModel):
    """*role* as in `schemas.signalling.Role`, *reason* as in `schemas.trust.RefusedWhy`."""

    role: Word
    reason: Word


@routes.post("/arzt/besuch/{visit_id}/abgewiesen", status_code=204)
def refused(
    visit_id: str, told: Refused, centre: CentreDep, actor: Annotated[Actor, Depends(Needs(Right.JOIN_VISIT))]
) -> None:
    """An end of this doctor's visit was not trusted. The same within a minute is one event."""
    now = centre.clock.now()
    role, reason = model.role_of(told.role), model.reason_of(told.reason)
    same = hashlib.sha256(f"{visit_id} {actor.subject} {role} {reason} {now:%Y%m%d%H%M}".encode()).hexdigest()
    end = RefusedEnd(same[:32], visit_id, now, SeenBy.DOCTOR, role, reason)
    with centre.db.transaction() as tx:
        new = service.note_refused(tx, end, actor=actor, now=now)
    if new:
        log.warning("end_refused", visit_id=visit_id, seen_by=end.seen_by.value, role=role.value, reason=reason.value)
