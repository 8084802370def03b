"""What the planner could not read is named with its place, and nothing else is refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from telemed.directory import fhir, hours
from telemed.directory.rules import faults
from telemed.fhir.validate import validate
from tests.builders import quarter

Resource = Mapping[str, Any]


def found(kind: str, **elements: Any) -> list[tuple[str, str]]:
    """Expression and diagnostics of each fault."""
    return [(issue.expression, issue.diagnostics) for issue in faults({"resourceType": kind, "id": "x", **elements})]


def minutes(value: object, unit: str = "min") -> Resource:
    return {"valueDuration": {"value": value, "unit": unit}}


def period(start: str = "", end: str = "") -> Resource:
    return {"valuePeriod": {name: at for name, at in (("start", start), ("end", end)) if at}}


WRONG: list[tuple[str, Resource]] = [
    (hours.HOLIDAYS, {"valueCode": "DE-XX"}),
    (hours.HOLIDAYS, {"valueCode": "Thüringen"}),
    (hours.HOLIDAYS, {"valueString": "DE-TH"}),
    (hours.NOT_AVAILABLE, period("2027-01-09", "2027-01-08")),
    (hours.NOT_AVAILABLE, period("2027-01-08T09:00:00Z", "2027-01-08T09:00:00Z")),
    (hours.NOT_AVAILABLE, period("0001-01-01")),
    (hours.NOT_AVAILABLE, {"valueDateTime": "2027-01-08"}),
    (hours.ALSO_AVAILABLE, period("2027-01-08")),
    (hours.ALSO_AVAILABLE, period(end="2027-01-08")),
    (fhir.BUFFER_BEFORE, minutes(7)),
    (fhir.BUFFER_AFTER, minutes(485)),
    (fhir.BUFFER_AFTER, minutes(-5)),
    (fhir.SETUP, minutes(1, "h")),
    (fhir.ASSISTANT_MINUTES, minutes(0)),
    (fhir.ASSISTANT_MINUTES, minutes(12.5)),
    (fhir.SETTING, {"valueCode": "caravan"}),
    (fhir.WHEELCHAIR, {"valueString": "yes"}),
    (fhir.COMPANION, {"valueInteger": 1}),
    (fhir.FLOOR, {"valueString": "1. Stock " * 10}),
    (fhir.FLOOR, {"valueCode": "1"}),
    (fhir.WAY, {"extension": [{"url": "picture", "valueCode": "dragon"}, {"url": "arrow", "valueCode": "left"}]}),
    (fhir.WAY, {"extension": [{"url": "picture", "valueCode": "tree"}, {"url": "arrow", "valueCode": "back"}]}),
    (fhir.WAY, {"valueCode": "left"}),
    (fhir.NEEDS_ORDER, {"valueCode": "true"}),
    (fhir.REQUIRED_DEVICE, {"valueCoding": {"system": fhir.MDC, "code": "528390"}}),
    (fhir.ASSISTANT_LEVEL, {"valueCode": "surgeon"}),
    (fhir.BOOKABLE_UNTIL, {"valueDateTime": "soon"}),
]


@pytest.mark.parametrize(("url", "value"), WRONG, ids=str)
def test_a_wrong_extension_is_named_with_its_place_and_what_it_holds(url: str, value: Resource) -> None:
    ((expression, diagnostics),) = found("Location", extension=[{"url": "urn:other"}, {"url": url, **value}])
    assert expression == "Location.extension[1]"
    assert diagnostics.startswith(f"{url} holds ")


RIGHT: list[tuple[str, Resource]] = [
    (hours.HOLIDAYS, {"valueCode": "DE-TH"}),
    (hours.HOLIDAYS, {"valueCode": "none"}),
    (hours.NOT_AVAILABLE, period("2027-01-08", "2027-01-08")),
    (hours.NOT_AVAILABLE, period("2027-01-08T12:00:00+01:00")),
    (hours.NOT_AVAILABLE, period(end="2027-01")),
    (hours.NOT_AVAILABLE, period("2027-01-08", "2027-01-08T09:00:00+01:00")),
    (hours.ALSO_AVAILABLE, period("2027-01-08T18:00:00+01:00", "2027-01-08T20:00:00+01:00")),
    (fhir.BUFFER_BEFORE, minutes(0)),
    (fhir.SETUP, minutes(480)),
    (fhir.ASSISTANT_MINUTES, minutes(5)),
    (fhir.COMPANION, {"valueBoolean": False}),
    (fhir.REQUIRED_DEVICE, {"valueCoding": {"system": fhir.MDC, "code": "528399"}}),
]


@pytest.mark.parametrize(("url", "value"), RIGHT, ids=str)
def test_a_right_extension_passes(url: str, value: Resource) -> None:
    assert found("Location", extension=[{"url": url, **value}]) == []


@pytest.mark.parametrize(
    ("during", "places"),
    [
        ({"start": "2027-01-08", "end": "2027-01-07"}, ["PractitionerRole.notAvailable[1].during"]),
        ({"start": "2027-01-08", "end": "2027-01-09"}, []),
        ({"start": "2027-01-08"}, []),
    ],
)
def test_an_absence_ends_after_it_begins(during: Resource, places: list[str]) -> None:
    absences = [{"description": "in words alone"}, {"description": "Urlaub", "during": during}]
    assert [place for place, _ in found("PractitionerRole", notAvailable=absences)] == places


@pytest.mark.parametrize(
    ("latitude", "longitude", "places"),
    [
        (50.88, 11.6, []),
        (-90, 180, []),
        (90.1, 11.6, ["Location.position.latitude"]),
        (-91, -181, ["Location.position.latitude", "Location.position.longitude"]),
    ],
)
def test_a_position_is_on_earth(latitude: float, longitude: float, places: list[str]) -> None:
    position = {"latitude": latitude, "longitude": longitude}
    assert [place for place, _ in found("Location", position=position)] == places


@pytest.mark.parametrize(("stays", "places"), [(20, []), (25, ["HealthcareService.extension[1]"])])
def test_an_assistant_stays_no_longer_than_the_service_lasts(stays: int, places: list[str]) -> None:
    extensions = [{"url": fhir.LENGTH, **minutes(20)}, {"url": fhir.ASSISTANT_MINUTES, **minutes(stays)}]
    assert [place for place, _ in found("HealthcareService", extension=extensions)] == places


def test_the_small_quarter_is_valid_and_without_fault() -> None:
    assert [issue for resource in quarter() for issue in faults(validate(resource).fields)] == []
