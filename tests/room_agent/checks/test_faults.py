"""No check is a constant: for each code of the catalogue something is broken, and the report says just that."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from room_agent.checks.line import NoRelay, Relayed
from room_agent.checks.result import CODES, DEVICE, KINDS, keys, result
from room_agent.devices.driver import DeviceState, Reason
from room_agent.roster import Release
from schemas.checks import Severity
from schemas.day import FactKind
from schemas.visit import KioskReport
from telemed.kit.i18n import words
from tests.room_agent.checks.scene import CUFF, GOOD_WAY, WELL, Scene, make_scene
from tests.room_agent.world import fact

pytestmark = pytest.mark.anyio
Break = Callable[[Scene], object]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return make_scene(tmp_path)


def says(**changes: str) -> Break:
    return sets("report", KioskReport.model_validate({**WELL.model_dump(), **changes}))


def deaf(scene: Scene, microphone: str = "ok") -> None:
    says(microphone=microphone)(scene)
    scene.hears_tone = False


def sets(name: str, value: object) -> Break:
    return lambda scene: vars(scene).update({name: value})


def device(**changes: object) -> Break:
    return lambda scene: vars(scene.device).update(changes)


def lost(reason: Reason) -> Break:
    return lambda scene: scene.device.lose(reason)


def relayed(**changes: float) -> Break:
    return sets("relay", Relayed(**{**vars(GOOD_WAY), **changes}))


def camera(trouble: str) -> Break:
    return lambda scene: vars(scene.camera).update(trouble=trouble)


def inspected(days: int) -> Break:
    """The last day on which the cuff may be used is so many days from now."""

    def react(scene: Scene) -> None:
        until = scene.time.at.date() + timedelta(days=days)
        scene.plan(seq=2, devices=(CUFF.model_copy(update={"usable_until": until}),))

    return react


def left(minutes: int) -> Break:
    """A visit ended so many minutes ago, and nobody has wiped the room."""

    def react(scene: Scene) -> None:
        scene.plan(timedelta(minutes=-60), seq=2, cleaning_minutes=10)
        scene.happened(fact(FactKind.ENDED, at=scene.time.at - timedelta(minutes=minutes)))

    return react


def broken_line(scene: Scene) -> None:
    """The centre was never heard since the agent started."""
    scene.room._heard = None  # what a restart leaves


FAULTS: dict[tuple[str, str], Break] = {
    ("page", "silent"): sets("report", None),
    ("camera", "none"): says(camera="none"),
    ("camera", "black"): says(camera="black"),
    ("camera", "frozen"): says(camera="frozen"),
    ("camera", "blurred"): says(camera="blurred"),
    ("microphone", "none"): says(microphone="none"),
    ("microphone", "silent"): says(microphone="silent"),
    ("microphone", "not-heard"): deaf,
    ("microphone", "deaf"): lambda scene: deaf(scene, "silent"),
    ("exam-camera", "absent"): camera("gone"),
    ("exam-camera", "timeout"): camera("stuck"),
    ("exam-camera", "black"): camera("black"),
    ("exam-camera", "frozen"): camera("frozen"),
    ("exam-camera", "blurred"): camera("blurred"),
    ("stethoscope", "none"): sets("ear_state", "none"),
    ("stethoscope", "timeout"): sets("ear_state", "stuck"),
    ("stethoscope", "silent"): sets("ear_state", "silent"),
    ("stethoscope", "too-loud"): sets("ear_state", "too-loud"),
    ("stethoscope", "not-heard"): sets("ear_state", "deaf"),
    (DEVICE, "long-unheard"): device(state=DeviceState.ABSENT, reason=Reason.ASLEEP, unheard_s=86_401.0),
    (DEVICE, "connecting"): device(state=DeviceState.CONNECTING),
    (DEVICE, "not-found"): lost(Reason.NOT_FOUND),
    (DEVICE, "link-lost"): lost(Reason.LINK_LOST),
    (DEVICE, "no-radio"): lost(Reason.NO_RADIO),
    (DEVICE, "radio-stuck"): lost(Reason.RADIO_STUCK),
    (DEVICE, "not-paired"): lost(Reason.NOT_PAIRED),
    (DEVICE, "bond-lost"): lost(Reason.BOND_LOST),
    (DEVICE, "wrong-device"): lost(Reason.WRONG_DEVICE),
    (DEVICE, "timeout"): device(hangs=True),
    (DEVICE, "battery-low"): device(battery_percent=19),
    (DEVICE, "battery-empty"): device(battery_percent=4),
    (DEVICE, "clock-off"): device(clock_ahead_s=3600.0 - 61),
    (DEVICE, "clock-wrong"): device(clock_ahead_s=-5 * 365 * 86400.0),
    ("inspection", "soon"): inspected(14),
    ("inspection", "over"): inspected(-1),
    ("hygiene", "due"): left(minutes=5),
    ("hygiene", "overdue"): left(minutes=11),
    ("line", "slow"): sets("round_trip_s", 0.31),
    ("line", "down"): broken_line,
    ("visit-relay", "unreachable"): sets("visit_relay", "unreachable"),
    ("visit-relay", "refused"): sets("visit_relay", "refused"),
    **{("roster", each.value): sets("release", each) for each in Release if each is not Release.OK},
    ("relay", "none"): sets("relay", NoRelay.NONE),
    ("relay", "unreachable"): sets("relay", NoRelay.UNREACHABLE),
    ("relay", "refused"): sets("relay", NoRelay.REFUSED),
    ("relay", "lossy"): relayed(lost_part=0.04),
    ("relay", "thin"): relayed(bit_s=600_000),
    ("relay", "slow"): relayed(round_trip_s=0.31),
    ("disk", "low"): sets("free_bytes", 900_000_000),
    ("disk", "full"): sets("free_bytes", 100_000_000),
    ("temperature", "hot"): sets("celsius", 80.0),
    ("temperature", "too-hot"): sets("celsius", 95.0),
}
"""What to break for each code that is not well."""
WELL_TOO: dict[tuple[str, str], Break] = {
    ("temperature", "unknown"): sets("celsius", None),
    ("inspection", "ok"): inspected(15),
    (DEVICE, "asleep"): device(state=DeviceState.ABSENT, reason=Reason.ASLEEP, unheard_s=86_400.0),
}


def subject(words_of: str) -> str:
    return "blood-pressure" if words_of == DEVICE else words_of


def test_there_is_a_fault_for_every_code_of_the_table_and_no_other() -> None:
    red = {(name, code) for name, codes in CODES.items() for code, how in codes.items() if how is not Severity.OK}
    assert FAULTS.keys() == red


def test_every_code_has_its_words_in_german_and_no_words_are_left_over() -> None:
    names = words().starting("check.subject.")
    assert words().starting("check.").keys() - names.keys() == set(keys())
    subjects = {key.removeprefix("check.subject.") for key in names}
    assert subjects == ({*CODES} | KINDS) - {DEVICE}


async def test_a_room_in_order_is_green_everywhere(scene: Scene) -> None:
    codes = {code for _, code in await scene.codes()}
    assert codes == {"ok"}
    names = {name for name, _ in await scene.codes()}
    assert names == ({subject(name) for name in CODES} - {"inspection"})


@pytest.mark.parametrize(("name", "code"), [*FAULTS, *WELL_TOO])
async def test_what_is_broken_is_told_and_only_that(scene: Scene, name: str, code: str) -> None:
    if code == "blurred":
        await scene.look()  # what the camera usually sees
        scene.checks = scene.begin()
    (FAULTS | WELL_TOO)[name, code](scene)
    found = await scene.codes()
    assert (subject(name), code) in found
    others = {each for each in found if each[0] != subject(name) and each[1] != "ok"}
    assert others <= {("inspection", "ok")}


async def test_a_result_says_what_people_call_the_device(scene: Scene) -> None:
    scene.plan(timedelta(minutes=60), seq=2)
    scene.device.lose()
    found = {each.subject: each.device_name for each in (await scene.look()).results}
    assert (found["blood-pressure"], found["line"]) == (CUFF.name, "")
    told = {each.subject: each.device_name for each in scene.room.show().checks}
    assert told["blood-pressure"] == CUFF.name


@pytest.mark.parametrize(("name", "code"), [one for one in FAULTS if one[0] in ("exam-camera", "stethoscope", "relay")])
async def test_what_is_mended_is_green_again_without_a_new_reason_to_look(scene: Scene, name: str, code: str) -> None:
    if code == "blurred":
        await scene.look()
        scene.checks = scene.begin()
    FAULTS[name, code](scene)
    assert (name, code) in await scene.codes()
    scene.camera.trouble, scene.ear_state, scene.relay = "", "", GOOD_WAY
    await scene.codes()  # a look that had begun before it was mended
    assert (name, "ok") in await scene.codes()


def test_a_code_that_nobody_declared_cannot_be_reported() -> None:
    with pytest.raises(KeyError):
        result("camera", "fine")
    assert result("oximeter", "timeout", "oxi-1").text_key == "check.device.timeout"
