"""The operator's page of templates: what is shown, what a choice does, and who may not make it."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from telemed.booking import service as booking
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.directory.model import Template
from telemed.identity.model import Role
from telemed.kit.db import Database
from tests.desk.test_pages import ASSISTANT, browser
from tests.desk.world import World, make_world

PAGE = "/betrieb/vorlagen"
SERVICE = "allgemein-20-blutdruck"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, visits=0)


@pytest.fixture
def operator(world: World) -> TestClient:
    return browser(world, Role.OPERATOR, "operator")


def test_the_page_shows_what_each_template_costs_and_warns_of_overbooking(operator: TestClient) -> None:
    assert "/betrieb/vorlagen" in operator.get("/betrieb").text
    assert "data-template" not in operator.get(PAGE).text
    page = operator.get(f"{PAGE}?doctor=weiss&service_id={SERVICE}").text
    for name in (*Template, "overbooked"):
        assert f'data-template="{name}"' in page
    assert page.count("<svg width") == 15
    assert page.count('name="template"') == 3  # neither the one that holds nor overbooking
    assert "Überbuchen zeigen wir nur zum Vergleich." in page


def test_the_overview_counts_notices_by_channel_and_says_that_nothing_was_learnt_yet(operator: TestClient) -> None:
    page = operator.get("/betrieb").text
    for channel in ("email", "sms", "push", "call"):
        assert f'data-channel="{channel}"' in page
    assert "Noch ist kein Tag vorbei" in page
    assert "data-undelivered" not in page


def test_a_choice_holds_and_changes_the_times_that_are_offered(world: World, operator: TestClient) -> None:
    before = offered(world)
    sent = operator.post(PAGE, data={"doctor": "weiss", "service_id": SERVICE, "template": "longer"})
    assert sent.status_code == 303
    after = offered(world)
    assert set(after) < set(before)
    with world.centre.db.reading() as tx:
        assert directory.load(tx).doctors["weiss"].template is Template.LONGER
    assert 'value="longer"' not in operator.get(sent.headers["location"]).text
    operator.post(PAGE, data={"doctor": "weiss", "service_id": SERVICE, "template": "individual"})
    assert offered(world) == before


def offered(world: World) -> list[str]:
    """When the next two days' visits with the doctor may begin."""
    with world.centre.db.reading() as tx:
        wish = Wish(What(SERVICE, ("weiss",)), world.now, world.now + timedelta(days=2))
        found = booking.offers(tx, directory.load(tx), wish, now=world.now, limit=300)
    return sorted({each.start.isoformat() for each in found})


def test_nobody_else_chooses_and_nothing_else_is_chosen(world: World, operator: TestClient) -> None:
    wish = {"doctor": "weiss", "template": "dome"}
    assert browser(world, Role.ASSISTANT, ASSISTANT).post(PAGE, data=wish).status_code == 403
    assert operator.post(PAGE, data={**wish, "template": "overbooked"}).status_code == 422
    assert operator.post(PAGE, data={**wish, "doctor": "nobody"}).status_code == 404
    assert operator.get(f"{PAGE}?doctor=nobody").status_code == 404
