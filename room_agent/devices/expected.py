"""What is known beforehand of the device that belongs here. Pure."""

from dataclasses import dataclass

from room_agent.devices.driver import Reason

_UNKNOWN_USER = 255
_ITS_OWN = (Reason.NOT_PAIRED, Reason.BOND_LOST, Reason.WRONG_DEVICE)
_SILENCE = (Reason.NOT_FOUND, Reason.RADIO_STUCK)
"""A radio that hears nothing is taken for stuck; where devices sleep it may be as well as they are."""


@dataclass(frozen=True)
class Expected:
    """Which device belongs here, and which of its users; empty and None: any. Others are not used and not shown.

    *sleeps*: it is silent between measurements, and that is no fault.
    """

    serial: str = ""
    user: int | None = None
    sleeps: bool = False

    def is_wrong_user(self, user: int | None) -> bool:
        """A device that does not know who measures is not wrong."""
        return self.user is not None and user not in (None, _UNKNOWN_USER, self.user)

    def because(self, reason: Reason, *, before: Reason, was_up: bool) -> Reason:
        """Why it is away: one that sleeps may be silent or go, but what was wrong with it *before* is wrong still."""
        goes = reason in _SILENCE or (reason is Reason.LINK_LOST and was_up)
        if not self.sleeps or not goes:
            return reason
        return before if before in _ITS_OWN else Reason.ASLEEP
