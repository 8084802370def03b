"""Holds and the waiting list: what is kept for whom, until when, and who comes next."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from telemed.booking import holding, search
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import (
    ANSWER_WITHIN,
    EXTENSIONS,
    HOLD,
    HeldLongEnough,
    Hold,
    HoldGone,
    NotAsked,
    NotOffered,
    Reason,
    Request,
    SlotTaken,
    Waiting,
    WaitState,
)
from telemed.booking.planner import Offer, What, Wish
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from telemed.people import service as people
from tests.builders import RESIDENT, SERVICE, SOMMER, World, book, make_booking, make_world, moment, offer_at


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def do(world: World, verb: Any, *given: Any, **named: Any) -> Any:
    """One verb in a transaction of its own."""
    with world.db.transaction() as tx:
        return verb(tx, world.secrets, *given, now=world.now, **named)


def held(world: World, offer: Offer, request_id: str = "held") -> Hold:
    kept: Hold = do(world, holding.hold, request_id, offer)
    return kept


def test_what_is_held_nobody_else_gets_and_the_holder_books_under_the_same_id(world: World) -> None:
    offer = offer_at(world, "10:00")
    kept = held(world, offer)
    assert kept.held_until == world.now + HOLD
    with pytest.raises(SlotTaken) as refused:
        book(world, Request(new_id(), offer, SOMMER))
    assert refused.value.params["resource"] == world.directory.name_of(refused.value.resource)
    assert book(world, Request("held", offer, SOMMER)).id == kept.id
    assert do(world, holding.expire) == 0


def test_what_ran_out_counts_as_free_in_the_transaction_that_takes_it(world: World) -> None:
    offer = offer_at(world, "10:00")
    held(world, offer)
    world.clock.forward(HOLD)
    booked = book(world, Request(new_id(), offer, SOMMER))  # nobody has swept
    with pytest.raises(SlotTaken):
        book(world, Request("held", offer, SOMMER))
    assert do(world, holding.expire) == 1
    with world.db.reading() as tx:
        assert booking.get(tx, booked.id).offer == offer
    with pytest.raises(SlotTaken):
        book(world, Request(new_id(), offer, SOMMER))


def test_a_hold_is_extended_ten_times_also_when_it_just_ran_out_and_nobody_came(world: World) -> None:
    offer = offer_at(world, "15:00")
    held(world, offer)
    world.clock.forward(HOLD)
    for _ in range(EXTENSIONS):
        assert do(world, holding.extend, "held").held_until == world.now + HOLD
    with pytest.raises(HeldLongEnough):
        do(world, holding.extend, "held")
    world.clock.forward(HOLD)
    book(world, Request(new_id(), offer, SOMMER))


def test_a_hold_whose_time_somebody_took_or_that_never_was_cannot_be_extended(world: World) -> None:
    offer = offer_at(world, "10:00")
    held(world, offer)
    world.clock.forward(HOLD)
    book(world, Request(new_id(), offer, SOMMER))
    for request_id in ("held", "unheard of"):
        with pytest.raises(HoldGone):
            do(world, holding.extend, request_id)


def test_another_time_takes_the_place_of_what_was_held_or_the_first_stays(world: World) -> None:
    ten, eleven, twelve = (offer_at(world, wall) for wall in ("10:00", "11:00", "12:00"))
    held(world, ten)
    held(world, eleven)
    book(world, Request(new_id(), ten, SOMMER))
    book(world, Request(new_id(), twelve, SOMMER))
    with pytest.raises(SlotTaken):
        held(world, twelve)
    assert book(world, Request("held", eleven, SOMMER)).id


def test_a_hold_given_back_is_free_at_once_and_giving_back_twice_is_once(world: World) -> None:
    offer = offer_at(world, "10:00")
    held(world, offer)
    do(world, holding.end_hold, "held")
    do(world, holding.end_hold, "held")
    book(world, Request(new_id(), offer, SOMMER))


def test_what_was_booked_is_not_held_again(world: World) -> None:
    offer = offer_at(world, "10:00")
    book(world, Request("held", offer, SOMMER))
    with pytest.raises(HoldGone):
        held(world, offer_at(world, "11:00"))


def wish(world: World, first: str = "09:30", last: str = "12:00") -> Wish:
    return Wish(What(SERVICE, ("weiss",)), moment(world, first), moment(world, last))


def waiting(world: World, name: str, wished: Wish | None = None, *, booking_id: str | None = None) -> Waiting:
    person = replace(SOMMER, name=name)
    entry, _ = do(world, holding.join, wished or wish(world), person, actor=RESIDENT, booking_id=booking_id)
    world.clock.forward(timedelta(seconds=1))
    found: Waiting = entry
    return found


def now_of(world: World, entry: Waiting) -> Waiting:
    with world.db.reading() as tx:
        return holding.waiting_of(tx, entry.id)


def full(world: World) -> list[str]:
    """Everything that Dr. Weiß has until noon is booked; the ids, by start."""
    ids: list[str] = []
    while True:
        with world.centre.the(Index).at(world.now) as here:
            found = search.offers(here, wish(world, "09:00"), now=world.now, limit=1)
        if not found:
            return ids
        ids.append(book(world, Request(new_id(), found[0], SOMMER)).id)


def cancel(world: World, booking_id: str) -> None:
    do(world, booking.cancel, booking_id, actor=RESIDENT)


def test_freed_time_goes_at_once_to_who_asked_first_and_nobody_else_gets_it(world: World) -> None:
    booked = full(world)
    first, second = waiting(world, "Ada"), waiting(world, "Ben")
    with world.db.reading() as tx:
        freed = booking.get(tx, booked[2]).offer
    cancel(world, booked[2])
    assert (now_of(world, first).state, now_of(world, second).state) == (WaitState.OFFERED, WaitState.WAITING)
    with pytest.raises(SlotTaken):
        book(world, Request(new_id(), freed, SOMMER))
    made = do(world, holding.accept, first.id, actor=RESIDENT)
    with world.db.transaction() as tx:
        kept = booking.get(tx, made.id)
        assert kept.offer.start == freed.start
        named = people.details(tx, world.secrets, kept.person_id, actor=RESIDENT, purpose="test", now=world.now)
    assert named.name == "Ada"
    assert now_of(world, first).state is WaitState.TAKEN


def test_whom_a_professional_put_first_comes_before_who_asked_earlier(world: World) -> None:
    booked = full(world)
    first, urgent = waiting(world, "Ada"), waiting(world, "Ben")
    with world.db.transaction() as tx:
        holding.set_priority(tx, urgent.id, 1)
    cancel(world, booked[2])
    assert (now_of(world, first).state, now_of(world, urgent).state) == (WaitState.WAITING, WaitState.OFFERED)


def test_who_does_not_answer_in_time_goes_to_the_end_and_the_time_to_the_next(world: World) -> None:
    tomorrow = Wish(What(SERVICE, ("weiss",)), world.now + timedelta(days=2), world.now + timedelta(days=2, hours=1))
    offer = offer_at(world, world.now + timedelta(days=2))
    booked = book(world, Request(new_id(), offer, SOMMER)).id
    for start in (offer.start + timedelta(minutes=30),):
        book(world, Request(new_id(), offer_at(world, start), SOMMER))
    first, second = waiting(world, "Ada", tomorrow), waiting(world, "Ben", tomorrow)
    cancel(world, booked)
    assert now_of(world, first).state is WaitState.OFFERED
    world.clock.forward(ANSWER_WITHIN)
    assert do(world, holding.expire) == 1
    assert (now_of(world, first).state, now_of(world, second).state) == (WaitState.WAITING, WaitState.OFFERED)
    with pytest.raises(NotAsked):
        do(world, holding.accept, first.id, actor=RESIDENT)
    with world.db.reading() as tx:
        assert [one.id for one in holding.everyone_waiting(tx, now=world.now)] == [second.id, first.id]


def test_who_says_no_keeps_the_place_and_is_not_asked_the_same_again(world: World) -> None:
    booked = full(world)
    first, second = waiting(world, "Ada"), waiting(world, "Ben")
    cancel(world, booked[2])
    do(world, holding.decline, first.id)
    assert (now_of(world, first).state, now_of(world, second).state) == (WaitState.WAITING, WaitState.OFFERED)
    cancel(world, booked[3])
    assert now_of(world, first).state is WaitState.OFFERED


def test_who_leaves_gives_what_was_kept_to_the_next(world: World) -> None:
    booked = full(world)
    first, second = waiting(world, "Ada"), waiting(world, "Ben")
    cancel(world, booked[2])
    do(world, holding.leave, first.id)
    assert (now_of(world, first).state, now_of(world, second).state) == (WaitState.LEFT, WaitState.OFFERED)


def test_an_earlier_time_takes_the_place_of_the_later_appointment(world: World) -> None:
    booked = full(world)
    later = make_booking(world, at="16:00")
    entry = waiting(world, "Sommer", booking_id=later.id)
    cancel(world, booked[2])
    made = do(world, holding.accept, entry.id, actor=RESIDENT)
    with world.db.reading() as tx:
        assert booking.get(tx, later.id).reason is Reason.MOVED
        assert booking.current(tx, later.id).id == made.id
        for opened in (later, made):
            assert booking.by_link(tx, opened.link_token).id == made.id
            assert booking.by_reference(tx, world.secrets, opened.reference, SOMMER.birth_year).id == made.id
    book(world, Request(new_id(), offer_at(world, "16:00"), SOMMER))


def test_time_that_comes_too_soon_to_ask_anybody_stays_free(world: World) -> None:
    booked = full(world)
    entry = waiting(world, "Ada")
    with world.db.reading() as tx:
        start = booking.get(tx, booked[0]).offer.start
    world.clock.set(start - timedelta(minutes=10))
    cancel(world, booked[0])
    assert now_of(world, entry).state is WaitState.WAITING


def test_who_is_moved_keeps_link_and_ticket_and_a_refused_move_changes_nothing(world: World) -> None:
    booked = make_booking(world, at="10:00")
    make_booking(world, at="11:00")
    taken = replace(offer_at(world, "12:00"), start=moment(world, "11:00"), end=moment(world, "11:20"))
    with pytest.raises(SlotTaken):
        do(world, booking.move, booked.id, Request(new_id(), taken, SOMMER), actor=RESIDENT)
    never = replace(taken, start=moment(world, "22:00"), end=moment(world, "22:20"))
    with pytest.raises(NotOffered):
        do(world, booking.move, booked.id, Request(new_id(), never, SOMMER), actor=RESIDENT)
    request = Request(new_id(), offer_at(world, "14:00"), SOMMER)
    made = do(world, booking.move, booked.id, request, actor=RESIDENT)
    assert do(world, booking.move, booked.id, request, actor=RESIDENT).id == made.id
    assert made.ticket == booked.ticket
    with world.db.reading() as tx:
        assert booking.by_link(tx, booked.link_token).offer.start == moment(world, "14:00")
        assert booking.by_reference(tx, world.secrets, booked.reference, SOMMER.birth_year).id == made.id
    book(world, Request(new_id(), offer_at(world, "10:00"), SOMMER))


def test_wall_time_is_kept_where_it_was_asked_for(world: World) -> None:
    entry = waiting(world, "Ada")
    assert now_of(world, entry).wish == wish(world)
    assert isinstance(now_of(world, entry).asked_at, datetime)
