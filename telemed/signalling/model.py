"""Ends that were not trusted: what is kept of it for the audit. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.signalling import Role
from schemas.trust import RefusedWhy

KEPT_FOR = timedelta(days=365)
MOST_OF_A_VISIT = 50
"""One visit's; whoever makes more says nothing new."""


class SeenBy(StrEnum):
    """Which end did not trust the other."""

    AGENT = "agent"
    KIOSK = "kiosk"
    DOCTOR = "doctor"


@dataclass(frozen=True)
class RefusedEnd:
    """An end of a visit refused another one; no word of who that said it was, but its *role*, and why."""

    id: str
    visit_id: str
    at: datetime
    seen_by: SeenBy
    role: Role
    reason: RefusedWhy


def role_of(told: str) -> Role:
    """What an end says of the other, in our words: nothing else is kept, so no name can be among it. Unknown roles
    are a guest's, as later ones will be."""
    return Role(told) if told in set(Role) else Role.RELATIVE


def reason_of(told: str) -> RefusedWhy:
    """Likewise; an unknown reason is one that we cannot read."""
    return RefusedWhy(told) if told in set(RefusedWhy) else RefusedWhy.MALFORMED


@dataclass(frozen=True)
class Refusals:
    """How often ends were refused for one *reason*, and when it was last."""

    reason: RefusedWhy
    count: int
    last: datetime


def summed(ends: Iterable[RefusedEnd]) -> tuple[Refusals, ...]:
    """By reason, the latest first."""
    found: dict[RefusedWhy, list[datetime]] = {}
    for end in ends:
        found.setdefault(end.reason, []).append(end.at)
    sums = (Refusals(reason, len(moments), max(moments)) for reason, moments in found.items())
    return tuple(sorted(sums, key=lambda each: each.last, reverse=True))
