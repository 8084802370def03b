"""Every packet of every profile, with what a device could send and what a right value is: for tests and the proof."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np

from room_agent.devices import (
    about,
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
from room_agent.devices.blood_pressure import BloodPressure
from room_agent.devices.curve import CurvePiece
from room_agent.devices.driver import Absent, Component, Value
from room_agent.devices.pulse_oximeter import Pleth, PulseOximetry

BOUNDS: Mapping[str, tuple[str, str]] = {
    "mm[Hg]": ("0", "400"),
    "/min": ("0", "350"),
    "%": ("0", "100"),
    "Cel": ("25", "45"),
    "[degF]": ("77", "113"),
    "kg": ("0.3", "330"),
    "[lb_av]": ("0.3", "700"),
    "mg/dL": ("1", "2000"),
    "mmol/L": ("0.1", "111"),
    "ms": ("0", "64000"),
}
"""What a living person can have, by UCUM unit; kept apart from the codec's own limits."""


@dataclass(frozen=True)
class Codec:
    """*make* gives a value as a device may send it; *right* says whether what was decoded can be true.

    *encode* is None where the device's side is not the reverse of `decode`; then *make* gives packets.
    """

    name: str
    decode: Callable[[bytes], Any]
    encode: Callable[[Any], bytes] | None
    make: Callable[[Random], Any]
    right: Callable[[Any], bool]

    def packet(self, random: Random) -> bytes:
        """A packet as a device may send it."""
        made = self.make(random)
        packet = made if self.encode is None else self.encode(made)
        assert isinstance(packet, bytes)
        return packet

    def holds(self, value: Any) -> bool:
        """*value* can be true, and written again it is read as the same."""
        return self.right(value) and (self.encode is None or self.decode(self.encode(value)) == value)


def plausible(reading: Any) -> bool:
    """Every quantity is absent or within what a person can have; whoever has a value has a number."""
    components: tuple[Component, ...] = reading.components
    bounded = all(isinstance(each.value, Absent) or _within(each) for each in components)
    return bounded and (not reading.has_value or isinstance(components[0].value, Decimal)) and _ordered(reading)


def _within(component: Component) -> bool:
    low, high = BOUNDS[component.ucum]
    return isinstance(component.value, Decimal) and Decimal(low) <= component.value <= Decimal(high)


def _ordered(reading: Any) -> bool:
    return not isinstance(reading, BloodPressure) or (
        not reading.has_value or 40 <= components_of(reading)[0] > components_of(reading)[1]
    )


def components_of(reading: Any) -> list[Decimal]:
    return [each.value for each in reading.components]


def _a_curve(piece: CurvePiece) -> bool:
    return 0 < piece.rate_hz <= 2000 and piece.length > 0 and len(piece.samples) == 2 * piece.length * len(piece.mdc)


def maybe(random: Random, value: Any) -> Any:
    return random.choice((None, value))


def moment(random: Random) -> datetime:
    return datetime(2000, 1, 1) + timedelta(seconds=random.randrange(3_000_000_000))


def number(random: Random, low: int, high: int, decimals: int = 0) -> Value:
    """Now and then a special value, as devices send it that could not measure."""
    if random.random() < 0.05:
        return random.choice(tuple(Absent))
    return Decimal(random.randint(low * 10**decimals, high * 10**decimals)).scaleb(-decimals)


def _pressure(random: Random) -> BloodPressure:
    low = number(random, 20, 200)
    return BloodPressure(
        number(random, 201, 400),
        low,
        number(random, 20, 400),
        pulse_per_min=maybe(random, number(random, 20, 199, random.choice((0, 1)))),
        device_time=maybe(random, moment(random)),
        user=maybe(random, random.randrange(256)),
        status=maybe(random, random.randrange(0x10000)),
    )


def _oximetry(random: Random) -> PulseOximetry:
    return PulseOximetry(
        number(random, 1, 100, random.choice((0, 1))),
        number(random, 20, 200, random.choice((0, 1))),
        amplitude_percent=maybe(random, number(random, 0, 20, 2)),
        measurement_status=maybe(random, random.randrange(0x10000)),
        device_status=maybe(random, random.randrange(0x1000000)),
    )


def _spot(random: Random) -> PulseOximetry:
    found = _oximetry(random)
    extra = (found.amplitude_percent, found.measurement_status, found.device_status)
    return PulseOximetry(
        found.saturation_percent, found.pulse_per_min, *extra, device_time=maybe(random, moment(random))
    )


def _pleth(random: Random) -> Pleth:
    samples = tuple(random.randint(-32768, 32767) for _ in range(random.randint(1, 8)))
    return Pleth(random.randrange(0x10000), random.randint(1, 255), samples)


def _temperature(random: Random) -> thermometer.Temperature:
    fahrenheit = random.random() < 0.3
    low, high = (80, 110) if fahrenheit else (25, 43)
    return thermometer.Temperature(
        number(random, low, high, random.choice((1, 2))),
        fahrenheit,
        device_time=maybe(random, moment(random)),
        site=maybe(random, random.randint(1, 9)),
    )


def _weight(random: Random) -> weight.Weight:
    imperial = random.random() < 0.3
    step = Decimal("0.01") if imperial else Decimal("0.005")
    failed = random.random() < 0.05
    with_bmi = random.random() < 0.5
    return weight.Weight(
        Absent.ERROR if failed else random.randint(100, 60_000) * step,
        imperial,
        device_time=maybe(random, moment(random)),
        user=maybe(random, random.randrange(256)),
        bmi=Decimal(random.randint(100, 900)) / 10 if with_bmi else None,
        height=Decimal(random.randint(200, 2100)) / 10 if with_bmi else None,
    )


def _glucose(random: Random) -> glucose.Glucose:
    moles = random.random() < 0.5
    value = maybe(random, number(random, 1, 30, 1) if moles else number(random, 20, 600))
    return glucose.Glucose(
        random.randrange(0x10000),
        maybe(random, moment(random)),
        value,
        moles,
        sample=1 if value is None else random.randint(1, 10),
        location=1 if value is None else random.choice((1, 2, 3, 4, 15)),
        status=maybe(random, random.randrange(0x1000)),
    )


def _heart_rate(random: Random) -> heart_rate.HeartRate:
    return heart_rate.HeartRate(
        random.randint(0, 350),
        random.choice((None, True, False)),
        maybe(random, random.randrange(0x10000)),
        tuple(random.randint(200, 3000) for _ in range(random.randint(0, 7))),
    )


def _request(random: Random) -> racp.Request:
    opcode = random.choice((racp.Opcode.REPORT, racp.Opcode.COUNT))
    return random.choice(
        (
            racp.Request(racp.Opcode.ABORT),
            racp.Request(opcode),
            racp.Request(opcode, last=True),
            racp.Request(opcode, since=random.randrange(0x10000)),
        )
    )


def _answer(random: Random) -> racp.Answer:
    ended = racp.Ended(random.choice(tuple(racp.Opcode)), random.choice(tuple(racp.Outcome)))
    return random.choice((racp.Count(random.randrange(0x10000)), ended))


def _time(random: Random) -> about.CurrentTime:
    step = timedelta(seconds=random.randrange(256) / 256)
    return about.CurrentTime(moment(random) + step, random.randrange(16))


def _ecg(random: Random) -> bytes:
    leads = tuple(sorted(random.sample(range(12), random.randint(1, 12))))
    frames = np.array([[random.randint(-32768, 32767) for _ in leads] for _ in range(random.randint(1, 5))], dtype="i2")
    packet = ecg.EcgPacket(leads, random.randint(1, 2000), random.randint(1, 65535), random.randrange(2**32), frames)
    return ecg.encode(packet)


def _polar(random: Random) -> bytes:
    microvolts = np.array([random.randint(-(2**23), 2**23 - 1) for _ in range(random.randint(1, 20))], dtype=np.int32)
    return polar.encode(microvolts, random.randrange(2**64))


def _pmd_answer(random: Random) -> bytes:
    return polar.encode_answer(random.choice((polar.START[0], polar.STOP[0])), random.choice(tuple(polar.Status)))


def _true(_value: Any) -> bool:
    return True


CODECS = (
    Codec("blood pressure", blood_pressure.decode, blood_pressure.encode, _pressure, plausible),
    Codec(
        "cuff pressure",
        blood_pressure.decode_cuff_pressure,
        None,
        lambda random: blood_pressure.encode_cuff_pressure(number(random, 0, 300)),
        lambda mmhg: mmhg is None or 0 <= mmhg <= 400,
    ),
    Codec("oximeter, continuous", pulse_oximeter.decode, pulse_oximeter.encode, _oximetry, plausible),
    Codec("oximeter, spot", pulse_oximeter.decode_spot, pulse_oximeter.encode_spot, _spot, plausible),
    Codec("pleth", pulse_oximeter.decode_pleth, pulse_oximeter.encode_pleth, _pleth, lambda piece: piece.rate_hz > 0),
    Codec(
        "pleth as a curve",
        pulse_oximeter.decode_curve,
        None,
        lambda random: pulse_oximeter.encode_pleth(_pleth(random)),
        _a_curve,
    ),
    Codec("thermometer", thermometer.decode, thermometer.encode, _temperature, plausible),
    Codec(
        "thermometer, intermediate",
        thermometer.begun,
        None,
        lambda random: thermometer.encode(_temperature(random)),
        lambda nothing: nothing is None,
    ),
    Codec("weight", weight.decode, weight.encode, _weight, plausible),
    Codec("glucose", glucose.decode, glucose.encode, _glucose, plausible),
    Codec("heart rate", heart_rate.decode, heart_rate.encode, _heart_rate, plausible),
    Codec("record access, request", racp.decode_request, racp.encode, _request, _true),
    Codec("record access, answer", racp.decode, racp.encode_answer, _answer, _true),
    Codec(
        "battery",
        about.decode_battery,
        about.encode_battery,
        lambda random: random.randint(0, 100),
        lambda percent: 0 <= percent <= 100,
    ),
    Codec("current time", about.decode_time, None, lambda random: about.encode_time(_time(random)), _true),
    Codec("ECG", ecg.decode, None, _ecg, _a_curve),
    Codec("Polar ECG", polar.decode, None, _polar, _a_curve),
    Codec("Polar control", polar.decode_answer, None, _pmd_answer, lambda status: 0 <= status <= 255),
)


def mutated(packet: bytes, random: Random) -> bytes:
    """*packet* as a bad radio, a bad device or a bad person changes it: cut, flipped, moved, doubled, made up."""
    changed = bytearray(packet)
    match random.randrange(7):
        case 0:
            return packet[: random.randint(0, len(packet))]
        case 1:
            for _ in range(random.randint(1, 4)):
                changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
        case 2:
            changed[random.randrange(len(changed))] = random.randrange(256)
        case 3:
            changed.insert(random.randint(0, len(changed)), random.randrange(256))
        case 4:
            del changed[random.randrange(len(changed))]
        case 5:
            begin, end = sorted(random.randint(0, len(changed)) for _ in range(2))
            changed[begin:end] = changed[begin:end] * 2
        case _:
            return random.randbytes(random.randint(0, 40))
    return bytes(changed)
