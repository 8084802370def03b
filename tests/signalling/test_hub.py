"""Who hears what in the hub, and what it forgets."""

import asyncio
import threading

import pytest

from schemas.signalling import (
    CLOSE_NOT_ALLOWED,
    CLOSE_VISIT_OVER,
    Came,
    FromHub,
    Here,
    HubBeat,
    Left,
    Over,
    Role,
    Signal,
)
from telemed.kit.ids import new_id
from telemed.kit.refusal import NotAllowed
from telemed.signalling.hub import (
    CLOSE_REPLACED,
    CLOSE_TAKEN_ANEW,
    CLOSE_TRY_LATER,
    KNOWN_ENDS,
    SEATS,
    SEATS_OF_ONE,
    WAITING_LIMIT,
    Entrant,
    Hub,
    Outbox,
    Seat,
)

pytestmark = pytest.mark.anyio
VISIT = "visit-1"


def candidate(to: str = "x", mid: str = "0") -> Signal:
    return Signal(to=to, kind="candidate", body={"candidate": "", "sdpMid": mid})


def offer(to: str = "x") -> Signal:
    return Signal(to=to, kind="offer", body={"type": "offer", "sdp": ""})


async def heard(seat: Seat) -> list[FromHub | int]:
    """What waits for this seat now, the close code last if there is one."""
    seat.outbox.put(HubBeat())
    found: list[FromHub | int] = []
    while not isinstance(message := await seat.outbox.next(), HubBeat):
        found.append(message)
        if isinstance(message, int):
            break
    return found


def join(hub: Hub, role: Role, machine_id: str = "", visit_id: str = VISIT, peer_id: str = "") -> Seat:
    return hub.join(visit_id, Entrant(role, machine_id or role.value, role.value), peer_id=peer_id or new_id())


async def test_who_comes_hears_who_is_here_and_the_others_hear_of_it() -> None:
    hub = Hub()
    agent = join(hub, Role.AGENT, "m1")
    doctor = join(hub, Role.DOCTOR)
    first, came = await heard(agent)
    assert isinstance(first, Here)
    assert first.participants == (agent.participant,)
    assert came == Came(participant=doctor.participant)
    (here,) = await heard(doctor)
    assert here == Here(you=doctor.participant.peer_id, participants=(agent.participant, doctor.participant))


async def test_a_signal_arrives_with_its_true_sender_and_at_nobody_else() -> None:
    hub = Hub()
    agent, kiosk, doctor = join(hub, Role.AGENT, "m1"), join(hub, Role.KIOSK, "m1"), join(hub, Role.DOCTOR)
    for seat in (agent, kiosk, doctor):
        await heard(seat)
    hub.carry(agent, offer(doctor.participant.peer_id).model_copy(update={"sender": kiosk.participant.peer_id}))
    (signal,) = await heard(doctor)
    assert isinstance(signal, Signal)
    assert signal.sender == agent.participant.peer_id
    assert await heard(kiosk) == []


async def test_a_signal_never_crosses_into_another_visit() -> None:
    hub = Hub()
    here, elsewhere = join(hub, Role.DOCTOR), join(hub, Role.AGENT, "m1", visit_id="visit-2")
    await heard(elsewhere)
    hub.carry(here, offer(elsewhere.participant.peer_id))
    assert await heard(elsewhere) == []
    assert hub.undeliverable == 1


async def test_a_machine_that_comes_again_takes_its_own_seat_and_no_other() -> None:
    hub = Hub()
    old = join(hub, Role.AGENT, "m1")
    kiosk, other = join(hub, Role.KIOSK, "m1"), join(hub, Role.AGENT, "m2")
    new = join(hub, Role.AGENT, "m1")
    assert (await heard(old))[-1] == CLOSE_REPLACED
    (here,) = await heard(new)
    assert isinstance(here, Here)
    assert set(here.participants) == {kiosk.participant, other.participant, new.participant}
    assert Left(peer_id=old.participant.peer_id) in await heard(kiosk)


async def test_a_replaced_client_can_say_nothing_more() -> None:
    hub = Hub()
    doctor = join(hub, Role.DOCTOR)
    old = join(hub, Role.AGENT, "m1")
    join(hub, Role.AGENT, "m1")
    await heard(doctor)
    hub.carry(old, offer(doctor.participant.peer_id))
    assert await heard(doctor) == []


async def test_the_end_told_from_another_thread_sends_all_out_and_leaves_nothing() -> None:
    hub = Hub()
    seats = [join(hub, Role.DOCTOR), join(hub, Role.AGENT, "m1")]
    thread = threading.Thread(target=hub.end, args=(VISIT,))
    thread.start()
    await asyncio.to_thread(thread.join)
    await asyncio.sleep(0)
    for seat in seats:
        assert (await heard(seat))[-2:] == [Over(), CLOSE_VISIT_OVER]
    assert hub.visits == frozenset()
    hub.leave(seats[0])


async def test_a_revoked_machine_leaves_every_visit() -> None:
    hub = Hub()
    agent, kiosk = join(hub, Role.AGENT, "m1"), join(hub, Role.KIOSK, "m1", visit_id="visit-2")
    doctor = join(hub, Role.DOCTOR)
    hub.shut_out("m1")
    await asyncio.sleep(0)  # it is said for the loop's next turn
    assert (await heard(agent))[-1] == CLOSE_NOT_ALLOWED
    assert (await heard(kiosk))[-1] == CLOSE_NOT_ALLOWED
    assert (await heard(doctor))[-1] == Left(peer_id=agent.participant.peer_id)
    assert hub.visits == {VISIT}


async def test_an_end_that_comes_back_takes_its_own_seat_and_nobody_hears_that_it_left() -> None:
    hub = Hub()
    kiosk = join(hub, Role.KIOSK, "m1", peer_id="k")
    old = join(hub, Role.DOCTOR, peer_id="d")
    hub.carry(kiosk, offer("d"))
    new = join(hub, Role.DOCTOR, peer_id="d")
    hub.leave(old)  # its socket ends only now
    assert [type(each) for each in await heard(kiosk)] == [Here, Came, Came]
    here, missed = await heard(new)
    assert here == Here(you="d", participants=(kiosk.participant, new.participant))
    assert isinstance(missed, Signal)
    assert missed.sender == "k"
    assert (await heard(old))[-1] == CLOSE_TAKEN_ANEW
    hub.carry(old, offer("k"))
    assert await heard(kiosk) == []
    hub.carry(new, offer("k"))
    assert len(await heard(kiosk)) == 1


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.RELATIVE, Role.AGENT])
async def test_nobody_takes_the_peer_id_of_somebody_else_not_even_while_the_line_is_gone(role: Role) -> None:
    hub = Hub()
    join(hub, Role.KIOSK, "m1", peer_id="k")
    doctor = join(hub, Role.DOCTOR, peer_id="d")
    for _ in range(2):
        with pytest.raises(NotAllowed):
            join(hub, role, "somebody-else", peer_id="d")
        hub.leave(doctor)
    assert join(hub, Role.DOCTOR, peer_id="d").participant.peer_id == "d"


async def test_a_page_that_is_loaded_again_and_again_fills_no_memory() -> None:
    hub = Hub()
    join(hub, Role.KIOSK, "m1", peer_id="k")
    for number in range(3 * KNOWN_ENDS):
        hub.leave(join(hub, Role.DOCTOR, peer_id=f"d{number}"))
    with pytest.raises(NotAllowed):
        join(hub, Role.DOCTOR, peer_id="k")
    with pytest.raises(NotAllowed):
        join(hub, Role.RELATIVE, peer_id=f"d{3 * KNOWN_ENDS - 1}")
    assert join(hub, Role.RELATIVE, peer_id="d0")  # long forgotten


async def test_who_only_looks_who_is_there_hears_no_signal() -> None:
    hub = Hub()
    doctor, organiser = join(hub, Role.DOCTOR), join(hub, Role.ORGANISER)
    await heard(organiser)
    hub.carry(doctor, offer(organiser.participant.peer_id))
    assert await heard(organiser) == []
    assert hub.undeliverable == 1


async def test_the_last_who_leaves_takes_the_visit_along() -> None:
    hub = Hub()
    seat = join(hub, Role.DOCTOR)
    hub.leave(seat)
    hub.leave(seat)
    assert hub.visits == frozenset()


async def test_a_full_visit_takes_no_guest_more_and_still_its_doctor_and_its_room() -> None:
    hub = Hub()
    for number in range(SEATS):
        join(hub, Role.RELATIVE, f"guest {number}")
    for role in (Role.RELATIVE, Role.ORGANISER):
        assert await heard(join(hub, role, "one more")) == [CLOSE_TRY_LATER]
    for role in (Role.DOCTOR, Role.AGENT, Role.KIOSK):
        assert isinstance((await heard(join(hub, role)))[0], Here)


async def test_of_one_persons_many_pages_the_oldest_goes() -> None:
    hub = Hub()
    other = join(hub, Role.RELATIVE, "another")
    pages = [join(hub, Role.RELATIVE, "one") for _ in range(SEATS_OF_ONE + 1)]
    assert [hub.is_seated(page) for page in (other, *pages)] == [True, False, *[True] * SEATS_OF_ONE]
    assert (await heard(pages[0]))[-1] == CLOSE_REPLACED


async def test_a_slow_client_loses_its_oldest_candidates_and_no_offer() -> None:
    outbox = Outbox(limit=3)
    outbox.put(candidate(mid="oldest"))
    outbox.put(offer())
    outbox.put(candidate(mid="young"))
    outbox.put(offer())
    outbox.close(1000)
    left = [await outbox.next() for _ in range(4)]
    assert left == [offer(), candidate(mid="young"), offer(), 1000]
    assert outbox.dropped == 1


async def test_a_client_that_lets_its_offers_pile_up_is_closed() -> None:
    outbox = Outbox()
    for _ in range(WAITING_LIMIT + 1):
        outbox.put(offer())
    outbox.put(offer())
    assert await outbox.next() == CLOSE_TRY_LATER


async def test_nobody_has_ever_come_and_the_end_is_harmless() -> None:
    Hub().end(VISIT)
