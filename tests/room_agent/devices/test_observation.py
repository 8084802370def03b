"""Measurements as FHIR R4, checked with the R4B models and by their digits."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B.observation import Observation

from room_agent.devices.blood_pressure import BloodPressure
from room_agent.devices.driver import Absent, Measurement
from room_agent.devices.observation import LOINC, MDC, observations
from room_agent.devices.pulse_oximeter import PulseOximetry
from room_agent.devices.reading import Reading
from schemas.measurement import MeasurementKind

NOW = datetime(2026, 11, 24, 8, 0, 12, tzinfo=UTC)
PRESSURE = BloodPressure(Decimal(121), Decimal(79), Decimal(93), pulse_per_min=Decimal(72), status=4)


def make_measurement(kind: MeasurementKind, reading: Reading) -> Measurement:
    return Measurement(
        "cuff-1",
        kind,
        reading.components,
        b"raw",
        device_time=datetime(2026, 11, 24, 9, 0, 10),
        received=NOW,
        effective=NOW,
        heard_at=NOW,
        flags=reading.flags,
    )


def as_fhir(kind: MeasurementKind, reading: Reading) -> list[dict[str, Any]]:
    found = observations(make_measurement(kind, reading), visit_id="visit-1", device_id="cuff-1", now=NOW)
    for each in found:
        Observation.model_validate(each)
    return list(found)


def codes(coded: dict[str, Any]) -> set[tuple[str, str]]:
    return {(coding["system"], coding["code"]) for coding in coded["code"]["coding"]}


def test_blood_pressure_is_a_panel_without_a_value_of_its_own() -> None:
    panel, pulse = as_fhir(MeasurementKind.BLOOD_PRESSURE, PRESSURE)
    assert codes(panel) == {(LOINC, "85354-9"), (MDC, "150020")}
    assert "valueQuantity" not in panel
    assert [codes(c) for c in panel["component"]] == [
        {(LOINC, "8480-6"), (MDC, "150021")},
        {(LOINC, "8462-4"), (MDC, "150022")},
        {(LOINC, "8478-0"), (MDC, "150023")},
    ]
    assert panel["component"][0]["valueQuantity"] == {
        "value": 121,
        "unit": "mmHg",
        "system": "http://unitsofmeasure.org",
        "code": "mm[Hg]",
    }
    assert codes(pulse) == {(LOINC, "8867-4"), (MDC, "149546")}
    assert pulse["valueQuantity"]["value"] == 72


def test_saturation_has_the_code_that_r4_requires_and_the_pulse_is_its_own() -> None:
    saturation, pulse = as_fhir(MeasurementKind.OXIMETER, PulseOximetry(Decimal(97), Decimal(71)))
    assert codes(saturation) == {(LOINC, "2708-6"), (LOINC, "59408-5"), (MDC, "150456")}
    assert saturation["valueQuantity"]["code"] == "%"
    assert codes(pulse) == {(LOINC, "8867-4"), (MDC, "149530")}


@pytest.mark.parametrize(
    ("sent", "text"), [("97", '"value": 97,'), ("97.0", '"value": 97.0,'), ("96.4", '"value": 96.4,')]
)
def test_numbers_keep_the_digits_that_the_device_sent(sent: str, text: str) -> None:
    saturation = as_fhir(MeasurementKind.OXIMETER, PulseOximetry(Decimal(sent), Decimal(71)))[0]
    assert text in json.dumps(saturation["valueQuantity"])


def test_digits_that_json_numbers_lose_are_said_beside_them() -> None:
    saturation = as_fhir(MeasurementKind.OXIMETER, PulseOximetry(Decimal("97.00"), Decimal(71)))[0]
    assert saturation["valueQuantity"]["extension"][0]["valueInteger"] == 2


def test_a_special_value_is_a_reason_and_no_number() -> None:
    panel = as_fhir(MeasurementKind.BLOOD_PRESSURE, BloodPressure(Decimal(121), Absent.NOT_A_NUMBER))[0]
    diastolic = panel["component"][1]
    assert "valueQuantity" not in diastolic
    assert diastolic["dataAbsentReason"]["coding"][0]["code"] == "not-a-number"


def test_no_person_is_named_and_the_visit_is_the_encounter() -> None:
    panel = as_fhir(MeasurementKind.BLOOD_PRESSURE, PRESSURE)[0]
    assert "subject" not in panel
    assert panel["encounter"] == {"reference": "Encounter/visit-1"}
    assert panel["device"] == {"reference": "Device/cuff-1"}
    assert panel["effectiveDateTime"] == "2026-11-24T08:00:12.000+00:00"
    assert panel["note"] == [{"text": "irregular-pulse"}]


def test_a_measurement_sent_again_has_the_same_identifier_and_each_quantity_its_own() -> None:
    once, again = (as_fhir(MeasurementKind.BLOOD_PRESSURE, PRESSURE) for _ in range(2))
    assert [each["identifier"] for each in once] == [each["identifier"] for each in again]
    assert once[0]["identifier"] != once[1]["identifier"]
    assert once[0]["identifier"][0]["value"] == "cuff-1-visit-1-150020-20261124T090010-0"
