"""Consent on pages: by herself, and in front of staff; a no keeps the doctor out at the next request."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from fastapi.testclient import TestClient

from schemas.day import FactKind
from telemed.booking import service as booking
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.people import consents
from telemed.people.consent import Answer, ConsentRefused, How, Purpose
from telemed.visit import service as visit
from tests.builders import HandClock
from tests.desk.test_guests import ASSISTANT, House
from tests.desk.world import TUESDAY_9, World, make_world

OWN = "/mein-termin/einwilligung"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, clock=HandClock(TUESDAY_9), exercise=False)


@pytest.fixture
def house(world: World) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(world, stack)


def resident(house: House) -> TestClient:
    return house.browser(Role.RESIDENT, house.world.visits[0])


def say(client: TestClient, path: str, purpose: Purpose, answer: Answer, **more: str) -> None:
    sent = {"purpose": purpose.value, "answer": answer.value, **more}
    assert client.post(path, data=sent).headers["location"] == f"{path}#{purpose.value}"


def test_nothing_is_chosen_beforehand_and_each_answer_is_one_press(house: House) -> None:
    client = resident(house)
    page = client.get(OWN).text
    assert 'aria-pressed="true"' not in page
    assert page.count("Hier fehlt noch Ihre Antwort") == len(Purpose)
    assert "Bitte sagen Sie uns vor dem Termin noch Ja oder Nein." in client.get("/mein-termin").text
    for purpose, answer in zip(Purpose, (Answer.YES, Answer.NO, Answer.DISCUSS, Answer.YES), strict=True):
        say(client, OWN, purpose, answer)
    page = client.get(OWN).text
    assert page.count('aria-pressed="true"') == len(Purpose)
    assert page.count("Sie haben Ja gesagt") == 2
    assert "Bitte sagen Sie uns" not in client.get("/mein-termin").text
    assert client.post(OWN, data={"purpose": "all", "answer": "yes"}).status_code == 422


def test_staff_note_what_was_said_and_stand_there_as_witness(house: House) -> None:
    path = f"/besuch/{house.world.visits[0]}/einwilligung"
    assistant = house.browser(Role.ASSISTANT, ASSISTANT)
    day = assistant.get("/assistenz").text
    assert "Einwilligung fehlt" in day
    say(assistant, path, Purpose.VIDEO, Answer.YES)
    say(assistant, path, Purpose.LETTER, Answer.DISCUSS, how="paper")
    for purpose in (Purpose.REMINDERS, Purpose.RELATIVE):
        say(assistant, path, purpose, Answer.YES, how="online")  # nobody says it online for somebody else
    with house.world.centre.db.reading() as tx:
        person = booking.get(tx, house.world.visits[0]).person_id
        said = consents.current(tx, person)
    assert [one.how for one in said.values()] == [How.SPOKEN, How.PAPER, How.SPOKEN, How.SPOKEN]
    assert {one.witness for one in said.values()} == {ASSISTANT}
    assert "Notiert von" in assistant.get(path).text
    assert "Einwilligung besprechen" in assistant.get("/assistenz").text
    for role, subject, status in ((Role.DOCTOR, "somebody", 404), (Role.OPERATOR, "op", 403), (None, "", 401)):
        browser = house.browser(role, subject)
        assert browser.get(path).status_code == status
        assert browser.post(path, data={"purpose": "video", "answer": "yes"}).status_code == status


def test_a_no_to_the_talk_keeps_the_doctor_out_until_there_is_a_yes(house: House) -> None:
    world, visit_id, doctor = house.world, house.world.visits[0], house.doctor()
    world.happen(visit_id, FactKind.ARRIVED, FactKind.CALLED)
    call, path = f"/arzt/besuch/{visit_id}", f"/besuch/{visit_id}/einwilligung"
    assert "Video-Gespräch: Noch nicht gefragt" in doctor.get(call).text
    say(resident(house), OWN, Purpose.VIDEO, Answer.NO)
    assert doctor.get(call).headers["location"] == path
    assert "steht hier ein Nein" in doctor.get(path).text
    with world.centre.db.reading() as tx:
        with pytest.raises(ConsentRefused):
            visit.admit_to_talk(tx, visit_id, Actor(Role.DOCTOR, world.doctor), now=world.now)
        visit.admit(tx, visit_id, Actor(Role.DOCTOR, world.doctor), now=world.now)  # to end the visit
    say(doctor, path, Purpose.VIDEO, Answer.YES)
    assert "Video-Gespräch: Ja" in doctor.get(call).text


def test_a_no_to_guests_keeps_relatives_out_and_nobody_else(house: House) -> None:
    world, visit_id = house.world, house.world.visits[0]
    relative, interpreter = house.invited(), house.invited("interpreter")
    world.happen(visit_id, FactKind.ARRIVED, FactKind.CALLED)
    say(resident(house), OWN, Purpose.RELATIVE, Answer.NO)
    with pytest.raises(ConsentRefused):
        house.admits(relative["id"])
    assert house.admits(interpreter["id"]) == "interpreter"
    say(resident(house), OWN, Purpose.RELATIVE, Answer.DISCUSS)
    assert house.admits(relative["id"]) == "relative"
