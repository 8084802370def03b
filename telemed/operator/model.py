"""What the operator sees and moves. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from schemas.checks import CheckReport, CheckResult, Severity
from schemas.day import MachineKind
from schemas.signalling import Role as RosterRole
from schemas.trust import Roster, RosterKey
from telemed.identity.model import Machine
from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense
from telemed.signalling.model import Refusals

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
class ReportedDefect:
    """What somebody of the staff reported. *device*: empty where it is something else in the room; *what*: in a word of
    `upkeep.What`. *is_out*: the device is not to be used.
    """

    device: str
    what: str
    is_out: bool
    since: datetime


class Contact(StrEnum):
    """How a machine of ours stands. `UNKNOWN`: paired, and nobody has said that it came since its room PC started."""

    REVOKED = "revoked"
    HERE = "here"
    AWAY = "away"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class MachineView:
    """One machine. *seen*: when it was last connected, as its room PC said, or when a room PC itself was heard."""

    id: str
    kind: str
    contact: Contact
    seen: datetime | None


def machine_view(machine: Machine, report: CheckReport | None, heard: datetime | None, now: datetime) -> MachineView:
    """*heard*: when its room was. What a room PC that is not heard said of others last is the past."""
    if machine.kind == MachineKind.AGENT.value:
        seen, here = heard, is_online(heard, now)
    else:
        seen = next((each.seen for each in report.machines if each.machine_id == machine.id), None) if report else None
        here = report is not None and seen == report.at and is_online(heard, now)
    if machine.revoked:
        contact = Contact.REVOKED
    else:
        contact = Contact.UNKNOWN if seen is None else Contact.HERE if here else Contact.AWAY
    return MachineView(machine.id, machine.kind, contact, seen)


@dataclass(frozen=True)
class RoomView:
    """One room. *heard* is when its agent last said something. *sealed_by*: who keeps the key of its disk, as it said:
    ``tpm`` or ``file``; empty while it has not. *not_well*: what it said of itself, the worst first. *broken*: the
    devices that are planned without, until the room says that they work again. *reported*: by staff. *vp8_viewers*: how
    many browsers in its visit take no H.264, as long as it is heard.
    """

    room_id: str
    name: str
    heard: datetime | None
    online: bool
    machines: tuple[MachineView, ...]
    sealed_by: str = ""
    not_well: tuple[CheckResult, ...] = ()
    broken: tuple[BrokenDevice, ...] = ()
    reported: tuple[ReportedDefect, ...] = ()
    vp8_viewers: int = 0

    @property
    def is_missing(self) -> bool:
        """It has machines of ours, and none of them is heard."""
        return bool(self.machines) and not self.online

    @property
    def dark(self) -> tuple[MachineView, ...]:
        """The monitors that were there and are gone, as long as the room itself is heard."""
        gone = (each for each in self.machines if each.kind == MachineKind.MONITOR and each.contact is Contact.AWAY)
        return tuple(gone) if self.online else ()


def not_well(report: CheckReport | None) -> tuple[CheckResult, ...]:
    """What is not well of a report: whoever is called first, then the worst."""
    found = (each for each in report.results if each.severity is not Severity.OK) if report else ()
    return tuple(sorted(found, key=lambda each: (not each.alarm, each.severity is not Severity.BLOCK)))


def version(rooms: Iterable[RoomView], roster: "RosterView", refusals: tuple[Refusals, ...], *figures: object) -> str:
    """Changes when the part that keeps itself fresh would look different; *figures*: of the waiting room."""
    seen: list[object] = [
        (
            room.room_id,
            room.online,
            room.broken,
            room.reported,
            room.vp8_viewers,
            [(each.id, each.contact) for each in room.machines],
            [(each.text_key, each.device_id, each.alarm) for each in room.not_well],
        )
        for room in rooms
    ]
    seen.append((roster.state, roster.seq, roster.waiting))
    seen += [*refusals, *figures]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


LATELY = timedelta(days=7)
"""So long an end that was refused is trouble; afterwards it is one of the figures."""


def refused_lately(refusals: Iterable[Refusals], now: datetime) -> int:
    """How many kinds of refusals happened of late."""
    return sum(now - each.last <= LATELY for each in refusals)


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
NO_OPERATOR, NONE, EXPIRED, SOON, GOOD = "no-operator", "none", "expired", "soon", "good"
SIGNED, WAITS, GOES = "signed", "waits", "goes"


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


@dataclass(frozen=True)
class KeyView:
    """One key. *state*: `SIGNED`; or `WAITS` or `GOES` with the next signature. *pictures* of `CALL_PICTURES`."""

    entry: RosterKey
    pictures: tuple[str, ...]
    state: str


@dataclass(frozen=True)
class RosterView:
    """How the newest roster stands against what the centre knows. *state*: `NO_OPERATOR`, `NONE`, `EXPIRED`, `SOON` or
    `GOOD`; the second and third let no call begin. *seq* is 0 without a roster.
    """

    state: str
    seq: int
    expires_at: datetime | None
    keys: tuple[KeyView, ...]

    @property
    def waiting(self) -> int:
        """How many keys the operator has to look at."""
        return sum(each.state != SIGNED for each in self.keys)

    @property
    def is_trouble(self) -> bool:
        if self.state is NONE:
            return self.waiting > 0
        return self.state is not GOOD or self.waiting > 0


def roster_state(newest: Roster | None, *, has_operator: bool, now: datetime) -> str:
    """*now* is real time, as in a roster."""
    if not has_operator:
        return NO_OPERATOR
    if newest is None:
        return NONE
    if newest.expires_at <= now:
        return EXPIRED
    return SOON if newest.expires_at - now <= EXPIRES_SOON else GOOD


def keys_by_state(newest: Roster | None, wanted: Iterable[RosterKey]) -> list[tuple[RosterKey, str]]:
    """All keys, those first for which the operator has something to do. A changed entry waits as it shall become."""
    wanted = tuple(wanted)
    found = changes(newest.keys if newest else (), wanted)
    waits = in_order((*found.new, *(after for _, after in found.changed)))
    signed = in_order(set(wanted) - set(waits))
    return [(each, WAITS) for each in waits] + [(each, GOES) for each in found.gone] + [(e, SIGNED) for e in signed]
