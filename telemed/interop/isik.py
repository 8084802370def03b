"""What ISiK's ``$book`` is given (Terminplanung, Stufe 4 to 6): its parameters, and the rules of ISiKTermin. Pure.

What FHIR itself says is checked by `telemed.fhir.validate`; here is what the profile says beside it. Canonicals of
Stufe 3 (``…/v3/Terminplanung/…``) are taken as those of today.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from telemed.fhir import validate as fhir
from telemed.fhir.codes import unknown_specialties
from telemed.fhir.issues import Invalid, Issue, Malformed, Told
from telemed.fhir.parameters import Given
from telemed.fhir.resource import Resource

PRIORITY = "https://gematik.de/fhir/isik/StructureDefinition/ISiKTerminPriorityExtension"
APPOINTMENT = ("appt-resource", "appointment")
"""Of ISiK, and as Medplum calls it."""
CANCELLED, SCHEDULE, PATIENT, RELATED = "cancelled-appt-id", "schedule", "patient", "related-person"
ANAMNESIS = "patientSubmittedInformation"
NAMES = frozenset({*APPOINTMENT, CANCELLED, SCHEDULE, PATIENT, RELATED, ANAMNESIS})
_URIS = ("valueUri", "valueReference", "valueString", "valueUrl", "valueId", "valueCanonical")
_SYNTAX = frozenset({"structure", "value"})
"""IssueTypes of what is not FHIR at all: 400. What breaks a rule is 422."""


@dataclass(frozen=True)
class Placed:
    """A reference, and where it stands."""

    reference: str
    place: str


@dataclass(frozen=True)
class Asked:
    """What is asked for. *place*: where the Appointment stands; below it are its elements."""

    appointment: Resource
    place: str
    instead_of: Placed | None = None
    schedule: Placed | None = None
    patient: Resource | None = None
    patient_place: str = ""
    related: Resource | None = None

    def at(self, element: str) -> str:
        """The path of an element of the Appointment (``Appointment.start``) in what was sent."""
        return self.place + element.removeprefix("Appointment")


def asked(given: tuple[Given, ...]) -> Asked:
    """
    Raises:
        Told: 400, not FHIR, or a parameter that is not known; 422, a rule is broken.
    """
    by_name: dict[str, Given] = {}
    for one in given:
        name = APPOINTMENT[0] if one.name in APPOINTMENT else one.name
        if name not in NAMES:
            raise Malformed([Issue("not-supported", f"a parameter is one of: {', '.join(sorted(NAMES))}", one.place)])
        if name == ANAMNESIS:
            raise Told(422, [Issue("not-supported", _NO_ANAMNESIS, one.place)])
        if name in by_name:
            raise Malformed([Issue("structure", "this parameter is given once", one.place)])
        by_name[name] = one
    main = by_name.get(APPOINTMENT[0])
    if main is None:
        raise Malformed([Issue("required", "appt-resource is the Appointment to book", "Parameters")])
    appointment = _resource(main, "Appointment")
    broken = [Issue(i.code, i.diagnostics, _moved(i.expression, main.place)) for i in faults(appointment.fields)]
    if broken:
        raise Told(422, broken)
    patient = by_name.get(PATIENT)
    return Asked(
        appointment,
        main.place,
        _uri(by_name.get(CANCELLED), "Appointment"),
        _uri(by_name.get(SCHEDULE), "Schedule"),
        _resource(patient, "Patient") if patient else None,
        patient.place if patient else "",
        _resource(by_name[RELATED], "RelatedPerson") if RELATED in by_name else None,
    )


_NO_ANAMNESIS = "answers of patients are not stored here: this centre keeps appointments, and nothing of medicine"


def _resource(given: Given, kind: str) -> Resource:
    """
    Raises:
        Told: not a valid resource of this kind.
    """
    if not given.is_resource or given.value.get("resourceType") != kind:
        raise Told(400, [Issue("structure", f"{given.name} is a resource of type {kind}", given.place)])
    try:
        return fhir.validate(given.text)
    except Invalid as refusal:
        is_syntax = isinstance(refusal, Malformed) or any(issue.code in _SYNTAX for issue in refusal.issues)
        issues = [
            Issue(i.code, i.diagnostics, _moved(i.expression, given.place), i.severity, i.text) for i in refusal.issues
        ]
        raise Told(400 if is_syntax else 422, issues) from None


def _moved(expression: str, place: str) -> str:
    """The path of an element of a resource, as it is from the outside."""
    return place + expression[len(expression.partition(".")[0].partition("[")[0]) :] if expression else place


def _uri(given: Given | None, kind: str) -> Placed | None:
    """A reference, however it is written: relative, absolute, or an id alone."""
    if given is None:
        return None
    text = given.value.get("reference") if isinstance(given.value, Mapping) else given.value
    place = f"{given.place}.reference" if isinstance(given.value, Mapping) and text else given.place
    if given.form not in _URIS or not isinstance(text, str) or not text:
        raise Malformed([Issue("structure", f"{given.name} is a reference to one {kind}", given.place)])
    return Placed(text if "/" in text else f"{kind}/{text}", place)


def faults(fields: Mapping[str, Any]) -> Iterator[Issue]:
    """What ISiKTermin says beside FHIR of an Appointment that is to be booked."""
    if fields.get("status") != "proposed":
        yield Issue("business-rule", "the status of what is to be booked is proposed", "Appointment.status")
    if "serviceType" not in fields:
        yield Issue("required", "serviceType says what is booked (ISiKTermin, 1..*)", "Appointment")
    for n, concept in enumerate(fields.get("serviceType", ())):
        if "text" not in concept and "coding" not in concept:
            yield Issue("required", "serviceType has a coding or a text", f"Appointment.serviceType[{n}]")
    yield from common(fields)


def common(fields: Mapping[str, Any]) -> Iterator[Issue]:
    """What ISiKTermin says of every Appointment."""
    yield from unknown_specialties(fields, "Appointment")
    for n, slot in enumerate(fields.get("slot", ())):
        if "reference" not in slot:
            yield Issue("required", "a slot is a reference (ISiKTermin, 1..1)", f"Appointment.slot[{n}]")
    for n, one in enumerate(fields.get("participant", ())):
        where = f"Appointment.participant[{n}]"
        if "actor" not in one:
            yield Issue("required", "a participant has an actor (ISiKTermin, 1..1)", where)
        elif "reference" not in one["actor"]:
            yield Issue("required", "an actor is a reference (ISiKTermin, 1..1)", f"{where}.actor")
    for n, extension in enumerate((fields.get("_priority") or {}).get("extension", ())):
        if extension.get("url") == PRIORITY and "valueCodeableConcept" not in extension:
            place = f"Appointment._priority.extension[{n}]"
            yield Issue("required", "the priority is a CodeableConcept (ISiKTerminPriorityExtension)", place)
