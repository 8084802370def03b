"""What an import says of each resource, and how reading and searching say no. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from telemed.directory.model import KINDS
from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense

CONFORMANCE = frozenset(
    {
        "StructureDefinition",
        "ValueSet",
        "CodeSystem",
        "ConceptMap",
        "NamingSystem",
        "SearchParameter",
        "CapabilityStatement",
        "OperationDefinition",
        "CompartmentDefinition",
        "ImplementationGuide",
        "StructureMap",
        "GraphDefinition",
        "MessageDefinition",
        "TestScript",
    }
)
"""Resources that describe FHIR itself: nothing here needs them, and they are no reason to refuse a file."""

NOT_KEPT = {
    "Patient": "interop.why.patient",
    "Slot": "interop.why.slot",
    "OperationOutcome": "interop.why.outcome",
}
"""Resources that say nothing we could keep. A person becomes known by an appointment, from its participant alone."""


class Result(StrEnum):
    TAKEN = "taken"
    NOT_KEPT = "not-kept"
    REFUSED = "refused"


@dataclass(frozen=True)
class Outcome:
    """What became of one resource. *why* is for people; *expression* the FHIRPath of what is at fault.

    Neither repeats what the file says.
    """

    file: str
    resource: str
    result: Result
    why: str = ""
    expression: str = ""

    @property
    def refused(self) -> bool:
        return self.result is Result.REFUSED


@dataclass(frozen=True)
class BookingAsked(Event):
    """A program asked for an appointment and does not wait for the answer."""

    asked_id: str


class NotImported(Refusal):
    """This kind of resource has no place here; medical data least of all (DESIGN D1)."""

    key = "interop.refusal.not_imported"


class NotBooked(Refusal):
    """Only an appointment that is booked claims time; a proposed or a past one does not."""

    key = "interop.refusal.not_booked"


class WithoutId(Refusal):
    sense = Sense.INVALID
    key = "interop.refusal.without_id"


class Unplaced(Refusal):
    """The time of an appointment is taken: *why* says of whom or what, *times* when it would work."""

    sense = Sense.CONFLICT
    key = "interop.refusal.unplaced"


class ScheduleMissing(Refusal):
    """Slots are searched for in a schedule (ISiK: status alone is refused)."""

    key = "interop.refusal.schedule_missing"
    plain = "slots are searched in a calendar: say schedule=Schedule/…; GET Schedule?actor=Practitioner/… finds it"


class SeedRefused(Exception):
    """A seed folder holds something that cannot be taken; nothing of it was."""


def why_not_kept(kind: str) -> str | None:
    """The catalogue key that says why resources of *kind* are passed over; None if they are not."""
    if kind in CONFORMANCE:
        return "interop.why.conformance"
    return NOT_KEPT.get(kind)


def is_directory(kind: str) -> bool:
    return kind in KINDS
