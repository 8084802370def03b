"""Separate addresses: what belongs to one is refused at the others, and nothing is refused where there is only one."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from telemed.app import BELOW, EVERYWHERE
from telemed.web.origins import MISDIRECTED, Area, Plan
from telemed.web.security import Protection
from tests.web.apps import make_app

ONE = Plan(BELOW, EVERYWHERE, {Area.PUBLIC: "https://termin.example"})
DIVIDED = replace(
    ONE,
    urls={
        Area.PUBLIC: "https://termin.example",
        Area.STAFF: "https://team.example:8443",
        Area.PROGRAMS: "https://fhir.example",
    },
)


@pytest.mark.parametrize(
    ("path", "area"),
    [
        ("/", Area.PUBLIC),
        ("/arzt", Area.STAFF),
        ("/arzt/besuch/x", Area.STAFF),
        ("/arztbesuch", Area.PUBLIC),
        ("/fhir/Slot", Area.PROGRAMS),
        ("/viertel", Area.DISPLAY),
        ("/static/css/site.css", None),
        ("/impressum", None),
    ],
)
def test_every_path_belongs_to_one_area_or_to_all(path: str, area: Area | None) -> None:
    assert ONE.area(path) is area


def test_who_is_at_the_wrong_address_is_told_the_right_one() -> None:
    assert DIVIDED.right_url("/arzt", "team.example:8443") is None
    assert DIVIDED.right_url("/arzt", "TEAM.example:8443") is None
    assert DIVIDED.right_url("/arzt", "termin.example") == "https://team.example:8443"
    assert DIVIDED.right_url("/termin", "team.example:8443") == "https://termin.example"
    assert DIVIDED.right_url("/termin", "") == "https://termin.example"
    assert DIVIDED.right_url("/viertel", "termin.example") is None  # the display has no address of its own
    for host in ("termin.example", "fhir.example", "10.0.0.1"):
        assert DIVIDED.right_url("/static/css/site.css", host) is None


def test_an_app_refuses_what_belongs_elsewhere(tmp_path: Path) -> None:
    below = {Area.STAFF: ("/page",), Area.PROGRAMS: ("/socket",)}
    plan = Plan(below, ("/static",), DIVIDED.urls)
    client = TestClient(make_app(tmp_path, Protection(plan=plan)), "https://termin.example")
    refused = client.get("/page/x.html")
    assert refused.status_code == MISDIRECTED
    assert "https://team.example:8443" in refused.text
    assert "default-src 'none'" in refused.headers["content-security-policy"]
    assert client.post("/page/x.html", headers={"sec-fetch-site": "same-origin"}).status_code == MISDIRECTED
    assert client.get("/missing").status_code == 404
    assert client.get("/static/css/site.css").status_code == 200
    assert client.get("/missing", headers={"host": "team.example:8443"}).status_code == MISDIRECTED
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/socket"):
        pass


def test_with_one_address_any_name_will_do(tmp_path: Path) -> None:
    assert not ONE.is_divided
    assert DIVIDED.is_divided
    client = TestClient(make_app(tmp_path, Protection(plan=ONE)), "https://other.example")
    assert client.get("/missing").status_code == 404
