"""`MediaPeer` by aiortc."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aioice.ice import get_host_addresses
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidStateError, OperationError
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import candidate_from_sdp

from room_agent.media import aiortc_inside
from room_agent.media.aiortc_inside import Certificate, close, take_over
from room_agent.media.h264 import Sendable
from room_agent.media.ladder import shared
from room_agent.media.line import PROBE_PAUSES_S, Line
from room_agent.media.pacing import Allowance, Pacer
from room_agent.media.peer import Body, LineStats, Outlet, Road, Unfit
from room_agent.media.slot import Ended, Watch
from room_agent.media.stream import CODINGS, Codec
from telemed.kit.trust import with_one_fingerprint

_PROFILE = "42e01f"
"""Constrained baseline, level 3.1."""
_NO_SENSE = (ValueError, KeyError, TypeError, AssertionError, RuntimeError, InvalidStateError, OperationError)
"""What aiortc raises at what the other end sent; `RuntimeError` where its parser does not find something."""
_PROBED = 2
"""Which picture is followed by filling: the first is shown at once, and Chromium looks at two seconds only."""


def own_addresses() -> frozenset[str]:
    """Under which others could reach this machine now."""
    return frozenset(get_host_addresses(use_ipv4=True, use_ipv6=True))


class AiortcPeer:
    """One connection. *changed* hears each ``connectionState``. *certificate*: None, and it makes one for itself."""

    def __init__(
        self,
        outlets: Sequence[Outlet],
        changed: Callable[[str], None],
        *,
        certificate: Certificate | None = None,
        road: Road = Road(),
    ) -> None:
        self._road = road
        self._connection = RTCPeerConnection(_configuration(road))
        if certificate is not None:
            aiortc_inside.use_certificate(self._connection, certificate)
        self._connection.on("connectionstatechange", lambda: changed(self._connection.connectionState))
        watches = [outlet.source for outlet in outlets if isinstance(outlet.source, Watch)]
        self._traffic = _Traffic(watches)
        self._lines = [(outlet.role, self._add(outlet.source)) for outlet in outlets]

    def _add(self, source: Any) -> RTCRtpTransceiver:
        if not isinstance(source, Watch):
            return self._connection.addTransceiver(source, direction="sendonly")
        track = _PictureTrack(source, self._traffic)
        transceiver = self._connection.addTransceiver(track, direction="sendonly")
        transceiver.setCodecPreferences(_codecs())
        take_over(transceiver.sender, _PictureViewer(source, self._traffic))
        return transceiver

    def channel(self, label: str) -> "AiortcChannel":
        return AiortcChannel(self._connection.createDataChannel(label))

    async def offer(self) -> Body | None:
        try:
            await self._connection.setLocalDescription(await self._connection.createOffer())
        except InvalidStateError:
            return None
        made = self._connection.localDescription
        return {"type": made.type, "sdp": with_one_fingerprint(made.sdp)}

    @property
    def reported_at(self) -> float | None:
        return self._traffic.reported_at

    def far_fingerprint(self) -> str:
        return aiortc_inside.far_fingerprint(self._connection)

    @property
    def roles(self) -> Mapping[str, str]:
        return {transceiver.mid: role for role, transceiver in self._lines if transceiver.mid is not None}

    async def answer(self, body: Body) -> None:
        if self._connection.signalingState != "have-local-offer":
            return
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(**body))
        except _NO_SENSE as error:
            raise Unfit(type(error).__name__) from error
        for transceiver in (transceiver for _, transceiver in self._lines):
            track = transceiver.sender.track
            if isinstance(track, _PictureTrack):
                track.watch.takes(Codec(aiortc_inside.chosen_codec(transceiver)))

    async def candidate(self, body: Body) -> None:
        """Names that only the other end's own network knows are left out: their packets tell the address."""
        try:
            text = str(body["candidate"]).removeprefix("candidate:")
            if not text or ".local " in text:
                return
            candidate = candidate_from_sdp(text)
            candidate.sdpMid = body.get("sdpMid")
            candidate.sdpMLineIndex = body.get("sdpMLineIndex")
            await self._connection.addIceCandidate(candidate)
        except _NO_SENSE as error:
            raise Unfit(type(error).__name__) from error

    def stats(self) -> LineStats:
        return replace(self._traffic.stats(), way=self._way())

    def _way(self) -> str:
        used = aiortc_inside.addresses_used(self._connection) if self._connection.sctp else None
        if used is None:
            return ""
        ours, theirs = used
        if ours == "relay" and self._road.relay is not None:
            return f"relayed {'tls' if self._road.relay.tls else self._road.relay.transport}"
        return "relayed" if theirs == "relay" else "direct"

    async def close(self) -> None:
        self._traffic.end()
        await close(self._connection)


def _configuration(road: Road) -> RTCConfiguration:
    """Everything in one transport: one port, and one place at the relay."""
    relay = road.relay
    servers = []
    if relay is not None:
        url = f"{'turns' if relay.tls else 'turn'}:{relay.host}:{relay.port}?transport={relay.transport}"
        servers = [RTCIceServer(urls=url, username=relay.user, credential=relay.password)]
    return RTCConfiguration(
        iceServers=servers,
        bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
        iceTransportPolicy=RTCIceTransportPolicy.RELAY if road.only_relay else RTCIceTransportPolicy.ALL,
    )


def _codecs() -> list[Any]:
    """H.264 in our one profile, VP8 for whoever has none, and packets sent again as a stream of their own (RTX)."""
    codecs = RTCRtpSender.getCapabilities("video").codecs
    own = [codec for codec in codecs if codec.parameters.get("profile-level-id") == _PROFILE]
    other = [codec for codec in codecs if codec.mimeType == Codec.VP8]
    return own + other + [codec for codec in codecs if codec.mimeType.lower() == "video/rtx"]


class _PictureTrack(MediaStreamTrack):  # type: ignore[misc]  # aiortc's types are skipped
    """What a viewer watches, as aiortc wants it."""

    kind = "video"

    def __init__(self, watch: Watch, traffic: "_Traffic") -> None:
        super().__init__()
        self.watch = watch
        self._traffic = traffic
        self._count = 0

    async def recv(self) -> Sendable:
        try:
            picture = await self.watch.following()
        except Ended:
            raise MediaStreamError from None
        self._count += 1
        if self._count != _PROBED:
            return picture
        return self._traffic.filled(picture, CODINGS[self.watch.codec].filling)

    def stop(self) -> None:
        super().stop()
        self.watch.close()


class _Traffic:
    """All pictures of one connection: they share its line, its pace and what may be sent again."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches
        self._line = Line()
        self._pacer = Pacer(self._line.allowed_bps)
        self._allowance = Allowance(self._line.allowed_bps)
        self._resent = self._refused = 0
        self._probed = False
        self.reported_at: float | None = None
        self._probe: deque[float] = deque()

    def carries(self, bps: int) -> None:
        """The far end's estimate; every sender of a connection tells the same one."""
        self._line.estimated(bps, now=time.monotonic())
        self._share()

    def _share(self) -> None:
        allowed = self._line.allowed_bps
        self._pacer.bps = self._allowance.bps = allowed
        each = shared(allowed, sum(watch.showing for watch in self._watches))
        for watch in self._watches:
            watch.allowed_bps = each

    def reported(self, round_trip_s: float, lost: float) -> None:
        self.reported_at = time.monotonic()
        self._line.reported(round_trip_s, lost, now=self.reported_at)
        self._share()

    def filled(self, picture: Sendable, filling: bytes) -> Sendable:
        """Once for a connection a picture is followed by *filling*, which tells how much the line carries."""
        if self._probed:
            return picture
        self._probed = True
        self._probe = deque((0.0,) * (len(picture.payloads) - 1) + PROBE_PAUSES_S)
        return replace(picture, payloads=picture.payloads + (filling,) * len(PROBE_PAUSES_S))

    def pause_s(self, size: int) -> float:
        now = time.monotonic()
        self._line.sent(size, now=now)
        pause = self._pacer.pause_s(size, now=now)
        return self._probe.popleft() if self._probe else pause

    def may_resend(self, size: int) -> bool:
        granted = self._allowance.grants(size, now=time.monotonic())
        self._resent += granted
        self._refused += not granted
        return granted

    def end(self) -> None:
        """A connection that never came about stops no track by itself."""
        for watch in self._watches:
            watch.close()

    def stats(self) -> LineStats:
        return LineStats(self._line.allowed_bps, self._line.sent_bytes, self._resent, self._refused)


class _PictureViewer:
    """What the far end says of one picture (`aiortc_inside.Viewer`)."""

    def __init__(self, watch: Watch, traffic: _Traffic) -> None:
        self.key_wanted = watch.key
        self.line_carries = traffic.carries
        self.reported = traffic.reported
        self.may_resend = traffic.may_resend
        self.pause_s = traffic.pause_s


class AiortcChannel:
    """A data channel of aiortc (`peer.Channel`)."""

    def __init__(self, channel: RTCDataChannel) -> None:
        self._channel = channel
        self._moved = asyncio.Event()
        channel.on("bufferedamountlow", self._moved.set)
        channel.on("close", self._moved.set)

    @property
    def is_open(self) -> bool:
        return bool(self._channel.readyState == "open")

    @property
    def waiting_bytes(self) -> int:
        return int(self._channel.bufferedAmount)

    def send(self, data: str | bytes) -> None:
        if self.is_open:
            self._channel.send(data)

    async def room_for_more(self, limit: int) -> bool:
        self._channel.bufferedAmountLowThreshold = limit
        while self.is_open and self.waiting_bytes > limit:
            self._moved.clear()
            await self._moved.wait()
        return self.is_open

    def on_open(self, then: Callable[[], None]) -> None:
        self._channel.on("open", then)

    def on_message(self, then: Callable[[str | bytes], None]) -> None:
        self._channel.on("message", then)
