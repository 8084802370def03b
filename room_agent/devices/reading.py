"""A decoded value of any profile."""

from datetime import datetime
from enum import StrEnum

from room_agent.devices.driver import Component


class Flag(StrEnum):
    """What a device noticed while it measured; each has words on the doctor's page."""

    BODY_MOVEMENT = "body-movement"
    CUFF_LOOSE = "cuff-loose"
    IRREGULAR_PULSE = "irregular-pulse"
    WRONG_POSITION = "wrong-position"
    PULSE_HIGH = "pulse-high"
    PULSE_LOW = "pulse-low"
    EARLY = "early"
    QUESTIONABLE = "questionable"
    INVALID = "invalid"
    STORED = "stored"
    DEVICE_FAULT = "device-fault"
    INADEQUATE_SIGNAL = "inadequate-signal"
    POOR_SIGNAL = "poor-signal"
    LOW_PERFUSION = "low-perfusion"
    NO_FINGER = "no-finger"
    NO_CONTACT = "no-contact"
    BATTERY_LOW = "battery-low"
    SENSOR_MALFUNCTION = "sensor-malfunction"
    SAMPLE_TOO_SMALL = "sample-too-small"
    STRIP_ERROR = "strip-error"
    STRIP_WRONG = "strip-wrong"
    ABOVE_RANGE = "above-range"
    BELOW_RANGE = "below-range"
    TOO_HOT = "too-hot"
    TOO_COLD = "too-cold"
    INTERRUPTED = "interrupted"
    TIME_FAULT = "time-fault"
    ALTERNATE_SITE = "alternate-site"
    EARLOBE = "earlobe"
    CONTROL_SOLUTION = "control-solution"
    TIME_NOT_CONFIRMED = "time-not-confirmed"


class Reading:
    """What a driver needs to know of a value; what a profile does not send stays as it is here.

    *device_time*: the device's wall clock when it measured. *user*: the number of the device's user, 255 for none.
    *sequence*: rises with each record of a device with record access, wraps at 65536.
    """

    device_time: datetime | None = None
    user: int | None = None
    sequence: int | None = None

    @property
    def components(self) -> tuple[Component, ...]:
        """The quantities, with codes from ISO/IEEE 11073-10101 and LOINC."""
        raise NotImplementedError

    @property
    def flags(self) -> tuple[Flag, ...]:
        """What the device noticed."""
        return ()

    @property
    def has_value(self) -> bool:
        """There is a number to show."""
        raise NotImplementedError

    @property
    def stored(self) -> bool:
        """The device says itself that this comes from its memory."""
        return False
