"""A program that means harm at the FHIR interface: bombs, poison, floods. Each is refused in FHIR's words, and quickly.

What it sends would be an error of ours (500), would keep others waiting, or would break what others read later.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from httpx import Response

from telemed.booking import service as booking
from telemed.fhir import json_patch, xml
from telemed.fhir.issues import Malformed
from telemed.fhir.raw import DEEPEST
from telemed.fhir.search import MOST_PARAMETERS, MOST_VALUES
from telemed.identity.pacing import SAVED_S, Paces
from telemed.identity.rights import Programs
from telemed.interop.model import BookingAsked
from telemed.interop.operations import means_of
from telemed.interop.patching import LARGEST
from telemed.interop.reactions import book_asked
from telemed.kit.db import Database
from telemed.kit.outbox import Relay, Subscription
from telemed.people import service as people
from tests.builders import World, make_booking, make_world
from tests.interop.program import (
    PATIENT,
    Program,
    appt,
    auditing,
    parameters,
    patient,
    refusal_of,
    resource,
    token_of,
)

FORM = "application/x-www-form-urlencoded"
SLOT = "Slot/calendar-weiss-202611240900-202611240910"


@pytest.fixture
def world(database: Database) -> Iterator[World]:
    world = make_world(database)
    with auditing(world):
        yield world


def _book(program: Program, world: World, more: str) -> Response:
    """An Appointment with *more* members as text, which no program of ours would write."""
    text = json.dumps(appt(world))[:-1] + f",{more}}}"
    given = parameters({"name": "appt-resource", "resource": "HERE"}, patient())
    return program.send("POST", "/fhir/Appointment/$book", json.dumps(given).replace('"HERE"', text).encode())


def _nested(deep: int) -> str:
    inner = '{"url":"u","valueString":"x"}'
    return '"extension":[' + '{"url":"u","extension":[' * deep + inner + "]}" * deep + "]"


BOMBS = {
    "nested": _nested(200),
    "nested beyond the parser": _nested(900),
    "a number of 4,000 digits": f'"extension":[{{"url":"u","valueDecimal":{"9" * 4000}}}]',
    "a number that is infinite": '"extension":[{"url":"u","valueDecimal":1e400}]',
    "a text that is not of XML": '"comment":"a\\uffffb"',
    "half a character": '"comment":"a\\ud800b"',
    "half a character as a name": '"a\\ud800":"x"',
    "a zero byte": '"comment":"a\\u0000b"',
    "a zero byte as a name": '"a\\u0000":"x"',
    "a zero byte as an id": '"id":"a\\u0000"',
    "the same name twice": '"comment":"a","comment":"b"',
}


def test_no_bomb_and_no_poison_is_kept(world: World) -> None:
    program = Program(world)
    for name, more in BOMBS.items():
        assert refusal_of(_book(program, world, more))[0] in (400, 422), name
    assert _book(program, world, _nested((DEEPEST - 10) // 2)).status_code == 201
    for speaks in ("json", "xml"):
        assert program.send("GET", f"/fhir/Appointment?_format={speaks}").status_code == 200


LAUGHS = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 20}">' for n in range(8))
DOCUMENT_TYPES = {
    "billion laughs": f'<!DOCTYPE x [<!ENTITY a "{"a" * 500}">{LAUGHS}]>',
    "a file of ours": '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>',
    "a parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p; <!ENTITY i "x">]>',
}


@pytest.mark.parametrize("inside", ['<name value="&i;"/>', '<name value="x">&i;</name>'])
def test_nothing_of_an_xml_document_is_looked_up(inside: str) -> None:
    for name, begun in DOCUMENT_TYPES.items():
        with pytest.raises(Malformed):
            xml.to_json(f'{begun}<Location xmlns="http://hl7.org/fhir">{inside}</Location>'.encode())
        assert name
    for deep in (60, 200):
        nested = '<extension url="u">' * deep + "</extension>" * deep
        with pytest.raises(Malformed):
            xml.to_json(f'<Location xmlns="http://hl7.org/fhir">{nested}</Location>'.encode())


def test_what_was_kept_before_and_no_xml_can_say_keeps_nothing_else_from_being_read() -> None:
    shown = xml.from_json(json.dumps({"resourceType": "Location", "id": "1", "name": "a\uffff\x01b"}).encode())
    assert "a\ufffd\ufffdb" in shown.decode()


def test_a_search_has_an_end(world: World) -> None:
    """Without it the database refuses what is nested too deep, after seconds of work for everybody."""
    program = Program(world)

    def search(asked: str) -> Response:
        return program.send("POST", "/fhir/Appointment/_search", asked.encode(), content_type=FORM)

    for name, value in (("_id", "x"), ("actor", "x"), ("service-type", "x"), ("date", "ne2026-01-01"), ("slot", SLOT)):
        half, rest = MOST_PARAMETERS // 2, MOST_VALUES - MOST_PARAMETERS // 2
        widest = "&".join([f"{name}={value}"] * half + [f"{name}=" + ",".join([value] * rest)])
        assert search(widest).status_code == 200, name
        assert refusal_of(search(f"{widest},x"))[:2] == (400, "too-costly")
        assert refusal_of(search("&".join([f"{name}={value}"] * (MOST_PARAMETERS + 1))))[0] == 400
    for odd in ("_id=%00", "patient=Patient/%00", "_count=999999999", "_offset=999999999", "_id=%ED%A0%80"):
        assert search(odd).status_code in (200, 400), odd
    places: list[Any] = [[False, "x", "x"], [False, 5, "x"], [False, "9999-12-31T23:59:59-14:00", "x"], [0, "", ""]]
    for forged in (*places, None, {}):
        cursor = urlsafe_b64encode(json.dumps(forged).encode()).decode()
        assert refusal_of(search(f"_cursor={cursor}"))[0] == 400, forged
    for path in ("Appointment/%00", "Location/%00", "Location/%00/_history/1", "asked/%00", "Appointment/%ED%A0%80"):
        assert refusal_of(program.send("GET", f"/fhir/{path}"))[0] == 404


def test_a_patch_makes_nothing_that_grows_without_end(world: World) -> None:
    program = Program(world)
    made = program.book(resource(appt(world)), patient()).json()

    def patched(*operations: dict[str, Any]) -> Response:
        kind = "application/json-patch+json"
        return program.send(
            "PATCH", f"/fhir/Appointment/{made['id']}", json.dumps(operations).encode(), content_type=kind
        )

    begun = {"op": "add", "path": "/extension", "value": [{"url": "u", "valueString": "x" * 100}]}
    doubled = {"op": "copy", "from": "/extension", "path": "/extension/-"}
    answer = patched(begun, *[doubled] * (json_patch.MOST - 1))
    assert refusal_of(answer)[:2] == (422, "processing")
    assert refusal_of(patched(*[begun] * (json_patch.MOST + 1)))[0] == 400
    long = {"op": "add", "path": "/extension/-", "value": {"url": "u", "valueString": "y" * (LARGEST // 2)}}
    assert patched(begun, long).status_code == 200
    assert refusal_of(patched(long))[:2] == (422, "too-long")


def test_nobody_is_said_in_a_refusal(world: World) -> None:
    """What is refused repeats nothing of what was sent: it may be in a log at the other end."""
    program = Program(world)
    secret = "Erika-Mustermann"
    for answer in (
        program.book(resource(appt(world, description=secret, status=secret)), patient()),
        program.book(resource(appt(world)), patient(birthDate=secret)),
        program.book({"name": secret, "valueString": secret}),
        program.send("POST", "/fhir/Location", {"resourceType": "Location", "status": secret, "mode": secret}),
        program.send("POST", "/fhir/Location", f'{{"resourceType":"Location","name":{secret}'.encode()),
        program.send("POST", "/fhir/Location", f"<Location><{secret}/></Location>".encode(), content_type="text/xml"),
        program.send("GET", f"/fhir/Appointment?date={secret}"),
        program.send("GET", f"/fhir/Appointment?status:{secret}={secret}"),
        program.send("GET", f"/fhir/Appointment?_sort={secret}&_count={secret}"),
        program.send("GET", f"/fhir/Appointment?_cursor={secret}"),
        program.send("GET", f"/fhir/{secret}/{secret}"),
        program.send("GET", "/fhir/Appointment?_format=" + secret),
        program.send("PATCH", "/fhir/Appointment/x", {"resourceType": secret}, if_match=secret),
        program.send("POST", "/fhir", {"resourceType": "Bundle", "type": secret, "entry": [PATIENT]}),
    ):
        assert answer.status_code >= 400
        assert secret.casefold() not in answer.text.casefold(), answer.text


def test_a_program_that_asks_without_end_is_told_when_to_come_again(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    world.centre.live[Paces] = Paces(per_second=1, monotonic=lambda: 0.0)
    with auditing(world):
        greedy, other = Program(world, "greedy"), Program(world, "other")
        answers = [greedy.send("GET", "/fhir/Location/room-1") for _ in range(SAVED_S + 5)]
        assert [one.status_code for one in answers] == [200] * SAVED_S + [429] * 5
        assert refusal_of(answers[-1])[:2] == (429, "throttled")
        assert answers[-1].headers["retry-after"] == "1"
        many = {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [{"request": {"method": "GET", "url": "Slot"}}] * 61,
        }
        assert refusal_of(other.send("POST", "/fhir", many))[0] == 429
        assert other.send("GET", "/fhir/Location/room-1").status_code == 200
        with world.db.reading() as tx:
            lines = people.acts_of(tx, "greedy", limit=SAVED_S + 5)
    assert [one.status for one in lines].count(429) == 1, "they would fill the disk"


def test_what_was_asked_for_is_not_done_once_the_program_may_not(sqlite_database: Database) -> None:
    """Neither is it told what it was answered before, when it worked for more doctors than now."""
    world = make_world(sqlite_database)
    react = Subscription("isik.asked", BookingAsked, book_asked(lambda: means_of(world.centre)))
    with auditing(world):
        program = Program(world, works_for="weiss")
        asked = [program.book(resource(appt(world)), patient(), prefer="respond-async") for _ in range(2)]
        ways = [urlsplit(one.headers["content-location"]).path for one in asked]
        token_of(world, "program", "brandt")
        Relay(world.db, [react], world.clock).deliver()
        world.centre.live[Programs] = Programs()
        assert [program.send("GET", way).status_code for way in ways] == [404, 404]
        token_of(world, "program", "weiss")
        world.centre.live[Programs] = Programs()
        assert [program.send("GET", way).status_code for way in ways] == [403, 403]


def test_a_program_for_one_doctor_brings_in_what_is_theirs_alone(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    with auditing(world):
        program = Program(world, works_for="weiss")
        before = {one: program.send("GET", f"/fhir/{one}").text for one in ("Location/room-1", "Practitioner/brandt")}
        for one, text in before.items():
            said = program.send("POST", "/import?file=x", text.encode()).json()["outcomes"]
            assert [each["refused"] for each in said] == [True], one
            assert program.send("GET", f"/fhir/{one}").text == text
        own = program.send("GET", "/fhir/Practitioner/weiss").text
        assert not program.send("POST", "/import?file=x", own.encode()).json()["outcomes"][0]["refused"]


def test_what_is_of_another_doctor_is_answered_like_what_is_not_there(sqlite_database: Database) -> None:
    """Whatever is asked with its id: the same status and the same words, so that nobody can try which there are."""
    world = make_world(sqlite_database, rooms=2)
    with auditing(world):
        program = Program(world, works_for="weiss")
        there, nowhere = make_booking(world, doctor="brandt", at="10:00").id, "0" * 32

        def told(booking_id: str) -> list[tuple[int, str]]:
            one, reference = f"/fhir/Appointment/{booking_id}", {"reference": f"Appointment/{booking_id}"}
            by_reference = {"name": "appointment-reference", "valueReference": reference}
            whole = {**appt(world), "id": booking_id}
            look = {"method": "GET", "url": f"Appointment/{booking_id}"}
            cancelled = [{"op": "replace", "path": "/status", "value": "cancelled"}]
            answers = (
                program.send("GET", one),
                program.send("GET", one, if_none_match="*"),
                program.send("GET", f"{one}/_history/1"),
                program.send("GET", f"/fhir/Appointment?_id={booking_id}"),
                program.send("PATCH", one, json.dumps(cancelled).encode(), content_type="application/json-patch+json"),
                program.send("PATCH", one, json.dumps(cancelled).encode(), content_type="x/y", if_match='W/"7"'),
                program.send(
                    "POST", "/fhir", {"resourceType": "Bundle", "type": "batch", "entry": [{"request": look}]}
                ),
                program.book(resource(appt(world)), patient(), {"name": "cancelled-appt-id", "valueUri": booking_id}),
                program.book(by_reference, {"name": "patient-resource", "resource": PATIENT}),
                *(
                    program.book(resource({**whole, "status": status}, "appointment-resource"))
                    for status in ("pending", "booked", "cancelled")
                ),
                program.send("POST", "/fhir/Appointment/$hold", parameters(by_reference)),
            )
            return [(one.status_code, one.text.replace(booking_id, "ID")) for one in answers]

        assert told(there) == told(nowhere)
        person = _person_of(world, there)
        assert program.send("GET", f"/fhir/Appointment?patient=Patient/{person}").json()["total"] == 0
        named = [{"actor": {"reference": f"Patient/{person}"}, "status": "accepted"}]
        refused = program.book(resource(appt(world, participant=named)))
        named[0]["actor"] = {"reference": f"Patient/{nowhere}"}
        assert program.book(resource(appt(world, participant=named))).text == refused.text
        assert refused.status_code == 422


def _person_of(world: World, booking_id: str) -> str:
    with world.db.reading() as tx:
        return booking.get(tx, booking_id).person_id
