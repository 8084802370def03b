"""The pages of staff over HTTP: who sees what, what a button does, and what stays as it was."""

import html
import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from schemas.checks import UNCHECKED, CheckResult, Severity
from schemas.day import FactKind
from telemed.booking import service as booking
from telemed.identity import service as identity
from telemed.identity.model import Actor, Role
from telemed.identity.rights import SESSION_COOKIE
from telemed.kit.clock import RealClock
from telemed.kit.db import Database
from telemed.link.service import Lines
from telemed.people import service as people
from telemed.people.store import audit_lines
from telemed.visit import model as visit_model
from telemed.visit import service as visit
from tests.desk.world import NAMES, ROOM, World, make_app, make_world

ASSISTANT = "lindner"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


def browser(world: World, role: Role | None = None, subject: str = "") -> TestClient:
    """A browser of somebody of the staff, or of nobody."""
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    client = TestClient(make_app(world.centre), "https://zentrum.localhost", headers=headers, follow_redirects=False)
    if role is not None:
        client.cookies.set(SESSION_COOKIE, world.session(role, subject))
    return client


@pytest.fixture
def doctor(world: World) -> TestClient:
    return browser(world, Role.DOCTOR, world.doctor)


@pytest.fixture
def assistant(world: World) -> TestClient:
    return browser(world, Role.ASSISTANT, ASSISTANT)


def state(world: World, visit_id: str) -> visit_model.VisitState:
    with world.centre.db.reading() as tx:
        facts = [fact for fact in visit.facts_on(tx, ROOM, now=world.now) if fact.visit_id == visit_id]
    return visit_model.state_of(facts)


def audited(world: World) -> int:
    with world.centre.db.reading() as tx:
        return tx.execute(select(func.count()).select_from(audit_lines)).scalar_one()


def test_looking_at_a_sign_in_link_does_not_use_it(world: World) -> None:
    with world.centre.db.transaction() as tx:
        token = identity.invite(tx, Actor(Role.DOCTOR, world.doctor), now=world.now)
    with browser(world) as client:
        for _ in range(2):
            assert client.get(f"/anmelden/{token}").status_code == 200
        answer = client.post(f"/anmelden/{token}")
        assert answer.headers["location"] == "/arzt"
        assert client.get("/arzt").status_code == 200
        assert client.post(f"/anmelden/{token}").status_code == 410


@pytest.mark.parametrize(
    ("role", "start"), [(Role.DOCTOR, "/arzt"), (Role.ASSISTANT, "/assistenz"), (Role.OPERATOR, "/betrieb")]
)
def test_the_session_cookie_is_for_this_site_over_https_and_no_script(world: World, role: Role, start: str) -> None:
    with world.centre.db.transaction() as tx:
        token = identity.invite(tx, Actor(role, "someone"), now=world.now)
    answer = browser(world).post(f"/anmelden/{token}")
    cookie = answer.headers["set-cookie"].lower()
    assert answer.headers["location"] == start
    assert cookie.startswith(f"{SESSION_COOKIE.lower()}=")
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "domain" not in cookie


def test_after_signing_out_the_session_opens_nothing_even_if_kept(world: World, doctor: TestClient) -> None:
    kept = doctor.cookies[SESSION_COOKIE]
    assert doctor.post("/abmelden").status_code == 200
    again = browser(world)
    again.cookies.set(SESSION_COOKIE, kept)
    assert again.get("/arzt").status_code == 401


@pytest.mark.parametrize("path", ["/arzt", "/arzt/stand", "/assistenz", f"/assistenz/raum/{ROOM}/stand", "/betrieb"])
def test_each_page_is_shut_to_nobody_and_to_the_wrong_role(world: World, path: str) -> None:
    assert browser(world).get(path).status_code == 401
    assert browser(world, Role.CLIENT, "client").get(path).status_code == 403


def test_the_doctor_sees_who_is_there_since_when_and_what_they_need(world: World, doctor: TestClient) -> None:
    world.happen(world.visits[0], FactKind.ARRIVED)
    page = doctor.get("/arzt").text
    assert NAMES[0] in page
    assert "hört schlecht" in page
    assert "seit 09:0" in page


def test_another_doctor_sees_nothing_of_it(world: World) -> None:
    other = next(each for each in ("weiss", "hartung", "aydin", "novak") if each != world.doctor)
    page = browser(world, Role.DOCTOR, other).get("/arzt").text
    assert NAMES[0] not in page


def test_asking_whether_the_page_is_true_reads_nothing_personal(
    world: World, doctor: TestClient, assistant: TestClient
) -> None:
    before = audited(world)
    first = doctor.get("/arzt/stand").json()
    assert assistant.get(f"/assistenz/raum/{ROOM}/stand").status_code == 200
    assert audited(world) == before
    world.happen(world.visits[0], FactKind.ARRIVED)
    assert doctor.get("/arzt/stand").json() != first
    doctor.get("/arzt")
    assert audited(world) == before + len(world.visits)


def test_the_page_says_which_version_it_shows(doctor: TestClient) -> None:
    shown = re.search(r'data-version="(\w+)"', doctor.get("/arzt").text)
    assert shown is not None
    assert shown[1] == doctor.get("/arzt/stand").json()["version"]


def test_calling_leads_straight_into_the_call(world: World, doctor: TestClient) -> None:
    world.happen(world.visits[0], FactKind.ARRIVED)
    answer = doctor.post("/arzt/aufrufen")
    assert answer.headers["location"] == f"/arzt/besuch/{world.visits[0]}?sofort=1"
    assert state(world, world.visits[0]) is visit_model.VisitState.CALLED
    page = doctor.get(answer.headers["location"]).text
    assert NAMES[0] in page
    assert NAMES[1] not in page


def test_with_nobody_waiting_the_button_is_off_and_a_call_is_refused(doctor: TestClient) -> None:
    assert re.search(r'<button class="big" disabled>', doctor.get("/arzt").text)
    assert doctor.post("/arzt/aufrufen").status_code == 409


def test_a_call_that_is_not_the_doctors_or_not_called_is_shut(world: World, doctor: TestClient) -> None:
    assert doctor.get(f"/arzt/besuch/{world.visits[0]}").status_code == 409
    assert doctor.get("/arzt/besuch/unknown").status_code == 404
    world.happen(world.visits[0], FactKind.ARRIVED, FactKind.CALLED)
    other = next(each for each in ("weiss", "hartung", "aydin", "novak") if each != world.doctor)
    stranger = browser(world, Role.DOCTOR, other)
    assert stranger.get(f"/arzt/besuch/{world.visits[0]}").status_code == 403
    assert stranger.post(f"/arzt/besuch/{world.visits[0]}/ende").status_code == 403
    assert state(world, world.visits[0]) is visit_model.VisitState.CALLED


def test_ending_ends_once(world: World, doctor: TestClient) -> None:
    world.happen(world.visits[0], FactKind.ARRIVED, FactKind.CALLED)
    assert doctor.post(f"/arzt/besuch/{world.visits[0]}/ende").headers["location"] == "/arzt"
    assert state(world, world.visits[0]) is visit_model.VisitState.ENDED
    assert doctor.post(f"/arzt/besuch/{world.visits[0]}/ende").status_code == 409


def test_the_assistant_takes_a_visit_from_arrival_to_the_clean_room(world: World, assistant: TestClient) -> None:
    first, second = world.visits
    answer = assistant.post(f"/assistenz/besuch/{first}/ist-da")
    assert answer.headers["location"] == f"/assistenz/raum/{ROOM}"
    assert state(world, first) is visit_model.VisitState.ARRIVED
    assistant.post(f"/assistenz/besuch/{second}/kommt-nicht")
    assert state(world, second) is visit_model.VisitState.NO_SHOW
    world.happen(first, FactKind.CALLED, FactKind.ENDED)
    assert f"/assistenz/besuch/{first}/gereinigt" in assistant.get("/assistenz").text
    assert assistant.post(f"/assistenz/besuch/{first}/gereinigt").status_code == 303
    assert "Raum frei" in assistant.get("/assistenz").text


def test_what_cannot_happen_now_is_refused_and_changes_nothing(world: World, assistant: TestClient) -> None:
    assert assistant.post(f"/assistenz/besuch/{world.visits[0]}/gereinigt").status_code == 409
    assert assistant.post(f"/assistenz/besuch/{world.visits[0]}/sonstwas").status_code == 422
    assert assistant.post("/assistenz/besuch/unknown/ist-da").status_code == 404
    assert state(world, world.visits[0]) is visit_model.VisitState.PLANNED


def test_a_room_that_is_not_hers_is_unknown(assistant: TestClient) -> None:
    assert assistant.get("/assistenz/raum/elsewhere").status_code == 404
    assert assistant.get("/assistenz/raum/elsewhere/stand").status_code == 404


def test_a_silent_room_is_red_and_a_healthy_one_green(world: World, assistant: TestClient) -> None:
    assert "Der Raum meldet sich nicht." in assistant.get("/assistenz").text
    world.room_reports()
    assert "Der Raum ist bereit." in assistant.get("/assistenz").text


def test_each_fault_has_its_word_and_what_to_do(world: World, assistant: TestClient) -> None:
    black = CheckResult(
        subject="camera",
        code="black",
        severity=Severity.BLOCK,
        text_key="check.camera.black",
        fix_key="check.camera.black.fix",
    )
    world.room_reports(black)
    page = html.unescape(assistant.get("/assistenz").text)
    assert 'data-subject="camera" data-severity="block"' in page
    assert "Nicht bereit" in page
    assert "⟦" not in page


def test_what_could_not_be_checked_is_not_shown_as_passed_and_makes_no_room_yellow(
    world: World, assistant: TestClient
) -> None:
    heat = CheckResult(
        subject="temperature", code=UNCHECKED, severity=Severity.OK, text_key="check.temperature.unknown", fix_key=""
    )
    world.room_reports(heat)
    page = html.unescape(assistant.get("/assistenz").text)
    _, _, shown = page.partition('data-subject="temperature"')
    shown, _, _ = shown.partition("</li>")
    assert "Nicht geprüft" in shown
    assert "In Ordnung" not in shown
    assert "Der Raum ist bereit." in page


def test_pages_say_only_words_of_the_catalogue(world: World, doctor: TestClient, assistant: TestClient) -> None:
    world.room_reports()
    world.happen(world.visits[0], FactKind.ARRIVED, FactKind.CALLED)
    pages = [doctor.get("/arzt"), doctor.get(f"/arzt/besuch/{world.visits[0]}"), assistant.get("/assistenz")]
    for page in pages:
        assert page.status_code == 200
        assert "⟦" not in page.text


def test_the_operator_sees_rooms_and_gets_a_code_once(world: World) -> None:
    client = browser(world, Role.OPERATOR, "operator")
    silent = client.get("/betrieb").text.count("nicht verbunden")
    world.room_reports()
    assert client.get("/betrieb").text.count("nicht verbunden") == silent - 1
    page = client.post("/betrieb/kopplung", data={"room_id": ROOM, "kind": "monitor"})
    code = re.search(r"data-code>([0-9A-Z]{4}-[0-9A-Z]{4})<", page.text)
    assert code is not None
    assert code[1] not in client.get("/betrieb").text
    assert client.post("/betrieb/kopplung", data={"room_id": "elsewhere", "kind": "monitor"}).status_code == 404
    assert client.post("/betrieb/kopplung", data={"room_id": ROOM, "kind": "toaster"}).status_code == 422


def test_the_operator_sees_for_how_many_browsers_a_room_codes_twice(world: World) -> None:
    client, version = browser(world, Role.OPERATOR, "operator"), "/betrieb/stand"
    world.room_reports()
    assert "data-second-coding" not in client.get("/betrieb").text
    before = client.get(version).json()
    lines = world.centre.the(Lines)
    report = lines.report(ROOM)
    assert report is not None
    lines.checked(report.model_copy(update={"vp8_viewers": 1}))
    assert "Zweite Kodierung läuft: 1 Browser ohne H.264." in client.get("/betrieb").text
    assert client.get(version).json() != before  # an open page shows it by itself


def test_the_assistant_and_the_doctor_operate_nothing(doctor: TestClient, assistant: TestClient) -> None:
    for client in (doctor, assistant):
        assert client.get("/betrieb").status_code == 403
        assert client.post("/betrieb/uhr", data={"minutes": "5"}).status_code == 403
        assert client.post("/betrieb/kopplung", data={"room_id": ROOM, "kind": "agent"}).status_code == 403


def test_an_overrun_shows_as_a_delay_on_the_doctors_page(world: World, doctor: TestClient) -> None:
    world.happen(world.visits[0], FactKind.ARRIVED, FactKind.CALLED)
    world.happen(world.visits[1], FactKind.ARRIVED)
    assert "Minuten später</span>" not in doctor.get("/arzt").text
    operator = browser(world, Role.OPERATOR, "operator")
    for minutes in ("30", "12"):
        assert operator.post("/betrieb/uhr", data={"minutes": minutes}).status_code == 303
    assert "Minuten später</span>" in doctor.get("/arzt").text


def test_whose_data_was_erased_is_shown_without_a_name(world: World, doctor: TestClient) -> None:
    with world.centre.db.transaction() as tx:
        person_id = booking.get(tx, world.visits[0]).person_id
        people.erase(tx, person_id, actor=Actor(Role.OPERATOR), now=world.now)
    page = doctor.get("/arzt").text
    assert NAMES[0] not in page
    assert NAMES[1] in page
    assert "Angaben gelöscht" in page


def test_another_site_can_press_no_button(world: World) -> None:
    client = browser(world, Role.ASSISTANT, ASSISTANT)
    answer = client.post(f"/assistenz/besuch/{world.visits[0]}/ist-da", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert state(world, world.visits[0]) is visit_model.VisitState.PLANNED


def test_real_life_has_no_exercise_clock(sqlite_database: Database) -> None:
    world = make_world(sqlite_database, visits=0, clock=RealClock(), exercise=False)
    client = browser(world, Role.OPERATOR, "operator")
    assert "Übungsuhr" not in client.get("/betrieb").text
    assert client.post("/betrieb/uhr", data={"minutes": "5"}).status_code == 403


def test_the_clock_moves_by_the_offered_steps_alone(world: World) -> None:
    client = browser(world, Role.OPERATOR, "operator")
    before = world.centre.clock.offset
    assert client.post("/betrieb/uhr", data={"minutes": "-5"}).status_code == 422
    assert client.post("/betrieb/uhr", data={"minutes": "12"}).status_code == 303
    assert world.centre.clock.offset - before == timedelta(minutes=12)
