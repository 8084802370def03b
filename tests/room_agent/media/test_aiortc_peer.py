"""One connection of aiortc: what it offers, how it fills the line once, and that it closes what it watched."""

import pytest
from aiortc.mediastreams import MediaStreamError

from room_agent.media import h264, vp8
from room_agent.media.aiortc_peer import AiortcPeer
from room_agent.media.line import PROBE_PAUSES_S
from room_agent.media.peer import Outlet, Unfit
from room_agent.media.simulated import simulated_cameras
from room_agent.media.slot import Ended, VideoSlot
from room_agent.media.stream import Codec
from room_agent.media.switch import SwitchTrack
from tests.room_agent.media.loops import run


def make_slots() -> list[VideoSlot]:
    cameras = simulated_cameras(lambda key: key)
    return [
        VideoSlot(SwitchTrack(cameras, gone_text="gone", off_text="off", selected=name))
        for name in ("room", "otoscope")
    ]


def test_each_m_line_has_a_role_and_h264_is_offered_before_vp8() -> None:
    async def story() -> None:
        slots = make_slots()
        peer = AiortcPeer([Outlet(f"exam-{n}", slot.watch()) for n, slot in enumerate(slots)], lambda _state: None)
        peer.channel("ctl")
        offered = await peer.offer()
        assert offered is not None
        assert sorted(peer.roles.values()) == ["exam-0", "exam-1"]
        assert 0 < offered["sdp"].index("H264/90000") < offered["sdp"].index("VP8/90000")
        assert "goog-remb" in offered["sdp"]
        assert "abs-send-time" in offered["sdp"]
        await peer.close()
        for slot in slots:
            await slot.close()

    run(story)


@pytest.mark.parametrize(("codec", "filling"), [(Codec.H264, h264.FILLING), (Codec.VP8, vp8.FILLING)])
def test_the_line_is_filled_once_after_the_second_picture_of_one_of_them(codec: Codec, filling: bytes) -> None:
    async def story() -> None:
        slots = make_slots()
        watches = [slot.watch() for slot in slots]
        for watch in watches:
            watch.takes(codec)
        peer = AiortcPeer([Outlet(f"exam-{n}", watch) for n, watch in enumerate(watches)], lambda _state: None)
        tracks = [transceiver.sender.track for _, transceiver in peer._lines]
        filled = []
        for _ in range(4):
            for track in tracks:
                filled.append((await track.recv()).payloads.count(filling))
        assert filled == [0, 0, len(PROBE_PAUSES_S), 0, 0, 0, 0, 0]
        await peer.close()
        for watch, track in zip(watches, tracks, strict=True):
            with pytest.raises(Ended):
                await watch.following()
            with pytest.raises(MediaStreamError):
                await track.recv()
        for slot in slots:
            await slot.close()

    run(story)


@pytest.mark.parametrize("body", [{}, {"candidate": "candidate:1 1 udp"}, {"candidate": 7, "sdpMid": None}])
def test_what_is_no_candidate_is_refused(body: dict[str, object]) -> None:
    async def story() -> None:
        peer = AiortcPeer([], lambda _state: None)
        with pytest.raises(Unfit):
            await peer.candidate(body)
        await peer.candidate({"candidate": "candidate:1 1 udp 1 4f.local 9 typ host", "sdpMid": "0"})
        await peer.close()

    run(story)


UNKNOWN_PAYLOAD = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=fmtp:97 apt=96\r\n"


@pytest.mark.parametrize(
    "body",
    [
        {"type": "answer"},
        {"type": "answer", "sdp": "v=0"},
        {"type": "answer", "sdp": UNKNOWN_PAYLOAD},
        {"type": "no", "sdp": ""},
    ],
)
def test_what_is_no_answer_is_refused(body: dict[str, object]) -> None:
    async def story() -> None:
        peer = AiortcPeer([], lambda _state: None)
        peer.channel("ctl")
        await peer.offer()
        with pytest.raises(Unfit):
            await peer.answer(body)
        await peer.close()
        assert await peer.offer() is None

    run(story)
