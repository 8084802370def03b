"""The private names of aiortc that we need, all of them; a test fails when one of them moves.

aiortc lets nobody bring an encoder of his own, spreads no packets and sends again without limit. Here a sender gets
pictures that are cut already, tells when a key picture or another bit rate is wanted, and sends at our pace. Nor can
one bring a certificate, ask for the other end's or for the codec, choose the cipher suites, or see which way the
packets take.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from aiortc import RTCCertificate, RTCPeerConnection, RTCRtpSender, RTCRtpTransceiver
from aiortc.rtcdtlstransport import SRTPProtectionProfile, certificate_digest
from OpenSSL import SSL

from room_agent.media.h264 import Sendable

_NAMES = (
    *(f"_RTCRtpSender__{name}" for name in ("encoder", "transport", "lsr", "lsr_time")),
    *("_ssrc", "_send_keyframe", "_retransmit", "_handle_rtcp_packet"),
)
RESENT_BYTES = 1250
"""One packet with its headers; what exactly was lost is known to aiortc alone."""


CIPHERS = b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"
"""Forward secret and authenticated (BSI TR-02102-2, table 1); every browser has the first (RFC 8827, 6.5)."""
DTLS_1_2 = 0xFEFD


class Certificate(RTCCertificate):  # type: ignore[misc]  # aiortc's types are skipped
    """Ours for one visit. Whoever speaks only older DTLS or weaker suites than ours is refused."""

    @property
    def fingerprint(self) -> str:
        """SHA-256, as in SDP."""
        return next(str(each.value) for each in self.getFingerprints() if each.algorithm == "sha-256")

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        """With AEAD for the media where the other end knows it: the order of *srtp_profiles* is aiortc's, GCM first."""
        context: SSL.Context = super()._create_ssl_context(srtp_profiles)
        context.set_min_proto_version(DTLS_1_2)
        context.set_cipher_list(CIPHERS)
        return context


def use_certificate(connection: RTCPeerConnection, certificate: Certificate) -> None:
    """In place of aiortc's own. Before anything is added to *connection*."""
    _known(connection, "_RTCPeerConnection__certificates")
    _known(certificate, "_create_ssl_context")
    connection._RTCPeerConnection__certificates = [certificate]


_closing: set[asyncio.Task[None]] = set()


async def close(connection: RTCPeerConnection) -> None:
    """Close *connection*. Whoever is cancelled meanwhile leaves, and it is closed all the same: aioice takes a
    cancellation of its caller for the end of its own task, and the caller would never hear of it."""
    closing = asyncio.create_task(connection.close())
    _closing.add(closing)
    closing.add_done_callback(_closing.discard)
    await asyncio.shield(closing)


def far_fingerprint(connection: RTCPeerConnection) -> str:
    """SHA-256 of the certificate that the other end has shown in DTLS, as in SDP; empty before that."""
    transport = connection.sctp.transport
    _known(transport, "_ssl")
    shown = transport._ssl.get_peer_certificate(as_cryptography=True) if transport._ssl else None
    return certificate_digest(shown, "sha-256") if shown else ""


def suite(connection: RTCPeerConnection) -> tuple[str, str]:
    """The cipher suite of DTLS and the profile of SRTP that were agreed upon."""
    ssl = connection.sctp.transport._ssl
    return str(ssl.get_cipher_name()), ssl.get_selected_srtp_profile().decode()


def chosen_codec(transceiver: RTCRtpTransceiver) -> str:
    """The media type of what is sent, by the answer; ours counts where it names several."""
    _known(transceiver, "_codecs")
    return str(transceiver._codecs[0].mimeType)


def addresses_used(connection: RTCPeerConnection) -> tuple[str, str] | None:
    """The kinds of the two ends' addresses in use, as in a candidate: ``host``, ``srflx``, ``prflx``, ``relay``."""
    ice = connection.sctp.transport.transport._connection
    _known(ice, "_nominated")
    pair = ice._nominated.get(1)
    return (pair.local_candidate.type, pair.remote_candidate.type) if pair else None


class Viewer(Protocol):
    """Whoever hears what the far end of one sender says, and decides when packets leave."""

    def key_wanted(self) -> None:
        """A picture was lost (PLI, FIR)."""

    def line_carries(self, bps: int) -> None:
        """The far end's estimate for all that it gets (REMB)."""

    def reported(self, round_trip_s: float, lost: float) -> None:
        """A receiver report: the round trip, and which part was lost lately."""

    def may_resend(self, size: int) -> bool:
        """Whether a lost packet of about *size* bytes is sent again (NACK)."""

    def pause_s(self, size: int) -> float:
        """How long to wait after a packet of *size* bytes."""


def take_over(sender: RTCRtpSender, viewer: Viewer) -> None:
    """Make *sender* send `Sendable` pictures for *viewer*. Before the offer."""
    _known(sender, *_NAMES)
    sender._RTCRtpSender__encoder = _Cut(viewer)
    sender._send_keyframe = viewer.key_wanted
    begin, resend, handle = sender.send, sender._retransmit, sender._handle_rtcp_packet

    async def send(parameters: Any) -> None:
        """When the transport is settled: bundling changes it until then."""
        if not isinstance(sender._RTCRtpSender__transport, _Paced):
            _known(sender._RTCRtpSender__transport, "_send_rtp")
            sender._RTCRtpSender__transport = _Paced(sender._RTCRtpSender__transport, viewer)
        await begin(parameters)

    async def retransmit(sequence_number: int) -> None:
        if viewer.may_resend(RESENT_BYTES):
            with sender._RTCRtpSender__transport.at_once():
                await resend(sequence_number)

    async def hear(packet: Any) -> None:
        for report in getattr(packet, "reports", ()):
            if report.ssrc == sender._ssrc and report.dlsr and report.lsr == sender._RTCRtpSender__lsr:
                took = time.time() - sender._RTCRtpSender__lsr_time - report.dlsr / 65536
                viewer.reported(took, report.fraction_lost / 256)
        await handle(packet)

    sender.send, sender._retransmit, sender._handle_rtcp_packet = send, retransmit, hear


def _known(thing: object, *names: str) -> None:
    """Raises:
    AttributeError: this aiortc is built differently.
    """
    for name in names:
        getattr(thing, name)


class _Cut:
    """Stands in for an encoder (`aiortc.codecs.base.Encoder`): there is nothing left to encode or to cut."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer

    def pack(self, picture: Sendable) -> tuple[list[bytes], int]:
        return list(picture.payloads), picture.timestamp

    @property
    def target_bitrate(self) -> int:
        return 0

    @target_bitrate.setter
    def target_bitrate(self, bps: int) -> None:
        self._viewer.line_carries(bps)


class _Paced:
    """A DTLS transport whose RTP leaves at the viewer's pace; everything else is the transport's own.

    The pause comes after the packet: its send time, written before, stays true.
    """

    def __init__(self, transport: Any, viewer: Viewer) -> None:
        self._transport = transport
        self._viewer = viewer
        self._hurries = 0
        self._send: Callable[[bytes], Awaitable[None]] = transport._send_rtp

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def at_once(self) -> "_Paced":
        return self

    def __enter__(self) -> None:
        self._hurries += 1

    def __exit__(self, *_: object) -> None:
        self._hurries -= 1

    async def _send_rtp(self, data: bytes) -> None:
        await self._send(data)
        pause = 0.0 if self._hurries else self._viewer.pause_s(len(data))
        if pause:
            await asyncio.sleep(pause)
