"""Who may be with the room in a visit: doctors by the roster, colleagues by the doctor's word, and not too many."""

import asyncio
import inspect
from pathlib import Path
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from room_agent.centre import Centre
from room_agent.company import MOST_ENDS, Company
from room_agent.journal import Journal
from room_agent.peers import Bedside
from room_agent.room import Room
from schemas.day import FactKind
from schemas.measurement import Share
from schemas.signalling import Came, Left, Participant, Role
from schemas.trust import Hello, RefusedWhy
from schemas.visit import Paired
from telemed.kit.ids import to_base64
from telemed.kit.machine import MachineKey
from telemed.kit.trust import Distrusted
from tests.room_agent.world import ROOM, SERVER, fact, plan, visit
from tests.rosters import OPERATOR_KEY, doctor_key, signed

pytestmark = pytest.mark.anyio
KEY = to_base64(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
OTHER = "A" * 43


def came(peer_id: str, role: Role = Role.DOCTOR) -> Came:
    return Came(participant=Participant(peer_id=peer_id, role=role, name=""))


def hello(key: str) -> Hello:
    return Hello(key=key, nonce="A" * 22, commitment=OTHER)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    made = Room(Journal(tmp_path / "journal.sqlite"), simulated=True, operator_keys=[OPERATOR_KEY])
    made.belong(Paired(machine_id="agent-1", room_id=ROOM, server=SERVER))
    made.take_plan(plan(visit("visit-1")))
    made.hear([fact(FactKind.CALLED)])
    made.take_roster(signed([doctor_key(KEY)]))
    return made


@pytest.fixture
def company(room: Room, tmp_path: Path) -> Company:
    key = MachineKey.load_or_make(tmp_path / "agent.key")
    nowhere = Centre("http://127.0.0.1:9", key)
    return Company("visit-1", cast(Bedside, None), room=room, centre=nowhere, relay_only=False)


async def test_only_doctors_and_colleagues_are_met(company: Company) -> None:
    for role in Role:
        await company._take(came(role.value, role))
    assert set(company._ends) == {"doctor", "colleague"}


async def test_pages_that_are_gone_give_way_and_there_are_never_too_many(company: Company) -> None:
    async with asyncio.TaskGroup() as tasks:
        company._tasks = tasks
        for n in range(MOST_ENDS + 5):
            await company._take(came(f"page-{n}"))
            await company._take(Left(peer_id=f"page-{n}"))
        assert len(company._ends) == MOST_ENDS
        assert f"page-{MOST_ENDS + 4}" in company._ends
        for n in range(2 * MOST_ENDS):
            await company._take(came(f"crowd-{n}"))
        assert len(company._ends) == MOST_ENDS


def test_a_doctor_is_trusted_by_the_roster_and_a_colleague_by_the_doctors_word(company: Company) -> None:
    doctor = Participant(peer_id="one", role=Role.DOCTOR, name="Dr. Ada Weiß")
    colleague = Participant(peer_id="two", role=Role.COLLEAGUE, name="")
    assert company.trusts(doctor, hello(KEY))
    with pytest.raises(Distrusted, match="unknown-key"):
        company.trusts(doctor, hello(OTHER))
    assert not company.trusts(colleague, hello(KEY))
    company.share(Share(peer_id="two", key=OTHER, on=True))
    assert company.trusts(colleague, hello(OTHER))
    with pytest.raises(Distrusted, match="unknown-key"):
        company.trusts(colleague, hello(KEY))
    company.share(Share(peer_id="two", key=OTHER, on=False))
    assert not company.trusts(colleague, hello(OTHER))


async def test_what_was_begun_too_late_is_never_left_waiting(company: Company) -> None:
    async def work() -> None:
        await asyncio.sleep(0)

    late, after = work(), work()
    async with asyncio.TaskGroup() as tasks:
        company._tasks = tasks
        company.start(late)
        for task in list(tasks._tasks):
            task.cancel()  # before it has begun
    await company.part()
    company.start(after)
    assert {inspect.getcoroutinestate(each) for each in (late, after)} == {inspect.CORO_CLOSED}


async def test_who_claims_to_be_the_doctor_turns_the_screen_red_and_is_told_to_the_centre(
    company: Company, room: Room
) -> None:
    await company._take(came("one"))
    end = company._ends["one"]
    end.distrust = RefusedWhy.UNKNOWN_KEY
    company.distrusted(end.who, RefusedWhy.UNKNOWN_KEY, by_us=True)
    assert room.show().distrust
    assert [(each.seen_by, each.role, each.reason) for each in room.journal.refusals()] == [
        ("agent", "doctor", "unknown-key")
    ]
    await company._take(Left(peer_id="one"))
    company.distrusted(end.who, RefusedWhy.UNKNOWN_KEY, by_us=False)
    assert not room.show().distrust
    assert len(room.journal.refusals()) == 1
