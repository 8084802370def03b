"""What another system wants of an appointment, and what refuses it. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

from telemed.booking.model import Booking
from telemed.booking.planner import Offer
from telemed.kit.refusal import Refusal, Sense
from telemed.people.model import Person

CANCELLATION = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
REPLACES = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.replaces"


class Kept(NamedTuple):
    """An appointment as it is kept, and the FHIR Appointment that says it."""

    booking: Booking
    content: bytes


@dataclass(frozen=True)
class Wanted:
    """What another system wants. *id*: of the appointment; one that is known is changed. *content*: in its words.

    *person*: who is not known yet; *person_id*: or who is. *instead_of*: what is cancelled for it. *ordered*: a doctor
    ordered it.
    """

    id: str
    offer: Offer
    content: bytes
    person: Person | None = None
    person_id: str = ""
    instead_of: str = ""
    ordered: bool = False


class StillPending(Refusal):
    """It is not confirmed yet, and is not changed before that."""

    sense = Sense.CONFLICT
    key = "refusal.still_pending"


class MustBeConfirmed(Refusal):
    """Whatever is booked of this service must be confirmed first, so nothing is given up for it."""

    key = "refusal.must_be_confirmed"


class OtherPerson(Refusal):
    """An appointment stays that of its person."""

    key = "refusal.other_person"


class PersonUnknown(Refusal):
    """There is nobody of this id, or not for this program; both are answered alike."""

    key = "refusal.person_unknown"


class IdTaken(Refusal):
    """Something else has this id already."""

    sense = Sense.CONFLICT
    key = "refusal.id_taken"
