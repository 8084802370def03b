"""Visits are apart: whatever happens in the hub, in whatever order, nobody hears of a visit in which he is not."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.signalling import Came, FromHub, Here, HubBeat, Left, Role, Signal
from telemed.kit.refusal import NotAllowed
from telemed.signalling.hub import Entrant, Hub, Seat

VISITS = ("one", "two")
PEOPLE = {"p1": (Role.AGENT, "m1"), "p2": (Role.DOCTOR, "weiss"), "p3": (Role.RELATIVE, "guest")}

visits, peers = st.sampled_from(VISITS), st.sampled_from(list(PEOPLE))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("join"), visits, peers, st.sampled_from(("own", "own", *PEOPLE))),
        st.tuples(st.just("leave"), st.integers(0, 30)),
        st.tuples(st.just("carry"), st.integers(0, 30), peers),
        st.tuples(st.just("end"), visits),
    ),
    max_size=40,
)


@dataclass
class Story:
    """What was done, and what each line heard of it. Both visits use the same peer_ids, so nothing else keeps them
    apart than the hub."""

    hub: Hub = field(default_factory=Hub)
    lines: list[Seat] = field(default_factory=list)
    heard: list[tuple[Seat, FromHub]] = field(default_factory=list)
    due: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """Signals that must arrive: visit, addressee, number."""
    number: int = 0
    cut: list[Seat] = field(default_factory=list)
    """Lines that broke before their end came back: nothing that waited there arrives by them."""

    def join(self, visit: str, peer: str, person: tuple[Role, str]) -> None:
        same = [seat for seat in self.lines if (seat.visit_id, seat.participant.peer_id) == (visit, peer)]
        open_before = [seat for seat in same if self.hub.is_seated(seat)]
        try:
            seat = self.hub.join(visit, Entrant(*person, name=visit), peer_id=peer)
        except NotAllowed:
            assert same
        else:
            self.lines.append(seat)
            self.cut += open_before

    def carry(self, seat: Seat, to: str) -> None:
        self.number += 1
        key = (seat.visit_id, to, self.number)
        there = [each for each in self.lines if each.visit_id == seat.visit_id and each.participant.peer_id == to]
        if self.hub.is_seated(seat) and any(self.hub.is_seated(each) for each in there):
            self.due[key] += 1
        body = {"visit": seat.visit_id, "number": self.number}
        self.hub.carry(seat, Signal(to=to, sender="a-lie", kind="offer", body=body))

    async def listen(self, seat: Seat) -> None:
        """Everything that this line is sent until now."""
        seat.outbox.put(HubBeat())
        while not isinstance(message := await seat.outbox.next(), HubBeat | int):
            self.heard.append((seat, message))


async def told(told_steps: list[tuple[object, ...]]) -> Story:
    story = Story()
    for step in told_steps:
        match step:
            case ("join", str(visit), str(peer), str(whose)):
                story.join(visit, peer, PEOPLE[peer if whose == "own" else whose])
            case ("leave", int(index)) if story.lines:
                seat = story.lines[index % len(story.lines)]
                if seat not in story.cut:
                    await story.listen(seat)
                story.hub.leave(seat)
            case ("carry", int(index), str(to)) if story.lines:
                story.carry(story.lines[index % len(story.lines)], to)
            case ("end", str(visit)):
                story.hub.end(visit)
                await asyncio.sleep(0)
                assert visit not in story.hub.visits
    for seat in story.lines:
        if seat not in story.cut:
            await story.listen(seat)
    return story


@settings(max_examples=300)
@given(steps)
def test_nobody_hears_of_another_visit_and_a_signal_reaches_its_addressee_alone_and_once(
    told_steps: list[tuple[object, ...]],
) -> None:
    story = asyncio.run(told(told_steps))
    arrived: Counter[tuple[str, str, int]] = Counter()
    there = {(seat.visit_id, seat.participant.peer_id) for seat in story.lines}
    for seat, message in story.heard:
        match message:
            case Here(participants=inside, you=you):
                assert you == seat.participant.peer_id
                assert {each.name for each in inside} == {seat.visit_id}
            case Came(participant=participant):
                assert participant.name == seat.visit_id
            case Left(peer_id=peer_id):
                assert (seat.visit_id, peer_id) in there
                assert peer_id != seat.participant.peer_id
            case Signal(to=to, sender=sender, body={"visit": visit, "number": int(number)}):
                assert (visit, to) == (seat.visit_id, seat.participant.peer_id)
                assert (visit, sender) in there
                arrived[visit, to, number] += 1
    assert arrived == story.due
