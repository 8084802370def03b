"""The room's computer itself: space on its disk, and how hot it is."""

import shutil
from pathlib import Path

from room_agent.checks.result import result
from schemas.checks import UNCHECKED, CheckResult

LOW_BYTES, FULL_BYTES = 1_000_000_000, 200_000_000
"""A day's journal and logs need some 10 MB; an update of the system needs the rest."""
HOT_C, TOO_HOT_C = 80.0, 95.0
"""Processors slow themselves down from about 95 °C on, and pictures stutter."""
THERMAL = Path("/sys/class/thermal")


def of_disk(free_bytes: int) -> CheckResult:
    if free_bytes < FULL_BYTES:
        return result("disk", "full")
    return result("disk", "low" if free_bytes < LOW_BYTES else "ok")


def of_temperature(celsius: float | None) -> CheckResult:
    """The hottest of all; None where the computer does not measure it."""
    if celsius is None:
        return result("temperature", UNCHECKED)
    if celsius >= TOO_HOT_C:
        return result("temperature", "too-hot")
    return result("temperature", "hot" if celsius >= HOT_C else "ok")


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def hottest_c(thermal: Path = THERMAL) -> float | None:
    """From the kernel's thermal zones, which count thousandths of a degree."""
    found = []
    for zone in thermal.glob("thermal_zone*/temp"):
        try:
            found.append(int(zone.read_text()) / 1000)
        except (OSError, ValueError):
            continue  # a zone that is switched off
    return max(found, default=None)
