"""A measurement as people read it: "Blutdruck 121/79 mmHg". For the kiosk and the sheet; pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from room_agent.devices.driver import Component, Measurement
from schemas.measurement import MeasurementKind
from schemas.visit import Line

_SYSTOLIC, _DIASTOLIC = "8480-6", "8462-4"
_LABELS: Mapping[str, str] = {
    "8867-4": "kiosk.value.pulse",
    "2708-6": "kiosk.value.saturation",
    "8310-5": "kiosk.value.temperature",
    "29463-7": "kiosk.value.weight",
}
_OF_KIND: Mapping[MeasurementKind, str] = {MeasurementKind.GLUCOSE: "kiosk.value.glucose"}
"""Where the LOINC code depends on unit and sample, the kind says it."""
_UNITS = {"mm[Hg]": "mmHg", "Cel": "°C", "[degF]": "°F", "[lb_av]": "lb"}


def lines(measurement: Measurement) -> tuple[Line, ...]:
    """The quantities that have a number and a word that everybody knows, the one that was asked for first."""
    pressure = _pressure(measurement.components)
    labelled = ((_label(each, measurement.kind), each) for each in measurement.components)
    return (*pressure, *(line(label, each) for label, each in labelled if label and _number(each)))


def _pressure(components: Sequence[Component]) -> tuple[Line, ...]:
    high, low = (next((c for c in components if code in c.loinc), None) for code in (_SYSTOLIC, _DIASTOLIC))
    if high is None or low is None or not _number(high) or not _number(low):
        return ()
    both = f"{_number(high)}/{_number(low)}"
    return (Line(label_key="kiosk.value.blood-pressure", value=both, unit=_UNITS.get(high.ucum, high.ucum)),)


def _label(component: Component, kind: MeasurementKind) -> str:
    known = next((_LABELS[code] for code in component.loinc if code in _LABELS), "")
    return known or (_OF_KIND.get(kind, "") if component.loinc else "")


def line(label_key: str, component: Component) -> Line:
    return Line(label_key=label_key, value=_number(component), unit=_UNITS.get(component.ucum, component.ucum))


def _number(component: Component) -> str:
    """With a decimal comma and without zeros that say nothing (36,4 for 36.40); empty where there is none.

    The digits that the device sent are in the Observation.
    """
    if not isinstance(component.value, Decimal):
        return ""
    whole, _, rest = f"{component.value:f}".partition(".")
    rest = rest.rstrip("0")
    return f"{whole},{rest}" if rest else whole
