"""Files of FHIR R4: what is taken, what is passed over, what is refused, and why."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from telemed.booking import service as booking
from telemed.directory import service as directory
from telemed.fhir import xml
from telemed.fhir.codes import specialty
from telemed.interop import service
from telemed.interop.model import Outcome, Result, SeedRefused
from telemed.kit.db import Database
from telemed.kit.outbox import events
from tests.builders import OPERATOR, TUESDAY, World, appointment_of, make_booking, make_world, moment, offer_at

DATA = Path(__file__).parents[1] / "data" / "fhir"
TAKEN, NOT_KEPT, REFUSED = Result.TAKEN, Result.NOT_KEPT, Result.REFUSED

EXPECTED: dict[str, list[tuple[str, Result, str]]] = {
    "ihe/example-appointment.json": [
        ("Appointment/appt1-1", REFUSED, "Appointment.participant[0].actor"),
    ],
    "ihe/example-iti-scheduling-bundle.json": [
        ("Appointment/proposed-appt1a-1", REFUSED, "Appointment.status"),
        ("Appointment/proposed-appt1a-2", REFUSED, "Appointment.status"),
        ("Appointment/proposed-appt1a-3", REFUSED, "Appointment.status"),
        ("OperationOutcome/example", NOT_KEPT, ""),
    ],
    "ihe/example-patient.json": [("Patient/pat1", NOT_KEPT, "")],
    "ihe/example-practitioner.json": [("Practitioner/dr-y", TAKEN, "")],
    "isik/Appointment-ISiKTerminExample.json": [
        ("Appointment/ISiKTerminExample", REFUSED, "Appointment.status"),
    ],
    "isik/Appointment-ISiKTerminExampleExtendedICU.json": [
        ("Appointment/ISiKTerminExampleExtendedICU", REFUSED, "Appointment.status"),
    ],
    "isik/CapabilityStatement-ISiKCapabilityStatementTerminplanungServer.json": [
        ("CapabilityStatement/ISiKCapabilityStatementTerminplanungServer", NOT_KEPT, ""),
    ],
    "isik/Communication-ISiKNachrichtExample.json": [
        ("Communication/ISiKNachrichtExample", REFUSED, "Communication"),
    ],
    "isik/HealthcareService-ISiKMedizinischeBehandlungseinheitExample.json": [
        ("HealthcareService/ISiKMedizinischeBehandlungseinheitExample", TAKEN, ""),
    ],
    "isik/OperationDefinition-ISiKAppointmentBookOperation.json": [
        ("OperationDefinition/ISiKAppointmentBookOperation", NOT_KEPT, ""),
    ],
    "isik/Schedule-ISiKKalenderExample.json": [("Schedule/ISiKKalenderExample", TAKEN, "")],
    "isik/Slot-ISiKTerminblockExample.json": [("Slot/ISiKTerminblockExample", NOT_KEPT, "")],
    "isik/StructureDefinition-ISiKKalender.json": [("StructureDefinition/ISiKKalender", NOT_KEPT, "")],
    "isik/StructureDefinition-ISiKMedizinischeBehandlungseinheit.json": [
        ("StructureDefinition/ISiKMedizinischeBehandlungseinheit", NOT_KEPT, ""),
    ],
    "isik/StructureDefinition-ISiKTermin.json": [("StructureDefinition/ISiKTermin", NOT_KEPT, "")],
    "isik/StructureDefinition-ISiKTerminKontaktMitGesundheitseinrichtung.json": [
        ("StructureDefinition/ISiKTerminKontaktMitGesundheitseinrichtung", NOT_KEPT, ""),
    ],
    "isik/StructureDefinition-ISiKTerminPriorityExtension.json": [
        ("StructureDefinition/ISiKTerminPriorityExtension", NOT_KEPT, ""),
    ],
    "isik/StructureDefinition-ISiKTerminblock.json": [("StructureDefinition/ISiKTerminblock", NOT_KEPT, "")],
    "isik/ValueSet-ISiKTerminCancelationReason.json": [("ValueSet/ISiKTerminCancelationReason", NOT_KEPT, "")],
    "isik/ValueSet-ISiKTerminPriority.json": [("ValueSet/ISiKTerminPriority", NOT_KEPT, "")],
}
"""Every file of the examples. The past appointment of IHE is refused for its unknown doctor first."""


def take(world: World, data: bytes | dict[str, Any], name: str = "file.json") -> list[Outcome]:
    content = data if isinstance(data, bytes) else orjson.dumps(data)
    return service.take_file(world.centre, name, content, actor=OPERATOR, now=world.now)


def results(outcomes: list[Outcome]) -> list[Result]:
    return [outcome.result for outcome in outcomes]


def bundle(kind: str, *resources: dict[str, Any], method: str = "PUT") -> dict[str, Any]:
    entries = [{"resource": r, "request": {"method": method, "url": "x"}} for r in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def place(place_id: str, **fields: Any) -> dict[str, Any]:
    return {"resourceType": "Location", "id": place_id, "name": place_id, **fields}


def foreign(world: World, at: str = "10:00", **changes: Any) -> dict[str, Any]:
    fields = dict(appointment_of(world, offer_at(world, at)).fields)
    return {**fields, **changes}


def knows(world: World, place_id: str) -> bool:
    with world.db.reading() as tx:
        return directory.knows(tx, "Location", place_id)


def test_every_example_has_its_line_in_the_table() -> None:
    assert sorted(EXPECTED) == sorted(str(path.relative_to(DATA)) for path in DATA.glob("*/*.json"))


@pytest.mark.parametrize("name", EXPECTED)
def test_each_example_comes_to_what_the_table_says(database: Database, name: str) -> None:
    world = make_world(database)
    outcomes = take(world, (DATA / name).read_bytes(), name)
    assert [(o.resource, o.result, o.expression) for o in outcomes] == EXPECTED[name]
    assert all(bool(o.why) == (o.result is not TAKEN) for o in outcomes)
    assert service.exit_code(outcomes) == (2 if REFUSED in results(outcomes) else 0)


def test_xml_is_taken_like_json(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    content = b'{"resourceType":"Location","id":"far","position":{"longitude":11.600,"latitude":50.8800}}'
    (outcome,) = take(world, b"\xef\xbb\xbf" + xml.from_json(content), "far.xml")
    assert service.line(outcome) == "far.xml Location/far übernommen"
    with world.db.reading() as tx:
        assert directory.read(tx, "Location", "far") == content


def test_a_bundle_keeps_the_text_of_each_entry(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    content = '{"resourceType":"Location",  "id":"far","position":{"longitude":11.600,"latitude":50.8800}}'
    text = f'{{"resourceType":"Bundle","type":"batch","entry":[ {{"resource": {content} }}]}}'
    assert results(take(world, text.encode())) == [TAKEN]
    with world.db.reading() as tx:
        assert directory.read(tx, "Location", "far") == content.encode()


def test_ndjson_is_taken_line_by_line(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    lines = [json.dumps(place("a")), "", '{"resourceType":', json.dumps(place("b")), "[1]"]
    assert results(take(world, "\n".join(lines).encode())) == [TAKEN, REFUSED, TAKEN, REFUSED]
    assert knows(world, "a")
    assert knows(world, "b")


@pytest.mark.parametrize("data", [b"", b"{", b"<", b"\xff", b"[1]", b"7", b'{"resourceType":"Bundle","entry":7}'])
def test_a_broken_file_is_one_refusal(sqlite_database: Database, data: bytes) -> None:
    world = make_world(sqlite_database)
    outcomes = take(world, data, "broken.json")
    assert results(outcomes) == [REFUSED]
    assert service.line(outcomes[0]).startswith("broken.json abgelehnt: ")
    assert service.exit_code(outcomes) == 2


def test_of_a_batch_the_good_entries_are_taken(database: Database) -> None:
    world = make_world(database)
    outcomes = take(world, bundle("batch", place("a"), place("b", mode="bogus"), place("weiss"), place("c")))
    assert results(outcomes) == [TAKEN, REFUSED, REFUSED, TAKEN]
    assert (knows(world, "a"), knows(world, "b"), knows(world, "c")) == (True, False, True)


def test_of_a_transaction_nothing_is_taken_if_one_entry_is_refused(database: Database) -> None:
    world = make_world(database)
    outcomes = take(world, bundle("transaction", place("a"), place("weiss"), place("b", mode="bogus"), foreign(world)))
    assert results(outcomes) == [NOT_KEPT, REFUSED, REFUSED, NOT_KEPT]
    assert not knows(world, "a")
    with world.db.reading() as tx:
        assert tx.execute(select(func.count()).select_from(events)).scalar_one() == 0
    make_booking(world, at="10:00")


def test_a_transaction_of_good_entries_is_taken_whole(database: Database) -> None:
    world = make_world(database)
    assert results(take(world, bundle("transaction", foreign(world), place("a")))) == [TAKEN, TAKEN]
    assert knows(world, "a")


def test_a_transaction_that_would_delete_is_refused(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    assert results(take(world, bundle("transaction", place("a"), method="DELETE"))) == [REFUSED]


def test_an_appointment_may_stand_before_those_whom_it_names(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    offer = offer_at(world, "10:00")
    room = orjson.loads(_stored(world, "Location", offer.room_id))
    other = {**room, "id": "room-new"}
    wanted = json.loads(json.dumps(foreign(world)).replace(f"Location/{offer.room_id}", "Location/room-new"))
    outcomes = take(world, bundle("transaction", wanted, other))
    assert [(o.resource, o.result) for o in outcomes] == [
        ("Appointment/foreign-1", TAKEN),
        ("Location/room-new", TAKEN),
    ]


def _stored(world: World, kind: str, resource_id: str) -> bytes:
    with world.db.reading() as tx:
        return directory.read(tx, kind, resource_id)


def test_a_booked_appointment_claims_time_like_any_booking(database: Database) -> None:
    world = make_world(database)
    taken = foreign(world, comment="Rollstuhl")
    assert results(take(world, taken)) == [TAKEN]
    with world.db.transaction() as tx:
        kept = booking.read_appointment(tx, world.secrets, "foreign-1", actor=OPERATOR, now=world.now)
        free = booking.free_slots(
            tx, world.directory, ["weiss"], moment(world, "10:00"), moment(world, "10:20"), now=world.now
        )
    assert json.loads(kept)["comment"] == "Rollstuhl"
    assert free == []
    assert results(take(world, {**taken, "id": "foreign-2"})) == [REFUSED]


def test_an_appointment_whose_time_is_taken_is_told_of_whom_and_three_times_that_work(database: Database) -> None:
    world = make_world(database)
    make_booking(world, at="10:00", doctor="weiss")
    (outcome,) = take(world, foreign(world, at="11:00", **_at(world, "10:10")))
    assert (outcome.result, outcome.expression) == (REFUSED, "Appointment.start")
    assert outcome.why == (
        "Zu dieser Zeit ist nicht mehr frei: Raum 1. "
        "Frei ist zum Beispiel: Di. 24. Nov. 2026, 09:30; Di. 24. Nov. 2026, 10:30; Di. 24. Nov. 2026, 10:40."
    )
    for number, wall in enumerate(("09:30", "10:30")):
        assert results(take(world, foreign(world, at="11:00", id=f"f-{number}", **_at(world, wall)))) == [TAKEN]


def test_a_transaction_is_told_the_same_times_as_one_alone(database: Database) -> None:
    world = make_world(database)
    make_booking(world, at="10:00", doctor="weiss")
    late = foreign(world, at="11:00", **_at(world, "10:10"))
    (alone,), (within,) = take(world, late), take(world, bundle("transaction", late))
    assert within.result is REFUSED
    assert within.why == alone.why


def test_an_appointment_that_suits_nowhere_is_told_only_of_whom(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    day = foreign(world, start=moment(world, "09:30").isoformat(), end=moment(world, "23:00").isoformat())
    make_booking(world, at="10:00", doctor="weiss")
    (outcome,) = take(world, day)
    assert outcome.why == "Zu dieser Zeit ist nicht mehr frei: Kaya."


def _at(world: World, wall: str) -> dict[str, str]:
    start = moment(world, wall)
    return {"start": start.isoformat(), "end": (start + timedelta(minutes=20)).isoformat()}


@pytest.mark.parametrize(
    ("changes", "expression"),
    [
        ({"status": "proposed"}, "Appointment.status"),
        ({"status": "pending"}, "Appointment.status"),
        ({"status": "fulfilled"}, "Appointment.status"),
        ({"start": "2026-11-03T09:00:00Z", "end": "2026-11-03T09:20:00Z"}, "Appointment.start"),
        ({"participant": [{"actor": {"display": "Somebody"}, "status": "accepted"}]}, "Appointment.participant"),
        ({"id": None}, "Appointment.id"),
        ({"start": "2026-12-03T09:00:00"}, "Appointment.start"),
        ({"specialty": [specialty("HERZ")]}, "Appointment.specialty[0].coding[0].code"),
    ],
    ids=["proposed", "pending", "over", "past", "nobody known", "without id", "without zone", "specialty"],
)
def test_other_appointments_are_refused_with_the_place(
    sqlite_database: Database, changes: dict[str, Any], expression: str
) -> None:
    world = make_world(sqlite_database)
    given = {name: value for name, value in foreign(world, **changes).items() if value is not None}
    (outcome,) = take(world, given)
    assert (outcome.result, outcome.expression) == (REFUSED, expression)


@pytest.mark.parametrize("kind", ["Observation", "Condition", "QuestionnaireResponse", "DocumentReference"])
def test_medicine_is_refused(sqlite_database: Database, kind: str) -> None:
    world = make_world(sqlite_database)
    (outcome,) = take(world, {"resourceType": kind, "id": "m", "status": "final", "code": {"text": "secret"}})
    assert outcome.result is REFUSED
    assert "secret" not in service.line(outcome)


def test_a_report_never_repeats_what_a_file_says(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    named = foreign(world, status="Karl Winter", id="Karl Winter\nx", comment="")
    (outcome,) = take(world, named)
    assert outcome.result is REFUSED
    assert "Winter" not in service.line(outcome)
    assert "\n" not in service.line(outcome)


def test_a_seed_is_taken_whole_or_not_at_all(sqlite_database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(place("a")))
    (tmp_path / "b.json").write_bytes(orjson.dumps(place("b", mode="bogus")))
    (tmp_path / "notes.txt").write_text("not a resource")
    with pytest.raises(SeedRefused, match="Location/b"):
        service.seed(sqlite_database, tmp_path, now=TUESDAY)
    with sqlite_database.reading() as tx:
        assert not directory.knows(tx, "Location", "a")


def test_a_seed_may_be_taken_again(sqlite_database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(place("a")))
    for later in (TUESDAY, TUESDAY + timedelta(days=1)):
        assert results(service.seed(sqlite_database, tmp_path, now=later)) == [TAKEN]
