"""An end that was not trusted leaves a line for the audit, once, and the operator reads of it."""

import json
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from schemas.day import FactKind
from schemas.signalling import Role as CallRole
from schemas.trust import RefusedWhy
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.people.store import audit_lines
from telemed.signalling import model, service
from telemed.signalling.model import MOST_OF_A_VISIT, Refusals, RefusedEnd, SeenBy
from tests.desk.world import ROOM, World, browsing, make_world, running

DOCTOR_ELSEWHERE = Actor(Role.DOCTOR, "nobody")
AGENT = Actor(Role.MACHINE, "machine-1", ROOM)


def end(world: World, **changed: object) -> RefusedEnd:
    told = RefusedEnd(new_id(), world.visits[0], world.now, SeenBy.AGENT, CallRole.DOCTOR, RefusedWhy.SIGNATURE)
    return RefusedEnd(**(vars(told) | changed))


def audited(world: World) -> list[tuple[str, str, str]]:
    with world.centre.db.reading() as tx:
        wanted = select(audit_lines).where(audit_lines.c.action == "refuse")
        return [(row.role, row.subject, row.purpose) for row in tx.execute(wanted)]


def test_it_is_kept_once_however_often_it_is_told(database: Database) -> None:
    world = make_world(database)
    first = end(world)
    with world.centre.db.transaction() as tx:
        assert service.note_refused(tx, first, actor=AGENT, now=world.now)
        assert not service.note_refused(tx, first, actor=AGENT, now=world.now)
        later = end(world, at=first.at + timedelta(minutes=1))
        assert service.note_refused(tx, later, actor=AGENT, now=world.now)
        assert service.refusals(tx) == (Refusals(RefusedWhy.SIGNATURE, 2, later.at),)
    assert audited(world) == [("machine", "machine-1", "call signature")] * 2


def test_only_the_visits_own_doctor_and_room_may_tell_it(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    with world.centre.db.transaction() as tx:
        for stranger in (DOCTOR_ELSEWHERE, Actor(Role.MACHINE, "machine-2", "raum-2")):
            with pytest.raises(NotAllowed):
                service.note_refused(tx, end(world), actor=stranger, now=world.now)
        with pytest.raises(NotFound):
            service.note_refused(tx, end(world, visit_id="unknown"), actor=AGENT, now=world.now)
        assert not service.take_in(tx, end(world, visit_id="unknown"), room=AGENT, now=world.now)
        assert service.refusals(tx) == ()


def test_an_end_that_cries_all_day_fills_nothing_and_after_a_year_it_is_forgotten(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    now = world.now
    with world.centre.db.transaction() as tx:
        for _ in range(MOST_OF_A_VISIT + 5):
            service.note_refused(tx, end(world, at=now), actor=AGENT, now=now)
        assert service.refusals(tx)[0].count == MOST_OF_A_VISIT
        service.forget_old(tx, now=now + timedelta(days=365))
        assert service.refusals(tx)[0].count == MOST_OF_A_VISIT
        service.forget_old(tx, now=now + timedelta(days=366))
        assert service.refusals(tx) == ()


def test_what_an_end_says_is_kept_in_our_words_only() -> None:
    assert model.reason_of("signature") is RefusedWhy.SIGNATURE
    assert model.reason_of("Erika Sommer") is RefusedWhy.MALFORMED
    assert model.role_of("agent") is CallRole.AGENT
    assert model.role_of("Erika Sommer") is CallRole.RELATIVE


def test_the_doctors_page_tells_it_and_the_operator_reads_it(
    sqlite_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    world = make_world(sqlite_database)
    world.happen(world.visits[0], FactKind.ARRIVED, FactKind.CALLED)
    path = f"/arzt/besuch/{world.visits[0]}/abgewiesen"
    with running(world) as address, browsing(address, world.cookie(Role.OPERATOR, "operator")) as operator:
        before = operator.get("/betrieb/stand").json()["version"]
        assert "Im letzten Jahr wurde niemand abgewiesen." in operator.get("/betrieb").text
        with browsing(address, world.cookie(Role.DOCTOR, world.doctor)) as doctor:
            for _ in range(3):
                assert told(doctor, path, "kiosk", "fingerprint") == 204
            assert told(doctor, path, "Erika Sommer", "Erika Sommer") == 204
            assert told(doctor, path, "x" * 41, "signature") == 422
        assert told(operator, path, "kiosk", "fingerprint") == 403
        page = operator.get("/betrieb").text
        assert operator.get("/betrieb/stand").json()["version"] != before
    assert "In den letzten 7 Tagen wurde eine Verbindung abgewiesen." in page
    assert "Das Zertifikat passte nicht zur Unterschrift." in page
    assert "Erika" not in page
    assert {purpose for _, _, purpose in audited(world)} == {"call fingerprint", "call malformed"}
    assert 2 <= len(audited(world)) <= 4  # the same within a minute is one
    assert "Erika" not in capsys.readouterr().out


def told(client: httpx.Client, path: str, role: str, reason: str) -> int:
    return client.post(path, json={"role": role, "reason": reason}).status_code


def test_another_site_cannot_make_a_doctors_browser_tell_it(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    foreign = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    path, body = f"/arzt/besuch/{world.visits[0]}/abgewiesen", json.dumps({"role": "kiosk", "reason": "signature"})
    with running(world) as address, browsing(address, world.cookie(Role.DOCTOR, world.doctor) | foreign) as doctor:
        assert doctor.post(path, content=body).status_code == 403
    assert audited(world) == []
