"""Is the camera black, is the sound silent; and every result has its German words."""

import itertools

import numpy as np
import pytest

from room_agent.devices.checks import device_checks
from room_agent.devices.driver import DeviceState, Reason
from room_agent.media import picture, views
from room_agent.media.checks import camera_check, stethoscope_check
from room_agent.media.heart import heart_sounds
from schemas.checks import CheckResult, Severity
from schemas.measurement import MeasurementKind
from telemed.kit.i18n import words

VIEW = views.room_view(64, 48)[:48]
BLACK = picture.canvas(64, 48, y=16)[:48]
LOUD = np.full(48_000, 32_767, dtype=np.int16)


def test_a_camera_is_missing_black_frozen_or_fine() -> None:
    moved = VIEW.copy()
    moved[0, 0] ^= 1
    found = [camera_check(None), camera_check(BLACK), camera_check(VIEW, VIEW), camera_check(VIEW, moved)]
    assert [result.code for result in found] == ["absent", "black", "frozen", "ok"]
    assert Severity.OK not in {result.severity for result in found[:3]}


def test_sound_is_missing_silent_too_loud_or_fine() -> None:
    sounds = [None, np.zeros(48_000, dtype=np.int16), LOUD, heart_sounds(seconds=2)]
    assert [stethoscope_check(sound).code for sound in sounds] == ["none", "silent", "too-loud", "ok"]


def every_result() -> list[CheckResult]:
    media = [camera_check(None), camera_check(BLACK), camera_check(VIEW, VIEW), camera_check(VIEW)]
    sounds = [None, np.zeros(9, dtype=np.int16), LOUD, heart_sounds(seconds=1)]
    media += [stethoscope_check(sound) for sound in sounds]
    troubles = [
        Reason.NONE,
        Reason.NOT_FOUND,
        Reason.NO_RADIO,
        Reason.LINK_LOST,
        Reason.NOT_PAIRED,
        Reason.WRONG_DEVICE,
    ]
    for kind, state, reason in itertools.product(MeasurementKind, DeviceState, troubles):
        media += device_checks(kind, "device-1", state=state, reason=reason, battery_percent=5)
    return media


def test_every_result_has_german_words_and_every_trouble_says_what_to_do() -> None:
    german = words()
    for result in every_result():
        assert result.text_key in german, result.text_key
        assert bool(result.fix_key) is (result.severity is not Severity.OK)
        assert not result.fix_key or result.fix_key in german, result.fix_key


@pytest.mark.parametrize("key", ["camera.room", "camera.otoscope", "camera.simulated", "camera.gone", "camera.off"])
def test_the_words_in_the_pictures_are_in_the_catalogue(key: str) -> None:
    assert key in words()
