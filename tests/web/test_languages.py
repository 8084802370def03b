"""A page for people speaks the language that they chose; staff's pages and other programs' do not follow."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from schemas.day import LANGUAGES
from telemed.kit import i18n
from telemed.web.languages import LASTS_S, OWN_NAMES
from tests.web.apps import make_app

PAGE = '{% extends "frame.html" %}{% block main %}<h1>{{ _("ticket.fish") }}</h1>{% endblock %}'
STAFF = '{% extends "frame.html" %}{% block body_class %}staff wide{% endblock %}{% block main %}{% endblock %}'
BELOW = '{% extends "staff.html" %}{% block title %}unter{% endblock %}'
STEP = (
    '{% extends "frame.html" %}{% set again = ("it", "/page/step.html") %}'
    '{% block main %}<form id="it"></form>{% endblock %}'
)


def client_of(tmp_path: Path, *languages: str) -> TestClient:
    for name, text in {"page": PAGE, "staff": STAFF, "below": BELOW, "step": STEP}.items():
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
    app = make_app(tmp_path)
    app.state.languages = languages
    return TestClient(app, base_url="https://testserver")


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return client_of(tmp_path, "de", "tr", "ar")


def test_a_choice_is_shown_at_once_and_kept_by_the_browser(client: TestClient) -> None:
    assert "Fisch" in client.get("/page/page.html").text
    chosen = client.get("/page/page.html?sprache=tr")
    assert "Balık" in chosen.text
    assert f"Max-Age={LASTS_S}" in chosen.headers["set-cookie"]
    after = client.get("/page/page.html")
    assert '<html lang="tr" dir="ltr">' in after.text
    assert "set-cookie" not in after.headers
    assert '<html lang="ar" dir="rtl">' in client.get("/page/page.html?sprache=ar").text
    assert "Fisch" in client.get("/page/page.html?sprache=de").text


@pytest.mark.parametrize("unknown", ["pl", "", "xx", "tr'"])
def test_what_is_not_offered_changes_nothing(client: TestClient, unknown: str) -> None:
    client.get("/page/page.html?sprache=tr")
    answer = client.get("/page/page.html", params={"sprache": unknown})
    assert "Balık" in answer.text
    assert "set-cookie" not in answer.headers


def test_each_language_is_called_as_its_speakers_call_it_and_asked_for_at_the_same_page(client: TestClient) -> None:
    html = client.get("/page/page.html?a=%C3%A4%26&sprache=tr").text
    assert 'href="/page/page.html?a=%C3%A4%26&amp;sprache=ar" hreflang="ar" lang="ar" dir="rtl">العربية</a>' in html
    assert set(OWN_NAMES) == set(LANGUAGES)


def test_what_was_sent_by_a_form_is_sent_along_or_cannot_be_switched(client: TestClient) -> None:
    html = client.post("/page/step.html", headers={"sec-fetch-site": "same-origin"}).text
    assert 'form="it" formaction="/page/step.html?sprache=ar" formmethod="post" formnovalidate' in html
    assert "/page/page.html?sprache" not in client.post("/page/page.html", headers={"sec-fetch-site": "none"}).text


@pytest.mark.parametrize("page", ["staff", "below"])
def test_staffs_pages_are_german_whatever_was_chosen(client: TestClient, page: str) -> None:
    client.get("/page/page.html?sprache=tr")
    answer = client.get(f"/page/{page}.html?sprache=ar")
    assert '<html lang="de" dir="ltr">' in answer.text
    assert "languages" not in answer.text
    assert "set-cookie" not in answer.headers


def test_a_refusal_speaks_it_too(client: TestClient) -> None:
    client.get("/page/page.html?sprache=ar")
    assert '<html lang="ar" dir="rtl">' in client.get("/nowhere").text
    unsaid = client.post("/wish", headers={"sec-fetch-site": "cross-site"}).text
    assert unsaid == i18n.words("ar").text("refusal.other_site")


def test_words_that_nobody_has_checked_say_so(client: TestClient) -> None:
    assert not any(i18n.checked(language) for language in LANGUAGES if language != "de")
    assert 'class="unchecked"' in client.get("/page/page.html?sprache=tr").text
    assert 'class="unchecked"' not in client.get("/page/page.html?sprache=de").text


def test_where_there_is_one_language_nothing_is_offered(tmp_path: Path) -> None:
    client = client_of(tmp_path)
    client.cookies.set("sprache", "tr")
    html = client.get("/page/page.html").text
    assert "Fisch" in html
    assert "languages" not in html
