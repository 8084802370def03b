"""The quarter of `machine`, in which programs hold appointments too that are confirmed, refused, or run out."""

from collections.abc import Iterator
from datetime import datetime

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from telemed.booking import pending
from telemed.booking.model import HeldLongEnough, HoldGone, NotOffered, Request, Status, TooLate
from telemed.booking.pending_model import Confirms, Proposal
from telemed.booking.planner import Claim
from tests.booking.machine import NUMBERS, Known, Quarter
from tests.builders import CLIENT, SOMMER


class QuarterWithPrograms(Quarter):
    """What is pending owns its time like a booking, until its moment has come."""

    @initialize()
    def begin_without(self) -> None:
        self.pendings: dict[str, Known] = {}

    @rule(number=NUMBERS, confirms=st.sampled_from(Confirms))
    def pend(self, number: int, confirms: Confirms) -> None:
        offer = self._an_offer(number)
        if offer is None:
            return
        request = self._request(offer)
        made = self._write(pending.pend, Proposal(request.request_id, offer, confirms, SOMMER), actor=CLIENT)
        assert made.status is Status.PENDING
        self.pendings[made.id] = Known(request, self._claims_of(offer), self._until(made.id))

    def _until(self, booking_id: str) -> datetime:
        until: datetime = self._read(lambda tx: pending.held(tx, booking_id)).held_until
        return until

    def _some_pending(self, number: int) -> tuple[str, Known, bool] | None:
        """One of those that are pending or ran out, and whether it still holds."""
        if not self.pendings:
            return None
        booking_id, known = list(self.pendings.items())[number % len(self.pendings)]
        return booking_id, known, known.held_until is not None and known.held_until > self.now

    @rule(number=NUMBERS)
    def confirm(self, number: int) -> None:
        found = self._some_pending(number)
        if found is None:
            return
        booking_id, known, lives = found
        try:
            made = self._write(pending.confirm, booking_id, actor=CLIENT)
        except HoldGone:
            assert not lives, "what was held in time was gone"
            del self.pendings[booking_id]
        except (TooLate, NotOffered):  # somebody fell ill
            return
        else:
            assert lives
            assert made.status is Status.BOOKED
            del self.pendings[booking_id]
            without_page = Request("", known.request.offer, SOMMER)
            self.bookings[booking_id] = Known(without_page, known.claims)

    @rule(number=NUMBERS)
    def refuse(self, number: int) -> None:
        found = self._some_pending(number)
        if found is not None:
            try:
                self._write(pending.refuse, found[0], actor=CLIENT)
            except HoldGone:
                assert not found[2]
            del self.pendings[found[0]]

    @rule(number=NUMBERS)
    def extend_what_is_pending(self, number: int) -> None:
        found = self._some_pending(number)
        if found is None:
            return
        try:
            found[1].held_until = self._write(pending.extend, found[0], actor=CLIENT).held_until
        except HeldLongEnough:
            pass
        except HoldGone:
            assert not found[2]

    @rule()
    def sweep_what_is_pending(self) -> None:
        self._write(pending.expire)

    def _end_holds_on(self, wanted: set[Claim]) -> None:
        super()._end_holds_on(wanted)
        for booking_id in [one for one, known in self.pendings.items() if known.claims & wanted]:
            until = self.pendings[booking_id].held_until
            if until is not None and until > self.now:
                del self.pendings[booking_id]

    def _owners(self) -> Iterator[tuple[str, set[Claim]]]:
        yield from super()._owners()
        for booking_id, known in self.pendings.items():
            if known.held_until is not None and known.held_until > self.now:
                yield booking_id, known.claims
