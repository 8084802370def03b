"""A measurement as FHIR R4 Observations, as HL7's Personal Health Device guide wants them. Pure.

Each quantity carries the code of ISO/IEEE 11073-10101 (shall) and of LOINC (vital signs), units are UCUM, a special
value becomes a ``dataAbsentReason`` and no value. No person is named: the encounter is the visit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from room_agent.devices.driver import Absent, Component, Measurement
from room_agent.devices.glucose import SAMPLES
from room_agent.devices.heart_rate import RATE_MDC, RR_MDC
from room_agent.devices.thermometer import BODY_MDC, SITE_MDC
from room_agent.devices.weight import WEIGHT_MDC
from schemas.measurement import ConfirmedBy, MeasurementKind

MDC = "urn:iso:std:iso:11073:10101"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
IDENTIFIERS = "urn:telemed:measurement"
_CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_PRECISION = "http://hl7.org/fhir/StructureDefinition/quantity-precision"
_VITAL_SIGNS, _LABORATORY = "vital-signs", "laboratory"
_UNITS = {"mm[Hg]": "mmHg", "Cel": "°C", "[degF]": "°F", "[lb_av]": "lb"}


@dataclass(frozen=True)
class _Shape:
    """One Observation.

    *about*: the quantity whose value and codes it has, any of these. *panel*: its own codes instead, where it has no
    value of its own. *parts*: which components of the measurement are in it.
    """

    about: frozenset[int] = frozenset()
    panel: tuple[int, tuple[str, ...]] | None = None
    parts: frozenset[int] = frozenset()
    category: str = _VITAL_SIGNS


@dataclass(frozen=True)
class _Headed:
    """The codes of one Observation, and the quantity whose value it has; None for a panel."""

    mdc: int
    loinc: tuple[str, ...]
    quantity: Component | None = None


def _of(*about: int, parts: frozenset[int] = frozenset(), category: str = _VITAL_SIGNS) -> _Shape:
    return _Shape(frozenset(about), parts=parts, category=category)


_SHAPES: Mapping[MeasurementKind, tuple[_Shape, ...]] = {
    MeasurementKind.BLOOD_PRESSURE: (
        _Shape(panel=(150020, ("85354-9",)), parts=frozenset({150021, 150022, 150023})),
        _of(149546),
    ),
    MeasurementKind.OXIMETER: (_of(150456, parts=frozenset({150320})), _of(149530)),
    MeasurementKind.THERMOMETER: (_of(*SITE_MDC.values()),),
    MeasurementKind.WEIGHT: (_of(WEIGHT_MDC),),
    MeasurementKind.GLUCOSE: (_of(*(mdc for mdc, _ in SAMPLES.values()), category=_LABORATORY),),
    MeasurementKind.HEART_RATE: (_of(RATE_MDC, parts=frozenset({RR_MDC})),),
    MeasurementKind.ECG: (_of(RATE_MDC, parts=frozenset({RR_MDC})),),
}
_BODY_SITES = frozenset(SITE_MDC.values()) - {BODY_MDC}


def observations(
    measurement: Measurement, *, visit_id: str, device_id: str, now: datetime
) -> tuple[dict[str, Any], ...]:
    """The Observations of *measurement*: first the one that was asked for, then what came with it, each its own.

    Numbers are `Decimal`s with the digits that the device sent; `schemas.exact` writes them so, and their precision
    stands beside them for readers whose JSON loses zeros. *now* is when it was issued. Each is ``preliminary`` until
    somebody says whose value it is (`with_answer`). R4's vital-signs profiles want a subject; the practice adds it.
    """
    return tuple(
        _observation(measurement, shape, headed, visit_id=visit_id, device_id=device_id) | {"issued": _instant(now)}
        for shape in _SHAPES[measurement.kind]
        if (headed := _headed(measurement, shape)) is not None
    )


def _headed(measurement: Measurement, shape: _Shape) -> _Headed | None:
    """What the Observation is about; None if nothing of it was sent."""
    for each in measurement.components:
        if shape.panel and each.mdc in shape.parts:
            return _Headed(*shape.panel)
        if each.mdc in shape.about:
            return _Headed(each.mdc, each.loinc, each)
    return None


def _observation(
    measurement: Measurement, shape: _Shape, headed: _Headed, *, visit_id: str, device_id: str
) -> dict[str, Any]:
    mdc = headed.mdc
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "identifier": [{"system": IDENTIFIERS, "value": identifier(measurement, mdc, visit_id, device_id)}],
        "status": "preliminary",
        "category": [{"coding": [{"system": _CATEGORIES, "code": shape.category}]}],
        "code": _code(mdc, headed.loinc),
        "encounter": {"reference": f"Encounter/{visit_id}"},
        "effectiveDateTime": _instant(measurement.effective),
        "device": {"reference": f"Device/{device_id}"},
    }
    if headed.quantity is not None:
        found |= _value(headed.quantity)
    if mdc in _BODY_SITES:
        found["bodySite"] = {"coding": [{"system": MDC, "code": str(mdc)}]}
    parts = [_component(each) for each in measurement.components if each.mdc in shape.parts]
    return found | ({"component": parts} if parts else {}) | _notes(measurement.flags)


def identifier(measurement: Measurement, mdc: int, visit_id: str, device_id: str) -> str:
    """Device, patient, type, time stamp, duration (PHD): the same for the same measurement, whenever it is resent.

    The visit stands for the patient, who is not known here; the time is the device's own where it has one.
    """
    moment = measurement.device_time or measurement.effective.astimezone(UTC).replace(tzinfo=None)
    return f"{device_id}-{visit_id}-{mdc}-{moment:%Y%m%dT%H%M%S}-0"


def with_answer(observation: dict[str, Any], *, belongs: bool, by: ConfirmedBy, at: datetime) -> dict[str, Any]:
    """*observation* after somebody said whose value it is: by their role, and when. An earlier answer stays noted."""
    said = "of-this-patient" if belongs else "not-of-this-patient"
    note = {"authorString": by.value, "time": _instant(at), "text": said}
    status = "final" if belongs else "entered-in-error"
    return observation | {"status": status, "note": [*observation.get("note", []), note]}


def _code(mdc: int, loinc: Sequence[str]) -> dict[str, Any]:
    codings = [{"system": LOINC, "code": code} for code in loinc]
    return {"coding": [*codings, {"system": MDC, "code": str(mdc)}]}


def _component(component: Component) -> dict[str, Any]:
    return {"code": _code(component.mdc, component.loinc)} | _value(component)


def _value(component: Component) -> dict[str, Any]:
    if isinstance(component.value, Absent):
        return {"dataAbsentReason": {"coding": [{"system": _ABSENT, "code": component.value.value}]}}
    return {"valueQuantity": _quantity(component.value, component.ucum)}


def _quantity(value: Decimal, ucum: str) -> dict[str, Any]:
    exponent = value.as_tuple().exponent
    decimals = max(0, -exponent) if isinstance(exponent, int) else 0
    found: dict[str, Any] = {"value": value}
    if decimals:
        found["extension"] = [{"url": _PRECISION, "valueInteger": decimals}]
    return found | {"unit": _UNITS.get(ucum, ucum), "system": UCUM, "code": ucum}


def _notes(flags: Sequence[str]) -> dict[str, Any]:
    """What the device noticed, as words of the driver; the doctor's page translates them."""
    return {"note": [{"text": flag} for flag in flags]} if flags else {}


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
