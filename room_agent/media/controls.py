"""Exposure, white balance and focus of a camera, kept as they are while skin is looked at (V4L2 controls)."""

import contextlib
import fcntl
import os
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

_CONTROL = struct.Struct("Ii")
"""``struct v4l2_control``: id, value (linux/videodev2.h)."""
VIDIOC_G_CTRL = 0xC008561B
VIDIOC_S_CTRL = 0xC008561C

Ioctl = Callable[[int, int, bytes], bytes]


class Controls(Protocol):
    """What can be told to one camera."""

    def lock(self, on: bool) -> bool:
        """Keep what automatics chose, or let them choose again; False where nothing can be kept."""

    def settings(self) -> Mapping[str, str]:
        """What is set now, as words: ``automatic``, ``locked`` or a number."""


@dataclass(frozen=True)
class _Automatic:
    """One automatic of a camera (linux/v4l2-controls.h). *value*: the control that it moves."""

    name: str
    control: int
    on: int
    off: int
    value: int


AUTOMATICS = (
    _Automatic("exposure", 0x009A0901, 3, 1, 0x009A0902),  # aperture priority or manual; exposure time, absolute
    _Automatic("white-balance", 0x0098090C, 1, 0, 0x0098091A),  # colour temperature in kelvin
    _Automatic("focus", 0x009A090C, 1, 0, 0x009A090A),
)


class V4l2Controls:
    """Of the camera at *path*. Opened for each request: a second handle on a camera may set what it likes."""

    def __init__(self, path: str, ioctl: Ioctl = fcntl.ioctl) -> None:
        self._path = path
        self._ioctl = ioctl

    def lock(self, on: bool) -> bool:
        """The automatics are switched off, and what they chose last is set, since some cameras forget it then."""
        try:
            device = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        except OSError:
            return False
        try:
            return sum(self._lock_one(device, automatic, on) for automatic in AUTOMATICS) > 0
        finally:
            os.close(device)

    def settings(self) -> Mapping[str, str]:
        try:
            device = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        except OSError:
            return {}
        found = {}
        try:
            for automatic in AUTOMATICS:
                with contextlib.suppress(OSError):
                    chosen = self._get(device, automatic.control) == automatic.on
                    found[automatic.name] = "automatic" if chosen else str(self._get(device, automatic.value))
        finally:
            os.close(device)
        return found

    def _lock_one(self, device: int, automatic: _Automatic, on: bool) -> bool:
        """False where the camera has no such control."""
        try:
            if not on:
                self._set(device, automatic.control, automatic.on)
                return True
            chosen = self._get(device, automatic.value)
            self._set(device, automatic.control, automatic.off)
            self._set(device, automatic.value, chosen)
        except OSError:
            return False
        return True

    def _get(self, device: int, control: int) -> int:
        value: int = _CONTROL.unpack(self._ioctl(device, VIDIOC_G_CTRL, _CONTROL.pack(control, 0)))[1]
        return value

    def _set(self, device: int, control: int, value: int) -> None:
        self._ioctl(device, VIDIOC_S_CTRL, _CONTROL.pack(control, value))
