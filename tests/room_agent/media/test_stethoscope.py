"""Stethoscope: own packets, paced, flat; heart sounds always the same."""

import asyncio
import itertools
import time
import wave
from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError

from room_agent.media.checks import level_dbfs
from room_agent.media.heart import SAMPLE_RATE, heart_sounds
from room_agent.media.stethoscope import Loop, StethoscopeTrack, from_wav


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), 20))


def decoded(packets: list[av.Packet]) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    codec = av.CodecContext.create("libopus", "r")
    codec.sample_rate, codec.format, codec.layout = SAMPLE_RATE, "s16", "mono"
    frames = [frame for packet in packets for frame in codec.decode(av.Packet(bytes(packet)))]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def test_packets_come_every_20_ms_without_drift_and_with_rising_time() -> None:
    async def story() -> None:
        track = StethoscopeTrack(Loop(heart_sounds(seconds=1)))
        began = time.monotonic()
        packets = [await track.recv() for _ in range(50)]
        assert 0.9 <= time.monotonic() - began < 2.0
        steps = {later.pts - earlier.pts for earlier, later in itertools.pairwise(packets)}
        assert steps == {960}
        assert packets[0].time_base == Fraction(1, SAMPLE_RATE)

    run(story)


def test_there_is_silence_until_somebody_listens() -> None:
    async def story() -> None:
        track = StethoscopeTrack(Loop(heart_sounds(seconds=1)))
        quiet = [await track.recv() for _ in range(25)]
        track.listen(True)
        loud = [await track.recv() for _ in range(50)]
        assert level_dbfs(decoded(quiet)) < -80
        assert level_dbfs(decoded(loud)) > -40
        track.stop()
        with pytest.raises(MediaStreamError):
            await track.recv()

    run(story)


def test_heart_sounds_are_the_same_each_time_and_lie_where_hearts_sound() -> None:
    sound = heart_sounds()
    assert np.array_equal(sound, heart_sounds())
    spectrum = np.abs(np.fft.rfft(sound / 32768)) ** 2
    hertz = np.fft.rfftfreq(sound.size, 1 / SAMPLE_RATE)
    heart = spectrum[(hertz >= 20) & (hertz <= 150)].sum()
    assert heart / spectrum.sum() > 0.9
    assert -45 < level_dbfs(sound) < -10


def test_71_beats_a_minute_have_two_sounds_each() -> None:
    loudness = np.abs(heart_sounds().astype(float))
    envelope = np.convolve(loudness, np.ones(2400) / 2400, mode="same")
    above = envelope > envelope.max() * 0.15
    sounds = int((np.diff(above.astype(int)) == 1).sum())
    assert sounds == 2 * round(10 * 71 / 60)


def test_a_loop_has_no_hole_at_its_end() -> None:
    loop = Loop(np.arange(10, dtype=np.int16))
    assert list(loop.read(7)) + list(loop.read(7)) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3]


def test_a_recording_is_brought_to_48_khz(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        moments = np.arange(8000) / 8000
        file.writeframes((8000 * np.sin(2 * np.pi * 40 * moments)).astype("<i2").tobytes())
    sound = from_wav(path).read(SAMPLE_RATE)
    assert np.argmax(np.abs(np.fft.rfft(sound.astype(float)))) == 40


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.wav"
    path.write_bytes(b"not a sound")
    with pytest.raises(ValueError, match=r"no\.wav"):
        from_wav(path)
