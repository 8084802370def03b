"""The operator lets programs in by their keys, for what and for whom; shuts them out, and takes that back."""

import json
import re
from datetime import timedelta

import pytest
from fhir.resources.R4B.auditevent import AuditEvent
from joserfc.jwk import thumbprint
from typer.testing import CliRunner

from telemed.__main__ import cli
from telemed.identity import clients, granted
from telemed.identity.model import Actor, Role
from telemed.identity.scopes import by_kind, scope
from telemed.identity.staff_model import FRESH
from telemed.interop import served
from telemed.kit.db import Database
from telemed.operator.programs import MEANT_FOR
from telemed.people import service as people
from telemed.people.acts import Act, Did
from tests.builders import HandClock
from tests.databases import opened
from tests.desk.staff import Page, Staff
from tests.desk.world import TUESDAY_9, World, make_world
from tests.identity.programs import ec_key, key_set
from tests.identity.test_passkeys import Browser

HERE = "/betrieb/programme"
KEYS = key_set(ec_key())


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, visits=0)


@pytest.fixture
def operator(world: World) -> Staff:
    return Staff(world, Role.OPERATOR, "betrieb")


def enter(operator: Staff, **fields: str | list[str]) -> Page:
    given: dict[str, str | list[str]] = {
        "name": "Praxis am Markt",
        "key_set": KEYS,
        "may": ["Appointment.r", "Appointment.s", "Slot.s"],
    }
    return operator.post(f"{HERE}/neu", {**given, "for": ["weiss"], **fields})


def test_a_program_is_entered_and_its_makers_are_told_what_they_need(world: World, operator: Staff) -> None:
    assert "Noch kein Programm" in operator.get(HERE).words
    form = operator.get(f"{HERE}/neu")
    assert {"Appointment.r", "Slot.s"} <= {one.get("value") for one in form.found(".//input[@name='may']")}
    came = enter(operator)
    assert came.status == 303
    page = operator.get(came.headers["location"])
    (client_id,) = page.texts(".//*[@data-client-id]")
    assert came.headers["location"] == f"{HERE}/{client_id}"
    assert "/fhir/auth/token" in page.words
    assert "system/Appointment.rs system/Slot.s" in page.words
    with world.centre.db.reading() as tx:
        kept = clients.one(tx, client_id)
        assert (kept.name, kept.registered_by) == ("Praxis am Markt", "betrieb")
        assert granted.compartment(tx, client_id) == ("weiss",)
    line = operator.get(HERE).words
    assert "Termine: lesen, suchen" in line
    assert "noch nie" in line


def test_what_it_is_for_ticks_the_scopes_that_it_takes(world: World, operator: Staff) -> None:
    came = enter(operator, may=["AuditEvent.r"], purpose=["book", "hear", "unheard-of"])
    with world.centre.db.reading() as tx:
        kept = clients.one(tx, came.headers["location"].rpartition("/")[2])
    assert kept.scopes == ("system/Appointment.crus", "system/AuditEvent.r", "system/Subscription.cruds")
    offered = {f"system/{kind}.{act}" for kind, acts in served.acts_by_kind().items() for act in acts}
    for scopes in MEANT_FOR.values():
        assert {scope(kind, [act]) for kind, acts in by_kind(scopes).items() for act in acts} <= offered


def test_before_all_else_stand_what_it_sees_by_which_keys_and_how_it_is_shut_out(operator: Staff) -> None:
    page = operator.get(enter(operator).headers["location"])
    first, told = page.texts(".//section[@aria-labelledby='sees']") + page.texts(".//section[@aria-labelledby='told']")
    assert "Dr. med. Miriam Weiß" in first
    assert "Termine: lesen, suchen" in first
    assert thumbprint(json.loads(KEYS)["keys"][0]) in first
    assert "Programm sperren" in first
    assert "weiss" in told


def test_what_it_did_last_is_shown(world: World, operator: Staff) -> None:
    path = enter(operator).headers["location"]
    client_id = path.rpartition("/")[2]
    now = world.now
    with world.centre.db.transaction() as tx:
        for _ in range(3):
            people.audit_act(tx, Act(client_id, Did.SEARCH, "Slot", now, "status=free", 4))
        people.audit_act(tx, Act(client_id, Did.BOOK, "Appointment", now, ids=("a-1",), status=409))
    shown = operator.get(path).texts(".//section[@aria-labelledby='acts']//tbody/tr")
    assert ["gebucht: Appointment" in shown[0], "abgelehnt (409)" in shown[0]] == [True, True]
    assert ["gesucht: Slot (3 Mal)" in shown[1], "status=free" in shown[1], len(shown)] == [True, True, 2]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "X"}, "2 bis 80 Zeichen"),
        ({"key_set": ""}, "Eines von beiden"),
        ({"key_set_url": "https://program.example/keys"}, "Eines von beiden"),
        ({"key_set": "", "key_set_url": "http://program.example/keys"}, "https://"),
        ({"key_set": "{"}, "kein JSON"),
        ({"key_set": key_set(ec_key(), private=True)}, "geheimer Schlüssel"),
        ({"may": []}, "mindestens eines"),
        ({"may": ["Appointment.x", "Nothing.r", "*.r"]}, "mindestens eines"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    operator: Staff, fields: dict[str, str | list[str]], said: str
) -> None:
    page = enter(operator, **fields)
    assert page.status == 422
    assert said in page.words
    assert page.form(f"{HERE}/neu")["for"] == ["weiss"]
    assert "Noch kein Programm" in operator.get(HERE).words


def test_it_is_shut_out_after_being_asked_and_let_in_again(operator: Staff) -> None:
    path = enter(operator).headers["location"]
    asked = operator.post(f"{path}/sperren")
    assert "Praxis am Markt wirklich sperren?" in asked.words
    assert "zugelassen" in operator.get(HERE).words
    assert operator.post(f"{path}/sperren", asked.form(f"{path}/sperren") | {"sure": "1"}).status == 303
    assert "gesperrt" in operator.get(HERE).words
    assert operator.post(f"{path}/zulassen").status == 303
    assert "Gesperrt seit" not in operator.get(path).words
    for what in ("sperren", "zulassen"):
        assert operator.get(f"{path}/{what}").headers["location"] == path
        assert operator.post(f"{HERE}/nobody/{what}", {"sure": "1"}).status == 404


def test_keys_scopes_and_doctors_are_changed(world: World, operator: Staff) -> None:
    path = enter(operator).headers["location"]
    form = operator.get(path).form(path)
    assert form["key_set"] == [KEYS]
    newer = key_set(ec_key("newer"))
    assert operator.post(path, {**form, "key_set": newer, "may": ["Slot.s"], "for": ["*"]}).status == 303
    with world.centre.db.reading() as tx:
        kept = clients.one(tx, path.rpartition("/")[2])
        assert (kept.key_set, kept.scopes, granted.compartment(tx, kept.id)) == (newer, ("system/Slot.s",), ("*",))
    assert operator.post(path, {**form, "name": ""}).status == 422
    assert operator.post(f"{HERE}/nobody", form).status == 404


def test_letting_in_wants_a_passkey_anew_and_shutting_out_does_not(sqlite_database: Database) -> None:
    world = make_world(sqlite_database, visits=0, clock=HandClock(TUESDAY_9), exercise=False)
    anna = Browser(world)
    anna.comes_first(Actor(Role.OPERATOR, "anna"))
    given = {"name": "Praxis", "key_set": KEYS, "may": "Slot.s"}
    path = anna.post(f"{HERE}/neu", **given).headers["location"]
    anna.forward(FRESH + timedelta(seconds=1))
    for asked in (anna.get(f"{HERE}/neu"), anna.get(path), anna.post(f"{HERE}/neu", **given), anna.post(path, **given)):
        assert asked.headers["location"].startswith("/anmelden/bestaetigen")
    assert anna.get(HERE).status_code == 200
    assert anna.post(f"{path}/sperren", sure="1").headers["location"] == HERE
    assert anna.post(f"{path}/zulassen").headers["location"] == "/anmelden/bestaetigen"


def test_on_the_command_line_too(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("centre")
    keys, broken = folder / "keys.json", folder / "broken.json"
    keys.write_text(KEYS)
    broken.write_text("{")
    monkeypatch.setenv("TELEMED_CENTRE_STATE_DIR", str(folder))

    def run(*said: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["client", *said])
        return done.exit_code, done.output

    code, printed = run("add", "Praxis", "--keys", str(keys), "--scope", "system/Slot.rs", "--for", "*")
    client_id, endpoint = printed.split()
    assert (code, endpoint) == (0, "http://zentrum.localhost:8000/fhir/auth/token")
    assert re.fullmatch(rf"{client_id}\tactive\tPraxis\tnever\t\*\tsystem/Slot.rs\n", run("list")[1])
    with opened(f"sqlite:///{folder}/centre.sqlite") as db, db.transaction() as tx:
        people.audit_act(tx, Act(client_id, Did.SEARCH, "Slot", TUESDAY_9, "status=free", 4))
    (event,) = run("acts", client_id)[1].splitlines()
    assert AuditEvent.model_validate_json(event).outcome == "0"
    assert run("revoke", client_id) == (0, "revoked\n")
    assert "\trevoked\t" in run("list")[1]
    for said in (
        ("revoke", "nobody"),
        ("add", "Praxis"),
        ("add", "Praxis", "--keys", str(folder / "none.json")),
        ("add", "Praxis", "--keys", str(broken), "--scope", "system/Slot.rs"),
        ("add", "Praxis", "--keys", str(keys), "--scope", "system/*.rs"),
        ("add", "Praxis", "--keys", str(keys), "--scope", "system/Slot.d"),
        ("add", "Praxis", "--keys", str(keys)),
        ("add", "Praxis", "--keys-url", "http://program.example/k", "--scope", "system/Slot.rs"),
        ("add", "Praxis", "--keys", str(keys), "--scope", "system/Slot.rs", "--for", "nobody"),
    ):
        code, printed = run(*said)
        assert (code, len(printed.splitlines())) == (2, 1), said
        assert printed.startswith("telemed: ")
