"""Programs sign in by a signature (SMART Backend Services): what is granted, and all that is refused."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import text

from telemed.identity import client_store, clients, scopes
from telemed.identity.client_model import TOKEN_PATH, KeysRefused, NotRegistered, ScopeRefused
from telemed.identity.clients import Wanted
from telemed.identity.key_sets import KeySets
from telemed.identity.rights import REMEMBERED_S, Programs
from telemed.kit.db import Database
from telemed.kit.ids import digest, to_base64
from tests.builders import make_booking
from tests.identity.programs import Signer, ec_key, key_set
from tests.identity.token_house import ASKED, House, keeping
from tests.identity.web_of_keys import URL, Web


@pytest.fixture
def house(sqlite_database: Database) -> Iterator[House]:
    yield from keeping(sqlite_database)


@pytest.fixture
def house_on_either(database: Database) -> Iterator[House]:
    yield from keeping(database)


def test_a_signature_is_answered_with_a_token_for_what_is_granted(house_on_either: House) -> None:
    house = house_on_either
    answer = house.ask(house.signer.form(house.world.now, f"{ASKED} system/*.rs patient/Slot.r system/Slot.read"))
    said = answer.json()
    assert (answer.status_code, said["token_type"], said["expires_in"]) == (200, "bearer", 300)
    assert said["scope"] == "system/Appointment.rs system/Slot.rs"
    assert answer.headers["cache-control"] == "no-store"
    with house.world.db.reading() as tx:
        kept = tx.execute(text("SELECT hash, scopes FROM identity_bearer")).one()
        assert kept.hash == digest(said["access_token"])
        assert clients.one(tx, house.client.id).used_at == house.world.now
    booked = make_booking(house.world)
    assert house.get(f"/fhir/Appointment/{booked.id}", said["access_token"]).status_code == 200
    house.world.clock.forward(timedelta(minutes=5))
    house.world.centre.live[Programs] = Programs()
    assert house.get(f"/fhir/Appointment/{booked.id}", said["access_token"]).status_code == 401


def test_who_names_no_scope_is_given_what_was_granted(house: House) -> None:
    said = house.ask({**house.signer.form(house.world.now), "scope": " "}).json()
    assert said["scope"].split() == list(house.client.scopes)


def test_the_other_algorithm_and_a_list_of_audiences_are_understood(house: House) -> None:
    key = RSAKey.generate_key(2048, {"kid": "rsa", "alg": "RS384"})
    client = house.register(key_set=key_set(ec_key("other"), key))
    signer = Signer(client.id, house.endpoint, key, "RS384")
    form = signer.form(house.world.now, aud=["https://elsewhere.example", house.endpoint])
    assert house.ask(form).status_code == 200


def test_a_program_sees_the_appointments_of_its_doctors_alone(house: House) -> None:
    booked = make_booking(house.world, doctor="weiss")
    for doctors, status in ((("weiss",), 200), (("adler",), 404), ((), 404)):
        with house.world.db.transaction() as tx:
            wanted = Wanted("Praxis", house.client.scopes, doctors, key_set=key_set(house.key))
            clients.change(tx, house.client.id, wanted)
        assert house.get(f"/fhir/Appointment/{booked.id}", house.token()).status_code == status


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "past": ({"exp": -60}, "exp is past"),
    "far ahead": ({"exp": 400}, "exp is past, or further"),
    "without end": ({"exp": None}, "exp"),
    "an end that is none": ({"exp": True}, "exp"),
    "not yet": ({"nbf": 100}, "nbf"),
    "from the future": ({"iat": 100}, "iat"),
    "another sub": ({"sub": "somebody"}, "iss and sub"),
    "no sub": ({"sub": None}, "iss and sub"),
    "another iss": ({"iss": "somebody"}, "iss is not a client"),
    "no iss": ({"iss": None}, "iss is not a client"),
    "another aud": ({"aud": "http://centre.test/fhir"}, "aud"),
    "no aud": ({"aud": None}, "aud"),
    "no jti": ({"jti": None}, "jti"),
    "an endless jti": ({"jti": "x" * 257}, "jti"),
    "no kid": ({"header": {"kid": ""}}, "kid is missing"),
    "another kid": ({"header": {"kid": "k2"}}, "kid is not one"),
    "exp as a list": ({"exp": []}, "exp"),
    "exp that is not a number": ({"exp": float("nan")}, "exp"),
    "exp beyond all measure": ({"exp": 10**300}, "exp"),
    "exp below zero": ({"exp": -(10**12)}, "exp"),
    "a list of others": ({"aud": ["https://other.example/token", 1, {}]}, "aud"),
    "an iss of no text": ({"iss": ["x"]}, "iss is not a client"),
    "an iss with a zero byte": ({"iss": "a\0b"}, "iss is not a client"),
    "a jti of no text": ({"jti": 1}, "jti"),
    "a jku": ({"header": {"jku": "https://evil.example/keys"}}, "jku"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_signed_must_be_right(house: House, why: str) -> None:
    claims, said = REFUSED[why]
    now = int(house.world.now.timestamp())
    moments = {"exp", "nbf", "iat"}
    claims = {
        name: now + value if name in moments and type(value) is int and abs(value) < 10**6 else value
        for name, value in claims.items()
    }
    answer = house.ask(house.signer.form(house.world.now, **claims))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert said in answer.json()["error_description"]
    assert answer.headers["cache-control"] == "no-store"
    with house.world.db.reading() as tx:
        assert tx.execute(text("SELECT count(*) FROM identity_bearer")).scalar() == 0


def test_another_key_and_another_algorithm_are_refused(house: House) -> None:
    now = house.world.now
    stranger = Signer(house.client.id, house.endpoint, ec_key())
    shared = Signer(house.client.id, house.endpoint, OctKey.import_key(b"x" * 48, {"kid": "k1"}), "HS384")
    weaker = Signer(house.client.id, house.endpoint, ec_key(curve="P-256"), "ES256")
    signed = house.signer.assertion(now).split(".")
    bare = json.dumps({"alg": "none", "kid": "k1"}).encode()
    for form in (stranger.form(now), shared.form(now), weaker.form(now)):
        assert house.ask(form).json()["error"] == "invalid_client"
    unsigned = f"{to_base64(bare)}.{signed[1]}."
    for assertion in (
        unsigned,
        ".".join([*signed[:2], to_base64(b"x" * 96)]),
        "a.b",
        "",
        "é.é.é",
        f"{signed[0]}.{signed[0]}",
    ):
        answer = house.ask({**house.signer.form(now), "client_assertion": assertion})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), assertion


def test_a_request_that_is_none_is_told_so(house: House) -> None:
    good = house.signer.form(house.world.now)
    cases: list[tuple[Any, dict[str, Any], str]] = [
        ({**good, "grant_type": "password"}, {}, "unsupported_grant_type"),
        ({**good, "grant_type": ""}, {}, "invalid_request"),
        ({**good, "scope": "system/*.cruds system/Slot.read system/Patient.r launch"}, {}, "invalid_scope"),
        ({**good, "client_assertion_type": "other"}, {}, "invalid_client"),
        ({**good, "scope": ["system/Slot.r", "system/Slot.s"]}, {}, "invalid_request"),
    ]
    for form, more, error in cases:
        assert house.ask(form, **more).json()["error"] == error
    as_json = house.http.post(TOKEN_PATH, json=good)
    assert (as_json.status_code, as_json.json()["error"]) == (400, "invalid_request")
    too_many = house.ask({f"field{number}": "" for number in range(50)})
    assert too_many.json()["error"] == "invalid_request"


def test_an_assertion_is_good_once_also_for_another_process(house_on_either: House) -> None:
    house = house_on_either
    form = house.signer.form(house.world.now, jti="once")
    answers = []
    others = [threading.Thread(target=lambda: answers.append(house.ask(form).status_code)) for _ in range(4)]
    for each in others:
        each.start()
    for each in others:
        each.join()
    assert sorted(answers) == [200, 401, 401, 401]
    assert "jti" in House(house.world).ask(form).json()["error_description"]  # as after a restart
    other = house.register(key_set=key_set(house.key))
    assert house.ask(Signer(other.id, house.endpoint, house.key).form(house.world.now, jti="once")).status_code == 200


def test_what_was_used_is_forgotten_when_it_has_expired(house_on_either: House) -> None:
    house = house_on_either
    house.token()
    for minutes, left in ((0, 1), (6, 0)):
        with house.world.db.transaction() as tx:
            later = house.world.now + timedelta(minutes=minutes)
            clients.forget_expired(tx, now=later, real=later)
            assert tx.execute(text("SELECT count(*) FROM identity_assertion")).scalar() == left


def test_a_revoked_program_is_out_within_two_seconds_and_may_come_back(house_on_either: House) -> None:
    house = house_on_either
    at = [0.0]
    house.world.centre.live[Programs] = Programs(lambda: at[0])
    token = house.token()
    path = "/fhir/Slot?schedule=Schedule/calendar-weiss"
    assert house.get(path, token).status_code == 200
    with house.world.db.transaction() as tx:
        clients.revoke(tx, house.client.id, now=house.world.now)
    at[0] += REMEMBERED_S
    assert house.get(path, token).status_code == 401
    refused = house.ask(house.signer.form(house.world.now))
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    with house.world.db.transaction() as tx:
        clients.let_in_again(tx, house.client.id)
    assert house.get(path, token).status_code == 401
    assert house.get(path, house.token()).status_code == 200
    with house.world.db.transaction() as tx, pytest.raises(NotRegistered):
        clients.revoke(tx, "nobody", now=house.world.now)


def test_who_was_shut_out_a_year_ago_is_forgotten(house: House) -> None:
    with house.world.db.transaction() as tx:
        clients.revoke(tx, house.client.id, now=house.world.now)
        for days, left in ((364, 1), (366, 0)):
            later = house.world.now + timedelta(days=days)
            clients.forget_expired(tx, now=later, real=later)
            assert len(clients.everyone(tx)) == left


def test_who_was_revoked_meanwhile_gets_no_token(house: House) -> None:
    with house.world.db.transaction() as tx:
        clients.revoke(tx, house.client.id, now=house.world.now)
        assert not client_store.mark_used(tx, house.client.id, house.world.now)


def test_what_a_program_must_know_is_open(house: House) -> None:
    said = house.http.get("/fhir/.well-known/smart-configuration").json()
    assert said["token_endpoint"] == house.endpoint
    assert said["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"]
    assert "system/Slot.rs" in said["scopes_supported"]
    assert not any("*" in one for one in said["scopes_supported"])
    statement = house.http.get("/fhir/metadata").json()["rest"][0]["security"]
    assert statement["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"
    assert statement["extension"][0]["extension"][0]["valueUri"] == house.endpoint


P384 = ec_key().as_dict(private=False)
WRONG_KEYS = {
    "json": "{",
    "set": '{"keys": []}',
    "large": json.dumps({"keys": [P384] * 21}),
    "private": key_set(ec_key(), private=True),
    "none": key_set(ec_key(curve="P-256")),
    "kid": json.dumps({"keys": [P384, P384]}),
}


@pytest.mark.parametrize("why", WRONG_KEYS)
def test_keys_that_cannot_be_used_are_named(house: House, why: str) -> None:
    with pytest.raises(KeysRefused) as refused:
        house.register(key_set=WRONG_KEYS[why])
    assert refused.value.key == f"client.refusal.keys.{why}"


@pytest.mark.parametrize(
    "given", [(), ("system/*.rs",), ("system/Slot.rs", "system/Slot.c"), ("Slot.rs",), ("system/Slot.",)]
)
def test_scopes_that_say_nothing_clear_are_not_registered(house: House, given: tuple[str, ...]) -> None:
    with pytest.raises(ScopeRefused):
        house.register(key_set=key_set(house.key), scopes=given)


def test_scopes_are_reduced_letter_by_letter() -> None:
    granted = ("system/Appointment.rs", "system/Slot.s")
    asked = ("system/Appointment.cru", "system/Slot.rs", "system/Slot.d", "system/Patient.r", "system/*.s")
    assert scopes.reduced(asked, granted) == ("system/Appointment.r", "system/Slot.s")
    odd = (
        "system/Slot.sr",
        "system/Slot.ss",
        "SYSTEM/Slot.s",
        "system/slot.s",
        "patient/Slot.s",
        "user/Slot.s",
        "system/*.*",
    )
    more = ("system/Slot.s?x=1", "system/Slot.read", "system/Slot.s\n", "system/Slot", "system/Slot.S", "Slot.s", "")
    assert scopes.reduced((*odd, *more), ("system/Slot.cruds",)) == ()
    assert scopes.reduced(("system/Slot.s", "system/Slot.s", "system/Slot.r"), ("system/Slot.rs",)) == (
        "system/Slot.rs",
    )


def test_keys_are_fetched_from_where_the_program_has_them(house: House) -> None:
    web = Web()
    house.world.centre.live[KeySets] = web.sets()
    client = house.register(key_set_url=URL)
    signer = Signer(client.id, house.endpoint, web.key)
    assert house.ask(signer.form(house.world.now)).status_code == 200
    assert house.ask(signer.form(house.world.now, header={"jku": URL})).status_code == 200
    assert house.ask(signer.form(house.world.now, header={"jku": f"{URL}x"})).status_code == 401
    asked = web.asked[0]
    assert len(web.asked) == 1
    assert (asked.url.host, asked.headers["host"]) == ("93.184.216.34", "program.example")
    assert asked.extensions["sni_hostname"] == "program.example"
