"""The second line: each language of those who wait has its time, and nobody can read from it who came."""

import pytest

from schemas.day import LANGUAGES
from signage.feed import Bulletin
from signage.languages import OTHERS, SHOWN_S, Turn, turned
from signage.screen import Line
from telemed.kit.clock import real_now
from tests.signage.boards import make_board
from tests.signage.test_feed import HandSeconds


def shown(*sets: set[str], every_s: float = 1.0) -> list[str]:
    """What stands while the set of languages changes each *every_s* seconds."""
    turn: Turn | None = None
    out = []
    for count, languages in enumerate(sets):
        turn = turned(turn, languages, now_s=count * every_s)
        out.append(turn.language if turn else "")
    return out


def test_the_languages_follow_each_other_by_the_alphabet_and_each_stands_for_its_time() -> None:
    assert SHOWN_S >= 8
    got = shown(*[{"uk", "ar", "tr"}] * 40)
    assert got == ["ar"] * 10 + ["tr"] * 10 + ["uk"] * 10 + ["ar"] * 10


def test_who_comes_or_goes_changes_nothing_before_the_next_turn() -> None:
    assert shown({"tr"}, {"tr", "ar"}, {"ar"}, {"ar"}) == ["tr"] * 4
    assert shown({"tr"}, {"ar", "ru"}, {"ar", "ru"}, every_s=SHOWN_S) == ["tr", "ar", "ru"]


def test_german_is_there_already_and_an_unknown_language_has_no_words() -> None:
    assert shown({"de", "de-simple"}, set(), {"xx"}) == [""] * 3
    assert set(OTHERS) | {"de", "de-simple"} == set(LANGUAGES)


@pytest.mark.parametrize(("age_s", "line", "first"), [(0, Line.UP, "pl"), (601, Line.UP, "ar"), (0, Line.BARRED, "")])
def test_a_monitor_that_knows_nothing_any_more_speaks_to_everybody(age_s: float, line: Line, first: str) -> None:
    seconds = HandSeconds()
    bulletin = Bulletin(seconds=seconds)
    bulletin.stands(Line.UP)
    now = real_now()
    bulletin.take(make_board(as_of=now, centre_heard=now, languages=("pl",)))
    bulletin.stands(line)
    seconds.now_s = age_s
    assert bulletin.screen().second == first


def test_the_second_line_goes_on_by_itself() -> None:
    seconds = HandSeconds()
    bulletin = Bulletin(seconds=seconds)
    bulletin.stands(Line.UP)
    now = real_now()
    bulletin.take(make_board(as_of=now, centre_heard=now, languages=("pl", "tr")))
    stood = []
    for second in range(25):
        seconds.now_s = second
        stood.append(bulletin.screen().second)
    assert stood == ["pl"] * 10 + ["tr"] * 10 + ["pl"] * 5
