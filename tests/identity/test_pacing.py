"""How much of the centre one program takes: its own measure, refused with a time to wait, and nobody else waits."""

from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from telemed.identity.pacing import SAVED_S, Paces, TooFast


@dataclass
class Hand:
    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def taken(paces: Paces, program: str) -> int:
    """So many requests in a row are answered until one is not."""
    for count in range(10_000):
        try:
            with paces.one(program):
                pass
        except TooFast:
            return count
    raise AssertionError("without end")


def test_who_asks_without_end_waits_for_itself_alone() -> None:
    hand = Hand()
    paces = Paces(per_second=2, monotonic=hand)
    assert taken(paces, "greedy") == 2 * SAVED_S
    assert taken(paces, "other") == 2 * SAVED_S
    hand.at += 3
    assert taken(paces, "greedy") == 6
    hand.at += 10 * SAVED_S
    assert taken(paces, "greedy") == 2 * SAVED_S
    with pytest.raises(TooFast) as refused:
        paces.spend("greedy", 10)
    assert refused.value.params["wait_s"] == 5
    hand.at += 5
    paces.spend("greedy", 10)


def test_so_many_are_answered_beside_each_other_and_each_gives_back_its_place() -> None:
    paces = Paces(beside=3)
    with ExitStack() as open_ones:
        for _ in range(3):
            open_ones.enter_context(paces.one("greedy"))
        with pytest.raises(TooFast), paces.one("greedy"):
            raise AssertionError
        with paces.one("other"):
            pass
    with paces.one("greedy"):
        pass
    with pytest.raises(ZeroDivisionError), paces.one("greedy"):
        raise ZeroDivisionError
    assert not paces._beside


def test_of_a_storm_the_first_in_a_second_is_told_apart_and_without_a_measure_there_is_none() -> None:
    hand = Hand()
    paces = Paces(per_second=1, monotonic=hand)
    paces.spend("greedy", SAVED_S)
    firsts = []
    for at in (0.0, 0.1, 0.9, 1.0, 1.5):
        hand.at = at
        with pytest.raises(TooFast) as refused:
            paces.spend("greedy", SAVED_S)
        firsts.append(refused.value.is_first)
    assert firsts == [True, False, False, True, False]
    Paces(per_second=0).spend("greedy", 1_000_000)
