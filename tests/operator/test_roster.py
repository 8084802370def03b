"""What the operator is asked to sign, what he sees of it, and what reaches him by HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from schemas.signalling import Role as RosterRole
from schemas.trust import Roster, RosterKey, SignedRoster
from telemed import wiring
from telemed.app import make_app
from telemed.directory import service as directory
from telemed.identity import roster, signed_in
from telemed.identity import service as identity
from telemed.identity.model import Actor, Role
from telemed.identity.rights import FORM_TOKEN_HEADER, SESSION_COOKIE
from telemed.kit.db import Database
from telemed.kit.ids import to_base64
from telemed.kit.machine import MachineKey
from telemed.operator import model, service
from telemed.operator.model import changes
from telemed.web.centre import Centre
from tests.builders import DOCTOR, TUESDAY, World, make_machine, make_world, quarter
from tests.rosters import OPERATOR_KEY, doctor_key, publish_all, signed

KEY, OTHER_KEY = to_base64(b"1" * 32), to_base64(b"2" * 32)
DAY = timedelta(days=1)


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database, rooms=2)


def draft(world: World) -> list[tuple[str, str, str | None]]:
    with world.db.reading() as tx:
        return [(each.role.value, each.name, each.room_id) for each in service.roster_draft(tx)]


def view(world: World) -> model.RosterView:
    with world.db.reading() as tx:
        return service.roster_view(tx, world.centre.operator_keys, now=world.now)


def states(world: World) -> list[tuple[str, str]]:
    return [(each.entry.role.value, each.state) for each in view(world).keys]


def enrol(world: World, key: str = KEY) -> None:
    with world.db.transaction() as tx:
        roster.enrol(tx, DOCTOR, key, now=world.now)


def machine(world: World, folder: Path, kind: str, room: str = "room-1") -> str:
    return make_machine(world, MachineKey.load_or_make(folder / f"{kind}-{room}"), kind=kind, room=room)


def test_the_draft_has_agents_kiosks_and_doctors_and_nobody_who_left(world: World, tmp_path: Path) -> None:
    for kind in ("kiosk", "agent", "monitor"):
        machine(world, tmp_path, kind)
    gone = machine(world, tmp_path, "agent", "room-2")
    enrol(world)
    enrol(world, OTHER_KEY)
    with world.db.transaction() as tx:
        identity.revoke(tx, gone, now=world.now)
        roster.revoke_key(tx, OTHER_KEY, now=world.now)
    assert draft(world) == [("agent", "Raum 1", "room-1"), ("kiosk", "Raum 1", "room-1"), ("doctor", "Dr. Weiß", None)]
    with world.db.transaction() as tx:
        directory.take(tx, {**next(q for q in quarter() if q.get("id") == "weiss"), "active": False}, now=world.now)
    assert [role for role, *_ in draft(world)] == ["agent", "kiosk"]


def entry(key: str, **more: object) -> RosterKey:
    return RosterKey.model_validate({**doctor_key(key).model_dump(), **more})


def test_new_gone_and_changed_keys_are_told_apart() -> None:
    one, other, renamed = entry(KEY), entry(OTHER_KEY), entry(KEY, name="Dr. Neu")
    found = changes([one], [renamed, other])
    assert (found.new, found.gone, found.changed) == ((other,), (), ((one, renamed),))
    assert changes([one, other], [one]).gone == (other,)
    kiosk = entry(KEY, role=RosterRole.KIOSK)
    assert (changes([one], [kiosk]).new, changes([one], [kiosk]).gone) == ((kiosk,), (one,))
    assert not changes([one, other], [other, one])


def test_a_key_waits_until_the_operator_has_signed_and_then_goes_with_the_next_signature(
    world: World, tmp_path: Path
) -> None:
    assert not view(world).is_trouble
    machine(world, tmp_path, "agent")
    assert (states(world), view(world).waiting, view(world).is_trouble) == ([("agent", model.WAITS)], 1, True)
    publish_all(world.centre)
    assert (states(world), view(world).is_trouble) == ([("agent", model.SIGNED)], False)
    enrol(world)
    publish_all(world.centre)
    with world.db.transaction() as tx:
        roster.revoke_key(tx, KEY, now=world.now)
    assert states(world) == [("doctor", model.GOES), ("agent", model.SIGNED)]
    publish_all(world.centre)
    assert (states(world), view(world).seq) == ([("agent", model.SIGNED)], 3)


@pytest.mark.parametrize(
    ("days", "state", "trouble"),
    [(0, model.GOOD, False), (69, model.GOOD, False), (70, model.SOON, True), (100, model.EXPIRED, True)],
)
def test_he_is_warned_30_days_before_a_roster_ends(world: World, days: int, state: str, trouble: bool) -> None:
    publish_all(world.centre, lasts=100 * DAY)
    world.clock.forward(days * DAY)
    assert (view(world).state, view(world).is_trouble) == (state, trouble)


def test_without_an_operator_s_key_no_call_can_begin_and_he_is_told() -> None:
    assert model.roster_state(None, has_operator=False, now=TUESDAY) == model.NO_OPERATOR
    assert model.RosterView(model.NO_OPERATOR, 0, None, ()).is_trouble


@pytest.fixture
def centre(sqlite_database: Database, tmp_path: Path) -> Centre:
    wiring.make_secrets(tmp_path)
    centre = wiring.build(wiring.Settings(state_dir=tmp_path, operator_keys=OPERATOR_KEY), sqlite_database)
    with sqlite_database.transaction() as tx:
        for resource in quarter():
            directory.take(tx, resource, now=centre.clock.now())
        roster.enrol(tx, DOCTOR, KEY, now=centre.clock.now())
    return centre


@pytest.fixture
def client(centre: Centre) -> Iterator[TestClient]:
    with TestClient(make_app(centre), base_url="https://testserver", follow_redirects=False) as client:
        yield client


def as_program(centre: Centre) -> dict[str, str]:
    with centre.db.transaction() as tx:
        token = identity.give_bearer(tx, Actor(Role.CLIENT, "operator's machine"), now=centre.clock.now())
    return {"Authorization": f"Bearer {token}", "Accept": "application/json"}


def as_operator(centre: Centre) -> dict[str, str]:
    with centre.db.transaction() as tx:
        token = identity.open_session(tx, Actor(Role.OPERATOR, "operator"), now=centre.clock.now())
    own = {"Cookie": f"{SESSION_COOKIE}={token}", FORM_TOKEN_HEADER: signed_in.form_token(token)}
    return {**own, "Origin": "https://testserver"}


def test_everybody_may_read_the_roster_and_only_who_may_sign_the_draft(centre: Centre, client: TestClient) -> None:
    assert client.get("/roster").status_code == 404
    assert client.get("/roster/draft").status_code == 401
    asked = client.get("/roster/draft", headers=as_program(centre))
    assert [each["name"] for each in asked.json()["keys"]] == ["Dr. Weiß"]
    publish_all(centre)
    answer = client.get("/roster")
    assert answer.headers["cache-control"] == "no-store"
    read = Roster.model_validate_json(SignedRoster.model_validate(answer.json()).roster)
    assert [each.key for each in read.keys] == [KEY]


def test_a_signed_roster_is_brought_by_a_program_and_a_cookie_does_not_count(
    centre: Centre, client: TestClient
) -> None:
    program, first = as_program(centre), signed([doctor_key(KEY)], seq=7).model_dump()
    assert client.post("/roster", json=first).status_code == 401
    assert client.post("/roster", json=first, headers=as_operator(centre)).status_code == 401
    assert client.post("/roster", json=first, headers=program).status_code == 204
    again = client.post("/roster", json=first, headers=program)
    assert (again.status_code, again.json()["rule"]) == (422, "roster")
    assert client.get("/roster").json() == first


def test_the_operator_brings_it_by_his_page_and_revokes_a_browser(centre: Centre, client: TestClient) -> None:
    headers = as_operator(centre)
    page = client.get("/betrieb", headers=headers).text
    assert "Ein Schlüssel wartet auf Ihre Unterschrift." in page
    before = client.get("/betrieb/stand", headers=headers).json()["version"]
    text = signed([doctor_key(KEY, subject="weiss", name="Dr. Weiß")]).model_dump_json()
    assert client.post("/betrieb/roster", files={"signed": ("r.json", text)}, headers=headers).status_code == 303
    assert client.get("/betrieb/stand", headers=headers).json()["version"] != before
    assert "wartet auf Ihre Unterschrift" not in client.get("/betrieb", headers=headers).text
    for wrong in ("{}", "nonsense", text):
        refused = client.post("/betrieb/roster", files={"signed": ("r.json", wrong)}, headers=headers)
        assert refused.status_code == 422
        assert "nicht unterschrieben" in refused.text
    asked = client.post("/betrieb/schluessel/sperren", data={"public_key": KEY}, headers=headers)
    assert asked.status_code == 303
    assert "fällt weg mit Ihrer Unterschrift" in client.get("/betrieb", headers=headers).text
    unknown = client.post("/betrieb/schluessel/sperren", data={"public_key": OTHER_KEY}, headers=headers)
    assert unknown.status_code == 404


def test_a_link_enrols_a_doctor_s_browser_and_nobody_else_s(centre: Centre) -> None:
    client = TestClient(make_app(replace(centre, exercise=True)), "https://testserver", follow_redirects=False)

    def enters(role: Role, subject: str, key: str) -> int:
        with centre.db.transaction() as tx:
            token = identity.invite(tx, Actor(role, subject), now=centre.clock.now())
        assert client.get(f"/anmelden/{token}").status_code == 200
        form = {"public_key": key}
        return client.post(f"/anmelden/{token}", data=form, headers={"Origin": "https://testserver"}).status_code

    def enrolled() -> list[tuple[str, str]]:
        with centre.db.reading() as tx:
            return [(each.doctor_id, each.public_key) for each in roster.browser_keys(tx)]

    third = to_base64(b"3" * 32)
    before = enrolled()
    assert [enters(Role.OPERATOR, "operator", third), enters(Role.DOCTOR, "weiss", "")] == [303, 303]
    assert [enters(Role.DOCTOR, "weiss", KEY), enters(Role.DOCTOR, "weiss", "short")] == [303, 422]
    assert enters(Role.DOCTOR, "brandt", KEY) == 409
    assert enrolled() == before
    assert enters(Role.DOCTOR, "brandt", third) == 303
    assert enrolled() == [*before, ("brandt", third)]
