"""What makes the centre speak to a room: anything that changes its day or its machines."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from telemed.kit.db import Tx
from telemed.kit.outbox import Event
from telemed.link.service import Lines
from telemed.queue import service as queue
from telemed.queue.model import WordGiven


class OfARoom(Protocol):
    """An event that names its room."""

    @property
    def room_id(self) -> str: ...


def send_plan(lines: Lines) -> Callable[..., None]:
    """Wake the room's lines; what is sent is what is true by then."""

    def react(_tx: Tx, happened: OfARoom, *, now: datetime) -> None:  # noqa: ARG001 - a reaction's signature
        lines.wake([happened.room_id])

    return react


def send_plan_to_all(lines: Lines) -> Callable[..., None]:
    """Wake every line."""

    def react(_tx: Tx, _happened: Event, *, now: datetime) -> None:  # noqa: ARG001 - a reaction's signature
        lines.wake()

    return react


def send_plan_beside(lines: Lines) -> Callable[..., None]:
    """React to `FactKnown`: a doctor who is busy here is awaited in her other rooms."""

    def react(tx: Tx, happened: OfARoom, *, now: datetime) -> None:
        doctors = queue.doctors_in(tx, happened.room_id, now=now)
        lines.wake(queue.rooms_beside(tx, doctors, now=now) - {happened.room_id})

    return react


def send_word(lines: Lines) -> Callable[..., None]:
    """React to `WordGiven`: all rooms of the doctor hear it."""

    def react(tx: Tx, happened: WordGiven, *, now: datetime) -> None:
        lines.wake(queue.rooms_beside(tx, [happened.doctor_id], now=now))

    return react
