"""A relative comes by her own link, does what her mandate says, in her own name, and nothing once it is ended."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from schemas.day import FactKind
from telemed.booking import service as booking
from telemed.booking.model import Status
from telemed.identity.model import Role
from telemed.kit.db import Database
from telemed.notify import delivery
from telemed.notify.carriers import Carriers
from telemed.notify.model import Channel
from telemed.notify.service import Desk
from telemed.people import service as people
from tests.builders import HandClock
from tests.desk.test_guests import ASSISTANT, House
from tests.desk.world import SERVICE, TUESDAY_9, World, make_world

OWN = "/mein-termin/angehoerige"
FORM = {"name": "Anna Sommer", "contact": "anna@beispiel.example", "lasts": "month"}
MAIL = frozenset({Channel.EMAIL, Channel.CALL})


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, clock=HandClock(TUESDAY_9), exercise=False)


@pytest.fixture
def house(world: World) -> Iterator[House]:
    world.centre.live[Carriers] = Carriers(Desk(world.centre.secrets, there=MAIL))
    with ExitStack() as stack:
        yield House(world, stack)


def resident(house: House) -> TestClient:
    return house.browser(Role.RESIDENT, house.world.visits[1])


def give(client: TestClient, *scopes: str, path: str = OWN) -> str:
    """The path of the link that is shown once."""
    page = client.post(path, data={**FORM, "scopes": list(scopes)})
    assert page.status_code == 200
    found = re.search(r"https?://[^<\s]+/vertretung/[^<\s]+", page.text)
    assert found
    return urlsplit(found[0]).path


def relative(house: House, *scopes: str) -> TestClient:
    client, path = house.browser(), give(resident(house), *scopes)
    assert client.get(path).status_code == client.get(path).status_code == 200  # looking changes nothing
    assert client.get("/fuer").status_code == 401
    assert client.post(path).headers["location"] == "/fuer"
    return client


def offers(page: str) -> list[str]:
    return re.findall(r'name="offer" value="([^"]+)"', page)


def choose(client: TestClient, path: str) -> None:
    """Choose the first time that is suggested, and confirm it."""
    code = offers(client.get(path).text)[0]
    page = client.post(path, data={"offer": code}).text
    request_id = re.findall(r'name="request_id" value="([^"]+)"', page)[0]
    for _ in range(2):  # sent twice it is once
        done = client.post(f"{path}/fertig", data={"offer": code, "request_id": request_id})
        assert done.status_code == 303


def test_she_sees_for_whom_she_acts_and_only_that_person_s_times(house: House) -> None:
    page = relative(house).get("/fuer").text
    assert "Für: Karl Winter" in page
    assert page.count("Dienstag, 1. Dezember") == 1
    assert "Erika Sommer" not in page
    for way in ("Andere Zeit", "Absagen", "Beim Gespräch", "Termin buchen"):
        assert way not in page


def test_without_the_scope_nothing_is_done(house: House) -> None:
    client, visit_id = relative(house), house.world.visits[1]
    for path in (f"/fuer/termin/{visit_id}/absagen", f"/fuer/termin/{visit_id}/dabei", f"/fuer/buchen/{SERVICE}"):
        assert client.post(path).status_code == 403
    assert client.get("/fuer/buchen").status_code == 403
    for path in ("/mein-termin", "/meine-daten", OWN, "/arzt", "/assistenz"):
        assert client.get(path).status_code == 403


def test_she_moves_books_and_cancels_in_her_own_name(house: House) -> None:
    world, client = house.world, relative(house, "change", "book")
    old = world.visits[1]
    choose(client, f"/fuer/termin/{old}/verschieben")
    with world.centre.db.reading() as tx:
        new = booking.current(tx, old)
        assert booking.get(tx, old).status is Status.CANCELLED
        assert new.id != old
        lines = [line for line in people.lines_of(tx, new.person_id) if line.role == "relative"]
    assert {line.deed for line in lines} >= {"read", "write"}
    choose(client, f"/fuer/buchen/{SERVICE}")
    page = client.get("/fuer?getan=booked").text
    assert "Der Termin ist gebucht" in page
    assert page.count("/absagen") == 2
    ask = f"/fuer/termin/{new.id}/absagen"
    assert "Diesen Termin absagen?" in client.get(ask).text
    assert client.post(ask).headers["location"] == "/fuer?getan=cancelled"
    with world.centre.db.reading() as tx:
        assert booking.get(tx, new.id).status is Status.CANCELLED


def test_what_is_chosen_is_sent_with_the_session_s_token(house: House) -> None:
    """A button that makes a POST of a form for looking would be sent without one, and refused as an old page."""
    client, own = relative(house, "change", "book"), resident(house)
    paths = f"/fuer/buchen/{SERVICE}", f"/fuer/termin/{house.world.visits[1]}/verschieben", "/mein-termin/verschieben"
    for who, path in zip((client, client, own), paths, strict=True):
        page = who.get(path).text
        assert "formmethod" not in page
        assert re.search(r'<form method="post"[^>]*id="choose"><input type="hidden" name="form_token"', page)
        assert 'form="choose"' in page


def test_others_appointments_are_as_if_there_were_none(house: House) -> None:
    client, other = relative(house, "change", "join", "book"), house.world.visits[0]
    for way in ("absagen", "dabei", "verschieben/fertig"):
        assert client.post(f"/fuer/termin/{other}/{way}").status_code == 404
    assert client.get(f"/fuer/termin/{other}/verschieben").status_code == 404


def test_who_has_come_is_not_moved_by_others(house: House) -> None:
    client, own = relative(house, "change"), house.world.visits[1]
    house.world.happen(own, FactKind.ARRIVED)
    assert client.post(f"/fuer/termin/{own}/absagen").status_code == 409


def test_she_joins_from_elsewhere_by_an_invitation_as_the_doctor_would_give_it(house: House) -> None:
    client, own = relative(house, "join"), house.world.visits[1]
    path = client.post(f"/fuer/termin/{own}/dabei").headers["location"]
    assert "Einladung zu einem Gespräch" in client.get(path).text
    assert client.post(path).headers["location"] == "/gast"
    assert client.get("/gast").status_code == 200
    resident(house).post("/mein-termin/einwilligung", data={"purpose": "relative", "answer": "no"})
    assert client.post(f"/fuer/termin/{own}/dabei").status_code == 409


def test_the_resident_ends_it_with_two_presses_and_the_next_request_is_refused(house: House) -> None:
    client, own = relative(house, "change"), resident(house)
    assert f'href="{OWN}"' in own.get("/mein-termin").text  # the first press
    ways = re.findall(rf'action="({OWN}/[^"]+/ende)"', own.get(OWN).text)
    assert own.post(ways[0]).status_code == 303  # the second one
    assert client.get("/fuer").status_code == 403
    assert "Sie dürfen hier nicht mehr helfen" in client.get("/fuer").text
    assert own.post(ways[0]).status_code == 404
    assert "Diese Menschen helfen Ihnen" not in own.get(OWN).text


def test_it_runs_out_by_itself(house: House) -> None:
    path, clock = give(resident(house)), house.world.centre.clock
    assert isinstance(clock, HandClock)
    clock.forward(timedelta(days=31))
    assert house.browser().get(path).status_code == 410


def test_staff_note_it_and_see_who_acted_for_whom(house: House) -> None:
    world, own = house.world, house.world.visits[1]
    assistant, client = house.browser(Role.ASSISTANT, ASSISTANT), house.browser()
    path = f"/besuch/{own}/angehoerige"
    link = give(assistant, "change", path=path)
    client.post(link)
    assert "Anna Sommer für Karl Winter" not in assistant.get("/assistenz").text
    choose(client, f"/fuer/termin/{own}/verschieben")
    assert "Anna Sommer für Karl Winter" in assistant.get("/assistenz").text
    ways = re.findall(rf'action="({path}/[^"]+/ende)"', assistant.get(path).text)
    assert assistant.post(ways[0]).status_code == 303
    assert client.get("/fuer").status_code == 403
    assert "Anna Sommer" not in assistant.get("/assistenz").text
    assert house.browser(Role.DOCTOR, "somebody").get(path).status_code == 404
    with world.centre.db.reading() as tx:
        roles = {line.role for line in people.lines_of(tx, booking.get(tx, own).person_id)}
    assert {"assistant", "relative"} <= roles


def test_her_link_is_sent_to_her_in_words_that_name_nobody(house: House) -> None:
    world = house.world
    link = give(resident(house))
    desk = world.centre.the(Carriers).desk
    with world.centre.db.transaction() as tx:
        taken = delivery.take_due(tx, desk, Channel.EMAIL, "test", limit=9, now=world.now)
        ((_, parcel),) = delivery.pack(tx, desk, taken, url="https://zentrum.localhost", now=world.now)
    assert (parcel.to, urlsplit(parcel.link).path) == (FORM["contact"], link)
    assert parcel.text.startswith("Jena-Lobeda: K. W. bittet Sie um Hilfe")
    assert "Sommer" not in parcel.text + parcel.title + parcel.footer
    assert "Winter" not in parcel.text + parcel.title + parcel.footer


def test_a_link_of_a_mandate_that_was_ended_is_not_sent(house: House) -> None:
    world, own = house.world, resident(house)
    give(own)
    (end,) = re.findall(rf'action="({OWN}/[^"]+/ende)"', own.get(OWN).text)
    own.post(end)
    desk = world.centre.the(Carriers).desk
    with world.centre.db.transaction() as tx:
        taken = delivery.take_due(tx, desk, Channel.EMAIL, "test", limit=9, now=world.now)
        assert len(taken) == 1
        assert delivery.pack(tx, desk, taken, url="https://zentrum.localhost", now=world.now) == []


@pytest.mark.parametrize("wrong", [{"name": "A"}, {"contact": "030 123456"}, {"contact": "anna"}])
def test_what_is_wrong_is_said_and_what_was_typed_stays(house: House, wrong: dict[str, str]) -> None:
    page = resident(house).post(OWN, data={**FORM, **wrong})
    assert page.status_code == 422
    assert "/vertretung/" not in page.text
    assert f'value="{wrong.get("contact", FORM["contact"])}"' in page.text
