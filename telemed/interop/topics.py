"""What one may subscribe to at the FHIR interface (Subscriptions R5 Backport; ISiK Subscription 6.0.0). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Deed(StrEnum):
    """What happened to a resource."""

    CREATED = "created"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    DELAYED = "delayed"


@dataclass(frozen=True)
class Topic:
    """*kinds*: types of resources; empty: all. *deeds*: empty: all but a delay, which has a topic of its own."""

    url: str
    kinds: frozenset[str]
    deeds: frozenset[Deed] = frozenset()

    def covers(self, kind: str, deed: Deed) -> bool:
        of_kind = not self.kinds or kind in self.kinds
        return of_kind and (deed in self.deeds if self.deeds else deed is not Deed.DELAYED)


ISIK = "https://gematik.de/fhir/isik/SubscriptionTopic/"
DELAY = "https://telemed.example/fhir/SubscriptionTopic/appointment-delay"
"""What is told of the start of an appointment has changed: it will be later than was said, or is in time again."""
RESOURCES = (
    *("Appointment", "Slot", "Schedule", "HealthcareService", "Practitioner", "PractitionerRole"),
    *("Location", "Organization", "Device"),
)
_APPOINTMENT = frozenset({"Appointment"})
TOPICS: Mapping[str, Topic] = {
    topic.url: topic
    for topic in (
        Topic(f"{ISIK}appointment-update", _APPOINTMENT, frozenset({Deed.CHANGED, Deed.CANCELLED})),
        Topic(f"{ISIK}appointment-cancel", _APPOINTMENT, frozenset({Deed.CANCELLED})),
        *(Topic(f"{ISIK}Resource/{kind}", frozenset({kind})) for kind in RESOURCES),
        Topic(f"{ISIK}generic", frozenset()),
        Topic(DELAY, _APPOINTMENT, frozenset({Deed.DELAYED})),
    )
}
"""By canonical URL. ``appointment-update`` is a change of time or state (ISiKSubscriptionTopic), a new one is none."""

LISTED = (
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical"
)
"""The extension by which a CapabilityStatement names them."""
