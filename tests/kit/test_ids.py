"""Ids sort by time, tokens do not tell anything."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemed.kit.clock import real_now
from telemed.kit.ids import digest, from_base64, new_id, new_ids, new_link_token, new_token, oldest_id, to_base64


def test_an_id_is_a_uuid_of_version_7_and_fits_fhir() -> None:
    made = new_id()
    for one in (made, *new_ids(100)):
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", one)
    assert abs(int(made.replace("-", "")[:12], 16) / 1000 - time.time()) < 5


def test_ids_sort_in_the_order_in_which_they_were_made_within_a_millisecond_too() -> None:
    made = [new_id() for _ in range(10_000)] + new_ids(10_000) + [new_id()]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_all_ids_since_a_moment_sort_behind_its_oldest() -> None:
    now = real_now()
    made = [new_id() for _ in range(100)]
    assert oldest_id(now - timedelta(milliseconds=1)) < min(made)
    assert max(made) < oldest_id(now + timedelta(hours=1))


def test_no_two_threads_get_the_same_id() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = [one for part in threads.map(lambda _: [new_id() for _ in range(2_000)], range(8)) for one in part]
    assert len(set(made)) == 16_000


@given(st.binary(max_size=64))
def test_base64_on_the_wire_has_no_padding_and_comes_back(data: bytes) -> None:
    text = to_base64(data)
    assert re.fullmatch(r"[A-Za-z0-9_\-]*", text)
    assert from_base64(text) == data


def test_what_is_not_base64_is_refused() -> None:
    with pytest.raises(ValueError):
        from_base64("a")


def test_tokens_have_the_bits_they_promise_and_only_their_hash_is_kept() -> None:
    assert (len(from_base64(new_token())), len(from_base64(new_link_token()))) == (32, 16)
    assert len(digest("a")) == 64
    assert digest("a") != digest("b")
