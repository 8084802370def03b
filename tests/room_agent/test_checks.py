"""What the room says of itself before a visit."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from av import VideoFrame

from room_agent import checks
from room_agent.checks import Checks, Subjects
from room_agent.journal import Journal
from room_agent.media.source import CameraGone
from room_agent.room import Room
from schemas.checks import Severity
from schemas.measurement import MeasurementKind
from schemas.visit import KioskReport, Paired
from telemed.kit.i18n import words
from tests.room_agent.test_visit import HandDriver

pytestmark = pytest.mark.anyio
GOOD = KioskReport(camera="ok", microphone="ok")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class DarkCamera:
    """A camera with its cap on; or gone, or stuck."""

    camera = "otoscope"
    name_key = "camera.otoscope"
    simulated = True

    def __init__(self, trouble: str = "") -> None:
        self._trouble = trouble

    async def frame(self) -> VideoFrame:
        if self._trouble == "gone":
            raise CameraGone("unplugged")
        if self._trouble == "stuck":
            await asyncio.Event().wait()
        return VideoFrame.from_ndarray(np.zeros((48, 64), dtype=np.uint8), format="gray")

    async def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize(
    ("report", "age_s", "codes"),
    [
        (GOOD, 1.0, ["ok", "ok"]),
        (GOOD, 16.0, ["no-report", "no-report"]),
        (None, 0.0, ["no-report", "no-report"]),
        (KioskReport(camera="black", microphone="silent"), 1.0, ["black", "silent"]),
        (KioskReport(camera="none", microphone="none"), 1.0, ["none", "none"]),
    ],
)
def test_camera_and_microphone_are_what_the_kiosk_says_unless_it_is_silent(
    report: KioskReport | None, age_s: float, codes: list[str]
) -> None:
    assert [each.code for each in checks.of_kiosk(report, age_s)] == codes


def test_a_silent_kiosk_blocks_and_a_quiet_room_only_warns() -> None:
    assert {each.severity for each in checks.of_kiosk(None, 0)} == {Severity.BLOCK}
    quiet = checks.of_kiosk(KioskReport(camera="ok", microphone="silent"), 1)[1]
    assert quiet.severity is Severity.WARN


@pytest.mark.parametrize(
    ("silence_s", "round_trip_s", "code"),
    [(1.0, 0.04, "ok"), (1.0, None, "ok"), (1.0, 0.9, "slow"), (20.0, 0.04, "down"), (None, None, "down")],
)
def test_the_line_is_judged_by_silence_and_round_trip(
    silence_s: float | None, round_trip_s: float | None, code: str
) -> None:
    assert checks.of_line(silence_s, round_trip_s).code == code


@pytest.mark.parametrize(("trouble", "code"), [("", "black"), ("gone", "absent"), ("stuck", "timeout")])
async def test_the_exam_camera_is_looked_through(trouble: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("room_agent.checks.DEVICE_TIMEOUT_S", 0.05)
    assert (await checks.of_camera(DarkCamera(trouble))).code == code


async def test_a_device_that_hangs_blocks_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("room_agent.checks.DEVICE_TIMEOUT_S", 0.05)
    stuck = HandDriver(MeasurementKind.BLOOD_PRESSURE, hangs=frozenset({"preflight"}))
    room = Room(Journal(tmp_path / "journal.sqlite"), simulated=True)
    room.belong(Paired(machine_id="agent-1", room_id="room-1", server="centre.test"))
    made = Checks(room, Subjects((stuck,), (), None), round_trip_s=lambda: None)
    made.kiosk_says(GOOD)
    report = await made.report()
    assert report is not None
    assert {each.subject: each.code for each in report.results} == {
        "camera": "ok",
        "microphone": "ok",
        "line": "down",
        "blood-pressure": "timeout",
    }
    assert report.simulated


async def test_every_result_has_its_words_in_german() -> None:
    found = [
        *(each for camera in ("ok", "none", "black") for each in checks.of_kiosk(_report(camera=camera), 0)),
        *(each for mic in ("none", "silent") for each in checks.of_kiosk(_report(microphone=mic), 0)),
        *checks.of_kiosk(None, 0),
        *(checks.of_line(silence, trip) for silence, trip in ((0.0, None), (0.0, 1.0), (None, None))),
    ]
    keys = {key for each in found for key in (each.text_key, each.fix_key) if key}
    assert keys <= words().keys()


def _report(**rest: str) -> KioskReport:
    return KioskReport.model_validate({"camera": "ok", "microphone": "ok", **rest})
