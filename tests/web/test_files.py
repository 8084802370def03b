"""Files are small and kept while they stay the same; of pages only those are packed that tell nobody anything."""

import hashlib
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.datastructures import Headers

from telemed.web.files import ASKED_AGAIN, KEPT, Folders, accepts
from telemed.web.pages import STATIC
from tests.web.apps import make_app

PAGE = '{% extends "frame.html" %}{% block main %}<h1>Seite</h1>{{ "Ein Satz. " * 200 }}{% endblock %}'


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "page.html").write_text(PAGE, encoding="utf-8")
    return TestClient(make_app(tmp_path), base_url="https://testserver")


def test_a_page_names_its_files_by_version_and_they_are_kept_for_long(client: TestClient) -> None:
    html = client.get("/page/page.html").text
    sheets = re.findall(r'href="(/static/[^"]+\.css\?v=[0-9a-f]{16})"', html)
    assert len(sheets) == 2
    for address in sheets:
        assert client.get(address).headers["cache-control"] == KEPT
    other = client.get(f"{sheets[0][:-1]}{'0' if sheets[0][-1] != '0' else '1'}")
    assert other.headers["cache-control"] == ASKED_AGAIN


def test_a_sheet_names_fonts_by_version_too(client: TestClient) -> None:
    (font, *_) = re.findall(r'url\("(/static/vendor/fonts/[^"]+)"\)', client.get("/static/css/tokens.css").text)
    answer = client.get(font)
    assert answer.headers["cache-control"] == KEPT
    assert answer.headers["content-type"] == "font/woff2"
    assert font.partition("?v=")[2] == hashlib.sha256(answer.content).hexdigest()[:16]


def test_a_file_is_packed_for_whom_can_unpack_it_and_not_sent_twice(client: TestClient) -> None:
    came = {}
    for offer, coding in (("identity", None), ("gzip", "gzip"), ("gzip, br", "br")):
        answer = came[coding] = client.get("/static/css/site.css", headers={"accept-encoding": offer})
        assert answer.headers.get("content-encoding") == coding
        again = {"if-none-match": answer.headers["etag"], "accept-encoding": offer}
        assert client.get("/static/css/site.css", headers=again).status_code == 304
    assert len({answer.content for answer in came.values()}) == 1
    assert len({answer.headers["etag"] for answer in came.values()}) == 3
    sizes = {coding: int(answer.headers["content-length"]) for coding, answer in came.items()}
    assert sizes["br"] < sizes["gzip"] < sizes[None] / 3


def test_scripts_stay_at_the_address_by_which_they_know_each_other(tmp_path: Path) -> None:
    folders = Folders(STATIC, {"own": tmp_path})
    (tmp_path / "a.svg").write_text("<svg/>")
    text = folders.in_markup('src="/static/js/clock.js" src="/static/own/a.svg" src="/static/own/b.svg"')
    assert re.fullmatch(r'src="/static/js/clock.js" src="/static/own/a.svg\?v=\w{16}" src="/static/own/b.svg"', text)


@pytest.mark.parametrize(
    ("offer", "is_taken"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("gzip;q=0", False), ("gzip; q=0.0", False), ("*", False), ("", False)],
)
def test_what_a_browser_accepts(offer: str, is_taken: bool) -> None:
    assert accepts(Headers({"accept-encoding": offer}), "gzip") is is_taken


def test_a_page_that_is_the_same_for_all_is_packed(client: TestClient) -> None:
    answer = client.get("/page/page.html", headers={"accept-encoding": "gzip", "cookie": "sprache=de"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "Ein Satz." in answer.text


@pytest.mark.parametrize(
    "own", [{"cookie": "__Host-telemed=x"}, {"cookie": "sprache=de; other=1"}, {"authorization": "Bearer x"}]
)
def test_what_is_for_one_person_is_never_packed(client: TestClient, own: dict[str, str]) -> None:
    """Whoever sees its length, and may write a part of it, would find out the rest (BREACH)."""
    assert "content-encoding" not in client.get("/page/page.html", headers=own).headers
    answer = client.post("/page/page.html", headers={"sec-fetch-site": "same-origin"})
    assert "content-encoding" not in answer.headers
