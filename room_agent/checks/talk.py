"""Camera, microphone and page of the kiosk, as it says itself. Pure."""

from room_agent.checks.result import result
from schemas.checks import CheckResult
from schemas.visit import KioskReport

STALE_S = 15.0
"""A kiosk reports every 5 s; what is older says nothing."""


def of_kiosk(report: KioskReport | None, age_s: float, *, tone: str = "not-tried") -> tuple[CheckResult, ...]:
    """A page that is silent says nothing of its camera and its microphone either.

    *tone*: how the last test tone went, ``not-tried`` if there was none.
    """
    if report is None or age_s > STALE_S:
        return (result("page", "silent"),)
    microphone = _microphone(report.microphone, tone)
    return (result("page", "ok"), result("camera", report.camera), result("microphone", microphone))


def _microphone(state: str, tone: str) -> str:
    """Silence may be a quiet room, and a tone that is not heard a quiet loudspeaker; both together are a dead one."""
    if state == "none" or tone != "not-heard":
        return state
    return "deaf" if state == "silent" else "not-heard"
