"""The data register, who looked, what was erased, and who is answerable. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense
from telemed.people.model import AuditLine, Deed


@dataclass(frozen=True)
class RegisterLine:
    """One column of one table."""

    table: str
    column: str
    purpose: str
    retention: str
    seen_by: str
    personal: bool


PURPOSES = {
    "booking": "appointment",
    "appointment": "appointment",
    "search": "appointment",
    "another time": "appointment",
    "moving": "appointment",
    "must be moved": "appointment",
    "absence": "appointment",
    "displaced": "appointment",
    "displacing": "appointment",
    "walk-in": "appointment",
    "waiting list": "waiting",
    "priority": "waiting",
    "day list": "day",
    "notice": "notice",
    "notify_push": "notice",
    "invitation": "talk",
    "signalling": "talk",
    "consent": "consent",
    "defect": "appointment",
    "mandate": "relative",
    "people_mandate": "relative",
    "people_person": "contact",
    "interop_asked": "appointment",
    "barrier": "barrier",
    "feedback_barrier": "barrier",
    "aftercare": "aftercare",
    "aftercare_sheet": "aftercare",
    "glass asked": "glass_asked",
    "glass follow-up": "glass_follow_up",
    "glass safety": "glass_safety",
    "glass mistake": "glass_mistake",
    "link": "link",
    "paper": "paper",
    "code": "code",
    "own data": "own",
    "erasure": "own",
}
"""An audit line's purpose → the end of the catalogue key ``mine.why.…``; several words for people are one."""
OTHER = "other"


@dataclass(frozen=True)
class Seen:
    """Somebody did the same for the same reason on one day, so often; *last*: the last time."""

    day: date
    role: str
    subject: str
    deed: Deed
    why: str
    times: int
    last: datetime


def seen(lines: Iterable[tuple[AuditLine, int]], zone: ZoneInfo) -> list[Seen]:
    """*lines* (newest first), each with how often it was, as a person reads them: what is the same of one day stands
    once."""
    last: dict[tuple[date, str, str, Deed, str], datetime] = {}
    times: Counter[tuple[date, str, str, Deed, str]] = Counter()
    for line, often in lines:
        day, why = line.at.astimezone(zone).date(), PURPOSES.get(line.purpose, OTHER)
        key = day, line.role, line.subject, line.deed, why
        last.setdefault(key, line.at)
        times[key] += often
    return [Seen(*key, times[key], moment) for key, moment in last.items()]


@dataclass(frozen=True)
class Certificate:
    """That somebody's data were erased. *number*: by which the operator finds the entry; *cancelled*: so many
    appointments that were still ahead; *checksum*: SHA-256 of the text that stands on it."""

    number: str
    at: datetime
    cancelled: int
    checksum: str = ""

    @property
    def text(self) -> str:
        """What the checksum is made of; everybody can make it again."""
        return f"{self.number}\n{self.at.isoformat(timespec='seconds')}\n{self.cancelled}\n"


@dataclass(frozen=True)
class PersonErased(Event):
    """Whoever keeps something for this person drops it."""

    person_id: str


class ErasedLater(Refusal):
    """She is in a visit just now; afterwards it can be done."""

    sense = Sense.CONFLICT
    key = "refusal.erased_later"


class ProofWrong(Refusal):
    """Slip and year of birth do not fit the person; which of them is not said."""

    key = "refusal.proof_wrong"


@dataclass(frozen=True)
class Answerable:
    """Somebody with a name and a way to be reached; empty where it was not entered."""

    name: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True)
class Operator:
    """Who runs the centre, as the operator entered it: of a quarter, not of this program (wish G42)."""

    itself: Answerable = Answerable()
    represented_by: Answerable = Answerable()
    data_protection: Answerable = Answerable()
    supervision: Answerable = Answerable()
    accessibility: Answerable = Answerable()

    @property
    def is_whole(self) -> bool:
        return bool(self.itself.name and self.itself.address and self.itself.email and self.represented_by.name)


KINDS: dict[str, tuple[str, ...]] = {
    "contact": ("people_person", "people_key"),
    "appointment": (
        *("booking", "booking_pending", "booking_claim", "booking_hold", "booking_change", "visit_fact"),
        "interop_asked",
    ),
    "waiting": ("booking_waiting",),
    "consent": ("people_consent",),
    "relative": ("people_mandate",),
    "notice": ("notify_notice", "notify_push"),
    "audit": ("people_audit", "people_act", "identity_glass", "privacy_erasure", "signalling_refused"),
    "access": ("identity_session", "identity_sign_in", "identity_invitation"),
    "aftercare": ("aftercare_sheet",),
    "barrier": ("feedback_barrier",),
}
"""What people ask about, and the tables that it stands in; all other tables say nothing of residents."""
HOUSE = "house"


def kind_of(table: str) -> str:
    """Under which heading a table stands in the register."""
    return next((kind for kind, tables in KINDS.items() if table in tables), HOUSE)
