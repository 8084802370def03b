"""Opening hours on ordinary days and on the two nights when the clock is changed; ids of slots."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from telemed.directory.calendar import Hours, Opening
from telemed.directory.model import slot_id, slot_of

ZONE = ZoneInfo("Europe/Berlin")


def hours(start: str, end: str) -> Hours:
    return Hours(((Opening(time.fromisoformat(start), time.fromisoformat(end)),),) * 7)


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        (date(2027, 1, 12), utc(1, 12, 7), utc(1, 12, 17)),
        (date(2027, 7, 13), utc(7, 13, 6), utc(7, 13, 16)),
        (date(2027, 3, 28), utc(3, 28, 6), utc(3, 28, 16)),
        (date(2027, 10, 31), utc(10, 31, 7), utc(10, 31, 17)),
    ],
    ids=["winter", "summer", "the day of the short night", "the day of the long night"],
)
def test_hours_are_wall_time(day: date, opens: datetime, closes: datetime) -> None:
    assert hours("08:00", "18:00").on(day, ZONE) == ((opens, closes),)


@pytest.mark.parametrize(("month", "day", "length"), [(3, 28, 23), (10, 31, 25), (1, 12, 24)])
def test_a_whole_day_is_as_long_as_it_is(month: int, day: int, length: int) -> None:
    ((opens, closes),) = hours("00:00", "00:00").on(date(2027, month, day), ZONE)
    assert closes - opens == timedelta(hours=length)


def test_two_roles_open_together() -> None:
    both = hours("13:00", "15:00").plus(hours("08:00", "12:00"))
    assert [opening.start.hour for opening in both.by_weekday[0]] == [8, 13]


def test_a_slot_is_named_by_what_it_is() -> None:
    start = utc(1, 12, 9, 5)
    made = slot_id("calendar.weiss", start, start + timedelta(minutes=20))
    assert made == "calendar.weiss.20270112T0905Z.20"
    assert slot_of(made) == ("calendar.weiss", start, start + timedelta(minutes=20))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a.b.c",
        "a.20270112T0905Z.0",
        "a.20270112T0905Z.-5",
        "a.20270112T0905Z.+20",
        "a.20270112T0905Z.020",
        "a.2027112T0905Z.20",
        "a.20271312T0905Z.20",
        "a.20270112T0905Z.1441",
        "a.20270112T0905Z.99999999999999999999",
    ],
)
def test_other_texts_name_no_slot(text: str) -> None:
    assert slot_of(text) is None
