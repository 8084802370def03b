"""What the simulated body and devices do, and what is wrong with them. Nothing is random."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from room_agent.devices.ble_link import Timing
from room_agent.devices.blood_pressure import BloodPressure
from room_agent.devices.pulse_oximeter import PulseOximetry

_PRESSURE = BloodPressure(Decimal(121), Decimal(79), Decimal(93), pulse_per_min=Decimal(72))
_OXIMETRY = PulseOximetry(Decimal(97), Decimal(71), measurement_status=0x0020)
_TIMING = Timing(scan=1.0, silence=0.5)


class Fault(StrEnum):
    """What can be wrong with a simulated device.

    ``failed``: a measurement without a number; ``garbled``: absurd bytes; ``truncated``: half a packet; ``stored``:
    the previous person's value instead of a new one; ``absent``: switched off.
    """

    NONE = "none"
    FAILED = "failed"
    GARBLED = "garbled"
    TRUNCATED = "truncated"
    STORED = "stored"
    ABSENT = "absent"


@dataclass(frozen=True)
class Scenario:
    """What the simulated body and devices do. Durations in seconds.

    *clock_ahead*: how wrong the cuff's clock is. *needs_pairing*: subscribing is refused without encryption.
    """

    pressure: BloodPressure = _PRESSURE
    oximetry: PulseOximetry = _OXIMETRY
    measuring_s: float = 4.0
    oximeter_every_s: float = 1.0
    pleth_rate_hz: int = 50
    clock_ahead: timedelta = timedelta(0)
    battery_percent: int = 85
    needs_pairing: bool = False
    timing: Timing = _TIMING
