"""Measurements as FHIR R4, checked with the R4B models and by their digits."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B.observation import Observation

from room_agent.devices.blood_pressure import BloodPressure
from room_agent.devices.driver import Absent, Measurement
from room_agent.devices.glucose import SAMPLES, Glucose
from room_agent.devices.heart_rate import HeartRate
from room_agent.devices.observation import _SHAPES, LOINC, MDC, observations
from room_agent.devices.profile import PROFILES
from room_agent.devices.pulse_oximeter import PulseOximetry
from room_agent.devices.reading import Reading
from room_agent.devices.thermometer import SITE_MDC, Temperature
from room_agent.devices.weight import Weight
from schemas import exact
from schemas.measurement import MeasurementKind, Vital

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


@pytest.mark.parametrize("sent", ["97", "97.0", "96.4", "96.40"])
def test_numbers_keep_the_digits_that_the_device_sent_on_the_wire(sent: str) -> None:
    saturation = as_fhir(MeasurementKind.OXIMETER, PulseOximetry(Decimal(sent), Decimal(71)))[0]
    vital = Vital(
        vital_id="v",
        visit_id="visit-1",
        kind=MeasurementKind.OXIMETER,
        live=True,
        simulated=True,
        sent_at=NOW,
        observation=saturation,
    )
    text = vital.to_wire()
    assert f'"valueQuantity":{{"value":{sent},' in text
    assert Vital.model_validate_json(text).sent_at == NOW
    assert json.loads(text, parse_float=Decimal)["observation"] == saturation


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


def category(observation: dict[str, Any]) -> str:
    return str(observation["category"][0]["coding"][0]["code"])


@pytest.mark.parametrize("site", [None, *SITE_MDC])
def test_a_temperature_says_where_it_was_taken(site: int | None) -> None:
    (found,) = as_fhir(MeasurementKind.THERMOMETER, Temperature(Decimal("36.40"), site=site))
    mdc = str(SITE_MDC[site or 2])
    assert codes(found) == {(LOINC, "8310-5"), (MDC, mdc)}
    assert found["valueQuantity"]["value"] == Decimal("36.40")
    assert (found["valueQuantity"]["unit"], found["valueQuantity"]["code"]) == ("°C", "Cel")
    assert ("bodySite" in found) == (site not in (None, 2))
    assert category(found) == "vital-signs"


def test_fahrenheit_and_pounds_stay_what_the_device_showed() -> None:
    (warm,) = as_fhir(MeasurementKind.THERMOMETER, Temperature(Decimal("98.6"), fahrenheit=True))
    (heavy,) = as_fhir(MeasurementKind.WEIGHT, Weight(Decimal("159.83"), imperial=True))
    assert (warm["valueQuantity"]["value"], warm["valueQuantity"]["code"]) == (Decimal("98.6"), "[degF]")
    assert (heavy["valueQuantity"]["value"], heavy["valueQuantity"]["code"]) == (Decimal("159.83"), "[lb_av]")


def test_of_a_scale_only_the_weight_is_observed_and_not_the_height_of_whoever_is_stored_in_it() -> None:
    (found,) = as_fhir(MeasurementKind.WEIGHT, Weight(Decimal("72.500"), bmi=Decimal("24.2"), height=Decimal("173.0")))
    assert codes(found) == {(LOINC, "29463-7"), (MDC, "188736")}
    assert (found["valueQuantity"]["value"], found["valueQuantity"]["code"]) == (Decimal("72.500"), "kg")


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize(("moles", "unit"), [(False, "mg/dL"), (True, "mmol/L")])
def test_glucose_is_a_laboratory_value_whose_code_depends_on_sample_and_unit(
    sample: int, moles: bool, unit: str
) -> None:
    (found,) = as_fhir(MeasurementKind.GLUCOSE, Glucose(7, None, Decimal("5.4"), moles, sample=sample))
    mdc, loinc = SAMPLES[sample]
    wanted = {(MDC, str(mdc))} | ({(LOINC, loinc[moles])} if loinc[moles] else set())
    assert codes(found) == wanted
    assert found["valueQuantity"]["code"] == unit
    assert category(found) == "laboratory"


def test_the_two_units_of_glucose_never_share_a_code() -> None:
    by_unit = [{loinc[moles] for _, loinc in SAMPLES.values() if loinc[moles]} for moles in (0, 1)]
    assert not by_unit[0] & by_unit[1]
    assert ("41653-7" in by_unit[0], "14743-9" in by_unit[1]) == (True, True)


def test_the_times_between_beats_are_parts_of_the_heart_rate() -> None:
    (found,) = as_fhir(MeasurementKind.HEART_RATE, HeartRate(72, contact=True, rr_steps=(1024, 848)))
    assert codes(found) == {(LOINC, "8867-4"), (MDC, "147842")}
    assert [part["valueQuantity"]["value"] for part in found["component"]] == [1000, 828]
    assert {part["valueQuantity"]["code"] for part in found["component"]} == {"ms"}


def test_the_signal_of_an_oximeter_never_leaves_its_saturation() -> None:
    weak = PulseOximetry(Decimal(93), Decimal(71), amplitude_percent=Decimal("0.3"), device_status=0x20)
    saturation, _ = as_fhir(MeasurementKind.OXIMETER, weak)
    assert saturation["component"][0]["valueQuantity"]["value"] == Decimal("0.3")
    assert saturation["note"] == [{"text": "low-perfusion"}]


def test_every_kind_that_has_values_has_its_observations() -> None:
    assert {profile.kind for profile in PROFILES.values() if profile.values} <= set(_SHAPES)


@pytest.mark.parametrize("wrong", [Decimal("NaN"), Decimal("Infinity"), float("nan")])
def test_what_json_cannot_say_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError):
        exact.dumps({"value": wrong})


def test_exact_json_is_json() -> None:
    value = {"a": [1, 2.5, True, None, 'ä"\n'], "b": {}, "c": Decimal("1E+2"), "d": Decimal("0.00")}
    text = exact.dumps(value)
    assert '"c":100,"d":0.00' in text
    assert json.loads(text) == {**value, "c": 100, "d": 0.0}
    with pytest.raises(TypeError):
        exact.dumps({"when": NOW})
