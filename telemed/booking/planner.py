"""What is asked, what is answered, and which ticks an answer takes (DESIGN D3). Pure.

Time is counted in ticks of five minutes from 1970, in UTC; times that lie between two round outward.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache

from telemed.directory.model import NO_BUFFERS, AssistantLevel, Directory, Room, Service, Setting

TICK = timedelta(minutes=5)
HORIZON = timedelta(days=56)
"""So far ahead one may book."""
MARGIN = 96
"""Ticks known before and after a window, so that buffers around its first and last visits are seen; none is longer."""
DAY = 288
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def tick_of(moment: datetime) -> int:
    """The tick in which *moment* lies, counted from 1970."""
    return (moment - _EPOCH) // TICK


def tick_after(moment: datetime) -> int:
    """The first tick that begins at or after *moment*."""
    return -((_EPOCH - moment) // TICK)


@lru_cache(maxsize=4096)
def moment_of(tick: int) -> datetime:
    """When *tick* begins, in UTC."""
    return _EPOCH + tick * TICK


def ticks_in(span: timedelta) -> int:
    """The ticks that *span* needs, rounded up."""
    return -(-span // TICK)


@dataclass(frozen=True)
class Window:
    """Ticks *first* (included) to *last* (excluded); bit *i* of a mask over it is its *i*-th tick."""

    first: int
    last: int

    @classmethod
    def of(cls, start: datetime, end: datetime) -> "Window":
        return cls(tick_of(start), tick_after(end))

    @classmethod
    def around(cls, start: datetime, end: datetime) -> "Window":
        """With the margin that buffers need, to whole days: so that many ask for the same, and it is remembered."""
        return cls((tick_of(start) - MARGIN) // DAY * DAY, -(-(tick_after(end) + MARGIN) // DAY) * DAY)

    @classmethod
    def horizon(cls, now: datetime) -> "Window":
        """Whole days from before *now* to behind the last moment that one may book; the same all day long."""
        first = (tick_of(now) // DAY - 1) * DAY
        return cls(first, first + ticks_in(HORIZON) + 3 * DAY)

    @property
    def ticks(self) -> int:
        return self.last - self.first

    @cached_property
    def all(self) -> int:
        return (1 << self.ticks) - 1

    def mask(self, first: int, last: int) -> int:
        """Bits for the ticks *first* to *last*, as far as they lie inside."""
        low, high = max(first, self.first) - self.first, min(last, self.last) - self.first
        return (1 << high) - (1 << low) if high > low else 0


@dataclass(frozen=True)
class What:
    """What a wish asks for, whatever the time. All kinds must be met; within one kind any will do.

    *doctor_ids*, *room_ids*: any of these; empty means any at all. *devices* and *level* come on top of what the
    service needs. *language*: a doctor who speaks it, or else an interpreter. *near*: latitude and longitude; the
    *nearest* rooms are looked at, the nearest first. *settings*: where, empty for any. *ordered*: a doctor ordered it.
    *length*: longer than the service is by itself.
    """

    service_id: str
    doctor_ids: tuple[str, ...] = ()
    room_ids: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    level: AssistantLevel | None = None
    settings: tuple[Setting, ...] = ()
    language: str = ""
    wheelchair: bool = False
    companion: bool = False
    near: tuple[float, float] | None = None
    nearest: int = 5
    ordered: bool = False
    length: timedelta | None = None


@dataclass(frozen=True)
class Wish:
    """A visit wholly between *earliest* and *latest* that starts on the wall at multiples of *align_minutes*.

    *spread*: no two on the same half of a day, so that there is a choice.
    """

    what: What
    earliest: datetime
    latest: datetime
    align_minutes: int = 10
    spread: bool = False


@dataclass(frozen=True, init=False)
class Offer:
    """One complete answer: everybody and everything at one time. *end* is without buffers.

    *assistant_id* is empty at home, *interpreter_id* where none is needed.
    """

    service_id: str
    start: datetime
    end: datetime
    doctor_id: str
    room_id: str
    assistant_id: str
    device_ids: tuple[str, ...]
    interpreter_id: str = ""

    def __init__(  # that of a frozen dataclass takes three times as long, and a search makes 20
        self,
        service_id: str,
        start: datetime,
        end: datetime,
        doctor_id: str,
        room_id: str,
        assistant_id: str,
        device_ids: tuple[str, ...],
        interpreter_id: str = "",
    ) -> None:
        fields = self.__dict__
        fields["service_id"] = service_id
        fields["start"] = start
        fields["end"] = end
        fields["doctor_id"] = doctor_id
        fields["room_id"] = room_id
        fields["assistant_id"] = assistant_id
        fields["device_ids"] = device_ids
        fields["interpreter_id"] = interpreter_id

    @property
    def resource_ids(self) -> tuple[str, ...]:
        named = (self.doctor_id, self.room_id, self.assistant_id, *self.device_ids, self.interpreter_id)
        return tuple(filter(None, named))


Claim = tuple[str, int]
"""A resource and a tick of it."""


def presence(service: Service | None, offer: Offer, actor_id: str) -> timedelta:
    """How long *actor_id* is needed from the beginning of the visit."""
    if service is not None and service.assistant_for is not None and actor_id == offer.assistant_id:
        return min(service.assistant_for, offer.end - offer.start)
    return offer.end - offer.start


Taken = tuple[str, int, int]
"""A resource, and the ticks taken of it: the first, and behind the last."""


def taken(offer: Offer, directory: Directory) -> list[Taken]:
    """What *offer* takes of whom, sorted: the visit and each resource's own buffers around it."""
    service = directory.services.get(offer.service_id)
    first, last = tick_of(offer.start), tick_after(offer.end)
    found: list[Taken] = []
    for actor_id in sorted(offer.resource_ids):
        actor = directory.actor(actor_id)
        if isinstance(actor, Room) and not actor.is_claimed:
            continue
        goes = tick_after(offer.start + presence(service, offer, actor_id)) if actor_id == offer.assistant_id else last
        buffers = actor.buffers if actor is not None else NO_BUFFERS
        found.append((actor_id, first - ticks_in(buffers.before), goes + ticks_in(buffers.after)))
    return found


def claims(offer: Offer, directory: Directory) -> list[Claim]:
    """Every (resource, tick) that *offer* takes, sorted."""
    return ticks_of(taken(offer, directory))


def ticks_of(some: Iterable[Taken]) -> list[Claim]:
    """Each tick by itself."""
    return [(actor_id, tick) for actor_id, first, last in some for tick in range(first, last)]


def masks(rows: Iterable[Claim], window: Window) -> dict[str, int]:
    """Claimed ticks by resource as masks over *window*; what lies outside is left out."""
    by_resource: dict[str, list[int]] = {}
    for resource_id, tick in rows:
        if window.first <= tick < window.last:
            by_resource.setdefault(resource_id, []).append(tick - window.first)
    return {resource_id: _mask(bits) for resource_id, bits in by_resource.items()}


def _mask(bits: list[int]) -> int:
    """Few bits are set one by one, many in bytes: each operation on a whole mask copies it."""
    if len(bits) < 64:
        low = min(bits)
        small = 0
        for bit in bits:
            small |= 1 << (bit - low)
        return small << low
    data = bytearray(max(bits) // 8 + 1)
    for bit in bits:
        data[bit >> 3] |= 1 << (bit & 7)
    return int.from_bytes(data, "little")


def eroded(mask: int, ticks: int) -> int:
    """The ticks from which *ticks* in a row are set."""
    done = 1
    while done < ticks:
        step = min(done, ticks - done)
        mask &= mask >> step
        done += step
    return mask


def runs(mask: int) -> Iterator[tuple[int, int]]:
    """The runs of set bits, as (first, behind the last)."""
    at = 0
    while mask:
        zeros = (mask & -mask).bit_length() - 1
        mask >>= zeros
        ones = (~mask & (mask + 1)).bit_length() - 1
        yield at + zeros, at + zeros + ones
        mask >>= ones
        at += zeros + ones


def spans(mask: int, window: Window) -> list[tuple[datetime, datetime]]:
    """The runs of set bits, as moments."""
    return [(moment_of(window.first + first), moment_of(window.first + last)) for first, last in runs(mask)]


def day_window(day: date, directory: Directory) -> tuple[datetime, datetime]:
    """The civil day in the quarter's zone, as moments."""
    start = datetime.combine(day, datetime.min.time(), tzinfo=directory.zone)
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=directory.zone)
    return start.astimezone(UTC), end.astimezone(UTC)
