"""The connection to one doctor: what is offered, and what becomes of it in a browser that takes no H.264."""

from collections.abc import Collection
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from room_agent.media.heart import heart_sounds
from room_agent.media.live import LiveMedia, for_visit
from room_agent.media.simulated import simulated_cameras
from room_agent.media.sound import Loop
from room_agent.peers import AboutGate, DoctorPeer
from schemas.measurement import Ask, ConfirmedBy, Sources, StopAsking
from schemas.signalling import Participant, Role, Signal
from tests.room_agent.media.loops import run


class Bed:
    """A visit with media and nothing else."""

    def __init__(self, media: LiveMedia) -> None:
        self.media = media

    @property
    def sources(self) -> Sources:
        return Sources(cameras=self.media.cameras, kinds=(), simulated=True)

    @property
    def gate(self) -> "Bed":
        return self

    def doctor_says(self, said: AboutGate) -> None: ...

    async def asked(self, message: Ask | StopAsking) -> None: ...

    def connected(self) -> None: ...

    def opened(self, peer: DoctorPeer) -> None: ...

    def listening_changed(self) -> None: ...

    async def confirm(self, vital_id: str, *, belongs: bool, by: ConfirmedBy) -> None: ...

    def resend(self, peer: DoctorPeer, vital_ids: Collection[str]) -> None: ...


def lines(offer: Signal) -> list[str]:
    assert offer.body is not None
    return [line.split()[0] for line in offer.body["sdp"].splitlines() if line.startswith("m=")]


async def answer_to(offer: Signal, *, takes_h264: bool) -> dict[str, Any]:
    """As a browser answers that takes H.264, or one that does not know it."""
    assert offer.body is not None
    browser = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    await browser.setRemoteDescription(RTCSessionDescription(**offer.body))
    await browser.setLocalDescription(await browser.createAnswer())
    sdp = browser.localDescription.sdp
    await browser.close()
    return {"type": "answer", "sdp": sdp if takes_h264 else sdp.replace("H264/90000", "other/90000")}


async def offered(media: LiveMedia, *, takes_h264: bool) -> list[Signal]:
    sent: list[Signal] = []
    broke: list[DoctorPeer] = []

    async def send(signal: Signal) -> None:
        sent.append(signal)

    doctor = Participant(peer_id="doctor-1", role=Role.DOCTOR, name="")
    peer = DoctorPeer(doctor, Bed(media), send, broke.append)
    await peer.offer()
    body = await answer_to(sent[0], takes_h264=takes_h264)
    await peer.hear(Signal(to="agent", sender="doctor-1", kind="answer", body=body))
    await peer.close()
    assert broke == []
    return sent


def test_two_pictures_the_stethoscope_and_the_channels_are_offered_once() -> None:
    async def story() -> None:
        cameras = simulated_cameras(lambda key: key)
        sound = heart_sounds(seconds=1)
        async with for_visit(cameras, lambda: Loop(sound), word=lambda key: key, simulated=True) as media:
            (offer,) = await offered(media, takes_h264=True)
            assert sorted(lines(offer)) == ["m=application", "m=audio", "m=video", "m=video"]
            assert offer.body is not None
            assert "VP8" not in offer.body["sdp"]
            assert "profile-level-id=42e01f" in offer.body["sdp"]

    run(story)


def test_a_browser_without_h264_is_offered_everything_but_the_pictures() -> None:
    async def story() -> None:
        cameras = simulated_cameras(lambda key: key)
        sound = heart_sounds(seconds=1)
        async with for_visit(cameras, lambda: Loop(sound), word=lambda key: key, simulated=True) as media:
            first, second = await offered(media, takes_h264=False)
            assert lines(first).count("m=video") == 2
            assert sorted(lines(second)) == ["m=application", "m=audio"]

    run(story)
