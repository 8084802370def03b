"""Opening hours with public holidays, absences and exceptions, against a minute-by-minute reference."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telemed.directory.calendar import Hours, Opening, Span, UnknownCalendar, is_holiday, merged

ZONE = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
Spans = tuple[Span, ...]
CHILDRENS_DAY = date(2026, 9, 20)
"""A Sunday, and a public holiday in Thuringia alone."""


def wall(day: date, at: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(at), tzinfo=ZONE).astimezone(UTC)


def daily(start: str, end: str, *, holidays: str = "", closed: Spans = (), extra: Spans = ()) -> Hours:
    opening = Opening(time.fromisoformat(start), time.fromisoformat(end))
    return Hours(((opening,),) * 7, holidays, closed, extra)


def on(hours: Hours, day: date) -> list[tuple[str, str]]:
    """When it is open on *day*, on the wall."""
    found = hours.between(wall(day, "00:00"), wall(day + timedelta(days=1), "00:00"), ZONE)
    return [(f"{start.astimezone(ZONE):%H:%M}", f"{end.astimezone(ZONE):%H:%M}") for start, end in found]


def test_the_holidays_of_thuringia_are_known() -> None:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [f"{day:%m-%d}" for day in days if is_holiday("DE-TH", day)] == [
        "01-01",
        "04-03",
        "04-06",
        "05-01",
        "05-14",
        "05-25",
        "09-20",
        "10-03",
        "10-31",
        "12-25",
        "12-26",
    ]


def test_the_next_land_has_other_holidays() -> None:
    repentance = date(2026, 11, 18)
    assert [is_holiday(land, CHILDRENS_DAY) for land in ("DE-TH", "DE-SN")] == [True, False]
    assert [is_holiday(land, repentance) for land in ("DE-TH", "DE-SN")] == [False, True]


@pytest.mark.parametrize("code", ["", "none", "DE-XX", "XX", "Thüringen", "de-th", "HolidayBase"])
def test_an_unknown_land_is_no_land_without_holidays(code: str) -> None:
    with pytest.raises(UnknownCalendar):
        is_holiday(code, CHILDRENS_DAY)


def test_it_is_closed_on_holidays_and_open_the_day_after() -> None:
    hours = daily("08:00", "18:00", holidays="DE-TH")
    assert on(hours, CHILDRENS_DAY) == []
    assert on(hours, CHILDRENS_DAY + timedelta(days=1)) == [("08:00", "18:00")]
    assert on(daily("08:00", "18:00", holidays="DE-SN"), CHILDRENS_DAY) == [("08:00", "18:00")]


def test_an_extra_opening_counts_on_a_holiday_and_an_absence_counts_more() -> None:
    extra = (wall(CHILDRENS_DAY, "10:00"), wall(CHILDRENS_DAY, "14:00"))
    absent = (wall(CHILDRENS_DAY, "12:00"), wall(CHILDRENS_DAY, "13:00"))
    hours = daily("08:00", "18:00", holidays="DE-TH", extra=(extra,), closed=(absent,))
    assert on(hours, CHILDRENS_DAY) == [("10:00", "12:00"), ("13:00", "14:00")]


def test_an_extra_opening_that_touches_the_weekly_hours_lengthens_them() -> None:
    day = date(2026, 11, 24)
    hours = daily("08:00", "18:00", extra=((wall(day, "18:00"), wall(day, "20:00")),))
    assert on(hours, day) == [("08:00", "20:00")]


@pytest.mark.parametrize(
    ("night", "hours_open"),
    [(date(2026, 3, 28), 5), (date(2026, 10, 24), 7), (date(2026, 11, 24), 6)],
    ids=["the short night", "the long night", "any night"],
)
def test_an_absence_over_the_night_of_the_change_ends_on_the_wall(night: date, hours_open: int) -> None:
    """Open all night, away from 22:00 to 1:00: what is left until 7:00 is as long as the night makes it."""
    morning = night + timedelta(days=1)
    hours = daily("00:00", "00:00", closed=((wall(night, "22:00"), wall(morning, "01:00")),))
    found = hours.between(wall(night, "20:00"), wall(morning, "07:00"), ZONE)
    assert found == [
        (wall(night, "20:00"), wall(night, "22:00")),
        (wall(morning, "01:00"), wall(morning, "07:00")),
    ]
    assert found[1][1] - found[1][0] == timedelta(hours=hours_open)


def test_moments_are_the_same_in_whatever_zone_they_are_asked_for() -> None:
    day = date(2026, 10, 25)
    start, end = wall(day, "01:00"), wall(day, "04:00")
    asked = daily("00:00", "00:00").between(start.astimezone(ZONE), end.astimezone(ZONE), ZONE)
    assert asked == [(start, end)]
    assert {moment.tzinfo for span in asked for moment in span} == {UTC}


def test_two_roles_have_the_hours_of_both_and_the_absences_of_both() -> None:
    day = date(2026, 11, 24)
    first = daily("08:00", "12:00", closed=((wall(day, "08:00"), wall(day, "09:00")),))
    second = daily("13:00", "15:00", holidays="DE-TH", closed=((wall(day, "14:00"), wall(day, "15:00")),))
    both = first.plus(second)
    assert on(both, day) == [("09:00", "12:00"), ("13:00", "14:00")]
    assert on(both, CHILDRENS_DAY) == []
    assert both == second.plus(first)


DAYS = [date(2026, 3, 28), date(2026, 10, 24), date(2026, 9, 19), date(2026, 12, 24)]
"""Before the short night, the long night, and two holidays."""
# a wall time that the changes skip or repeat names no single moment, so no opening begins or ends there
times = st.times().filter(lambda at: not time(2) < at < time(3)).map(lambda at: at.replace(second=0, microsecond=0))
openings = (
    st.tuples(times, times).filter(lambda pair: pair[0] < pair[1] or pair[1] == time(0)).map(lambda p: Opening(*p))
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Hours, datetime, datetime]:
    begin = wall(draw(st.sampled_from(DAYS)), "00:00")
    minutes = st.integers(0, 3 * 24 * 60)
    spans = st.tuples(minutes, minutes).map(lambda p: (begin + min(p) * MINUTE, begin + max(p) * MINUTE))
    week = draw(st.lists(st.lists(openings, max_size=2).map(tuple), min_size=7, max_size=7))
    closed, extra = draw(st.lists(spans, max_size=2)), draw(st.lists(spans, max_size=2))
    hours = Hours(tuple(week), draw(st.sampled_from(["", "DE-TH"])), tuple(closed), tuple(extra))
    return hours, *draw(spans)


def is_open(hours: Hours, at: datetime) -> bool:
    """The meaning of `Hours`, said slowly: of one moment, on the wall."""
    there = at.astimezone(ZONE)
    weekly = any(o.start <= there.time() and (there.time() < o.end or o.end == time(0)) for o in _of_day(hours, there))
    return (weekly or _in(hours.extra, at)) and not _in(hours.closed, at)


def _of_day(hours: Hours, there: datetime) -> tuple[Opening, ...]:
    free = bool(hours.holidays) and there.date() in {CHILDRENS_DAY, date(2026, 12, 25), date(2026, 12, 26)}
    return () if free else hours.by_weekday[there.weekday()]


def _in(spans: Spans, at: datetime) -> bool:
    return any(start <= at < end for start, end in spans)


@given(cases())
@example((daily("00:00", "00:00"), wall(DAYS[0], "00:00"), wall(DAYS[0], "00:00")))
def test_between_is_what_a_reference_says_minute_by_minute(case: tuple[Hours, datetime, datetime]) -> None:
    hours, start, end = case
    found = hours.between(start, end, ZONE)
    asked = [start + n * MINUTE for n in range((end - start) // MINUTE)]
    assert [at for at in asked if _in(tuple(found), at)] == [at for at in asked if is_open(hours, at)]
    assert found == merged(found), "sorted, and pieces that touch are one"
    assert all(start <= a < b <= end for a, b in found)
