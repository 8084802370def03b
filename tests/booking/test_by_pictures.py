"""Who does not read books by pictures: yes, no or help at each, and four digits."""

from urllib.parse import parse_qsl

import pytest

from telemed.booking import service
from telemed.kit.db import Database
from telemed.people import service as people
from tests.booking.residents import Answer, Resident, lobeda, make_app
from tests.builders import OPERATOR, World


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return lobeda(sqlite_database)


@pytest.fixture
def resident(world: World) -> Resident:
    return Resident(make_app(world.centre))


def tap(resident: Resident, page: Answer, which: str) -> Answer:
    """The page behind one of the big answers."""
    (found,) = page.found(f".//a[contains(@class, 'answer-{which}')]")
    return go(resident, found.get("href"))


def go(resident: Resident, href: str) -> Answer:
    path, _, query = href.partition("?")
    return resident.get(path, **dict(parse_qsl(query)))


def test_each_no_shows_another_picture_and_another_time_until_all_were_shown(resident: Resident) -> None:
    first = resident.get("/bilder")
    second = tap(resident, first, "no")
    assert first.texts(".//h1") != second.texts(".//h1")
    time = tap(resident, first, "yes")
    shown = {time.texts(".//h1")[0]}
    for _ in range(3):
        time = tap(resident, time, "no")
        shown.add(time.texts(".//h1")[0])
    assert len(shown) == 3
    assert all(page.found(".//a[@href='/hilfe']") for page in (first, second, time))


def test_four_digits_and_a_yes_book_and_the_name_is_told_later(world: World, resident: Resident) -> None:
    time = tap(resident, resident.get("/bilder"), "yes")
    page = resident.post("/bilder/jahr", time.fields())
    for digit in "1948":
        page = resident.post("/bilder/jahr", {**page.fields(), "digit": digit})
    assert page.texts(".//h1") == ["1948"]
    page = resident.post("/bilder/jahr", {**page.fields(), "wipe": "1"})
    assert page.values("digit") == list("1234567890")
    for digit in "1951":
        page = resident.post("/bilder/jahr", {**page.fields(), "digit": digit})
    sent = page.fields()
    done = resident.post("/bilder/buchen", sent)
    (said,) = [one.get("data-say") for one in done.found(".//*[@data-say]")]
    assert said.count(", ") == 3
    again = resident.post("/bilder/buchen", sent)
    assert again.texts(".//*[@data-say]") == done.texts(".//*[@data-say]")
    with world.db.transaction() as tx:
        (booking,) = service.on_day(tx, world.directory, world.now.date())
        person = people.details(tx, world.secrets, booking.person_id, actor=OPERATOR, purpose="test", now=world.now)
    assert (person.name, person.birth_year) == ("Noch ohne Namen", 1951)


@pytest.mark.parametrize("year", ["1492", "2099"])
def test_a_year_that_cannot_be_is_asked_for_again(resident: Resident, year: str) -> None:
    time = tap(resident, resident.get("/bilder"), "yes")
    page = resident.post("/bilder/jahr", {**time.fields(), "year": year})
    assert page.status == 422
    assert page.values("wipe") == ["1"]
    assert page.found(".//*[@role='alert']")


def test_an_address_that_was_kept_leads_to_the_beginning(resident: Resident) -> None:
    for path in ("/bilder/jahr", "/bilder/buchen", "/bilder/zeit?fach=nothing"):
        assert go(resident, path).headers["location"] == "/bilder"
    assert resident.post("/bilder/jahr", {}).headers["location"] == "/bilder"
