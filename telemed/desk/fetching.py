"""Who was called and is to be fetched by an assistant: quietly, by wish, or because nobody came."""

from datetime import datetime

from schemas.day import Fact
from telemed.booking.model import Booking
from telemed.desk import service
from telemed.desk.model import Fetch
from telemed.kit.db import Tx
from telemed.queue.model import NOBODY_COMES, called_at
from telemed.visit import service as visit
from telemed.visit.model import VisitState, state_of


def of_assistant(tx: Tx, assistant_id: str, *, now: datetime) -> list[Fetch]:
    """In all rooms of an assistant, whoever waits longest first.

    Raises:
        NotFound: there is no such assistant.
    """
    found = []
    for room in service.rooms_of(tx, assistant_id):
        if not room.is_claimed:
            continue
        visits = visit.visits_on(tx, room.id, now=now)
        by_visit: dict[str, list[Fact]] = {one.id: [] for one in visits}
        for fact in visit.facts_of_all(tx, [one.id for one in visits]):
            by_visit[fact.visit_id].append(fact)
        found += [each for one in visits if (each := _fetch(room.name, one, by_visit[one.id], now)) is not None]
    return sorted(found, key=lambda each: each.since)


def _fetch(room_name: str, one: Booking, facts: list[Fact], now: datetime) -> Fetch | None:
    call = called_at(facts, one.id)
    if state_of(facts) is not VisitState.CALLED or call is None:
        return None
    if not one.quiet and now - call.at < NOBODY_COMES:
        return None
    return Fetch(room_name, one.id, one.ticket, one.quiet, call.at)
