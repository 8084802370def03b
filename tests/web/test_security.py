"""What every answer carries, and what is refused before it reaches a route."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from telemed.web.security import BODY_CAP, Protection
from tests.web.apps import make_app


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(make_app(tmp_path, Protection(media=("/page",), machines=("/fhir",), body_caps={"/raw": 100})))


OWN = {"sec-fetch-site": "same-origin"}
WISH = {"words": "x"}


def test_every_answer_carries_the_headers_even_a_refusal(client: TestClient) -> None:
    for path in ("/missing", "/nowhere", "/static/css/site.css"):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_pages_are_not_kept_and_files_are_asked_for_again(client: TestClient) -> None:
    assert client.get("/missing").headers["cache-control"] == "no-store"
    assert client.get("/static/css/site.css").headers["cache-control"] == "no-cache"


def test_each_answer_has_its_own_nonce(client: TestClient) -> None:
    policies = {client.get("/missing").headers["content-security-policy"] for _ in range(5)}
    assert len(policies) == 5


def test_camera_and_microphone_only_where_they_are_needed(client: TestClient) -> None:
    assert "camera=(self), microphone=(self)" in client.get("/page").headers["permissions-policy"]
    assert "camera=(), microphone=()" in client.get("/pages").headers["permissions-policy"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://testserver"}, 403),
        ({"origin": "http://testserver"}, 200),
        ({"origin": "http://testserver:81"}, 403),
        ({"origin": "http://elsewhere"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
)
def test_another_site_cannot_make_a_browser_change_anything(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    assert client.post("/wish", json=WISH, headers=headers).status_code == status


def test_another_site_may_link_to_us(client: TestClient) -> None:
    assert client.get("/missing", headers={"sec-fetch-site": "cross-site"}).status_code == 404


def test_machines_with_a_bearer_are_not_asked_for_an_origin(client: TestClient) -> None:
    assert client.post("/fhir/wish", json=WISH).status_code == 200


def test_a_websocket_opens_for_us_and_for_machines_only(client: TestClient) -> None:
    for headers in ({}, {"origin": "http://testserver"}):
        with client.websocket_connect("/socket", headers=headers) as socket:
            assert socket.receive_text() == "hello"
    for origin in ("http://elsewhere", "null"):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect("/socket", headers={"origin": origin}):
            pass


def test_a_body_above_the_cap_is_refused(client: TestClient) -> None:
    assert client.post("/wish", content=b"x" * (BODY_CAP + 1), headers=OWN).status_code == 413
    assert client.post("/raw", content=b"x" * 100, headers=OWN).json() == 100
    assert client.post("/raw", content=b"x" * 101, headers=OWN).status_code == 413


def test_a_body_of_unknown_length_is_counted(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        yield from [b"x" * 60, b"x" * 60]

    assert client.post("/raw", content=pieces(), headers=OWN).status_code == 413
    assert client.post("/wish", content=b"{}", headers={**OWN, "content-length": "many"}).status_code == 413
