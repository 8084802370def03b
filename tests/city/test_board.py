"""The board for the quarter: what everybody may know, and nothing of anybody."""

import json
from datetime import timedelta

import pytest

from schemas.day import FactKind
from telemed.kit.db import Database
from telemed.link.service import Lines
from telemed.visit import service as visit
from tests.booking.residents import Resident, make_app
from tests.builders import World, make_booking, make_world, moment


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def anybody(world: World) -> Resident:
    return Resident(make_app(world.centre))


def happen(world: World, visit_id: str, *kinds: FactKind) -> None:
    for kind in kinds:
        with world.db.transaction() as tx:
            visit.record(tx, visit_id=visit_id, kind=kind, by="assistant", now=world.now)


def late_morning(world: World) -> None:
    """The first of two takes so long that the second will be late."""
    first, second = make_booking(world, at="10:00"), make_booking(world, at="10:40")
    world.clock.set(moment(world, "10:00"))
    happen(world, first.id, FactKind.ARRIVED, FactKind.CALLED, FactKind.ENTERED)
    world.clock.set(moment(world, "10:52"))
    happen(world, second.id, FactKind.ARRIVED)


def test_the_board_says_open_on_time_and_when_one_could_come(anybody: Resident) -> None:
    page = anybody.get("/viertel")
    assert "Raum 1" in page.words
    assert "Ja, bis" in page.words
    assert "Keine." in page.words
    assert 'href="/viertel"' in anybody.get("/").text


def test_a_delay_is_a_range_and_there_is_no_ticket_and_no_count(world: World, anybody: Resident) -> None:
    late_morning(world)
    page, found = anybody.get("/viertel"), json.loads(anybody.get("/viertel/stand.json").text)
    low, high = found["rooms"][0]["delay_minutes"]
    assert 0 < low < high
    assert f"Etwa {low} bis {high} Minuten." in page.words
    assert "ticket" not in page.text
    named = {"name", "address", "open", "open_until", "opens_at", "delay_known", "delay_minutes", "next_free"}
    assert set(found["rooms"][0]) == named


def test_of_a_silent_room_nobody_says_how_late_it_is(world: World, anybody: Resident) -> None:
    world.centre.the(Lines).beat("room-1", world.now - timedelta(minutes=3))
    assert "Das wissen wir gerade nicht." in anybody.get("/viertel").words


def test_a_board_is_kept_for_a_moment_and_then_made_anew(world: World, anybody: Resident) -> None:
    first = json.loads(anybody.get("/viertel/stand.json").text)
    world.clock.forward(timedelta(seconds=10))
    assert json.loads(anybody.get("/viertel/stand.json").text) == first
    world.clock.forward(timedelta(seconds=10))
    assert json.loads(anybody.get("/viertel/stand.json").text)["as_of"] != first["as_of"]


def test_after_hours_it_says_closed(world: World, anybody: Resident) -> None:
    world.clock.set(moment(world, "22:00"))
    page = anybody.get("/viertel")
    assert "Heute nicht mehr." in page.words
    assert "Heute ist nichts mehr frei." in page.words
