"""What follows for data protection from an event."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from telemed.kit.db import Tx
from telemed.privacy import erasures
from telemed.privacy.model import PersonErased


def note_erased(file: Path) -> Callable[..., None]:
    """React to `PersonErased`: her id goes where no backup of the database takes it back."""

    def react(_tx: Tx, happened: PersonErased, *, now: datetime) -> None:  # noqa: ARG001 - every reaction is given it
        erasures.note(file, happened.person_id)

    return react
