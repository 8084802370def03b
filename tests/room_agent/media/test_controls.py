"""Locking exposure, white balance and focus: against a camera made of numbers."""

import errno
import struct
from pathlib import Path

from room_agent.media.controls import AUTOMATICS, VIDIOC_G_CTRL, VIDIOC_S_CTRL, V4l2Controls

EXPOSURE, WHITE_BALANCE, FOCUS = AUTOMATICS


class Numbers:
    """Controls with their values; like some cameras, it forgets what an automatic chose when that is switched off."""

    def __init__(self, values: dict[int, int]) -> None:
        self.values = values
        self.set: list[tuple[int, int]] = []

    def ioctl(self, _device: int, request: int, data: bytes) -> bytes:
        control, value = struct.unpack("Ii", data)
        if control not in self.values:
            raise OSError(errno.EINVAL, "no such control")
        if request == VIDIOC_S_CTRL:
            self.set.append((control, value))
            self.values[control] = value
            for automatic in AUTOMATICS:
                if control == automatic.control and value == automatic.off:
                    self.values[automatic.value] = 1
        else:
            assert request == VIDIOC_G_CTRL
        return struct.pack("Ii", control, self.values[control])


def every(*automatics: object) -> dict[int, int]:
    chosen = {EXPOSURE.value: 156, WHITE_BALANCE.value: 4600, FOCUS.value: 35}
    return {
        control: value
        for automatic in AUTOMATICS
        if automatic in automatics
        for control, value in ((automatic.control, automatic.on), (automatic.value, chosen[automatic.value]))
    }


def controls_of(tmp_path: Path, camera: Numbers) -> V4l2Controls:
    path = tmp_path / "video0"
    path.touch()
    return V4l2Controls(str(path), camera.ioctl)


def test_what_the_automatics_chose_is_kept_even_by_a_camera_that_forgets_it(tmp_path: Path) -> None:
    camera = Numbers(every(*AUTOMATICS))
    controls = controls_of(tmp_path, camera)
    assert controls.settings() == dict.fromkeys(("exposure", "white-balance", "focus"), "automatic")
    assert controls.lock(True)
    assert controls.settings() == {"exposure": "156", "white-balance": "4600", "focus": "35"}
    assert controls.lock(False)
    assert set(controls.settings().values()) == {"automatic"}


def test_a_camera_locks_what_it_can_and_one_that_can_nothing_says_so(tmp_path: Path) -> None:
    controls = controls_of(tmp_path, Numbers(every(FOCUS)))
    assert controls.lock(True)
    assert controls.settings() == {"focus": "35"}
    assert not controls_of(tmp_path, Numbers({})).lock(True)


def test_a_camera_that_is_not_there_has_no_settings() -> None:
    controls = V4l2Controls("/dev/v4l/by-id/none-index0")
    assert not controls.lock(True)
    assert controls.settings() == {}
