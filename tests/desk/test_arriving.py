"""Who comes says so at the door: by QR code or six digits, within a step, and nobody learns anything by trying."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from schemas.day import FactKind
from telemed.booking import service as booking
from telemed.booking.model import Booked, Request
from telemed.desk.arriving import ArrivalTries
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from telemed.visit import service as visit
from telemed.visit.model import VisitState
from tests.booking.residents import HOST, Resident, lobeda, make_app
from tests.builders import OPERATOR, RESIDENT, SOMMER, World, make_booking, offer_at

SERVICE, ROOM = "allgemein-20", "raum-1"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return lobeda(sqlite_database)


@pytest.fixture
def door(world: World) -> Resident:
    return Resident(make_app(world.centre))


def booked(world: World, at: str = "10:00", *, quiet: bool = False) -> Booked:
    return make_booking(world, at=at, service=SERVICE, room=ROOM, quiet=quiet)


def state_of(world: World, made: Booked) -> VisitState:
    with world.db.reading() as tx:
        return visit.state_of(tx, made.id)


@pytest.mark.parametrize(
    "code", ["{digits}", "{d1} {d2}", "{host}/t/{link}", " {host}/t/{link} \n", "{host}/t/{link}/x"]
)
def test_the_papers_code_says_that_she_is_here_and_shows_her_ticket(world: World, door: Resident, code: str) -> None:
    made = booked(world)
    digits = made.reference.digits
    typed = code.format(digits=digits, d1=digits[:3], d2=digits[3:], host=HOST, link=made.link_token)
    page = door.post("/ankommen", {"code": typed})
    assert (page.status, state_of(world, made)) == (200, VisitState.ARRIVED)
    assert f"{made.ticket.letter} {made.ticket.digits}" in page.words
    assert "Sommer" not in page.text
    assert "set-cookie" not in page.headers
    assert page.headers["cache-control"] == "no-store"
    assert page.found(".//*[@data-clears-s='15']")


def test_a_kiosk_s_agent_says_it_for_who_is_expected_in_its_own_room_only(world: World) -> None:
    made, agent = booked(world), TestClient(make_app(world.centre), base_url=HOST)
    for code, room, status in (
        (made.reference.digits, "raum-2", 404),
        ("000000", ROOM, 404),
        (f"{HOST}/t/{made.link_token}", ROOM, 204),
        (made.reference.digits, ROOM, 204),
    ):
        answer = agent.post("/api/arrivals", json={"code": code, "room": room})
        assert (answer.status_code, answer.content == b"") == (status, status == 204)
        assert state_of(world, made) is (VisitState.ARRIVED if status == 204 else VisitState.PLANNED)


def test_looking_at_the_door_changes_nothing_and_asks_for_no_birth_date(world: World, door: Resident) -> None:
    made = booked(world)
    page = door.get("/ankommen", code=made.reference.digits)
    assert state_of(world, made) is VisitState.PLANNED
    assert [each.get("name") for each in page.found(".//input")] == ["code"]


def test_saying_it_twice_is_once(world: World, door: Resident) -> None:
    made = booked(world)
    first, second = (door.post("/ankommen", {"code": made.reference.digits}) for _ in range(2))
    assert first.words == second.words
    with world.db.reading() as tx:
        assert len(visit.facts_of(tx, made.id)) == 1


def test_whatever_is_wrong_is_answered_alike(world: World, door: Resident) -> None:
    cancelled, over = booked(world), booked(world, "11:00")
    with world.db.transaction() as tx:
        booking.cancel(tx, world.secrets, cancelled.id, actor=OPERATOR, now=world.now)
    for kind in (FactKind.ARRIVED, FactKind.CALLED, FactKind.ENTERED, FactKind.ENDED):
        happen(world, over, kind)
    tomorrow = make_booking(world, at=world.now + timedelta(days=1, hours=2), service=SERVICE, room=ROOM)
    home = make_booking(world, at="14:00", doctor="vogt", service="sprechstunde-15", room="zu-hause")
    codes = [one.reference.digits for one in (cancelled, over, tomorrow, home)]
    codes += [
        "000000",
        "12345",
        "1234567",
        "１２３４５６",
        "abc",
        "",
        f"{HOST}/t/{'x' * 22}",
        f"{HOST}/t/{tomorrow.link_token}",
    ]
    pages = [door.post("/ankommen", {"code": code}) for code in codes]
    assert {(page.status, page.words) for page in pages} == {(422, pages[0].words)}
    assert state_of(world, tomorrow) is VisitState.PLANNED


def happen(world: World, made: Booked, kind: FactKind) -> None:
    with world.db.transaction() as tx:
        visit.record(tx, visit_id=made.id, kind=kind, by="assistant", now=world.now)


def test_who_is_called_already_hears_where_to_go(world: World, door: Resident) -> None:
    made = booked(world)
    happen(world, made, FactKind.ARRIVED)
    happen(world, made, FactKind.CALLED)
    assert "Bitte kommen Sie jetzt: Raum 1" in door.post("/ankommen", {"code": made.reference.digits}).words


def test_who_wishes_quiet_is_not_told_of_the_monitor(world: World, door: Resident) -> None:
    page = door.post("/ankommen", {"code": booked(world, quiet=True).reference.digits})
    assert ("leise" in page.words, "rufen Ihr Zeichen" in page.words) == (True, False)


def test_after_twenty_wrong_codes_even_the_right_one_must_go_to_a_person(world: World, door: Resident) -> None:
    made = booked(world)
    wrong = [door.post("/ankommen", {"code": f"{n:06d}"}).status for n in range(20)]
    assert set(wrong) == {422}
    assert door.post("/ankommen", {"code": made.reference.digits}).status == 429
    assert state_of(world, made) is VisitState.PLANNED
    assert ArrivalTries in world.centre.live


def test_the_digits_go_along_when_the_appointment_is_moved(world: World, door: Resident) -> None:
    made = booked(world)
    to = Request(new_token(), offer_at(world, "11:00", service=SERVICE, room=ROOM), SOMMER)
    with world.db.transaction() as tx:
        moved = booking.move(tx, world.secrets, made.id, to, actor=RESIDENT, now=world.now)
    assert door.post("/ankommen", {"code": made.reference.digits}).status == 200
    with world.db.reading() as tx:
        assert visit.state_of(tx, moved.id) is VisitState.ARRIVED
