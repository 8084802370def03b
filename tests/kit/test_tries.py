"""Guessing is slow, also at once, and nothing is remembered for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from telemed.kit.refusal import NotAllowed, NotFound
from telemed.kit.tries import PLACES, Tries, place_of


class Seconds:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def make_tries(allowed: int, seconds: Seconds | None = None) -> Tries:
    return Tries(allowed, timedelta(minutes=1), too_many=NotAllowed, monotonic=seconds or Seconds())


def wrong(tries: Tries, place: str) -> None:
    with pytest.raises(NotFound), tries.one(place):
        raise NotFound


def waits(tries: Tries, place: str) -> bool:
    try:
        with tries.one(place):
            return False
    except NotAllowed:
        return True


def test_a_place_waits_after_its_last_try_and_may_again_later() -> None:
    seconds = Seconds()
    tries = make_tries(3, seconds)
    for _ in range(2):
        wrong(tries, "here")
    assert not waits(tries, "here")
    wrong(tries, "here")
    assert waits(tries, "here")
    assert not waits(tries, "there")
    seconds.now = 60
    assert not waits(tries, "here")


def test_only_the_latest_tries_count() -> None:
    seconds = Seconds()
    tries = make_tries(2, seconds)
    for at in (0, 61, 100):
        seconds.now = at
        wrong(tries, "here")
    assert waits(tries, "here")
    seconds.now = 122
    assert not waits(tries, "here")


def test_a_right_secret_and_a_fault_of_our_own_are_not_counted() -> None:
    tries = make_tries(1)
    for _ in range(3):
        assert not waits(tries, "here")
    with pytest.raises(OSError, match="disk"), tries.one("here"):
        raise OSError("disk")
    assert not waits(tries, "here")


def test_many_wrong_secrets_at_once_are_no_more_than_one_after_the_other() -> None:
    tries, inside, start = make_tries(5), [], threading.Barrier(20)

    def fail(number: int) -> None:
        inside.append(number)
        raise NotFound

    def guess(number: int) -> None:
        start.wait(20)
        with pytest.raises((NotFound, NotAllowed)), tries.one("here"):
            fail(number)

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(guess, range(20)))
    assert len(inside) == 5


def test_the_oldest_place_is_forgotten_when_there_are_too_many() -> None:
    tries = make_tries(1)
    for number in range(PLACES + 1):
        wrong(tries, str(number))
    assert waits(tries, "1")
    assert not waits(tries, "0")


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


def test_what_a_place_has_counts_and_what_it_was_refused_does_not() -> None:
    seconds = Seconds()
    tries = make_tries(2, seconds)
    for _ in range(3):
        with pytest.raises(NotFound), tries.kept("here"):
            raise NotFound
    for at in (0, 20):
        seconds.now = at
        with tries.kept("here"):
            pass
    seconds.now = 30
    with pytest.raises(NotAllowed) as refused, tries.kept("here"):
        pytest.fail("one too many")
    assert refused.value.params == {"wait_s": 30}
    seconds.now = 60
    with tries.kept("here"):
        pass
