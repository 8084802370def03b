"""What looks, listens and sends: pictures, test tone, stethoscope, relay. It disturbs, so `schedule` says when."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from room_agent.checks import line, machine, schedule
from room_agent.checks.kept import Kept
from room_agent.checks.line import NoRelay, Relayed
from room_agent.checks.result import result
from room_agent.devices.driver import Driver
from room_agent.media.checks import camera_check, learnt, sharpness, stethoscope_check
from room_agent.media.ear import Ear, Heard
from room_agent.media.picture import Pixels, luma_of
from room_agent.media.source import CameraGone, ExamCamera
from room_agent.room import RelayTrouble, Room
from room_agent.roster import Release
from schemas.checks import CheckResult, Severity
from schemas.visit import KioskReport
from telemed.kit.logs import logger

log = logger("checks")

TONE_AGAIN_S = 300.0
"""A tone that was not heard disturbs whoever mends it."""


@dataclass(frozen=True)
class Subjects:
    """What is checked. *ear*: None where the room has no stethoscope.

    *relay*: sends through the relay, and says what came back; *free_bytes*: on the disk that matters; *hottest_c*: in
    the computer, None where that is not measured. *release*: whether the operator has signed this room's keys;
    *visit_relay*: what was wrong with the relay of the latest visit.
    """

    relay: Callable[[], Awaitable[Relayed | NoRelay]]
    free_bytes: Callable[[], int]
    release: Callable[[], Release] = lambda: Release.NO_OPERATOR
    visit_relay: Callable[[], RelayTrouble] = lambda: ""
    hottest_c: Callable[[], float | None] = machine.hottest_c
    drivers: Sequence[Driver] = ()
    cameras: Sequence[ExamCamera] = ()
    ear: Ear | None = None


@dataclass(frozen=True)
class Pace:
    """How long things take, in seconds; tests are in a hurry.

    *again_s*: what is red is looked at again so often. *patience_s*: what does not answer within it hangs.
    *tone_patience_s*: the kiosk opens its microphone, plays two seconds, and says what it heard; what it says sooner
    than *tone_soonest_s* was on its way before it was asked.
    """

    again_s: float = 30.0
    patience_s: float = 5.0
    between_pictures_s: float = 1.0
    listen_s: float = 1.0
    tone_soonest_s: float = 1.0
    tone_patience_s: float = 15.0


class Tone:
    """The test tone of the kiosk, which its own microphone and the stethoscope must hear. *last*: how it went."""

    def __init__(self, room: Room, pace: Pace) -> None:
        self.last = "not-tried"
        self._room, self._pace = room, pace
        self._tried_at: float | None = None
        self._at: datetime | None = None
        self._answered = asyncio.Event()

    def kiosk_says(self, report: KioskReport) -> None:
        asked = self._tried_at if self._room.tone_test else None
        if report.tone != "not-tried" and asked is not None and time.monotonic() - asked > self._pace.tone_soonest_s:
            self.last = report.tone
            self._answered.set()

    def is_due(self, now: datetime) -> bool:
        """By the schedule, as soon as it may be; and again when it was not heard, and that is a while ago."""
        again = self.last == "not-heard" and time.monotonic() - (self._tried_at or 0.0) > TONE_AGAIN_S
        return again or schedule.is_due(self._room.plan, self._at, now)

    async def sound(self, ear: Ear | None) -> Heard | None:
        """Have it played; what the stethoscope heard meanwhile. An answer that does not come changes nothing."""
        self._answered.clear()
        self._tried_at, self._at = time.monotonic(), self._room.now()
        self._room.test_tone(True)
        pieces: list[Heard] = []
        try:
            async with asyncio.timeout(self._pace.tone_patience_s):
                while not self._answered.is_set():
                    piece = await self._heard(ear)
                    pieces += [] if piece is None else [piece]
        except TimeoutError:
            return None
        finally:
            self._room.test_tone(False)
        return (np.concatenate([samples for samples, _ in pieces]), pieces[0][1]) if pieces else None

    async def _heard(self, ear: Ear | None) -> Heard | None:
        heard = await ear(self._pace.listen_s) if ear is not None else None
        if heard is None:
            await self._answered.wait()
        return heard


class Looks:
    """The last result of each look. *told*: called when there is news."""

    def __init__(self, room: Room, subjects: Subjects, kept: Kept, told: Callable[[], None], *, pace: Pace) -> None:
        self.tone = Tone(room, pace)
        self._room, self._subjects, self._kept, self._told, self._pace = room, subjects, kept, told, pace
        self._results: dict[str, tuple[CheckResult, ...]] = {}
        self._at: datetime | None = None
        self._has_looked = False
        self._tried_s: float | None = None
        self._looking: asyncio.Task[None] | None = None

    @property
    def results(self) -> tuple[CheckResult, ...]:
        return tuple(each for found in self._results.values() for each in found)

    @property
    def has_looked(self) -> bool:
        """Whether everything was looked at once."""
        return self._has_looked

    @property
    def is_looking(self) -> bool:
        return self._looking is not None and not self._looking.done()

    def begin_if_due(self, *, page_alive: bool) -> None:
        """In the background, one after the other, so that nothing waits for it; never while a visit is on."""
        room, now = self._room, self._room.now()
        if not schedule.may_look(room.plan, room.facts, now):
            self._give_way()
            return
        if self.is_looking:
            return
        due = schedule.is_due(room.plan, self._at, now)
        again = self._tried_s is None or time.monotonic() - self._tried_s > self._pace.again_s
        names = [name for name in self._lookers() if due or (again and self._is_red(name))]
        sounds = page_alive and self.tone.is_due(now) and schedule.may_sound(room.plan, room.facts, now)
        if names or sounds:
            self._tried_s = time.monotonic()
            self._looking = asyncio.create_task(self._look(names, sounds=sounds), name="look")
            self._at = now if due else self._at

    def _give_way(self) -> None:
        """A visit begins, and cameras and stethoscope are its own; what was not looked at is due again afterwards."""
        if self._looking is not None and not self._looking.done():
            self._looking.cancel()
            self._at = None

    def _is_red(self, name: str) -> bool:
        return any(each.severity is not Severity.OK for each in self._results.get(name, ()))

    def _lookers(self) -> dict[str, Callable[[], Awaitable[CheckResult]]]:
        found: dict[str, Callable[[], Awaitable[CheckResult]]] = {"relay": self._through_relay}
        for camera in self._subjects.cameras:
            found[f"camera {camera.camera}"] = _Look(camera, self._kept, self._pace).result
        if self._subjects.ear is not None:
            found["stethoscope"] = self._listen
        return found

    async def _look(self, names: Sequence[str], *, sounds: bool) -> None:
        lookers = self._lookers()
        for name in names:
            try:
                self._results[name] = (await lookers[name](),)
            except Exception as error:  # supervised: what breaks one look takes no other down
                log.error("look_failed", what=name, error=type(error).__name__)
        if sounds:
            heard = await self.tone.sound(self._subjects.ear)
            if heard is not None:
                self._results["stethoscope"] = (stethoscope_check(*heard, tone=self.tone.last == "heard"),)
        self._has_looked = True
        self._told()

    async def _through_relay(self) -> CheckResult:
        return line.of_relay(await self._subjects.relay())

    async def _listen(self) -> CheckResult:
        """A second of the stethoscope, without a tone."""
        if self._subjects.ear is None:
            return result("stethoscope", "none")
        try:
            async with asyncio.timeout(self._pace.patience_s):
                heard = await self._subjects.ear(self._pace.listen_s)
                return stethoscope_check(*heard) if heard else stethoscope_check(None)
        except TimeoutError:
            return result("stethoscope", "timeout")

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)


@dataclass(frozen=True)
class _Look:
    """Two pictures of one camera, which goes dark again afterwards."""

    camera: ExamCamera
    kept: Kept
    pace: Pace

    async def result(self) -> CheckResult:
        """A look that gives way to a visit leaves the camera as it is."""
        found = await self._looked()
        await self.camera.close()
        return found

    async def _looked(self) -> CheckResult:
        try:
            async with asyncio.timeout(self.pace.patience_s):
                before = luma_of(await self.camera.frame())
                await asyncio.sleep(self.pace.between_pictures_s)
                now = luma_of(await self.camera.frame())
        except CameraGone:
            return camera_check(None, camera=self.camera.camera)
        except TimeoutError:
            return result("exam-camera", "timeout", self.camera.camera)
        return self._judged(now, before)

    def _judged(self, now: Pixels, before: Pixels) -> CheckResult:
        name = self.camera.camera
        found = camera_check(now, before, camera=name, reference=self.kept.sharpness.get(name))
        if found.severity is Severity.OK:
            self.kept.keep_sharpness(name, learnt(self.kept.sharpness.get(name), sharpness(now)))
        return found
