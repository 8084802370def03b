"""What the simulated stethoscope hears is chosen by name or by a recording; anything else stops the start."""

import wave
from pathlib import Path

import numpy as np
import pytest

from room_agent.media import repertoire
from room_agent.media.heart import heart_sounds
from room_agent.settings import Settings
from telemed.kit.settings import BadSetting


def test_every_name_is_a_sound_of_its_own() -> None:
    sounds = {name: repertoire.loop(name).samples.tobytes() for name in repertoire.NAMES}
    assert len(set(sounds.values())) == len(repertoire.NAMES)
    assert sounds["heart"] == heart_sounds().tobytes()


def test_a_recording_is_played_at_its_own_rate(tmp_path: Path) -> None:
    path, samples = tmp_path / "chest.wav", np.arange(-400, 400, dtype=np.int16)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 4000, samples.size, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    loop = repertoire.loop(str(path))
    assert loop.rate_hz == 4000
    assert np.array_equal(loop.samples, samples)
    Settings(centre_url="", state_dir=tmp_path, simulated=True, simulated_sound=str(path))


def test_an_unknown_sound_stops_the_start_with_one_line(tmp_path: Path) -> None:
    for name in ("lungs", str(tmp_path / "none.wav")):
        with pytest.raises(BadSetting, match="TELEMED_ROOM_SIMULATED_SOUND"):
            Settings(centre_url="", state_dir=tmp_path, simulated=True, simulated_sound=name)
