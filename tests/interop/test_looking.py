"""Reading and searching as ISiK and IHE want it: terminology, includes, chains, versions, formats, what is refused."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from telemed.directory import service as directory
from telemed.fhir import xml
from telemed.fhir.validate import validate
from telemed.identity.model import Actor, Role
from telemed.interop import looking
from telemed.interop.looking import Asked
from telemed.kit.db import Database
from telemed.kit.refusal import NotAllowed
from tests.builders import World, make_booking, make_world
from tests.interop.fuzzed import BASE, a_quarter
from tests.interop.program import auditing
from tests.interop.test_routes import Client, outcome_of

ISIK = "https://gematik.de/fhir/isik/"
USAGE = f"{ISIK}CodeSystem/ContextType|ResourceUsage$http://hl7.org/fhir/resource-types|HealthcareService"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def client(world: World) -> Iterator[Client]:
    with auditing(world):
        yield Client(world)


def found(client: Client, path: str, mode: str = "match") -> list[str]:
    """``Type/id`` of what a search hands out in that mode."""
    answer = client.ask(f"/fhir/{path}")
    assert answer.status_code == 200, answer.text
    entries = answer.json().get("entry", [])
    return ["{resourceType}/{id}".format(**one["resource"]) for one in entries if one["search"]["mode"] == mode]


def test_the_statement_says_which_actor_it_is_and_what_each_type_takes(client: Client) -> None:
    statement = client.ask("/fhir/metadata", role=None).json()
    assert f"{ISIK}CapabilityStatement/ISiKCapabilityStatementTerminRepositoryAkteur" in statement["instantiates"]
    (rest,) = statement["rest"]
    assert rest["security"]["extension"][0]["extension"][0]["url"] == "token"
    by_type = {one["type"]: one for one in rest["resource"]}
    slot, appointment = by_type["Slot"], by_type["Appointment"]
    assert slot["supportedProfile"] == [f"{ISIK}StructureDefinition/ISiKTerminblock"]
    assert slot["searchInclude"] == ["Slot:schedule"]
    assert by_type["Schedule"]["searchRevInclude"] == ["Slot:schedule"]
    wanted = {"_id", "_tag", "_lastUpdated", "status", "service-type", "specialty", "date", "slot", "actor"}
    assert wanted <= {one["name"] for one in appointment["searchParam"]}
    for one in rest["resource"]:
        assert all(each["definition"].startswith("http://hl7.org/fhir/SearchParameter/") for each in one["searchParam"])


def test_every_code_system_by_which_services_are_typed_is_found_by_its_use(client: Client, world: World) -> None:
    theirs = {"system": "http://terminology.hl7.org/CodeSystem/service-type", "code": "124", "display": "General"}
    with world.db.transaction() as tx:
        skin = json.loads(directory.read(tx, "HealthcareService", "skin-20"))
        directory.take(tx, {**skin, "type": [{"coding": [theirs]}]}, now=world.now)
    systems = client.found(f"/fhir/CodeSystem?context-type-value={USAGE}")
    assert [one["url"] for one in systems] == ["urn:telemed:code:service", theirs["system"]]
    assert systems[1]["concept"] == [{"code": "124", "display": "General"}]
    assert systems[1]["content"] == "fragment"
    sets = client.found(f"/fhir/ValueSet?context-type-value={USAGE}")
    assert [one["compose"]["include"][0]["system"] for one in sets] == [one["url"] for one in systems]
    assert client.found("/fhir/CodeSystem?context-type-value=x$y") == []
    assert found(client, "CodeSystem?url=urn:telemed:code:device") == ["CodeSystem/device"]
    assert "CodeSystem/cancellation-reason" in found(client, "CodeSystem?status=active")
    assert client.ask("/fhir/HealthcareService?service-type=124").json()["total"] == 1


def test_a_value_set_is_expanded_by_id_and_by_address(client: Client) -> None:
    whole = client.ask("/fhir/ValueSet/service/$expand").json()
    assert [one["code"] for one in whole["expansion"]["contains"]] == ["general-20", "general-20-cuff", "skin-20"]
    some = client.ask("/fhir/ValueSet/$expand?url=urn:telemed:valueset:service&filter=CUFF").json()
    assert [one["code"] for one in some["expansion"]["contains"]] == ["general-20-cuff"]
    assert outcome_of(client.ask("/fhir/ValueSet/nothing/$expand")) == (404, "not-found")


def test_what_is_emitted_says_the_same_in_both_formats_and_is_valid(client: Client, world: World) -> None:
    make_booking(world, at="10:00", service="general-20-cuff")
    emitted = [client.ask("/fhir/metadata", role=None).json()]
    for kind in looking.SERVED:
        needed = "schedule=calendar-weiss&start=2026-11-24&_include=Slot:schedule" if kind == "Slot" else ""
        bundle = client.ask(f"/fhir/{kind}?{needed}").json()
        emitted += [bundle, *(one["resource"] for one in bundle.get("entry", ())[:5])]
    assert len(emitted) > len(looking.SERVED) * 2
    for one in emitted:
        text = json.dumps(one).encode()
        validate(text)
        assert json.loads(xml.to_json(xml.from_json(text))) == one


def test_calendars_and_services_have_what_isik_asks_of_them(client: Client) -> None:
    (calendar,) = client.found("/fhir/Schedule?actor=Practitioner/weiss")
    assert calendar["meta"]["profile"] == [f"{ISIK}StructureDefinition/ISiKKalender"]
    assert calendar["specialty"][0]["coding"][0]["code"] == "ALLG"
    assert {one["coding"][0]["code"] for one in calendar["serviceType"]} == {"general-20", "general-20-cuff"}
    assert calendar["actor"] == [{"display": "Dr. Weiß", "reference": "Practitioner/weiss"}]
    assert calendar["extension"][0]["valueString"] == "Dr. Weiß"
    (service,) = client.found("/fhir/HealthcareService?_id=skin-20")
    assert service["meta"]["profile"] == [f"{ISIK}StructureDefinition/ISiKMedizinischeBehandlungseinheit"]
    assert service["type"][0]["coding"][0] == {
        "system": "urn:telemed:code:service",
        "code": "skin-20",
        "display": "skin-20",
    }


@pytest.mark.parametrize(
    ("asked", "some"),
    [
        ("schedule.actor=Practitioner/weiss", True),
        ("schedule.actor:Practitioner.name=weiß", True),
        ("schedule.actor:Practitioner.name=nobody", False),
        ("schedule.specialty=HAUT", True),
        ("schedule.service-type:text=cuff", True),
        ("schedule=calendar-weiss,calendar-brandt", True),
        ("schedule=calendar-weiss&schedule.actor=Practitioner/brandt", False),
    ],
)
def test_slots_are_found_by_what_stands_behind_their_calendar(client: Client, asked: str, some: bool) -> None:
    assert bool(client.found(f"/fhir/Slot?{asked}&start=2026-11-25")) == some


def test_slots_are_found_by_the_services_of_a_calendar(client: Client, world: World) -> None:
    actors = [{"reference": one} for one in ("HealthcareService/skin-20", "Practitioner/hofer")]
    schedule = {"resourceType": "Schedule", "id": "skin", "actor": actors}
    with world.db.transaction() as tx:
        directory.take(tx, schedule, now=world.now)
    assert found(client, "Schedule?actor:HealthcareService.type=skin-20") == ["Schedule/skin"]
    assert client.ask("/fhir/Slot?schedule.actor:HealthcareService.type=skin-20").status_code == 200


def test_what_is_included_stands_beside_what_matches_and_is_not_counted(client: Client, world: World) -> None:
    booked = make_booking(world, at="10:00", service="general-20-cuff")
    path = "Appointment?_include=Appointment:slot&_include=Appointment:actor"
    assert found(client, path) == [f"Appointment/{booked.id}"]
    assert client.ask(f"/fhir/{path}").json()["total"] == 1
    included = found(client, path, "include")
    assert included[0] == "Slot/calendar-weiss.20261124T0900Z.20"
    assert {"Practitioner/weiss", "Location/room-1", "Device/cuff-1"} <= set(included)
    assert found(client, "Slot?schedule=calendar-weiss&_count=2&_include=Slot:schedule", "include") == [
        "Schedule/calendar-weiss"
    ]
    assert found(client, "Practitioner?_id=weiss&_revinclude=PractitionerRole:practitioner", "include") == [
        "PractitionerRole/role-weiss"
    ]
    assert len(found(client, "Schedule?_id=calendar-weiss&_revinclude=Slot:schedule", "include")) > 10


def test_an_imported_appointment_is_found_by_where_it_comes_from(sqlite_database: Database) -> None:
    world, _ = a_quarter(sqlite_database)
    with auditing(world):
        client = Client(world)
        tag = "http://fhir.de/CodeSystem/common-meta-tag-de|external"
        foreign = ["Appointment/foreign-brandt", "Appointment/foreign-weiss"]
        assert sorted(found(client, f"Appointment?_tag={tag}")) == foreign
        assert len(found(client, f"Appointment?_tag:not={tag}")) == 8
        assert sorted(found(client, "Appointment?service-type:missing=true")) == foreign
        assert set(foreign) <= set(found(client, "Appointment?service-type:not=general-20"))


def test_a_read_names_its_version_and_is_spared_who_has_it(client: Client, world: World) -> None:
    booked = make_booking(world, at="10:00")
    for path in (f"/fhir/Appointment/{booked.id}", "/fhir/Location/room-1"):
        first = client.ask(path)
        again = client.ask(path, headers={"if-none-match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
        assert client.ask(path, headers={"if-none-match": 'W/"other"'}).status_code == 200
    assert client.ask(f"/fhir/Appointment/{booked.id}").headers["etag"] == 'W/"1"'
    assert client.ask(f"/fhir/Appointment/{booked.id}").headers["last-modified"] == "Tue, 24 Nov 2026 08:00:00 GMT"
    assert client.ask("/fhir/Location/room-1", method="HEAD").status_code == 200


def test_pages_lead_back_too_and_what_comes_between_moves_none(client: Client, world: World) -> None:
    for at in ("10:00", "11:00", "12:00"):
        make_booking(world, at=at)
    first = client.ask("/fhir/Appointment?_count=1&_sort=date").json()
    links = {one["relation"]: one["url"].removeprefix("https://centre.test") for one in first["link"]}
    assert set(links) == {"self", "first", "next"}
    make_booking(world, at="09:30")
    second = client.ask(links["next"]).json()
    assert second["entry"][0]["resource"]["start"] == "2026-11-24T10:00:00Z"
    assert second["total"] == 4
    back = {one["relation"]: one["url"].removeprefix("https://centre.test") for one in second["link"]}["previous"]
    assert client.ask(back).json()["entry"] == first["entry"]
    assert outcome_of(client.ask("/fhir/Appointment?_cursor=bm9uc2Vuc2U=")) == (400, "invalid")


@pytest.mark.parametrize(
    ("path", "sort"),
    [
        ("Appointment?", "status,-date"),
        ("Appointment?", "-date,_id"),
        ("HealthcareService?", "specialty,-name"),
        ("Slot?schedule=calendar-weiss,calendar-brandt&start=2026-11-25&", "-schedule,start"),
    ],
)
def test_pages_sorted_by_several_parameters_lead_to_the_end_and_back(
    client: Client, world: World, path: str, sort: str
) -> None:
    for at in ("10:00", "11:00", "12:00"):
        make_booking(world, at=at)
    whole = found(client, f"{path}_sort={sort}")
    assert len(whole) > 2
    seen: list[list[str]] = []
    address = f"/fhir/{path}_sort={sort}&_count={max(2, len(whole) // 3)}"
    while address:
        page = client.ask(address).json()
        seen.append(["{resourceType}/{id}".format(**one["resource"]) for one in page["entry"]])
        links = {one["relation"]: one["url"].removeprefix("https://centre.test") for one in page["link"]}
        address = links.get("next", "")
    assert [one for each in seen for one in each] == whole
    back = client.ask(links["previous"]).json()["entry"]
    assert ["{resourceType}/{id}".format(**one["resource"]) for one in back] == seen[-2]


def test_what_is_included_goes_on_where_that_is_asked(client: Client, world: World) -> None:
    make_booking(world, at="10:00", service="general-20-cuff")
    going_on = "_include=Appointment:slot&_include:iterate=Slot:schedule&_include:iterate=Schedule:actor"
    included = found(client, f"Appointment?{going_on}", "include")
    assert {"Schedule/calendar-weiss", "Practitioner/weiss"} <= set(included)
    assert len(included) == len(set(included))
    assert set(found(client, "Appointment?_include=Appointment:actor:Device", "include")) == {"Device/cuff-1"}
    back = "_include=Slot:schedule&_include:iterate=Schedule:actor&_revinclude:iterate=PractitionerRole:practitioner"
    some = found(client, f"Slot?schedule=calendar-weiss&_count=1&{back}", "include")
    assert some == ["Schedule/calendar-weiss", "Practitioner/weiss", "PractitionerRole/role-weiss"]


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("Slot?schedule=calendar-weiss&status:missing=true", 0),
        ("Slot?schedule=calendar-weiss&start=2026-11-25&start:missing=false&schedule:missing=false", 30),
        ("Slot?schedule=calendar-weiss&start=2026-11-25&status:text=fr", 30),
        ("Slot?schedule=calendar-weiss&start=2026-11-25&_id:not=calendar-weiss.20261125T0700Z.20", 29),
        ("Location?_id:missing=false&_lastUpdated:missing=false", 2),
        ("Location?status=http://hl7.org/fhir/location-status|active", 2),
        ("Location?status=http://hl7.org/fhir/device-status|active", 0),
        ("Schedule?active=http://hl7.org/fhir/special-values|true", 3),
        ("Practitioner?family=wei&given:missing=true", 1),
        ("Practitioner?identifier=urn:x|1", 0),
        ("CodeSystem?url=urn:telemed:code", 0),
        ("Appointment?status:text=book&specialty:text=allgemein", 1),
    ],
)
def test_a_search_finds_what_it_says(client: Client, world: World, path: str, number: int) -> None:
    make_booking(world, at="10:00")
    assert client.ask(f"/fhir/{path}").json()["total"] == number


def test_only_the_number_or_only_some_elements(client: Client, world: World) -> None:
    make_booking(world, at="10:00")
    for asked in ("_summary=count", "_count=0"):
        counted = client.ask(f"/fhir/Appointment?{asked}").json()
        assert (counted["total"], "entry" in counted) == (1, False)
    (some,) = client.found("/fhir/Appointment?_elements=start")
    assert set(some) == {"resourceType", "id", "meta", "status", "start", "end", "participant"}
    assert some["meta"]["tag"][0]["code"] == "SUBSETTED"
    (short,) = client.found("/fhir/Appointment?_summary=true&_elements=Practitioner.name")
    assert {"serviceType", "specialty"} <= set(short)
    assert not {"slot", "created"} & set(short)
    (data,) = client.found("/fhir/Appointment?_summary=data")
    assert {"slot", "created"} <= set(data)


def test_who_wants_it_strict_hears_what_was_not_understood(client: Client) -> None:
    strict = {"prefer": "handling=strict"}
    answer = client.ask("/fhir/Location?colour=red&name=Raum", headers=strict)
    assert outcome_of(answer) == (400, "not-supported")
    assert "colour" in answer.json()["issue"][0]["diagnostics"]
    assert client.ask("/fhir/Location?name=Raum", headers=strict).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fhir", 404),
        ("POST", "/fhir/_search", 404),
        ("GET", "/fhir/_history", 404),
        ("GET", "/fhir/Location/$nothing", 404),
        ("GET", "/fhir/Appointment?_sort=colour", 400),
        ("GET", "/fhir/Location?_format=application/fhir%2Bjson;fhirVersion=5.0", 406),
    ],
)
def test_what_is_not_spoken_is_said(client: Client, method: str, path: str, status: int) -> None:
    assert outcome_of(client.ask(path, method=method))[0] == status


def test_a_search_by_post_takes_parameters_of_the_address_without_a_body(client: Client, world: World) -> None:
    booked = make_booking(world, at="10:00")
    answer = client.ask("/fhir/Appointment/_search?status=booked", method="POST")
    assert [one["resource"]["id"] for one in answer.json()["entry"]] == [booked.id]
    assert parse_qs(urlsplit(answer.json()["link"][0]["url"]).query) == {"status": ["booked"]}


async def _search(world: World, kind: str, scopes: tuple[str, ...], *items: tuple[str, str]) -> list[Any]:
    actor = Actor(Role.CLIENT, "program", compartment=("*",), scopes=scopes)
    answer = await looking.search(world.centre, kind, items, Asked(actor, world.now, BASE))
    return [one["resource"]["resourceType"] for one in json.loads(answer.content).get("entry", ())]


@pytest.mark.anyio
async def test_a_token_opens_the_types_that_it_names_also_where_they_are_included(world: World) -> None:
    make_booking(world, at="10:00")
    include = ("_include", "Appointment:*")
    with auditing(world):
        own = await _search(world, "Appointment", ("system/Appointment.rs", "system/Location.r"), include)
        assert own == ["Appointment", "Location"]
        for scope in ("system/Appointment.r", "system/Slot.rs", "system/*.rs"):
            with pytest.raises(NotAllowed):
                await _search(world, "Appointment", (scope,))
        with pytest.raises(NotAllowed):
            looking.read(world.centre, "Location", "room-1", Asked(Actor(Role.CLIENT, scopes=()), world.now, BASE))
