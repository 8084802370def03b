"""What travels on the signalling socket. The hub reads the envelope and never the *body* (DESIGN D9).

A client connects to ``/signalling/{visit_id}?peer={peer_id}`` and hears `Here` with everyone inside; from then on
`Came`, `Left`, `Relays` and the `Signal`s sent to it. It sends `Signal`s. Both ends send `Beat`. A message that breaks
this contract closes the socket (code 4400). What the bodies are is in `schemas.trust`.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from schemas.base import Id, Message, Moment

MAX_MESSAGE_BYTES = 65_536

CLOSE_BROKEN_CONTRACT = 4400
CLOSE_NOT_ALLOWED = 4403
CLOSE_VISIT_OVER = 4410
CLOSE_TOO_FAST = 4429

BEAT_S = 2.0
"""Both ends say something at least so often."""
SILENCE_S = 5.0
"""After so long without a word the line is taken for lost, and opened anew."""


class Role(StrEnum):
    """Who is at this end.

    ``agent`` has the devices, ``kiosk`` the talk in the room, ``doctor`` both from afar. ``resident`` is the patient at
    home. ``colleague`` (a second doctor), ``interpreter`` and ``relative`` are invited into one visit. ``organiser`` is
    staff who looks who is there; this role sends and receives no signal.
    """

    AGENT = "agent"
    KIOSK = "kiosk"
    RESIDENT = "resident"
    DOCTOR = "doctor"
    COLLEAGUE = "colleague"
    INTERPRETER = "interpreter"
    RELATIVE = "relative"
    ORGANISER = "organiser"


TALKERS = (Role.KIOSK, Role.RESIDENT, Role.DOCTOR, Role.COLLEAGUE, Role.INTERPRETER, Role.RELATIVE)
"""Who takes part in the talk, each with each. Of two the earlier one offers; of two of one role the one with the lower
peer_id. The agent offers to doctors and to colleagues whom the doctor has let see the devices, and to nobody else."""
GUESTS = (Role.RESIDENT, Role.COLLEAGUE, Role.INTERPRETER, Role.RELATIVE)
"""They have no key in the roster: the doctor lets each of them in (`schemas.conversation.Admitted`)."""
MOST_TALKERS = 4


class Participant(Message):
    """*peer_id* is made by the client, for as long as its program or page runs. *name* is what the centre knows: empty
    for guests. What a screen shows of machines and doctors comes from the roster, not from here."""

    peer_id: Id
    role: Role
    name: str


class Signal(Message):
    """Client to hub with *to*; hub to client with *sender* filled in. *body* is a `schemas.trust` message.

    ``hello``: `Hello`. ``offer``, ``answer``: `Description`. ``candidate``: an RTCIceCandidateInit with the *attempt*
    that it belongs to, or null after the last. ``refused``: `Refused`.
    """

    type: Literal["signal"] = "signal"
    to: Id
    sender: Id | None = None
    kind: Literal["hello", "offer", "answer", "candidate", "refused"]
    body: dict[str, Any] | None


class Relay(Message):
    """An own TURN or STUN server, as an RTCIceServer. *expires_at*: new allocations are refused from then on."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = ""
    expires_at: Moment | None = None


class Here(Message):
    """The first message. *relays*: the only servers that an end of this visit may use; none: `iceServers` is empty."""

    type: Literal["here"] = "here"
    you: Id
    participants: tuple[Participant, ...]
    relays: tuple[Relay, ...] = ()


class Relays(Message):
    """Before the credentials expire: whole, in place of the former ones."""

    type: Literal["relays"] = "relays"
    relays: tuple[Relay, ...]


class Came(Message):
    type: Literal["came"] = "came"
    participant: Participant


class Left(Message):
    """The line of this end to the hub is gone. Its connections may well go on."""

    type: Literal["left"] = "left"
    peer_id: Id


class Over(Message):
    """The visit has ended; the socket closes with `CLOSE_VISIT_OVER`."""

    type: Literal["over"] = "over"


class HubBeat(Message):
    """Both ways, every `BEAT_S`."""

    type: Literal["beat"] = "beat"


FromHub = Annotated[Here | Came | Left | Signal | Relays | Over | HubBeat, Field(discriminator="type")]
ToHub = Annotated[Signal | HubBeat, Field(discriminator="type")]
from_hub: TypeAdapter[FromHub] = TypeAdapter(FromHub)
to_hub: TypeAdapter[ToHub] = TypeAdapter(ToHub)
