"""The stethoscope as a track of its own Opus packets, and beside it without loss.

aiortc's encoder is tuned for speech and takes 8 dB away at 40 Hz, where heart sounds live: a patient-safety defect.
So the packets are made here: libopus with ``application=audio``, mono, 64 kbit/s, 48 kHz, 20 ms, no gain, no filter,
no DTX, no FEC. While somebody listens the same sound also goes as 4,000 Hz of 16 bit over the data channel: what was
recorded at 4,000 Hz goes bit by bit, every other rate through the filter of `resample`.
"""

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction

import av
import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, Packet
from av.audio.codeccontext import AudioCodecContext

from room_agent.devices.driver import Waveform
from room_agent.media.heart import Samples
from room_agent.media.resample import Resampler
from room_agent.media.sound import BLOCK_S, Block, Sound
from schemas.measurement import WaveKind

SAMPLE_RATE = 48_000
SAMPLES_PER_PACKET = 960
LOSSLESS_HZ = 4_000
PIECE_SAMPLES = 160
"""40 ms without loss."""
_TIME_BASE = Fraction(1, SAMPLE_RATE)
_PATIENCE_S = 0.1
_SILENCE: Samples = np.zeros(SAMPLES_PER_PACKET, dtype=np.int16)


class OpusForSound:
    """libopus for all sound, not for speech alone: flat from 20 Hz."""

    def __init__(self) -> None:
        self._codec: AudioCodecContext = av.CodecContext.create("libopus", "w")
        self._codec.bit_rate = 64_000
        self._codec.format, self._codec.layout, self._codec.sample_rate = "s16", "mono", SAMPLE_RATE
        self._codec.options = {
            "application": "audio",
            "frame_duration": "20",
            "vbr": "on",
            "dtx": "0",
            "fec": "0",
            "packet_loss": "0",
        }
        self._codec.time_base = _TIME_BASE

    def encode(self, samples: Samples) -> bytes:
        """One packet for 960 samples; empty while the encoder fills its look-ahead."""
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.time_base = SAMPLE_RATE, _TIME_BASE
        return b"".join(bytes(packet) for packet in self._codec.encode(frame))


class Lossless:
    """Pieces of 40 ms at 4,000 Hz for the data channel, from the block on with which it is made."""

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._resample = Resampler(rate_hz, LOSSLESS_HZ)
        self._rest: Samples = np.zeros(0, dtype=np.int16)

    def add(self, samples: Samples) -> list[Samples]:
        """The pieces that are full now."""
        self._rest = np.concatenate([self._rest, self._resample(samples)])
        whole = self._rest.size // PIECE_SAMPLES
        pieces = np.split(self._rest[: whole * PIECE_SAMPLES], whole) if whole else []
        self._rest = self._rest[whole * PIECE_SAMPLES :]
        return pieces

    def rest(self) -> list[Samples]:
        """What waits for more, as a short piece: nothing follows it directly."""
        left, self._rest = self._rest, self._rest[:0]
        return [left] if left.size else []

    @property
    def delay_s(self) -> float:
        """How much older than the newest sample given is the last one of a piece just made."""
        return self._resample.delay_s + self._rest.size / LOSSLESS_HZ


class StethoscopeTrack(MediaStreamTrack):  # type: ignore[misc]  # aiortc's types are skipped
    """Sound while somebody listens, encoded silence otherwise, so that the receiver's clock never jumps.

    The source's clock sets the pace; while it gives nothing, ours does. *on_piece* gets what goes without loss.
    """

    kind = "audio"

    def __init__(self, sound: Sound, *, simulated: bool = False, device_id: str = "stethoscope") -> None:
        super().__init__()
        self.simulated = simulated
        self.on_piece: Callable[[Waveform], None] = lambda _piece: None
        self._device_id = device_id
        self._sound = sound
        self._listening = False
        self._opus = OpusForSound()
        self._up = Resampler(SAMPLE_RATE, SAMPLE_RATE)
        self._lossless: Lossless | None = None
        self._pts = -SAMPLES_PER_PACKET
        self._starving_since: float | None = None
        self._coming: asyncio.Future[Block] | None = None
        self._seq = 0
        self._lost = 0

    @property
    def listening(self) -> bool:
        return self._listening

    def listen(self, on: bool) -> None:
        """Begin or end with the next packet."""
        if on and not self._listening:
            self._lossless, self._lost = None, 0
        self._listening = on

    def stop(self) -> None:
        super().stop()
        if self._coming is not None:
            self._coming.cancel()
        self._sound.close()

    async def recv(self) -> Packet:
        """The next packet. Ends only after `stop`, as aiortc expects."""
        data = b""
        while not data:
            if self.readyState != "live":
                raise MediaStreamError
            data = self._opus.encode(await self._next())
        packet = Packet(data)
        packet.pts, packet.time_base = self._pts, _TIME_BASE
        return packet

    async def _next(self) -> Samples:
        """20 ms at 48 kHz: what was recorded, or silence while nothing comes."""
        if self._coming is None:
            self._coming = asyncio.ensure_future(self._sound.block())
        await asyncio.wait([self._coming], timeout=_PATIENCE_S if self._starving_since is None else BLOCK_S)
        if not self._coming.done():
            self._starve()
            return _SILENCE
        if self._coming.cancelled():
            raise MediaStreamError
        block, self._coming, self._starving_since = self._coming.result(), None, None
        self._pts += SAMPLES_PER_PACKET + block.lost * SAMPLE_RATE // block.rate_hz
        return self._heard(block)

    def _starve(self) -> None:
        """Time passes all the same, so that what comes later is not late for good."""
        now = time.monotonic()
        passed_s = _PATIENCE_S if self._starving_since is None else now - self._starving_since
        self._starving_since = now
        self._pts += round(passed_s / BLOCK_S) * SAMPLES_PER_PACKET
        self._lose(round(passed_s * LOSSLESS_HZ))

    def _heard(self, block: Block) -> Samples:
        """The sound goes on unheard, as a chest piece on a chest does."""
        if self._up.from_hz != block.rate_hz:
            self._up = Resampler(block.rate_hz, SAMPLE_RATE)
        samples = self._up(block.samples)
        if not self._listening:
            return _SILENCE
        self._send(block)
        return samples

    def _send(self, block: Block) -> None:
        """Without loss; what is missing is said with the next piece."""
        self._lose(block.lost * LOSSLESS_HZ // block.rate_hz)
        if self._lossless is None or self._lossless.rate_hz != block.rate_hz:
            self._lossless = Lossless(block.rate_hz)
        self._tell(self._lossless.add(block.samples), self._lossless.delay_s)

    def _lose(self, samples: int) -> None:
        if samples and self._lossless is not None:
            self._tell(self._lossless.rest())
            self._lost += samples

    def _tell(self, pieces: list[Samples], delay_s: float = 0.0) -> None:
        for samples in pieces:
            age_us = round((delay_s + samples.size / LOSSLESS_HZ) * 1e6)
            self._seq += 1
            head = (self._device_id, (0,), LOSSLESS_HZ, time.time_ns() // 1000 - age_us, self._seq, 1 / 32768)
            self.on_piece(Waveform(*head, samples.astype("<i2").tobytes(), self._lost, WaveKind.SOUND))
            self._lost = 0
