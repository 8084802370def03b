"""A monitor is honest: what is old is marked, what is older is gone."""

from datetime import timedelta

from schemas.board import RowState
from signage.screen import Line, Mode, Received, is_newer, received, show
from tests.signage.boards import NINE, full_rows, make_board, make_row, screen_at


def test_a_fresh_board_is_shown_as_it_came() -> None:
    screen = screen_at(5)
    assert (screen.mode, screen.stand, screen.lost) == (Mode.FRESH, None, False)
    assert screen.rows == full_rows()


def test_a_board_of_more_than_15_seconds_is_marked_with_its_moment() -> None:
    assert screen_at(15).mode is Mode.FRESH
    screen = screen_at(15.1)
    assert (screen.mode, screen.stand) == (Mode.OLD, NINE)
    assert screen.rows[1].delay is not None


def test_after_two_minutes_delays_and_next_are_gone_but_everybody_still_finds_the_ticket() -> None:
    screen = screen_at(120.1, more=3)
    assert screen.mode is Mode.ASK
    assert [row.ticket for row in screen.rows] == [row.ticket for row in full_rows()]
    assert all(row.delay is None and row.state is not RowState.NEXT for row in screen.rows)
    assert (screen.more, screen.room_state) == (0, None)


def test_after_ten_minutes_only_the_way_and_the_phone_are_left() -> None:
    screen = screen_at(600.1)
    assert (screen.mode, screen.rows, screen.help_phone) == (Mode.WAY, (), "03641 123456")


def test_a_lost_agent_is_said_within_15_seconds_at_any_age_of_the_last_board() -> None:
    for age_at_loss_s in range(16):
        assert screen_at(age_at_loss_s + 15, Line.DOWN).lost


def test_a_line_that_is_back_within_a_beat_frightens_nobody() -> None:
    assert screen_at(3, Line.DOWN).mode is Mode.FRESH


def test_a_lost_agent_hides_no_older_stage() -> None:
    assert screen_at(121, Line.DOWN).mode is Mode.ASK
    assert screen_at(601, Line.DOWN).mode is Mode.WAY


def test_a_barred_monitor_shows_nothing_of_the_board() -> None:
    screen = screen_at(1, Line.BARRED)
    assert (screen.mode, screen.rows, screen.room_name) == (Mode.BARRED, (), "")


def test_a_monitor_without_any_board_shows_the_way() -> None:
    assert show(None, now_s=0, line=Line.DOWN).mode is Mode.WAY
    assert show(None, now_s=0, line=Line.UNPAIRED).mode is Mode.UNPAIRED


def test_at_most_four_rows_and_the_rest_as_a_number() -> None:
    screen = screen_at(0, rows=(*full_rows(), make_row(letter="B"), make_row(letter="C")), more=3)
    assert len(screen.rows) == 4
    assert screen.more == 5


def test_a_silent_centre_is_said_with_the_moment_it_was_last_heard() -> None:
    heard = NINE - timedelta(seconds=7)
    assert screen_at(5, centre_heard=heard).centre_away is None
    away = screen_at(7, centre_heard=heard).centre_away
    assert away is not None
    assert away.since == heard


def test_a_centre_never_heard_is_said_too() -> None:
    away = screen_at(0, centre_heard=None).centre_away
    assert away is not None
    assert away.since is None


def test_a_board_that_travelled_long_is_as_old_as_its_moment_says() -> None:
    heard = received(make_board(as_of=NINE), real=NINE + timedelta(seconds=130), at_s=7.0)
    assert show(heard, now_s=7.0, line=Line.UP).mode is Mode.ASK


def test_age_is_measured_on_the_exercise_clock_of_the_board() -> None:
    offset = timedelta(hours=5)
    board = make_board(as_of=NINE + offset, clock_offset_s=offset.total_seconds())
    assert received(board, real=NINE + timedelta(seconds=2), at_s=0.0).age(1.0) == 3.0


def test_a_sender_ahead_of_time_does_not_make_a_board_live_longer() -> None:
    heard = received(make_board(as_of=NINE + timedelta(hours=1)), real=NINE, at_s=0.0)
    assert heard.age(16.0) == 16.0


def test_older_boards_are_refused() -> None:
    newest = Received(make_board(seq=5), 0.0, 0.0)
    later, earlier = NINE + timedelta(seconds=5), NINE - timedelta(seconds=5)
    assert is_newer(make_board(seq=5, as_of=later), newest, at_s=5.0)
    assert not is_newer(make_board(seq=4, as_of=later), newest, at_s=5.0)
    assert not is_newer(make_board(seq=6, as_of=earlier), newest, at_s=5.0)


def test_a_new_day_may_count_from_one_again() -> None:
    newest = Received(make_board(seq=500), 0.0, 0.0)
    assert is_newer(make_board(seq=1, as_of=NINE + timedelta(days=1)), newest, at_s=5.0)


def test_a_wrong_clock_put_right_silences_the_monitor_only_until_nothing_old_is_shown() -> None:
    newest = Received(make_board(as_of=NINE + timedelta(days=2)), 0.0, 0.0)
    assert not is_newer(make_board(), newest, at_s=599.0)
    assert is_newer(make_board(), newest, at_s=600.1)


def test_the_highlight_knows_who_is_called() -> None:
    assert screen_at(0).called == "fish-K-47"
    assert screen_at(0, rows=()).called == ""
