"""What is let in: fhir.resources' judgement, and what it lets pass and we do not."""

import json
from pathlib import Path
from typing import Any

import pytest

from telemed.fhir.issues import Invalid, Issue, Malformed, explain, outcome
from telemed.fhir.raw import members, stamped
from telemed.fhir.validate import validate

EXAMPLES = sorted((Path(__file__).parent.parent / "data" / "fhir").glob("*/*.json"))
NARRATIVE = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


def location(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Location", "id": "room-1", **fields}


def appointment(**fields: Any) -> dict[str, Any]:
    people = [{"actor": {"reference": "Patient/p"}, "status": "accepted"}]
    when = {"start": "2027-01-12T09:00:00Z", "end": "2027-01-12T09:20:00Z"}
    made = {"resourceType": "Appointment", "id": "a", "status": "booked", **when, "participant": people, **fields}
    return {name: value for name, value in made.items() if value != "left out"}


def issues_of(data: bytes | dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        validate(data)
    return [(issue.code, issue.expression) for issue in refused.value.issues]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_of_gematik_and_ihe_are_valid(path: Path) -> None:
    resource = validate(path.read_bytes())
    assert resource.content == path.read_bytes()
    assert resource.kind == json.loads(path.read_bytes())["resourceType"]


@pytest.mark.parametrize(
    ("fields", "code", "expression"),
    [
        ({"mode": "bogus"}, "code-invalid", "Location.mode"),
        ({"id": "x" * 65}, "value", "Location.id"),
        ({"id": "a/b"}, "value", "Location.id"),
        ({"name": None}, "structure", "Location.name"),
        ({"name": ""}, "value", "Location.name"),
        ({"name": "a\x00b"}, "value", "Location.name"),
        ({"name": "\ud800"}, "value", "Location.name"),
        ({"alias": []}, "structure", "Location.alias"),
        ({"alias": [None]}, "structure", "Location.alias[0]"),
        ({"address": {}}, "invariant", "Location.address"),
        ({"colour": "red"}, "structure", "Location.colour"),
        ({"managingOrganization": {"reference": "Patient/1"}}, "value", "Location.managingOrganization.reference"),
        ({"position": {"longitude": "11.6", "latitude": 50.9}}, "structure", "Location.position.longitude"),
        ({"position": {"longitude": True, "latitude": 50.9}}, "value", "Location.position.longitude"),
        ({"position": {"longitude": 11.6}}, "required", "Location.position.latitude"),
        ({"hoursOfOperation": [{"daysOfWeek": ["mo"]}]}, "code-invalid", "Location.hoursOfOperation[0].daysOfWeek[0]"),
        ({"hoursOfOperation": [{"openingTime": "8:00"}]}, "value", "Location.hoursOfOperation[0].openingTime"),
        ({"_name": {"extension": []}}, "structure", "Location._name.extension"),
        (
            {"text": {"status": "generated", "_div": {"extension": [{"url": "urn:x", "valueCode": "unknown"}]}}},
            "structure",
            "Location.text._div",
        ),
        ({"extension": [{"url": "urn:x", "valueUrl": False}]}, "value", "Location.extension[0].valueUrl"),
    ],
)
def test_each_fault_is_named_where_it_stands(fields: dict[str, Any], code: str, expression: str) -> None:
    assert (code, expression) in issues_of(location(**fields))


@pytest.mark.parametrize(
    ("fields", "expression"),
    [
        ({"participant": [{"status": "accepted"}]}, "Appointment.participant[0]"),
        ({"end": "left out"}, "Appointment"),
        ({"start": "left out", "end": "left out"}, "Appointment"),
        ({"cancelationReason": {"text": "ill"}}, "Appointment.cancelationReason"),
        ({"end": "2027-01-12T08:00:00Z"}, "Appointment.start"),
        ({"requestedPeriod": [{"start": "2027-02", "end": "2027-01"}]}, "Appointment.requestedPeriod[0].start"),
    ],
    ids=["app-1", "app-2", "app-3", "app-4", "start after end", "per-1"],
)
def test_invariants_hold(fields: dict[str, Any], expression: str) -> None:
    assert expression in [where for _, where in issues_of(appointment(**fields))]


def test_a_period_within_one_day_is_in_order_whatever_its_precision() -> None:
    period = {"start": "2027-01-12T09:00:00+01:00", "end": "2027-01-12"}
    assert validate(appointment(requestedPeriod=[period])).id == "a"


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("<p>Raum 1</p>", True),
        ("<script>x()</script>", False),
        ('<p onclick="x()">a</p>', False),
        ('<a href="javascript:x()">a</a>', False),
        ("<p>", False),
    ],
)
def test_a_narrative_is_text_and_nothing_that_acts(text: str, passes: bool) -> None:
    narrated = location(text={"status": "generated", "div": NARRATIVE.format(text)})
    if passes:
        assert validate(narrated).kind == "Location"
    else:
        assert issues_of(narrated) == [("invariant", "Location.text.div")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[1]",
        b"{",
        b"\xff\xfe",
        b'{"resourceType":"Location","resourceType":"Slot"}',
        b'{"resourceType":"Location","position":{"longitude":NaN}}',
        b"[" * 100_000,
        b"1" * 5_000,
    ],
    ids=["nothing", "array", "cut off", "not UTF-8", "a name twice", "NaN", "deep", "long number"],
)
def test_what_cannot_be_read_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        validate(data)
    assert explain(refused.value)[0] == 400


@pytest.mark.parametrize("kind", ["Nonsense", "Identifier", "", None, 7])
def test_only_resources_are_resources(kind: object) -> None:
    assert issues_of({"resourceType": kind}) == [("structure", "resourceType")]


def test_an_outcome_never_repeats_what_was_sent() -> None:
    with pytest.raises(Invalid) as refused:
        validate(location(mode="Frau Sommer", name=7, alias=["", None]))
    status, issues = explain(refused.value)
    assert status == 422
    assert b"Sommer" not in outcome(issues)
    assert validate(outcome(issues)).kind == "OperationOutcome"


def test_an_issue_without_a_place_has_no_expression() -> None:
    assert json.loads(outcome([Issue("conflict", "taken")]))["issue"] == [
        {"severity": "error", "code": "conflict", "diagnostics": "taken"}
    ]


def test_stamping_keeps_the_text_of_all_the_rest() -> None:
    content = '{"resourceType" : "Location", "id":"a","position":{"longitude":11.600,\n"latitude":50.8800},"name":"ß"}'
    made = stamped(content.encode(), {"id": "b", "name": None, "meta": {"versionId": "2"}}).decode()
    assert json.loads(made) == {
        "resourceType": "Location",
        "id": "b",
        "position": {"longitude": 11.6, "latitude": 50.88},
        "meta": {"versionId": "2"},
    }
    start, end = members(made)["position"]
    assert made[start:end] == '{"longitude":11.600,\n"latitude":50.8800}'


@pytest.mark.parametrize(
    ("member", "value", "where"),
    [
        ("_priority", "0", "Appointment._priority"),
        ("priority", 5, ""),
        ("reasonCode", ['{"text": "x"}'], "Appointment.reasonCode[0]"),
        ("meta", '{"versionId": "1"}', "Appointment.meta"),
        ("contained", ['{"resourceType": "Patient"}'], "Appointment.contained[0]"),
    ],
)
def test_a_text_in_place_of_an_object_is_not_read_as_json(member: str, value: Any, where: str) -> None:
    actor = {"reference": "Patient/1"}
    fields = {
        "resourceType": "Appointment",
        "status": "proposed",
        "participant": [{"actor": actor, "status": "accepted"}],
        member: value,
    }
    if not where:
        assert validate(fields)
        return
    with pytest.raises(Invalid) as refused:
        validate(fields)
    assert refused.value.issues[0].expression == where


@pytest.mark.parametrize(
    ("member", "value", "said"),
    [
        ("starts", "2027-01-12", "no element of this name"),
        ("start", "2027-01-12 10:00", "time zone"),
        ("minutesDuration", "20 min", "whole number"),
        ("comment", 5, "quotation marks"),
        ("slot", {"reference": "Slot/1"}, "array"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words_that_name_what_would_be_right(member: str, value: Any, said: str) -> None:
    participant = [{"actor": {"reference": "Patient/1"}, "status": "accepted"}]
    with pytest.raises(Invalid) as refused:
        validate({"resourceType": "Appointment", "status": "proposed", "participant": participant, member: value})
    (issue,) = refused.value.issues
    assert said in issue.diagnostics, issue
    assert issue.expression == f"Appointment.{member}"
