"""What is sent says time, place, minutes and link, in the person's language, and nothing of the person."""

from datetime import UTC, datetime
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from telemed.kit.i18n import available, words
from telemed.notify import texts
from telemed.notify.model import Kind
from telemed.notify.texts import Said
from tests.counts import Counted
from tests.notify import leaks

MAY_STAND = {"time", "place", "minutes", "link"}
OF_A_CODE = {"minutes", "code"}
WITHOUT_LINK = {Kind.CODE, Kind.CALL_BACK}
"""A code is typed where it was asked for; a call back is said by whoever calls."""
COUNT = 2000
SAID = Said(datetime(2026, 12, 1, 8, 20, tzinfo=UTC), "Raum 1", 20, "https://c.test/n/abc", ZoneInfo("Europe/Berlin"))
KEYS = {*(f"notice.{kind}" for kind in Kind), "notice.come_now.home"}


def test_of_random_patients_nothing_of_theirs_is_in_what_they_are_sent(counted: Counted) -> None:
    seen = leaks.look("notices", COUNT)
    assert seen.found == []
    assert seen.patients == COUNT
    counted(f"notices: {seen} (make proof: 100,000)")


def test_the_look_would_find_a_name_a_doctor_and_a_specialty() -> None:
    assert leaks.control("notices", 90) == 90


@pytest.mark.parametrize("language", available())
def test_a_template_has_no_other_variables_than_time_place_minutes_and_link(language: str) -> None:
    for key in KEYS:
        text = words(language).starting(key)[key]
        may = OF_A_CODE if key == f"notice.{Kind.CODE}" else MAY_STAND
        assert {name for _, name, _, _ in Formatter().parse(text) if name} <= may


@pytest.mark.parametrize("kind", Kind)
def test_a_notice_fits_one_text_message_and_has_its_link(kind: Kind) -> None:
    text = texts.text(kind, SAID, "de")
    assert text.endswith(SAID.link) is (kind not in WITHOUT_LINK)
    assert len(text.replace(SAID.link, "x" * 60)) <= 306  # two parts of a long text message (3GPP TS 23.040)
    assert "⟦" not in text


def test_day_and_time_are_the_wall_s_in_the_person_s_language() -> None:
    assert "Dienstag, 1. Dezember, 9:20 Uhr, Raum 1" in texts.text(Kind.TWO_HOURS, SAID, "de")
    assert texts.moment(SAID.time, SAID.zone, "en") == "Tuesday, 1 December, 9:20"
    assert texts.moment(SAID.time, SAID.zone, "uk") == "вівторок, 1 грудня, 9:20"


def test_who_speaks_what_we_do_not_gets_german() -> None:
    assert texts.spoken("fr") == "de"
    assert texts.text(Kind.DELAY, SAID, "fr") == texts.text(Kind.DELAY, SAID, "de")
