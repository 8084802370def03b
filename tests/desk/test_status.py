"""The resident's own appointment: how it stands in words, how late, and cancelling."""

import re
from datetime import timedelta

import pytest

from schemas.day import FactKind
from telemed.booking import service
from telemed.booking.model import Reason
from telemed.kit.db import Database
from telemed.link.service import Lines
from telemed.visit import service as visit
from tests.booking.residents import Answer, Resident, make_app
from tests.builders import DOCTOR, World, make_booking, make_world, moment, offer_at


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


def test_what_we_cancelled_is_not_told_as_her_own_wish(world: World, resident: Resident) -> None:
    booked = make_booking(world, at="10:00")
    opened(resident, booked.link_token)
    with world.db.transaction() as tx:
        service.cancel(tx, world.secrets, booked.id, actor=DOCTOR, now=world.now, reason=Reason.PRACTITIONER)
    assert "Wir mussten Ihren Termin absagen." in resident.get("/mein-termin").words


def test_cancelling_asks_once_and_frees_the_time(world: World, resident: Resident) -> None:
    booked = make_booking(world, at="10:00")
    opened(resident, booked.link_token)
    assert booked_count(world) == 1
    assert "absagen?" in resident.get("/mein-termin/absagen").words
    assert booked_count(world) == 1
    assert resident.post("/mein-termin/absagen", {}).headers["location"] == "/mein-termin"
    page = resident.get("/mein-termin")
    assert "Ihr Termin ist abgesagt, wie Sie es wollten." in page.words
    assert page.found(".//a[@href='/termin']")[0].text_content().strip() == "Neuen Termin buchen"
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


def test_the_start_is_a_range_on_the_five_minutes_and_never_before_the_planned_time(
    world: World, resident: Resident
) -> None:
    page = opened(resident, make_booking(world, at="10:00").link_token)
    assert re.search(r"Etwa 10:00 bis 10:\d[05] Uhr sind Sie dran\.", page.words)
    assert "Seien Sie bitte um 09:50 Uhr da." in page.words
    assert "Ihr Platz bleibt erhalten." in page.words


def test_who_says_how_long_the_way_is_hears_how_long_she_can_stay(world: World, resident: Resident) -> None:
    opened(resident, make_booking(world, at="10:00").link_token)
    world.clock.set(moment(world, "09:11"))
    kept = resident.post("/mein-termin/weg", {"minutes": "15"})
    assert kept.headers["location"] == "/mein-termin"
    page = resident.get("/mein-termin")
    assert "Sie können noch 20 Minuten zu Hause bleiben. Gehen Sie um 09:35 Uhr los." in page.words
    world.clock.set(moment(world, "09:33"))
    assert "Bitte gehen Sie jetzt los." in resident.get("/mein-termin").words
    assert resident.post("/mein-termin/weg", {"minutes": "7"}).status == 404


def test_who_comes_later_says_so_without_a_script_and_once(world: World, resident: Resident) -> None:
    booked = make_booking(world, at="10:00")
    assert "Ich komme später" in opened(resident, booked.link_token).words
    assert resident.get("/mein-termin/spaeter", minutes="10").status == 404
    for _ in range(2):
        assert resident.post("/mein-termin/spaeter", {"minutes": "10"}).headers["location"] == "/mein-termin"
    page = resident.get("/mein-termin")
    assert "Sie kommen 10 Minuten später. Wir wissen Bescheid." in page.words
    with world.db.reading() as tx:
        facts = [fact for fact in visit.facts_on(tx, "room-1", now=world.now) if fact.kind is FactKind.LATE]
    assert [(fact.minutes, fact.by) for fact in facts] == [(10, "resident")]
    assert resident.post("/mein-termin/spaeter", {"minutes": "7"}).status == 404
    happen(world, booked.id, FactKind.ARRIVED)
    assert resident.post("/mein-termin/spaeter", {"minutes": "20"}).status == 409
    assert "Ich komme später" not in resident.get("/mein-termin").words


def test_what_is_known_of_a_silent_room_is_marked_and_then_not_said(world: World, resident: Resident) -> None:
    token = make_booking(world, at="10:00").link_token
    world.centre.the(Lines).beat("room-1", world.now)
    world.clock.set(world.now + timedelta(seconds=20))
    assert "Stand: 09:00 Uhr Etwa 10:00 bis" in opened(resident, token).words
    world.clock.set(world.now + timedelta(seconds=110))
    page = resident.get("/mein-termin")
    assert "Etwa" not in page.words
    assert "Wir wissen gerade nicht, wann Sie dran sind." in page.words
    assert "Ihr Platz bleibt erhalten." in page.words


def test_the_calendar_file_keeps_its_name_and_counts_on(world: World, resident: Resident) -> None:
    booked = make_booking(world, at="10:00")
    opened(resident, booked.link_token)
    first = resident.get("/mein-termin/termin.ics")
    assert first.headers["content-type"].startswith("text/calendar")
    assert "Sommer" not in first.text
    assert resident.get(f"/t/{booked.link_token}/termin.ics").text == first.text
    assert resident.get("/t/wrong/termin.ics").status == 404
    resident.post("/mein-termin/absagen", {})
    last = resident.get("/mein-termin/termin.ics")
    uid, sequence = (re.findall(rf"{name}:(\S+)", first.text + last.text) for name in ("UID", "SEQUENCE"))
    assert uid[0] == uid[1]
    assert int(sequence[0]) < int(sequence[1])
    assert "STATUS:CANCELLED" in last.text
