"""Two residents at once want the last offer. ``RACE_ROUNDS`` (default 20) rounds on each database."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, func, insert, select

from telemed.booking import pending, planner
from telemed.booking import service as booking
from telemed.booking.model import AlreadyCancelled, Booked, Request, SlotTaken, Status
from telemed.booking.pending_model import Confirms, Proposal
from telemed.booking.planner import Offer, What, Wish
from telemed.kit.db import Database
from telemed.kit.db import metadata as tables
from telemed.kit.ids import new_id
from tests.builders import CLIENT, RESIDENT, SERVICE, SOMMER, World, book, make_booking, make_world
from tests.counts import Counted

ROUNDS = int(os.environ.get("RACE_ROUNDS", "20"))
WAIT_S = 30.0


@dataclass(frozen=True)
class Score:
    """How often a round had none, one or two winners."""

    rounds: int
    by_winners: tuple[int, int, int]


def offers(world: World, count: int) -> list[Offer]:
    """So many offers that do not touch each other."""
    wish = Wish(What(SERVICE, ("weiss",)), world.now, world.now + timedelta(days=50), align_minutes=30)
    with world.db.reading() as tx:
        return booking.offers(tx, world.directory, wish, now=world.now, limit=count)


def run(world: World, request: Request, start: threading.Barrier) -> bool:
    """Whether this one got it. Both stand inside their transactions where the database lets them."""
    if world.db.is_sqlite:
        start.wait(WAIT_S)
    try:
        with world.db.transaction() as tx:
            if not world.db.is_sqlite:
                start.wait(WAIT_S)
            booking.book(tx, world.secrets, request, actor=RESIDENT, now=world.now)
    except SlotTaken:
        return False
    return True


def race(world: World, rounds: int = ROUNDS, run: Callable[[World, Request, threading.Barrier], bool] = run) -> Score:
    winners = [0, 0, 0]
    with ThreadPoolExecutor(2) as threads:
        for offer in offers(world, rounds):
            start = threading.Barrier(2)
            requests = [Request(new_id(), offer, replace(SOMMER, name=name)) for name in ("Ada", "Ben")]
            got = [threads.submit(run, world, request, start) for request in requests]
            winners[sum(done.result(WAIT_S) for done in got)] += 1
    return Score(sum(winners), (winners[0], winners[1], winners[2]))


def count(database: Database, *names: str) -> list[int]:
    with database.reading() as tx:
        return [tx.execute(select(func.count()).select_from(tables.tables[name])).scalar_one() for name in names]


def test_of_two_at_once_exactly_one_gets_the_last_offer_every_round(database: Database, counted: Counted) -> None:
    score = race(make_world(database))
    counted(f"last offer on {database.url.get_backend_name()}: {score}")
    assert score == Score(ROUNDS, (0, ROUNDS, 0))


def run_for_a_program(world: World, request: Request, start: threading.Barrier) -> bool:
    """As `run`, but one of the two is a program that holds the time and confirms it in another transaction."""
    if request.person.name == "Ada":
        return run(world, request, start)
    if world.db.is_sqlite:
        start.wait(WAIT_S)
    asked = Proposal(request.request_id, request.offer, Confirms.CLIENT, request.person)
    try:
        with world.db.transaction() as tx:
            if not world.db.is_sqlite:
                start.wait(WAIT_S)
            held = pending.pend(tx, world.secrets, asked, actor=CLIENT, now=world.now)
    except SlotTaken:
        return False
    with world.db.transaction() as tx:
        return pending.confirm(tx, world.secrets, held.id, actor=CLIENT, now=world.now).status is Status.BOOKED


def test_a_program_that_holds_and_somebody_who_books_never_both_get_it(database: Database) -> None:
    score = race(make_world(database), min(ROUNDS, 10), run_for_a_program)
    assert score == Score(min(ROUNDS, 10), (0, min(ROUNDS, 10), 0))


def test_who_loses_leaves_nothing_behind(database: Database) -> None:
    world = make_world(database)
    rounds = min(ROUNDS, 10)
    race(world, rounds)
    left = count(database, "people_person", "people_key", "booking", "outbox_event")
    assert left == [rounds] * 4
    audits, claims = count(database, "people_audit", "booking_claim")
    assert audits == 2 * rounds  # taken in, and the Appointment sealed
    assert claims == rounds * len(planner.claims(offers_like(world), world.directory))


def offers_like(world: World) -> Offer:
    """An offer of the same length and kind as those of the race."""
    return offers(world, 1)[0]


UNGUARDED = Table("unguarded_claim", MetaData(), Column("resource_id", Text()), Column("tick", Integer()))


def look_then_book(world: World, request: Request, start: threading.Barrier) -> bool:
    """The twin: the same claims in a table without a primary key, written after a look whether they are free."""
    wanted = planner.claims(request.offer, world.directory)
    with world.db.reading() as tx:
        taken = {(row.resource_id, row.tick) for row in tx.execute(select(UNGUARDED))}
    start.wait(WAIT_S)
    if taken & set(wanted):
        return False
    with world.db.transaction() as tx:
        tx.execute(insert(UNGUARDED), [{"resource_id": resource, "tick": tick} for resource, tick in wanted])
    return True


def test_the_twin_without_the_primary_key_books_twice(database: Database, counted: Counted) -> None:
    """If this passed with one winner each, the race above would prove nothing."""
    with database.transaction() as tx:
        UNGUARDED.create(tx)
    score = race(make_world(database), run=look_then_book)
    counted(f"unguarded on {database.url.get_backend_name()}: {score}")
    assert score.by_winners[2] == ROUNDS


def test_the_same_request_many_times_at_once_is_one_booking_with_one_answer(database: Database) -> None:
    world = make_world(database)
    request = Request(new_id(), offers(world, 1)[0], SOMMER)
    start = threading.Barrier(8)

    def once(_: int) -> Booked:
        start.wait(WAIT_S)
        return book(world, request)

    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(once, range(8)))
    assert len(answers) == 1
    assert count(database, "booking", "people_person", "people_key", "outbox_event") == [1] * 4


def test_of_two_who_cancel_at_once_one_is_told_that_it_was_done(database: Database) -> None:
    world = make_world(database)
    booked = make_booking(world)
    start = threading.Barrier(4)

    def once(_: int) -> bool:
        start.wait(WAIT_S)
        try:
            with world.db.transaction() as tx:
                booking.cancel(tx, world.secrets, booked.id, actor=RESIDENT, now=world.now)
        except AlreadyCancelled:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(once, range(4))) == 1
    assert count(database, "outbox_event") == [2]


@pytest.mark.parametrize("pairs", [6])
def test_bookings_that_overlap_in_part_never_deadlock(database: Database, pairs: int) -> None:
    """Visits of 20 minutes that begin every 5: neighbours share ticks of every resource."""
    world = make_world(database)
    wish = Wish(What(SERVICE, ("weiss",)), world.now, world.now + timedelta(hours=4), align_minutes=5)
    with world.db.reading() as tx:
        close = booking.offers(tx, world.directory, wish, now=world.now, limit=pairs * 4)
    start = threading.Barrier(len(close))
    with ThreadPoolExecutor(len(close)) as threads:
        got = list(threads.map(lambda offer: run_one(world, offer, start), close))
    assert any(got)
    with world.db.reading() as tx:
        starts = sorted(b.offer.start for b in booking.on_day(tx, world.directory, world.now.date()))
    assert all(after - before >= timedelta(minutes=30) for before, after in pairwise(starts))


def run_one(world: World, offer: Offer, start: threading.Barrier) -> bool:
    start.wait(WAIT_S)
    try:
        book(world, Request(new_id(), offer, SOMMER))
    except SlotTaken:
        return False
    return True
