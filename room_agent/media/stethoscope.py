"""The stethoscope as a track of its own Opus packets.

aiortc's encoder is tuned for speech and takes 8 dB away at 40 Hz, where heart sounds live: a patient-safety defect.
So the packets are made here: libopus with ``application=audio``, mono, 64 kbit/s, 48 kHz, 20 ms, no gain, no filter.
"""

import asyncio
import time
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler, Packet
from av.audio.codeccontext import AudioCodecContext

from room_agent.media.heart import SAMPLE_RATE, Samples

SAMPLES_PER_PACKET = 960
_PACKET_S = SAMPLES_PER_PACKET / SAMPLE_RATE
_TIME_BASE = Fraction(1, SAMPLE_RATE)
_LATE_S = 0.5


class Sound(Protocol):
    """Where sound comes from: mono, 48 kHz, i16."""

    def read(self, count: int) -> Samples:
        """The next *count* samples."""


class Loop:
    """The same *samples* for ever."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._at = 0

    def read(self, count: int) -> Samples:
        places = (self._at + np.arange(count)) % self._samples.size
        self._at = int((self._at + count) % self._samples.size)
        found: Samples = self._samples[places]
        return found


def from_wav(path: Path) -> Loop:
    """A recording as a loop, brought to mono at 48 kHz.

    Raises:
        ValueError: it cannot be read as sound.
    """
    resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    try:
        with av.open(str(path)) as file:
            frames = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"no sound in {path.name}") from error
    return Loop(np.concatenate([frame.to_ndarray()[0] for frame in [*frames, *resampler.resample(None)]]))


class OpusForSound:
    """libopus for all sound, not for speech alone: flat from 20 Hz."""

    def __init__(self) -> None:
        self._codec: AudioCodecContext = av.CodecContext.create("libopus", "w")
        self._codec.bit_rate = 64_000
        self._codec.format, self._codec.layout, self._codec.sample_rate = "s16", "mono", SAMPLE_RATE
        self._codec.options = {"application": "audio", "frame_duration": "20", "vbr": "on"}
        self._codec.time_base = _TIME_BASE

    def encode(self, samples: Samples) -> bytes:
        """One packet for 960 samples; empty while the encoder fills its look-ahead."""
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.time_base = SAMPLE_RATE, _TIME_BASE
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


class StethoscopeTrack(MediaStreamTrack):  # type: ignore[misc]  # aiortc's types are skipped
    """Sound while somebody listens, encoded silence otherwise, so that the receiver's clock never jumps.

    One packet each 20 ms by the monotonic clock, without drift; after a long stall it goes on with now.
    """

    kind = "audio"

    def __init__(self, sound: Sound, *, simulated: bool = False) -> None:
        super().__init__()
        self.simulated = simulated
        self._sound = sound
        self._listening = False
        self._opus = OpusForSound()
        self._began = 0.0
        self._count = -1
        self.last_samples: Samples = np.zeros(SAMPLES_PER_PACKET, dtype=np.int16)

    @property
    def listening(self) -> bool:
        return self._listening

    def listen(self, on: bool) -> None:
        """Begin or end with the next packet."""
        self._listening = on

    async def recv(self) -> Packet:
        """The next packet. Ends only after `stop`, as aiortc expects."""
        if self.readyState != "live":
            raise MediaStreamError
        data = b""
        while not data:
            await self._next_turn()
            data = self._opus.encode(self._samples())
        packet = Packet(data)
        packet.pts, packet.time_base = self._count * SAMPLES_PER_PACKET, _TIME_BASE
        return packet

    async def _next_turn(self) -> None:
        now = time.monotonic()
        if self._count < 0:
            self._began = now
        self._count += 1
        if now - self._began - self._count * _PACKET_S > _LATE_S:
            self._count = int((now - self._began) / _PACKET_S)
        await asyncio.sleep(max(0.0, self._began + self._count * _PACKET_S - now))

    def _samples(self) -> Samples:
        """The next 20 ms; the sound goes on unheard, as a chest piece on a chest does."""
        self.last_samples = self._sound.read(SAMPLES_PER_PACKET)
        return self.last_samples if self._listening else np.zeros_like(self.last_samples)
