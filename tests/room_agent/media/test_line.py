"""What a viewer's line carries: an estimate counts as a limit only where it is below what was sent."""

from room_agent.media.ladder import FLOOR_BPS, START_BPS
from room_agent.media.line import PROBE_PAUSES_S, Line


def used(line: Line, bps: int, *, begin: float, seconds: float = 2.0) -> float:
    """Send *bps* for so long; when it ended."""
    count = int(bps * seconds / 8 / 1000)
    for number in range(count):
        line.sent(1000, now=begin + number * seconds / count)
    return begin + seconds


def grown(to_bps: int) -> tuple[Line, float]:
    """A line that has been found to carry so much, and a moment."""
    line, now = Line(), 10.0
    while line.allowed_bps < to_bps:
        line.estimated(to_bps, now=now)
        now += 0.2
    return line, now


def test_a_slate_does_not_make_a_line_thin() -> None:
    line = Line()
    now = used(line, 20_000, begin=10.0)
    line.estimated(4_000, now=now)
    line.estimated(45_000, now=now)
    assert line.allowed_bps == START_BPS


def test_a_good_line_is_used_within_a_second_or_two() -> None:
    line, now = grown(2_150_000)
    assert line.allowed_bps == 2_150_000
    assert now - 10.0 < 1.5


def test_a_full_line_counts_at_once_and_grows_again_with_its_estimate() -> None:
    line, now = grown(900_000)
    now = used(line, 880_000, begin=now)
    line.estimated(340_000, now=now)
    assert line.allowed_bps == 340_000
    now = used(line, 330_000, begin=now)
    line.estimated(360_000, now=now)
    assert line.allowed_bps == 360_000


def test_a_line_that_becomes_thin_is_noticed_while_little_is_sent() -> None:
    line, now = grown(2_000_000)
    now = used(line, 500_000, begin=now)
    line.estimated(260_000, now=now)
    assert line.allowed_bps == 260_000


def test_a_quiet_scene_keeps_what_was_reached() -> None:
    line, now = grown(2_000_000)
    now = used(line, 300_000, begin=now)
    line.estimated(450_000, now=now)
    assert line.allowed_bps == 2_000_000


def test_an_estimate_that_is_absurdly_low_is_outgrown_while_nothing_waits() -> None:
    line, now = Line(), 10.0
    for _ in range(40):
        now = used(line, line.allowed_bps, begin=now, seconds=0.5)
        line.estimated(9_000, now=now)
        line.reported(0.045, 0.0, now=now)
    assert line.allowed_bps > 4 * START_BPS


def test_with_an_absurd_estimate_the_round_trip_tells_that_packets_wait() -> None:
    line, now = Line(), 10.0
    line.reported(0.040, 0.0, now=now)
    for _ in range(6):
        now = used(line, line.allowed_bps, begin=now, seconds=1.2)
        line.estimated(9_000, now=now)
        line.reported(0.300, 0.0, now=now)
    assert line.allowed_bps < START_BPS / 2


def test_a_busy_machine_is_not_a_thin_line() -> None:
    line, now = grown(1_500_000)
    line.reported(0.002, 0.0, now=now)
    now = used(line, 1_400_000, begin=now)
    line.estimated(1_500_000, now=now)
    line.reported(0.250, 0.0, now=now)
    assert line.allowed_bps == 1_500_000


def test_much_loss_lowers_whatever_the_estimate_says() -> None:
    line, now = grown(1_500_000)
    now = used(line, 1_400_000, begin=now)
    line.reported(0.040, 0.3, now=now)
    assert line.allowed_bps < 1_250_000


def test_no_line_is_thinner_than_the_floor() -> None:
    line = Line()
    now = used(line, 400_000, begin=10.0)
    line.estimated(120_000, now=now)
    assert line.allowed_bps == FLOOR_BPS
    assert line.sent_bytes == 100_000


def test_what_tells_the_first_estimate_is_short() -> None:
    assert sum(PROBE_PAUSES_S) < 0.3
    assert len(PROBE_PAUSES_S) * 1200 < 25_000
