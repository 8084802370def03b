"""A decoded value of any profile."""

from datetime import datetime

from room_agent.devices.driver import Component


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
    def flags(self) -> tuple[str, ...]:
        """What the device noticed, in words."""
        return ()

    @property
    def has_value(self) -> bool:
        """There is a number to show."""
        raise NotImplementedError

    @property
    def stored(self) -> bool:
        """The device says itself that this comes from its memory."""
        return False
