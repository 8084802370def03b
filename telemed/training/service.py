"""Counting practices."""

from datetime import datetime

from telemed.directory import service as directory
from telemed.kit.db import Tx
from telemed.training import store
from telemed.training.model import Place


def count(tx: Tx, place: Place, *, now: datetime) -> None:
    """Somebody practised here; who, and what was tapped, is nowhere."""
    store.add_one(tx, now.astimezone(directory.load(tx).zone).date(), place)


def total(tx: Tx, place: Place) -> int:
    """How often, over all days."""
    return store.total(tx, place)
