"""The values of the visit that has just ended, for the patient's hand: to be had once, then forgotten.

They wait in memory while the kiosk says goodbye, never longer than `KEPT_S`, and never for the next person.
"""

import time
from collections.abc import Callable

from schemas.visit import KioskScreen, Sheet, SheetLine

KEPT_S = 90.0


class SheetOffer:
    """At most one visit's."""

    def __init__(self, mono: Callable[[], float] = time.monotonic) -> None:
        self._mono = mono
        self._visit_id = ""
        self._lines: tuple[SheetLine, ...] = ()
        self._until = 0.0

    @property
    def open(self) -> bool:
        return bool(self._lines) and self._mono() < self._until

    def make(self, visit_id: str, lines: tuple[SheetLine, ...]) -> None:
        """Offer *lines*; what an earlier part of the same visit left is kept with them."""
        before = self._lines if visit_id == self._visit_id else ()
        self._visit_id, self._lines, self._until = visit_id, (*before, *lines), self._mono() + KEPT_S

    def take(self, *, simulated: bool) -> Sheet:
        """What is to be printed; empty the second time."""
        lines = self._lines if self.open else ()
        self.forget()
        return Sheet(lines=lines, simulated=simulated)

    def seen(self, screen: KioskScreen, visit_id: str | None) -> None:
        """Forget, once the kiosk shows what is for somebody else, or nobody came in time."""
        if (
            not self.open
            or screen not in (KioskScreen.CALL, KioskScreen.FAREWELL)
            or visit_id
            not in (
                None,
                self._visit_id,
            )
        ):
            self.forget()

    def forget(self) -> None:
        self._visit_id, self._lines = "", ()
