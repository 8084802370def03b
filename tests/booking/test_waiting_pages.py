"""The waiting list as residents meet it: joining, the own place, yes, no, leaving; and waiting for an earlier time."""

import re
from datetime import timedelta

import pytest

from telemed.booking import form, holding, service
from telemed.booking.model import Booked, Waiting
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from tests.booking.residents import SOMMER, Answer, Fields, Resident, make_app
from tests.builders import OPERATOR, SERVICE, World, make_booking, make_world, moment, offer_at


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def resident(world: World) -> Resident:
    return Resident(make_app(world.centre))


def join(resident: Resident, **more: str | list[str]) -> Answer:
    """Onto the waiting list, by the pages."""
    page = resident.post("/warteliste/eintragen", {"service": SERVICE})
    return resident.post("/warteliste/aufnehmen", {**page.fields(), **SOMMER, **more})


def opened(resident: Resident, joined: Answer) -> Answer:
    """The own entry by its link."""
    found = re.search(r"/w/([\w\-]{22})\"", joined.text)
    assert found
    assert resident.post(f"/w/{found[1]}", {}).headers["location"] == "/warteliste"
    return resident.get("/warteliste")


def waiting(world: World) -> list[Waiting]:
    with world.db.reading() as tx:
        return holding.everyone_waiting(tx, now=world.now)


def cancel(world: World, booked: Booked) -> None:
    with world.db.transaction() as tx:
        service.cancel(tx, world.secrets, booked.id, actor=OPERATOR, now=world.now)


def free_up(world: World) -> None:
    """Somebody had 12:00 between two others, and says no: it goes to whoever waits."""
    _, gone, _ = (make_booking(world, at=at) for at in ("11:30", "12:00", "12:30"))
    cancel(world, gone)


def test_joining_says_how_it_works_and_gives_a_link(world: World, resident: Resident) -> None:
    page = resident.post("/warteliste/eintragen", {"service": SERVICE, "language": "tr", "needs": ["wheelchair"]})
    for said in ("Wer zuerst fragt, kommt zuerst.", "Fachleute können jemanden vorziehen", "höchstens einen Tag"):
        assert said in page.words
    joined = resident.post("/warteliste/aufnehmen", {**page.fields(), **SOMMER})
    assert (joined.status, "Vor Ihnen wartet niemand." in joined.words) == (200, True)
    assert joined.found(".//svg[contains(@class, 'segno')]")
    asked = waiting(world)[0].wish.what
    assert (asked.service_id, asked.language, asked.wheelchair) == (SERVICE, "tr", True)


def test_joining_twice_with_the_same_page_is_once(world: World, resident: Resident) -> None:
    page = resident.post("/warteliste/eintragen", {"service": SERVICE})
    first, second = (resident.post("/warteliste/aufnehmen", {**page.fields(), **SOMMER}) for _ in range(2))
    assert first.words == second.words
    assert len(waiting(world)) == 1


@pytest.mark.parametrize(("field", "value"), [("name", ""), ("birth_year", "48"), ("way", ""), ("phone", "nein")])
def test_a_wrong_field_is_named_and_nobody_joins(world: World, resident: Resident, field: str, value: str) -> None:
    page = join(resident, **{field: value})
    assert page.status == 422
    assert len(page.found(f".//*[@role='alert']//a[@href='#{field}']")) == 1
    assert waiting(world) == []


@pytest.mark.parametrize("fields", [{}, {"service": "nothing"}, {"service": SERVICE, "request_id": "short"}])
def test_what_is_incomplete_joins_nobody(world: World, resident: Resident, fields: Fields) -> None:
    assert resident.post("/warteliste/aufnehmen", {**SOMMER, **fields}).status == 200
    assert waiting(world) == []


def test_who_chose_only_paper_is_told_to_ask_herself(resident: Resident) -> None:
    assert "Fragen Sie bitte selbst nach" in join(resident, way="paper", phone="").words
    assert "Fragen Sie bitte selbst nach" not in join(resident).words


def test_the_own_entry_shows_the_place_in_line(world: World, resident: Resident) -> None:
    join(resident)
    world.clock.forward(timedelta(seconds=1))
    page = opened(resident, join(resident))
    assert "Sie stehen auf der Warteliste." in page.words
    assert "Vor Ihnen warten noch: 1" in page.words
    assert "Sommer" not in page.words


def test_looking_at_a_link_changes_nothing_and_says_nothing(resident: Resident) -> None:
    joined = join(resident)
    token = re.findall(r"/w/([\w\-]{22})\"", joined.text)[0]
    known, unknown = (resident.get(f"/w/{one}") for one in (token, "x" * 22))
    assert known.plain.replace(token, "…") == re.sub("x{22}", "…", unknown.plain)
    assert resident.get("/warteliste").status == 401
    assert resident.post(f"/w/{'x' * 22}", {}).status == 404


def test_an_appointment_and_an_entry_do_not_open_each_other(world: World, resident: Resident) -> None:
    opened(resident, join(resident))
    assert resident.get("/mein-termin").headers["location"] == "/warteliste"
    for path in ("/mein-termin/absagen", "/mein-termin/verschieben", "/mein-termin/frueher"):
        assert resident.get(path).status == 404
    resident.post(f"/t/{make_booking(world).link_token}", {})
    assert resident.get("/warteliste").headers["location"] == "/mein-termin"
    for path in ("/warteliste/ja", "/warteliste/nein", "/warteliste/verlassen"):
        assert resident.post(path, {"start": "x"}).headers["location"] == "/mein-termin"


def test_freed_time_is_shown_with_its_end_and_yes_books_it(world: World, resident: Resident) -> None:
    joined = join(resident)
    free_up(world)
    page = opened(resident, joined)
    assert "Für Sie ist eine Zeit frei." in page.words
    assert "Dienstag, 24. November, 12:00 Uhr" in page.words
    assert "Wir halten die Zeit für Sie frei bis Dienstag, 24. November, 11:45 Uhr." in page.words
    booked = resident.post("/warteliste/ja", page.fields())
    assert "Ihr Termin steht fest" in booked.words
    token = re.findall(r"/t/([\w\-]{22})\"", booked.text)[0]
    with world.db.reading() as tx:
        assert service.by_link(tx, token).offer.start == moment(world, "12:00")
    assert "Sie haben eine Zeit angenommen." in resident.get("/warteliste").words


def test_yes_pressed_twice_books_once_and_answers_alike(world: World, resident: Resident) -> None:
    joined = join(resident)
    free_up(world)
    fields = opened(resident, joined).fields()
    first, second = (resident.post("/warteliste/ja", fields) for _ in range(2))
    assert first.words == second.words
    with world.db.reading() as tx:
        booked = service.on_day(tx, world.directory, world.now.date())
    assert [one.offer.start for one in booked] == [moment(world, at) for at in ("11:30", "12:00", "12:30")]


def test_yes_to_another_time_than_the_one_that_is_kept_books_nothing(world: World, resident: Resident) -> None:
    joined = join(resident)
    free_up(world)
    opened(resident, joined)
    page = resident.post("/warteliste/ja", {"start": moment(world, "13:00").isoformat()})
    assert page.status == 410
    assert page.values("start") == [moment(world, "12:00").isoformat()]


def test_a_time_that_was_not_answered_in_time_is_said_to_be_gone(world: World, resident: Resident) -> None:
    joined = join(resident)
    free_up(world)
    fields = opened(resident, joined).fields()
    world.clock.set(moment(world, "11:45"))
    page = resident.post("/warteliste/ja", fields)
    assert (page.status, "keine Zeit für Sie" in page.texts(".//*[@role='alert']")[0]) == (410, True)
    assert resident.post("/warteliste/nein", {}).status == 410
    assert "Sie stehen auf der Warteliste." in resident.get("/warteliste").words


def test_no_keeps_the_place_and_the_time_goes_to_the_next(world: World, resident: Resident) -> None:
    first = join(resident)
    world.clock.forward(timedelta(seconds=1))
    second = join(resident)
    free_up(world)
    opened(resident, first)
    assert resident.post("/warteliste/nein", {}).headers["location"] == "/warteliste"
    assert "Vor Ihnen wartet niemand." in resident.get("/warteliste").words
    assert "Für Sie ist eine Zeit frei." in opened(resident, second).words


def test_leaving_asks_once_and_takes_her_off_the_list(world: World, resident: Resident) -> None:
    opened(resident, join(resident))
    assert "Möchten Sie nicht mehr warten?" in resident.get("/warteliste/verlassen").words
    assert len(waiting(world)) == 1
    assert resident.post("/warteliste/verlassen", {}).headers["location"] == "/warteliste"
    assert waiting(world) == []
    assert "Sie stehen nicht mehr auf der Warteliste." in resident.get("/warteliste").words


def test_when_the_last_wished_moment_has_passed_the_waiting_is_over(world: World, resident: Resident) -> None:
    joined = join(resident)
    world.clock.forward(timedelta(days=57))
    assert "Das Warten ist zu Ende." in opened(resident, joined).words


def earlier(world: World, resident: Resident) -> Booked:
    """An appointment at 15:00, and waiting for something earlier."""
    booked = make_booking(world, at="15:00")
    resident.post(f"/t/{booked.link_token}", {})
    asked = resident.get("/mein-termin/frueher")
    assert "Ihren Termin behalten Sie" in asked.words
    assert resident.post("/mein-termin/frueher", asked.fields()).headers["location"] == "/warteliste"
    return booked


def test_from_the_own_appointment_one_waits_for_something_earlier(world: World, resident: Resident) -> None:
    earlier(world, resident)
    page = resident.get("/warteliste")
    assert "Dienstag, 24. November, 15:00 Uhr" in page.texts(".//dt[.='Früher als']/following-sibling::dd")
    assert waiting(world)[0].wish.latest == moment(world, "15:00")
    own = resident.get("/mein-termin")
    assert "Sie stehen auf der Warteliste für einen früheren Termin." in own.words
    assert own.found(".//a[@href='/mein-termin/frueher']") == []


def test_asking_for_something_earlier_twice_is_once(world: World, resident: Resident) -> None:
    earlier(world, resident)
    assert resident.get("/mein-termin/frueher").headers["location"] == "/warteliste"
    resident.post("/mein-termin/frueher", {"request_id": new_token()})
    assert len(waiting(world)) == 1


def test_an_earlier_time_takes_the_place_of_the_own_one_and_the_link_stays(world: World, resident: Resident) -> None:
    booked = earlier(world, resident)
    free_up(world)
    assert "Für Sie ist eine frühere Zeit frei." in resident.get("/mein-termin").words
    page = resident.get("/warteliste")
    assert "Ihr Termin am Dienstag, 24. November, 15:00 Uhr, fällt dann weg." in page.words
    done = resident.post("/warteliste/ja", page.fields())
    assert done.headers["location"] == "/mein-termin/verschoben"
    assert "12:00 Uhr" in resident.get("/mein-termin/verschoben").words
    resident.post(f"/t/{booked.link_token}", {})
    assert "12:00 Uhr" in resident.get("/mein-termin").words
    assert offer_at(world, "15:00")


def test_who_cancels_does_not_wait_any_more(world: World, resident: Resident) -> None:
    earlier(world, resident)
    assert "Sie stehen dann auch nicht mehr auf der Warteliste." in resident.get("/mein-termin/absagen").words
    resident.post("/mein-termin/absagen", {})
    assert waiting(world) == []


def test_leaving_keeps_the_appointment(world: World, resident: Resident) -> None:
    earlier(world, resident)
    assert "Ihren Termin behalten Sie." in resident.get("/warteliste/verlassen").words
    assert resident.post("/warteliste/verlassen", {}).headers["location"] == "/mein-termin"
    assert "15:00 Uhr" in resident.get("/mein-termin").words


def test_after_its_beginning_there_is_nothing_earlier(world: World, resident: Resident) -> None:
    resident.post(f"/t/{make_booking(world, at='10:00').link_token}", {})
    asked = resident.get("/mein-termin/frueher").fields()
    world.clock.set(moment(world, "10:00"))
    assert resident.post("/mein-termin/frueher", asked).status == 422
    assert waiting(world) == []


def test_no_page_lacks_a_word(world: World, resident: Resident) -> None:
    joined = join(resident)
    pages = [joined, opened(resident, joined), resident.get("/warteliste/verlassen"), resident.get("/w/x")]
    free_up(world)
    pages += [resident.get("/warteliste"), resident.post("/warteliste/eintragen", {"service": SERVICE})]
    earlier(world, resident)
    pages += [resident.get(path) for path in ("/mein-termin", "/warteliste", "/warteliste/verlassen")]
    assert not [page.text for page in pages if "⟦" in page.text]
    assert {page.status for page in pages} == {200}


def test_the_pages_of_times_lead_to_the_list_with_all_wishes(resident: Resident) -> None:
    when = resident.post("/termin/zeit", {"service": SERVICE, "doctor": "weiss"})
    page = resident.post("/warteliste/eintragen", when.fields())
    assert (page.fields()["service"], page.fields()["doctor"]) == (SERVICE, "weiss")
    assert form.may_repeat(str(page.fields()["request_id"]))
