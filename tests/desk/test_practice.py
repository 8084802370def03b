"""Which address a doctor's browser may hand values over to, and what its page says of it."""

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from telemed.desk.practice import BadAddress, PracticeServers, parse
from telemed.kit.settings import BadSetting
from telemed.web.security import Protection, protect, reach
from telemed.wiring import read_settings

PRACTICE = "https://fhir.praxis.example/r4"


def test_each_doctor_has_the_address_of_the_own_practice() -> None:
    servers = parse(f"weiss={PRACTICE}, *=https://andere.example:8443/fhir")
    assert servers.of("weiss") == PRACTICE
    assert servers.of("kraus") == "https://andere.example:8443/fhir"
    assert parse(PRACTICE).of("weiss") == PRACTICE
    assert parse(f"weiss={PRACTICE}").of("kraus") == ""
    assert parse("") == PracticeServers()
    assert parse("http://127.0.0.1:8080/fhir").of("weiss") == "http://127.0.0.1:8080/fhir"


@pytest.mark.parametrize(
    "address",
    [
        "http://fhir.praxis.example/r4",
        "https://",
        "fhir.praxis.example",
        "https://user:secret@fhir.praxis.example/r4",
        f"{PRACTICE}?x",
        f"{PRACTICE}#x",
        f"{PRACTICE}; script-src *",
        f"{PRACTICE} https://elsewhere.example",
        "javascript:alert(1)",
        "https://*/r4",
    ],
)
def test_what_is_more_or_less_than_an_address_is_refused(address: str) -> None:
    with pytest.raises(BadAddress):
        parse(f"weiss={address}")


def test_only_the_page_that_asks_may_reach_it() -> None:
    app = FastAPI()
    protect(app, Protection())

    @app.get("/call")
    def call(request: Request) -> str:
        reach(request.scope, PRACTICE)
        return ""

    @app.get("/other")
    def other() -> str:
        return ""

    client = TestClient(app)
    assert f"connect-src 'self' {PRACTICE};" in client.get("/call").headers["content-security-policy"]
    assert "connect-src 'self';" in client.get("/other").headers["content-security-policy"]


def test_a_wrong_setting_stops_the_start() -> None:
    settings = {"TELEMED_CENTRE_STATE_DIR": "/nowhere", "TELEMED_CENTRE_PRACTICE_FHIR": "http://praxis.example"}
    with pytest.raises(BadSetting, match=r"PRACTICE_FHIR: http://praxis\.example is not https"):
        read_settings(settings)
