"""Which message goes which way.

==========================  ======================  =======================================================
channel                     who opens it            messages
==========================  ======================  =======================================================
``POST /pair``              machine → centre/agent  `PairRequest` → `Paired`
``WS /link``                agent → centre          `Challenge` ↓ `Proof` ↑, then `FromCentre` ↓ `FromRoom` ↑
``WS /signalling/{visit}``  browser, agent → centre `Challenge`/`Proof` (agent only), then `FromHub` ↓ `ToHub` ↑
``WS /kiosk/socket``        kiosk → agent           `Challenge` ↓ `Proof` ↑, then `Show` and answers ↓ `FromKiosk` ↑
``WS /kiosk/signalling``    kiosk → agent → centre  as ``/signalling``, the agent passes it on in the role ``kiosk``
``WS /feed``                monitor → agent         `Challenge` ↓ `Proof` ↑, then `Board` ↓ every change and every 5 s
data channels               agent ↔ doctor          `measurement`
data channel ``talk``       each ↔ each in the talk `conversation`
==========================  ======================  =======================================================
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from schemas.base import Id, Message, Moment
from schemas.checks import BlockedDevice, CheckReport
from schemas.day import DayPlan, Fact
from schemas.trust import SignedRoster
from schemas.visit import Paired, PairRequest

CLOSE_BROKEN_CONTRACT = 4400
CLOSE_NOT_ALLOWED = 4403


class PlanDown(Message):
    """Centre to room: the day, whole, whenever it changed."""

    type: Literal["plan"] = "plan"
    plan: DayPlan


class RosterDown(Message):
    """Centre to room, after its proof and whenever there is a newer one. The room trusts the signature only."""

    type: Literal["roster"] = "roster"
    signed: SignedRoster


class FactsDown(Message):
    """Centre to room: facts that the room may not have yet. Repeats are harmless."""

    type: Literal["facts"] = "facts"
    facts: tuple[Fact, ...]


class FactsTaken(Message):
    """Centre to room: committed; the journal may forget to send these again. Also the ids of `RefusedUp`
    and `HelpUp`."""

    type: Literal["taken"] = "taken"
    fact_ids: tuple[Id, ...]


class PairAnswer(Message):
    """Centre to room: the answer to a `PairAsked` of a kiosk or monitor; *paired* is empty when refused."""

    type: Literal["pair-answer"] = "pair-answer"
    request_id: Id
    paired: Paired | None


class Beat(Message):
    """Both ways, every 5 s."""

    type: Literal["beat"] = "beat"


class FactsUp(Message):
    """Room to centre: what happened there, each until `FactsTaken`."""

    type: Literal["facts"] = "facts"
    facts: tuple[Fact, ...]


class ChecksUp(Message):
    type: Literal["checks"] = "checks"
    report: CheckReport


class BlockedUp(Message):
    """Room to centre: all devices that are blocked now, whole, at each change and on each new connection."""

    type: Literal["blocked"] = "blocked"
    devices: tuple[BlockedDevice, ...]


class HelpIs(Message):
    """How a call for help of this room stands. *reach*: whom it has reached by now, the room's own assistants first."""

    help_id: Id
    state: Literal["asked", "coming"]
    reach: Literal["room", "others", "all"] = "room"


class HelpDown(Message):
    """Centre to room: all calls for help of this room that are not over, whole, at each change. What is missing is
    over."""

    type: Literal["help"] = "help"
    calls: tuple[HelpIs, ...]


class HelpUp(Message):
    """Room to centre, until `FactsTaken` names its *said_id*: somebody in the room calls for help, somebody there says
    that he comes, or that it is over. *at* on the clock of the room. *through*: the screen, or a key beside it."""

    type: Literal["help"] = "help"
    said_id: Id
    help_id: Id
    visit_id: Id | None = None
    at: Moment
    state: Literal["asked", "coming", "over"] = "asked"
    what: Literal["help", "new-appointment", "telephone"] = "help"
    through: Literal["screen", "key"] = "screen"


class PractisedUp(Message):
    """Room to centre: somebody has tried the room in a practice. It is counted, and nothing else is known of it."""

    type: Literal["practised"] = "practised"


class RefusedUp(Message):
    """Room to centre, for the audit: an end without a valid signature was refused in this visit.

    *at* on the clock of the visit. *reason* as in `schemas.trust.RefusedWhy`; *seen_by*: ``agent`` or ``kiosk``.
    """

    type: Literal["refused"] = "refused"
    refused_id: Id
    visit_id: Id
    at: Moment
    seen_by: Literal["agent", "kiosk"]
    role: str
    reason: str


class PairAsked(Message):
    """Room to centre, on behalf of a kiosk or monitor in the local network."""

    type: Literal["pair-asked"] = "pair-asked"
    request_id: Id
    request: PairRequest


FromCentre = Annotated[
    PlanDown | RosterDown | FactsDown | FactsTaken | HelpDown | PairAnswer | Beat, Field(discriminator="type")
]
FromRoom = Annotated[
    FactsUp | ChecksUp | BlockedUp | RefusedUp | HelpUp | PractisedUp | PairAsked | Beat, Field(discriminator="type")
]
from_centre: TypeAdapter[FromCentre] = TypeAdapter(FromCentre)
from_room: TypeAdapter[FromRoom] = TypeAdapter(FromRoom)
