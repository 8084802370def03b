"""What makes the centre speak to a room: anything that changes its day or its machines."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from telemed.kit.db import Tx
from telemed.kit.outbox import Event
from telemed.link.service import Lines


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
