"""Staff book for others over HTTP: one appointment, a series, and who came without one."""

import pytest

from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.people import service as people
from telemed.people.model import Way
from telemed.visit import service as visit
from telemed.visit.model import VisitState
from tests.desk.staff import (
    BOOK,
    FIND,
    MORE,
    ORDERED,
    PERSON,
    SERIES,
    WAITING,
    WALK_IN,
    WEDNESDAY,
    Staff,
    at,
    change,
    new_bookings,
)
from tests.desk.world import SERVICE, World, make_world


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def assistant(world: World) -> Staff:
    return Staff(world)


def test_somebody_is_booked_by_telephone_and_gets_the_residents_slip(world: World, assistant: Staff) -> None:
    page = assistant.chosen(SERVICE)
    done = assistant.post(BOOK, assistant.filled(page, BOOK))
    (made,) = new_bookings(world)
    assert done.status == 200
    assert "Ihr Zeichen" in done.words
    assert f"{made.ticket.letter} {made.ticket.digits}" in done.words
    assert made.extras.ordered_by is None
    with world.centre.db.transaction() as tx:
        person = people.details(
            tx, world.centre.secrets, made.person_id, actor=Actor(Role.OPERATOR), purpose="x", now=world.now
        )
    assert (person.name, person.way, person.contact) == ("Rosa Vogel", Way.PHONE, "03641 123456")


def test_for_the_next_one_the_service_stays_and_nothing_of_the_person(assistant: Staff) -> None:
    page = assistant.chosen(SERVICE, doctor="weiss", language="en", needs="wheelchair")
    done = assistant.post(BOOK, assistant.filled(page, BOOK, needs=["wheelchair", "hearing"]))
    (link,) = [one.get("href") for one in done.found(".//a[contains(text(), '') and contains(., 'Nächste Person')]")]
    assert f"service={SERVICE}" in link
    assert "doctor=weiss" in link
    for part in ("Vogel", "1941", "needs", "language", "request_id", "offer"):
        assert part not in link


def test_sent_twice_it_is_booked_once(world: World, assistant: Staff) -> None:
    fields = assistant.filled(assistant.chosen(SERVICE), BOOK)
    tickets = [assistant.post(BOOK, fields).texts(".//*[@class='ticket-words']") for _ in range(2)]
    assert tickets[0] == tickets[1]
    assert len(new_bookings(world)) == 1


def test_what_is_wished_decides_who_and_where(assistant: Staff) -> None:
    page = assistant.offers(
        SERVICE, doctor="weiss", place="raum-1", devices=["stethoscope"], first=WEDNESDAY, time="14:00"
    )
    first = page.texts(".//button[@name='offer']")[0]
    assert "14:00 Uhr" in first
    assert "Weiß" in first
    assert "Mittwoch, 2. Dezember" in page.words
    assert "stethoskop-1" in page.buttons("offer")[0]


def test_spread_over_the_days_there_is_a_choice(assistant: Staff) -> None:
    early = assistant.offers(SERVICE).texts(".//section//h3")
    spread = assistant.offers(SERVICE, spread="1").texts(".//section//h3")
    assert len(spread) > len(early)


def test_who_speaks_another_language_gets_an_interpreter_who_is_named(world: World, assistant: Staff) -> None:
    page = assistant.chosen(SERVICE, language="ar")
    assert "dolmetscht: Samira Rahimi" in page.words
    assistant.post(BOOK, assistant.filled(page, BOOK))
    assert new_bookings(world)[0].offer.interpreter_id == "rahimi"


def test_nothing_free_says_why_and_what_works_instead(assistant: Staff) -> None:
    page = assistant.offers("haut-15", doctor="weiss")
    assert "Dafür ist niemand mit dem Fach da." in page.words
    assert "Auf die Warteliste" in page.words
    full = assistant.offers(SERVICE, first="2026-12-05", last="2026-12-06")
    assert "In dieser Zeit ist nichts frei." in full.words


def test_what_needs_an_order_asks_who_gave_it_and_keeps_the_answer(world: World, assistant: Staff) -> None:
    page = assistant.offers(ORDERED)
    assert "Das braucht eine Anordnung." in page.words
    assert page.buttons("offer") == []
    assert "Das braucht eine Anordnung." in assistant.offers(ORDERED, ordered_by="nobody").words
    chosen = assistant.chosen(ORDERED, ordered_by="weiss")
    assistant.post(BOOK, assistant.filled(chosen, BOOK))
    assert new_bookings(world)[0].extras.ordered_by == "weiss"


def test_an_order_that_was_lost_on_the_way_is_asked_for_again(world: World, assistant: Staff) -> None:
    fields = assistant.filled(assistant.chosen(ORDERED, ordered_by="weiss"), BOOK)
    answer = assistant.post(BOOK, {**fields, "ordered_by": [""]})
    assert answer.status == 422
    assert new_bookings(world) == []


def test_a_doctor_orders_it_herself(world: World) -> None:
    doctor = Staff(world, Role.DOCTOR, "weiss")
    page = doctor.chosen(ORDERED)
    doctor.post(BOOK, doctor.filled(page, BOOK))
    assert new_bookings(world)[0].extras.ordered_by == "weiss"


def test_faults_are_named_and_what_was_typed_stays(world: World, assistant: Staff) -> None:
    fields = assistant.filled(assistant.chosen(SERVICE), BOOK, birth_year="19", phone="")
    answer = assistant.post(BOOK, fields)
    assert answer.status == 422
    assert "Schreiben Sie Ihr Geburtsjahr mit vier Ziffern." in answer.words
    assert answer.form(BOOK)["name"] == ["Rosa Vogel"]
    assert new_bookings(world) == []


def test_a_time_that_has_just_gone_is_told_and_three_others_offered(world: World, assistant: Staff) -> None:
    fields = assistant.filled(assistant.chosen(SERVICE, doctor=world.doctor), BOOK)
    world.book("Karl Eilig", doctor_id=world.doctor)
    answer = assistant.post(BOOK, fields)
    assert answer.status == 409
    assert len(answer.found(".//input[@name='offer']")) == 3
    assert answer.form(BOOK)["name"] == ["Rosa Vogel"]
    assert assistant.post(BOOK, answer.form(BOOK)).status == 200


def test_an_address_that_was_kept_or_spoilt_leads_to_the_beginning(assistant: Staff) -> None:
    assert assistant.get(PERSON).headers["location"].startswith(BOOK)
    assert assistant.get(PERSON, offer="spoilt").status == 303
    assert assistant.post(BOOK, dict(MORE)).status == 303
    assert assistant.get(BOOK, first="soon", time="later", last="never", count="x", weeks="-1").status == 200
    assert assistant.post(BOOK).status in (303, 422)


def test_a_series_is_booked_as_a_whole_with_a_slip_for_each_date(world: World, assistant: Staff) -> None:
    page = assistant.chosen(SERVICE, first="2026-12-03", count="3", weeks="1")
    assert len(page.found(".//ol[@class='series']/li")) == 3
    done = assistant.post(SERIES, assistant.filled(page, SERIES))
    made = new_bookings(world)
    assert "3 Termine gebucht" in done.words
    assert [one.offer.start.date().isoformat() for one in made] == ["2026-12-03", "2026-12-10", "2026-12-17"]
    assert len({one.extras.series_id for one in made}) == 1
    assert len(done.found(".//*[contains(@class, 'sheet')]")) == 3


def test_a_holiday_in_a_series_is_named_and_refused_until_it_is_left_out(world: World, assistant: Staff) -> None:
    page = assistant.chosen(SERVICE, first="2026-12-11", count="3", weeks="1")
    assert "Feiertag" in page.words
    fields = assistant.filled(page, SERIES)
    refused = assistant.post(SERIES, fields)
    assert refused.status == 409
    assert "25. Dezember" in refused.words
    assert new_bookings(world) == []
    (holiday,) = [one.get("value") for one in refused.found(".//input[@name='without']") if "12-25" in one.get("value")]
    assert assistant.post(SERIES, {**fields, "without": [holiday]}).status == 200
    assert len(new_bookings(world)) == 2


def test_who_is_away_and_what_is_taken_is_said_for_each_date(world: World, assistant: Staff) -> None:
    away = {"description": "Urlaub", "during": {"start": "2026-12-10", "end": "2026-12-10"}}
    change(world, "doctors", "rolle-weiss", notAvailable=[away])
    page = assistant.chosen(SERVICE, doctor="weiss", first="2026-12-03", count="2", weeks="1")
    assert "Nicht da (Dr. med. Miriam Weiß)." in page.words


def test_what_lies_more_than_eight_weeks_ahead_is_not_free(assistant: Staff) -> None:
    page = assistant.chosen(SERVICE, count="6", weeks="2")
    assert "Mehr als acht Wochen voraus." in page.words


def test_a_series_of_orders_keeps_the_order(world: World, assistant: Staff) -> None:
    page = assistant.chosen(ORDERED, ordered_by="vogt", count="2", weeks="1")
    assistant.post(SERIES, assistant.filled(page, SERIES))
    assert [one.extras.ordered_by for one in new_bookings(world)] == ["vogt", "vogt"]


def test_a_series_without_any_date_is_no_series(world: World, assistant: Staff) -> None:
    page = assistant.chosen(SERVICE, first="2026-12-03", count="2", weeks="1")
    every = [one.get("value") for one in page.found(".//input[@name='without']")]
    answer = assistant.post(SERIES, assistant.filled(page, SERIES, without=every))
    assert answer.status == 422
    assert "Lassen Sie wenigstens einen Termin stehen." in answer.words
    wrong = assistant.post(SERIES, assistant.filled(page, SERIES, name=""))
    assert wrong.status == 422
    assert new_bookings(world) == []


def someone(**more: str) -> dict[str, str]:
    return {"service": SERVICE, "name": "Otto Ohnesorg", "birth_year": "1950", **more}


def test_who_came_without_an_appointment_is_booked_and_here_with_one_press(world: World, assistant: Staff) -> None:
    page = assistant.post(FIND, someone())
    assert "Erste freie Zeit heute" in page.words
    fields = page.form(WALK_IN)
    for _ in range(2):  # a second press does no harm
        done = assistant.post(WALK_IN, fields)
        assert done.status == 200
    (made,) = new_bookings(world)
    assert made.extras.walk_in
    assert "ist da" in done.words
    with world.centre.db.reading() as tx:
        assert visit.state_of(tx, made.id) is VisitState.ARRIVED


def test_a_gap_that_has_just_gone_is_followed_by_the_next(world: World, assistant: Staff) -> None:
    fields = assistant.post(FIND, someone()).form(WALK_IN)
    world.book("Karl Eilig", doctor_id=world.doctor)
    again = assistant.post(WALK_IN, fields)
    assert again.status == 409
    assert again.form(WALK_IN)["offer"] != fields["offer"]
    assert assistant.post(WALK_IN, again.form(WALK_IN)).status == 200


def test_without_a_gap_it_says_what_works_instead(world: World, assistant: Staff) -> None:
    at(world, "17:50")
    page = assistant.post(FIND, someone())
    assert page.status == 409
    offers = page.buttons("offer", PERSON)
    assert len(offers) == 3
    assert page.found(f".//form[@action='{WAITING}/eintragen']")
    later = assistant.post(PERSON, {**page.form(PERSON), "offer": [offers[0]]})
    assert later.form(BOOK)["name"] == ["Otto Ohnesorg"]
    assert assistant.post(BOOK, later.form(BOOK)).status == 200
    waits = assistant.post(f"{WAITING}/eintragen", page.form(f"{WAITING}/eintragen"))
    assert assistant.post(WAITING, waits.form(WAITING)).status == 200


def test_a_walk_in_lacks_nothing(world: World, assistant: Staff) -> None:
    assert assistant.get(WALK_IN).status == 200
    for lacking in ({"name": ""}, {"birth_year": "x"}, {"service": ""}, {"service": ORDERED}):
        assert assistant.post(FIND, someone(**lacking)).status == 422
        assert assistant.post(WALK_IN, someone(**lacking)).status == 422
    assert assistant.post(FIND, someone(service=ORDERED, ordered_by="weiss")).status in (200, 409)
    assert new_bookings(world) == []


def test_only_who_stands_at_the_desk_sees_walk_ins(world: World) -> None:
    doctor = Staff(world, Role.DOCTOR, "weiss")
    assert doctor.get(WALK_IN).status == 403
    assert "Ohne Termin" not in doctor.get(BOOK).words
