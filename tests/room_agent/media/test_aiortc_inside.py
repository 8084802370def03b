"""Every private name of aiortc that we use still stands where it stood, and does what we think it does."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender
from aiortc.codecs.base import Encoder
from aiortc.rtcdtlstransport import SRTP_PROFILES
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    pack_remb_fci,
)
from OpenSSL import SSL

import room_agent
from room_agent.media.aiortc_inside import (
    Certificate,
    addresses_used,
    close,
    far_fingerprint,
    take_over,
    use_certificate,
)
from room_agent.media.h264 import Sendable
from tests.room_agent.media.loops import run


class Heard:
    """A viewer who writes down what the far end said."""

    def __init__(self) -> None:
        self.keys = 0
        self.bps: list[int] = []
        self.resends: list[int] = []
        self.grants = True
        self.reports: list[tuple[float, float]] = []

    def key_wanted(self) -> None:
        self.keys += 1

    def line_carries(self, bps: int) -> None:
        self.bps.append(bps)

    def reported(self, round_trip_s: float, lost: float) -> None:
        self.reports.append((round_trip_s, lost))

    def may_resend(self, size: int) -> bool:
        self.resends.append(size)
        return self.grants

    def pause_s(self, size: int) -> float:
        return size * 0.0


def make_sender() -> RTCRtpSender:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    return connection.addTransceiver("video", direction="sendonly").sender


def test_a_request_for_a_key_picture_and_an_estimate_come_to_us() -> None:
    async def story() -> None:
        sender, heard = make_sender(), Heard()
        take_over(sender, heard)
        for fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
            await sender._handle_rtcp_packet(RtcpPsfbPacket(fmt=fmt, ssrc=1, media_ssrc=sender._ssrc))
        assert heard.keys == 2
        estimate = pack_remb_fci(340_000, [sender._ssrc])
        await sender._handle_rtcp_packet(RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=estimate))
        assert heard.bps == [pytest.approx(340_000, rel=0.01)]

    run(story)


def test_a_receiver_report_tells_the_round_trip_and_what_was_lost() -> None:
    async def story() -> None:
        sender, heard = make_sender(), Heard()
        take_over(sender, heard)
        sender._RTCRtpSender__lsr, sender._RTCRtpSender__lsr_time = 77, time.time() - 0.5
        counts = {"packets_lost": 3, "highest_sequence": 9, "jitter": 0}
        told = RtcpReceiverInfo(ssrc=sender._ssrc, fraction_lost=64, lsr=77, dlsr=int(0.4 * 65536), **counts)
        other = RtcpReceiverInfo(ssrc=sender._ssrc, fraction_lost=64, lsr=76, dlsr=9, **counts)
        await sender._handle_rtcp_packet(RtcpRrPacket(ssrc=1, reports=[told, other]))
        assert heard.reports == [(pytest.approx(0.1, abs=0.05), 0.25)]

    run(story)


def test_what_was_lost_is_sent_again_only_if_we_allow_it() -> None:
    async def story() -> None:
        sender, heard = make_sender(), Heard()
        take_over(sender, heard)
        heard.grants = False
        await sender._handle_rtcp_packet(RtcpRtpfbPacket(fmt=1, ssrc=1, media_ssrc=sender._ssrc, lost=[7, 8]))
        assert len(heard.resends) == 2

    run(story)


def test_a_picture_that_is_cut_already_goes_through_as_it_is() -> None:
    async def story() -> None:
        sender = make_sender()
        take_over(sender, Heard())
        encoder = sender._RTCRtpSender__encoder
        assert encoder.pack(Sendable((b"one", b"two"), 9000, True)) == ([b"one", b"two"], 9000)
        assert {"pack"} <= set(Encoder.__abstractmethods__)

    run(story)


def test_our_certificate_is_in_every_m_line_and_the_far_end_is_unknown_before_dtls() -> None:
    async def story() -> None:
        certificate = Certificate.generateCertificate()
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        use_certificate(connection, certificate)
        connection.createDataChannel("ctl")
        connection.addTransceiver("video", direction="sendonly")
        sdp = (await connection.createOffer()).sdp
        assert sdp.count(f"a=fingerprint:sha-256 {certificate.fingerprint}") == sdp.count("m=") == 2
        assert far_fingerprint(connection) == ""
        assert addresses_used(connection) is None
        await connection.close()

    run(story)


def test_who_is_cancelled_while_a_connection_closes_leaves_and_it_is_closed_all_the_same() -> None:
    class Slow:
        """As aioice: it takes the cancellation of whoever waits for that of what it waits for itself."""

        closed = False

        async def close(self) -> None:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.02)
            self.closed = True

    async def story() -> None:
        connection = Slow()
        leaving = asyncio.create_task(close(connection))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        async with asyncio.timeout(5):
            while not connection.closed:
                await asyncio.sleep(0.001)

    run(story)


def test_suites_are_those_of_the_bsi_and_dtls_is_not_older_than_1_2() -> None:
    context = Certificate.generateCertificate()._create_ssl_context(SRTP_PROFILES)
    suites = [name for name in SSL.Connection(context).get_cipher_list() if not name.startswith("TLS_")]
    assert suites == ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"]
    assert [profile.openssl_profile for profile in SRTP_PROFILES][:2] == [
        b"SRTP_AEAD_AES_256_GCM",
        b"SRTP_AEAD_AES_128_GCM",
    ]


def test_an_aiortc_that_is_built_differently_is_refused_at_once() -> None:
    class Other:
        _send_keyframe = _retransmit = None

    with pytest.raises(AttributeError):
        take_over(Other(), Heard())


def test_packets_leave_with_the_viewers_pauses_but_what_is_sent_again_does_not_wait() -> None:
    class Transport:
        def __init__(self) -> None:
            self.sent: list[bytes] = []

        async def _send_rtp(self, data: bytes) -> None:
            self.sent.append(data)

        def _register_rtp_sender(self, *_: object) -> None: ...

    class Slow(Heard):
        waits = 0

        def pause_s(self, size: int) -> float:
            self.waits += 1
            return size * 1e-5

    async def story() -> None:
        sender, heard, transport = make_sender(), Slow(), Transport()
        take_over(sender, heard)
        sender._RTCRtpSender__transport = transport
        with pytest.raises(AttributeError):
            await sender.send(None)
        paced = sender._RTCRtpSender__transport
        await paced._send_rtp(b"one")
        assert heard.waits == 1
        with paced.at_once():
            await paced._send_rtp(b"again")
        assert heard.waits == 1
        assert transport.sent == [b"one", b"again"]

    run(story)


def test_aiortc_is_known_to_few_files_and_its_inside_to_one() -> None:
    room = Path(room_agent.__file__).parent
    sources = {path.relative_to(room).as_posix(): path.read_text() for path in room.rglob("*.py")}
    engine = {"media/aiortc_inside.py", "media/aiortc_peer.py"}
    sound = {"media/live.py", "media/stethoscope.py"}  # Opus packets as a track, and one for each doctor
    assert {path for path, source in sources.items() if "from aiortc" in source} == engine | sound
    assert [path for path, source in sources.items() if "_RTC" in source] == ["media/aiortc_inside.py"]
