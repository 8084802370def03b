"""What follows for those who wait when something happens, or a doctor gives her word."""

from collections.abc import Callable
from datetime import datetime

from telemed.kit.clock import Clock
from telemed.kit.db import Tx
from telemed.queue import service
from telemed.queue.model import WordGiven
from telemed.visit.model import FactKnown


def look_again(clock: Clock) -> Callable[..., None]:
    """React to `FactKnown`: what is told of the starts in this room, and in all rooms of its doctors."""

    def react(tx: Tx, happened: FactKnown, *, now: datetime) -> None:
        doctors = service.doctors_in(tx, happened.room_id, now=now)
        rooms = service.rooms_beside(tx, doctors, now=now) | {happened.room_id}
        service.tell(tx, service.moved(tx, rooms, now=now, clock=clock), now=now)

    return react


def follow_word(clock: Clock) -> Callable[..., None]:
    """React to `WordGiven`: the same for all rooms of the doctor."""

    def react(tx: Tx, happened: WordGiven, *, now: datetime) -> None:
        rooms = service.rooms_beside(tx, [happened.doctor_id], now=now)
        service.tell(tx, service.moved(tx, rooms, now=now, clock=clock), now=now)

    return react
