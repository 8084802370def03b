"""What the room needs of a WebRTC engine. aiortc is behind it (`aiortc_peer`), and could be replaced."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from room_agent.checks.relay import Relay
from room_agent.media.slot import Watch

Body = dict[str, Any]
"""Of a `schemas.signalling.Signal`: a description or a candidate as a browser writes it."""


class Unfit(Exception):
    """What the other end sent cannot be used; the connection has no future."""


@dataclass(frozen=True)
class Outlet:
    """One m-line, for sending only. *role*: ``exam-0``, ``exam-1`` or ``stethoscope``; *source*: pictures or sound."""

    role: str
    source: "Watch | SoundTrack"


class SoundTrack(Protocol):
    """Sound as Opus packets; of the engine's own kind."""

    kind: str


@dataclass(frozen=True)
class Road:
    """How a connection may reach the other end: directly, by the *relay*, or by that only."""

    relay: Relay | None = None
    only_relay: bool = False

    @property
    def leads_nowhere(self) -> bool:
        return self.only_relay and self.relay is None


class Channel(Protocol):
    """One data channel, reliable and ordered."""

    @property
    def is_open(self) -> bool: ...

    @property
    def waiting_bytes(self) -> int:
        """What has been given to it and has not left."""

    def send(self, data: str | bytes) -> None:
        """Nothing happens while it is not open."""

    async def room_for_more(self, limit: int) -> bool:
        """Wait until at most *limit* bytes wait; False when it has closed."""

    def on_open(self, then: Callable[[], None]) -> None: ...

    def on_message(self, then: Callable[[str | bytes], None]) -> None: ...


@dataclass(frozen=True)
class LineStats:
    """*allowed_bps*: what the viewer's line carries as far as is known; *sent_bytes* of pictures, *resent* packets.

    *way*: ``direct``, or ``relayed`` and over what we reach the relay; empty before it is known.
    """

    allowed_bps: int
    sent_bytes: int
    resent: int
    refused_resends: int
    way: str = ""


class MediaPeer(Protocol):
    """One connection: negotiated once, begun from here; never restarted but replaced by a new one."""

    def channel(self, label: str) -> Channel:
        """Before the offer."""

    async def offer(self) -> Body | None:
        """Gather addresses and offer everything; None when it has been closed meanwhile."""

    @property
    def reported_at(self) -> float | None:
        """When the other end last said how our pictures or sound arrive; monotonic."""

    def far_fingerprint(self) -> str:
        """SHA-256 of the certificate that the other end really has; empty before the connection stands."""

    @property
    def roles(self) -> Mapping[str, str]:
        """The role of each m-line, by its mid; known after the offer."""

    async def answer(self, body: Body) -> None:
        """From now on each picture is sent as the answer has chosen.

        Raises:
            Unfit: it is no answer to the offer, or takes nothing that was offered.
        """

    async def candidate(self, body: Body) -> None:
        """Raises:
        Unfit: it is none.
        """

    def stats(self) -> LineStats: ...

    async def close(self) -> None:
        """May be called twice."""
