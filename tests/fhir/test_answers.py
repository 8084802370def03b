"""Formats, and Bundles joined from bytes."""

import json

import pytest

from telemed.fhir.bundle import Entry, Pages, bundle
from telemed.fhir.issues import OffTheWire
from telemed.fhir.negotiate import require_form, wanted
from telemed.fhir.validate import validate


@pytest.mark.parametrize(
    ("accept", "parameter", "expected"),
    [
        ("", "", "json"),
        ("*/*", "", "json"),
        ("application/json", "", "json"),
        ("application/fhir+json, */*; q=0.1", "", "json"),
        ("application/fhir+xml", "", "xml"),
        ("application/fhir+json;q=0.5, application/fhir+xml", "", "xml"),
        ("application/fhir+xml; fhirVersion=4.0", "", "xml"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "", "json"),
        ("application/fhir+json", "xml", "xml"),
        ("text/html", "application/fhir json", "json"),
    ],
)
def test_the_format_is_chosen(accept: str, parameter: str, expected: str) -> None:
    assert wanted(accept, parameter) == expected


@pytest.mark.parametrize(
    ("accept", "parameter"),
    [
        ("text/html", ""),
        ("application/fhir+json; fhirVersion=5.0", ""),
        ("application/fhir+json;q=0", ""),
        ("application/fhir+json", "ttl"),
    ],
)
def test_other_formats_and_versions_are_not_spoken(accept: str, parameter: str) -> None:
    with pytest.raises(OffTheWire) as refused:
        wanted(accept, parameter)
    assert refused.value.status == 406


def test_a_search_by_post_is_a_form() -> None:
    require_form("application/x-www-form-urlencoded; charset=utf-8")
    with pytest.raises(OffTheWire) as refused:
        require_form("application/fhir+json")
    assert refused.value.status == 415


def test_a_bundle_holds_the_bytes_as_they_are_stored() -> None:
    stored = b'{"resourceType":"Location","id":"a", "position":{"longitude":11.600,"latitude":50.8800}}'
    entries, pages = [Entry("Location/a", stored)], Pages("https://x/fhir/Location")
    made = bundle("searchset", entries, total=1, pages=pages, base_url="https://x/fhir")
    assert stored in made
    assert validate(made).fields["entry"][0]["fullUrl"] == "https://x/fhir/Location/a"


def test_a_bundle_of_nothing_has_no_entries() -> None:
    made = bundle("searchset", [], total=0, pages=Pages("https://x/fhir/Slot"))
    assert "entry" not in json.loads(made)
    assert validate(made).fields["total"] == 0
