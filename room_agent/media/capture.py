"""The stethoscope's sound from a device: ALSA through PyAV, USB or Bluetooth audio alike.

A thread of its own reads, because a device that hangs may hang for ever; the newest 200 ms count. A device that goes
away is a state, and it is opened again until it is back.
"""

import asyncio
import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import InputContainer

from room_agent.media.heart import Samples
from room_agent.media.sound import BLOCK_S, RATES_HZ, Block, SoundState, first_channel
from telemed.kit.logs import logger

log = logger("media.capture")

KEPT_BLOCKS = 10
AGAIN_S = 1.0
GONE_S = 0.5
QUIET_S = 2.0
_QUIET_PEAK = 33
"""−60 dBFS."""
ALSA_CONFIG = Path("/usr/share/alsa/alsa.conf")
"""PyAV brings an ALSA library that looks for this file where it was built, and without it knows no card at all."""
Options = dict[str, str]
ALSA_FORMS = tuple(
    {"channels": channels, "sample_rate": rate_hz}
    for rate_hz in ("48000", "44100", "16000", "8000", "4000")
    for channels in ("1", "2")
)
"""What a sound card may give. A card that is opened directly gives only what it has; one after the other is tried."""


class Capture:
    """*url* as PyAV opens it with *container*: ``hw:CARD=Steth`` with ``alsa``; in tests a ``lavfi`` graph or a file.

    *forms*: options, of which the first that the device takes is used. Nothing is resampled, amplified or filtered; of
    two channels the first is taken.
    """

    def __init__(self, url: str, *, container: str = "alsa", forms: Sequence[Options] | None = None) -> None:
        self._url, self._container = url, container
        if container == "alsa":
            os.environ.setdefault("ALSA_CONFIG_PATH", str(ALSA_CONFIG))
        self._forms = forms or (ALSA_FORMS if container == "alsa" else ({},))
        self._loop = asyncio.get_running_loop()
        self._blocks: deque[Block] = deque()
        self._filled = asyncio.Event()
        self._closed = threading.Event()
        self._last = self._loud = -np.inf
        self._rest: Samples = np.zeros(0, dtype=np.int16)
        self._trouble = ""
        self.opened = 0
        self._thread = threading.Thread(target=self._keep, name="stethoscope", daemon=True)
        self._thread.start()

    @property
    def state(self) -> SoundState:
        now = time.monotonic()
        if now - self._last > GONE_S:
            return SoundState.UNPLUGGED
        return SoundState.SILENT if now - self._loud > QUIET_S else SoundState.READY

    @property
    def waiting_lost(self) -> int:
        """Samples that were thrown away and not yet told."""
        return self._blocks[0].lost if self._blocks else 0

    async def block(self) -> Block:
        while not self._blocks:
            self._filled.clear()
            await self._filled.wait()
        return self._blocks.popleft()

    def close(self) -> None:
        """The thread ends with the next piece that it reads; a device that hangs keeps it, and nobody else."""
        self._closed.set()

    def _put(self, block: Block) -> None:
        """In the loop. When full the oldest goes, and the next one says how much."""
        if self._closed.is_set():
            return
        self._last = time.monotonic()
        if np.abs(block.samples.astype(np.int32)).max() > _QUIET_PEAK:
            self._loud = self._last
        self._blocks.append(block)
        if len(self._blocks) > KEPT_BLOCKS:
            oldest = self._blocks.popleft()
            newer = self._blocks[0]
            lost = oldest.lost + oldest.samples.size + newer.lost
            self._blocks[0] = Block(newer.samples, newer.rate_hz, lost)
        self._filled.set()

    # In the thread

    def _keep(self) -> None:
        while not self._closed.is_set():
            try:
                self._read()
                self._note("ended")
            except (av.FFmpegError, OSError, ValueError, IndexError) as error:
                self._note(type(error).__name__)
            self._closed.wait(AGAIN_S)

    def _note(self, trouble: str) -> None:
        """Log once that it went, once that it came back."""
        if trouble != self._trouble:
            log.info("stethoscope", trouble=trouble)
        self._trouble = trouble

    def _read(self) -> None:
        with self._open() as device:
            self.opened += 1
            self._rest = self._rest[:0]
            for frame in device.decode(audio=0):
                if self._closed.is_set():
                    return
                self._note("")
                for block in self._cut(frame):
                    with contextlib.suppress(RuntimeError):  # the loop has ended
                        self._loop.call_soon_threadsafe(self._put, block)

    def _open(self) -> InputContainer:
        """In the first form that the device takes.

        Raises:
            av.FFmpegError: it takes none, or is not there.
        """
        *others, last = self._forms
        device: InputContainer
        for form in others:
            with contextlib.suppress(av.FFmpegError):
                device = av.open(self._url, format=self._container, options=form)
                return device
        device = av.open(self._url, format=self._container, options=last)
        return device

    def _cut(self, frame: AudioFrame) -> Iterator[Block]:
        """Blocks of 20 ms from what has come; what is left waits for the next frame.

        Raises:
            ValueError: the device gives another format than 16 bit, or a rate without whole blocks.
        """
        if frame.format.name not in ("s16", "s16p") or frame.sample_rate not in RATES_HZ:
            raise ValueError("format")
        size = int(frame.sample_rate * BLOCK_S)
        self._rest = np.concatenate([self._rest, first_channel(frame)])
        while self._rest.size >= size:
            yield Block(self._rest[:size], frame.sample_rate)
            self._rest = self._rest[size:]
