"""The rules of notices: not at night, once per threshold, never earlier than said; also where the clock is changed."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.day import FactReason
from telemed.notify import model
from telemed.notify.model import Channel, Kind, Night, Notice
from telemed.people.model import Person, Way, international
from telemed.visit.model import VisitState
from tests.builders import make_fact

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Night()
SPRING, AUTUMN = date(2027, 3, 28), date(2026, 10, 25)
"""At 2:00 the clock goes on to 3:00; at 3:00 back to 2:00."""
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ALL = frozenset(Channel)


def at(day: date, wall: str, *, fold: int = 0) -> datetime:
    return datetime.combine(day, time.fromisoformat(wall).replace(fold=fold), tzinfo=BERLIN).astimezone(UTC)


def wall(moment: datetime) -> str:
    return moment.astimezone(BERLIN).strftime("%H:%M")


around_a_change = st.builds(
    lambda day, days, minutes: at(day + days * DAY, "00:00") + minutes * MINUTE,
    st.sampled_from([SPRING, AUTUMN]),
    st.integers(-2, 2),
    st.integers(0, 24 * 60),
)


def has_a_day(night: Night) -> bool:
    """Two hours at least, so that the hour which spring skips is never all of it."""
    start, end = (at_wall.hour * 60 + at_wall.minute for at_wall in (night.start, night.end))
    return night.start == night.end or (start - end) % (24 * 60) > 120


nights = st.builds(Night, st.times().map(lambda t: t.replace(second=0, microsecond=0)), st.times()).filter(has_a_day)


@given(around_a_change, st.timedeltas(timedelta(0), 3 * DAY), nights)
def test_what_is_sent_is_sent_by_day_not_earlier_than_due_and_only_while_it_is_of_use(
    due: datetime, useful: timedelta, night: Night
) -> None:
    sent = model.awake(due, due + useful, night, BERLIN)
    if not model.is_night(due.astimezone(BERLIN).time(), night):
        assert sent == due
        return
    if sent is not None:
        assert due < sent < due + useful
        assert sent - due <= DAY + HOUR
        assert not model.is_night(sent.astimezone(BERLIN).time(), night)


@given(around_a_change, nights)
@example(at(AUTUMN, "02:10", fold=1), Night(time(20), time(2, 30)))
@example(at(SPRING, "01:59"), Night(time(20), time(2, 30)))
def test_a_night_ends_once_also_where_an_hour_is_skipped_or_comes_twice(due: datetime, night: Night) -> None:
    sent = model.awake(due, due + 5 * DAY, night, BERLIN)
    assert sent is not None
    assert sent >= due
    assert model.awake(sent, sent + DAY, night, BERLIN) == sent


@given(around_a_change, st.integers(0, 60 * 24 * 4))
def test_around_a_change_of_the_clock_each_reminder_comes_once(start: datetime, ahead: int) -> None:
    booked = start - ahead * MINUTE
    told = model.planned(start, now=booked, zone=BERLIN)
    kinds = [kind for kind, _, _ in told]
    assert kinds[0] is Kind.CONFIRMED
    assert len(set(kinds)) == len(kinds)
    assert (Kind.TWO_HOURS in kinds) == (ahead > 120)
    assert all(booked <= due < start for _, due, _ in told) or ahead == 0
    day_before = model.day_before(start, BERLIN)
    assert (Kind.DAY_BEFORE in kinds) == (day_before > booked)
    there = day_before.astimezone(BERLIN)
    assert there.date() == start.astimezone(BERLIN).date() - DAY
    assert 22 * HOUR <= start - day_before <= 26 * HOUR


def test_the_day_before_is_the_same_time_on_the_wall() -> None:
    assert model.day_before(at(SPRING, "10:00"), BERLIN) == at(SPRING - DAY, "10:00")
    assert at(SPRING, "10:00") - model.day_before(at(SPRING, "10:00"), BERLIN) == 23 * HOUR
    assert at(AUTUMN, "10:00") - model.day_before(at(AUTUMN, "10:00"), BERLIN) == 25 * HOUR
    assert wall(model.day_before(at(SPRING + DAY, "02:30"), BERLIN)) == "03:30"  # 2:30 was not, the day before


@pytest.mark.parametrize(
    ("due", "until", "sent"),
    [
        ("19:59", "23:00", "19:59"),
        ("20:00", "23:00", None),  # of no use in the morning
        ("07:00", "09:00", "08:00"),
        ("07:00", "08:00", None),
        ("08:00", "09:00", "08:00"),
    ],
)
def test_what_falls_into_the_night_comes_in_the_morning_or_not_at_all(due: str, until: str, sent: str | None) -> None:
    day = date(2026, 12, 1)
    found = model.awake(at(day, due), at(day, until), NIGHT, BERLIN)
    assert (wall(found) if found else None) == sent


def test_a_night_of_no_length_is_none() -> None:
    midnight = at(date(2026, 12, 1), "00:00")
    assert model.awake(midnight, midnight + HOUR, Night(time(0), time(0)), BERLIN) == midnight


@given(st.lists(st.integers(0, 200), max_size=30))
def test_each_threshold_is_told_once_and_only_upwards(lates: list[int]) -> None:
    steps, said, told = (10, 20, 40), 0, []
    for late in lates:
        step = model.delay_step(late, said, steps)
        if step is not None:
            told.append(step)
            said = max(said, late)
    assert told == sorted(set(told))
    highest = max((step for step in steps if step <= max(lates, default=0)), default=None)
    assert (told[-1] if told else None) == highest


def test_of_several_thresholds_at_once_only_the_highest_is_told() -> None:
    assert model.delay_step(45, 0, (10, 20, 40)) == 40
    assert model.delay_step(9, 0, (10, 20, 40)) is None
    assert model.delay_step(25, 22, (10, 20, 40)) is None
    assert model.delay_step(40, 22, (10, 20, 40)) == 40


def test_what_is_told_of_a_delay_is_rather_too_little() -> None:
    assert [model.at_least(minutes * MINUTE) for minutes in (-3, 4, 5, 14.9, 44)] == [0, 0, 5, 10, 40]


@pytest.mark.parametrize(
    "number", ["0171 2345678", "01512-345 678", "+49 160 1234567", "0049 176 123456", "+49(0)171234"]
)
def test_a_mobile_number_can_get_a_text_message(number: str) -> None:
    assert model.is_mobile(number)
    assert international(number).startswith("+491")


@pytest.mark.parametrize(
    "number", ["03641 49 82", "030 1712345", "0800 1234567", "+49 3641 1712", "+44 171 234567", "171234"]
)
def test_another_number_cannot(number: str) -> None:
    assert not model.is_mobile(number)


def person(way: Way, contact: str = "") -> Person:
    return Person("Erika Sommer", 1948, way, contact)


MOBILE, LANDLINE = person(Way.PHONE, "0171 2345678"), person(Way.PHONE, "03641 4982")
EMAIL, PAPER = person(Way.EMAIL, "erika@example.org"), person(Way.PAPER)


def test_each_person_is_told_on_the_own_channel() -> None:
    told = {
        name: model.channels(Kind.DELAY, one, ALL, has_push=False)
        for name, one in {"mobile": MOBILE, "landline": LANDLINE, "email": EMAIL, "paper": PAPER}.items()
    }
    assert told == {"mobile": (Channel.SMS,), "landline": (Channel.CALL,), "email": (Channel.EMAIL,), "paper": ()}


def test_web_push_comes_on_top() -> None:
    assert model.channels(Kind.DELAY, EMAIL, ALL, has_push=True) == (Channel.PUSH, Channel.EMAIL)
    assert model.channels(Kind.DELAY, PAPER, ALL, has_push=True) == (Channel.PUSH,)


def test_without_a_gateway_staff_call_about_what_is_worth_a_call() -> None:
    only = {Channel.CALL}
    assert model.channels(Kind.DAY_BEFORE, MOBILE, only, has_push=False) == (Channel.CALL,)
    assert model.channels(Kind.CONFIRMED, MOBILE, only, has_push=False) == ()
    assert model.channels(Kind.MOVED, PAPER, only, has_push=False) == (Channel.CALL,)
    assert model.channels(Kind.CANCELLED, LANDLINE, only, has_push=False, by_herself=True) == ()


def test_nobody_calls_about_a_landline_s_own_confirmation() -> None:
    assert model.channels(Kind.CONFIRMED, LANDLINE, ALL, has_push=False) == ()


@pytest.mark.parametrize(
    ("kind", "step", "state", "moot"),
    [
        (Kind.TWO_HOURS, 0, VisitState.ARRIVED, True),
        (Kind.TWO_HOURS, 0, VisitState.PLANNED, False),
        (Kind.DELAY, 10, VisitState.CALLED, True),
        (Kind.COME_NOW, 0, VisitState.ARRIVED, True),
        (Kind.COME_NOW, 1, VisitState.CALLED, False),
        (Kind.COME_NOW, 1, VisitState.INSIDE, True),
        (Kind.CANCELLED, 0, VisitState.PLANNED, False),
        (Kind.MOVED, 0, VisitState.PLANNED, False),
        (Kind.MOVED, 0, VisitState.ENDED, True),
    ],
)
def test_who_is_there_already_is_not_told(kind: Kind, step: int, state: VisitState, moot: bool) -> None:
    assert model.is_moot(kind, step, state) is moot


def test_who_is_called_from_home_or_was_not_in_the_room_is_away() -> None:
    now = at(date(2026, 12, 1), "10:00")
    called, skipped = make_fact("v", "called", now), make_fact("v", "skipped", now)
    missing = skipped.model_copy(update={"reason": FactReason.NOT_IN_ROOM})
    assert not model.is_away([called], is_home=False)
    assert not model.is_away([skipped, called], is_home=False)
    assert model.is_away([called], is_home=True)
    assert model.is_away([missing, called], is_home=False)
    assert model.is_away([called, make_fact("v", "recalled", now)], is_home=False)


def notice(kind: Kind, due: datetime, until: datetime) -> Notice:
    return Notice("n", kind, "p", "b", due, until, channel=Channel.SMS)


def test_what_waits_too_long_on_a_channel_is_said_by_staff() -> None:
    due, morning = at(date(2026, 12, 1), "10:00"), at(date(2026, 12, 1), "08:00")
    one = notice(Kind.COME_NOW, due, due + HOUR)
    assert not model.escalates(one, morning=morning, now=due + 119 * timedelta(seconds=1))
    assert model.escalates(one, morning=morning, now=due + 2 * MINUTE)
    assert model.escalates(notice(Kind.TWO_HOURS, due, due + MINUTE), morning=morning, now=due + MINUTE)


def test_after_a_night_a_channel_gets_its_time_from_the_morning_on() -> None:
    evening, day = at(date(2026, 11, 30), "19:59"), date(2026, 12, 1)
    one = notice(Kind.CONFIRMED, evening, evening + 3 * DAY)
    morning = model.morning_before(at(day, "08:01"), NIGHT, BERLIN)
    assert morning == at(day, "08:00")
    assert not model.escalates(one, morning=morning, now=at(day, "08:01"))
    assert model.escalates(one, morning=morning, now=at(day, "08:30"))
    assert model.morning_before(at(day, "07:00"), NIGHT, BERLIN) == at(day - DAY, "08:00")


def test_one_tries_less_and_less_often() -> None:
    waits = [model.retry_after(attempts) for attempts in range(1, model.ATTEMPTS)]
    assert waits == sorted(waits)
    assert waits[0] == timedelta(seconds=5)
    assert waits[-1] == timedelta(minutes=5)
