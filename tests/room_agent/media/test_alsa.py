"""The stethoscope through the real ALSA library: a card made of ALSA's own plugins, which plays a file."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from room_agent.media.capture import ALSA_CONFIG

ROOT = Path(__file__).parents[3]


def heard(folder: Path, sound: np.ndarray[Any, Any]) -> dict[str, Any]:
    file, config = folder / "sound.raw", folder / "asound.conf"
    sound.astype("<i2").tofile(file)
    config.write_text(
        f"pcm.stethoscope {{ type file slave.pcm {{ type null }} file /dev/null infile {file} format raw }}\n"
    )
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("alsa.py")), "stethoscope"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "ALSA_CONFIG_PATH": str(config)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    answers = [line for line in ended.stdout.splitlines() if line.startswith("{")]  # ALSA may say something of its own
    assert len(answers) == 1, ended.stderr[-2000:]
    found: dict[str, Any]
    found, _ = json.JSONDecoder().raw_decode(answers[0])
    return found


def test_what_a_sound_card_gives_arrives_sample_by_sample(tmp_path: Path) -> None:
    sound = np.random.default_rng(6).integers(-32768, 32768, 48_000)
    found = heard(tmp_path, sound)
    assert (found["rate_hz"], found["state"]) == (48_000, "ready")
    begin = next(at for at in range(sound.size) if np.array_equal(sound[at : at + 8], found["samples"][:8]))
    assert np.array_equal(sound[begin : begin + 4800], found["samples"])


def test_the_systems_own_cards_are_known() -> None:
    """Without the system's configuration ALSA knows not even the word ``hw``."""
    assert ALSA_CONFIG.is_file()
    command = "import av; av.open('hw:CARD=NoSuchStethoscope', format='alsa')"
    told = {}
    for name, more in (("bare", {}), ("ours", {"ALSA_CONFIG_PATH": str(ALSA_CONFIG)})):
        without = {key: value for key, value in os.environ.items() if key != "ALSA_CONFIG_PATH"}
        ended = subprocess.run(
            [sys.executable, "-c", command],
            env=without | more,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        told[name] = ended.stderr
    assert "Unknown PCM" in told["bare"]
    assert "Cannot get card index for NoSuchStethoscope" in told["ours"]
    assert "Unknown PCM hw" not in told["ours"]


def test_a_capture_uses_the_systems_configuration() -> None:
    command = """
import asyncio, os
from room_agent.media.capture import Capture

async def main():
    Capture("hw:CARD=NoSuchStethoscope").close()
    print(os.environ["ALSA_CONFIG_PATH"])

asyncio.run(main())
"""
    without = {key: value for key, value in os.environ.items() if key != "ALSA_CONFIG_PATH"}
    ended = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, env=without, capture_output=True, text=True, timeout=110, check=True
    )
    assert ended.stdout.splitlines()[-1] == str(ALSA_CONFIG)
