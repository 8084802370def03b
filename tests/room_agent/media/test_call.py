"""Exam camera and stethoscope over a real WebRTC call between two ends on a veth pair."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from schemas.measurement import BULK_PIECE_BYTES

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def call() -> dict[str, Any]:
    """What the far end saw and heard."""
    command = ["sh", str(ROOT / "ops/in_namespace.sh"), sys.executable, str(Path(__file__).with_name("call.py"))]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def test_heart_sounds_arrive_flat_from_20_hz(call: dict[str, Any]) -> None:
    assert set(call["gains_db"]) >= {"20", "40", "100"}
    assert all(abs(gain) <= 0.5 for gain in call["gains_db"].values()), call["gains_db"]


def test_the_time_code_is_read_back_at_the_far_end(call: dict[str, Any]) -> None:
    assert 0 <= call["room"]["latency_ms"] < 10_000  # how long it took is a figure; here it is that the code is one


def test_the_camera_is_switched_within_the_same_track(call: dict[str, Any]) -> None:
    assert call["otoscope"]["mean"] < call["room"]["mean"]


def test_an_unplugged_camera_becomes_a_slate_and_comes_back(call: dict[str, Any]) -> None:
    assert call["unplugged"]["pictures"] >= 1
    assert call["back"]["pictures"] >= 1


def test_a_second_camera_is_seen_beside_the_first(call: dict[str, Any]) -> None:
    assert call["beside"]["pictures"] >= 1


def test_a_still_arrives_whole_beside_the_pictures(call: dict[str, Any]) -> None:
    sizes = {part: size for part, (size, right) in call["still"].items() if right}
    assert set(sizes) == {"preview", "full"}
    assert sizes["full"] > BULK_PIECE_BYTES > sizes["preview"]
