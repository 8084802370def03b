"""When a call is spoken: at once, after 20 s, after 60 s, while it stands on the board; loud by the time of day."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.board import Announced, Call
from signage.calls import Sound, Volume, sound
from signage.feed import Bulletin
from signage.screen import Line, Received
from telemed.kit.clock import real_now
from tests.signage.boards import NINE, make_board, make_ticket
from tests.signage.test_feed import HandSeconds


def make_call(call_id: str = "call-1", language: str = "tr", at: datetime = NINE) -> Call:
    return Call(call_id=call_id, ticket=make_ticket(), language=language, at=at)


def heard(*calls: Call, line: Line = Line.UP, now_s: float = 0.0, age_s: float = 0.0) -> Sound:
    return sound(Received(make_board(calls=calls), age_s, 0.0), now_s=now_s, line=line, volume=80)


def turns(*calls: Call) -> dict[int, int]:
    """Second → the turn of the first call, for the first 100 s."""
    return {second: heard(*calls, now_s=second).calls[0].turn for second in range(100)}


def test_a_call_is_spoken_at_once_and_after_20_and_60_seconds() -> None:
    now = turns(make_call())
    assert [second for second in now if now[second] != now.get(second - 1, 0) and now[second]] == [0, 20, 60]
    assert sorted(set(now.values())) == [0, 1, 2, 3]
    assert now[99] == now[15] == now[35] == now[75] == 0


def test_how_old_a_call_is_counts_from_the_call_and_not_from_the_board() -> None:
    early = make_call(at=NINE - timedelta(seconds=21))
    assert heard(early).calls[0].turn == 2
    assert heard(make_call(), age_s=61.0).calls[0].turn == 3
    assert heard(make_call(at=NINE + timedelta(seconds=5))).calls[0].turn == 0


def test_the_chime_comes_first_then_the_own_language_then_german() -> None:
    assert heard(make_call()).calls[0].files == (
        "/sound/chime.wav",
        "/sound/calls/call-1/tr.wav",
        "/sound/calls/call-1/de.wav",
    )
    assert heard(make_call(language="de")).calls[0].files[1:] == ("/sound/calls/call-1/de.wav",)


def test_a_board_without_the_call_and_a_monitor_that_is_barred_say_nothing() -> None:
    assert heard().calls == ()
    assert heard(make_call(), line=Line.BARRED).calls == ()
    assert sound(None, now_s=0, line=Line.UP, volume=80) == Sound(80)
    assert heard(make_call(), line=Line.DOWN).calls[0].turn == 1


def test_somebody_called_again_is_another_call() -> None:
    again = make_call("call-2", at=NINE + timedelta(seconds=70))
    assert [(one.call_id, one.turn) for one in heard(again, now_s=70).calls] == [("call-2", 1)]


@pytest.mark.parametrize("what", [Announced.EMERGENCY, Announced.LEAVE])
def test_an_alarm_is_said_again_and_again_at_any_time_of_day_and_instead_of_any_call(what: Announced) -> None:
    board = make_board(calls=(make_call(),), announced=what, languages=("ar", "de-simple"))
    turns = []
    for second in range(0, 100, 10):
        now = sound(Received(board, 0, 0), now_s=second, line=Line.UP, volume=0)
        assert now.volume == 80
        (alarm,) = now.calls
        turns.append(alarm.turn)
    assert turns == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert alarm.files == ("/sound/chime.wav", *(f"/sound/announced/{what}/{one}.wav" for one in ("de", "ar", "en")))
    old = sound(Received(board, 601, 0), now_s=0, line=Line.UP, volume=0)
    assert [(one.call_id, one.turn) for one in old.calls] == [("call-1", 0)]


def test_that_a_place_is_closed_is_not_called_out() -> None:
    board = make_board(announced=Announced.CLOSED)
    assert sound(Received(board, 0, 0), now_s=0, line=Line.UP, volume=80) == Sound(80)


def test_it_is_quieter_by_the_time_of_day() -> None:
    volume = Volume.parse("19:00=0 07:00=80 12:30=40 14:00=80")
    day = datetime(2026, 11, 24)
    at = {hour: volume.at(day + timedelta(hours=hour)) for hour in (0, 6.9, 7, 12.4, 12.5, 14, 18.9, 19, 23)}
    assert at == {0: 0, 6.9: 0, 7: 80, 12.4: 80, 12.5: 40, 14: 80, 18.9: 80, 19: 0, 23: 0}


@pytest.mark.parametrize("text", ["", "80", "07:00=", "07:00=101", "25:00=10", "07:00=10 07:00=20", "07:00=-1"])
def test_a_volume_that_nobody_understands_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Volume.parse(text)


def test_the_time_of_day_is_that_of_the_quarter_on_the_exercise_clock() -> None:
    real = datetime(2026, 11, 24, 10, 59, tzinfo=UTC)  # 11:59 in Berlin
    volume = Volume.parse("00:00=80 12:00=20")
    bulletin = Bulletin(seconds=HandSeconds(), real=lambda: real)
    assert bulletin.sound(volume).volume == 80
    bulletin.stands(Line.UP)
    bulletin.take(make_board(as_of=real_now(), clock_offset_s=60.0))
    assert bulletin.sound(volume).volume == 20
