"""Subscriptions of programs to topics, and what happened that they are to hear of. Pure.

FHIR R4 Subscription by the Subscriptions R5 Backport (STU 1.1), as gematik's ISiK Subscription 6.0.0 profiles it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from telemed.interop import topics
from telemed.kit.refusal import Refusal, Sense

Deed = topics.Deed
KEEP = timedelta(days=30)
"""So long what happened can be asked for again by its number."""
MOST = 50
"""Subscriptions of one program."""
ERROR_AFTER = 3
"""Failures in a row after which the state says so; it is tried on all the same."""
GIVE_UP = timedelta(days=1)
"""After so long of failures nothing is tried any more until the program asks for it anew."""
SOONEST, LATEST = timedelta(seconds=1), timedelta(minutes=5)
"""Until the next try: doubled each time, and never longer than this."""
LEASE = timedelta(seconds=90)
"""So long whoever took something to send is waited for; longer than any sending takes."""
LONGEST_TIMEOUT_S = 60
SHORTEST_HEARTBEAT_S = 10
TIMEOUT_S = 10
TOGETHER = 20


class State(StrEnum):
    """SubscriptionStatus (R4, valueset-subscription-status)."""

    REQUESTED = "requested"
    ACTIVE = "active"
    ERROR = "error"
    OFF = "off"


@dataclass(frozen=True)
class Filter:
    """One condition (backport-filter-criteria): a search of *kind*, *text* as in an address behind the ``?``."""

    kind: str
    text: str


@dataclass(frozen=True)
class Wish:
    """What a program asked for. *content*: its resource as it is shown, without secrets. *headers*: with them, as
    ``Name: value``; None: those that are kept."""

    topic: str
    filters: tuple[Filter, ...]
    endpoint: str
    content: bytes
    headers: tuple[str, ...] | None
    heartbeat_s: int | None = None
    timeout_s: int = TIMEOUT_S
    together: int = TOGETHER
    ends_at: datetime | None = None
    media: str = "application/fhir+json"


@dataclass(frozen=True)
class Standing:
    """How it stands with telling. *last*: the number of the newest event; *told*: of the last that was taken.

    *failing_since*, *failures*: in a row; *why*: the last one, of a closed set. *heard_at*: when something was taken
    last.
    """

    state: State
    last: int = 0
    told: int = 0
    failures: int = 0
    failing_since: datetime | None = None
    heard_at: datetime | None = None
    next_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True)
class Subscribed:
    """A subscription. *client*: whose. *headers*: sealed."""

    id: str
    client: str
    wish: Wish
    standing: Standing
    version: int
    updated_at: datetime
    headers: bytes = b""


@dataclass(frozen=True)
class Told:
    """One event of a subscription; numbers have no gaps. *focus*: ``Type/id``; empty: not to be seen any more."""

    number: int
    at: datetime
    focus: str
    deed: Deed


def taken(standing: Standing, *, up_to: int, now: datetime) -> Standing:
    """After the far end took everything up to this number."""
    return Standing(State.ACTIVE, standing.last, max(standing.told, up_to), heard_at=now)


def failed(standing: Standing, why: str = "", *, now: datetime) -> Standing:
    """After the far end did not take it."""
    failures, since = standing.failures + 1, standing.failing_since or now
    shakes_hands = standing.state is State.REQUESTED
    state = State.ERROR if shakes_hands or failures >= ERROR_AFTER else standing.state
    gone = shakes_hands or now - since >= GIVE_UP
    wait = min(SOONEST * 2 ** min(failures - 1, 20), LATEST)
    next_at = None if gone else now + wait
    return Standing(state, standing.last, standing.told, failures, since, standing.heard_at, next_at, why)


class TooMany(Refusal):
    """This program has so many already."""

    sense = Sense.CONFLICT
    key = "interop.refusal.too_many_subscriptions"
