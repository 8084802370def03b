"""A city to plan in, the same on every run: what there is, what is taken, and what people ask for.

50 rooms, 500 doctors of 20 specialties, 100 assistants of three levels, 1 or 2 devices of most of 5 kinds in a room,
over the eight weeks that one may book: they hold a public holiday and the night in which summer time ends.
"""

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import combinations, product
from random import Random
from zoneinfo import ZoneInfo

from telemed.booking.planner import HORIZON, What, Window, Wish
from telemed.directory.calendar import Hours, Opening
from telemed.directory.model import Assistant, AssistantLevel, Buffers, Device, Directory, Doctor, Room, Service

SEED = 20261005
NOW = datetime(2026, 10, 5, 5, 0, tzinfo=UTC)
"""A Monday, 7:00 on the wall."""
ZONE = ZoneInfo("Europe/Berlin")
HOLIDAYS = "DE-TH"
ROOMS, DOCTORS, ASSISTANTS = 50, 500, 100
SPECIALTIES = (
    *("ALLG", "ANAE", "AUGE", "CHIR", "HAUT", "FRAU", "HNOH", "INNE", "KIJU", "LABO"),
    *("NEUR", "NUKL", "ORTH", "PATH", "PHAR", "PSYC", "RADI", "STRA", "UROL", "MZKH"),
)
REGION = "INTZ"
"""A specialty and a service of it that every doctor of the city offers."""
KINDS = ("blood-pressure", "ecg", "exam-camera", "oximeter", "stethoscope")
LEVELS: tuple[tuple[AssistantLevel, float], ...] = (("helper", 0.4), ("medical-assistant", 0.35), ("nurse", 0.25))
"""With the share of the assistants."""
VISIT = timedelta(minutes=30)
SHARES = (0.0, 0.3, 0.6, 0.9, 0.99)
USUAL = 0.6
JENA = (50.927, 11.586)


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=5 * count)


def _hours(by_weekday: Iterable[Iterable[tuple[float, float]]]) -> Hours:
    """From openings in hours of the day, Monday first."""
    days = [tuple(Opening(_wall(a), _wall(b)) for a, b in day) for day in by_weekday]
    return Hours((*days, *[()] * (7 - len(days))), HOLIDAYS)


def _wall(hour: float) -> time:
    return time(int(hour), round(hour % 1 * 60))


def _room(rng: Random, number: int) -> Room:
    opens, closes = rng.choice(((8, 18), (7, 17), (9, 19), (8, 16)))
    saturday = [(9, 13)] if rng.random() < 0.3 else []
    return Room(
        id=f"room-{number:02}",
        name=f"Room {number}",
        hours=_hours([*[[(opens, closes)]] * 5, saturday]),
        cleaning=timedelta(minutes=10),
        address="",
        phone="",
        setup=_minutes(rng.randrange(2)),
        position=(round(JENA[0] + rng.uniform(-0.05, 0.05), 6), round(JENA[1] + rng.uniform(-0.08, 0.08), 6)),
    )


def _doctor(rng: Random, number: int) -> Doctor:
    """Two of three work part time: fewer days, and some of the half days."""
    days = rng.choice((5, 4, 3))
    working = rng.sample(range(5), days)
    morning, afternoon = rng.choice((7.5, 8, 8.5, 9)), rng.choice((13, 13.5, 14))
    weekly: list[list[tuple[float, float]]] = [[] for _ in range(5)]
    for day in working:
        halves = [(morning, morning + 4), (afternoon, afternoon + 4)]
        weekly[day] = halves if days == 5 or rng.random() < 0.7 else [rng.choice(halves)]
    specialty = SPECIALTIES[number % len(SPECIALTIES)]
    return Doctor(
        id=f"doctor-{number:03}",
        name=f"Doctor {number}",
        specialties=(specialty, REGION),
        hours=_hours(weekly),
        role_id=f"role-doctor-{number:03}",
        buffers=Buffers(after=_minutes(1)),
    )


def _assistant(rng: Random, number: int, rooms: list[Room]) -> Assistant:
    """In four rooms near each other."""
    home = rooms[number % len(rooms)]
    near = sorted(rooms, key=lambda room: (math.dist(home.position or JENA, room.position or JENA), room.id))
    begins = rng.choice((7, 8, 9, 10))
    free = rng.randrange(8)
    weekly = [[] if day == free else [(begins, begins + 4), (begins + 4.5, begins + 8.5)] for day in range(5)]
    levels, weights = zip(*LEVELS, strict=True)
    return Assistant(
        id=f"assistant-{number:03}",
        name=f"Assistant {number}",
        level=rng.choices(levels, weights)[0],
        hours=_hours(weekly),
        room_ids=tuple(room.id for room in near[:4]),
        buffers=Buffers(before=_minutes(rng.randrange(2))),
    )


def _devices(rng: Random, room: Room) -> Iterator[Device]:
    """Nine of ten kinds, each once or twice."""
    for kind in KINDS:
        buffers = Buffers(before=_minutes(1 if kind == "ecg" else 0), after=_minutes(1))
        for number in range(rng.choice((1, 2)) if rng.random() < 0.9 else 0):
            yield Device(f"{room.id}-{kind}-{number}", kind, room.id, None, kind, buffers=buffers)


def _service(number: int, specialty: str, rooms: list[Room]) -> Service:
    """Every fifth needs two of a kind; the levels are as frequent as among the assistants."""
    needs = (KINDS[number // 5 % len(KINDS)],) * 2 if number % 5 == 4 else ()
    levels: tuple[AssistantLevel, ...] = ("helper", "helper", "medical-assistant", "helper", "nurse")
    stays = timedelta(minutes=15) if number % 4 == 0 else None
    room_ids = tuple(room.id for room in rooms)
    return Service(specialty, specialty, specialty, VISIT, needs, levels[number % 5], room_ids, stays)


@cache
def directory() -> Directory:
    """What there is."""
    rng = Random(SEED)
    rooms = [_room(rng, number) for number in range(ROOMS)]
    services = [_service(n, specialty, rooms) for n, specialty in enumerate((*SPECIALTIES, REGION))]
    everybody = [_doctor(rng, number) for number in range(DOCTORS)]
    helping = [_assistant(rng, number, rooms) for number in range(ASSISTANTS)]
    return Directory(
        zone=ZONE,
        doctors={one.id: one for one in everybody},
        assistants={one.id: one for one in helping},
        rooms={one.id: one for one in rooms},
        devices={device.id: device for room in rooms for device in _devices(rng, room)},
        services={one.id: one for one in services},
        schedules={},
        version=1,
        quarter_name="City",
    )


WINDOW = Window.horizon(NOW)


@cache
def _asked() -> list[tuple[str, str, tuple[str, ...]]]:
    """Every specialty near every room with every two kinds of device, shuffled."""
    every = product(SPECIALTIES, directory().rooms, combinations(KINDS, 2))
    return Random(SEED).sample(list(every), len(SPECIALTIES) * ROOMS * len(list(combinations(KINDS, 2))))


def wishes(first: int, last: int, service_id: str = "") -> list[Wish]:
    """The wishes *first* to *last* (excluded) of thousands of which no two are alike; all for one service, if named."""
    return [
        _wish(service_id or specialty, room_id, kinds, 10 + 5 * (n % 2))
        for n, (specialty, room_id, kinds) in enumerate(_asked()[first:last])
    ]


def everything() -> list[Wish]:
    """Wishes that touch every group of resources that `wishes` can come to."""
    return [_wish(specialty, room_id, KINDS, 10) for specialty in SPECIALTIES for room_id in directory().rooms]


def _wish(service_id: str, room_id: str, kinds: tuple[str, ...], align: int) -> Wish:
    near = directory().rooms[room_id].position
    return Wish(What(service_id, devices=kinds, near=near), NOW, NOW + HORIZON, align)
