"""Search parameters as clients write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from telemed.fhir.issues import Malformed
from telemed.fhir.search import Grammar, Include, Order, Parameter, Query, parse
from telemed.fhir.values import Token, Window, fold

ZONE = ZoneInfo("Europe/Berlin")
KNOWN = {
    "status": Parameter("status", "token"),
    "name": Parameter("name", "string"),
    "actor": Parameter("actor", "reference", ("Practitioner", "Location")),
    "date": Parameter("date", "date"),
    "usage": Parameter("usage", "composite"),
}
OTHERS = {
    "Practitioner": {"name": Parameter("name", "string")},
    "Location": {"name": Parameter("name", "string"), "partof": Parameter("partof", "reference", ("Location",))},
}
GRAMMAR = Grammar(
    KNOWN,
    ZONE,
    lambda kind: OTHERS.get(kind, {}),
    frozenset({"date"}),
    frozenset({"Slot:schedule", "Schedule:actor"}),
    frozenset({"Slot:schedule"}),
    frozenset({"Slot:schedule", "Device:location"}),
    "Slot",
)


def asked(*items: tuple[str, str]) -> Query:
    return parse(items, GRAMMAR)


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
        (r"a\\|b", Token("a\\", "b")),
        (r"urn:x\||b\$", Token("urn:x|", "b$")),
    ],
)
def test_a_token_has_a_system_or_none(value: str, token: Token) -> None:
    assert asked(("status", value)).criteria[0].tokens == (token,)


def test_commas_are_alternatives_unless_escaped() -> None:
    assert asked(("name", r"a,b\,c")).criteria[0].texts == ("a", "b,c")
    assert asked(("name", "a\\\\,b\\")).criteria[0].texts == ("a\\", "b\\"), "an escaped backslash escapes nothing"


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
        ("eq2028-02-29", Window(utc(2028, 2, 28, 23), utc(2028, 2, 29, 23))),
        ("ap2027-01-12", Window(utc(2027, 1, 10, 23), utc(2027, 1, 13, 23))),
        ("ap2027-01-12T09:00Z", Window(utc(2027, 1, 12, 8), datetime(2027, 1, 12, 10, 1, tzinfo=UTC))),
        ("eb2027-01-12", Window(None, utc(2027, 1, 11, 23))),
        ("sa2027-01-12", Window(utc(2027, 1, 12, 23), None)),
        ("ge2027-03-28T03:00", Window(utc(2027, 3, 28, 1), None)),
        ("eq2027-03-28", Window(utc(2027, 3, 27, 23), utc(2027, 3, 28, 22))),
        ("eq2027-10-31", Window(utc(2027, 10, 30, 22), utc(2027, 10, 31, 23))),
    ],
)
def test_a_date_is_a_span_in_the_zone_of_the_place(value: str, window: Window) -> None:
    assert asked(("date", value)).criteria[0].windows == (window,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date", "soon"),
        ("date", "ap9999"),
        ("date", "zz2027"),
        ("date", "2027-01-12T09"),
        ("date", "20270112"),
        ("date", "2027-02-30"),
        ("date", "ge9999-12-31T23:59:60Z"),
        ("status:above", "x"),
        ("name:not", "x"),
        ("name:missing", "perhaps"),
        ("usage", "a"),
        ("_sort", "name"),
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


def test_a_chain_asks_what_is_referred_to() -> None:
    (criterion,) = asked(("actor:Location.partof.name:contains", "Haus")).criteria
    assert (criterion.name, criterion.kinds) == ("actor", ("Location",))
    assert criterion.chain is not None
    assert criterion.chain.chain is not None
    assert (criterion.chain.chain.modifier, criterion.chain.chain.texts) == ("contains", ("haus",))
    assert asked(("actor.name", "x")).criteria[0].kinds == ("Practitioner", "Location")


@pytest.mark.parametrize("name", ["actor.colour", "actor:Device.name", "name.actor", "status.name"])
def test_a_chain_that_leads_nowhere_is_as_unknown_as_any_other_name(name: str) -> None:
    query = asked((name, "x"))
    assert (query.criteria, query.applied, query.ignored) == ((), (), (name,))


def test_several_dates_are_alternatives_and_what_is_not_one_is_before_or_after() -> None:
    assert len(asked(("date", "2027-01-12,2027-01-14")).criteria[0].windows) == 2
    before, after = asked(("date", "ne2027-01-12")).criteria[0].windows
    assert (before.end, after.start) == (utc(2027, 1, 11, 23), utc(2027, 1, 12, 23))


def test_how_the_found_are_handed_out_stands_beside_what_is_sought() -> None:
    query = asked(
        ("_sort", "-date"),
        ("_include", "Slot:schedule"),
        ("_include", "Slot:nothing"),
        ("_revinclude", "Slot:*"),
        ("_elements", "id,status"),
        ("_sort", "date"),
        ("_summary", "count"),
        ("_format", "xml"),
    )
    assert query.order == (Order("date", descending=True), Order("date"))
    assert query.includes == (Include("Slot", "schedule"), Include("Slot", "schedule", back=True))
    assert (query.elements, query.only_count) == (("id", "status"), True)
    assert query.ignored == ("_include",)


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("_include", "*", [Include("Slot", "schedule")]),
        ("_include", "Slot:schedule:Schedule", [Include("Slot", "schedule", target="Schedule")]),
        ("_include", "Schedule:actor", []),  # not of what is searched
        ("_include:iterate", "Schedule:actor", [Include("Schedule", "actor", iterate=True)]),
        ("_include:recurse", "Schedule:*", [Include("Schedule", "actor", iterate=True)]),
        ("_include:colour", "Slot:schedule", []),
        ("_revinclude", "Device:location", []),
        ("_revinclude:iterate", "Device:location", [Include("Device", "location", back=True, iterate=True)]),
    ],
)
def test_what_is_included_begins_at_the_type_that_is_searched_or_goes_on(
    name: str, value: str, wanted: list[Include]
) -> None:
    assert list(asked((name, value)).includes) == wanted


def test_a_composite_is_two_tokens() -> None:
    assert asked(("usage", "http://x|a$http://y|b")).criteria[0].pairs == (
        (Token("http://x", "a"), Token("http://y", "b")),
    )
