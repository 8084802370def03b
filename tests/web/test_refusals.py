"""No is said as a page to people and as a problem to programs."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from telemed.kit.i18n import words
from telemed.kit.refusal import Sense
from telemed.web.refusals import PROBLEM_JSON
from tests.web.apps import make_app

HTML = {"accept": "text/html,application/xhtml+xml"}
JSON = {"accept": "application/json"}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(make_app(tmp_path))


def test_a_page_says_what_is_wrong_and_what_to_do_now(client: TestClient) -> None:
    answer = client.get("/missing", headers=HTML)
    assert answer.status_code == 404
    assert words().text("refusal.not_found") in answer.text
    assert words().text("refusal.do.missing") in answer.text


def test_a_program_gets_problem_details(client: TestClient) -> None:
    answer = client.get("/taken", headers=JSON)
    assert answer.headers["content-type"] == PROBLEM_JSON
    assert answer.json()["status"] == answer.status_code == 409


def test_unknown_paths_and_unreadable_requests_are_refused_alike(client: TestClient) -> None:
    unknown, missing = (client.get(path, headers=HTML).text.replace(path, "") for path in ("/nowhere", "/missing"))
    assert unknown == missing
    answer = client.post("/wish", json={}, headers={**JSON, "sec-fetch-site": "same-origin"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:telemed:refusal.invalid")


@pytest.mark.parametrize("sense", list(Sense))
def test_every_sense_has_its_advice_in_german(sense: Sense) -> None:
    assert f"refusal.do.{sense.name.lower()}" in words()


def test_a_bug_is_said_in_plain_words_too(tmp_path: Path) -> None:
    client = TestClient(make_app(tmp_path), raise_server_exceptions=False)
    answer = client.get("/bug", headers=HTML)
    assert answer.status_code == 500
    assert words().text("refusal.bug") in answer.text
    assert "RuntimeError" not in answer.text
