"""Cut and mutated packets of every profile; ``CODEC_PACKETS`` (60,000). The proof's record has the full count."""

import os
import time
from collections.abc import Iterator
from random import Random

from tests.bench.harness import Figure, note
from tests.bench.recorded import recorded
from tests.proof.issue_c.codec import LONGEST_S, PACKETS, PROOF, trial
from tests.room_agent.devices.codecs import CODECS, mutated

REDUCED = int(os.environ.get("CODEC_PACKETS", "60000"))


def measure() -> Iterator[Figure]:
    began = time.monotonic()
    seen = trial(Random(PROOF.seed), REDUCED)
    rate = seen.packets / (time.monotonic() - began)
    note(f"codec, reduced count {REDUCED}: {seen}; {dict(seen.by_codec)}")
    yield Figure(
        issue="C",
        row=7,
        name=f"packets cut or mutated, reduced count {seen.packets}: wrong values, other errors or hangs",
        value=len(seen.wrong),
        unit="packets",
        baseline=_trusting(REDUCED),
        target=f"0; each in less than {LONGEST_S * 1e3:.0f} ms; baseline: a reader that trusts its packets",
        ok=not seen.wrong and seen.longest_s <= LONGEST_S,
    )
    yield Figure(
        issue="C",
        row=7,
        name="packets made, spoilt, decoded and judged",
        value=round(rate),
        unit="packets/s",
        target="as measured",
        ok=True,
    )
    yield recorded(PROOF, row=7, unit=f"of {PACKETS} packets")


def _trusting(packets: int) -> int:
    """How often, of so many, the systolic pressure of a spoilt packet is wrong if it is read where it should stand."""
    random, cuff = Random(PROOF.seed), CODECS[0]
    wrong = 0
    for _ in range(packets):
        spoilt = mutated(cuff.packet(random), random)
        raw = int.from_bytes(spoilt[1:3], "little")
        mantissa, exponent = (raw & 0xFFF ^ 0x800) - 0x800, (raw >> 12 ^ 8) - 8
        wrong += len(spoilt) < 3 or not 40 <= mantissa * 10.0**exponent <= 400
    return wrong
