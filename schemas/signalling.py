"""What travels on the signalling socket. The hub reads the envelope and never the *body* (DESIGN D9).

A client connects to ``/signalling/{visit_id}`` and hears `Here` with everyone inside; from then on `Came`, `Left`
and the `Signal`s sent to it. It sends `Signal`s. A message that breaks this contract closes the socket (code 4400).
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from schemas.base import Id, Message

MAX_MESSAGE_BYTES = 65_536

CLOSE_BROKEN_CONTRACT = 4400
CLOSE_NOT_ALLOWED = 4403
CLOSE_VISIT_OVER = 4410
CLOSE_TOO_FAST = 4429


class Role(StrEnum):
    """``agent`` has the devices, ``kiosk`` the conversation in the room, ``doctor`` both from afar."""

    AGENT = "agent"
    KIOSK = "kiosk"
    DOCTOR = "doctor"


class Participant(Message):
    peer_id: Id
    role: Role
    name: str


class Signal(Message):
    """Client to hub with *to*; hub to client with *sender* filled in. *body* is an SDP or candidate object.

    ``offer``/``answer``: ``{"type", "sdp"}``; ``candidate``: RTCIceCandidateInit, or null at the end.
    """

    type: Literal["signal"] = "signal"
    to: Id
    sender: Id | None = None
    kind: Literal["offer", "answer", "candidate"]
    body: dict[str, Any] | None


class Here(Message):
    type: Literal["here"] = "here"
    you: Id
    participants: tuple[Participant, ...]


class Came(Message):
    type: Literal["came"] = "came"
    participant: Participant


class Left(Message):
    type: Literal["left"] = "left"
    peer_id: Id


class Over(Message):
    """The visit has ended; the socket closes with `CLOSE_VISIT_OVER`."""

    type: Literal["over"] = "over"


FromHub = Annotated[Here | Came | Left | Signal | Over, Field(discriminator="type")]
from_hub: TypeAdapter[FromHub] = TypeAdapter(FromHub)
