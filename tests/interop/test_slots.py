"""Slots as a view: free and busy time of a schedule, cut and named."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from telemed.booking.ground import Ground
from telemed.booking.planner import Window as PlanWindow
from telemed.booking.planner import tick_of
from telemed.directory.calendar import ALWAYS, Hours, Opening, Span
from telemed.directory.model import Device, Directory, Doctor, Interpreter, Room, Service, slot_id
from telemed.fhir.validate import validate
from telemed.fhir.values import Window
from telemed.interop.slots import SHORTEST, Slot, of_schedules, opened, slot_length

ZONE = ZoneInfo("Europe/Berlin")


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


def slots_of(known: Directory, *windows: Window, busy: tuple[tuple[int, int], ...] = (), now: datetime) -> list[Slot]:
    """Of weiss's calendar; *busy* in hours of the day."""
    window = PlanWindow.horizon(now)
    taken = sum(window.mask(tick_of(at(a)), tick_of(at(b))) for a, b in busy)
    here = Ground(known, window, {"weiss": taken})
    return [Slot._make(one) for one in of_schedules(here, ["calendar"], windows or (Window(),), now=now)]


def calendar(*openings: tuple[int, int], minutes: int = 20) -> Directory:
    return replace(make_directory(hours(*openings), hours(), minutes), schedules={"calendar": ("weiss",)})


def test_free_time_is_cut_from_its_start_and_what_is_left_is_too_short() -> None:
    known = calendar((8, 9), (10, 11), minutes=25)
    found = slots_of(known, Window(None, at(23)), now=at(6))
    assert [f"{one.start:%H:%M}" for one in found] == ["07:00", "07:25", "09:00", "09:25"]
    assert all(one.free for one in found)


def test_what_is_taken_is_busy_as_a_whole() -> None:
    found = slots_of(calendar((8, 12)), Window(None, at(23)), busy=((8, 10),), now=at(0))
    assert [(f"{one.start:%H:%M}", one.status) for one in found][:5] == [
        ("07:00", "free"),
        ("07:20", "free"),
        ("07:40", "free"),
        ("08:00", "busy"),
        ("10:00", "free"),
    ]


@pytest.mark.parametrize("minute", [0, 5, 10, 15])
def test_the_same_slots_are_found_whenever_one_asks_and_from_whenever_on(minute: int) -> None:
    known = calendar((8, 12))
    every = slots_of(known, Window(None, at(23)), now=at(0))
    later = slots_of(known, Window(at(8, minute), at(23)), now=at(0))
    now = slots_of(known, Window(None, at(23)), now=at(8, minute) - timedelta(minutes=1))
    assert later == now == [one for one in every if one.start >= at(8, minute)]


def test_nothing_goes_beyond_midnight_and_several_spans_of_time_are_alternatives() -> None:
    known = replace(make_directory(ALWAYS, hours(), 25), schedules={"calendar": ("weiss",)})
    found = slots_of(known, Window(at(0), at(1)), Window(at(22), None), now=at(0))
    starts = [f"{one.start:%d %H:%M}" for one in found]
    assert starts[:3] == ["12 00:25", "12 00:50", "12 22:05"]
    assert {"12 23:20", "13 00:00"} <= set(starts)
    assert "12 23:45" not in starts
    assert len({one.id for one in found}) == len(found)


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
    assert slot_length(known, ("weiss",)) == slot_length(known, ("room",)) == timedelta(minutes=15)
    assert slot_length(known, ("nobody",)) == SHORTEST


def test_a_slot_is_valid_fhir_and_its_id_names_it() -> None:
    made = Slot(tick_of(at(9)), "calendar", tick_of(at(9, 20)), free=False)
    slot = validate(made.content())
    assert made.id == slot_id("calendar", at(9), at(9, 20)) == slot.id
    assert json.loads(slot.content) == {
        "resourceType": "Slot",
        "id": "calendar.20270112T0900Z.20",
        "meta": {"profile": ["https://gematik.de/fhir/isik/StructureDefinition/ISiKTerminblock"]},
        "schedule": {"reference": "Schedule/calendar"},
        "status": "busy",
        "start": "2027-01-12T09:00:00Z",
        "end": "2027-01-12T09:20:00Z",
    }
