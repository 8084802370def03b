"""A piece of a curve as a device sent it, whichever profile it speaks, and what is missing before it."""

from dataclasses import dataclass

from schemas.measurement import WaveKind

NO_VALUE = -32768
"""In an ECG: this lead has no electrode on the skin now. It is never a voltage."""
_LONGEST_GAP_S = 600


@dataclass(frozen=True)
class CurvePiece:
    """*samples*: little-endian i16, leads interleaved; times *scale* they have the curve's unit.

    *mdc*: the 32-bit code of each lead. *begin*: the place of the first sample, in samples per lead since the device
    began, modulo *turns*. *slack*: so many missing samples are the device's clock and not a gap.
    """

    kind: WaveKind
    mdc: tuple[int, ...]
    rate_hz: int
    scale: float
    samples: bytes
    begin: int
    turns: int = 2**32
    slack: int = 0

    @property
    def length(self) -> int:
        """Samples per lead."""
        return len(self.samples) // (2 * len(self.mdc))

    @property
    def lasts_us(self) -> int:
        return self.length * 1_000_000 // self.rate_hz

    def missing_after(self, before: "CurvePiece | None") -> int:
        """Samples per lead that were lost between *before* and this piece.

        A device that began to count anew has lost what nobody can count: one sample, so that a gap is drawn.
        """
        if before is None:
            return 0
        missing = (self.begin - before.begin - before.length) % self.turns
        if min(missing, self.turns - missing) <= self.slack:
            return 0
        return missing if missing <= _LONGEST_GAP_S * self.rate_hz else 1
