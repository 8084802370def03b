"""Links, sessions, tokens, codes and machines let in whom they should, once or as long as they should."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from schemas.visit import PairRequest
from telemed.identity import service, session_store, signed_in, store
from telemed.identity.model import (
    HOLDERS,
    PAIRING_CODE,
    PAIRING_TRIES,
    RESIDENT_SESSION,
    SIGN_IN_LINK,
    STAFF_SESSION,
    Actor,
    CodeUnknown,
    LinkUsed,
    Right,
    Role,
    holds,
)
from telemed.kit.db import Database
from telemed.kit.ids import new_token, to_base64
from telemed.kit.machine import MachineKey, new_challenge
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.link.service import PairingTries
from tests.builders import DOCTOR, RESIDENT, SERVER, World, make_machine, make_world

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


@pytest.fixture
def key(tmp_path_factory: pytest.TempPathFactory) -> MachineKey:
    return MachineKey.load_or_make(tmp_path_factory.mktemp("machine") / "key")


def invite(world: World, actor: Actor = DOCTOR) -> str:
    with world.db.transaction() as tx:
        return service.invite(tx, actor, now=world.now)


def sign_in(world: World, token: str) -> tuple[str, Actor]:
    with world.db.transaction() as tx:
        actor = service.use_link(tx, token, now=world.now)
        return service.open_session(tx, actor, now=world.now), actor


def who(
    world: World, *, session: str | None = None, bearer: str | None = None, real: datetime | None = None
) -> Actor | None:
    """Whom it stands for; *real*: where the time stands still while an exercise goes on."""
    with world.db.reading() as tx:
        if session:
            found = signed_in.session_of(tx, session, now=world.now, real=real or world.now)
            return found.actor if found else None
        return service.who(tx, session=None, bearer=bearer, now=world.now)


def test_a_link_lets_in_once(world: World) -> None:
    token = invite(world)
    session, actor = sign_in(world, token)
    assert (actor, who(world, session=session)) == (DOCTOR, DOCTOR)
    with pytest.raises(LinkUsed):
        sign_in(world, token)
    with pytest.raises(LinkUsed):
        sign_in(world, new_token())


def test_of_two_with_one_link_one_gets_in(world: World) -> None:
    token, start = invite(world), threading.Barrier(6)

    def once(_: int) -> bool:
        start.wait(20)
        try:
            sign_in(world, token)
        except LinkUsed:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(once, range(6))) == 1


def test_a_link_grows_old(world: World) -> None:
    early, late = invite(world), invite(world)
    world.clock.forward(SIGN_IN_LINK - MINUTE)
    sign_in(world, early)
    world.clock.forward(MINUTE)
    with pytest.raises(LinkUsed):
        sign_in(world, late)


@pytest.mark.parametrize(("actor", "lasts"), [(DOCTOR, STAFF_SESSION), (RESIDENT, RESIDENT_SESSION)])
def test_a_session_ends_by_itself(world: World, actor: Actor, lasts: timedelta) -> None:
    with world.db.transaction() as tx:
        session = service.open_session(tx, actor, now=world.now)
    start = world.now
    world.clock.forward(lasts - MINUTE)
    assert who(world, session=session, real=start) == actor
    world.clock.forward(MINUTE)
    assert who(world, session=session, real=start) is None


def test_a_session_ends_at_once_when_one_leaves(world: World) -> None:
    session, _ = sign_in(world, invite(world))
    with world.db.transaction() as tx:
        service.sign_out(tx, session)
    assert who(world, session=session) is None


def test_a_session_is_no_bearer_token_and_a_link_neither(world: World) -> None:
    token = invite(world)
    assert who(world, session=token) is who(world, bearer=token) is None
    session, _ = sign_in(world, token)
    assert who(world, bearer=session) is None
    with world.db.transaction() as tx:
        bearer = service.give_bearer(tx, Actor(Role.CLIENT, "practice"), now=world.now, days=2)
    assert who(world, bearer=bearer) == Actor(Role.CLIENT, "practice")
    assert who(world, session=bearer) is None
    world.clock.forward(timedelta(days=2))
    assert who(world, bearer=bearer) is None


def test_no_token_and_no_code_is_in_a_table(world: World) -> None:
    token = invite(world)
    session, _ = sign_in(world, token)
    code = new_code(world)
    with world.db.reading() as tx:
        text = repr([tx.execute(select(t)).all() for t in (store.sign_ins, session_store.sessions, store.pairings)])
    assert [secret for secret in (token, session, code, code.replace("-", "")) if secret in text] == []


def test_what_nobody_can_use_any_more_is_forgotten(world: World) -> None:
    sign_in(world, invite(world))
    new_code(world)
    world.clock.forward(timedelta(days=40))
    with world.db.transaction() as tx:
        service.forget_expired(tx, now=world.now)
        for table in (store.sign_ins, session_store.sessions, store.pairings):
            assert tx.execute(select(table)).all() == []


def new_code(world: World, *, kind: str = "agent", room: str = "room-1") -> str:
    with world.db.transaction() as tx:
        return service.new_pairing(tx, kind=kind, room_id=room, now=world.now)


def pair(world: World, code: str, key: str, *, kind: str = "agent", room: str | None = None) -> str:
    asked = PairRequest.model_validate({"code": code, "kind": kind, "public_key": key})
    with world.db.transaction() as tx:
        return service.pair(tx, asked, server=SERVER, now=world.now, room_id=room).room_id


def test_a_code_pairs_one_machine_with_its_room(world: World, key: MachineKey) -> None:
    code = new_code(world)
    assert pair(world, code, key.public) == "room-1"
    with pytest.raises(CodeUnknown):
        pair(world, code, key.public)


def test_a_code_is_read_as_people_write_it(world: World, key: MachineKey) -> None:
    code = new_code(world)
    written = code.replace("-", "").lower().replace("0", "o").replace("1", "l")
    assert pair(world, written, key.public) == "room-1"


def test_a_code_is_good_for_ten_minutes(world: World, key: MachineKey) -> None:
    code = new_code(world)
    world.clock.forward(PAIRING_CODE)
    with pytest.raises(CodeUnknown):
        pair(world, code, key.public)


def test_a_code_for_another_kind_or_room_or_with_a_wrong_key_pairs_nobody_and_stays_good(
    world: World, key: MachineKey
) -> None:
    code = new_code(world, kind="monitor")
    for kind, room, public in (
        ("kiosk", None, key.public),
        ("monitor", "room-2", key.public),
        ("monitor", None, to_base64(b"short")),
        ("monitor", None, "a"),
    ):
        with pytest.raises(CodeUnknown):
            pair(world, code, public, kind=kind, room=room)
    with world.db.reading() as tx:
        assert service.machines_of(tx) == []
    assert pair(world, code, key.public, kind="monitor", room="room-1") == "room-1"


def wrong(tries: PairingTries, place: str) -> None:
    with pytest.raises(CodeUnknown), tries.one(place):
        raise CodeUnknown


def test_after_five_wrong_codes_in_ten_minutes_the_right_one_is_refused_too() -> None:
    seconds = [0.0]
    tries = PairingTries(lambda: seconds[0])
    for _ in range(PAIRING_TRIES):
        seconds[0] += 60
        wrong(tries, "here")
    tried = []
    with pytest.raises(CodeUnknown), tries.one("here"):
        tried.append("never")
    assert tried == []
    with tries.one("elsewhere"):
        tried.append("elsewhere")
    seconds[0] = 60 + PAIRING_CODE.total_seconds() + 1
    with tries.one("here"):
        tried.append("later")
    assert tried == ["elsewhere", "later"]


def test_right_codes_are_not_counted() -> None:
    tries, went = PairingTries(lambda: 0.0), []
    for number in range(20):
        with tries.one("here"):
            went.append(number)
    assert len(went) == 20


def test_many_wrong_codes_at_once_are_no_more_than_one_after_the_other() -> None:
    tries, inside, start = PairingTries(lambda: 0.0), [], threading.Barrier(20)

    def fail(number: int) -> None:
        inside.append(number)
        raise CodeUnknown

    def guess(number: int) -> None:
        start.wait(20)
        with pytest.raises(CodeUnknown), tries.one("here"):
            fail(number)

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(guess, range(20)))
    assert len(inside) == PAIRING_TRIES


def test_a_machine_is_known_by_its_key_until_it_is_revoked(
    world: World, key: MachineKey, tmp_path_factory: pytest.TempPathFactory
) -> None:
    machine_id, challenge = make_machine(world, key), new_challenge(SERVER)
    other = MachineKey.load_or_make(tmp_path_factory.mktemp("other") / "key")
    with world.db.transaction() as tx:
        assert service.recognise(tx, key.prove(challenge, machine_id), challenge).room_id == "room-1"
        refused = [other.prove(challenge, machine_id), key.prove(challenge, "unheard-of")]
        refused.append(key.prove(new_challenge(SERVER), machine_id))
        for proof in refused:
            with pytest.raises(NotAllowed):
                service.recognise(tx, proof, challenge)
        service.revoke(tx, machine_id, now=world.now)
        with pytest.raises(NotAllowed):
            service.recognise(tx, key.prove(challenge, machine_id), challenge)
        with pytest.raises(NotFound):
            service.revoke(tx, "unheard-of", now=world.now)


MATRIX = """
                 anyone resident doctor assistant operator client machine guest relative
open             x      x        x      x         x        x      x       x     x
own-appointment  .      x        .      .         .        .      .       .     .
doctor-day       .      .        x      .         .        .      .       .     .
room-day         .      .        .      x         .        .      .       .     .
plan             .      .        x      x         .        .      .       .     .
operate          .      .        .      .         x        .      .       .     .
fhir-read        .      .        .      .         .        x      .       .     .
fhir-write       .      .        .      .         .        x      .       .     .
audit-read       .      .        .      .         x        x      .       .     .
import           .      .        .      .         x        x      .       .     .
join-visit       .      .        x      .         .        .      .       .     .
be-guest         .      .        .      .         .        .      .       x     .
act-for          .      .        .      .         .        .      .       .     x
roster           .      .        .      .         x        x      .       .     .
be-staff         .      .        x      x         x        .      .       .     .
be-machine       x      x        x      x         x        x      x       x     x
"""


def test_who_may_what_is_what_this_table_says() -> None:
    head, *rows = [line.split() for line in MATRIX.strip().splitlines()]
    said = {(right, role): mark == "x" for right, *marks in rows for role, mark in zip(head, marks, strict=True)}
    assert {(right.value, role.value): holds(Actor(role), right) for right in Right for role in Role} == said
    assert set(HOLDERS) == set(Right)
