"""The far end of one doctor: what is offered to whom, and what is refused; nothing connects here."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from room_agent.ends import FarEnd, Own
from room_agent.media.aiortc_inside import Certificate
from room_agent.media.aiortc_peer import own_addresses
from room_agent.media.heart import heart_sounds
from room_agent.media.live import LiveMedia, for_visit
from room_agent.media.simulated import simulated_cameras
from room_agent.media.sound import Loop
from room_agent.media.stream import Codec
from room_agent.peers import AboutGate, DoctorPeer
from room_agent.relays import Relays
from schemas.measurement import Ask, ConfirmedBy, Share, Sources, StopAsking
from schemas.signalling import Participant, Role, Signal
from schemas.trust import Description, Hello, RefusedWhy
from telemed.kit.trust import Distrusted, Me
from tests.room_agent.far import FarDoctor
from tests.room_agent.media.loops import run

OWN, KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


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

    def share(self, said: Share) -> None: ...

    def disconnected(self) -> None: ...


class Ward:
    """It trusts whom a test wants: *why* not, or True for yes, False for not yet."""

    def __init__(self) -> None:
        self.why: RefusedWhy | bool = True
        self.refused: list[tuple[str, bool]] = []
        self.tasks: set[asyncio.Task[None]] = set()

    def trusts(self, who: Participant, hello: Hello) -> bool:  # noqa: ARG002 - the protocol's
        if isinstance(self.why, RefusedWhy):
            raise Distrusted(self.why)
        return self.why

    def distrusted(self, who: Participant, reason: RefusedWhy, *, by_us: bool) -> None:  # noqa: ARG002
        self.refused.append((reason.value, by_us))

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class Pair:
    """The agent's end of one doctor, and the doctor. What each sends arrives at once, or waits in *post*."""

    def __init__(self, media: LiveMedia, *, takes_h264: bool = True) -> None:
        self.ward, self.held, self.media = Ward(), False, media
        self.sent: list[Signal] = []
        self.post: list[Signal] = []
        relays = Relays(only=False, said=lambda _trouble: None, found=lambda: None)
        certificate = Certificate.generateCertificate()
        me = Me("visit-1", "agent-1", Role.AGENT, OWN, certificate.fingerprint)
        who = Participant(peer_id="doctor-1", role=Role.DOCTOR, name="")
        self.doctor = FarDoctor("visit-1", self._to_agent, key=KEY, takes_h264=takes_h264)
        self.end = FarEnd(who, Own(me, certificate, relays, self._to_doctor), Bed(media), self.ward)

    async def _to_doctor(self, signal: Signal) -> None:
        self.sent.append(signal)
        await self.doctor.hear(signal.model_copy(update={"sender": "agent-1"}))

    async def _to_agent(self, signal: Signal) -> None:
        signal = signal.model_copy(update={"sender": "doctor-1"})
        self.post.append(signal)
        if not self.held:
            await self.end.hear(signal)

    async def settled(self) -> None:
        """Until nothing is under way any more."""
        while self.ward.tasks:
            await asyncio.gather(*self.ward.tasks)

    async def meet(self) -> None:
        await self.end.greet()
        await self.doctor.greet("agent-1")
        await self.settled()

    def said(self, kind: str) -> list[dict[str, Any]]:
        """Of the agent."""
        return [signal.body for signal in self.sent if signal.kind == kind and signal.body is not None]


@asynccontextmanager
async def pair(*, takes_h264: bool = True) -> AsyncIterator[Pair]:
    cameras, sound = simulated_cameras(lambda key: key), heart_sounds(seconds=1)
    async with for_visit(cameras, lambda: Loop(sound), word=lambda key: key, simulated=True) as media:
        made = Pair(media, takes_h264=takes_h264)
        yield made
        await made.settled()
        await made.end.close()
        await made.doctor.close()


def lines(sdp: str) -> list[str]:
    return sorted(line.split()[0] for line in sdp.splitlines() if line.startswith("m="))


def test_two_pictures_the_stethoscope_and_the_channels_are_offered_once_and_signed() -> None:
    async def story() -> None:
        async with pair() as it:
            await it.meet()
            (offer,) = it.doctor.offers
            assert offer.attempt == 1
            assert lines(offer.sdp) == ["m=application", "m=audio", "m=video", "m=video"]
            assert offer.sdp.index("H264/90000") < offer.sdp.index("VP8/90000")
            assert "profile-level-id=42e01f" in offer.sdp
            assert offer.sdp.count("a=fingerprint:") == offer.sdp.count("a=fingerprint:sha-256") == 4
            assert it.end.peer is not None
            assert it.end.peer.is_answered
            assert it.ward.refused == []

    run(story)


def test_a_browser_without_h264_gets_vp8_without_another_offer() -> None:
    async def story() -> None:
        async with pair(takes_h264=False) as it:
            await it.meet()
            (offer,) = it.doctor.offers
            assert lines(offer.sdp).count("m=video") == 2
            assert it.end.peer is not None
            assert it.end.peer.is_answered
            assert it.media.vp8_viewers == 1
            assert [len(slot.viewers(Codec.VP8)) for slot in it.media.slots] == [1, 1]
            await it.end.drop()
            assert it.media.vp8_viewers == 0

    run(story)


def test_a_browser_with_h264_needs_no_second_encoder() -> None:
    async def story() -> None:
        async with pair() as it:
            await it.meet()
            assert it.end.peer is not None
            assert it.end.peer.is_answered
            assert it.media.vp8_viewers == 0

    run(story)


@pytest.mark.parametrize("why", [RefusedWhy.UNKNOWN_KEY, RefusedWhy.ROSTER])
def test_whom_nobody_trusts_gets_no_offer_and_hears_why(why: RefusedWhy) -> None:
    async def story() -> None:
        async with pair() as it:
            it.ward.why = why
            await it.meet()
            assert it.doctor.offers == []
            assert [each["reason"] for each in it.said("refused")] == [why.value]
            assert it.ward.refused == [(why.value, True)]
            assert it.end.distrust is why
            it.ward.why = True  # the operator has signed meanwhile
            it.end.connect()
            await it.settled()
            assert len(it.doctor.offers) == 1
            assert it.end.distrust is None

    run(story)


def test_a_colleague_waits_unrefused_until_the_doctor_lets_it_in() -> None:
    async def story() -> None:
        async with pair() as it:
            it.ward.why = False
            await it.meet()
            assert it.doctor.offers == it.said("refused") == []
            it.ward.why = True
            it.end.connect()
            await it.settled()
            assert len(it.doctor.offers) == 1

    run(story)


def changed(signal: Signal, **what: Any) -> Signal:
    assert signal.body is not None
    return signal.model_copy(update={"body": {**signal.body, **what}})


def other_fingerprint(sdp: str) -> str:
    kept = [line for line in sdp.splitlines() if not line.startswith("a=fingerprint")]
    return "\r\n".join([*kept, "a=fingerprint:sha-256 " + ":".join(["AB"] * 32), ""])


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"signature": "A" * 86}, "signature"),
        ({"reveal": "A" * 22}, "signature"),
        ({"at_ms": 0}, "too-old"),
        ({"sdp": 1}, "malformed"),
        ({"type": "offer"}, "malformed"),
        ({"sdp": "other"}, "signature"),
    ],
)
def test_of_an_answer_that_was_changed_on_the_way_nothing_is_used(what: dict[str, Any], reason: str) -> None:
    async def story() -> None:
        async with pair() as it:
            it.held = True
            await it.meet()
            await it.end.hear(it.post[0])
            await it.settled()
            answer = it.post[-1]
            assert answer.kind == "answer"
            assert answer.body is not None
            with_sdp = {"sdp": other_fingerprint(answer.body["sdp"])} if what == {"sdp": "other"} else what
            await it.end.hear(changed(answer, **with_sdp))
            await it.settled()
            assert it.ward.refused == [(reason, True)]
            assert it.end.peer is None
            assert it.end.distrust is not None

    run(story)


def test_an_answer_to_an_earlier_offer_is_left_alone_and_one_that_comes_twice_refused() -> None:
    async def story() -> None:
        async with pair() as it:
            it.held = True
            await it.meet()
            await it.end.hear(it.post[0])
            await it.settled()
            early = it.post[-1]
            await it.end.hear(it.post[0])  # its hello crosses our offer
            await it.settled()
            assert len(it.doctor.offers) == 1
            it.end.met()
            await it.end.hear(it.post[0])  # it was away: the offer was lost, for all it knows
            await it.settled()
            assert [offer.attempt for offer in it.doctor.offers] == [1, 2]
            await it.end.hear(early)
            assert it.ward.refused == []
            assert it.end.peer is not None
            assert not it.end.peer.is_answered
            await it.end.hear(it.post[-1])
            assert it.end.peer.is_answered
            await it.end.hear(it.post[-1])
            assert it.ward.refused == [("replayed", True)]

    run(story)


def test_another_hello_of_the_same_end_is_refused() -> None:
    async def story() -> None:
        async with pair() as it:
            await it.meet()
            hello = next(signal for signal in it.post if signal.kind == "hello")
            await it.end.hear(changed(hello, commitment="A" * 43))
            await it.end.hear(changed(hello, key=1))
            assert it.ward.refused == [("replayed", True), ("malformed", True)]

    run(story)


def test_who_left_is_not_called_back_and_who_greets_again_is_welcome() -> None:
    async def story() -> None:
        async with pair() as it:
            await it.meet()
            await it.end.leave()
            it.end.connect()
            it.end.look(1e9, own_addresses())
            await it.settled()
            assert len(it.doctor.offers) == 1
            await it.doctor.greet("agent-1")
            await it.settled()
            assert len(it.doctor.offers) == 2

    run(story)


def test_a_silent_connection_is_replaced_once_the_other_end_can_be_told() -> None:
    async def story() -> None:
        async with pair() as it:
            await it.meet()
            it.doctor.answers = it.end.on_hub = False
            it.end.look(1e9, own_addresses())
            await it.settled()
            assert [offer.attempt for offer in it.doctor.offers] == [1]
            it.end.on_hub = True
            it.end.look(1e9, own_addresses())
            await it.settled()
            attempts = [Description.model_validate(body).attempt for body in it.said("offer")]
            assert attempts == [1, 2]

    run(story)


def test_an_offer_from_an_address_that_we_have_no_more_is_made_anew() -> None:
    async def story() -> None:
        async with pair() as it:
            it.doctor.answers = False
            await it.meet()
            now = time.monotonic() + 2
            for addresses in (own_addresses(), frozenset[str]()):  # the same, or none at all for a while
                it.end.look(now, addresses)
                await it.settled()
            assert len(it.doctor.offers) == 1
            it.end.look(now, frozenset({"192.0.2.1"}))
            await it.settled()
            assert len(it.doctor.offers) == 2

    run(story)


def test_while_pictures_are_known_to_arrive_a_silent_channel_is_given_twice_the_time() -> None:
    async def story() -> None:
        async with pair() as it:
            await it.meet()
            began = time.monotonic()
            assert it.end.peer is not None
            for seconds, offers in ((5, 1), (7, 1), (13, 2)):
                it.end.peer._connection._traffic.reported_at = began + seconds - 1
                it.end.look(began + seconds, own_addresses())
                await it.settled()
                assert len(it.doctor.offers) == offers, seconds

    run(story)
