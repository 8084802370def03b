"""Guessing is slow, and nothing is remembered for ever."""

from datetime import timedelta

import pytest

from telemed.kit.tries import PLACES, Tries, place_of


class Seconds:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_place_waits_after_its_last_try_and_may_again_later() -> None:
    seconds = Seconds()
    tries = Tries(3, timedelta(minutes=1), monotonic=seconds)
    for _ in range(2):
        tries.failed("here")
    assert not tries.exhausted("here")
    tries.failed("here")
    assert tries.exhausted("here")
    assert not tries.exhausted("there")
    seconds.now = 60
    assert not tries.exhausted("here")


def test_only_the_latest_tries_count() -> None:
    seconds = Seconds()
    tries = Tries(2, timedelta(minutes=1), monotonic=seconds)
    for at in (0, 50, 100):
        seconds.now = at
        tries.failed("here")
    assert tries.exhausted("here")
    seconds.now = 111
    assert not tries.exhausted("here")


def test_the_oldest_place_is_forgotten_when_there_are_too_many() -> None:
    tries = Tries(1, timedelta(minutes=1))
    for number in range(PLACES + 1):
        tries.failed(str(number))
    assert not tries.exhausted("0")
    assert tries.exhausted("1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("testclient", "testclient", True),
    ],
)
def test_with_ipv6_a_network_is_one_place(one: str, other: str, same: bool) -> None:
    assert (place_of(one) == place_of(other)) is same
