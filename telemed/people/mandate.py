"""What a resident lets a relative do for her, and for how long. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from telemed.identity import allowed
from telemed.kit.refusal import Refusal, Sense

Scope = allowed.Scope
"""What a relative may do; seeing the times belongs to each of them. Nobody may see what devices measure."""


class Lasts(StrEnum):
    """For how long a mandate is given; it may be ended at any time."""

    MONTH = "month"
    HALF_YEAR = "half-year"
    YEAR = "year"


LASTS = {Lasts.MONTH: timedelta(days=30), Lasts.HALF_YEAR: timedelta(days=182), Lasts.YEAR: timedelta(days=365)}
MOST = 5
"""So many relatives at once."""


@dataclass(frozen=True)
class Relative:
    """Who acts for somebody; *contact*: where her link went, if it went anywhere; *language*: of her pages."""

    name: str
    contact: str = ""
    language: str = "de"


@dataclass(frozen=True)
class Mandate:
    """*witness*: who of the staff noted it; empty where the resident gave it by herself. *opened_at*: her link was used
    for the first time then."""

    id: str
    person_id: str
    relative: Relative
    scopes: frozenset[Scope]
    given_at: datetime
    expires_at: datetime
    witness: str = ""
    opened_at: datetime | None = None
    ended_at: datetime | None = None

    def goes_on(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at


class TooManyRelatives(Refusal):
    """As many as may act for one person do so already."""

    sense = Sense.CONFLICT
    key = "refusal.mandate.too_many"


class MandateOver(Refusal):
    """It was ended, or has run out."""

    sense = Sense.FORBIDDEN
    key = "refusal.mandate.over"


class MandateNarrower(Refusal):
    """It holds, and does not allow this."""

    sense = Sense.FORBIDDEN
    key = "refusal.mandate.narrower"
