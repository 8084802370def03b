"""What FHIR resources come to as the planner's values."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.day import Arrow, Way
from telemed.directory import fhir, hours
from telemed.directory.calendar import ALWAYS
from telemed.directory.model import Buffers, Directory
from tests.builders import ZONE, quarter

MINUTES = timedelta(minutes=1)
NEW_YEAR = date(2027, 1, 1)
FRIDAY = date(2027, 1, 8)
WORKDAY = [("08:00", "18:00")]

Resource = Mapping[str, Any]


def known(*changed: Resource) -> Directory:
    """The small quarter with *changed* in place of what has their ids, or added."""
    resources = {f"{r['resourceType']}/{r['id']}": r for r in (*quarter(), *changed)}
    return fhir.directory(resources.values(), version=1, stamp="made up")


def changed(name: str, *extensions: Resource, **elements: Any) -> Resource:
    """The resource *name* of the small quarter with more extensions and other elements."""
    resource = next(r for r in quarter() if f"{r['resourceType']}/{r['id']}" == name)
    return {**resource, "extension": [*resource.get("extension", ()), *extensions], **elements}


def coded(system: str, *codes: str) -> list[Resource]:
    return [{"coding": [{"system": system, "code": code}]} for code in codes]


def minutes(url: str, value: int) -> Resource:
    return {"url": url, "valueDuration": {"value": value, "unit": "min"}}


def code(url: str, value: str) -> Resource:
    return {"url": url, "valueCode": value}


def yes(url: str, value: bool = True) -> Resource:
    return {"url": url, "valueBoolean": value}


def period(url: str, start: str, end: str) -> Resource:
    return {"url": url, "valuePeriod": {"start": start, "end": end}}


def on(directory: Directory, actor_id: str, day: date) -> list[tuple[str, str]]:
    """When somebody or something is open on *day*, on the wall."""
    actor = directory.actor(actor_id)
    assert actor is not None
    start = datetime(day.year, day.month, day.day, tzinfo=ZONE)
    found = actor.hours.between(start, start + timedelta(days=1), ZONE)
    return [(f"{a.astimezone(ZONE):%H:%M}", f"{b.astimezone(ZONE):%H:%M}") for a, b in found]


def person(person_id: str, *roles: Resource, languages: Iterable[str] = ()) -> list[Resource]:
    """A Practitioner with roles of these codes and elements."""
    spoken = {"communication": coded(fhir.BCP_47, *languages)} if languages else {}
    reference = {"reference": f"Practitioner/{person_id}"}
    return [
        {"resourceType": "Practitioner", "id": person_id, **spoken},
        *(
            {"resourceType": "PractitionerRole", "id": f"{person_id}-{n}", "practitioner": reference, **role}
            for n, role in enumerate(roles)
        ),
    ]


DOCTOR = {"code": coded(fhir.ROLES, "doctor"), "specialty": coded(fhir.SPECIALTIES, "ALLG")}
NURSE = {"code": coded(fhir.OWN_LEVELS, "nurse")}
INTERPRETER = {"code": coded(fhir.OWN_ROLES, "interpreter")}


@pytest.mark.parametrize("actor_id", ["weiss", "kaya", "room-1"])
def test_the_holidays_of_the_quarter_are_those_of_all_its_rooms_and_people(actor_id: str) -> None:
    directory = known(changed("Location/quarter", code(hours.HOLIDAYS, "DE-TH")))
    assert on(directory, actor_id, NEW_YEAR) == []
    assert on(directory, actor_id, FRIDAY) == WORKDAY
    assert on(known(), actor_id, NEW_YEAR) == WORKDAY


@pytest.mark.parametrize(("own", "expected"), [("none", WORKDAY), ("DE-SN", [])])
def test_a_room_and_a_role_may_have_holidays_of_their_own(own: str, expected: list[tuple[str, str]]) -> None:
    site = changed("Location/quarter", code(hours.HOLIDAYS, "DE-TH"))
    extension = code(hours.HOLIDAYS, own)
    directory = known(site, changed("Location/room-1", extension), changed("PractitionerRole/role-weiss", extension))
    assert on(directory, "room-1", NEW_YEAR) == on(directory, "weiss", NEW_YEAR) == expected
    assert on(directory, "brandt", NEW_YEAR) == []


def test_a_place_of_somebody_else_takes_no_holidays_away() -> None:
    foreign = {"resourceType": "Location", "id": "a-ward", "name": "Station"}
    directory = known(foreign, changed("Location/quarter", code(hours.HOLIDAYS, "DE-TH")))
    assert on(directory, "room-1", NEW_YEAR) == []


def test_devices_know_no_holidays() -> None:
    assert known(changed("Location/quarter", code(hours.HOLIDAYS, "DE-TH"))).devices["cuff-1"].hours == ALWAYS


@pytest.mark.parametrize(
    ("during", "expected"),
    [
        ({"start": "2027-01-08", "end": "2027-01-08"}, []),
        ({"start": "2027-01-07T12:00:00+01:00", "end": "2027-01-08T10:00:00+01:00"}, [("10:00", "18:00")]),
        ({"start": "2027-01-08T12:00:00Z"}, [("08:00", "13:00")]),
        ({"end": "2027-01"}, []),
        ({"start": "2027-01-09"}, WORKDAY),
        ({"end": "2027-01-07"}, WORKDAY),
        (None, WORKDAY),
    ],
    ids=["a day", "from noon to morning", "for good", "a month", "later", "before", "in words alone"],
)
def test_an_absence_of_a_role_closes(during: Resource | None, expected: list[tuple[str, str]]) -> None:
    absence = {"description": "Urlaub", **({"during": during} if during else {})}
    assert on(known(changed("PractitionerRole/role-weiss", notAvailable=[absence])), "weiss", FRIDAY) == expected


def test_a_day_of_absence_is_a_day_in_the_zone_of_the_quarter() -> None:
    absence = {"description": "Urlaub", "during": {"start": "2027-07-13", "end": "2027-07-13"}}
    ((start, end),) = (
        known(changed("PractitionerRole/role-weiss", notAvailable=[absence])).doctors["weiss"].hours.closed
    )
    assert (start, end) == (datetime(2027, 7, 12, 22, tzinfo=UTC), datetime(2027, 7, 13, 22, tzinfo=UTC))


HALF_HOURS = [
    ("2027-01-08T09:00:00+01:00", "2027-01-08T09:30:00+01:00"),
    ("2027-01-08T15:00:00+01:00", "2027-01-08T15:30:00+01:00"),
]


def test_rooms_and_devices_are_closed_by_extension_as_often_as_given() -> None:
    closed = [period(hours.NOT_AVAILABLE, *span) for span in HALF_HOURS]
    directory = known(changed("Location/room-1", *closed), changed("Device/cuff-1", *closed))
    assert on(directory, "room-1", FRIDAY) == [("08:00", "09:00"), ("09:30", "15:00"), ("15:30", "18:00")]
    assert on(directory, "cuff-1", FRIDAY) == [("00:00", "09:00"), ("09:30", "15:00"), ("15:30", "00:00")]
    assert on(directory, "weiss", FRIDAY) == WORKDAY


@pytest.mark.parametrize(("name", "actor_id"), [("Location/room-1", "room-1"), ("PractitionerRole/role-kaya", "kaya")])
def test_an_extra_opening_counts_on_a_holiday(name: str, actor_id: str) -> None:
    extra = period(hours.ALSO_AVAILABLE, "2027-01-01T10:00:00+01:00", "2027-01-01T12:00:00+01:00")
    directory = known(changed("Location/quarter", code(hours.HOLIDAYS, "DE-TH")), changed(name, extra))
    assert on(directory, actor_id, NEW_YEAR) == [("10:00", "12:00")]
    assert on(directory, actor_id, FRIDAY) == WORKDAY


def test_buffers_are_kept_free_around_people_devices_and_rooms() -> None:
    around = (minutes(fhir.BUFFER_BEFORE, 10), minutes(fhir.BUFFER_AFTER, 5))
    directory = known(
        changed("PractitionerRole/role-weiss", *around),
        changed("PractitionerRole/role-kaya", around[1]),
        changed("Device/cuff-1", *around),
        changed("Location/room-1", minutes(fhir.SETUP, 15)),
    )
    both = Buffers(10 * MINUTES, 5 * MINUTES)
    assert directory.doctors["weiss"].buffers == directory.devices["cuff-1"].buffers == both
    assert directory.assistants["kaya"].buffers == Buffers(after=5 * MINUTES)
    assert directory.rooms["room-1"].buffers == Buffers(15 * MINUTES, 10 * MINUTES)


def test_a_room_says_nothing_and_is_a_room_without_wheelchairs_where_one_may_bring_somebody() -> None:
    room = known().rooms["room-1"]
    assert (room.setting, room.wheelchair, room.companion, room.position) == ("room", False, True, None)


def test_a_location_with_a_setting_is_a_place_for_visits() -> None:
    place = {
        "resourceType": "Location",
        "id": "home",
        "extension": [code(fhir.SETTING, "home"), yes(fhir.WHEELCHAIR), yes(fhir.COMPANION, False)],
        "position": {"latitude": 50.88, "longitude": 11.6},
    }
    directory = known(place)
    home = directory.rooms["home"]
    assert (home.setting, home.wheelchair, home.companion, home.position) == ("home", True, False, (50.88, 11.6))
    assert not home.is_claimed
    assert directory.quarter_name == "Musterviertel"
    assert "home" not in known({**place, "status": "suspended"}).rooms


def test_the_way_to_a_room_has_a_picture_an_arrow_and_perhaps_a_text() -> None:
    parts = [code("picture", "tree"), code("arrow", "left"), {"url": "text", "valueString": "Zweite Tür"}]
    assert known().rooms["room-1"].way is None
    with_way = known(changed("Location/room-1", {"url": fhir.WAY, "extension": parts}))
    assert with_way.rooms["room-1"].way == Way(picture="tree", arrow=Arrow.LEFT, text="Zweite Tür")


def test_languages_are_those_of_bcp_47_and_a_dialect_is_its_language() -> None:
    told = [*coded(fhir.BCP_47, "de-AT", "ru", "de"), *coded("http://other", "xx")]
    practitioner = changed("Practitioner/weiss", communication=told)
    assert known(practitioner).doctors["weiss"].languages == ("de-AT", "de", "ru")


def test_an_interpreter_speaks_and_has_hours() -> None:
    times = [{"availableStartTime": "09:00:00", "availableEndTime": "12:00:00"}]
    directory = known(*person("rahimi", {**INTERPRETER, "availableTime": times}, languages=["ar", "ru"]))
    assert directory.interpreters["rahimi"].languages == ("ar", "ru")
    assert on(directory, "rahimi", FRIDAY) == [("09:00", "12:00")]
    assert "rahimi" not in {**directory.doctors, **directory.assistants}


@pytest.mark.parametrize(
    ("roles", "group"),
    [
        ([INTERPRETER, NURSE, DOCTOR], "doctors"),
        ([INTERPRETER, NURSE], "assistants"),
        ([{"code": [*NURSE["code"], *INTERPRETER["code"]]}], "assistants"),
        ([INTERPRETER, INTERPRETER], "interpreters"),
        ([{**DOCTOR, "active": False}, INTERPRETER], "interpreters"),
    ],
    ids=["all three", "two", "two in one role", "the same twice", "one of them inactive"],
)
def test_one_person_is_one_resource(roles: list[Resource], group: str) -> None:
    directory = known(*person("many", *roles))
    groups = {"doctors": directory.doctors, "assistants": directory.assistants, "interpreters": directory.interpreters}
    assert [name for name, people in groups.items() if "many" in people] == [group]


def test_two_roles_of_one_kind_are_one_person_with_the_longer_buffers() -> None:
    first = {**NURSE, "extension": [minutes(fhir.BUFFER_AFTER, 5)], "location": [{"reference": "Location/room-1"}]}
    second = {"code": coded(fhir.OWN_LEVELS, "helper"), "extension": [minutes(fhir.BUFFER_AFTER, 10)]}
    nurse = known(*person("many", first, second)).assistants["many"]
    assert (nurse.level, nurse.room_ids, nurse.buffers) == ("nurse", (), Buffers(after=10 * MINUTES))


def test_a_service_says_how_long_it_needs_an_assistant_and_whether_an_order() -> None:
    more = (minutes(fhir.ASSISTANT_MINUTES, 5), yes(fhir.NEEDS_ORDER))
    service = known(changed("HealthcareService/general-20", *more)).services["general-20"]
    assert (service.assistant_for, service.needs_order) == (5 * MINUTES, True)
    plain = known().services["general-20"]
    assert (plain.assistant_for, plain.needs_order) == (None, False)


def test_a_kind_of_device_named_twice_is_needed_twice() -> None:
    needed = [
        {"url": fhir.REQUIRED_DEVICE, "valueCoding": {"system": system, "code": number}}
        for system, number in ((fhir.OWN_DEVICES, "ecg"), (fhir.MDC, "528391"))
    ]
    service = known(changed("HealthcareService/general-20-cuff", *needed)).services["general-20-cuff"]
    assert service.devices == ("blood-pressure", "blood-pressure", "ecg")


@pytest.mark.parametrize(
    ("system", "number", "kind"),
    [
        (fhir.MDC, "528392", "thermometer"),
        (fhir.MDC, "528399", "scale"),
        (fhir.MDC, "528401", "glucose"),
        (fhir.OWN_DEVICES, "heart-rate", "heart-rate"),
        (fhir.OWN_DEVICES, "ecg", "ecg"),
        (fhir.OWN_DEVICES, "otoscope", "otoscope"),
        (fhir.OWN_DEVICES, "dermatoscope", "dermatoscope"),
    ],
)
def test_these_kinds_of_devices_are_known(system: str, number: str, kind: str) -> None:
    device = changed("Device/cuff-1", type=coded(system, number)[0])
    assert known(device).devices["cuff-1"].kind == kind


def test_the_stamp_is_that_of_the_version() -> None:
    assert known().stamp == "made up"
