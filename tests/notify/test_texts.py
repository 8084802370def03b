"""What is sent says time, place, minutes and link, in the person's language, and nothing of the person."""

from dataclasses import replace
from datetime import UTC, datetime
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from telemed.kit.i18n import available, words
from telemed.notify import sms, texts
from telemed.notify.model import Kind
from telemed.notify.texts import Said
from tests.counts import Counted
from tests.notify import leaks

MAY_STAND = {"time", "place", "minutes", "link"}
OF_A_CODE = {"minutes", "code"}
OF_A_MANDATE = {"place", "person", "link"}
"""The initials of who asks: a relative who is not told from whom it comes would not open it."""
WITHOUT_LINK = {Kind.CODE, Kind.CALL_BACK}
"""A code is typed where it was asked for; a call back is said by whoever calls."""
COUNT = 2000
SAID = Said(datetime(2026, 12, 1, 8, 20, tzinfo=UTC), "Raum 1", 20, "https://c.test/n/abc", ZoneInfo("Europe/Berlin"))
KEYS = {*(f"notice.{kind}" for kind in Kind), "notice.come_now.home", "notice.cancelled.own"}


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
        may = {"notice.code": OF_A_CODE, "notice.mandate": OF_A_MANDATE}.get(key, MAY_STAND)
        assert {name for _, name, _, _ in Formatter().parse(text) if name} <= may


@pytest.mark.parametrize("language", available())
@pytest.mark.parametrize("kind", Kind)
def test_a_notice_has_its_link_and_takes_at_most_two_text_messages_in_any_writing(kind: Kind, language: str) -> None:
    """With a host of 28 letters, and a place that is called by 12; a code, which has no link, takes one."""
    link = f"https://termin.stadtwerke-jena.de/n/{'A' * 22}.{language}"
    a_long_day = datetime(2026, 12, 22, 10, 20, tzinfo=UTC)  # Dienstag
    said = replace(SAID, time=a_long_day, place="Gästewohnung", minutes=120, link=link, code="123456")
    for own in (said, replace(said, by_herself=True, person="H. S.")):
        text = texts.text(kind, own, language, brief=True)
        assert text.endswith(link) is (kind not in WITHOUT_LINK)
        assert "⟦" not in text
        assert sms.parts(text) <= (1 if kind is Kind.CODE else 2), text


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *(("ä" * 160, 1), ("ä" * 161, 2), ("ä" * 306, 2), ("ä" * 307, 3), ("€" * 80, 1), ("€" * 81, 2)),
        *(("ş" * 70, 1), ("ş" * 71, 2), ("م" * 134, 2), ("м" * 135, 3), ("ą" + "a" * 70, 2)),
    ],
    ids=lambda value: str(value)[:3],
)
def test_a_text_message_is_counted_as_networks_count_it(text: str, count: int) -> None:
    assert sms.parts(text) == count


def test_where_a_text_message_would_be_several_the_day_is_said_shortly() -> None:
    assert "Salı, 1 Aralık, 9:20" in texts.text(Kind.DAY_BEFORE, SAID, "tr")
    assert "Sal 1.12, 9:20" in texts.text(Kind.DAY_BEFORE, SAID, "tr", brief=True)
    assert "Salı, 1 Aralık, 9:20" in texts.text(Kind.TWO_HOURS, SAID, "tr", brief=True)
    assert "Dienstag, 1. Dezember, 9:20 Uhr" in texts.text(Kind.CONFIRMED, SAID, "de", brief=True)


def test_day_and_time_are_the_wall_s_in_the_person_s_language() -> None:
    assert "Dienstag, 1. Dezember, 9:20 Uhr, Raum 1" in texts.text(Kind.TWO_HOURS, SAID, "de")
    assert texts.moment(SAID.time, SAID.zone, "en") == "Tuesday, 1 December, 9:20"
    assert texts.moment(SAID.time, SAID.zone, "uk") == "вівторок, 1 грудня, 9:20"


def test_who_speaks_what_we_do_not_gets_german() -> None:
    assert texts.spoken("fr") == "de"
    assert texts.text(Kind.DELAY, SAID, "fr") == texts.text(Kind.DELAY, SAID, "de")
