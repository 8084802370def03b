"""The device profiles that a BLE driver can speak: which characteristic is what, and who decodes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from room_agent.devices import (
    blood_pressure,
    ecg,
    glucose,
    heart_rate,
    polar,
    pulse_oximeter,
    racp,
    thermometer,
    weight,
)
from room_agent.devices.curve import CurvePiece
from room_agent.devices.flow import Tap
from room_agent.devices.reading import Reading
from schemas.measurement import MeasurementKind


@dataclass(frozen=True)
class Profile:
    """*values*, *starts*, *curves*: decoders by characteristic UUID. *starts* only show that it has begun: the
    pressure in an inflating cuff in mmHg, else None.

    *continuous*: sends by itself without end. *spots*: those of its characteristics that it may have stored.
    *control*: where records are asked for (`racp`), for a device that sends none by itself. *taps*: where its curve is
    turned on and off, one for each kind of device that there is.
    """

    kind: MeasurementKind
    service: str
    values: Mapping[str, Callable[[bytes], Reading]]
    starts: Mapping[str, Callable[[bytes], int | None]] = field(default_factory=dict)
    curves: Mapping[str, Callable[[bytes], CurvePiece]] = field(default_factory=dict)
    continuous: bool = False
    spots: frozenset[str] = frozenset()
    control: str = ""
    taps: tuple[Tap, ...] = ()

    @property
    def characteristics(self) -> tuple[str, ...]:
        """Everything to subscribe to, what shows a beginning first."""
        answering = (tap.control for tap in self.taps if tap.answers)
        return (*self.starts, *self.curves, *self.values, *((self.control,) if self.control else ()), *answering)


BLOOD_PRESSURE = Profile(
    MeasurementKind.BLOOD_PRESSURE,
    blood_pressure.SERVICE,
    values={blood_pressure.MEASUREMENT: blood_pressure.decode},
    starts={blood_pressure.INTERMEDIATE_CUFF_PRESSURE: blood_pressure.decode_cuff_pressure},
)
OXIMETER = Profile(
    MeasurementKind.OXIMETER,
    pulse_oximeter.SERVICE,
    values={pulse_oximeter.CONTINUOUS: pulse_oximeter.decode, pulse_oximeter.SPOT_CHECK: pulse_oximeter.decode_spot},
    curves={pulse_oximeter.PLETH: pulse_oximeter.decode_curve},
    continuous=True,
    spots=frozenset({pulse_oximeter.SPOT_CHECK}),
)
THERMOMETER = Profile(
    MeasurementKind.THERMOMETER,
    thermometer.SERVICE,
    values={thermometer.MEASUREMENT: thermometer.decode},
    starts={thermometer.INTERMEDIATE: thermometer.begun},
)
WEIGHT = Profile(MeasurementKind.WEIGHT, weight.SERVICE, values={weight.MEASUREMENT: weight.decode})
GLUCOSE = Profile(
    MeasurementKind.GLUCOSE,
    glucose.SERVICE,
    values={glucose.MEASUREMENT: glucose.decode},
    control=racp.CONTROL_POINT,
)
HEART_RATE = Profile(
    MeasurementKind.HEART_RATE,
    heart_rate.SERVICE,
    values={heart_rate.MEASUREMENT: heart_rate.decode},
    continuous=True,
)
ECG = Profile(
    MeasurementKind.ECG,
    ecg.SERVICE,
    values={heart_rate.MEASUREMENT: heart_rate.decode},
    curves={ecg.STREAM: ecg.decode, polar.DATA: polar.decode},
    continuous=True,
    taps=(Tap(ecg.CONTROL, ecg.START, ecg.STOP), Tap(polar.CONTROL, polar.START, polar.STOP, polar.accepted)),
)
"""A recorder of any maker with our characteristic, or a Polar belt with its own; the heart rate is the device's."""
PROFILES = {
    profile.kind: profile for profile in (BLOOD_PRESSURE, OXIMETER, THERMOMETER, WEIGHT, GLUCOSE, HEART_RATE, ECG)
}
