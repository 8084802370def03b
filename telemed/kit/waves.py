"""Sound as samples: the chime, joining pieces, and how loud something is (ITU-R BS.1770-4). Pure.

Samples are mono `float32`, full scale ±1, 22,050 a second.
"""

import io
import wave
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE = 22_050
TARGET_LUFS = -18.0
CEILING = 0.89
"""-1 dBFS: nothing is clipped, by us or by the loudspeaker's converter."""
KNEE = 0.6
GAP_S = 0.18
"""Between two pieces, so that each digit is heard by itself."""
SILENT = 0.003
CHIME_HZ = (880.0, 660.0)
"""Within 500 to 1,000 Hz: hearing goes first at the high end."""
TONE_S, RING_S = 0.45, 1.0
BLOCK_S, STEP_S = 0.4, 0.1
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0


def chime() -> Samples:
    """Two falling tones that ring out."""
    out = np.zeros(round((TONE_S + RING_S) * RATE), np.float32)
    for index, hertz in enumerate(CHIME_HZ):
        start = round(index * TONE_S * RATE)
        t = np.arange(len(out) - start) / RATE
        swell = np.minimum(t / 0.01, 1.0) * np.exp(-3.5 * t) * np.minimum((t[-1] - t) / 0.05, 1.0)
        out[start:] += (swell * (np.sin(2 * np.pi * hertz * t) + 0.2 * np.sin(4 * np.pi * hertz * t))).astype(
            np.float32
        )
    return levelled(out)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def joined(pieces: Sequence[Samples]) -> Samples:
    """*pieces* one after the other, all equally loud."""
    gap = silence(GAP_S)
    parts = [part for piece in pieces for part in (levelled(trimmed(piece)), gap)]
    return levelled(np.concatenate([gap, *parts]))


def trimmed(samples: Samples) -> Samples:
    """*samples* without the silence before and after."""
    loud = np.flatnonzero(np.abs(samples) > SILENT)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]


def levelled(samples: Samples) -> Samples:
    """*samples* at `TARGET_LUFS`; peaks are rounded off below `CEILING`, not cut."""
    for _ in range(3):
        found = loudness(samples)
        if found <= ABSOLUTE_GATE_LUFS:
            return samples
        samples = _rounded(samples * np.float32(10 ** ((TARGET_LUFS - found) / 20)))
    return samples


def _rounded(samples: Samples) -> Samples:
    size = np.abs(samples)
    room = CEILING - KNEE
    soft = np.where(size > KNEE, KNEE + room * np.tanh((size - KNEE) / room), size)
    return (np.sign(samples) * soft).astype(np.float32)


def loudness(samples: Samples) -> float:
    """The gated loudness in LUFS; what is shorter than a block counts as one. Silence is far below any gate."""
    weighted = _k_weighted(samples)
    block, step = round(BLOCK_S * RATE), round(STEP_S * RATE)
    starts = range(0, max(1, len(weighted) - block + 1), step)
    energy = np.array([np.mean(np.square(weighted[start : start + block])) if len(weighted) else 0 for start in starts])
    loud = energy[_lufs(energy) > ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return -np.inf
    kept = loud[_lufs(loud) > _lufs(np.mean(loud)) + RELATIVE_GATE_LU]
    return float(_lufs(np.mean(kept)))


def _lufs(energy: NDArray[np.float64] | np.floating) -> NDArray[np.float64]:
    return np.asarray(-0.691 + 10 * np.log10(np.maximum(energy, 1e-12)))


def _k_weighted(samples: Samples) -> NDArray[np.float64]:
    """Both filters of BS.1770-4 (annex 1), applied to the spectrum."""
    count = 1 << (len(samples) + RATE).bit_length()
    spectrum = np.fft.rfft(samples, count)
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(count))
    return np.asarray(np.fft.irfft(spectrum * _shelf(z) * _high_pass(z), count)[: len(samples)])


def _shelf(z: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The head's high shelf, with its analogue values at our rate."""
    k, q = np.tan(np.pi * 1681.974450955533 / RATE), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    above = (high + band * k / q + k * k) + 2 * (k * k - high) * z + (high - band * k / q + k * k) * z * z
    below = (1 + k / q + k * k) + 2 * (k * k - 1) * z + (1 - k / q + k * k) * z * z
    return np.asarray(above / below)


def _high_pass(z: NDArray[np.complex128]) -> NDArray[np.complex128]:
    k, q = np.tan(np.pi * 38.13547087602444 / RATE), 0.5003270373238773
    whole = 1 + k / q + k * k
    return np.asarray((1 - 2 * z + z * z) / (1 + 2 * (k * k - 1) / whole * z + (1 - k / q + k * k) / whole * z * z))


def to_wav(samples: Samples) -> bytes:
    """16 bit PCM in a RIFF file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return out.getvalue()


def to_mp3(samples: Samples, *, bit_rate: int = 48_000) -> bytes:
    """MP3, mono: a tenth of a WAV, and every browser plays it. Without a head, so that several follow each other."""
    import av  # half a second, which not every program needs

    out = io.BytesIO()
    with av.open(out, "w", format="mp3", options={"write_xing": "0", "id3v2_version": "0"}) as file:
        stream = file.add_stream("mp3", rate=RATE, layout="mono")
        stream.bit_rate = bit_rate
        whole = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(whole, format="s16p", layout="mono")
        frame.sample_rate = RATE
        frame.pts = 0
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return out.getvalue()
