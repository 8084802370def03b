"""Who is inside which visit, and what waits to be sent to whom. In memory only; nothing is left after the visit."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from schemas.signalling import (
    BEAT_S,
    CLOSE_NOT_ALLOWED,
    CLOSE_VISIT_OVER,
    GUESTS,
    SILENCE_S,
    Came,
    FromHub,
    Here,
    Left,
    Over,
    Participant,
    Relay,
    Role,
    Signal,
)
from telemed.kit.refusal import NotAllowed

WAITING_LIMIT = 256
"""Messages that may wait for one client; an honest call needs a few dozen."""
SEATS = 12
"""Clients in one visit at once; four people with their machines, and some who come back before they were missed. Whose
visit it is (doctor and room) finds a seat also when guests have taken all of them."""
SEATS_OF_ONE = 3
"""Of one person or machine in one role: a page that is loaded again may come before its last line was missed."""
KNOWN_ENDS = 200
"""Ends of one visit whose owner is remembered; each reload of a page is a new one."""

GUESTS_AND_LOOKERS = (*GUESTS, Role.ORGANISER)

CLOSE_REPLACED = 1000
CLOSE_TAKEN_ANEW = 1001
"""The same end sits here by another line. Where that one was given up, and arrived late, the end may come again."""
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

    def take_signals(self) -> list[Signal]:
        """What others said and this client has not been sent; it waits here no longer."""
        signals = [each for each in self._waiting if isinstance(each, Signal)]
        self._waiting = deque(each for each in self._waiting if not isinstance(each, Signal))
        return signals

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


@dataclass(frozen=True)
class Entrant:
    """Who stands at the door. *who* is the machine's id, or what the person's session stands for; with *role* it tells
    whose a peer_id is. *name* is empty for guests: the centre does not know it."""

    role: Role
    who: str
    name: str = ""

    @property
    def is_machine(self) -> bool:
        return self.role in (Role.AGENT, Role.KIOSK)


@dataclass(frozen=True, eq=False)
class Seat:
    """One client in one visit, for as long as its line holds."""

    visit_id: str
    entrant: Entrant
    participant: Participant
    outbox: Outbox


@dataclass
class _Inside:
    """One visit. *owners*: whose each peer_id is, also of those whose line is gone."""

    seats: dict[str, Seat] = field(default_factory=dict)
    owners: dict[str, Entrant] = field(default_factory=dict)

    def claim(self, peer_id: str, entrant: Entrant) -> None:
        """
        Raises:
            NotAllowed: somebody else has this peer_id.
        """
        owner = self.owners.setdefault(peer_id, entrant)
        if (owner.role, owner.who) != (entrant.role, entrant.who):
            raise NotAllowed
        if len(self.owners) > KNOWN_ENDS:
            gone = next((each for each in self.owners if each not in self.seats and each != peer_id), None)
            self.owners.pop(gone or "", None)


class Hub:
    """The visits that somebody is in. Everything but `end` and `shut_out` is called in the event loop's thread."""

    def __init__(self, *, beat_s: float = BEAT_S, silence_s: float = SILENCE_S) -> None:
        self.beat_s, self.silence_s = beat_s, silence_s
        self._visits: dict[str, _Inside] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.undeliverable = 0
        """Signals to somebody who was not there (any more)."""

    @property
    def visits(self) -> frozenset[str]:
        """The visits that somebody is in."""
        return frozenset(self._visits)

    def join(self, visit_id: str, entrant: Entrant, *, peer_id: str, relays: tuple[Relay, ...] = ()) -> Seat:
        """Take a seat, hear who is here, and let them know.

        Who has this *peer_id* already takes the own seat anew, and misses nothing that was not sent yet. A machine's
        other seat in the same role is given up: it has been started anew; so is the oldest of a person's that has many.

        Raises:
            NotAllowed: somebody else has this *peer_id*.
        """
        self._loop = asyncio.get_running_loop()
        seat = Seat(visit_id, entrant, Participant(peer_id=peer_id, role=entrant.role, name=entrant.name), Outbox())
        inside = self._visits.setdefault(visit_id, _Inside())
        inside.claim(peer_id, entrant)
        missed = self._resumed(inside, peer_id)
        self._make_room(inside, entrant)
        if len(inside.seats) >= SEATS and entrant.role in GUESTS_AND_LOOKERS:
            seat.outbox.close(CLOSE_TRY_LATER)
            return seat
        self._visits[visit_id] = inside  # who was replaced may have been the last
        self._tell_all(inside, Came(participant=seat.participant))
        inside.seats[peer_id] = seat
        here = tuple(each.participant for each in inside.seats.values())
        seat.outbox.put(Here(you=peer_id, participants=here, relays=relays))
        for signal in missed:
            seat.outbox.put(signal)
        return seat

    def _resumed(self, inside: _Inside, peer_id: str) -> list[Signal]:
        """Close this end's earlier line, and give what it has not been sent."""
        before = inside.seats.pop(peer_id, None)
        if before is None:
            return []
        missed = before.outbox.take_signals()
        before.outbox.close(CLOSE_TAKEN_ANEW)
        return missed

    def _make_room(self, inside: _Inside, entrant: Entrant) -> None:
        """Give up what is too many of this one's own, the oldest first."""
        own = [
            seat
            for seat in inside.seats.values()
            if (seat.entrant.role, seat.entrant.who) == (entrant.role, entrant.who)
        ]
        kept = 0 if entrant.is_machine else SEATS_OF_ONE - 1
        for seat in own[: max(0, len(own) - kept)]:
            self._send_away(seat, CLOSE_REPLACED)

    def is_seated(self, seat: Seat) -> bool:
        """Whether this is still the line of its end."""
        inside = self._visits.get(seat.visit_id)
        return inside is not None and inside.seats.get(seat.participant.peer_id) is seat

    def leave(self, seat: Seat) -> None:
        """Give up a seat and let the others know; doing so twice, or after somebody took it anew, is harmless."""
        if not self.is_seated(seat):
            return
        inside = self._visits[seat.visit_id]
        del inside.seats[seat.participant.peer_id]
        self._tell_all(inside, Left(peer_id=seat.participant.peer_id))
        if not inside.seats:
            del self._visits[seat.visit_id]

    def carry(self, seat: Seat, signal: Signal) -> None:
        """Pass a signal on, unread, with its true sender; to nobody if the addressee is not in this visit, or only
        looks who is there."""
        addressee = self._visits[seat.visit_id].seats.get(signal.to) if self.is_seated(seat) else None
        if addressee is None or addressee.participant.role is Role.ORGANISER:
            self.undeliverable += 1
            return
        addressee.outbox.put(signal.model_copy(update={"sender": seat.participant.peer_id}))

    def end(self, visit_id: str) -> None:
        """Send everybody out of a visit that has ended. May be called from any thread."""
        self._in_loop(lambda: self._end(visit_id))

    def shut_out(self, who: str) -> None:
        """Send a machine, or a person, out of every visit. May be called from any thread."""
        self._in_loop(lambda: self._shut_out(who))

    def _in_loop(self, step: Callable[[], None]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(step)

    def _end(self, visit_id: str) -> None:
        for seat in self._visits.pop(visit_id, _Inside()).seats.values():
            seat.outbox.put(Over())
            seat.outbox.close(CLOSE_VISIT_OVER)

    def _shut_out(self, who: str) -> None:
        for seat in [seat for inside in self._visits.values() for seat in inside.seats.values()]:
            if seat.entrant.who == who:
                self._send_away(seat, CLOSE_NOT_ALLOWED)

    def _send_away(self, seat: Seat, code: int) -> None:
        self.leave(seat)
        seat.outbox.close(code)

    def _tell_all(self, inside: _Inside, message: FromHub) -> None:
        for seat in inside.seats.values():
            seat.outbox.put(message)
