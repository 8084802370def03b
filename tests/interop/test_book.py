"""ISiK's ``$book`` as a program meets it."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from telemed.booking import pending
from telemed.booking import service as booking
from telemed.booking.model import BookingConfirmed, BookingReplanned
from telemed.booking.store import bookings
from telemed.directory import fhir as directory_fhir
from telemed.directory.model import slot_id
from telemed.fhir.codes import SPECIALTIES
from telemed.fhir.validate import validate
from telemed.interop import isik_later, isik_store
from telemed.interop.isik_book import Rules
from telemed.interop.model import BookingAsked
from telemed.interop.operations import means_of
from telemed.interop.reactions import book_asked
from telemed.kit.db import Database
from telemed.kit.outbox import Relay, Subscription
from telemed.notify import reactions as notify
from telemed.notify.store import notices
from telemed.people import service as people
from tests.builders import CLIENT, DOCTOR, SERVICE, World, make_booking, make_world, moment, quarter
from tests.interop.program import Program, appt, auditing, patient, refusal_of, resource, zulu

RESOURCE = "Parameters.parameter[0].resource"
DAY = timedelta(days=1)
CANCEL = {"type": "replace", "path": "Appointment.status", "valueCode": "cancelled"}


@pytest.fixture
def world(sqlite_database: Database) -> Iterator[World]:
    world = make_world(sqlite_database, rooms=2)
    with auditing(world):
        yield world


@pytest.fixture
def either(database: Database) -> Iterator[World]:
    """On both databases: what takes and frees time."""
    world = make_world(database, rooms=2)
    with auditing(world):
        yield world


def kept(world: World) -> int:
    with world.db.reading() as tx:
        return int(tx.execute(select(func.count()).select_from(bookings)).scalar_one())


def slots(*spans: tuple[Any, Any], of: str = "calendar-weiss") -> list[dict[str, str]]:
    return [{"reference": f"Slot/{slot_id(of, start, end)}"} for start, end in spans]


def actors(appointment: dict[str, Any]) -> set[str]:
    return {one["actor"]["reference"].partition("/")[0] for one in appointment["participant"]}


def test_what_is_named_is_booked_and_the_planner_names_the_rest(program: Program, world: World) -> None:
    answer = program.book(resource(appt(world)), patient())
    made = validate(answer.content).fields
    assert (answer.status_code, made["status"], answer.headers["etag"]) == (201, "booked", 'W/"1"')
    assert answer.headers["location"] == f"https://centre.test/fhir/Appointment/{made['id']}"
    assert actors(dict(made)) == {"Patient", "Practitioner", "Location"}
    assert all(one["actor"]["display"] for one in made["participant"])
    assert made["slot"] == appt(world)["slot"]
    assert made["specialty"]
    assert made["meta"]["profile"]
    assert program.read(made["id"]) == made
    with world.db.transaction() as tx:
        own = booking.get(tx, made["id"])
        assert (own.offer.service_id, own.offer.doctor_id) == (SERVICE, "weiss")
        known = people.details(tx, world.secrets, own.person_id, actor=CLIENT, purpose="appointment", now=world.now)
        assert (known.name, known.birth_year, known.contact) == ("Karl Winter", 1951, "030 1234567")
        assert ("client", "program", "create") in {
            (o.role, o.subject, o.deed) for o in people.lines_of(tx, own.person_id)
        }


def test_part_of_a_long_slot_and_several_in_a_row_may_be_booked(program: Program, world: World) -> None:
    long = slots((moment(world, "09:00"), moment(world, "18:00")))
    part = program.book(resource(appt(world, "11:05", "11:55", slot=long)), patient())
    assert part.status_code == 201, part.text
    assert part.json()["slot"] == slots((moment(world, "11:05"), moment(world, "11:55")))
    times = [moment(world, at) for at in ("13:00", "13:20", "13:40", "14:00")]
    row = slots(*itertools.pairwise(times))
    several = program.book(resource(appt(world, slot=row, start=None, end=None)), patient())
    assert (several.json()["start"], several.json()["end"]) == (zulu(times[0]), zulu(times[3]))
    assert several.json()["slot"] == row
    gap = program.book(resource(appt(world, "15:00", "15:20", slot=[row[0], row[2]])), patient())
    assert refusal_of(gap) == (422, "business-rule", f"{RESOURCE}.slot")
    beside = program.book(resource(appt(world, "15:00", "15:20", slot=row[:1])), patient())
    assert refusal_of(beside) == (422, "business-rule", f"{RESOURCE}.start")
    with world.db.reading() as tx:
        assert booking.unplaceable(tx, world.directory, now=world.now) == []


def test_with_a_schedule_the_server_finds_the_slots(program: Program, world: World) -> None:
    schedule = {
        "name": "schedule",
        "valueReference": {"reference": "https://elsewhere.test/fhir/Schedule/calendar-weiss"},
    }
    answer = program.book(resource(appt(world, slot=None), "appointment"), patient(), schedule)
    assert answer.json()["slot"] == appt(world)["slot"]
    neither = program.book(resource(appt(world, slot=None)), patient())
    assert refusal_of(neither) == (422, "required", RESOURCE)
    world.centre.live[Rules] = Rules(no_slot=400)
    assert refusal_of(program.book(resource(appt(world, slot=None)), patient())) == (400, "required", RESOURCE)


BROKEN: list[tuple[dict[str, Any], int, str, str]] = [
    ({"status": "booked"}, 422, "business-rule", ".status"),
    ({"status": "bogus"}, 422, "code-invalid", ".status"),
    ({"serviceType": None}, 422, "required", ""),
    ({"serviceType": [{"text": "Chefvisite"}]}, 422, "code-invalid", ".serviceType[0]"),
    ({"serviceType": []}, 400, "structure", ".serviceType"),
    ({"slot": [{"display": "irgendwann"}]}, 422, "required", ".slot[0]"),
    ({"slot": [{"reference": "Slot/nirgends.20261124T0900Z.20"}]}, 422, "not-found", ".slot[0].reference"),
    ({"start": "2026-11-24T11:00:00Z"}, 422, "invariant", ".start"),
    ({"start": "2026-11-24T07:00:00Z"}, 422, "business-rule", ".start"),
    ({"start": "gestern"}, 400, "value", ".start"),
    ({"colour": "red"}, 400, "structure", ".colour"),
    (
        {"participant": [{"status": "accepted", "actor": {"display": "Karl"}}]},
        422,
        "required",
        ".participant[0].actor",
    ),
    (
        {"participant": [{"status": "accepted", "actor": {"reference": "Practitioner/niemand"}}]},
        422,
        "not-found",
        ".participant[0].actor.reference",
    ),
    (
        {
            "specialty": [
                {"text": "x"},
                {"coding": [{"system": "urn:x", "code": "1"}, {"system": SPECIALTIES, "code": "HERZ"}]},
            ]
        },
        422,
        "code-invalid",
        ".specialty[1].coding[1].code",
    ),
    ({"id": "x" * 65}, 400, "value", ".id"),
    ({"cancelationReason": {"text": "x"}}, 422, "invariant", ".cancelationReason"),
]


def test_what_breaks_a_rule_is_refused_where_it_stands(program: Program, world: World) -> None:
    for change, status, code, where in BROKEN:
        answer = program.book(resource(appt(world, **change)), patient())
        assert refusal_of(answer) == (status, code, RESOURCE + where), answer.text
    assert kept(world) == 0


def test_other_parameters_are_refused_by_name(program: Program, world: World) -> None:
    book = resource(appt(world))
    unknown = program.book(book, patient(), {"name": "colour", "valueString": "red"})
    assert refusal_of(unknown) == (400, "not-supported", "Parameters.parameter[2].valueString")
    anamnesis = {"name": "patientSubmittedInformation", "resource": {"resourceType": "QuestionnaireResponse"}}
    assert refusal_of(program.book(book, anamnesis)) == (422, "not-supported", "Parameters.parameter[1].resource")
    assert refusal_of(program.book(patient())) == (400, "required", "Parameters")
    assert refusal_of(program.book(book, book)) == (400, "structure", "Parameters.parameter[1].resource")
    both = program.book(book, {"name": "comment", "valueString": "x"})
    assert refusal_of(both)[0] == 400
    assert refusal_of(program.send("POST", "/fhir/Appointment/$book", b"{")) == (400, "structure", "")
    assert program.send("POST", "/fhir/Appointment/$book", b"x", content_type="text/plain").status_code == 415
    assert kept(world) == 0


def test_a_taken_time_names_who_has_it_and_what_is_free(program: Program, world: World) -> None:
    make_booking(world, at="10:00")
    answer = program.book(resource(appt(world)), patient())
    assert refusal_of(answer) == (409, "conflict", f"{RESOURCE}.start")
    first, *others = answer.json()["issue"]
    assert first["diagnostics"] == "Dr. Weiß (Practitioner/weiss): taken at that time"
    assert [one["severity"] for one in others] == ["information"] * 3
    schedule = {"name": "schedule", "valueReference": {"reference": "Schedule/calendar-weiss"}}
    for one in others:
        free = one["extension"][0]["valuePeriod"]
        made = program.book(resource(appt(world, slot=None, **free)), patient(), schedule)
        assert made.status_code == 201, free
        assert program.patch(made.json()["id"], CANCEL).status_code == 200


def test_what_it_names_is_what_is_booked_or_nothing(program: Program, world: World) -> None:
    def naming(*references: str) -> list[dict[str, Any]]:
        return [
            *appt(world)["participant"],
            *({"actor": {"reference": one}, "status": "accepted"} for one in references),
        ]

    first = program.book(
        resource(
            appt(world, participant=naming("Location/room-2", "Practitioner/lindner", "PractitionerRole/role-weiss"))
        ),
        patient(),
    )
    assert {"Location/room-2", "Practitioner/lindner"} <= {
        one["actor"]["reference"] for one in first.json()["participant"]
    }
    other = slots((moment(world, "10:00"), moment(world, "10:20")), of="calendar-brandt")
    room = program.book(resource(appt(world, slot=other, participant=naming("Location/room-2"))), patient())
    assert "Location/room-2" in room.json()["issue"][0]["diagnostics"]
    assert room.status_code == 409
    where = f"{RESOURCE}.participant[{{}}].actor.reference"
    wrong = program.book(resource(appt(world, slot=other, participant=naming("Practitioner/weiss"))), patient())
    assert refusal_of(wrong) == (422, "business-rule", where.format(1))
    for two in (("Practitioner/weiss", "Practitioner/brandt"), ("Location/room-1", "Location/room-2")):
        both = program.book(resource(appt(world, "13:00", "13:20", participant=naming(*two))), patient())
        assert refusal_of(both) == (422, "business-rule", where.format(2)), "who is named is booked, or nobody"
    of_both = [*appt(world)["slot"], *other]
    assert refusal_of(program.book(resource(appt(world, slot=of_both)), patient())) == (
        *(422, "business-rule"),
        f"{RESOURCE}.slot",
    )
    unfit = program.book(resource(appt(world, slot=other, serviceType=[{"text": "skin-20"}])), patient())
    assert refusal_of(unfit) == (422, "business-rule", f"{RESOURCE}.start")
    short = program.book(resource(appt(world, "12:00", "12:10")), patient())
    assert refusal_of(short) == (422, "business-rule", f"{RESOURCE}.start")
    assert program.book(resource(appt(world, slot=other)), patient()).status_code == 201  # the other room is free


def test_the_same_again_is_once_and_a_known_id_is_changed(either: World) -> None:
    world, program = either, Program(either)
    own = appt(world, id="their-1")
    first, again = program.book(resource(own), patient()), program.book(resource(own), patient())
    assert (first.json()["id"], again.status_code, again.content) == ("their-1", 201, first.content)
    later = appt(world, "14:00", "14:20", id="their-1", comment="später")
    moved = program.book(resource(later), patient())
    assert (moved.json()["id"], moved.json()["start"], moved.json()["comment"]) == ("their-1", later["start"], "später")
    assert moved.headers["etag"] == 'W/"2"'
    assert moved.json()["created"] == first.json()["created"]
    assert kept(world) == 1
    with world.db.reading() as tx:
        assert booking.get(tx, "their-1").offer.start == moment(world, "14:00")
    assert program.book(resource(appt(world)), patient()).status_code == 201, "the old time is free"
    lost = program.book(
        resource({**later, "start": "2026-11-24T09:00:00Z", "end": "2026-11-24T09:20:00Z", "slot": own["slot"]})
    )
    assert refusal_of(lost) == (409, "conflict", f"{RESOURCE}.start")
    assert program.read("their-1")["start"] == later["start"]


def test_who_is_moved_by_the_same_id_is_told_once_and_reminded_of_the_new_time(program: Program, world: World) -> None:
    far = slots((moment(world, "10:00") + 2 * DAY, moment(world, "10:20") + 2 * DAY))
    later = slots((moment(world, "14:00") + 3 * DAY, moment(world, "14:20") + 3 * DAY))
    for slot in (far, later):
        made = program.book(resource(appt(world, id="their-1", slot=slot, start=None, end=None)), patient())
        assert made.status_code == 201, made.text
    left: list[str] = []
    subscribed = [
        Subscription("notify.booked", BookingConfirmed, notify.tell_booked),
        Subscription("notify.replanned", BookingReplanned, notify.tell_replanned),
        Subscription("left", BookingReplanned, lambda _tx, happened, **_: left.extend(happened.left)),
    ]
    Relay(world.db, subscribed, world.clock).deliver()
    with world.db.reading() as tx:
        open_ones = select(notices.c.kind, notices.c.until).where(notices.c.done_at.is_(None))
        told = {row.kind: row.until for row in tx.execute(open_ones)}
    assert left == [far[0]["reference"].removeprefix("Slot/")]
    assert "moved" in told
    assert len(told) > 1
    assert min(told.values()) > moment(world, "10:20") + 2 * DAY


def test_moving_is_all_or_nothing_and_says_what_it_replaces(either: World) -> None:
    world, program = either, Program(either)
    old = program.book(resource(appt(world)), patient()).json()
    make_booking(world, at="11:00")
    instead = {"name": "cancelled-appt-id", "valueReference": {"reference": f"Appointment/{old['id']}"}}
    refused = program.book(resource(appt(world, "11:00", "11:20")), instead)
    assert refusal_of(refused) == (409, "conflict", f"{RESOURCE}.start")
    assert program.read(old["id"])["status"] == "booked"
    new = program.book(resource(appt(world, "10:10", "10:30")), {"name": "cancelled-appt-id", "valueUri": old["id"]})
    assert new.status_code == 201, new.text
    replaces = {one["url"].rpartition(".")[2]: one["valueReference"]["reference"] for one in new.json()["extension"]}
    assert replaces == {"replaces": f"Appointment/{old['id']}"}
    gone = program.read(old["id"])
    assert (gone["status"], gone["meta"]["versionId"]) == ("cancelled", "2")
    assert new.json()["participant"][0]["actor"]["reference"] == gone["participant"][0]["actor"]["reference"]
    elsewhere = {"name": "cancelled-appt-id", "valueUri": f"https://other.test/fhir/Appointment/{new.json()['id']}"}
    answer = program.book(resource(appt(world, "15:00", "15:20")), elsewhere)
    assert refusal_of(answer) == (422, "not-found", "Parameters.parameter[1].valueUri")
    twice = program.book(resource(appt(world, "15:00", "15:20")), instead)
    assert refusal_of(twice) == (409, "conflict", "Parameters.parameter[1].valueReference.reference")


def test_an_appointment_stays_that_of_its_person(program: Program, world: World) -> None:
    """Whom a program calls by an id of its own is told by name and year of birth."""
    program.book(resource(appt(world, id="a1")), patient())
    instead = {"name": "cancelled-appt-id", "valueUri": "a1"}
    anna = [{"actor": {"reference": "Patient/p2", "display": "Anna Sommer"}, "status": "accepted"}]
    inside = {"resourceType": "Patient", "id": "p", "name": [{"text": "Anna Sommer"}]}
    within = [{"actor": {"reference": "#p"}, "status": "accepted"}]
    for change, more in (
        ({"participant": anna}, []),
        ({"participant": within, "contained": [inside]}, []),
        ({}, [patient(birthDate="1980-01-01")]),
        ({}, [patient(name=[{"family": "Sommer", "given": ["Anna"]}])]),
    ):
        for how in ([instead], []):
            sent = appt(world, "14:00", "14:20", **change, **({} if how else {"id": "a1"}))
            answer = program.book(resource(sent), *how, *more)
            assert refusal_of(answer)[:2] == (422, "business-rule"), (change, more, answer.text)
    gone = program.book(resource(appt(world, "14:00", "14:20")), instead, patient(active=False))
    assert refusal_of(gone) == (422, "business-rule", "Parameters.parameter[2].resource")
    assert program.read("a1")["meta"]["versionId"] == "1"
    married = patient(name=[{"family": "Winter-Sommer", "given": ["K."]}], birthDate="1951")
    assert program.book(resource(appt(world, "14:00", "14:20")), instead, married).status_code == 201


def test_a_program_books_moves_and_changes_only_for_its_doctors(program: Program, world: World) -> None:
    theirs = program.book(resource(appt(world, id="theirs")), patient()).json()
    other = Program(world, "other", works_for="brandt")
    calendar = slots((moment(world, "12:00"), moment(world, "12:20")), of="calendar-brandt")
    mine = appt(world, "12:00", "12:20", slot=calendar)
    assert refusal_of(other.book(resource(appt(world, "12:00", "12:20")), patient()))[:2] == (403, "forbidden")
    for reference in ("Appointment/theirs", "Appointment/nothing"):
        instead = {"name": "cancelled-appt-id", "valueString": reference}
        answer = other.book(resource(mine), patient(), instead)
        assert refusal_of(answer) == (422, "not-found", "Parameters.parameter[2].valueString")
    assert refusal_of(other.book(resource({**mine, "id": "theirs"}), patient())) == (409, "conflict", f"{RESOURCE}.id")
    person = theirs["participant"][0]
    for known in (person, {**person, "actor": {"reference": "Patient/nobody"}}):
        answer = other.book(resource({**mine, "participant": [known]}))
        assert refusal_of(answer) == (422, "not-found", f"{RESOURCE}.participant[0].actor.reference")
    own = program.book(resource({**mine, "participant": [person]}))
    assert own.json()["participant"][0]["actor"]["reference"] == person["actor"]["reference"]
    assert refusal_of(other.patch("theirs", CANCEL))[:2] == (404, "not-found")


def test_who_is_not_active_is_not_booked_for(program: Program, world: World) -> None:
    known = program.book(resource(appt(world, "11:00", "11:20")), patient()).json()["participant"]
    changes: tuple[dict[str, Any], ...] = ({"active": False}, {"deceasedDateTime": "2026-11-01"})
    for change in changes:
        for person in (known[:1], appt(world)["participant"]):
            answer = program.book(resource(appt(world, participant=person)), patient(**change))
            assert refusal_of(answer) == (422, "business-rule", "Parameters.parameter[1].resource"), "also who is known"
    assert program.book(resource(appt(world)), patient(birthDate="1951-03", name=[{"text": "K"}])).status_code == 201


def test_what_must_be_confirmed_is_pending_until_staff_say_yes(sqlite_database: Database) -> None:
    confirmed = {"url": directory_fhir.NEEDS_CONFIRMATION, "valueBoolean": True}
    resources = [
        {**one, "extension": [*one["extension"], confirmed]} if one.get("id") == SERVICE else one for one in quarter()
    ]
    world = make_world(sqlite_database, resources=resources)
    with auditing(world):
        program = Program(world)
        answer = program.book(resource(appt(world, id="a1")), patient())
        made = validate(answer.content).fields
        assert (answer.status_code, made["status"]) == (202, "pending")
        again = program.book(resource(appt(world, id="a1")), patient())
        assert (again.status_code, again.content) == (202, answer.content)
        assert program.book(resource(appt(world, "14:00", "14:20", id="a1")), patient()).status_code == 409
        assert program.read(made["id"])["status"] == "pending"
        assert program.book(resource(appt(world)), patient()).status_code == 409
        with world.db.transaction() as tx:
            pending.confirm(tx, world.secrets, made["id"], actor=DOCTOR, now=world.now)
        assert program.read(made["id"])["status"] == "booked"
        other = program.book(resource(appt(world, "11:00", "11:20")), patient()).json()
        assert program.patch(other["id"], CANCEL).json()["status"] == "cancelled"
        assert program.book(resource(appt(world, "11:00", "11:20")), patient()).status_code == 202


def test_who_does_not_wait_fetches_the_answer_whatever_happened_meanwhile(program: Program, world: World) -> None:
    taken = program.book(resource(appt(world)), patient(), prefer="respond-async")
    lost = program.book(resource(appt(world)), patient(), prefer="respond-async")
    paths = [one.headers["content-location"].removeprefix("https://centre.test") for one in (taken, lost)]
    assert (taken.status_code, kept(world)) == (202, 0)
    assert program.send("GET", paths[0]).status_code == 202
    react = Subscription("isik.asked", BookingAsked, book_asked(lambda: means_of(world.centre)))
    relay = Relay(world.db, [react], world.clock)  # as after a new start: what is known is what was written down
    relay.deliver()
    relay.deliver()
    done, refused = (program.send("GET", path) for path in paths)
    assert (done.status_code, validate(done.content).fields["status"], done.headers["etag"]) == (200, "booked", 'W/"1"')
    assert refusal_of(refused) == (409, "conflict", f"{RESOURCE}.start")
    assert kept(world) == 1
    assert refusal_of(Program(world, "other").send("GET", paths[0]))[0] == 404
    world.clock.forward(DAY + timedelta(minutes=1))
    with world.db.transaction() as tx:
        isik_later.forget_old(tx, now=world.now)
        assert isik_store.before(tx, world.now) == []
    assert program.send("GET", paths[0]).status_code == 404
