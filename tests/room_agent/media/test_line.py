"""What a viewer's line carries: an estimate counts as a limit only where it is below what was sent."""

from room_agent.media.ladder import FLOOR_BPS, START_BPS
from room_agent.media.line import Line


def used(line: Line, bps: int, *, begin: float, seconds: float = 2.0) -> float:
    """Send *bps* for so long; when it ended."""
    count = int(bps * seconds / 8 / 1000)
    for number in range(count):
        line.sent(1000, now=begin + number * seconds / count)
    return begin + seconds


def test_a_slate_does_not_make_a_line_thin() -> None:
    line = Line()
    now = used(line, 20_000, begin=10.0)
    line.estimated(45_000, now=now)
    assert line.allowed_bps == START_BPS


def test_a_full_line_counts_at_once_and_grows_again_with_its_estimate() -> None:
    line = Line()
    now = used(line, 880_000, begin=10.0)
    line.estimated(340_000, now=now)
    assert line.allowed_bps == 340_000
    now = used(line, 330_000, begin=now)
    line.estimated(360_000, now=now)
    assert line.allowed_bps == 360_000


def test_a_quiet_scene_keeps_what_was_reached() -> None:
    line = Line()
    line.estimated(2_000_000, now=10.0)
    now = used(line, 300_000, begin=11.0)
    line.estimated(450_000, now=now)
    assert line.allowed_bps == 2_000_000


def test_no_line_is_thinner_than_the_floor() -> None:
    line = Line()
    now = used(line, 400_000, begin=10.0)
    line.estimated(30_000, now=now)
    assert line.allowed_bps == FLOOR_BPS
    assert line.sent_bytes == 100_000
