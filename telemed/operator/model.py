"""What the operator sees and moves. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from schemas.checks import CheckReport, CheckResult, Severity
from schemas.signalling import Role as RosterRole
from schemas.trust import RosterKey
from telemed.identity.model import Machine
from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense

SILENT = timedelta(seconds=15)
"""A room beats every 5 s."""

STEPS_MINUTES = (5, 12, 30)


class NoExercise(Refusal):
    """The clock of real life is not moved."""

    sense = Sense.FORBIDDEN
    key = "refusal.no_exercise"


@dataclass(frozen=True)
class ClockMoved(Event):
    """The exercise clock was moved forward; whoever follows it must be told."""


@dataclass(frozen=True)
class BrokenDevice:
    """A device that is blocked, by its name. *code*: why, in a word of the checks."""

    name: str
    code: str
    since: datetime


@dataclass(frozen=True)
class RoomView:
    """One room. *heard* is when its agent last said something. *sealed_by*: who keeps the key of its disk, as it said:
    ``tpm`` or ``file``; empty while it has not. *not_well*: what it said of itself, the worst first. *broken*: the
    devices that are planned without, until the room says that they work again.
    """

    room_id: str
    name: str
    heard: datetime | None
    online: bool
    machines: tuple[Machine, ...]
    sealed_by: str = ""
    not_well: tuple[CheckResult, ...] = ()
    broken: tuple[BrokenDevice, ...] = ()

    @property
    def is_missing(self) -> bool:
        """It has machines of ours, and none of them is heard."""
        return bool(self.machines) and not self.online


def not_well(report: CheckReport | None) -> tuple[CheckResult, ...]:
    """What is not well of a report: whoever is called first, then the worst."""
    found = (each for each in report.results if each.severity is not Severity.OK) if report else ()
    return tuple(sorted(found, key=lambda each: (not each.alarm, each.severity is not Severity.BLOCK)))


def version(rooms: Iterable[RoomView]) -> str:
    """Changes when the rooms' part of the page would look different."""
    seen = [
        (
            room.room_id,
            room.online,
            room.broken,
            [(each.text_key, each.device_id, each.alarm) for each in room.not_well],
        )
        for room in rooms
    ]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


FEWEST_SHOWN = 5
"""Smaller numbers could point at somebody."""


@dataclass(frozen=True)
class Unmet:
    """How often nothing was free for a *specialty* on a *weekday* (0 is Monday); None: fewer than we show."""

    specialty: str
    weekday: int
    count: int | None


def unmet(counts: Mapping[tuple[str, int], int]) -> list[Unmet]:
    """By specialty and weekday, small numbers veiled."""
    return [
        Unmet(specialty, weekday, count if count >= FEWEST_SHOWN else None)
        for (specialty, weekday), count in sorted(counts.items())
    ]


def is_online(heard: datetime | None, now: datetime) -> bool:
    return heard is not None and now - heard <= SILENT


EXPIRES_SOON = timedelta(days=30)


@dataclass(frozen=True)
class Changes:
    """What a new roster says otherwise than the former one; *changed* has the former entry first."""

    new: tuple[RosterKey, ...]
    gone: tuple[RosterKey, ...]
    changed: tuple[tuple[RosterKey, RosterKey], ...]

    def __bool__(self) -> bool:
        return bool(self.new or self.gone or self.changed)


def changes(former: Iterable[RosterKey], wanted: Iterable[RosterKey]) -> Changes:
    """Entries are the same when key and role are."""
    old = {(each.key, each.role): each for each in former}
    now = {(each.key, each.role): each for each in wanted}
    return Changes(
        new=tuple(each for which, each in now.items() if which not in old),
        gone=tuple(each for which, each in old.items() if which not in now),
        changed=tuple((old[which], each) for which, each in now.items() if which in old and old[which] != each),
    )


def in_order(keys: Iterable[RosterKey]) -> tuple[RosterKey, ...]:
    """Rooms by name with their agent first, then doctors."""
    order = {RosterRole.AGENT: 0, RosterRole.KIOSK: 1, RosterRole.DOCTOR: 2}
    return tuple(
        sorted(keys, key=lambda each: (each.room_id is None, each.name, order[each.role], each.subject, each.key))
    )
