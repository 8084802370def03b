"""Is the room fit for a visit? Camera and microphone as the kiosk sees them, each device, the exam camera, the line."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from room_agent.devices.driver import Driver
from room_agent.media.checks import camera_check
from room_agent.media.picture import luma_of
from room_agent.media.source import CameraGone, ExamCamera
from room_agent.room import SILENCE_S, Room
from schemas.checks import CheckReport, CheckResult, Severity
from schemas.visit import KioskReport
from telemed.kit.logs import logger

log = logger("checks")

EVERY_S = 30.0
STALE_S = 15.0
"""A kiosk reports every 5 s; what is older says nothing."""
DEVICE_TIMEOUT_S = 5.0
SLOW_S = 0.3


def result(subject: str, code: str, severity: Severity, device_id: str | None = None) -> CheckResult:
    """One result with its catalogue keys, ``check.<subject>.<code>`` and ``….fix``."""
    key = f"check.{subject}.{code}"
    fix = "" if severity is Severity.OK else f"{key}.fix"
    return CheckResult(subject=subject, code=code, severity=severity, device_id=device_id, text_key=key, fix_key=fix)


def of_kiosk(report: KioskReport | None, age_s: float) -> tuple[CheckResult, ...]:
    """Camera and microphone of the talk; a kiosk that is silent blocks both."""
    if report is None or age_s > STALE_S:
        return tuple(result(subject, "no-report", Severity.BLOCK) for subject in ("camera", "microphone"))
    return (
        result("camera", report.camera, Severity.OK if report.camera == "ok" else Severity.BLOCK),
        result("microphone", report.microphone, _microphone_severity(report.microphone)),
    )


def _microphone_severity(state: str) -> Severity:
    """Silence may be a quiet room; no microphone is none."""
    return {"ok": Severity.OK, "silent": Severity.WARN}.get(state, Severity.BLOCK)


def of_line(silence_s: float | None, round_trip_s: float | None) -> CheckResult:
    """The line to the centre: heard lately, and fast enough for a talk."""
    if silence_s is None or silence_s > SILENCE_S:
        return result("line", "down", Severity.BLOCK)
    slow = round_trip_s is not None and round_trip_s > SLOW_S
    return result("line", "slow" if slow else "ok", Severity.WARN if slow else Severity.OK)


async def of_device(driver: Driver) -> tuple[CheckResult, ...]:
    """What the driver says of itself; one that does not answer blocks only itself."""
    try:
        async with asyncio.timeout(DEVICE_TIMEOUT_S):
            return await driver.preflight()
    except TimeoutError:
        return (result(driver.kind.value, "timeout", Severity.BLOCK, driver.device_id),)


async def of_camera(camera: ExamCamera) -> CheckResult:
    """One picture from the exam camera: is there one, and is it more than black?"""
    try:
        async with asyncio.timeout(DEVICE_TIMEOUT_S):
            frame = await camera.frame()
    except CameraGone:
        return camera_check(None, camera=camera.camera)
    except TimeoutError:
        return result("exam-camera", "timeout", Severity.BLOCK, camera.camera)
    return camera_check(luma_of(frame), camera=camera.camera)


@dataclass(frozen=True)
class Subjects:
    """What is checked. *stethoscope* says whether its sound is there; None where the room has none."""

    drivers: Sequence[Driver]
    cameras: Sequence[ExamCamera]
    stethoscope: Callable[[], CheckResult] | None


class Checks:
    """The room's checks and their last report."""

    def __init__(self, room: Room, subjects: Subjects, *, round_trip_s: Callable[[], float | None]) -> None:
        self._room = room
        self._subjects = subjects
        self._round_trip_s = round_trip_s
        self._kiosk: tuple[KioskReport, float] | None = None
        self._wanted = asyncio.Event()

    def kiosk_says(self, report: KioskReport) -> None:
        """The newest state of the kiosk's camera and microphone; a change is told at once."""
        changed = self._kiosk is None or self._kiosk[0] != report
        self._kiosk = (report, time.monotonic())
        if changed:
            self.want()

    def want(self) -> None:
        """Check now."""
        self._wanted.set()

    async def report(self) -> CheckReport | None:
        """Check everything at once; None before this machine belongs to a room."""
        if self._room.pairing is None:
            return None
        found: Iterable[tuple[CheckResult, ...]] = await asyncio.gather(
            *(of_device(driver) for driver in self._subjects.drivers)
        )
        cameras = await asyncio.gather(*(of_camera(camera) for camera in self._subjects.cameras))
        kiosk, at = self._kiosk or (None, 0.0)
        results = (
            *of_kiosk(kiosk, time.monotonic() - at),
            of_line(self._room.silence_s, self._round_trip_s()),
            *(each for results in found for each in results),
            *cameras,
            *((self._subjects.stethoscope(),) if self._subjects.stethoscope else ()),
        )
        return CheckReport(
            room_id=self._room.pairing.room_id, at=self._room.now(), simulated=self._room.simulated, results=results
        )

    async def wait(self) -> None:
        """Until the next round is due or wanted."""
        try:
            async with asyncio.timeout(EVERY_S):
                await self._wanted.wait()
        except TimeoutError:
            return
        finally:
            self._wanted.clear()
