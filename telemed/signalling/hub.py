"""Who is inside which visit, and what waits to be sent to whom. In memory only; nothing is left after the visit."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from schemas.signalling import (
    CLOSE_NOT_ALLOWED,
    CLOSE_VISIT_OVER,
    Came,
    FromHub,
    Here,
    Left,
    Over,
    Participant,
    Role,
    Signal,
)
from telemed.kit.ids import new_id

WAITING_LIMIT = 256
"""Messages that may wait for one client; an honest call needs a few dozen."""
SEATS = 12
"""Clients in one visit at once; four people with their machines, and some who come back before they were missed."""

CLOSE_REPLACED = 1000
CLOSE_TRY_LATER = 1013
"""RFC 6455 registry: try again later."""


class Outbox:
    """What waits for one client. When it is full the oldest candidate goes; offers and answers never do."""

    def __init__(self, limit: int = WAITING_LIMIT) -> None:
        self._limit = limit
        self._waiting: deque[FromHub] = deque()
        self._ready = asyncio.Event()
        self._close_code: int | None = None
        self.dropped = 0

    def put(self, message: FromHub) -> None:
        """Add *message*; a client that lets even its offers pile up is closed."""
        if self._close_code is not None:
            return
        if len(self._waiting) >= self._limit and not self._drop_a_candidate():
            self._waiting.clear()
            self.close(CLOSE_TRY_LATER)
            return
        self._waiting.append(message)
        self._ready.set()

    def _drop_a_candidate(self) -> bool:
        for place, waiting in enumerate(self._waiting):
            if isinstance(waiting, Signal) and waiting.kind == "candidate":
                del self._waiting[place]
                self.dropped += 1
                return True
        return False

    def close(self, code: int) -> None:
        """End after what waits now; the first code counts."""
        if self._close_code is None:
            self._close_code = code
        self._ready.set()

    async def next(self) -> FromHub | int:
        """The next message, or the code to close with when there is none left."""
        while not self._waiting:
            if self._close_code is not None:
                return self._close_code
            self._ready.clear()
            await self._ready.wait()
        return self._waiting.popleft()


@dataclass(frozen=True, eq=False)
class Seat:
    """One client in one visit. *machine_id* is empty for people."""

    visit_id: str
    participant: Participant
    machine_id: str
    outbox: Outbox

    def is_same_end(self, role: Role, machine_id: str) -> bool:
        """Whether this is the seat of that machine in that role; people may come twice."""
        return bool(machine_id) and self.machine_id == machine_id and self.participant.role is role


class Hub:
    """The visits that somebody is in. Everything but `end` and `shut_out` is called in the event loop's thread."""

    def __init__(self) -> None:
        self._visits: dict[str, dict[str, Seat]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.undeliverable = 0
        """Signals to somebody who was not there (any more)."""

    @property
    def visits(self) -> frozenset[str]:
        """The visits that somebody is in."""
        return frozenset(self._visits)

    def join(self, visit_id: str, *, role: Role, name: str, machine_id: str = "") -> Seat:
        """Take a seat, hear who is here, and let them know; a machine's earlier seat in the same role is given up."""
        self._loop = asyncio.get_running_loop()
        for other in list(self._visits.get(visit_id, {}).values()):
            if other.is_same_end(role, machine_id):
                self._send_away(other, CLOSE_REPLACED)
        seat = Seat(visit_id, Participant(peer_id=new_id(), role=role, name=name), machine_id, Outbox())
        inside = self._visits.setdefault(visit_id, {})
        if len(inside) >= SEATS:
            seat.outbox.close(CLOSE_TRY_LATER)
            return seat
        self._tell_all(inside, Came(participant=seat.participant))
        inside[seat.participant.peer_id] = seat
        here = tuple(each.participant for each in inside.values())
        seat.outbox.put(Here(you=seat.participant.peer_id, participants=here))
        return seat

    def leave(self, seat: Seat) -> None:
        """Give up a seat and let the others know; doing so twice is harmless."""
        inside = self._visits.get(seat.visit_id, {})
        if inside.pop(seat.participant.peer_id, None) is None:
            return
        self._tell_all(inside, Left(peer_id=seat.participant.peer_id))
        if not inside:
            del self._visits[seat.visit_id]

    def carry(self, seat: Seat, signal: Signal) -> None:
        """Pass a signal on, unread, with its true sender; to nobody if the addressee is not in this visit."""
        inside = self._visits.get(seat.visit_id, {})
        addressee = inside.get(signal.to)
        if addressee is None or seat.participant.peer_id not in inside:
            self.undeliverable += 1
            return
        addressee.outbox.put(signal.model_copy(update={"sender": seat.participant.peer_id}))

    def end(self, visit_id: str) -> None:
        """Send everybody out of a visit that has ended. May be called from any thread."""
        self._in_loop(lambda: self._end(visit_id))

    def shut_out(self, machine_id: str) -> None:
        """Send a machine out of every visit. May be called from any thread."""
        self._in_loop(lambda: self._shut_out(machine_id))

    def _in_loop(self, step: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(step)

    def _end(self, visit_id: str) -> None:
        for seat in self._visits.pop(visit_id, {}).values():
            seat.outbox.put(Over())
            seat.outbox.close(CLOSE_VISIT_OVER)

    def _shut_out(self, machine_id: str) -> None:
        seats = [seat for inside in self._visits.values() for seat in inside.values()]
        for seat in seats:
            if seat.machine_id == machine_id:
                self._send_away(seat, CLOSE_NOT_ALLOWED)

    def _send_away(self, seat: Seat, code: int) -> None:
        self.leave(seat)
        seat.outbox.close(code)

    def _tell_all(self, inside: dict[str, Seat], message: FromHub) -> None:
        for seat in inside.values():
            seat.outbox.put(message)
