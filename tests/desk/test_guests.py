"""Invitations: who may invite, that a link works once and into one visit only, and what it ends with."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from schemas.day import FactKind
from telemed.identity import invitations
from telemed.identity.invitation_store import invitations as table
from telemed.identity.jobs import forget_expired
from telemed.identity.model import Role
from telemed.identity.rights import GUEST_COOKIE, SESSION_COOKIE
from telemed.kit.db import Database
from telemed.kit.refusal import NotAllowed
from telemed.people.store import audit_lines
from telemed.visit import service as visit
from telemed.visit.model import WrongMoment
from tests.builders import HandClock
from tests.desk.world import TUESDAY_9, World, make_app, make_world

ASSISTANT = "lindner"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, clock=HandClock(TUESDAY_9), exercise=False)


class House:
    """Browsers of the world's people."""

    def __init__(self, world: World, stack: ExitStack) -> None:
        self.world, self._stack, self._app = world, stack, make_app(world.centre)

    def browser(self, role: Role | None = None, subject: str = "") -> TestClient:
        headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        made = TestClient(self._app, "https://zentrum.localhost", headers=headers, follow_redirects=False)
        client = self._stack.enter_context(made)
        if role is not None:
            client.cookies.set(SESSION_COOKIE, self.world.session(role, subject))
        return client

    def doctor(self) -> TestClient:
        return self.browser(Role.DOCTOR, self.world.doctor)

    def invited(self, role: str = "relative", visit_id: str = "") -> dict[str, Any]:
        """An invitation by the doctor, into the first visit."""
        path = f"/besuch/{visit_id or self.world.visits[0]}/einladungen"
        answer = self.doctor().post(path, json={"role": role})
        assert answer.status_code == 201
        made: dict[str, Any] = answer.json()
        return made

    def guest(self, role: str = "relative") -> TestClient:
        """A browser that came by an invitation."""
        client = self.browser()
        assert client.post(self.invited(role)["path"]).headers["location"] == "/gast"
        return client

    def admits(self, invitation_id: str, visit_id: str = "") -> str:
        with self.world.centre.db.reading() as tx:
            found = visit.admit_guest(tx, visit_id or self.world.visits[0], invitation_id, now=self.world.now)
        return found.role


@pytest.fixture
def house(world: World) -> Iterator[House]:
    with ExitStack() as stack:
        yield House(world, stack)


def test_looking_at_an_invitation_changes_nothing_and_it_works_once(house: House) -> None:
    path, first, second = house.invited()["path"], house.browser(), house.browser()
    for _ in range(2):
        page = first.get(path)
        assert page.status_code == 200
        assert "Einladung zu einem Gespräch" in page.text
    assert first.get("/gast").status_code == 401
    assert first.post(path).headers["location"] == "/gast"
    assert "Gespräch mit Dr." in first.get("/gast").text
    assert second.post(path).status_code == 410
    assert second.get(path).status_code == 410
    assert first.get(path).headers["location"] == "/gast"  # its own browser may follow the link again


def test_of_its_link_only_the_hash_is_kept_and_nothing_of_a_guest_s_name(house: House) -> None:
    token = house.invited()["path"].rpartition("/")[2]
    with house.world.centre.db.reading() as tx:
        (row,) = tx.execute(select(table)).all()
    assert token not in repr(row)
    assert set(table.c.keys()) == {"id", "hash", "visit_id", "role", "expires_at", "used_at", "revoked"}


def test_a_guest_s_session_opens_its_visit_and_nothing_else(house: House) -> None:
    guest = house.guest()
    assert guest.cookies.get(GUEST_COOKIE)
    for path in ("/arzt", "/assistenz", "/mein-termin/gespraech", f"/arzt/besuch/{house.world.visits[0]}"):
        assert guest.get(path).status_code == 401
    assert guest.post(f"/besuch/{house.world.visits[0]}/einladungen", json={"role": "relative"}).status_code == 401


def test_a_colleague_stays_signed_in_as_herself(house: House) -> None:
    colleague = house.doctor()
    colleague.post(house.invited("colleague")["path"])
    assert colleague.get("/arzt").status_code == colleague.get("/gast").status_code == 200


def test_an_invitation_leads_into_its_own_visit_and_only_while_that_goes_on(house: House) -> None:
    first, second = house.world.visits[:2]
    made = house.invited("interpreter")
    with pytest.raises(WrongMoment):
        house.admits(made["id"])
    house.world.happen(first, FactKind.ARRIVED, FactKind.CALLED)
    assert house.admits(made["id"]) == "interpreter"
    with pytest.raises(NotAllowed):
        house.admits(made["id"], second)
    with pytest.raises(NotAllowed):
        house.admits("unheard-of")
    house.world.happen(first, FactKind.ENTERED, FactKind.ENDED)
    with pytest.raises(WrongMoment):
        house.admits(made["id"])
    with pytest.raises(WrongMoment), house.world.centre.db.transaction() as tx:
        visit.invite(tx, first, "relative", now=house.world.now)


def test_the_page_tells_whether_one_can_come_in(house: House) -> None:
    guest, visit_id = house.guest(), house.world.visits[0]
    assert guest.get("/gast/stand").json() == {"door": "soon"}
    house.world.happen(visit_id, FactKind.ARRIVED, FactKind.CALLED)
    assert guest.get("/gast/stand").json() == {"door": "open"}
    house.world.happen(visit_id, FactKind.ENTERED, FactKind.ENDED)
    assert guest.get("/gast/stand").json() == {"door": "over"}


def test_only_the_visit_s_doctor_and_an_assistant_of_its_room_invite(house: House) -> None:
    path = f"/besuch/{house.world.visits[0]}/einladungen"
    for role, subject, status in (
        (Role.ASSISTANT, ASSISTANT, 201),
        (Role.DOCTOR, "somebody-else", 404),
        (Role.OPERATOR, "operator", 403),
        (Role.RESIDENT, house.world.visits[0], 403),
        (None, "", 401),
    ):
        browser = house.browser(role, subject)
        assert browser.post(path, json={"role": "relative"}).status_code == status
        assert browser.get(path).status_code == (200 if status == 201 else status)
    assert house.doctor().post(path, json={"role": "doctor"}).status_code == 422
    page = house.browser(Role.ASSISTANT, ASSISTANT).get(f"/assistenz/besuch/{house.world.visits[0]}/einladen")
    assert "Jemanden einladen" in page.text


def test_who_is_uninvited_cannot_come_and_is_sent_out(house: House) -> None:
    made, guest, doctor = house.invited(), house.browser(), house.doctor()
    path = f"/besuch/{house.world.visits[0]}/einladungen"
    guest.post(made["path"])
    assert doctor.get(path).json() == [{"id": made["id"], "role": "relative", "used": True, "path": ""}]
    assert doctor.post(f"/besuch/{house.world.visits[1]}/einladungen/{made['id']}/zurueck").status_code == 404
    assert doctor.post(f"{path}/{made['id']}/zurueck").status_code == 204
    assert doctor.get(path).json() == []
    assert guest.get("/gast").status_code == 403
    house.world.happen(house.world.visits[0], FactKind.ARRIVED, FactKind.CALLED)
    with pytest.raises(NotAllowed):
        house.admits(made["id"])
    unused = house.invited()
    doctor.post(f"{path}/{unused['id']}/zurueck")
    assert house.browser().post(unused["path"]).status_code == 410


def test_who_leaves_for_good_leaves_nothing_behind(house: House) -> None:
    guest = house.guest()
    assert guest.post("/gast/verlassen").status_code == 204
    assert guest.get("/gast").status_code == 401


def test_old_invitations_are_forgotten(house: House) -> None:
    world, guest = house.world, house.guest()
    clock = world.centre.clock
    assert isinstance(clock, HandClock)
    clock.forward(visit.LONGEST_OVERRUN * 3)
    assert guest.get("/gast").status_code == 401
    forget_expired(world.centre.db, clock)
    with world.centre.db.reading() as tx:
        assert invitations.invitations_of(tx, world.visits[0]) == []


def test_who_invited_and_that_somebody_came_is_in_the_audit(house: House) -> None:
    house.guest()
    with house.world.centre.db.reading() as tx:
        purpose = audit_lines.c.purpose == "invitation"
        rows = tx.execute(select(audit_lines.c.role, audit_lines.c.action).where(purpose)).all()
    assert sorted(tuple(row) for row in rows) == [("doctor", "create"), ("guest", "write")]
