"""The device profiles that a BLE driver can speak: which characteristic is what, and who decodes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from room_agent.devices import blood_pressure, pulse_oximeter
from room_agent.devices.curve import CurvePiece
from room_agent.devices.reading import Reading
from schemas.measurement import MeasurementKind


@dataclass(frozen=True)
class Profile:
    """*values*, *starts*, *curves*: decoders by characteristic UUID. *starts* only show that it has begun: the
    pressure in an inflating cuff in mmHg, else None.

    *continuous*: sends by itself without end. *spots*: those of its characteristics that it may have stored.
    """

    kind: MeasurementKind
    service: str
    values: Mapping[str, Callable[[bytes], Reading]]
    starts: Mapping[str, Callable[[bytes], int | None]] = field(default_factory=dict)
    curves: Mapping[str, Callable[[bytes], CurvePiece]] = field(default_factory=dict)
    continuous: bool = False
    spots: frozenset[str] = frozenset()

    @property
    def characteristics(self) -> tuple[str, ...]:
        """Everything to subscribe to, what shows a beginning first."""
        return (*self.starts, *self.curves, *self.values)


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
PROFILES = {profile.kind: profile for profile in (BLOOD_PRESSURE, OXIMETER)}
