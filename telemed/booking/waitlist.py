"""Freed time goes at once, in the transaction that frees it, to whoever waits: by a priority that a professional set,
else in order of asking. Who is sickest is never for software to say.
"""

import dataclasses
from datetime import datetime, timedelta

from telemed.booking import claims, model, planner, search, waitlist_store
from telemed.booking.ground import Ground
from telemed.booking.keys import id_for
from telemed.booking.model import Hold, TimeOffered, Waiting, WaitState
from telemed.booking.planner import HORIZON, Claim, Offer, Window
from telemed.directory.model import Directory
from telemed.kit.db import Tx
from telemed.kit.outbox import emit
from telemed.kit.secrets import Secrets

LOOKED_AT = 40
"""Offers looked at for one person; who said no to so many waits for the next freed time."""


def request_id(secrets: Secrets, waiting: Waiting, start: str) -> str:
    """The request that becomes the booking if she says yes to *start* (ISO 8601); nobody can guess it."""
    return secrets.derive("waiting", f"{waiting.id} {start}").hex()


def serve(tx: Tx, secrets: Secrets, directory: Directory, freed: list[Claim], *, now: datetime) -> list[Waiting]:
    """Keep freed time for those who wait and whom it suits, in their order; who is to be asked now.

    Time that comes too soon to ask anybody stays free for everyone.
    """
    ahead = [tick for _, tick in freed if planner.moment_of(tick) > now]
    in_line = waitlist_store.in_line(tx, now=now) if ahead else []
    if not in_line:
        return []
    first, last = planner.moment_of(min(ahead)), planner.moment_of(max(ahead) + 1)
    window = Window.around(first - timedelta(hours=8), last + timedelta(hours=8))
    here = Ground(directory, window, planner.masks(claims.claimed(tx, window, now=now), window))
    asked = []
    for waiting in in_line:
        offer = suiting(here, waiting, first, last, now=now)
        if offer is not None:
            asked.append(_keep_for(tx, secrets, here, waiting, offer, now=now))
    return asked


def suiting(here: Ground, waiting: Waiting, first: datetime, last: datetime, *, now: datetime) -> Offer | None:
    """The first offer between two moments that suits and was not declined; earlier than her appointment, if any."""
    service = here.directory.services.get(waiting.wish.what.service_id)
    if service is None:
        return None
    earliest = max(waiting.wish.earliest, first - service.length, now + model.SHORTEST_ANSWER)
    latest = min(waiting.wish.latest, last + service.length, now + HORIZON)
    wish = dataclasses.replace(waiting.wish, earliest=earliest, latest=latest, spread=False)
    found = search.offers(here, wish, now=now, limit=LOOKED_AT)
    return next((offer for offer in found if offer.start not in waiting.declined), None)


def _keep_for(tx: Tx, secrets: Secrets, here: Ground, waiting: Waiting, offer: Offer, *, now: datetime) -> Waiting:
    until = min(now + model.ANSWER_WITHIN, offer.start - model.SHORTEST_ANSWER / 2)
    hold = Hold(id_for(secrets, request_id(secrets, waiting, offer.start.isoformat())), offer, until)
    wanted = planner.taken(offer, here.directory)
    claims.take(tx, hold.id, wanted, now=now, held_until=until)
    claims.put_hold(tx, hold)
    for resource_id, start, end in wanted:
        here.claim(resource_id, here.window.mask(start, end))
    asked = dataclasses.replace(waiting, state=WaitState.OFFERED, hold_id=hold.id)
    waitlist_store.put(tx, asked)
    emit(tx, TimeOffered(waiting.id), now=now)
    return asked


def end_for(tx: Tx, booking_id: str, *, now: datetime) -> list[Claim]:
    """An appointment is moved or cancelled: nobody waits for an earlier one any more. What is freed by that."""
    freed: list[Claim] = []
    for waiting in waitlist_store.open_for(tx, booking_id):
        waitlist_store.put(tx, dataclasses.replace(waiting, state=WaitState.LEFT, hold_id=None))
        hold = claims.get_hold(tx, waiting.hold_id) if waiting.hold_id else None
        if hold is not None:
            claims.drop_hold(tx, hold.id)
            freed += claims.release(tx, hold.id, hold.offer, now=now)
    return freed
