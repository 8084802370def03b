"""The board for the quarter: made at most every few seconds, however many look."""

import threading
from datetime import datetime, timedelta

from schemas.board import Delay
from telemed.booking import search
from telemed.booking.ground import Ground
from telemed.booking.index import Index
from telemed.booking.planner import What, Wish, day_window
from telemed.city.model import QuarterBoard, RoomLine
from telemed.directory.model import Directory, Room
from telemed.kit.clock import Clock
from telemed.kit.db import Database, Tx
from telemed.link.service import Lines
from telemed.queue import service as queue

KEPT = timedelta(seconds=15)
"""So long a board is shown before another one is made."""
SILENT = timedelta(seconds=120)
"""After so long without a word from a room nobody says how late it is."""


class Boards:
    """The newest board of this process."""

    def __init__(self, db: Database, clock: Clock, index: Index, lines: Lines | None) -> None:
        self._db = db
        self._clock = clock
        self._index = index
        self._lines = lines
        self._turn = threading.Lock()
        self._newest: QuarterBoard | None = None

    def newest(self) -> QuarterBoard:
        """The board, never older than `KEPT`."""
        with self._turn:
            now = self._clock.now()
            if self._newest is None or not now - KEPT < self._newest.as_of <= now:
                self._newest = self._made(now)
            return self._newest

    def _made(self, now: datetime) -> QuarterBoard:
        with self._db.reading() as tx, self._index.at(now) as here:
            known = here.directory
            rooms = sorted((room for room in known.rooms.values() if room.is_claimed), key=lambda room: room.name)
            return QuarterBoard(known.quarter_name, now, tuple(self._line(tx, here, room, now) for room in rooms))

    def _line(self, tx: Tx, here: Ground, room: Room, now: datetime) -> RoomLine:
        known = here.directory
        _, midnight = day_window(now.astimezone(known.zone).date(), known)
        spans = room.hours.between(now, midnight, known.zone)
        is_open = bool(spans) and spans[0][0] <= now
        later = spans[1:] if is_open else spans
        heard = self._lines.heard(room.id) if self._lines else None
        is_heard = heard is None or now - heard <= SILENT
        return RoomLine(
            name=room.name,
            address=room.address,
            phone=room.phone,
            open_until=spans[0][1] if is_open else None,
            opens_at=later[0][0] if later else None,
            delay=self._delay(tx, room, now) if is_heard else None,
            is_heard=is_heard,
            next_free=_next_free(here, room, now, midnight),
        )

    def _delay(self, tx: Tx, room: Room, now: datetime) -> Delay | None:
        line = queue.day(tx, room.id, now=now, clock=self._clock).standing.line
        return next((entry.delay for entry in line if entry.delay is not None), None)


def _next_free(here: Ground, room: Room, now: datetime, midnight: datetime) -> datetime | None:
    """The first start that anybody could book today, whatever for."""
    found = [
        offer.start
        for service in _bookable(here.directory, room)
        for offer in search.offers(here, Wish(What(service, room_ids=(room.id,)), now, midnight), now=now, limit=1)
    ]
    return min(found, default=None)


def _bookable(known: Directory, room: Room) -> list[str]:
    return [each.id for each in known.services.values() if room.id in each.room_ids and not each.needs_order]
