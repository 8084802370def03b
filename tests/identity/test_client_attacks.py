"""Who means harm where programs sign in: other keys, other places, other rights."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from joserfc.jwk import OctKey, RSAKey

from telemed.identity.client_model import TOKEN_PATH
from telemed.identity.model import Actor, Right, Role, holds
from telemed.identity.token_routes import TokenTries
from telemed.kit.db import Database
from telemed.kit.ids import to_base64
from tests.identity.programs import Signer, ec_key
from tests.identity.token_house import House, keeping


@pytest.fixture
def house(sqlite_database: Database) -> Iterator[House]:
    yield from keeping(sqlite_database)


def test_no_header_makes_us_believe_another_key(house: House) -> None:
    """RFC 8725: keys come from where they were registered, whatever the header names or brings along."""
    now, mine = house.world.now, ec_key()
    stranger = Signer(house.client.id, house.endpoint, mine)
    bring = mine.as_dict(private=False)
    for header in (
        {"jwk": bring},
        {"x5u": "https://evil.example/c"},
        {"x5c": ["AA"]},
        {"kid": "../../k1"},
        {"kid": "k1\0"},
    ):
        assert house.ask(stranger.form(now, header=header)).status_code == 401
    key, half = house.key.as_dict(private=False), to_base64(b'{"iss":"\\ud800"}')
    rsa = RSAKey.generate_key(2048, {"kid": "k1"})
    public = OctKey.import_key(json.dumps(key).encode(), {"kid": "k1"})
    for forged in (
        Signer(house.client.id, house.endpoint, public, "HS384"),
        Signer(house.client.id, house.endpoint, rsa, "RS384"),
    ):
        assert house.ask(forged.form(now)).status_code == 401
    head, said, sign = house.signer.assertion(now).split(".")
    twice = to_base64(f'{{"iss":"x",{json.dumps({"iss": house.client.id})[1:]}'.encode())
    for odd in (
        f"{head}.{twice}.{sign}",
        f"{head}.{half}.{sign}",
        f"{head}.{said}.{sign}.{sign}.{sign}",
        f"{head}.{said}",
        "." * 30_000,
        "x" * 60_000,
    ):
        answer = house.ask({**house.signer.form(now), "client_assertion": odd})
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    deep = to_base64(("[" * 20_000 + "]" * 20_000).encode())
    assert house.ask({**house.signer.form(now), "client_assertion": f"{deep}.{deep}.x"}).status_code == 401


def test_who_tries_wrong_keys_again_and_again_waits_and_shuts_out_nobody_elsewhere(house: House) -> None:
    right, wrong = house.signer, replace(house.signer, key=ec_key())
    assert [house.ask(wrong.form(house.world.now)).status_code for _ in range(61)] == [401] * 60 + [429]
    waiting = house.ask(right.form(house.world.now))
    assert (waiting.status_code, waiting.json()["error"]) == (429, "temporarily_unavailable")
    assert 0 < int(waiting.headers["retry-after"]) <= 600
    with house.world.centre.the(TokenTries).one(f"192.0.2.7 {house.client.id}"):
        pass  # the same program from elsewhere
    assert house.ask(replace(right, client_id="another").form(house.world.now)).status_code == 401


def test_a_token_is_asked_for_in_a_form_and_nowhere_else(house: House) -> None:
    """What stands in an address is written into logs."""
    form = house.signer.form(house.world.now)
    assert house.http.post(TOKEN_PATH, params=form).json()["error"] == "invalid_request"
    assert house.http.post(TOKEN_PATH, params=form, data={"grant_type": form["grant_type"]}).status_code == 401
    assert house.http.get(TOKEN_PATH, params=form).status_code == 401
    token = house.token()
    assert house.http.get(f"/fhir/Slot?schedule=Schedule/calendar-weiss&access_token={token}").status_code == 401


def test_a_program_with_scopes_is_one_at_the_fhir_interface_and_nowhere_else() -> None:
    by_scope, by_hand = Actor(Role.CLIENT, "p", scopes=("system/Slot.rs",)), Actor(Role.CLIENT, "p")
    held = {right for right in Right if holds(by_scope, right)}
    assert held == {Right.OPEN, Right.FHIR_READ, Right.FHIR_WRITE, Right.AUDIT_READ}
    assert holds(by_hand, Right.IMPORT)
