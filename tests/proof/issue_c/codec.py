"""10⁶ whole, cut and mutated packets of every profile: refused as `Garbled`, or a right value; and never a hang."""

import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from room_agent.devices.driver import Garbled
from tests.proof.harness import Failed, Proof
from tests.room_agent.devices.codecs import CODECS, Codec, mutated

PACKETS = 1_000_000
STEPS = 20
LONGEST_S = 0.05
"""Processor time of this thread for one packet; a packet takes some 10 µs."""
_PREFIXES_EVERY = 8


@dataclass(frozen=True)
class Seen:
    """What became of so many packets. *wrong*: profile, bytes and what was seen, for each that was not right."""

    packets: int = 0
    read: int = 0
    refused: int = 0
    longest_s: float = 0.0
    by_codec: Counter[str] = field(default_factory=Counter)
    wrong: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"packets {self.packets}, profiles {len(self.by_codec)}, read {self.read}, refused {self.refused}, "
            f"wrong {len(self.wrong)}, longest {self.longest_s * 1e3:.1f} ms"
        )

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(
            self.packets + other.packets,
            self.read + other.read,
            self.refused + other.refused,
            max(self.longest_s, other.longest_s),
            self.by_codec + other.by_codec,
            self.wrong + other.wrong,
        )


def trial(random: Random, packets: int) -> Seen:
    """Read so many packets, of each profile in turn: every eighth time all prefixes of one, else one mutated."""
    tried = Tried()
    turn = 0
    while tried.packets < packets:
        codec = CODECS[turn % len(CODECS)]
        whole = codec.packet(random)
        if turn // len(CODECS) % _PREFIXES_EVERY == 0:
            for length in range(min(len(whole) + 1, packets - tried.packets)):
                tried.one(codec, whole[:length])
        else:
            tried.one(codec, mutated(whole, random))
        turn += 1
    return tried.seen()


class Tried:
    """Counts, packet by packet."""

    def __init__(self) -> None:
        self.packets = self.read = 0
        self.longest_s = 0.0
        self.by_codec: Counter[str] = Counter()
        self.wrong: list[str] = []

    def one(self, codec: Codec, packet: bytes) -> None:
        self.packets += 1
        self.by_codec[codec.name] += 1
        began = time.thread_time()
        try:
            value = codec.decode(packet)
            self.read += 1
        except Garbled:
            return
        except Exception as error:
            self._wrong(codec, packet, type(error).__name__)
            return
        finally:
            took = time.thread_time() - began
            self.longest_s = max(self.longest_s, took)
            if took > LONGEST_S:
                self._wrong(codec, packet, f"took {took:.3f} s")
        if not codec.holds(value):
            self._wrong(codec, packet, str(value))

    def _wrong(self, codec: Codec, packet: bytes, seen: str) -> None:
        self.wrong.append(f"{codec.name} {packet.hex()}: {seen}")

    def seen(self) -> Seen:
        refused = self.packets - self.read
        return Seen(self.packets, self.read, refused, self.longest_s, self.by_codec, tuple(self.wrong))


_seen: list[Seen] = []
"""Of each step of this run."""


def step(seed: int, number: int) -> str:
    """
    Raises:
        Failed: a packet was neither refused nor read as a right value in time.
    """
    found = trial(Random(f"{seed}-{number}"), PACKETS // STEPS)
    if found.wrong:
        raise Failed("; ".join(found.wrong[:5]))
    _seen.append(found)
    return str(sum(_seen, Seen()))


PROOF = Proof(issue="c", name="codec", seed=20_261_125, count=STEPS, step=step)
