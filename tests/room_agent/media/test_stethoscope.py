"""Stethoscope: own packets, paced, flat; beside them the same sound without loss; what is gone is a state."""

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

from room_agent.devices.driver import Waveform
from room_agent.media.capture import ALSA_FORMS, KEPT_BLOCKS, Capture
from room_agent.media.checks import level_dbfs
from room_agent.media.heart import SAMPLE_RATE, Samples, heart_sounds
from room_agent.media.sound import RATES_HZ, Block, Loop, SoundState, from_wav
from room_agent.media.stethoscope import LOSSLESS_HZ, PIECE_SAMPLES, StethoscopeTrack
from schemas.measurement import WaveKind
from tests.room_agent.world import until


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def in_time() -> None:
        async with asyncio.timeout(20):
            await test()

    asyncio.run(in_time())


def decoded(packets: list[av.Packet]) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    codec = av.CodecContext.create("libopus", "r")
    codec.sample_rate, codec.format, codec.layout = SAMPLE_RATE, "s16", "mono"
    frames = [frame for packet in packets for frame in codec.decode(av.Packet(bytes(packet)))]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def recording(path: Path, samples: Samples, rate_hz: int, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def noise(size: int) -> Samples:
    return np.random.default_rng(1).integers(-32768, 32768, size).astype(np.int16)


class Hand:
    """A source that gives what a test puts in."""

    state = SoundState.READY

    def __init__(self) -> None:
        self.blocks: asyncio.Queue[Block] = asyncio.Queue()
        self.closed = False

    async def block(self) -> Block:
        return await self.blocks.get()

    def close(self) -> None:
        self.closed = True


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
        pieces: list[Waveform] = []
        track.on_piece = pieces.append
        quiet = [await track.recv() for _ in range(25)]
        assert pieces == []
        track.listen(True)
        loud = [await track.recv() for _ in range(50)]
        assert level_dbfs(decoded(quiet)) < -80
        assert level_dbfs(decoded(loud)) > -40
        assert len(pieces) in (24, 25)
        track.stop()
        with pytest.raises(MediaStreamError):
            await track.recv()

    run(story)


def test_every_packet_is_whole_sound_never_comfort_noise() -> None:
    """No DTX: a packet of silence is as real as any other, so that nothing is made up at the other end."""

    async def story() -> None:
        source = Hand()
        track = StethoscopeTrack(source)
        track.listen(True)
        for _ in range(100):
            source.blocks.put_nowait(Block(np.zeros(960, dtype=np.int16), SAMPLE_RATE))
        packets = [await track.recv() for _ in range(99)]
        assert min(len(bytes(packet)) for packet in packets) > 2

    run(story)


def test_a_recording_of_4_khz_goes_bit_by_bit(tmp_path: Path) -> None:
    async def story() -> None:
        sound = noise(1600)
        track = StethoscopeTrack(from_wav(recording(tmp_path / "chest.wav", sound, LOSSLESS_HZ)))
        pieces: list[Waveform] = []
        track.on_piece = pieces.append
        track.listen(True)
        for _ in range(22):
            await track.recv()
        assert [piece.seq for piece in pieces] == list(range(1, len(pieces) + 1))
        heard = np.concatenate([np.frombuffer(piece.samples, "<i2") for piece in pieces])
        assert heard.size >= 1600
        assert np.array_equal(heard, np.resize(sound, heard.size))
        assert {(p.kind, p.rate_hz, p.mdc, p.gap, len(p.samples)) for p in pieces} == {
            (WaveKind.SOUND, LOSSLESS_HZ, (0,), 0, 2 * PIECE_SAMPLES)
        }

    run(story)


def test_what_nobody_took_in_time_is_said_as_a_gap() -> None:
    async def story() -> None:
        source = Hand()
        track = StethoscopeTrack(source)
        pieces: list[Waveform] = []
        track.on_piece = pieces.append
        track.listen(True)
        for lost in (0, 0, 0, 9600, 0):
            source.blocks.put_nowait(Block(np.zeros(960, dtype=np.int16), SAMPLE_RATE, lost))
        packets = [await track.recv() for _ in range(5)]
        assert [(piece.gap, len(piece.samples)) for piece in pieces] == [(0, 320), (0, 160), (800, 320)]
        assert packets[-1].pts - packets[0].pts == 4 * 960 + 9600

    run(story)


def test_an_unplugged_stethoscope_is_silence_in_real_time_and_comes_back() -> None:
    async def story() -> None:
        source = Hand()
        track = StethoscopeTrack(source)
        pieces: list[Waveform] = []
        track.on_piece = pieces.append
        track.listen(True)
        source.blocks.put_nowait(Block(noise(80), LOSSLESS_HZ))
        began = time.monotonic()
        packets = [await track.recv() for _ in range(12)]
        passed = time.monotonic() - began
        assert (packets[-1].pts - packets[0].pts) / SAMPLE_RATE <= passed + 0.02
        assert level_dbfs(decoded(packets)[-1920:]) < -80
        for _ in range(2):
            source.blocks.put_nowait(Block(noise(80), LOSSLESS_HZ))
        for _ in range(2):
            await track.recv()
        assert [len(piece.samples) for piece in pieces] == [160, 320]
        assert pieces[0].gap == 0
        assert 0.2 * LOSSLESS_HZ <= pieces[1].gap <= passed * LOSSLESS_HZ + 80
        track.stop()
        assert source.closed

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


def test_of_two_channels_the_first_is_taken_as_it_is(tmp_path: Path) -> None:
    both = np.stack([noise(800), np.zeros(800, dtype=np.int16)], axis=1)
    sound = from_wav(recording(tmp_path / "two.wav", both, 8000, channels=2))
    assert np.array_equal(sound.read(800), both[:, 0])
    assert sound.rate_hz == 8000


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.wav"
    path.write_bytes(b"not a sound")
    with pytest.raises(ValueError, match=r"no\.wav"):
        from_wav(path)
    with pytest.raises(ValueError, match="22049"):
        from_wav(recording(path, noise(100), 22049))


TONE = "sine=frequency=100:sample_rate=48000,arealtime"


def test_a_device_is_read_as_it_comes_and_only_what_is_new_is_kept() -> None:
    async def story() -> None:
        device = Capture(TONE, container="lavfi")
        assert device.state is SoundState.UNPLUGGED
        first = await device.block()
        assert (first.samples.size, first.rate_hz, first.lost) == (960, 48_000, 0)
        assert device.state is SoundState.READY
        await until(lambda: device.waiting_lost >= 4800)
        assert (await device.block()).lost >= 4800
        rest = [await device.block() for _ in range(KEPT_BLOCKS - 1)]
        assert all(block.lost == 0 for block in rest)
        device.close()

    run(story)


def test_silence_is_a_state_and_so_is_a_device_that_is_not_there() -> None:
    async def story() -> None:
        quiet = Capture(
            "anullsrc=sample_rate=8000:channel_layout=mono,aformat=sample_fmts=s16,arealtime", container="lavfi"
        )
        await quiet.block()
        assert quiet.state is SoundState.SILENT
        quiet.close()
        gone = Capture("hw:CARD=NoSuchStethoscope")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await gone.block()
        assert gone.state is SoundState.UNPLUGGED
        gone.close()

    run(story)


def test_a_device_that_ends_is_opened_again(tmp_path: Path) -> None:
    async def story() -> None:
        sound = noise(9600)
        device = Capture(str(recording(tmp_path / "short.wav", sound, 48_000)), container="wav")
        heard = [await device.block() for _ in range(10)]
        assert np.array_equal(np.concatenate([block.samples for block in heard]), sound)
        await device.block()
        assert device.opened == 2
        device.close()

    run(story)


def test_a_card_that_gives_only_what_it_has_is_asked_until_it_fits(tmp_path: Path) -> None:
    async def story() -> None:
        path, sound = tmp_path / "raw", noise(800)
        path.write_bytes(sound.astype("<i2").tobytes())
        forms = ({"sample_rate": "-1"}, {"sample_rate": "-2"}, {"sample_rate": "8000", "ch_layout": "mono"})
        device = Capture(str(path), container="s16le", forms=forms)
        block = await device.block()
        assert (block.rate_hz, block.samples.size) == (8000, 160)
        assert np.array_equal(block.samples, sound[:160])
        device.close()

    run(story)


def test_every_form_that_a_card_is_asked_for_has_whole_blocks() -> None:
    assert {int(form["sample_rate"]) for form in ALSA_FORMS} <= set(RATES_HZ)
    assert ALSA_FORMS[0] == {"channels": "1", "sample_rate": "48000"}
