"""A quarter in which anything may happen in any order, held after each step to a plain model of what it said."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from pysqlite3 import dbapi2
from sqlalchemy import delete

from telemed.booking import claims, holding, pending_store, planner, search, several, store, waitlist_store
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import (
    AlreadyCancelled,
    Extras,
    HeldLongEnough,
    Hold,
    HoldGone,
    NotAsked,
    NothingFree,
    NotOffered,
    Request,
    SlotTaken,
    TooLate,
    Urgency,
    WaitState,
)
from telemed.booking.planner import Claim, Offer, What, Wish, moment_of, tick_of
from telemed.directory import service as directory
from telemed.kit import outbox
from telemed.kit.db import Database, Tx, utc_text
from telemed.people import store as people
from tests.booking.changes import CHANGED, CHANGES
from tests.booking.situations import Reference
from tests.builders import OPERATOR, RESIDENT, SERVICE, SOMMER, TUESDAY, WITH_CUFF, World, make_world
from tests.databases import SqliteFiles

NUMBERS = st.integers(0, 1_000_000)
SERVICES = (SERVICE, WITH_CUFF, "skin-20")
MEMORY = Path("/dev/shm")


@cache
def shared() -> World:
    """One world for all runs: to make the tables takes longer than a run."""
    folder = tempfile.mkdtemp(prefix="telemed-machine-", dir=MEMORY if MEMORY.is_dir() else None)
    return make_world(Database(SqliteFiles(Path(folder)).fresh_url()), rooms=2)


@cache
def eye() -> Any:
    """A connection of its own that only looks, so that looking after each step costs little."""
    return dbapi2.connect(str(shared().db.url.database), isolation_level=None)


EVERY_CLAIM = "SELECT resource_id, tick, booking_id, held_until FROM booking_claim"
BOOKED = "SELECT id FROM booking WHERE status = 'booked'"
KEPT_FOR_WAITING = "SELECT hold_id FROM booking_waiting WHERE hold_id IS NOT NULL"
ACTORS = ("weiss", "brandt", "hofer", "lindner", "kaya", "room-1", "room-2", "cuff-1", "cuff-2")


@dataclass
class Known:
    """What was acknowledged: a booking or a hold, and the claims that it must have."""

    request: Request
    claims: set[Claim]
    held_until: datetime | None = None
    ids: set[str] = field(default_factory=set)


class Quarter(RuleBasedStateMachine):
    """Rules are what people do; invariants are what may never be."""

    @initialize()
    def begin(self) -> None:
        self.world = shared()
        self.index = self.world.centre.the(Index)
        self.world.clock.set(TUESDAY)
        self.bookings: dict[str, Known] = {}
        self.holds: dict[str, Known] = {}
        self.given_back: set[str] = set()
        self.count = 0
        with self.world.db.transaction() as tx:
            self._empty(tx)
            while CHANGED:
                directory.take(tx, CHANGES[CHANGED.pop()][0], now=self.now)
            self.known = directory.load(tx)
        self.index.forget()

    @staticmethod
    def _empty(tx: Tx) -> None:
        for table in (
            waitlist_store.waiting_list,
            claims.claims,
            claims.holds,
            pending_store.pending,
            store.bookings,
            people.keys,
        ):
            tx.execute(delete(table))
        for table in (people.audit_lines, people.persons, outbox.events):
            tx.execute(delete(table))

    @property
    def now(self) -> datetime:
        return self.world.now

    def _write(self, verb: Any, *given: Any, **named: Any) -> Any:
        with self.world.db.transaction() as tx:
            return verb(tx, self.world.secrets, *given, now=self.now, **named)

    def _request(self, offer: Offer) -> Request:
        self.count += 1
        return Request(f"request-{self.count}", offer, SOMMER)

    def _offers(self, number: int, limit: int = 12) -> list[Offer]:
        earliest = self.now + timedelta(minutes=number % 600)
        wish = Wish(What(SERVICES[number % 3]), earliest, earliest + timedelta(hours=6), align_minutes=5)
        with self.index.at(self.now) as here:
            return search.offers(here, wish, now=self.now, limit=limit)

    def _an_offer(self, number: int) -> Offer | None:
        found = self._offers(number)
        return found[number % len(found)] if found else None

    def _claims_of(self, offer: Offer) -> set[Claim]:
        return set(planner.claims(offer, self.known))

    def _note(self, booking_id: str, request: Request) -> None:
        self.bookings[booking_id] = Known(request, self._claims_of(request.offer))

    @rule(number=NUMBERS)
    def every_offered_time_books_at_once(self, number: int) -> None:
        offer = self._an_offer(number)
        if offer is not None:
            request = self._request(offer)
            self._note(self._write(booking.book, request, actor=RESIDENT).id, request)

    @rule(number=NUMBERS)
    def any_time_books_just_if_it_is_offered(self, number: int) -> None:
        start = moment_of(tick_of(self.now) + number % 150)
        offer = self._made_up(number, start)
        free = self._is_offered(offer)
        request = self._request(offer)
        try:
            self._note(self._write(booking.book, request, actor=RESIDENT).id, request)
            assert free, "booked what was not offered"
        except (SlotTaken, NotOffered, TooLate):
            assert not free, "an offered time was refused"

    def _made_up(self, number: int, start: datetime) -> Offer:
        service = SERVICES[number % 2]
        room = 1 + number // 2 % 2
        doctor = ("weiss", "brandt", "hofer")[number // 4 % 3]
        devices = (f"cuff-{room}",) if service == WITH_CUFF else ()
        helper = ("lindner", "kaya")[number // 12 % 2]
        return Offer(service, start, start + timedelta(minutes=20), doctor, f"room-{room}", helper, devices)

    def _is_offered(self, offer: Offer) -> bool:
        with self.index.at(self.now) as here:
            return offer.start > self.now and search.objection(here, offer) is None

    @rule(number=NUMBERS)
    def the_same_request_again_gets_the_same_booking(self, number: int) -> None:
        booking_id = self._some_booking(number)
        if booking_id is not None and self.bookings[booking_id].request.request_id:
            again = self._write(booking.book, self.bookings[booking_id].request, actor=RESIDENT)
            assert again.id == booking_id

    @rule(number=NUMBERS)
    def hold(self, number: int) -> None:
        offer = self._an_offer(number)
        if offer is not None:
            request = self._request(offer)
            self._held(self._write(holding.hold, request.request_id, offer), request)

    def _held(self, kept: Hold, request: Request) -> None:
        self.holds[kept.id] = Known(request, self._claims_of(kept.offer), kept.held_until)

    def _some_hold(self, number: int) -> tuple[str, Known] | None:
        return list(self.holds.items())[number % len(self.holds)] if self.holds else None

    @rule(number=NUMBERS)
    def hold_another_time_instead(self, number: int) -> None:
        found, offer = self._some_hold(number), self._an_offer(number)
        if found is not None and offer is not None:
            request = replace(found[1].request, offer=offer)
            self._held(self._write(holding.hold, request.request_id, offer), request)

    @rule(number=NUMBERS)
    def extend(self, number: int) -> None:
        found = self._some_hold(number)
        if found is None:
            return
        hold_id, known = found
        lives = known.held_until is not None and known.held_until > self.now
        try:
            self._held(self._write(holding.extend, known.request.request_id), known.request)
        except HeldLongEnough:
            pass
        except HoldGone:
            assert not lives or known.request.offer.start <= self.now, "a hold that holds was gone"
            if not lives:
                self.holds.pop(hold_id)

    @rule(number=NUMBERS)
    def book_what_is_held(self, number: int) -> None:
        found = self._some_hold(number)
        if found is None:
            return
        hold_id, known = found
        lives = known.held_until is not None and known.held_until > self.now
        try:
            made = self._write(booking.book, known.request, actor=RESIDENT)
        except SlotTaken:
            assert not lives, "a held time was refused"
            return
        except (TooLate, NotOffered):  # it began, or somebody fell ill
            return
        assert made.id == hold_id
        self.holds.pop(hold_id)
        self._note(made.id, known.request)

    @rule(number=NUMBERS)
    def give_a_hold_back(self, number: int) -> None:
        found = self._some_hold(number)
        if found is not None:
            self._write(holding.end_hold, found[1].request.request_id)
            self.holds.pop(found[0])

    @rule()
    def sweep(self) -> None:
        self._write(holding.expire)

    def _some_booking(self, number: int) -> str | None:
        """In the order in which they were made: ids are not the same in each run."""
        return list(self.bookings)[number % len(self.bookings)] if self.bookings else None

    @rule(number=NUMBERS)
    def cancel(self, number: int) -> None:
        booking_id = self._some_booking(number)
        if booking_id is not None:
            with suppress(TooLate):
                self._write(booking.cancel, booking_id, actor=RESIDENT)
                del self.bookings[booking_id]

    @rule(number=NUMBERS)
    def move(self, number: int) -> None:
        booking_id, offer = self._some_booking(number), self._an_offer(number)
        if booking_id is None or offer is None:
            return
        request = self._request(offer)
        with suppress(TooLate):
            made = self._write(booking.move, booking_id, request, actor=RESIDENT)
            del self.bookings[booking_id]
            self._note(made.id, request)

    @rule(number=NUMBERS)
    def no_show(self, number: int) -> None:
        booking_id = self._some_booking(number)
        if booking_id is not None and self.bookings[booking_id].request.offer.start <= self.now:
            self._write(booking.give_back, booking_id)
            kept = {claim for claim in self.bookings[booking_id].claims if claim[1] < planner.tick_after(self.now)}
            self.bookings[booking_id].claims = kept

    @rule(number=NUMBERS)
    def walk_in(self, number: int) -> None:
        with self.index.at(self.now) as here, suppress(NothingFree):
            offer = several.walk_in(here, What(SERVICES[number % 3]), now=self.now)
            request = replace(self._request(offer), extras=Extras(walk_in=True))
            self._note(self._write(booking.book, request, actor=OPERATOR).id, request)

    @rule(number=NUMBERS)
    def override(self, number: int) -> None:
        request = self._request(self._made_up(number, moment_of(tick_of(self.now) + number % 150)))
        with suppress(NotOffered, SlotTaken, TooLate):
            done = self._write(several.override, request, Urgency.EMERGENCY, actor=OPERATOR)
            for one in done.displaced:
                del self.bookings[one.id]
            self._end_holds_on(self._claims_of(request.offer))
            self._note(done.booked.id, request)

    def _end_holds_on(self, wanted: set[Claim]) -> None:
        """Whoever held what is booked over holds nothing any more."""
        for hold_id in [one for one, known in self.holds.items() if known.claims & wanted]:
            until = self.holds[hold_id].held_until
            if until is not None and until > self.now:
                del self.holds[hold_id]

    @rule(what=st.sampled_from(sorted(CHANGES)))
    def the_directory_changes(self, what: str) -> None:
        CHANGED.symmetric_difference_update({what})
        with self.world.db.transaction() as tx:
            directory.take(tx, CHANGES[what][what in CHANGED], now=self.now)
            self.known = directory.load(tx)

    @rule(number=NUMBERS)
    def join_the_waiting_list(self, number: int) -> None:
        wish = Wish(What(SERVICES[number % 3]), self.now, self.now + timedelta(hours=1 + number % 12), align_minutes=5)
        self._write(holding.join, wish, SOMMER, actor=RESIDENT)

    @rule(number=NUMBERS, yes=st.booleans())
    def who_waits_answers(self, number: int, yes: bool) -> None:
        with self.world.db.reading() as tx:
            asked = [one for one in holding.everyone_waiting(tx, now=self.now) if one.state is WaitState.OFFERED]
        if not asked:
            return
        one = asked[number % len(asked)]
        with suppress(NotAsked, TooLate, NotOffered, AlreadyCancelled):
            if not yes:
                self._write(holding.decline, one.id)
                return
            hold = self._read(lambda tx: holding.offered_to(tx, one, now=self.now))
            made = self._write(holding.accept, one.id, actor=RESIDENT)
            self.bookings[made.id] = Known(Request("", hold.offer, SOMMER), self._claims_of(hold.offer))

    def _read(self, look: Any) -> Any:
        with self.world.db.reading() as tx:
            return look(tx)

    @rule(minutes=st.sampled_from([1, 4, 11, 25, 60]))
    def time_goes_on(self, minutes: int) -> None:
        self.world.clock.forward(timedelta(minutes=minutes))

    @rule(number=NUMBERS)
    def what_is_offered_is_just_what_is_free(self, number: int) -> None:
        """Against the slow, obvious reference: nothing free is kept back, nothing taken is offered."""
        earliest = self.now + timedelta(minutes=number % 400)
        wish = Wish(What(SERVICES[number % 3]), earliest, earliest + timedelta(minutes=45), align_minutes=5)
        with self.index.at(self.now) as here:
            found = {(one.start, one.room_id) for one in search.offers(here, wish, now=self.now, limit=500)}
        assert found == Reference(self.known, self._taken()).offered(wish, self.now)

    def _taken(self) -> set[Claim]:
        window = planner.Window.around(self.now, self.now + timedelta(days=2))
        return set(self._read(lambda tx: claims.claimed(tx, window, now=self.now)))

    @invariant()
    def nothing_acknowledged_is_lost_and_nothing_overlaps(self) -> None:
        """Each tick belongs to one, and to just those to whom it was given; and memory knows what is on disk."""
        seen, now = eye().execute("PRAGMA data_version").fetchone()[0], utc_text(self.now)
        if (seen, now) == self.__dict__.get("_seen"):
            return  # nothing was written and no time went by
        self._seen = (seen, now)
        alive = {(r, t): owner for r, t, owner, until in eye().execute(EVERY_CLAIM) if until is None or until > now}
        booked = {row[0] for row in eye().execute(BOOKED)}
        waiting = {row[0] for row in eye().execute(KEPT_FOR_WAITING)}
        assert booked == set(self.bookings), "bookings were lost or made up"
        owners = set(waiting)
        for owner, known in self._owners():
            owners.add(owner)
            assert all(alive.get(claim) == owner for claim in known), f"{owner} lost time"
        assert set(alive.values()) <= owners, "time is taken by nobody"
        self._is_in_memory(alive)

    def _owners(self) -> Iterator[tuple[str, set[Claim]]]:
        yield from ((booking_id, known.claims) for booking_id, known in self.bookings.items())
        for hold_id, known in self.holds.items():
            if known.held_until is not None and known.held_until > self.now:
                yield hold_id, known.claims

    def _is_in_memory(self, alive: Mapping[Claim, str]) -> None:
        with self.index.at(self.now) as here:
            on_disk = planner.masks(alive, here.window)
            for actor_id in ACTORS:
                assert here.busy(actor_id) == on_disk.get(actor_id, 0), f"{actor_id} in memory is not as on disk"

    def teardown(self) -> None:
        """The shared world stays for the next run."""
