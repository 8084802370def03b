"""What an import says of each resource, and slots as a view of free and busy time. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from telemed.directory.calendar import Span, merged
from telemed.directory.model import KINDS, Device, Directory, slot_id
from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense

SHORTEST = timedelta(minutes=5)
"""The length of a slot where no service says more: one tick."""

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


class SeedRefused(Exception):
    """A seed folder holds something that cannot be taken; nothing of it was."""


def why_not_kept(kind: str) -> str | None:
    """The catalogue key that says why resources of *kind* are passed over; None if they are not."""
    if kind in CONFORMANCE:
        return "interop.why.conformance"
    return NOT_KEPT.get(kind)


def is_directory(kind: str) -> bool:
    return kind in KINDS


@dataclass(frozen=True)
class Slot:
    """A piece of a schedule."""

    schedule_id: str
    start: datetime
    end: datetime
    free: bool

    def content(self) -> bytes:
        """The FHIR R4 Slot (ISiKTerminblock) as JSON. Ids are of a safe alphabet, so nothing needs escaping."""
        return (
            f'{{"resourceType":"Slot","id":"{slot_id(self.schedule_id, self.start, self.end)}",'
            f'"schedule":{{"reference":"Schedule/{self.schedule_id}"}},'
            f'"status":"{"free" if self.free else "busy"}",'
            f'"start":"{_instant(self.start)}","end":"{_instant(self.end)}"}}'
        ).encode()


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pieces(spans: Iterable[Span], length: timedelta) -> list[Span]:
    """Each span cut into pieces of *length*, from its start; what is left at the end is too short to be offered."""
    return [
        (start + n * length, start + (n + 1) * length) for start, end in spans for n in range((end - start) // length)
    ]


def busy(opened: Sequence[Span], free: Sequence[Span]) -> list[Span]:
    """What is open and not free. Both are sorted and do not overlap."""
    found = []
    for start, end in opened:
        at = start
        for free_start, free_end in free:
            if free_end <= at or free_start >= end:
                continue
            if free_start > at:
                found.append((at, free_start))
            at = max(at, free_end)
        if at < end:
            found.append((at, end))
    return found


def opened(directory: Directory, actor_ids: Sequence[str], start: datetime, end: datetime) -> list[Span]:
    """When all these actors are open between two moments; nothing for one without opening hours."""
    found: list[Span] = [(start, end)]
    for actor_id in actor_ids:
        found = _both(found, _open_one(directory, actor_id, start, end))
    return found if actor_ids else []


def _open_one(directory: Directory, actor_id: str, start: datetime, end: datetime) -> list[Span]:
    known = directory.actor(actor_id)
    if known is None:
        return []
    if isinstance(known, Device) and known.until is not None:
        end = min(end, known.until)
    return known.hours.between(start, end, directory.zone)


def _both(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """What lies in both; pieces that touch become one."""
    return merged((max(a, c), min(b, d)) for a, b in some for c, d in others)


def slot_length(directory: Directory, actor_ids: Sequence[str]) -> timedelta:
    """The shortest service that one of these actors takes part in: what a slot of theirs is cut to."""
    doctors = {actor_id for actor_id in actor_ids if actor_id in directory.doctors}
    lengths = [
        service.length
        for service in directory.services.values()
        if doctors & {doctor.id for doctor in directory.doctors_for(service)} or set(service.room_ids) & set(actor_ids)
    ]
    return min(lengths, default=SHORTEST)
