"""The frame, its words and the local time."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from jinja2 import DictLoader, UndefinedError

from telemed.kit.i18n import Named, words
from telemed.web.files import Folders
from telemed.web.pages import STATIC, icon, local, local_day, ticket_picture
from telemed.web.spoken import spoken
from tests.web.apps import make_app

PAGE = '{% extends "frame.html" %}{% block main %}<h1>{{ _("web.skip") }}</h1>{% endblock %}'


def rendered(folder: Path, template: str = PAGE, **frame: bool) -> str:
    (folder / "page.html").write_text(template, encoding="utf-8")
    answer = TestClient(make_app(folder, None, **frame)).get("/page/page.html")
    assert answer.status_code == 200
    return answer.text


def test_a_page_says_its_language_and_has_landmarks_and_a_skip_link(tmp_path: Path) -> None:
    html = rendered(tmp_path)
    for part in ('<html lang="de" dir="ltr">', 'href="#main"', '<main id="main"', "<header", "<footer", "112"):
        assert part in html
    assert "⟦" not in html


def test_simulated_devices_and_the_exercise_clock_are_said_on_every_page(tmp_path: Path) -> None:
    html = rendered(tmp_path, simulated=True, exercise=True)
    assert "Geräte sind simuliert" in html
    assert "Übungsuhr" in html
    assert 'data-offset-s="7200.0"' in html
    assert "simuliert" not in rendered(tmp_path)


def test_what_people_wrote_is_escaped(tmp_path: Path) -> None:
    assert "&lt;b&gt;" in rendered(tmp_path, '{% set name = "<b>" %}{{ name }}')


def test_a_name_nobody_gave_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        rendered(tmp_path, "{{ nobody }}")


def test_forms_say_what_is_wrong_next_to_the_field(tmp_path: Path) -> None:
    html = rendered(
        tmp_path,
        '{% import "parts.html" as parts with context %}'
        '{{ parts.error_summary([("phone", "Nummer fehlt")]) }}'
        '{{ parts.field("phone", "Telefon", error="Nummer fehlt", hint="mit Vorwahl") }}'
        '{{ parts.tiles("what", "Was?", [("a", "Arzt", "", "user"), ("b", "Hilfe", "gleich", "")], chosen="b") }}'
        '{{ parts.notice("warn", "Achtung") }}{{ parts.chip("ok", "check", "bereit") }}',
    )
    assert 'href="#phone"' in html
    assert 'aria-invalid="true"' in html
    assert 'value="b" checked' in html


def test_moments_are_shown_in_local_time_and_days_in_words() -> None:
    assert local(datetime(2026, 11, 24, 13, 32, tzinfo=UTC)) == "14:32"
    assert local(datetime(2026, 7, 1, 13, 32, tzinfo=UTC)) == "15:32"
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert local_day(late) == local_day(late, "de-simple") == "Dienstag, 24. November"
    assert local_day(late, "tr") == "Salı, 24 Kasım"


def test_a_picture_is_named_and_an_icon_is_hidden_from_screen_readers() -> None:
    assert 'alt="Fisch"' in ticket_picture("fish", words())
    assert 'aria-hidden="true"' in icon("check")


def test_fixed_words_and_icons_stand_in_the_template_of_their_language_and_all_others_are_looked_up() -> None:
    source = (
        "{{ _('web.skip') }}|{{- icon('check') -}}|{{ _('web.skip')|length }}|{{ _(key) }}|{{ _('x' ~ 1) }}|{{ name }}"
    )
    for language in ("de", "ar"):
        own = words(language)
        made = spoken(DictLoader({"a": source}), Folders(STATIC, {}), own, {}).get_template("a")
        skip = own.text("web.skip")
        shown = made.render(_=lambda key: f"<{key}>", key="k", name=Named("Raum", {"ar": "غرفة"}))
        assert (
            shown == f"{skip}|{icon('check')}|{len(skip)}|&lt;k&gt;|&lt;x1&gt;|{'غرفة' if language == 'ar' else 'Raum'}"
        )
