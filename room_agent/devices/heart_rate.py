"""Heart Rate Measurement (2A37), GATT Specification Supplement.

Layout: flags u8 (bit 0 rate is u16, 1 contact, 2 contact is measured, 3 energy, 4 RR intervals), rate u8 or u16,
energy u16 in kJ, then RR intervals u16 in 1/1024 s up to the end, the oldest first.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from room_agent.devices.driver import Component, Garbled
from room_agent.devices.packet import Packet, within
from room_agent.devices.reading import Flag, Reading

SERVICE = "0000180d-0000-1000-8000-00805f9b34fb"
MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"

RATE_MDC, RR_MDC = 147842, 147240
_WIDE, _CONTACT, _CONTACT_MEASURED, _ENERGY, _RR = 0x01, 0x02, 0x04, 0x08, 0x10
_MAX_RATE = 350
_MILLISECONDS_PER_STEP = Decimal(1000) / 1024


@dataclass(frozen=True)
class HeartRate(Reading):
    """Beats per minute, 0 where the belt finds none. *contact* with the skin: None where the belt does not measure it.

    *rr_steps*: times between beats in 1/1024 s, as sent, the oldest first.
    """

    per_min: int
    contact: bool | None = None
    energy_kj: int | None = None
    rr_steps: tuple[int, ...] = ()

    @property
    def has_value(self) -> bool:
        """A belt in the drawer sends 0, or goes on with its last number and says that it touches no skin."""
        return self.per_min > 0 and self.contact is not False

    @property
    def flags(self) -> tuple[Flag, ...]:
        return (Flag.NO_CONTACT,) if self.contact is False else ()

    @property
    def components(self) -> tuple[Component, ...]:
        """The rate, then each RR interval in whole milliseconds, which is what a step of 1/1024 s holds."""
        rate = Component(RATE_MDC, ("8867-4",), Decimal(self.per_min), "/min")
        return (rate, *(Component(RR_MDC, ("8637-1",), _milliseconds(steps), "ms") for steps in self.rr_steps))


def _milliseconds(steps: int) -> Decimal:
    return (steps * _MILLISECONDS_PER_STEP).quantize(Decimal(1), ROUND_HALF_EVEN)


def decode(packet: bytes) -> HeartRate:
    """Read a Heart Rate Measurement.

    Raises:
        Garbled: the packet ends early, is longer than its flags say, or holds what no person has.
    """
    reader = Packet(packet)
    flags = reader.uint(1)
    rate = reader.uint(2 if flags & _WIDE else 1)
    within(Decimal(rate), 0, _MAX_RATE)
    energy = reader.uint(2) if flags & _ENERGY else None
    rr_steps = _rr_steps(reader) if flags & _RR else ()
    reader.end()
    return HeartRate(rate, bool(flags & _CONTACT) if flags & _CONTACT_MEASURED else None, energy, rr_steps)


def _rr_steps(reader: Packet) -> tuple[int, ...]:
    """At least one, and none of no length: hearts do not beat twice at once."""
    steps = []
    while reader.left:
        steps.append(reader.uint(2))
    if not steps:
        raise Garbled("short")
    if 0 in steps:
        raise Garbled("range")
    return tuple(steps)


def encode(value: HeartRate) -> bytes:
    """The packet of a belt that measures *value*."""
    contact = 0 if value.contact is None else _CONTACT_MEASURED | (_CONTACT if value.contact else 0)
    wide = value.per_min > 0xFF
    flags = (
        (_WIDE if wide else 0)
        | contact
        | (_ENERGY if value.energy_kj is not None else 0)
        | (_RR if value.rr_steps else 0)
    )
    return b"".join(
        (
            bytes([flags]),
            value.per_min.to_bytes(2 if wide else 1, "little"),
            value.energy_kj.to_bytes(2, "little") if value.energy_kj is not None else b"",
            *(steps.to_bytes(2, "little") for steps in value.rr_steps),
        )
    )
