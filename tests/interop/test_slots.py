"""Slots as a view: free and busy time of a schedule, cut and named."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from telemed.directory.calendar import ALWAYS, Hours, Opening, Span
from telemed.directory.model import Device, Directory, Doctor, Interpreter, Room, Service
from telemed.fhir.validate import validate
from telemed.interop.model import SHORTEST, Slot, busy, opened, pieces, slot_length

ZONE = ZoneInfo("Europe/Berlin")
MINUTES_20 = timedelta(minutes=20)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 1, 12, hour, minute, tzinfo=UTC)


def spans(*hours: tuple[int, int]) -> list[Span]:
    return [(at(start), at(end)) for start, end in hours]


def hours(*openings: tuple[int, int]) -> Hours:
    day = tuple(Opening(at(start).time(), at(end).time()) for start, end in openings)
    return Hours((day,) * 7)


def make_directory(doctor: Hours, room: Hours, *minutes: int) -> Directory:
    services = {f"s{n}": Service(f"s{n}", "", "ALLG", timedelta(minutes=n), (), "helper", ("room",)) for n in minutes}
    return Directory(
        zone=ZONE,
        doctors={"weiss": Doctor("weiss", "Dr. Weiß", ("ALLG",), doctor, "role")},
        assistants={},
        rooms={"room": Room("room", "Raum 1", room, timedelta(0), "", "")},
        devices={},
        services=services,
        schedules={},
        version=1,
        quarter_name="",
    )


def test_a_span_is_cut_from_its_start() -> None:
    assert pieces([(at(8), at(8, 50))], MINUTES_20) == [(at(8), at(8, 20)), (at(8, 20), at(8, 40))]


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        ([], [(8, 12), (13, 17)]),
        ([(8, 12), (13, 17)], []),
        ([(9, 10)], [(8, 9), (10, 12), (13, 17)]),
        ([(8, 9), (10, 11), (16, 17)], [(9, 10), (11, 12), (13, 16)]),
        ([(5, 20)], []),
    ],
)
def test_busy_is_what_is_open_and_not_free(free: list[tuple[int, int]], expected: list[tuple[int, int]]) -> None:
    assert busy(spans((8, 12), (13, 17)), spans(*free)) == spans(*expected)


def test_all_actors_are_open_at_once() -> None:
    known = make_directory(hours((9, 13), (14, 18)), hours((10, 15)))
    assert opened(known, ["weiss", "room"], at(0), at(23)) == spans((9, 12), (13, 14))
    assert opened(known, ["weiss", "nobody"], at(0), at(23)) == []
    assert opened(known, [], at(0), at(23)) == []


def test_a_device_and_an_interpreter_are_open_as_they_say() -> None:
    away = replace(ALWAYS, closed=((at(12), at(14)),))
    cuff = Device("cuff", "blood-pressure", "room", bookable_until=at(16), name="", hours=away)
    known = replace(
        make_directory(hours((9, 18)), hours()),
        devices={"cuff": cuff},
        interpreters={"rahimi": Interpreter("rahimi", "", ("ar",), hours((11, 13)))},
    )
    assert opened(known, ["cuff"], at(0), at(23)) == spans((0, 12), (14, 16))
    assert opened(known, ["weiss", "cuff"], at(0), at(23)) == spans((8, 12), (14, 16))
    assert opened(known, ["rahimi", "cuff"], at(0), at(23)) == spans((10, 12))
    assert opened(known, ["cuff"], at(17), at(23)) == []


def test_nobody_is_open_on_a_holiday() -> None:
    known = make_directory(replace(hours((9, 13)), holidays="DE-BE"), hours())
    womens_day = datetime(2027, 3, 8, tzinfo=UTC)
    assert opened(known, ["weiss"], womens_day, womens_day + timedelta(days=1)) == []


def test_openings_that_touch_are_one() -> None:
    known = make_directory(hours((9, 13), (13, 18)), hours())
    assert opened(known, ["weiss"], at(0), at(23)) == spans((8, 17))


def test_a_slot_is_as_long_as_the_shortest_service() -> None:
    known = make_directory(hours(), hours(), 20, 15, 30)
    assert slot_length(known, ["weiss"]) == slot_length(known, ["room"]) == timedelta(minutes=15)
    assert slot_length(known, ["nobody"]) == SHORTEST


def test_a_slot_is_valid_fhir() -> None:
    slot = validate(Slot("calendar", at(9), at(9, 20), free=False).content())
    assert json.loads(slot.content) == {
        "resourceType": "Slot",
        "id": "calendar.20270112T0900Z.20",
        "schedule": {"reference": "Schedule/calendar"},
        "status": "busy",
        "start": "2027-01-12T09:00:00Z",
        "end": "2027-01-12T09:20:00Z",
    }
