"""The rounds: every 30 s, on each change, and when something red has lasted; what they find goes into one report."""

import asyncio
import time
from collections.abc import Callable

from room_agent.checks import care, line, machine, schedule, talk
from room_agent.checks.alarm import BLOCK_AFTER_S, Blocking, Moment, Watch
from room_agent.checks.kept import Kept
from room_agent.checks.looking import Looks, Pace, Subjects
from room_agent.checks.result import result
from room_agent.devices.driver import Driver
from room_agent.room import Room
from schemas.checks import BlockedDevice, CheckReport, CheckResult, Severity
from schemas.visit import KioskReport

EVERY_S = 30.0


async def of_device(driver: Driver, patience_s: float) -> tuple[CheckResult, ...]:
    """What the driver says of itself; one that does not answer blocks only itself."""
    try:
        async with asyncio.timeout(patience_s):
            return await driver.preflight()
    except TimeoutError:
        return (result(driver.kind.value, "timeout", driver.device_id),)


class Checks:
    """The room's checks. *round_trip_s*: to the centre and back, if that is known."""

    def __init__(
        self,
        room: Room,
        subjects: Subjects,
        kept: Kept,
        *,
        round_trip_s: Callable[[], float | None],
        block_after_s: float = BLOCK_AFTER_S,
        pace: Pace = Pace(),
    ) -> None:
        self._room, self._subjects, self._kept = room, subjects, kept
        self._round_trip_s, self._block_after_s, self._patience_s = round_trip_s, block_after_s, pace.patience_s
        self._kiosk: tuple[KioskReport, float] | None = None
        self._wanted = asyncio.Event()
        self._watch = Watch()
        self._looks = Looks(room, subjects, kept, self.want, pace=pace)

    @property
    def blocked(self) -> tuple[BlockedDevice, ...]:
        """The devices that nobody has mended in time."""
        return self._kept.blocked

    @property
    def is_looking(self) -> bool:
        """Whether pictures are taken, or sound or packets are on their way."""
        return self._looks.is_looking

    def kiosk_says(self, report: KioskReport) -> None:
        """The newest state of the kiosk's camera and microphone; a change is told at once."""
        changed = self._kiosk is None or self._kiosk[0] != report
        self._kiosk = (report, time.monotonic())
        self._looks.tone.kiosk_says(report)
        if changed:
            self.want()

    def want(self) -> None:
        """Check now."""
        self._wanted.set()

    async def report(self) -> CheckReport | None:
        """Ask everything at once; None before this machine belongs to a room."""
        room = self._room
        if room.pairing is None:
            return None
        asked = self._asked()
        self._looks.begin_if_due(page_alive=asked[0].severity is Severity.OK)
        found = await asyncio.gather(*(of_device(driver, self._patience_s) for driver in self._subjects.drivers))
        results = self._judged((*asked, *(each for some in found for each in some), *self._looks.results))
        results = tuple(each.model_copy(update={"device_name": room.names.of_check(each)}) for each in results)
        room.tell_checks(tuple(each for each in results if each.severity is not Severity.OK))
        now, planned = room.now(), room.plan.machines if room.plan else ()
        return CheckReport(
            room_id=room.pairing.room_id,
            at=now,
            simulated=room.simulated,
            results=results,
            sealed_by=room.journal.seal.by.value,
            vp8_viewers=room.vp8_viewers,
            machines=room.present.seen([key.machine_id for key in planned], now),
        )

    def _asked(self) -> tuple[CheckResult, ...]:
        """What costs nothing to know; the page first."""
        room = self._room
        kiosk, at = self._kiosk or (None, 0.0)
        return (
            *talk.of_kiosk(kiosk, time.monotonic() - at, tone=self._looks.tone.last),
            line.of_line(room.silence_s, self._round_trip_s()),
            line.of_visit_relay(self._subjects.visit_relay()),
            line.of_release(self._subjects.release()),
            machine.of_disk(self._subjects.free_bytes()),
            machine.of_temperature(self._subjects.hottest_c()),
            *care.of_plan(room.plan, room.facts, room.now()),
        )

    def _judged(self, results: tuple[CheckResult, ...]) -> tuple[CheckResult, ...]:
        """Since when, who is called, and what is blocked; without a plan nobody knows what is needed."""
        room, now = self._room, self._moment()
        minded = schedule.is_minded(room.plan, room.facts, room.now())
        self._watch = self._watch.seen(results, now)
        if room.plan is not None and self._looks.has_looked:
            blocking = Blocking(room.plan, minded, self._block_after_s)
            blocked = self._watch.blocked(self._kept.blocked, results, now, blocking)
            if blocked != self._kept.blocked:
                self._kept.keep_blocked(blocked)
        return self._watch.stamped(results, now, minded=minded)

    def _moment(self) -> Moment:
        return Moment(self._room.now(), time.monotonic())

    async def wait(self) -> None:
        """Until the next round is due or wanted, or something red has lasted long enough to be told."""
        ahead = self._watch.next_s(self._moment(), self._block_after_s)
        try:
            async with asyncio.timeout(EVERY_S if ahead is None else min(EVERY_S, ahead + 0.05)):
                await self._wanted.wait()
        except TimeoutError:
            return
        finally:
            self._wanted.clear()

    async def close(self) -> None:
        await self._looks.close()
