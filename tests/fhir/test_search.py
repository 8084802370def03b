"""Search parameters as clients write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from telemed.fhir.issues import Malformed
from telemed.fhir.search import Parameter, Query, Token, Window, fold, parse

ZONE = ZoneInfo("Europe/Berlin")
KNOWN = {
    "status": Parameter("status", "token"),
    "name": Parameter("name", "string"),
    "actor": Parameter("actor", "reference", ("Practitioner", "Location")),
    "date": Parameter("date", "date"),
}


def asked(*items: tuple[str, str]) -> Query:
    return parse(items, KNOWN, ZONE)


def utc(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


def test_unknown_and_empty_parameters_are_left_out() -> None:
    query = asked(("colour", "red"), ("status", ""), ("status", ","), ("_count", "5"), ("name", "Weiß"))
    assert query.applied == (("_count", "5"), ("name", "Weiß"))
    assert query.count == 5


@pytest.mark.parametrize(
    ("value", "token"),
    [
        ("free", Token(None, "free")),
        ("http://x|free", Token("http://x", "free")),
        ("|free", Token("", "free")),
        ("http://x|", Token("http://x", "")),
        (r"a\|b", Token(None, "a|b")),
    ],
)
def test_a_token_has_a_system_or_none(value: str, token: Token) -> None:
    assert asked(("status", value)).criteria[0].tokens == (token,)


def test_commas_are_alternatives_unless_escaped() -> None:
    assert asked(("name", r"a,b\,c")).criteria[0].texts == ("a", "b,c")


@pytest.mark.parametrize(
    ("name", "value", "references"),
    [
        ("actor", "Practitioner/weiss", ("Practitioner/weiss",)),
        ("actor", "https://x/fhir/Location/r/_history/2", ("Location/r",)),
        ("actor", "weiss", ("Practitioner/weiss", "Location/weiss")),
        ("actor:Location", "r", ("Location/r",)),
    ],
)
def test_a_reference_may_be_written_in_four_ways(name: str, value: str, references: tuple[str, ...]) -> None:
    assert asked((name, value)).criteria[0].references == references


@pytest.mark.parametrize(
    ("value", "window"),
    [
        ("2027-01-12", Window(utc(2027, 1, 11, 23), utc(2027, 1, 12, 23))),
        ("ge2027-01-12", Window(utc(2027, 1, 11, 23), None)),
        ("gt2027-01-12", Window(utc(2027, 1, 12, 23), None)),
        ("lt2027-01", Window(None, utc(2026, 12, 31, 23))),
        ("le2027", Window(None, utc(2027, 12, 31, 23))),
        ("ge2027-01-12T09:00:00+01:00", Window(utc(2027, 1, 12, 8), None)),
        ("ge2027-01-12T09:00:00 01:00", Window(utc(2027, 1, 12, 8), None)),
        ("eq2027-03-28", Window(utc(2027, 3, 27, 23), utc(2027, 3, 28, 22))),
        ("eq2027-10-31", Window(utc(2027, 10, 30, 22), utc(2027, 10, 31, 23))),
    ],
)
def test_a_date_is_a_span_in_the_zone_of_the_place(value: str, window: Window) -> None:
    assert asked(("date", value)).criteria[0].window == window


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date", "soon"),
        ("date", "sa2027"),
        ("date", "2027-02-30"),
        ("date", "ge9999-12-31T23:59:60Z"),
        ("status:above", "x"),
        ("name:exact", "x"),
        ("actor:Device", "x"),
        ("actor", "not an id"),
        ("_count", "many"),
        ("_count", "²"),
    ],
)
def test_what_is_not_understood_is_refused(name: str, value: str) -> None:
    with pytest.raises(Malformed):
        asked((name, value))


def test_folding_takes_case_and_accents_away() -> None:
    assert fold("Novák WEISS Weiß") == "novak weiss weiss"
