"""At a seniors' café: one person after the other on one page, a slip for each, and on after whatever went wrong."""

import pytest

from telemed.kit.db import Database
from telemed.people import consents
from telemed.people.consent import Answer, How, Purpose
from tests.desk.staff import ORDERED, Page, Sent, Staff, audited, booking_of, new_bookings
from tests.desk.world import SERVICE, World, make_world

HERE = "/assistenz/cafe"
PEOPLE = ("Rosa Vogel", "Otto Ohnesorg", "Fatma Yildiz", "Hans Albert", "Ludwig Lang")


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def staff(world: World) -> Staff:
    return Staff(world)


def typed(page: Page, name: str, **more: str) -> Sent:
    """What the form sends after two fields: the first time is chosen already."""
    form = page.found(f".//form[@action='{HERE}'][@method='post']")[0]
    fields: Sent = {}
    for field, value in form.form_values():
        fields.setdefault(field, []).append(value)
    return fields | {"name": [name], "birth_year": ["1941"]} | {field: [value] for field, value in more.items()}


def test_five_people_in_a_row_need_two_fields_and_one_press_each(world: World, staff: Staff) -> None:
    page = staff.get(HERE, service=SERVICE)
    for n, name in enumerate(PEOPLE, start=1):
        page = staff.post(HERE, typed(page, name))
        assert page.status == 200
        assert f"Gebucht: {name}" in page.words
        assert len(page.found(".//ol[@class='series']/li")) == n
        assert page.found(".//*[contains(@class, 'print-only')]//*[@class='qr']")  # the slip to print
        assert page.found(".//input[@id='name']")[0].value in (None, "")
    (all_of_it,) = page.found(".//form[@action='/assistenz/cafe/zettel.pdf']")
    assert [name for name, _ in all_of_it.form_values()].count("done") == len(PEOPLE)
    made = new_bookings(world)
    assert len(made) == 5
    assert len({one.offer.start for one in made}) == 5
    people = staff.get("/assistenz/termine", tag=f"{made[0].offer.start:%Y-%m-%d}").words
    assert all(name in people for name in PEOPLE)


def test_after_a_mistake_everything_typed_stays_and_the_round_goes_on(world: World, staff: Staff) -> None:
    page = staff.post(HERE, typed(staff.get(HERE, service=SERVICE), "Rosa Vogel"))
    page = staff.post(HERE, typed(page, "Otto Ohnesorg", birth_year="41"))
    assert page.status == 422
    assert page.found(".//input[@id='name']")[0].value == "Otto Ohnesorg"
    assert len(page.found(".//ol[@class='series']/li")) == 1
    fields = typed(page, "Otto Ohnesorg")
    taken = staff.post(HERE, {**fields, "request_id": ["r" * 43], "name": ["Eine Andere"]})
    assert taken.status == 200
    page = staff.post(HERE, fields)  # the time has gone meanwhile
    assert page.status == 409
    page = staff.post(HERE, typed(page, "Otto Ohnesorg"))
    assert "Gebucht: Otto Ohnesorg" in page.words
    assert len(new_bookings(world)) == 3
    again = typed(page, "Hans Albert")
    for _ in range(2):  # sent twice it is once
        assert staff.post(HERE, again).status == 200
    assert len(new_bookings(world)) == 4


def test_a_number_makes_it_a_call_and_what_was_said_of_the_video_is_noted_with_its_witness(
    world: World, staff: Staff
) -> None:
    page = staff.get(HERE, service=SERVICE)
    assert not page.found(".//input[@name='consent'][@checked]")
    staff.post(HERE, typed(page, "Rosa Vogel", phone="03641 123456", consent="yes"))
    (made,) = new_bookings(world)
    with world.centre.db.reading() as tx:
        said = consents.current(tx, made.person_id)
    assert set(said) == {Purpose.VIDEO}
    noted = said[Purpose.VIDEO]
    assert (noted.answer, noted.how, noted.witness) == (Answer.YES, How.SPOKEN, "lindner")
    assert "03641 123456" in staff.get(f"/assistenz/termin/{made.id}").text
    assert booking_of(world, made.id).offer.service_id == SERVICE
    assert audited(world, consents.PURPOSE) >= 1


def test_what_only_a_doctor_orders_is_not_offered_there(staff: Staff) -> None:
    page = staff.get(HERE, service=ORDERED)
    assert not page.found(f".//form[@action='{HERE}'][@method='post']")
    assert ORDERED not in page.found(".//select[@id='service']")[0].value_options
