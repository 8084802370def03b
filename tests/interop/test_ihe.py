"""IHE Scheduling as a client meets it: find, hold, book on the same planner as the pages and the slots."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from telemed.booking import jobs, pending, search
from telemed.booking import service as booking
from telemed.booking.held import TooManyHolds
from telemed.booking.index import Index
from telemed.booking.model import HOLD, Status
from telemed.booking.pending_fhir import HELD_UNTIL
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.directory import shelf
from telemed.fhir import xml
from telemed.fhir.validate import validate
from telemed.identity.allowed import EVERYONE
from telemed.interop import ihe_find, ihe_routes
from telemed.interop.ihe_asked import Item, sought
from telemed.kit.db import Database
from telemed.kit.tries import Tries
from telemed.people import service as people
from telemed.people.acts import Did
from telemed.people.model import Erased
from tests.builders import CLIENT, SERVICE, WITH_CUFF, World, make_booking, make_world, moment
from tests.interop.program import auditing
from tests.interop.scheduling import FOR_HER, Client, alone


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, rooms=2)


@pytest.fixture
def client(world: World) -> Iterator[Client]:
    with auditing(world):
        yield Client(world)


def test_find_offers_what_the_pages_offer_in_the_same_order(client: Client, world: World) -> None:
    found = client.find(**{"visit-type": f"|{SERVICE}", "_count": "100"})
    wish = Wish(What(SERVICE), world.now, moment(world, "23:55"))
    with world.centre.the(Index).at(world.now) as here:
        offers = search.offers(here, wish, now=world.now, limit=500)
    shown = [entry["resource"] for entry in found["entry"]]
    assert found["total"] == len(offers)
    assert [datetime.fromisoformat(one["start"]) for one in shown] == [one.start for one in offers[:100]]
    assert {one["status"] for one in shown} == {"proposed"}
    assert not any("Patient" in str(one["participant"]) for one in shown)
    assert len({one["id"] for one in shown}) == len(shown)


def test_different_kinds_must_all_hold_and_of_repeats_the_dearest_comes_first(client: Client) -> None:
    both = ["Practitioner/weiss", "Practitioner/brandt"]
    found = client.offered(practitioner=both, _count="200", **{"visit-type": SERVICE, "location-reference": "room-1"})
    doctors = [_of(one, "Practitioner")[0] for one in found]
    assert set(doctors) == {"brandt", "weiss"}
    assert doctors == sorted(doctors, reverse=True)
    more = {"practitioner": "brandt", "location-reference": "https://elsewhere.example/fhir/Location/room-2"}
    here = client.offered(**more, specialty="http://ihe-d.de/CodeSystems/AerztlicheFachrichtungen|ALLG")
    assert here
    assert {(*_of(one, "Practitioner")[:1], *_of(one, "Location")) for one in here} == {("brandt", "room-2")}
    assert client.find(practitioner="nobody")["total"] == 0
    assert client.find(specialty="http://snomed.info/sct|394579002")["total"] == 0


def _of(appointment: dict[str, Any], kind: str) -> list[str]:
    references = [one["actor"]["reference"] for one in appointment["participant"]]
    return [one.partition("/")[2] for one in references if one.startswith(f"{kind}/")]


def test_pages_of_what_was_found_are_all_of_it_once_and_self_says_what_was_understood(client: Client) -> None:
    page = client.find(practitioner="weiss", _count="7", **{"insurance-reference": "Coverage/1", "reason": "x|y"})
    links = {link["relation"]: link["url"] for link in page["link"]}
    assert "practitioner=weiss" in links["self"]
    assert "insurance" not in links["self"]
    assert "reason" not in links["self"]
    seen = [entry["resource"]["id"] for entry in page["entry"]]
    while "next" in links:
        page = client.http.get(links["next"].partition("centre.test")[2]).json()
        links = {link["relation"]: link["url"] for link in page["link"]}
        seen += [entry["resource"]["id"] for entry in page["entry"]]
    assert len(seen) == len(set(seen)) == page["total"]


def test_in_a_body_a_timing_is_heeded_and_xml_is_answered_with_xml(client: Client, world: World) -> None:
    day = world.now.date()
    timing = {"repeat": {"dayOfWeek": ["tue"], "when": ["AFT"]}}
    given = [
        ("start", "valueDateTime", f"{day}T00:00:00+01:00"),
        ("end", "valueDateTime", f"{day + timedelta(days=7)}T00:00:00+01:00"),
        ("practitioner", "valueReference", {"reference": "Practitioner/weiss"}),
        ("timing", "valueTiming", timing),
        ("insurance-reference", "valueReference", {"reference": "Coverage/1"}),
    ]
    found = client.post("$find", *given).json()
    starts = [datetime.fromisoformat(one["resource"]["start"]) for one in found["entry"]]
    assert found["total"] >= len(starts) > 0
    assert {one.astimezone(world.directory.zone).hour // 6 for one in starts} == {2}
    answer = client.http.get("/fhir/Appointment/$find", params={"start": f"{day}", "end": f"{day}", "_format": "xml"})
    assert validate(xml.to_json(answer.content)).kind == "Bundle"


def test_what_suits_in_a_far_week_is_found_and_counted_like_what_is_near(client: Client, world: World) -> None:
    last = world.now + timedelta(days=55)
    bounds = {"start": f"{last.date() - timedelta(days=7)}", "end": f"{last.date()}"}
    timing = {"repeat": {"dayOfWeek": ["wed"], "timeOfDay": ["09:30:00", "10:00:00"], "boundsPeriod": bounds}}
    given: list[tuple[str, str, Any]] = [("start", "valueDateTime", f"{world.now.date()}")]
    given += [("end", "valueDateTime", f"{last.date()}"), ("timing", "valueTiming", timing)]
    given += [("_count", "valueString", "200")]
    found = client.post("$find", *given).json()
    walls = [
        datetime.fromisoformat(one["resource"]["start"]).astimezone(world.directory.zone) for one in found["entry"]
    ]
    assert found["total"] == len(walls)
    assert {one.weekday() for one in walls} == {2}
    assert {f"{one:%H:%M}" for one in walls} == {f"{n // 60:02}:{n % 60:02}" for n in range(570, 660, 10)}


def test_an_organization_is_that_of_doctor_room_or_service(client: Client, world: World) -> None:
    with world.db.transaction() as tx:
        directory.take(tx, {"resourceType": "Organization", "id": "house", "name": "Haus"}, now=world.now)
        content = json.loads(directory.read(tx, "Location", "room-2"))
        directory.take(tx, {**content, "managingOrganization": {"reference": "Organization/house"}}, now=world.now)
    found = client.find(organization="Organization/house", practitioner="weiss", _count="200")
    assert {_of(one["resource"], "Location")[0] for one in found["entry"]} == {"room-2"}
    alone = client.find(practitioner="weiss", **{"location-reference": "room-2", "_count": "200"})
    assert found["total"] == alone["total"]
    assert client.find(organization="Organization/other")["total"] == 0


def test_more_preferences_than_can_be_heeded_are_any_of_them(world: World) -> None:
    names = {"visit-type": [SERVICE, WITH_CUFF], "practitioner": ["weiss", "brandt"], "location-reference": ["room-1"]}
    items = [Item(name, text) for name, each in names.items() for text in each]
    day = f"{world.now.date()}"
    for given in (items, items[:2]):
        asked = sought([Item("start", day), Item("end", day), *given], world.directory.zone)
        with world.centre.the(Index).at(world.now) as here:
            known = shelf.of(world.db, here.directory)
            ranked, anyhow = (
                ihe_find.find(here, known, asked, actor=CLIENT, now=world.now, groups=most) for most in (64, 1)
            )
        assert 0 < anyhow.total <= ranked.total
        assert list(anyhow.offers) == sorted(anyhow.offers, key=lambda one: one.start)


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"start": "2026-11-24"}, 400),
        ({"start": "soon", "end": "2026-11-25"}, 400),
        ({"start": "2026-11-25", "end": "2026-11-24T08:00:00Z"}, 422),
        ({"start": "2026-11-24", "end": "2026-11-25", "_count": "-1"}, 400),
    ],
)
def test_a_question_that_cannot_be_understood_says_why(client: Client, params: dict[str, str], status: int) -> None:
    answer = client.http.get("/fhir/Appointment/$find", params=params)
    assert answer.status_code == status
    assert answer.json()["issue"][0]["diagnostics"]


def test_what_is_found_is_held_is_found_no_more_and_is_booked_for_her(client: Client, world: World) -> None:
    chosen = client.offered(**{"visit-type": WITH_CUFF})[0]
    held = client.hold(chosen["id"])
    assert held.status_code == 200, held.text
    said = held.json()
    assert (said["status"], said["start"]) == ("pending", chosen["start"])
    (until,) = (one["valueInstant"] for one in said["extension"] if one["url"] == HELD_UNTIL)
    assert datetime.fromisoformat(until) == world.now + HOLD
    assert client.hold(chosen["id"]).json()["id"] == said["id"]
    assert chosen["id"] not in {one["id"] for one in client.offered(**{"visit-type": WITH_CUFF})}
    made = alone(client.book(said["id"], FOR_HER, ("comment", "valueString", "Kommt mit Rollator")))
    assert (made["id"], made["status"], made["comment"]) == (said["id"], "booked", "Kommt mit Rollator")
    assert "Ayşe Öztürk" in [one["actor"].get("display") for one in made["participant"]]
    assert alone(client.book(said["id"]))["meta"] == made["meta"]  # again is once
    assert client.http.get(f"/fhir/Appointment/{said['id']}").json() == made
    with world.db.reading() as tx:
        assert booking.get(tx, said["id"]).extras.language == "tr"


def test_who_is_known_is_booked_for_under_the_same_id_and_all_of_hers_is_found(client: Client, world: World) -> None:
    """Whether it was held before, by nobody's name, or is booked at once (ITI-117, ITI-118)."""
    one, two, three = client.offered(practitioner="weiss", **{"visit-type": SERVICE})[3:20:6]
    first = alone(client.book(one["id"], FOR_HER))
    (her,) = (each for each in first["participant"] if each["actor"]["reference"].startswith("Patient/"))
    held = client.hold(two["id"]).json()
    for chosen in (held, three):
        people_in = [each for each in chosen["participant"] if "Patient/" not in each["actor"]["reference"]]
        sent = {**chosen, "participant": [her, *people_in], "comment": "mit Rollator"}
        made = alone(client.post("$book", ("appointment-resource", "resource", sent)))
        assert (made["participant"][0]["actor"], made["comment"]) == (her["actor"], "mit Rollator")
        assert client.http.get(f"/fhir/Appointment/{made['id']}").json() == made
    query = {"patient": her["actor"]["reference"], "date": f"{world.now.date()}"}
    assert client.http.get("/fhir/Appointment", params=query).json()["total"] == 3
    nobody = held["participant"][0]["actor"]["reference"].partition("/")[2]
    with world.db.transaction() as tx, pytest.raises(Erased):
        people.details(tx, world.secrets, nobody, actor=CLIENT, purpose="booking", now=world.now)


def test_what_somebody_else_took_is_fatal_and_not_found_with_up_to_three_other_times(client: Client) -> None:
    chosen = client.offered(practitioner="weiss", **{"location-reference": "room-1"})[0]
    assert client.hold(chosen["id"]).status_code == 200
    client.works_for(EVERYONE, name="another")
    refused = client.hold(chosen["id"])
    first, *rest = refused.json()["issue"]
    assert (refused.status_code, first["severity"], first["code"]) == (409, "fatal", "not-found")
    assert first["expression"] == ["Parameters.parameter[0].valueReference.reference"]
    assert [one["code"] for one in rest] == ["conflict", *["informational"] * 3]
    booked = client.book(chosen["id"], FOR_HER)
    assert booked.status_code == 409
    assert booked.json()["entry"][0]["resource"]["resourceType"] == "OperationOutcome"


def test_what_nobody_booked_in_time_is_cancelled_and_offered_again(client: Client, world: World) -> None:
    chosen = client.offered(practitioner="weiss")[-1]
    held = client.hold(chosen["id"]).json()
    world.clock.forward(HOLD)
    assert client.book(held["id"], FOR_HER).status_code == 410
    assert jobs.expire(world.db, world.secrets, world.clock) == 1
    assert client.book(held["id"], FOR_HER).status_code == 410
    assert client.http.get(f"/fhir/Appointment/{held['id']}").json()["status"] == "cancelled"
    again = client.hold(chosen["id"]).json()
    assert again["status"] == "pending"
    assert again["id"] != held["id"]


def test_a_program_finds_and_holds_only_for_its_doctors_and_an_id_is_not_to_be_guessed(client: Client) -> None:
    everyone = client.offered(_count="200")
    of_brandt = next(one for one in everyone if "brandt" in _of(one, "Practitioner"))
    client.works_for("weiss")
    assert {_of(one, "Practitioner")[0] for one in client.offered(_count="200")} == {"weiss"}
    forged = of_brandt["id"][:-1] + ("0" if of_brandt["id"][-1] != "0" else "1")
    for unknown in (of_brandt["id"], forged, "offer-of-nobody", "x"):
        for answer in (client.hold(unknown), client.book(unknown, FOR_HER)):
            assert answer.status_code == 404
            assert '"fatal"' in answer.text


def test_booked_at_once_moved_and_cancelled_by_its_status(client: Client) -> None:
    ten, eleven = client.offered(practitioner="weiss", **{"visit-type": SERVICE})[5:8:2]
    assert client.book(ten["id"]).status_code == 422  # for whom?
    made = alone(client.book(ten["id"], FOR_HER))
    moved = {**made, "start": eleven["start"], "end": eleven["end"]}
    done = alone(client.post("$book", ("appointment-resource", "resource", moved)))
    assert (done["id"], done["status"], done["start"]) == (made["id"], "booked", eleven["start"])
    reason = {"coding": [{"code": "prov"}]}
    cancelled = {**done, "status": "cancelled", "cancelationReason": reason}
    gone = alone(client.post("$book", ("appointment-resource", "resource", cancelled)))
    assert (gone["status"], gone["cancelationReason"]["coding"][0]["code"]) == ("cancelled", "prov")
    assert ten["id"] in {one["id"] for one in client.offered(practitioner="weiss", **{"visit-type": SERVICE})}
    other = alone(client.post("$book", ("appointment-resource", "resource", {**done, "status": "arrived"})), 422)
    assert other["issue"][0]["expression"] == ["Parameters.parameter[0].resource.status"]


def test_each_leaves_a_line_with_what_was_asked_found_held_and_booked(client: Client, world: World) -> None:
    chosen = client.offered(practitioner="Practitioner/weiss", _count="3", reason="x|Rückenschmerzen")[0]
    held = client.hold(chosen["id"]).json()
    client.book(held["id"], FOR_HER)
    client.hold("offer-of-nobody")
    with world.db.reading() as tx:
        refused, book, hold, find = people.acts_of(tx, "program")
        person_id = booking.get(tx, held["id"]).person_id
    assert [(one.did, one.kind, one.status) for one in (refused, book, hold, find)] == [
        (Did.HOLD, "Appointment", 404),
        (Did.BOOK, "Appointment", 200),
        (Did.HOLD, "Appointment", 200),
        (Did.FIND, "Appointment", 200),
    ]
    assert {(one.ids, one.person_id) for one in (book, hold)} == {((held["id"],), person_id)}
    assert (find.found, find.person_id) == (3, "")
    assert "practitioner=Practitioner/weiss" in find.asked
    assert "Rücken" not in find.asked


@pytest.mark.parametrize(
    ("given", "expression"),
    [
        (("start", "valueDateTime", 7), "Parameters.parameter[0].valueDateTime"),
        (("timing", "valueTiming", {"repeat": {"dayOfWeek": "tue"}}), "Parameters.parameter[0].valueTiming"),
        (("visit-type", "valueCodeableConcept", {"coding": [5]}), "Parameters.parameter[0].valueCodeableConcept"),
        (("appointment-reference", "valueReference", {"reference": 5}), "Parameters.parameter[0].valueReference"),
    ],
)
def test_what_is_no_parameter_is_refused_with_its_path(
    client: Client, given: tuple[str, str, Any], expression: str
) -> None:
    for operation in ("$find", "$hold", "$book"):
        answer = client.post(operation, given)
        assert answer.status_code in (400, 422), operation
        said = answer.json()
        issues = said.get("issue") or said["entry"][0]["resource"]["issue"]
        said_of = [one["expression"][0] for one in issues]
        assert all(one == "Parameters" or one.startswith(expression) for one in said_of), operation


def test_nobody_holds_a_whole_day(client: Client) -> None:
    offers = client.offered(practitioner="weiss", _count="200")
    client.world.centre.live[ihe_routes.ProgramHolds] = Tries(1, HOLD, too_many=TooManyHolds)
    assert client.hold(offers[0]["id"]).status_code == 200
    assert client.hold(offers[-1]["id"]).status_code == 429


def test_a_held_one_is_given_up_by_its_status_and_its_time_is_free(client: Client) -> None:
    chosen = client.offered(practitioner="weiss")[0]
    held = client.hold(chosen["id"]).json()
    gone = alone(client.post("$book", ("appointment-resource", "resource", {**held, "status": "cancelled"})))
    assert gone["status"] == "cancelled"
    assert chosen["id"] in {one["id"] for one in client.offered(practitioner="weiss")}


def test_a_service_that_staff_must_look_at_is_asked_for_and_no_program_confirms_it(
    client: Client, world: World
) -> None:
    with world.db.transaction() as tx:
        content = json.loads(directory.read(tx, "HealthcareService", SERVICE))
        asks = {"url": "urn:telemed:fhir:needs-confirmation", "valueBoolean": True}
        directory.take(tx, {**content, "extension": [*content.get("extension", ()), asks]}, now=world.now)
    chosen = client.offered(**{"visit-type": SERVICE})[-1]
    held = client.hold(chosen["id"]).json()
    for _ in range(2):
        asked = alone(client.book(held["id"], FOR_HER), 202)
        assert (asked["status"], asked["id"]) == ("pending", held["id"])
    with world.db.reading() as tx:
        ((found, _),) = pending.waiting_for_staff(tx, now=world.now + HOLD)
    assert (found.id, found.status) == (held["id"], Status.PENDING)


def test_find_hold_book_slots_and_pages_agree_at_every_time(client: Client, world: World) -> None:
    """One planner behind all: what is offered is free as a slot, is held at once, and is offered to nobody then."""
    make_booking(world, at="10:20")
    for _ in range(12):
        offers = client.offered(practitioner="weiss", _count="200")
        chosen = offers[len(offers) // 2]
        starts = {one["start"] for one in offers}
        assert {first for first, _ in client.slots("free")} <= starts
        for first, last in client.slots("busy"):
            assert not any(one["start"] < last and first < one["end"] for one in offers)
        answer = client.hold(chosen["id"])
        assert answer.status_code == 200, answer.text
        later = client.offered(practitioner="weiss", _count="200")
        assert not any(one["start"] < chosen["end"] and chosen["start"] < one["end"] for one in later)
