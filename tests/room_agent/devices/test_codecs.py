"""Every codec: what is written is read back, every cut packet is refused, and the absurd is never a number."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from room_agent.devices.driver import Garbled
from room_agent.devices.profile import PROFILES
from tests.counts import Counted
from tests.proof.issue_c.codec import trial
from tests.room_agent.devices.codecs import CODECS, Codec, mutated

REDUCED = 20_000
each_codec = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)


def test_no_profile_has_a_decoder_that_is_not_tested_here() -> None:
    tested = {codec.decode for codec in CODECS}
    used: set[Callable[[bytes], Any]] = set()
    for profile in PROFILES.values():
        used |= {*profile.values.values(), *profile.starts.values(), *profile.curves.values()}
    assert used <= tested


@each_codec
@given(random=st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_what_is_written_is_read_back(codec: Codec, random: Random) -> None:
    made = codec.make(random)
    packet = made if codec.encode is None else codec.encode(made)
    found = codec.decode(packet)
    assert codec.holds(found)
    assert codec.encode is None or found == made


@each_codec
def test_a_packet_that_is_cut_anywhere_is_refused_or_a_whole_shorter_one(codec: Codec) -> None:
    """A list of samples or intervals that is cut between two is a whole one; every other cut is refused."""
    random = Random(codec.name)
    refused = 0
    for packet in (codec.packet(random) for _ in range(40)):
        for length in range(len(packet)):
            try:
                assert codec.holds(codec.decode(packet[:length]))
            except Garbled:
                refused += 1
    assert refused >= 40 * len(codec.packet(random)) // 3


@each_codec
@given(random=st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_a_mutated_packet_is_refused_or_gives_a_possible_value(codec: Codec, random: Random) -> None:
    try:
        assert codec.holds(codec.decode(mutated(codec.packet(random), random)))
    except Garbled:
        return


def test_a_reduced_count_of_the_proof_holds(counted: Counted) -> None:
    seen = trial(Random(7), REDUCED)
    counted(f"codec: {seen}")
    assert seen.packets == REDUCED
    assert seen.refused + seen.read == REDUCED
    assert seen.wrong == ()
    assert seen.refused > REDUCED / 4
    assert seen.read > REDUCED / 10
