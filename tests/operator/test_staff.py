"""The operator sees who may sign in, gives links, shuts out, and with a second one lets in who lost all passkeys."""

import re
from datetime import timedelta

import pytest

from telemed.identity.model import Actor, Role
from telemed.identity.staff_model import FRESH
from telemed.kit.db import Database
from tests.builders import HandClock
from tests.desk.world import TUESDAY_9, World, make_world
from tests.identity.test_passkeys import Browser

STAFF = "/betrieb/personal"
ANNA, BERTA, WEISS = Actor(Role.OPERATOR, "anna"), Actor(Role.OPERATOR, "berta"), Actor(Role.DOCTOR, "weiss")


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, visits=0, clock=HandClock(TUESDAY_9), exercise=False)


@pytest.fixture
def anna(world: World) -> Browser:
    """An operator at her page."""
    made = Browser(world)
    assert made.comes_first(ANNA).headers["location"] == "/betrieb"
    return made


def states(operator: Browser) -> dict[str, str]:
    return dict(re.findall(r'data-member="([^"]+)" data-state="([^"]+)"', operator.get(STAFF).text))


def test_she_gives_a_link_and_sees_how_far_its_owner_has_come(world: World, anna: Browser) -> None:
    assert (states(anna)["weiss"], states(anna)["anna"]) == ("new", "one")
    page = anna.post(f"{STAFF}/doctor/weiss/link").text
    (link,) = re.findall(r"<code data-link>https://zentrum.localhost(/anmelden/[\w-]+)#[\w-]{43}</code>", page)
    assert states(anna)["weiss"] == "invited"
    weiss = Browser(world)
    answer = weiss.authenticator.create(weiss.asked(f"{link}/frage"))
    assert weiss.post(link, answer=answer).headers["location"] == "/arzt"
    assert states(anna)["weiss"] == "one"
    made = weiss.authenticator.create(weiss.asked("/konto/passkey/frage"))
    weiss.post("/konto/passkey", answer=made, name="Am Bund")
    assert states(anna)["weiss"] == "well"
    assert weiss.get(STAFF).status_code == 403


def test_giving_a_link_wants_a_passkey_anew_and_shutting_out_does_not(world: World, anna: Browser) -> None:
    weiss = Browser(world)
    weiss.comes_first(WEISS)
    anna.forward(FRESH)
    assert anna.get(f"{STAFF}/doctor/weiss").headers["location"].startswith("/anmelden/bestaetigen?weiter=")
    assert anna.post(f"{STAFF}/doctor/weiss/link").headers["location"] == "/anmelden/bestaetigen"
    assert anna.post(f"{STAFF}/doctor/weiss/sperren").status_code == 303
    assert (states(anna)["weiss"], weiss.get("/arzt").status_code) == ("out", 303)
    assert anna.post(f"{STAFF}/operator/anna/sperren").status_code == 403  # nobody shuts herself out
    assert anna.post(f"{STAFF}/doctor/nobody/sperren").status_code == 404


def test_two_operators_give_a_code_and_one_alone_cannot(world: World, anna: Browser) -> None:
    weiss, berta = Browser(world), Browser(world)
    weiss.comes_first(WEISS)
    assert anna.post(f"{STAFF}/neu", name="Berta Blum").status_code == 200
    berta.comes_first(BERTA)
    assert anna.post(f"{STAFF}/doctor/weiss/verloren").headers["location"] == f"{STAFF}#recoveries"
    assert f'href="{STAFF}/code/' not in anna.get(STAFF).text
    (number,) = re.findall(rf'href="{STAFF}/code/(\w+)"', berta.get(STAFF).text)
    assert anna.post(f"{STAFF}/code/{number}").status_code == 403
    assert berta.get(f"{STAFF}/code/{number}").status_code == 200
    page = berta.post(f"{STAFF}/code/{number}").text
    (code,) = re.findall(rf"data-code>({number}(?:-\w{{4}}){{6}})<", page)
    assert "Dr." in page
    assert berta.post(f"{STAFF}/code/{number}").status_code == 404  # shown once
    assert weiss.post("/anmelden/papier", code=code).headers["location"].startswith("/anmelden/")
    assert "data-recovery" not in anna.get(STAFF).text


def test_a_recovery_is_stopped_and_runs_out(world: World, anna: Browser) -> None:
    Browser(world).comes_first(WEISS)
    for _ in range(2):
        anna.post(f"{STAFF}/doctor/weiss/verloren")
    first, second = re.findall(r'data-recovery="(\w+)"', anna.get(STAFF).text)
    assert anna.post(f"{STAFF}/code/{first}/abbrechen").status_code == 303
    assert re.findall(r'data-recovery="(\w+)"', anna.get(STAFF).text) == [second]
    anna.forward(timedelta(hours=24))
    anna.comes()
    assert "data-recovery" not in anna.get(STAFF).text


def test_a_name_that_is_none_is_refused(anna: Browser) -> None:
    for name in ("", "x", "<b>", "   "):
        assert anna.post(f"{STAFF}/neu", name=name).status_code == 422
