"""What follows from a fact of a visit, wherever it happened."""

from collections.abc import Callable
from datetime import datetime

from schemas.day import FactKind
from telemed.booking import service as booking
from telemed.kit.db import Tx
from telemed.kit.secrets import Secrets
from telemed.visit import service
from telemed.visit.model import FactKnown, VisitState


def give_back(secrets: Secrets) -> Callable[..., None]:
    """React to `FactKnown`: what is left of the time of somebody who did not come is free again."""

    def react(tx: Tx, happened: FactKnown, *, now: datetime) -> None:
        # who came after all keeps the time, should this be delivered late
        if happened.kind == FactKind.NO_SHOW and service.state_of(tx, happened.visit_id) is VisitState.NO_SHOW:
            booking.give_back(tx, secrets, happened.visit_id, now=now)

    return react
