"""Who has only the slip, or remembers it, is found at the desk: pictures, digits, year of birth; ten tries."""

import pytest

from schemas.day import PICTURES
from telemed.booking import service as booking
from telemed.booking.model import Booked, Request
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.identity.model import ANYONE
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from telemed.people.model import Person, Way
from tests.desk.staff import Staff
from tests.desk.world import SERVICE, World, make_world

HERE = "/assistenz/zettel"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


def booked(world: World) -> Booked:
    """Somebody has the first free time."""
    with world.centre.db.transaction() as tx:
        known = directory.load(tx)
        end = world.now.replace(hour=20)
        (offer,) = booking.offers(tx, known, Wish(What(SERVICE), world.now, end), now=world.now, limit=1)
        person = Person("Rosa Vogel", 1941, Way.PAPER)
        return booking.book(tx, world.centre.secrets, Request(new_token(), offer, person), actor=ANYONE, now=world.now)


def typed(made: Booked, **changes: str | list[str]) -> dict[str, str | list[str]]:
    right: dict[str, str | list[str]] = {"pictures": list(dict.fromkeys(made.reference.pictures))}
    return {**right, "digits": made.reference.digits, "birth_year": "1941", **changes}


def test_the_slip_leads_to_the_appointment(world: World) -> None:
    made = booked(world)
    page = Staff(world).post(HERE, typed(made))
    assert (page.status, page.headers["location"]) == (303, f"/assistenz/termin/{made.id}")


def test_whatever_is_wrong_is_answered_alike_and_after_ten_tries_not_at_all(world: World) -> None:
    made, staff = booked(world), Staff(world)
    wrong: list[dict[str, str | list[str]]] = [
        {"digits": "000000"},
        {"birth_year": "1942"},
        {"pictures": ["fish"]},
        {"pictures": []},
        {"digits": ""},
    ]
    pages = [staff.post(HERE, typed(made, **one)) for one in [*wrong, *wrong]]
    assert {(page.status, page.texts(".//*[@role='alert']")[0]) for page in pages} == {
        (422, pages[0].texts(".//*[@role='alert']")[0])
    }
    assert staff.post(HERE, typed(made)).status == 429


def test_looking_asks_for_what_stands_on_the_slip(world: World) -> None:
    page = Staff(world).get(HERE)
    assert len(page.found(".//input[@name='pictures']")) == len(PICTURES)
    assert page.found(".//input[@name='digits']")
