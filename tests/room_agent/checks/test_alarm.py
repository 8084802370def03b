"""Who is called, when a device counts as blocked, and what a restart remembers."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from room_agent.checks import schedule
from room_agent.checks.alarm import ALARM_AFTER_S, Blocking, Moment, Watch, planned
from room_agent.checks.kept import Kept
from room_agent.checks.result import result
from schemas.checks import BlockedDevice, CheckResult
from schemas.day import FactKind, PlannedDevice
from schemas.measurement import MeasurementKind
from tests.room_agent.checks.scene import CUFF, Scene, make_scene
from tests.room_agent.world import fact, plan, visit

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
RED = result("blood-pressure", "not-found", "sim-blood-pressure")
WELL = result("blood-pressure", "ok", "sim-blood-pressure")
PLAN = plan(devices=(CUFF,))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return make_scene(tmp_path)


def after(seconds: float) -> Moment:
    return Moment(NOW + timedelta(seconds=seconds), 1000 + seconds)


def watched(*seen: tuple[float, CheckResult]) -> Watch:
    """What was seen when, in seconds from the beginning."""
    watch = Watch()
    for seconds, each in seen:
        watch = watch.seen([each], after(seconds))
    return watch


def alarm(watch: Watch, seconds: float, each: CheckResult = RED, *, minded: bool = True) -> bool:
    (stamped,) = watch.stamped([each], after(seconds), minded=minded)
    return stamped.alarm


def test_since_when_is_said_on_the_clock_that_the_room_follows_now() -> None:
    watch = watched((0, RED), (30, RED))
    stepped = Moment(NOW + timedelta(minutes=30), 1060)
    followed = Moment(NOW + timedelta(days=5), 1060)
    for now, since in ((stepped, NOW), (followed, NOW + timedelta(days=5, minutes=-1))):
        (stamped,) = watch.seen([RED], now).stamped([RED], now, minded=True)
        assert (stamped.since, stamped.alarm) == (since, True)


def test_the_assistant_is_called_when_red_lasts_and_a_visit_comes() -> None:
    watch = watched((0, RED), (4, RED))
    assert not alarm(watch, ALARM_AFTER_S - 0.1)
    assert alarm(watch, ALARM_AFTER_S)
    assert not alarm(watch, 3600, minded=False)


def test_yellow_calls_nobody() -> None:
    low = result("blood-pressure", "battery-low", "sim-blood-pressure")
    assert not alarm(watched((0, low)), 3600, low)


def test_what_was_mended_meanwhile_counts_from_anew() -> None:
    watch = watched((0, RED), (60, WELL), (70, RED))
    (stamped,) = watch.stamped([RED], after(71), minded=True)
    assert (stamped.since, stamped.alarm) == (NOW + timedelta(seconds=70), False)


def test_another_reason_is_the_same_trouble() -> None:
    lost = result("blood-pressure", "link-lost", "sim-blood-pressure")
    (stamped,) = watched((0, lost), (60, RED)).stamped([RED], after(61), minded=True)
    assert stamped.since == NOW


def test_a_clock_that_is_moved_makes_no_alarm() -> None:
    watch = watched((0, RED))
    (stamped,) = watch.stamped([RED], Moment(NOW + timedelta(minutes=30), 1001), minded=True)
    assert not stamped.alarm


def block(watch: Watch, seconds: float, *, before: tuple[BlockedDevice, ...] = (), minded: bool = True) -> list[str]:
    found = watch.blocked(before, [RED], after(seconds), Blocking(PLAN, minded, after_s=120))
    return [one.device_id for one in found]


def test_a_device_is_blocked_when_nobody_has_mended_it_in_time() -> None:
    watch = watched((0, RED))
    assert block(watch, 119) == []
    assert block(watch, 120) == ["cuff-1"]
    assert block(watch, 9999, minded=False) == []


def test_a_blocked_device_stays_so_as_it_was_until_it_is_well() -> None:
    (known,) = watched((0, RED)).blocked((), [RED], after(120), Blocking(PLAN, minded=True, after_s=120))
    assert known == BlockedDevice(device_id="cuff-1", kind="blood-pressure", code="not-found", since=NOW)
    begun_again = watched((500, RED))
    assert begun_again.blocked([known], [RED], after(501), Blocking(PLAN, minded=False)) == (known,)
    mended = begun_again.seen([WELL], after(502))
    assert mended.blocked([known], [WELL], after(502), Blocking(PLAN, minded=True)) == ()


def test_one_that_is_still_connecting_is_not_free_again_and_one_that_was_taken_away_is() -> None:
    known = BlockedDevice(device_id="cuff-1", kind="blood-pressure", code="not-found", since=NOW)
    connecting = result("blood-pressure", "connecting", "sim-blood-pressure")
    watch = watched((0, connecting))
    assert watch.blocked([known], [connecting], after(1), Blocking(PLAN, minded=True)) == (known,)
    assert watch.blocked([known], [], after(1), Blocking(plan(devices=()), minded=True)) == ()


def test_the_next_moment_that_matters_is_known() -> None:
    watch = watched((0, RED))
    assert watch.next_s(after(1), 120) == pytest.approx(ALARM_AFTER_S - 1)
    assert watch.next_s(after(ALARM_AFTER_S), 120) == pytest.approx(120 - ALARM_AFTER_S)
    assert watch.next_s(after(120), 120) is None
    assert watched((0, WELL)).next_s(after(0), 120) is None


@pytest.mark.parametrize(
    ("each", "device"),
    [
        (result("blood-pressure", "timeout", "cuff-1"), "cuff-1"),
        (result("blood-pressure", "timeout", "sim-blood-pressure"), "cuff-1"),
        (result(MeasurementKind.WEIGHT.value, "timeout", "a"), "scale-1"),
        (result("exam-camera", "absent", "otoscope"), "otoscope-1"),
        (result("exam-camera", "absent", "room"), "room-camera-1"),
        (result("stethoscope", "none"), "stethoscope-1"),
        (result("oximeter", "timeout", "which"), None),
        (result("oximeter", "timeout", "oxi-2"), "oxi-2"),
        (result("camera", "none"), None),
        (result("ecg", "timeout", "ecg-1"), None),
        (result("inspection", "over", "cuff-1"), None),
    ],
)
def test_a_result_is_about_a_device_of_the_directory(each: CheckResult, device: str | None) -> None:
    kinds = ("blood-pressure", "scale", "otoscope", "room-camera", "stethoscope")
    ids = {"blood-pressure": "cuff-1"}
    known = [PlannedDevice(device_id=ids.get(kind, f"{kind}-1"), kind=kind, name=kind) for kind in kinds]
    known += [PlannedDevice(device_id=f"oxi-{n}", kind="oximeter", name="Puls-Oximeter") for n in (1, 2)]
    found = planned(each, plan(devices=tuple(known)))
    assert (found.device_id if found else None) == device


def blocked(scene: Scene) -> list[str]:
    return [one.device_id for one in scene.checks.blocked]


async def test_a_dead_device_before_a_visit_is_called_then_blocked_then_free(scene: Scene) -> None:
    scene.block_after_s = 0.0
    scene.plan(timedelta(minutes=90), seq=2)
    scene.checks = scene.begin()
    await scene.look()
    assert blocked(scene) == []
    scene.device.lose()
    await scene.look()
    assert blocked(scene) == ["cuff-1"]
    assert [each.subject for each in scene.room.show().checks] == ["blood-pressure"]
    scene.device.come_back()
    await scene.look()
    assert blocked(scene) == []
    assert scene.room.show().checks == ()


async def test_a_restart_forgets_no_block_and_says_nothing_else_before_it_has_looked(scene: Scene) -> None:
    scene.block_after_s = 0.0
    scene.plan(
        timedelta(minutes=90), seq=2, devices=(PlannedDevice(device_id="oto-1", kind="otoscope", name="Otoskop"),)
    )
    scene.camera.trouble = "gone"
    scene.checks = scene.begin()
    await scene.look()
    assert blocked(scene) == ["oto-1"]
    scene.camera.trouble = ""
    scene.checks = scene.begin()
    scene.kiosk_speaks()
    await scene.checks.report()
    assert blocked(scene) == ["oto-1"]
    await scene.look()
    assert blocked(scene) == []


def test_a_spoilt_file_is_learnt_anew(tmp_path: Path) -> None:
    path = tmp_path / "checks.json"
    device = BlockedDevice(device_id="a", kind="oximeter", code="timeout", since=NOW)
    Kept(path).keep_blocked([device])
    Kept(path).keep_sharpness("otoscope", 3.5)
    assert (Kept(path).blocked, Kept(path).sharpness) == ((device,), {"otoscope": 3.5})
    for spoilt in (b"", b"[]", b'{"sharpness": {"a": "b"}}', b"\xff"):
        path.write_bytes(spoilt)
        assert (Kept(path).blocked, Kept(path).sharpness) == ((), {})


# When


def moments(*starts: timedelta, last: timedelta, now: timedelta = timedelta(0)) -> bool:
    day = plan(*(visit(f"v{n}", start=NOW + start) for n, start in enumerate(starts)), day=NOW.date())
    return schedule.is_due(day, NOW + last, NOW + now)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (-200, -121, False),
        (-121, -120, True),
        (-119, -16, False),
        (-119, -15, True),
        (-15, 0, False),
        (-300, -180, True),
    ],
)
def test_it_is_looked_in_the_morning_two_hours_and_fifteen_minutes_before_a_visit(
    last: int, now: int, due: bool
) -> None:
    """The visit is at 10:00 on the wall; 6:00 is 240 minutes before."""
    found = moments(timedelta(0), last=timedelta(minutes=last), now=timedelta(minutes=now))
    assert found is due


def test_the_first_look_needs_no_plan() -> None:
    assert schedule.is_due(None, None, NOW)
    assert not schedule.is_due(None, NOW, NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("start", "kinds", "minded", "sound"),
    [
        (121, (), False, True),
        (120, (), True, True),
        (11, (), True, True),
        (10, (), True, False),
        (-5, (FactKind.ARRIVED, FactKind.CALLED), True, False),
        (-30, (FactKind.ENDED,), False, False),
        (-30, (FactKind.ENDED, FactKind.CLEANED), False, True),
        (-30, (FactKind.NO_SHOW,), False, True),
        (-81, (), False, True),
    ],
)
def test_people_are_called_before_visits_and_no_tone_disturbs_them(
    start: int, kinds: tuple[FactKind, ...], minded: bool, sound: bool
) -> None:
    day = plan(visit("v", start=NOW + timedelta(minutes=start)), day=NOW.date())
    facts = [fact(kind, "v", at=NOW) for kind in kinds]
    assert schedule.is_minded(day, facts, NOW) is minded
    assert schedule.may_sound(day, facts, NOW) is sound


async def test_while_a_visit_is_on_nothing_is_looked_through(scene: Scene) -> None:
    scene.plan(timedelta(0), seq=2)
    scene.happened(fact(FactKind.CALLED, at=NOW))
    await scene.look()
    assert scene.camera.closed == 0
    scene.happened(fact(FactKind.ENDED, at=NOW), fact(FactKind.CLEANED, at=NOW))
    await scene.look()
    assert scene.camera.closed == 1


async def test_a_camera_goes_dark_again_and_what_is_well_is_not_looked_through_all_the_time(scene: Scene) -> None:
    for _ in range(3):
        await scene.look()
    assert scene.camera.closed == 1
    scene.plan(timedelta(hours=2, minutes=1), seq=2)
    scene.time.at += timedelta(minutes=2)
    await scene.look()
    assert scene.camera.closed == 2


async def test_a_look_gives_way_to_a_visit_and_is_due_again_after_it(scene: Scene) -> None:
    scene.plan(timedelta(0), seq=2)
    scene.camera.trouble = "stuck"
    scene.kiosk_speaks()
    await scene.checks.report()
    await asyncio.sleep(0)
    assert scene.checks.is_looking
    scene.happened(fact(FactKind.CALLED, at=NOW))
    await scene.checks.report()
    await asyncio.sleep(0.01)
    assert not scene.checks.is_looking
    assert scene.camera.closed == 0
    scene.camera.trouble = ""
    scene.happened(fact(FactKind.ENDED, at=NOW), fact(FactKind.CLEANED, at=NOW))
    assert ("exam-camera", "ok") in await scene.codes()
