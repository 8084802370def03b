"""Series, people without an appointment, and staff who must go before others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from telemed.booking import claims, holding, planner, several
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import (
    Extras,
    NothingFree,
    NotOffered,
    Reason,
    Request,
    SeriesRefused,
    SlotTaken,
    Status,
    Urgency,
)
from telemed.booking.planner import Offer, What
from telemed.booking.search import Rule
from telemed.directory import service as directory
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from tests.builders import (
    OPERATOR,
    SERVICE,
    SOMMER,
    ZONE,
    World,
    book,
    make_booking,
    make_world,
    moment,
    offer_at,
    quarter,
)


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def do(world: World, verb: Any, *given: Any, **named: Any) -> Any:
    with world.db.transaction() as tx:
        return verb(tx, world.secrets, *given, actor=OPERATOR, now=world.now, **named)


def weekly(world: World, count: int) -> list[Request]:
    first = offer_at(world, "10:00")
    starts = several.dates(first, world.directory, weeks=1, count=count)
    offers = [replace(first, start=start, end=start + (first.end - first.start)) for start in starts]
    return [Request(new_id(), offer, SOMMER) for offer in offers]


def booked(world: World) -> int:
    with world.db.reading() as tx:
        return len({row.booking_id for row in tx.execute(claims.claims.select())})


def test_a_series_keeps_its_time_on_the_wall_over_the_change_of_the_clock(world: World) -> None:
    first = replace(
        offer_at(world, "10:00"),
        start=datetime(2026, 10, 20, 8, 0, tzinfo=UTC),
        end=datetime(2026, 10, 20, 8, 20, tzinfo=UTC),
    )
    starts = several.dates(first, world.directory, weeks=1, count=2)
    assert [f"{start.astimezone(ZONE):%H:%M}" for start in starts] == ["10:00", "10:00"]
    assert starts[1] - starts[0] == timedelta(days=7, hours=1)


def test_a_series_is_booked_whole_or_not_at_all_and_names_what_cannot_be_had(world: World) -> None:
    requests = weekly(world, 4)
    book(world, Request(new_id(), requests[2].offer, SOMMER))
    with pytest.raises(SeriesRefused) as refused:
        do(world, several.book_series, requests)
    assert refused.value.at == (requests[2].offer.start,)
    assert refused.value.params["dates"] == "8. Dezember"
    assert booked(world) == 1
    made = do(world, several.book_series, requests, without=refused.value.at)
    assert (len(made), booked(world)) == (3, 4)


def test_a_series_leaves_out_what_was_named_and_nothing_else(world: World) -> None:
    requests = weekly(world, 3)
    made = do(world, several.book_series, requests, without=[requests[0].offer.start])
    assert len(made) == 2


def test_who_comes_without_an_appointment_gets_the_first_gap_of_today(world: World) -> None:
    with world.centre.the(Index).at(world.now) as here:
        offer = several.walk_in(here, What(SERVICE), now=world.now)
        assert offer.start == moment(world, "09:05")
        with pytest.raises(NothingFree):
            several.walk_in(here, What(SERVICE), now=moment(world, "17:50"))
    made = book(world, Request(new_id(), offer, SOMMER, extras=Extras(walk_in=True)))
    with world.db.reading() as tx:
        assert booking.get(tx, made.id).extras.walk_in


def over(world: World, offer: Offer, **named: Any) -> several.Overridden:
    done: several.Overridden = do(world, several.override, Request(new_id(), offer, SOMMER), Urgency.EMERGENCY, **named)
    return done


def test_staff_who_book_over_others_hear_whom_and_those_come_first_in_line(world: World) -> None:
    offer = offer_at(world, "10:00")
    theirs = make_booking(world, at="10:00")
    done = over(world, offer)
    assert [one.id for one in done.displaced] == [theirs.id]
    with world.db.reading() as tx:
        gone, made = booking.get(tx, theirs.id), booking.get(tx, done.booked.id)
        line = holding.everyone_waiting(tx, now=world.now)
    assert (gone.status, gone.reason) == (Status.CANCELLED, Reason.DISPLACED)
    assert made.extras.urgency is Urgency.EMERGENCY
    assert [(one.person_id, one.priority) for one in line] == [(gone.person_id, 0)]
    with world.db.reading() as tx:
        taken = {(row.resource_id, row.tick): row.booking_id for row in tx.execute(claims.claims.select())}
    assert set(planner.claims(offer, world.directory)) <= {claim for claim, who in taken.items() if who == made.id}


def test_staff_may_book_out_of_hours_but_never_somebody_who_is_absent(world: World) -> None:
    late = replace(offer_at(world, "10:00"), start=moment(world, "18:30"), end=moment(world, "18:50"))
    assert over(world, late).booked.id
    role = next(dict(one) for one in quarter() if one["id"] == "role-weiss")
    away = {"start": "2026-11-24T14:00:00+01:00", "end": "2026-11-24T15:00:00+01:00"}
    offer = offer_at(world, "14:00")
    with world.db.transaction() as tx:
        directory.take(tx, {**role, "notAvailable": [{"description": "away", "during": away}]}, now=world.now)
    with pytest.raises(NotOffered) as refused:
        over(world, offer)
    assert (refused.value.rule, refused.value.resource) == (Rule.ABSENT, "weiss")


def test_nobody_is_displaced_whose_visit_has_begun(world: World) -> None:
    make_booking(world, at="10:00")
    offer = replace(offer_at(world, "10:30"), start=moment(world, "10:15"), end=moment(world, "10:35"))
    world.clock.set(moment(world, "10:05"))
    with pytest.raises(SlotTaken):
        over(world, offer)


def test_what_no_longer_holds_is_named_with_the_reason(world: World) -> None:
    make_booking(world, at="10:00")
    kept = make_booking(world, at="15:00")
    role = next(dict(one) for one in quarter() if one["id"] == "role-weiss")
    away = {"start": "2026-11-24T14:00:00+01:00", "end": "2026-11-24T16:00:00+01:00"}
    with world.db.transaction() as tx:
        directory.take(tx, {**role, "notAvailable": [{"description": "away", "during": away}]}, now=world.now)
        found = booking.unplaceable(tx, directory.load(tx), now=world.now)
    assert [(one.id, why.rule, why.resource_id) for one, why in found] == [(kept.id, Rule.ABSENT, "weiss")]


def test_who_did_not_come_leaves_the_rest_of_the_time_to_others(world: World) -> None:
    gone = make_booking(world, at="10:00")
    world.clock.set(moment(world, "10:05"))
    with world.db.transaction() as tx:
        booking.give_back(tx, world.secrets, gone.id, now=world.now)
    assert offer_at(world, "10:10").doctor_id == "weiss"


def test_a_search_without_result_is_counted_without_a_person(world: World) -> None:
    nothing = planner.Wish(What("skin-20"), world.now, world.now + timedelta(hours=1))
    with world.db.transaction() as tx:
        for _ in range(3):
            booking.count_unmet(tx, world.directory, nothing)
        assert booking.unmet_counts(tx) == {("HAUT", 1): 3}
