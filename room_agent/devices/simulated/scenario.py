"""What the simulated body and devices do, and what is wrong with them. Nothing is random without *seed*."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from room_agent.devices.ble_link import Timing
from room_agent.devices.blood_pressure import BloodPressure
from room_agent.devices.glucose import Glucose
from room_agent.devices.pulse_oximeter import PulseOximetry
from room_agent.devices.simulated.ecg_signal import Rhythm
from room_agent.devices.thermometer import Temperature
from room_agent.devices.weight import Weight
from schemas.measurement import MeasurementKind

_PRESSURE = BloodPressure(Decimal(121), Decimal(79), Decimal(93), pulse_per_min=Decimal(72))
_OXIMETRY = PulseOximetry(
    Decimal(97), Decimal(71), amplitude_percent=Decimal("4.2"), measurement_status=0x0020, device_status=0
)
_TEMPERATURE = Temperature(Decimal("36.40"), site=3)
_WEIGHT = Weight(Decimal("72.500"), bmi=Decimal("24.2"), height=Decimal("173.0"))
_GLUCOSE = Glucose(0, concentration=Decimal(98))
_TIMING = Timing(scan=1.0, silence=0.5)


class Fault(StrEnum):
    """What can be wrong with a simulated device.

    ``failed``: a measurement without a number; ``garbled``: absurd bytes; ``truncated``: half a packet; ``stored``:
    the previous person's value instead of a new one; ``clock-2021``: its clock begins in 2021 with each connection;
    ``low-battery``: 9 percent; ``needs-pairing``: it wants a bond and there is none; ``bond-lost``: it has forgotten
    ours; ``wrong-unit``: set to kPa, Fahrenheit, pounds or mmol/L; ``finger-out``: it touches nobody; ``link-drops``:
    it switches off as soon as the value is sent; ``hum``: the mains are heard in an ECG; ``gaps``: parts of an ECG are
    lost on the air; ``electrode-off``: one of its electrodes is loose; ``fibrillation``: the
    heart's, the device is well; ``absent``: switched off.
    """

    NONE = "none"
    FAILED = "failed"
    GARBLED = "garbled"
    TRUNCATED = "truncated"
    STORED = "stored"
    CLOCK_2021 = "clock-2021"
    LOW_BATTERY = "low-battery"
    NEEDS_PAIRING = "needs-pairing"
    BOND_LOST = "bond-lost"
    WRONG_UNIT = "wrong-unit"
    FINGER_OUT = "finger-out"
    LINK_DROPS = "link-drops"
    HUM = "hum"
    GAPS = "gaps"
    ELECTRODE_OFF = "electrode-off"
    FIBRILLATION = "fibrillation"
    ABSENT = "absent"


@dataclass(frozen=True)
class Scenario:
    """What the simulated body and devices do. Durations in seconds.

    *clock_ahead*: how wrong the devices' clocks are, against the wall. *needs_pairing*: subscribing is refused without
    encryption. *sleep*: which devices may be silent between measurements.
    *heart_rate_per_min* with *rr_spread* (standard deviation of the time between beats, as a share) is what the belt
    finds, from *seed*; *rhythm*: what the ECG shows. *stored_records*: how many values of other people the glucose
    meter has in its memory.
    """

    pressure: BloodPressure = _PRESSURE
    oximetry: PulseOximetry = _OXIMETRY
    temperature: Temperature = _TEMPERATURE
    weight: Weight = _WEIGHT
    glucose: Glucose = _GLUCOSE
    heart_rate_per_min: int = 71
    rr_spread: float = 0.03
    rhythm: Rhythm = Rhythm.NORMAL
    stored_records: int = 3
    measuring_s: float = 4.0
    oximeter_every_s: float = 1.0
    pleth_rate_hz: int = 50
    clock_ahead: timedelta = timedelta(0)
    battery_percent: int = 85
    needs_pairing: bool = False
    sleep: frozenset[MeasurementKind] = frozenset()
    timing: Timing = _TIMING
    seed: int = 1
