"""What staff make up themselves, and book over others."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from telemed.booking import byhand, holding, several
from telemed.booking import service as booking
from telemed.booking.ground import Ground
from telemed.booking.index import Index
from telemed.booking.model import Booked, NotOffered, Request, Status, Urgency, WaitState
from telemed.booking.planner import Offer, What, Wish
from telemed.booking.search import Rule
from telemed.directory import service as directory
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from tests.builders import (
    DOCTOR,
    RESIDENT,
    SOMMER,
    WITH_CUFF,
    World,
    make_booking,
    make_world,
    moment,
    offer_at,
    quarter,
)

WANTED = What(WITH_CUFF, doctor_ids=("weiss",), room_ids=("room-1",), ordered=True)


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def made_up(world: World, at: str, what: What = WANTED) -> Offer:
    with world.centre.the(Index).at(world.now) as here:
        found = byhand.made_up(here, what, moment(world, at))
    assert found is not None
    return found


def changed(world: World, resource_id: str, **fields: Any) -> None:
    """Change one resource of the directory."""
    found: Mapping[str, Any] = next(one for one in quarter() if one["id"] == resource_id)
    with world.db.transaction() as tx:
        directory.take(tx, {**found, **fields}, now=world.now)


def override(world: World, offer: Offer, request_id: str | None = None) -> several.Overridden:
    request = Request(request_id or new_token(), offer, SOMMER)
    with world.db.transaction() as tx:
        return several.override(tx, world.secrets, request, Urgency.EMERGENCY, actor=DOCTOR, now=world.now)


def test_what_is_free_is_made_up_as_it_would_be_offered(world: World) -> None:
    assert made_up(world, "10:00") == offer_at(world, "10:00", service=WITH_CUFF)


def test_whoever_is_free_is_taken_before_who_is_not(world: World) -> None:
    taken = offer_at(world, "10:00")
    make_booking(world, at="10:00", room="room-1")
    made = made_up(world, "10:00")
    assert (made.doctor_id, made.room_id) == ("weiss", "room-1")
    assert made.assistant_id != taken.assistant_id


def test_who_is_away_comes_last_even_out_of_hours(world: World) -> None:
    day = f"{world.now:%Y-%m-%d}"
    changed(world, "role-kaya", notAvailable=[{"description": "Urlaub", "during": {"start": day, "end": day}}])
    assert made_up(world, "20:00").assistant_id == "lindner"


def test_an_unknown_service_is_nothing(world: World) -> None:
    with world.centre.the(Index).at(world.now) as here:
        assert byhand.made_up(here, replace(WANTED, service_id="unheard-of"), world.now) is None


def test_beyond_the_horizon_something_is_made_up_and_refused(world: World) -> None:
    with world.centre.the(Index).at(world.now) as here:
        far = byhand.made_up(here, WANTED, world.now + timedelta(days=400))
    assert far is not None
    with pytest.raises(NotOffered):
        override(world, far)


def uninspected(world: World, at: str) -> Offer:
    until = {"url": "urn:telemed:fhir:bookable-until", "valueDateTime": f"{world.now:%Y-%m-%d}"}
    changed(world, "cuff-1", extension=[until])
    return made_up(world, at)


@pytest.mark.parametrize("at", ["12:00", "20:00"])
def test_no_reason_helps_against_an_inspection_that_is_due_not_even_out_of_hours(world: World, at: str) -> None:
    offer = uninspected(world, at)
    with pytest.raises(NotOffered) as refused:
        override(world, offer)
    assert refused.value.rule is Rule.INSPECTION


def test_a_repeated_override_displaces_nobody_and_answers_the_same(world: World) -> None:
    first = make_booking(world, at="10:00")
    request_id, offer = new_token(), made_up(world, "10:00")
    made = override(world, offer, request_id)
    assert [one.id for one in made.displaced] == [first.id]
    again = override(world, offer, request_id)
    assert (again.booked, again.displaced) == (made.booked, ())
    assert status(world, made.booked) is Status.BOOKED


def status(world: World, one: Booked) -> Status:
    with world.db.reading() as tx:
        return booking.get(tx, one.id).status


def test_whose_kept_time_is_taken_away_waits_again(world: World) -> None:
    freed = make_booking(world, at="10:00")
    wish = Wish(What(WITH_CUFF), moment(world, "10:00"), moment(world, "10:20"))
    with world.db.transaction() as tx:
        waiting, _ = holding.join(tx, world.secrets, wish, SOMMER, actor=RESIDENT, now=world.now)
        booking.cancel(tx, world.secrets, freed.id, actor=RESIDENT, now=world.now)
    assert state(world, waiting.id) is WaitState.OFFERED
    assert override(world, made_up(world, "10:00")).displaced == ()
    assert state(world, waiting.id) is WaitState.WAITING


def state(world: World, waiting_id: str) -> WaitState:
    with world.db.reading() as tx:
        return holding.waiting_of(tx, waiting_id).state


def test_a_series_keeps_to_all_that_was_wished(world: World) -> None:
    first = offer_at(world, "10:00")
    starts = several.dates(first, world.directory, weeks=1, count=2)
    with world.centre.the(Index).at(world.now) as here:
        found = planned(here, first, starts, world)
    assert all(offer is not None and "oximeter-1" in offer.device_ids for _, offer in found)


def planned(here: Ground, first: Offer, starts: list[Any], world: World) -> list[tuple[Any, Offer | None]]:
    wished = What(first.service_id, devices=("oximeter",))
    return several.series(here, first, starts, now=world.now, wished=wished)
