"""The line to the centre, and the relay that carries sound and picture where nothing else gets through. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from room_agent.checks.result import result
from room_agent.room import SILENCE_S, RelayTrouble
from room_agent.roster import Release
from schemas.checks import CheckResult

SLOW_S = 0.3
"""There and back; a talk becomes hard beyond it (ITU-T G.114 allows 150 ms one way)."""
LOSSY_PART = 0.03
"""Opus hides 3 % well; a picture breaks up."""
THIN_BIT_S = 700_000
"""The least for a picture of the talk beside the exam picture's lowest step."""


def of_line(silence_s: float | None, round_trip_s: float | None) -> CheckResult:
    """The line to the centre: heard lately, and fast enough for a talk."""
    if silence_s is None or silence_s > SILENCE_S:
        return result("line", "down")
    return result("line", "slow" if round_trip_s is not None and round_trip_s > SLOW_S else "ok")


class NoRelay(StrEnum):
    """Why nothing could be measured: there is none, it does not answer, it does not take our password."""

    NONE = "none"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


@dataclass(frozen=True)
class Relayed:
    """What came back of the packets sent through the relay: *lost_part* of 1, *round_trip_s*, *bit_s* received."""

    lost_part: float
    round_trip_s: float
    bit_s: float


def of_release(found: Release) -> CheckResult:
    """Whether the operator has signed that this room's machines are to be trusted."""
    return result("roster", found.value)


def of_visit_relay(trouble: RelayTrouble) -> CheckResult:
    """The relay that the centre named for the latest visit."""
    return result("visit-relay", trouble or "ok")


def of_relay(found: Relayed | NoRelay) -> CheckResult:
    """The worst of what was measured."""
    if isinstance(found, NoRelay):
        return result("relay", found.value)
    if found.lost_part > LOSSY_PART:
        return result("relay", "lossy")
    if found.bit_s < THIN_BIT_S:
        return result("relay", "thin")
    return result("relay", "slow" if found.round_trip_s > SLOW_S else "ok")
