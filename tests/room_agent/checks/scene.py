"""A room whose every check can be turned red: what a test breaks is a word, the rest is well."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from av import VideoFrame

from room_agent.checks.kept import Kept
from room_agent.checks.line import NoRelay, Relayed
from room_agent.checks.looking import Pace, Subjects
from room_agent.checks.rounds import Checks
from room_agent.devices.checks import device_checks
from room_agent.devices.driver import DeviceState, Identity, Reason
from room_agent.journal import Journal
from room_agent.media import picture
from room_agent.media.ear import Heard, with_tone
from room_agent.media.heart import heart_sounds
from room_agent.media.source import CameraGone
from room_agent.room import RelayTrouble, Room
from room_agent.roster import Release
from schemas.checks import CheckReport, CheckResult
from schemas.day import Fact, PlannedDevice
from schemas.measurement import MeasurementKind
from schemas.visit import KioskReport, Paired
from tests.room_agent.world import ROOM, plan, visit

SOUNDS = heart_sounds(seconds=2)
VIEW = picture.canvas(320, 240, y=180)[:240]
PACE = Pace(
    again_s=-1.0, patience_s=0.2, between_pictures_s=0.0, listen_s=0.01, tone_soonest_s=0.0, tone_patience_s=0.6
)
WELL = KioskReport(camera="ok", microphone="ok")
GOOD_WAY = Relayed(0.0, 0.04, 1_600_000)
CUFF = PlannedDevice(device_id="cuff-1", kind="blood-pressure", name="Blutdruckmessgerät")


class Camera:
    """It paints a room with some noise. *trouble*: ``gone``, ``stuck``, ``black``, ``frozen``, ``blurred`` or none."""

    camera = "otoscope"
    name_key = "camera.otoscope"
    simulated = True

    def __init__(self) -> None:
        self.trouble = ""
        self.closed = 0
        self._random = np.random.default_rng(4)

    async def frame(self) -> VideoFrame:
        if self.trouble == "gone":
            raise CameraGone("unplugged")
        if self.trouble == "stuck":
            await asyncio.Event().wait()
        return VideoFrame.from_ndarray(self._pixels(), format="gray")

    def _pixels(self) -> picture.Pixels:
        if self.trouble == "black":
            return np.zeros((240, 320), dtype=np.uint8)
        if self.trouble == "frozen":
            return VIEW
        texture = np.kron(np.indices((24, 32)).sum(axis=0) % 2 * 80, np.ones((10, 10)))
        if self.trouble == "blurred":
            texture = np.full((240, 320), texture.mean())
        return (VIEW - texture + self._random.integers(0, 3, VIEW.shape)).astype(np.uint8)

    async def still(self) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed += 1


@dataclass
class Device:
    """A blood pressure meter that says of itself what a test wants."""

    kind: MeasurementKind = MeasurementKind.BLOOD_PRESSURE
    device_id: str = "sim-blood-pressure"
    simulated: bool = True
    state: DeviceState = DeviceState.READY
    reason: Reason = Reason.NONE
    battery_percent: int | None = 80
    clock_ahead_s: float | None = 3600.0
    unheard_s: float | None = 0.0
    hangs: bool = False
    identity: Identity = field(default_factory=Identity)
    quarantined: Mapping[str, int] = field(default_factory=dict)

    async def preflight(self) -> tuple[CheckResult, ...]:
        if self.hangs:
            await asyncio.Event().wait()
        known = {"battery_percent": self.battery_percent, "clock_ahead_s": self.clock_ahead_s}
        wall = timedelta(hours=1)
        return device_checks(
            self.kind,
            self.device_id,
            state=self.state,
            reason=self.reason,
            unheard_s=self.unheard_s,
            wall=wall,
            **known,  # type: ignore[arg-type]
        )

    def lose(self, reason: Reason = Reason.NOT_FOUND) -> None:
        self.state, self.reason = DeviceState.ABSENT, reason

    def come_back(self) -> None:
        self.state, self.reason = DeviceState.READY, Reason.NONE


class HandTime:
    """Real time of a room, moved by hand."""

    def __init__(self, now: datetime) -> None:
        self.at = now

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Scene:
    """Everything is well until a test says otherwise. *round_trip_s*: to the centre."""

    folder: Path
    time: HandTime
    camera: Camera = field(default_factory=Camera)
    device: Device = field(default_factory=Device)
    ear_state: str = ""
    round_trip_s: float | None = 0.03
    relay: Relayed | NoRelay = GOOD_WAY
    release: Release = Release.OK
    visit_relay: RelayTrouble = ""
    free_bytes: int = 50_000_000_000
    celsius: float | None = 50.0
    report: KioskReport | None = WELL
    hears_tone: bool = True
    block_after_s: float = 120.0

    def __post_init__(self) -> None:
        self.room = Room(Journal(self.folder / "journal.sqlite"), simulated=True, real=self.time)
        self.room.belong(Paired(machine_id="agent-1", room_id=ROOM, server="centre.test"))
        self.room.heard_centre()
        self.plan()
        self.checks = self.begin()

    def begin(self) -> Checks:
        """The agent starts, with what it kept."""
        subjects = Subjects(
            relay=self._relay,
            free_bytes=lambda: self.free_bytes,
            release=lambda: self.release,
            visit_relay=lambda: self.visit_relay,
            hottest_c=lambda: self.celsius,
            drivers=(self.device,),  # type: ignore[arg-type]  # what the checks ask of a driver
            cameras=(self.camera,),  # type: ignore[arg-type]
            ear=self._ear,
        )
        kept = Kept(self.folder / "checks.json")
        return Checks(
            self.room,
            subjects,
            kept,
            round_trip_s=lambda: self.round_trip_s,
            block_after_s=self.block_after_s,
            pace=PACE,
        )

    def plan(
        self, *starts: timedelta, seq: int = 1, devices: Sequence[PlannedDevice] = (CUFF,), **rest: object
    ) -> None:
        """Visits so long from now."""
        visits = [visit(f"visit-{n}", start=self.time.at + start) for n, start in enumerate(starts, 1)]
        day = self.time.at.date()
        made = plan(*visits, seq=seq, day=day, as_of=self.time.at, devices=tuple(devices))
        self.room.take_plan(made.model_copy(update=rest))

    def happened(self, *facts: Fact) -> None:
        self.room.hear(facts)

    async def _relay(self) -> Relayed | NoRelay:
        return self.relay

    async def _ear(self, seconds: float) -> Heard | None:
        if self.ear_state == "none":
            return None
        if self.ear_state == "stuck":
            await asyncio.Event().wait()
        await asyncio.sleep(seconds)
        if self.ear_state == "silent":
            return np.zeros(24_000, dtype=np.int16), 48_000
        if self.ear_state == "too-loud":
            return np.full(24_000, 32_767, dtype=np.int16), 48_000
        hears = self.room.tone_test and self.ear_state != "deaf"
        return with_tone(SOUNDS[:24_000]) if hears else SOUNDS[:24_000], 48_000

    def kiosk_speaks(self) -> None:
        """What the page says now, with how the test tone went."""
        if self.report is not None:
            tone = ("heard" if self.hears_tone else "not-heard") if self.room.tone_test else "not-tried"
            self.checks.kiosk_says(self.report.model_copy(update={"tone": tone}))

    async def look(self) -> CheckReport:
        """A report after all that is due was looked at."""
        self.kiosk_speaks()
        await self._report()
        async with asyncio.timeout(10):
            while self.checks.is_looking:
                self.kiosk_speaks()
                await asyncio.sleep(0.005)
        return await self._report()

    async def _report(self) -> CheckReport:
        report = await self.checks.report()
        assert report is not None
        return report

    async def codes(self) -> set[tuple[str, str]]:
        """Subject and code of all results."""
        return {(each.subject, each.code) for each in (await self.look()).results}


def make_scene(folder: Path, *, now: datetime = datetime(2026, 11, 24, 9, tzinfo=UTC)) -> Scene:
    return Scene(folder, HandTime(now))
