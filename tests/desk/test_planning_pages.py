"""What holds for every page of the planning desk."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest

from telemed.booking import service as booking
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.identity.model import Role
from telemed.kit.db import Database
from telemed.kit.outbox import Relay
from tests.desk.staff import (
    BOOK,
    URGENT,
    WAITING,
    WALK_IN,
    Page,
    Staff,
    booking_of,
    waits,
    wall,
)
from tests.desk.world import NAMES, SERVICE, World, make_world


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def assistant(world: World) -> Staff:
    return Staff(world)


def every_page(world: World) -> Iterator[str]:
    yield from (
        BOOK,
        f"{WAITING}/eintragen",
        WAITING,
        URGENT,
        "/assistenz/verlegen",
        "/assistenz/bestaetigen",
        "/assistenz/termine",
        WALK_IN,
    )
    yield f"/assistenz/termin/{world.visits[0]}"


def test_each_page_is_shut_to_others(world: World) -> None:
    for path in every_page(world):
        assert Staff(world, Role.OPERATOR, "operator").get(path).status == 403
        assert Staff(world, Role.CLIENT, "client").get(path).status == 403


def test_every_page_says_only_words_of_the_catalogue(world: World, assistant: Staff) -> None:
    waits(world, first=False)
    for path in every_page(world):
        page = assistant.get(path)
        assert page.status == 200, path
        assert "⟦" not in page.text, path


def test_no_name_stands_in_an_address(world: World, assistant: Staff) -> None:
    waits(world, first=False)
    seen: list[Page] = [assistant.get(path) for path in every_page(world)]
    seen.append(assistant.post(BOOK, assistant.filled(assistant.chosen(SERVICE), BOOK)))
    for page in seen:
        addresses = re.findall(r'(?:href|action|formaction)="([^"]*)"', page.text)
        for name in (*NAMES, "Vogel", "Wanda"):
            assert not any(part in address for address in addresses for part in name.split()), name


def test_who_does_not_come_leaves_the_time_to_others(world: World, assistant: Staff) -> None:
    missed = booking_of(world, world.visits[0])
    clash = {"doctor": missed.offer.doctor_id, "first": "2026-12-01", "time": wall(world, missed.offer.start)}
    shown = f"{wall(world, missed.offer.start)} Uhr"
    assert not any(
        text.startswith(shown) for text in assistant.offers(SERVICE, **clash).texts(".//button[@name='offer']")
    )
    assistant.post(f"/assistenz/besuch/{missed.id}/kommt-nicht")
    world.centre.the(Relay).deliver()
    offers = assistant.offers(SERVICE, **clash).texts(".//button[@name='offer']")
    assert any(text.startswith(shown) for text in offers)


def test_the_operator_sees_what_was_looked_for_in_vain_and_no_small_number(world: World) -> None:
    with world.centre.db.transaction() as tx:
        for service_id, times in ((SERVICE, 5), ("haut-15", 4)):
            wish = Wish(What(service_id), world.now, world.now + timedelta(hours=1))
            for _ in range(times):
                booking.count_unmet(tx, directory.load(tx), wish)
    page = Staff(world, Role.OPERATOR, "operator").get("/betrieb")
    rows = page.texts(".//section[@aria-labelledby='unmet']//tbody/tr")
    assert rows == ["Allgemeinmedizin Dienstag 5", "Haut Dienstag weniger als 5"]
