"""The resident's own appointment: how it stands in words, how late, and cancelling."""

import re
from datetime import timedelta

import pytest

from schemas.day import FactKind
from telemed.booking import service
from telemed.kit.db import Database
from telemed.visit import service as visit
from tests.booking.residents import Answer, Resident, make_app
from tests.builders import World, make_booking, make_world, moment, offer_at


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def resident(world: World) -> Resident:
    return Resident(make_app(world.centre))


def opened(resident: Resident, token: str) -> Answer:
    """The own page by the link."""
    resident.post(f"/t/{token}", {})
    return resident.get("/mein-termin")


def booked_count(world: World) -> int:
    with world.db.reading() as tx:
        return len(service.on_day(tx, world.directory, world.now.date()))


def test_without_a_link_there_is_no_own_page(resident: Resident) -> None:
    assert resident.get("/mein-termin").status == 401
    assert resident.post("/mein-termin/absagen", {}).status == 401


def happen(world: World, visit_id: str, *kinds: FactKind) -> None:
    for kind in kinds:
        with world.db.transaction() as tx:
            visit.record(tx, visit_id=visit_id, kind=kind, by="assistant", now=world.now)


def test_the_own_page_says_in_words_how_it_stands(world: World, resident: Resident) -> None:
    first, second = make_booking(world, at="10:00"), make_booking(world, at="10:30", doctor="brandt")
    assert "Ihr Termin ist heute." in opened(resident, second.link_token).words
    happen(world, first.id, FactKind.ARRIVED)
    happen(world, second.id, FactKind.ARRIVED)
    assert "Vor Ihnen warten noch: 1" in resident.get("/mein-termin").words
    happen(world, first.id, FactKind.CALLED)
    assert "Sie sind als Nächstes dran." in resident.get("/mein-termin").words
    happen(world, first.id, FactKind.ENTERED, FactKind.ENDED, FactKind.CLEANED)
    happen(world, second.id, FactKind.CALLED)
    assert "Bitte kommen Sie jetzt: Raum 1" in resident.get("/mein-termin").words
    happen(world, second.id, FactKind.ENTERED)
    assert "Ihr Termin läuft." in resident.get("/mein-termin").words
    happen(world, second.id, FactKind.ENDED)
    ended = resident.get("/mein-termin")
    assert "Ihr Termin ist beendet." in ended.words
    assert "refresh" not in ended.text


def test_a_delay_is_a_range_and_the_place_is_kept(world: World, resident: Resident) -> None:
    first, second = make_booking(world, at="10:00"), make_booking(world, at="10:30", doctor="brandt")
    world.clock.set(moment(world, "10:00"))
    happen(world, first.id, FactKind.ARRIVED, FactKind.CALLED, FactKind.ENTERED)
    happen(world, second.id, FactKind.ARRIVED)
    world.clock.set(moment(world, "10:32"))
    page = opened(resident, second.link_token)
    assert re.search(r"Es dauert etwa \d+ bis \d+ Minuten länger", page.words)
    assert "Ihr Platz bleibt erhalten." in page.words


def test_the_own_page_shows_no_name(world: World, resident: Resident) -> None:
    assert "Sommer" not in opened(resident, make_booking(world).link_token).text


def test_other_days_and_missed_visits_have_their_words(world: World, resident: Resident) -> None:
    tomorrow = make_booking(world, at=world.now + timedelta(days=1, hours=2))
    assert "Ihr Termin steht fest." in opened(resident, tomorrow.link_token).words
    today = make_booking(world, at="10:00")
    happen(world, today.id, FactKind.NO_SHOW)
    assert "Wir haben Sie nicht gesehen." in opened(resident, today.link_token).words
    forgotten = make_booking(world, at="11:00")
    world.clock.set(moment(world, "15:00"))
    assert "Dieser Termin ist vorbei." in opened(resident, forgotten.link_token).words


def test_cancelling_asks_once_and_frees_the_time(world: World, resident: Resident) -> None:
    booked = make_booking(world, at="10:00")
    opened(resident, booked.link_token)
    assert booked_count(world) == 1
    assert "absagen?" in resident.get("/mein-termin/absagen").words
    assert booked_count(world) == 1
    assert resident.post("/mein-termin/absagen", {}).headers["location"] == "/mein-termin"
    assert "Ihr Termin ist abgesagt." in resident.get("/mein-termin").words
    assert offer_at(world, "10:00")
    assert resident.post("/mein-termin/absagen", {}).status == 409


def test_who_has_arrived_cannot_cancel_by_the_link(world: World, resident: Resident) -> None:
    booked = make_booking(world, at="10:00")
    opened(resident, booked.link_token)
    happen(world, booked.id, FactKind.ARRIVED)
    assert "/mein-termin/absagen" not in resident.get("/mein-termin").text
    assert resident.post("/mein-termin/absagen", {}).status == 409
    assert booked_count(world) == 1


def test_closing_the_page_leaves_nothing_behind(world: World, resident: Resident) -> None:
    opened(resident, make_booking(world).link_token)
    assert resident.post("/mein-termin/schliessen", {}).headers["location"] == "/"
    assert resident.get("/mein-termin").status == 401
