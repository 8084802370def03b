"""The agent's calls as they really are: over a hub, in a network of their own, with a doctor who signs, and a relay."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Found = dict[str, Any]


@pytest.fixture(scope="module")
def calls() -> Found:
    """What happened, as `calls` tells it."""
    command = ["sh", str(ROOT / "ops/in_namespace.sh"), sys.executable, str(Path(__file__).with_name("calls.py"))]
    try:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    except subprocess.TimeoutExpired as hung:
        pytest.fail(f"it hangs; the last it said: {(hung.stdout or b'')[-2000:]!r}")
    assert ended.returncode == 0, ended.stderr[-2000:]
    found: Found = json.loads(ended.stdout.splitlines()[-1])
    return found


def test_the_certificate_that_was_signed_is_the_one_that_is_spoken_to(calls: Found) -> None:
    honest = calls["honest"]
    assert honest["genuine"]
    assert honest["pictures"]
    assert honest["way"] == "direct"
    assert honest["tracks"].count("video") >= 2
    assert honest["refusals"] == 0


def test_media_are_sealed_with_aead_and_dtls_as_the_bsi_wants_it(calls: Found) -> None:
    dtls, srtp = calls["honest"]["suite"]
    assert dtls in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384")
    assert srtp in ("SRTP_AEAD_AES_256_GCM", "SRTP_AEAD_AES_128_GCM")


def busy(calls: Found) -> float:
    """How much slower than quiet this machine was, by the call over a relay that is well: mostly within a second."""
    return max(1.0, float(calls["relays"]["udp"][0]))


def test_a_hub_that_goes_away_and_comes_back_touches_no_connection(calls: Found) -> None:
    assert calls["honest"]["agents"] == 1, "the agent came back under another name"
    assert calls["honest"]["offers"] == 1


def test_a_connection_that_broke_is_replaced_by_a_fresh_one(calls: Found) -> None:
    assert calls["honest"]["attempts"] == [1, 2]
    assert calls["honest"]["replaced_s"] < 3 * busy(calls)


@pytest.mark.parametrize("who", ["other certificate", "weak suite"])
def test_who_shows_another_certificate_or_speaks_weakly_gets_nothing(calls: Found, who: str) -> None:
    assert calls["strangers"][who] == [0, False]


def test_a_certificate_that_was_not_signed_would_be_seen_by_ourselves_too(calls: Found) -> None:
    _, reasons = calls["strangers"]["impostor"]
    assert reasons == ["fingerprint"]


def test_five_visits_leave_no_file_open_and_no_task_behind(calls: Found) -> None:
    first, *later = calls["visits"]
    assert len(later) == 4
    assert all(each == first for each in later), calls["visits"]


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
def test_where_only_the_relay_leads_out_it_is_taken_each_way(calls: Found, way: str) -> None:
    assert calls["relays"][way][1] == f"relayed {way}"


def test_of_several_relays_the_one_that_answers_is_taken(calls: Found) -> None:
    connected_s, way = calls["relays"]["one of them dead"]
    assert way == "relayed udp"
    assert connected_s < 3 * busy(calls)


@pytest.mark.parametrize("trouble", ["refused", "unreachable"])
def test_a_relay_that_is_of_no_use_is_said_within_3_s_and_keeps_nobody_waiting(calls: Found, trouble: str) -> None:
    connected_s, said_s, said, way = calls["relays"][trouble]
    assert said == trouble
    assert said_s <= 3 * busy(calls)
    assert way == "direct"
    assert connected_s < 2 * busy(calls), "the offer waited for it longer than a second"
