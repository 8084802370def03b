"""A measurement as FHIR R4 Observations, as HL7's Personal Health Device guide wants them. Pure.

Each quantity carries the code of ISO/IEEE 11073-10101 (shall) and of LOINC (vital signs), units are UCUM, a special
value becomes a ``dataAbsentReason`` and no value. No person is named: the encounter is the visit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from room_agent.devices.driver import Absent, Component, Measurement
from schemas.measurement import ConfirmedBy, MeasurementKind

MDC = "urn:iso:std:iso:11073:10101"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
IDENTIFIERS = "urn:telemed:measurement"
_CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_PRECISION = "http://hl7.org/fhir/StructureDefinition/quantity-precision"
_UNITS = {"mm[Hg]": "mmHg", "/min": "/min", "%": "%"}


@dataclass(frozen=True)
class _Shape:
    """One Observation: the quantity that names it, and which components of the measurement are in it."""

    mdc: int
    loinc: tuple[str, ...]
    parts: tuple[int, ...] = ()


_SHAPES = {
    MeasurementKind.BLOOD_PRESSURE: (
        _Shape(150020, ("85354-9",), parts=(150021, 150022, 150023)),
        _Shape(149546, ("8867-4",)),
    ),
    MeasurementKind.OXIMETER: (
        _Shape(150456, ("2708-6", "59408-5"), parts=(150320,)),
        _Shape(149530, ("8867-4",)),
    ),
}


def observations(
    measurement: Measurement, *, visit_id: str, device_id: str, now: datetime
) -> tuple[dict[str, Any], ...]:
    """The Observations of *measurement*, JSON-ready: first the one that was asked for, then the pulse, its own.

    Numbers keep their digits: an int where the device sent none after the point, else a float with its precision
    beside it. *now* is when it was issued. Each is ``preliminary`` until somebody says whose value it is
    (`with_answer`). R4's vital-signs profiles want a subject; the practice adds it.
    """
    shapes = _SHAPES[measurement.kind]
    sent = {component.mdc for component in measurement.components}
    wanted = [shape for shape in shapes if sent & {shape.mdc, *shape.parts}]
    return tuple(_observation(measurement, shape, visit_id, device_id, now) for shape in wanted)


def _observation(
    measurement: Measurement, shape: _Shape, visit_id: str, device_id: str, now: datetime
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resourceType": "Observation",
        "identifier": [{"system": IDENTIFIERS, "value": identifier(measurement, shape.mdc, visit_id, device_id)}],
        "status": "preliminary",
        "category": [{"coding": [{"system": _CATEGORIES, "code": "vital-signs"}]}],
        "code": _code(shape.mdc, shape.loinc),
        "encounter": {"reference": f"Encounter/{visit_id}"},
        "effectiveDateTime": _instant(measurement.effective),
        "issued": _instant(now),
        "device": {"reference": f"Device/{device_id}"},
    }
    for component in measurement.components:
        if component.mdc == shape.mdc:
            found |= _value(component)
    parts = [_component(c) for c in measurement.components if c.mdc in shape.parts]
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
    found: dict[str, Any] = {"value": float(value) if decimals else int(value)}
    if decimals:
        found["extension"] = [{"url": _PRECISION, "valueInteger": decimals}]
    return found | {"unit": _UNITS.get(ucum, ucum), "system": UCUM, "code": ucum}


def _notes(flags: Sequence[str]) -> dict[str, Any]:
    """What the device noticed, as words of the driver; the doctor's page translates them."""
    return {"note": [{"text": flag} for flag in flags]} if flags else {}


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
