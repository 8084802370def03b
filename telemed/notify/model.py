"""What is told to whom, when, and on which channel. Pure.

A notice begins without a channel. When it is due it is spread: one notice for each channel of the person, so that an
event reaches every channel once. What a channel cannot deliver in time goes to the assistants' call list.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from schemas.day import Fact, FactKind, FactReason
from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense
from telemed.people.model import Person, Way
from telemed.visit.model import VisitState


class Kind(StrEnum):
    """What is told; the value ends the catalogue key ``notice.…``."""

    CONFIRMED = "confirmed"
    DAY_BEFORE = "day_before"
    TWO_HOURS = "two_hours"
    COME_NOW = "come_now"
    DELAY = "delay"
    MOVED = "moved"
    DOCTOR_CHANGED = "doctor_changed"
    CANCELLED = "cancelled"
    PLACE_KEPT = "place_kept"
    OFFERED = "offered"
    LOOKED_AT = "looked_at"
    """Somebody of the staff broke the glass before her appointment."""
    CALL_BACK = "call_back"
    CODE = "code"
    """A code of six digits, which somebody has asked for just now."""
    MANDATE = "mandate"
    """A relative's link; it goes to her, and not to the person."""


REMINDERS = frozenset({Kind.DAY_BEFORE, Kind.TWO_HOURS})
"""Told to those only who did not say no to them; all else belongs to the appointment itself."""


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    CALL = "call"
    """Somebody of the staff says it."""


AUTOMATIC = (Channel.EMAIL, Channel.SMS, Channel.PUSH)
"""Those that a program sends."""


class Outcome(StrEnum):
    """How a notice ended."""

    SPREAD = "spread"
    SENT = "sent"
    TOLD = "told"
    DROPPED = "dropped"
    """It did not matter any more, or nobody needs to be told that way."""
    ESCALATED = "escalated"
    """The channel was silent or refused; somebody of the staff says it."""
    NOT_REACHED = "not_reached"


@dataclass(frozen=True)
class Night:
    """When nothing is sent, as wall time; *start* = *end*: always day."""

    start: time = time(20)
    end: time = time(8)


@dataclass(frozen=True)
class Rules:
    """What the operator sets. *delays*: the thresholds in minutes, rising. *sms_per_day*: text messages cost, and
    somebody could have thousands sent."""

    night: Night = Night()
    delays: tuple[int, ...] = (10, 20, 40, 60, 90, 120)
    sms_per_day: int = 500


@dataclass(frozen=True)
class Notice:
    """One thing for one person, without a word of it and without a contact.

    *subject_id*: the booking, the entry of the waiting list (`Kind.OFFERED`), the person (`Kind.CALL_BACK`), or the
    mandate (`Kind.MANDATE`). *step*: which of several of its kind: the threshold of a delay, the number of a call.
    *minutes*: what is said of a delay. *channel*: None until it is spread. *due_at*: the earliest moment; *until*:
    behind it nobody needs it any more.
    """

    id: str
    kind: Kind
    person_id: str
    subject_id: str
    due_at: datetime
    until: datetime
    step: int = 0
    minutes: int = 0
    channel: Channel | None = None
    attempts: int = 0


@dataclass(frozen=True)
class CodeAsked(Event):
    """Somebody asks for a one-time code; whether anybody gets one is found out behind the answer."""

    code_id: str


class CallUnknown(Refusal):
    """There is no such open line in the call list."""

    sense = Sense.MISSING
    key = "refusal.not_found"


class PushRefused(Refusal):
    """A browser's subscription is not one that we send to."""

    key = "refusal.push"


DELAY_AHEAD = timedelta(hours=2)
"""Of visits that are further ahead no delay is told: until then it may be made good."""
ON_THE_WAY = timedelta(minutes=15)
"""So long before the start that was said, who was told of a delay is asked to come."""
CALL_BACK_WITHIN = timedelta(days=3)
"""A weekend long; then whoever wished to be called has found another way."""
STILL_OF_USE = timedelta(minutes=30)
"""After that nobody needs to be asked to come any more."""


def planned(start: datetime, *, now: datetime, zone: ZoneInfo) -> list[tuple[Kind, datetime, datetime]]:
    """What is told of an appointment that was just booked: kind, when, and until when it is of use.

    The first reminder comes at the same wall time of the day before, the second two hours ahead; neither for an
    appointment that is nearer than that already.
    """
    reminders = [(Kind.DAY_BEFORE, day_before(start, zone)), (Kind.TWO_HOURS, start - timedelta(hours=2))]
    return [(Kind.CONFIRMED, now, start), *((kind, due, start) for kind, due in reminders if due > now)]


def day_before(start: datetime, zone: ZoneInfo) -> datetime:
    """The same wall time one civil day earlier; where a clock skips it, the moment behind the gap."""
    local = start.astimezone(zone)
    return _at(local.date() - timedelta(days=1), local.time(), zone, start - timedelta(hours=25))


def awake(due: datetime, until: datetime, night: Night, zone: ZoneInfo) -> datetime | None:
    """When something due may be sent: not at night, but then in the morning, if it is still of use; else None."""
    local = due.astimezone(zone)
    wall = local.time()
    if not is_night(wall, night):
        at = due
    else:
        next_day = night.start > night.end and wall >= night.start
        at = _at(local.date() + timedelta(days=int(next_day)), night.end, zone, due)
    return at if at < until or at == due else None


def is_night(wall: time, night: Night) -> bool:
    if night.start <= night.end:
        return night.start <= wall < night.end
    return wall >= night.start or wall < night.end


def _at(day: date, wall: time, zone: ZoneInfo, not_before: datetime) -> datetime:
    """*wall* on *day*; of two moments that read so, the first that is not before *not_before*."""
    plain = datetime.combine(day, wall.replace(tzinfo=None, fold=0), tzinfo=zone)
    utc = ZoneInfo("UTC")
    first, second = plain.astimezone(utc), plain.replace(fold=1).astimezone(utc)
    earlier, later = min(first, second), max(first, second)
    return earlier if earlier >= not_before and _reads(earlier, wall, zone) else later


def _reads(moment: datetime, wall: time, zone: ZoneInfo) -> bool:
    return moment.astimezone(zone).time().replace(fold=0) == wall.replace(tzinfo=None, fold=0)


def delay_step(late_minutes: int, said: int, steps: Collection[int]) -> int | None:
    """The threshold that a delay has passed and of which nothing was said yet; None: nothing is to be said.

    *said*: the longest delay that this person was told of. Of several at once only the highest is told.
    """
    passed = [step for step in steps if step <= late_minutes]
    return max(passed) if passed and max(passed) > said else None


def at_least(late: timedelta) -> int:
    """Minutes, down to the last 5: who is told fifteen minutes and is called after twelve would have missed it."""
    return max(0, int(late / timedelta(minutes=5)) * 5)


def is_moot(kind: Kind, step: int, state: VisitState) -> bool:
    """Whether nobody needs to hear it any more, as the visit stands."""
    match kind:
        case Kind.DAY_BEFORE | Kind.TWO_HOURS | Kind.DELAY:
            return state is not VisitState.PLANNED
        case Kind.COME_NOW:
            return state is not (VisitState.CALLED if step else VisitState.PLANNED)
        case Kind.MOVED | Kind.DOCTOR_CHANGED | Kind.PLACE_KEPT:  # who is there, or was, knows
            return state not in (VisitState.PLANNED, VisitState.NO_SHOW)
        case _:
            return False


def is_away(facts: Collection[Fact], *, is_home: bool) -> bool:
    """Whether somebody who is called is not in front of the room, as far as is known."""
    missed = [one for one in facts if one.kind is FactKind.RECALLED or one.reason is FactReason.NOT_IN_ROOM]
    return is_home or bool(missed)


def calls_of(facts: Collection[Fact]) -> int:
    """How often somebody was called."""
    return sum(one.kind in (FactKind.CALLED, FactKind.RECALLED) for one in facts)


WORTH_A_CALL = frozenset(
    {Kind.DAY_BEFORE, Kind.COME_NOW, Kind.DELAY, Kind.MOVED, Kind.DOCTOR_CHANGED, Kind.CANCELLED},
)
"""What is said on the telephone to those who have nothing else; whom time is offered to, the waiting list tells."""
WORTH_A_LETTER = frozenset({Kind.MOVED, Kind.DOCTOR_CHANGED, Kind.CANCELLED})
"""Of whom no number is known: what staff must find a way for. All else stands on the slip and on the monitor."""

_MOBILE = re.compile(r"^(?:(?:\+|00)49(?:\(0\))?|0)?1[567]\d")
_NO_DIGIT = re.compile(r"[^\d+()]")


def is_mobile(number: str) -> bool:
    """Whether a German number can get a text message (Bundesnetzagentur: 015, 016, 017)."""
    plain = _NO_DIGIT.sub("", number)
    return plain.startswith(("0", "+")) and bool(_MOBILE.match(plain))


_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def is_address(text: str) -> bool:
    """Whether a mail can be sent there, as far as can be seen."""
    return _ADDRESS.fullmatch(text) is not None


def channels(
    kind: Kind, person: Person, there: Collection[Channel], *, has_push: bool, by_herself: bool = False
) -> tuple[Channel, ...]:
    """On which channels somebody is told; none: nobody needs to.

    *there*: the channels that this centre has. *has_push*: one of the person's browsers wishes to hear. *by_herself*:
    it was her own doing, so that nobody needs to call her about it.
    """
    found = [Channel.PUSH] if has_push and Channel.PUSH in there else []
    own = own_channel(person)
    if own is not None and own in there:
        found.append(own)
    if found or by_herself:
        return tuple(found)
    worth = WORTH_A_LETTER if person.way is Way.PAPER else WORTH_A_CALL
    return (Channel.CALL,) if kind in worth else ()


def own_channel(person: Person) -> Channel | None:
    """Where a program reaches her, if the centre has the channel."""
    if person.way is Way.EMAIL:
        return Channel.EMAIL
    return Channel.SMS if person.way is Way.PHONE and is_mobile(person.contact) else None


CLAIM = timedelta(minutes=2)
"""So long a notice belongs to whoever sends it; a sender that died meanwhile has not done it."""
ATTEMPTS = 8
CALL_AGAIN = timedelta(minutes=10)
CALLS = 3
"""So often staff try to reach somebody."""
KEEP = timedelta(days=30)
LOOKED_AT_WITHIN = timedelta(days=7)
LINK_LASTS = timedelta(days=1)
"""After the appointment a notice's link opens nothing any more."""


def retry_after(attempts: int) -> timedelta:
    """How long to wait after *attempts* that failed: 5 s, 20 s, 80 s, 5 minutes at the most."""
    return min(timedelta(seconds=5 * 4 ** (attempts - 1)), timedelta(minutes=5))


def patience(kind: Kind) -> timedelta:
    """How long a channel may be silent before somebody of the staff says it instead."""
    match kind:
        case Kind.COME_NOW:
            return timedelta(minutes=2)
        case Kind.DELAY:
            return timedelta(minutes=5)
        case _:
            return timedelta(minutes=30)


def escalates(notice: Notice, *, morning: datetime, now: datetime) -> bool:
    """Whether a notice that was not delivered goes to the call list now. At night no channel was asked, so that its
    time runs from the *morning* on."""
    return now >= min(max(notice.due_at, morning) + patience(notice.kind), notice.until)


def morning_before(now: datetime, night: Night, zone: ZoneInfo) -> datetime:
    """When the night before *now* ended."""
    local = now.astimezone(zone)
    days = 0 if local.time() >= night.end else 1
    return _at(local.date() - timedelta(days=days), night.end, zone, now - timedelta(hours=26))
