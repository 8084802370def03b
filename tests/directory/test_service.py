"""Resources are kept to the letter and read as the planner's values, on both databases."""

import re
from pathlib import Path
from typing import Any

import pytest

from telemed.directory import fhir, service, shelf
from telemed.directory.model import Actor, Directory, IdTaken
from telemed.fhir.issues import Invalid
from telemed.fhir.search import Grammar, parse
from telemed.interop import service as interop
from telemed.kit.db import Database
from telemed.kit.refusal import NotFound
from tests.builders import TUESDAY, ZONE, make_world

ROOT = Path(__file__).parents[2]
LOBEDA = ROOT / "ops" / "seed" / "lobeda"
WINZERLA = ROOT / "tests" / "data" / "seed" / "winzerla"


def found(database: Database, kind: str, *items: tuple[str, str]) -> list[str]:
    query = parse(items, Grammar(shelf.parameters(kind), ZONE, shelf.in_chains))
    with database.reading() as tx:
        return [one.id for one in shelf.load(tx).find(kind, query.criteria)]


def room(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Location", "id": "room-9", "name": "Raum 9", **fields}


def test_what_is_taken_keeps_its_text(database: Database) -> None:
    content = b'{"resourceType":"Location", "id":"a",\n "position":{"longitude":11.600,"latitude":50.8800}}'
    with database.transaction() as tx:
        assert service.take(tx, content, now=TUESDAY) == "Location/a"
    with database.reading() as tx:
        assert service.read(tx, "Location", "a") == content
        with pytest.raises(NotFound):
            service.read(tx, "Location", "b")


def test_the_same_id_again_replaces_what_was_there(database: Database) -> None:
    world = make_world(database)
    with database.transaction() as tx:
        service.take(tx, {**room(), "id": "room-1", "name": "Anderes"}, now=TUESDAY)
        after = service.load(tx)
    assert "room-1" not in after.rooms
    assert after.version == world.directory.version + 1
    assert found(database, "Location", ("name", "anderes")) == ["room-1"]
    assert found(database, "Location", ("name", "raum 1")) == []


def test_one_id_never_names_two_actors(database: Database) -> None:
    make_world(database)
    with database.transaction() as tx, pytest.raises(IdTaken):
        service.take(tx, {**room(), "id": "weiss"}, now=TUESDAY)


def test_the_directory_is_read_anew_only_after_a_change(database: Database) -> None:
    make_world(database)
    with database.reading() as tx:
        one, same = service.load(tx), service.load(tx)
    with database.transaction() as tx:
        service.take(tx, room(), now=TUESDAY)
        other = service.load(tx)
    assert one is same
    assert other is not one


def test_a_change_that_was_rolled_back_is_not_remembered(database: Database) -> None:
    make_world(database)
    a_room = {**room(), "physicalType": {"coding": [{"system": fhir.PHYSICAL_TYPES, "code": "ro"}]}}

    def take_and_fail() -> None:
        with database.transaction() as tx:
            service.take(tx, a_room, now=TUESDAY)
            assert "room-9" in service.load(tx).rooms
            raise LookupError

    with pytest.raises(LookupError):
        take_and_fail()
    with database.reading() as tx:
        assert "room-9" not in service.load(tx).rooms


def test_before_the_first_seed_there_is_an_empty_directory(database: Database) -> None:
    with database.reading() as tx:
        empty = service.load(tx)
    assert (empty.version, dict(empty.rooms), empty.quarter_name) == (0, {}, "")


@pytest.mark.parametrize(
    ("kind", "items", "ids"),
    [
        ("Practitioner", [("name", "weiß")], ["weiss"]),
        ("Practitioner", [("name", "WEISS")], ["weiss"]),
        ("Practitioner", [("name", "eis")], []),
        ("Practitioner", [("name:contains", "eis")], ["weiss"]),
        ("Practitioner", [("name", "brandt,kaya")], ["brandt", "kaya"]),
        ("Practitioner", [("name", "%")], []),
        ("PractitionerRole", [("specialty", "HAUT")], ["role-hofer"]),
        ("PractitionerRole", [("specialty", f"{fhir.SPECIALTIES}|HAUT")], ["role-hofer"]),
        ("PractitionerRole", [("specialty", "http://other|HAUT")], []),
        ("PractitionerRole", [("specialty:not", "ALLG")], ["role-hofer", "role-kaya", "role-lindner"]),
        ("PractitionerRole", [("specialty", f"{fhir.SPECIALTIES}|"), ("practitioner", "weiss")], ["role-weiss"]),
        ("Device", [("location", "Location/room-1"), ("type", "528391")], ["cuff-1"]),
        ("Schedule", [("actor", "Practitioner/hofer"), ("active", "true")], ["calendar-hofer"]),
        ("Schedule", [("actor", "Location/hofer")], []),
        ("Location", [("partof", "quarter"), ("status", "active")], ["room-1"]),
        ("Location", [("partof:missing", "true")], ["quarter"]),
        ("Practitioner", [("name:exact", "Weiß")], ["weiss"]),
        ("Practitioner", [("name:exact", "weiß")], []),
        ("Schedule", [("actor:Practitioner.name", "weiß")], ["calendar-weiss"]),
        ("Schedule", [("specialty", "HAUT")], ["calendar-hofer"]),
        ("Schedule", [("service-type", "skin-20")], ["calendar-hofer"]),
        ("HealthcareService", [("service-type:text", "cuff")], ["general-20-cuff"]),
        ("HealthcareService", [("service-type", "urn:telemed:code:service|skin-20")], ["skin-20"]),
        (
            "Device",
            [("location.name", "raum 1"), ("location.partof.name:contains", "viertel")],
            ["cuff-1", "oximeter-1"],
        ),
    ],
)
def test_resources_are_found(database: Database, kind: str, items: list[tuple[str, str]], ids: list[str]) -> None:
    make_world(database)
    assert found(database, kind, *items) == ids


@pytest.mark.parametrize(
    ("resource", "expression"),
    [
        (room(id=None), "Location.id"),
        (room(extension=[{"url": fhir.TIMEZONE, "valueCode": "Europe/Nowhere"}]), "Location.extension[0]"),
        (room(extension=[{"url": fhir.TIMEZONE, "valueCode": "../../etc/passwd"}]), "Location.extension[0]"),
        (
            room(extension=[{"url": fhir.CLEANING, "valueDuration": {"value": 7, "unit": "min"}}]),
            "Location.extension[0]",
        ),
        (
            room(extension=[{"url": fhir.CLEANING, "valueDuration": {"value": 10, "unit": "h"}}]),
            "Location.extension[0]",
        ),
        (
            room(hoursOfOperation=[{"openingTime": "18:00:00", "closingTime": "08:00:00"}]),
            "Location.hoursOfOperation[0]",
        ),
        (room(hoursOfOperation=[{"openingTime": "08:00:00"}]), "Location.hoursOfOperation[0]"),
        (room(resourceType="Slot"), None),
    ],
)
def test_what_the_planner_could_not_read_is_not_taken(
    database: Database, resource: dict[str, Any], expression: str | None
) -> None:
    given = {name: value for name, value in resource.items() if value is not None}
    with database.transaction() as tx, pytest.raises(Invalid) as refused:
        service.take(tx, given, now=TUESDAY)
    assert expression is None or refused.value.expression == expression


def test_what_is_inactive_or_foreign_is_kept_but_not_planned_with(database: Database) -> None:
    world = make_world(database)
    with database.transaction() as tx:
        service.take(tx, {"resourceType": "Practitioner", "id": "hofer", "active": False}, now=TUESDAY)
        service.take(tx, {"resourceType": "HealthcareService", "id": "foreign", "name": "Beratung"}, now=TUESDAY)
        service.take(tx, {"resourceType": "Device", "id": "cuff-1", "status": "inactive"}, now=TUESDAY)
        known = service.load(tx)
    assert set(known.doctors) == {"weiss", "brandt"}
    assert set(known.services) == set(world.directory.services)
    assert set(known.devices) == {"oximeter-1"}


def test_an_actors_own_schedule_is_preferred(database: Database) -> None:
    make_world(database)
    shared = [{"reference": "Practitioner/weiss"}, {"reference": "Location/room-1"}]
    with database.transaction() as tx:
        service.take(tx, {"resourceType": "Schedule", "id": "a-shared", "actor": shared}, now=TUESDAY)
        known = service.load(tx)
    assert service.schedule_of(known, "weiss") == "calendar-weiss"
    assert service.schedule_of(known, "room-1") == "a-shared"
    assert service.schedule_of(known, "kaya") is None


def lobeda(database: Database) -> Directory:
    interop.seed(database, LOBEDA, now=TUESDAY)
    with database.reading() as tx:
        return service.load(tx)


def test_lobeda_can_be_planned_with(database: Database) -> None:
    known = lobeda(database)
    assert known.quarter_name == "Jena-Lobeda"
    assert {doctor.specialties[0] for doctor in known.doctors.values()} == {"ALLG", "HAUT", "INNE", "HNOH"}
    assert {assistant.level for assistant in known.assistants.values()} == {"helper", "medical-assistant", "nurse"}
    for offered in known.services.values():
        assert known.doctors_for(offered)
        for room in (known.rooms[room_id] for room_id in offered.room_ids):
            assert set(offered.devices) <= {device.kind for device in known.devices_in(room.id)}
            assert known.assistants_at(offered.assistant_level, room.id) or not room.is_claimed
    claimed = [room.id for room in known.rooms.values() if room.is_claimed]
    assert set(known.schedules) == {f"kalender-{i}" for i in (*claimed, *known.doctors, *known.interpreters)}


def test_lobeda_shows_what_a_quarter_may_have(database: Database) -> None:
    known = lobeda(database)
    settings = {room.id: room.setting for room in known.rooms.values()}
    assert settings == {"raum-1": "room", "wohnung-1": "apartment", "zu-hause": "home"}
    assert {language for one in known.interpreters.values() for language in one.languages} >= {"ar", "ru"}
    assert "ecg" in {device.kind for device in known.devices_in("raum-1")}
    injection = known.services["injektion-10"]
    assert (injection.needs_order, injection.assistant_level) == (True, "nurse")
    assert known.rooms["raum-1"].position is not None
    everybody: tuple[Actor, ...] = (*known.rooms.values(), *known.doctors.values(), *known.assistants.values())
    assert {one.hours.holidays for one in everybody} == {"DE-TH"}


def test_the_state_of_a_directory_has_a_stamp_of_its_own(database: Database) -> None:
    world = make_world(database)
    with database.transaction() as tx:
        service.take(tx, room(), now=TUESDAY)
        after = service.load(tx)
    assert world.directory.stamp
    assert after.stamp not in {world.directory.stamp, ""}


def test_a_second_quarter_is_a_second_folder(database: Database) -> None:
    interop.seed(database, WINZERLA, now=TUESDAY)
    with database.reading() as tx:
        known = service.load(tx)
    assert (known.quarter_name, set(known.rooms), set(known.doctors)) == ("Jena-Winzerla", {"sprechzimmer"}, {"okafor"})
    (cuff,) = known.devices.values()
    assert cuff.bookable_until is not None


@pytest.mark.parametrize("word", ["lobeda", "jena", "winzerla"])
def test_no_program_knows_the_quarter(word: str) -> None:
    """ "J wie Jena" is how German spells (DIN 5009), and others at its desks; the rest comes from the seed."""
    folders = ("telemed", "room_agent", "signage", "schemas")
    suffixes = {".py", ".po", ".html", ".js", ".css", ".mako", ".json", ".toml"}
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in suffixes]
    assert len(files) > 50
    spelt = re.compile(r'msgid "ticket\.alphabet\.j"\nmsgstr .*')
    knowing = [path for path in files if word in spelt.sub("", path.read_text(errors="replace")).lower()]
    assert [path.relative_to(ROOT) for path in knowing] == []
