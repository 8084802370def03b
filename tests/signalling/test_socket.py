"""The signalling socket on a real server: who gets in, what is carried, what closes it."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from schemas.day import FactKind
from schemas.signalling import (
    CLOSE_BROKEN_CONTRACT,
    CLOSE_NOT_ALLOWED,
    CLOSE_TOO_FAST,
    CLOSE_VISIT_OVER,
    MAX_MESSAGE_BYTES,
)
from schemas.signalling import Role as Place
from schemas.visit import Challenge
from telemed.directory import service as directory
from telemed.identity import service as identity
from telemed.identity import session_store, signed_in, staff
from telemed.identity.model import Actor, Role
from telemed.identity.rights import real_time
from telemed.identity.session_store import sessions
from telemed.identity.staff_model import IDLE, Session
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from telemed.kit.machine import MachineKey
from telemed.signalling.hub import CLOSE_REPLACED, CLOSE_TAKEN_ANEW, Entrant, Hub
from telemed.signalling.relays import OwnRelays
from telemed.signalling.socket import CLOSE_GONE, MESSAGES_ALLOWED, PEOPLE, Broken, Pace
from tests.desk.world import NAMES, World, make_world, running

TIMEOUT_S = 10.0
PATIENCE_S = 60.0
"""The clients here say nothing but what their test is about."""


class Room:
    """The world, its server, and clients of all kinds; the first visit has been called."""

    def __init__(self, world: World, address: str, folder: Path, clients: ExitStack) -> None:
        self.world, self.address, self.folder, self._clients = world, address, folder, clients
        self.visit = world.visits[0]
        world.happen(self.visit, FactKind.ARRIVED, FactKind.CALLED)
        self.key, self.machine_id = world.machine(folder)

    @property
    def name_of_doctor(self) -> str:
        with self.world.centre.db.reading() as tx:
            return directory.load(tx).name_of(self.world.doctor)

    def path(self, visit_id: str | None = None, role: str = "", peer: str = "") -> str:
        asked = "&".join(f"{name}={text}" for name, text in (("role", role), ("peer", peer or new_id())) if text)
        return f"ws://{self.address}/signalling/{visit_id or self.visit}?{asked}"

    def client(self, path: str, headers: dict[str, str] | None = None) -> "Client":
        return Client(self._clients.enter_context(connect(path, additional_headers=headers, proxy=None)))

    def doctor(
        self, subject: str | None = None, role: Role = Role.DOCTOR, visit_id: str | None = None, peer: str = ""
    ) -> "Client":
        cookie = self.world.cookie(role, subject or self.world.doctor)
        return self.client(self.path(visit_id, peer=peer), cookie)

    def machine(
        self, role: str = "", *, key: MachineKey | None = None, machine_id: str = "", peer: str = ""
    ) -> "Client":
        client = self.client(self.path(role=role, peer=peer))
        challenge = Challenge.model_validate(client.next())
        proof = (key or self.key).prove(challenge, machine_id or self.machine_id)
        client.socket.send(proof.model_dump_json())
        return client

    @staticmethod
    def inside(client: "Client") -> tuple["Client", str]:
        """*client* once it is in, and its id there; whoever comes next finds it inside."""
        return client, client.here()


class Client:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def next(self, *, beats: bool = False) -> Any:
        """The next message; the hub's *beats* are passed over unless they are asked for."""
        while True:
            message = json.loads(self.socket.recv(timeout=TIMEOUT_S))
            if beats or message["type"] != "beat":
                return message

    def here(self) -> str:
        """The own id, from the `Here` that must come now."""
        message = self.next()
        assert message["type"] == "here"
        return str(message["you"])

    def send(self, **message: Any) -> None:
        self.socket.send(json.dumps(message))

    def offer(self, to: str, **more: Any) -> None:
        self.send(type="signal", to=to, kind="offer", body={"type": "offer", "sdp": "v=0"}, **more)

    def closed(self) -> int:
        """The code with which the server closed, after whatever it still said."""
        with suppress(ConnectionClosed):
            while True:
                self.socket.recv(timeout=TIMEOUT_S)
        assert self.socket.close_code is not None
        return self.socket.close_code


@pytest.fixture
def room(sqlite_database: Database, tmp_path: Path) -> Iterator[Room]:
    world = make_world(sqlite_database)
    world.centre.the(Hub).silence_s = PATIENCE_S
    with running(world) as address, ExitStack() as clients:
        yield Room(world, address, tmp_path, clients)


def test_doctor_agent_and_kiosk_meet_and_are_named_without_the_resident(room: Room) -> None:
    agent, kiosk = room.machine(), room.machine("kiosk")
    agent.here()
    kiosk.here()
    doctor = room.doctor()
    here = doctor.next()
    roles = {each["role"]: each["name"] for each in here["participants"]}
    assert roles["agent"] == roles["kiosk"] == "Raum 1"
    assert set(roles) == {"agent", "kiosk", "doctor"}
    assert NAMES[0] not in json.dumps(here)


def test_a_signal_goes_to_its_addressee_with_its_true_sender_and_an_untouched_body(room: Room) -> None:
    agent, agent_id = room.inside(room.machine())
    doctor, doctor_id = room.inside(room.doctor())
    body = {"type": "offer", "sdp": "v=0\r\nsealed", "later": [1, {"x": None}]}
    assert agent.next()["type"] == "came"
    agent.send(type="signal", to=doctor_id, sender="somebody-else", kind="offer", body=body)
    signal = doctor.next()
    assert (signal["sender"], signal["body"]) == (agent_id, body)


def test_the_last_candidate_may_be_null_and_an_unknown_addressee_is_passed_over(room: Room) -> None:
    agent, _ = room.inside(room.machine())
    doctor, doctor_id = room.inside(room.doctor())
    agent.offer("nobody-here")
    agent.send(type="signal", to=doctor_id, kind="candidate", body=None)
    assert doctor.next()["kind"] == "candidate"
    assert room.world.centre.the(Hub).undeliverable == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"type": "over"}',
        '{"type": "here", "you": "x", "participants": []}',
        '{"to": "x", "kind": "offer", "body": {}}',
        '{"type": "signal", "to": "x", "kind": "offer", "body": null}',
        '{"type": "signal", "to": "x", "kind": "shout", "body": {}}',
        '{"type": "signal", "to": "not an id", "kind": "offer", "body": {}}',
        '{"type": "signal", "to": "x", "kind": "offer", "body": "text"}',
        json.dumps({"type": "signal", "to": "x", "kind": "offer", "body": {"sdp": "a" * MAX_MESSAGE_BYTES}}),
        b"\x00\x01",
    ],
)
def test_a_message_that_breaks_the_contract_closes_the_socket_and_nobody_hears_of_it(
    room: Room, text: str | bytes
) -> None:
    agent, _ = room.inside(room.machine())
    doctor, doctor_id = room.inside(room.doctor())
    agent.next()
    doctor.socket.send(text)
    assert doctor.closed() == CLOSE_BROKEN_CONTRACT
    assert agent.next() == {"type": "left", "peer_id": doctor_id}


def test_another_doctor_is_refused(room: Room) -> None:
    other = next(each for each in ("weiss", "hartung", "aydin", "novak") if each != room.world.doctor)
    assert room.doctor(other).closed() == CLOSE_NOT_ALLOWED


@pytest.mark.parametrize("role", [Role.ASSISTANT, Role.OPERATOR, Role.RESIDENT])
def test_other_roles_are_refused_even_with_the_doctors_id(room: Room, role: Role) -> None:
    assert room.doctor(role=role).closed() == CLOSE_NOT_ALLOWED


def test_a_visit_that_is_unknown_or_not_called_lets_nobody_in(room: Room) -> None:
    assert room.doctor(visit_id="unknown").closed() == CLOSE_NOT_ALLOWED
    assert room.doctor(visit_id=room.world.visits[1]).closed() == CLOSE_NOT_ALLOWED


def test_a_session_that_is_over_gets_no_challenge(room: Room) -> None:
    stranger = room.client(room.path(), {"cookie": "__Host-telemed=old"})
    assert stranger.closed() == CLOSE_NOT_ALLOWED


def test_a_wrong_key_and_another_kind_of_machine_are_refused(room: Room) -> None:
    stranger = MachineKey.load_or_make(room.folder / "stranger")
    assert room.machine(key=stranger).closed() == CLOSE_NOT_ALLOWED
    kiosk_key, kiosk_id = room.world.machine(room.folder, kind="kiosk")
    assert room.machine("kiosk", key=kiosk_key, machine_id=kiosk_id).closed() == CLOSE_NOT_ALLOWED


def test_a_machine_of_another_room_is_refused(room: Room) -> None:
    key, machine_id = room.world.machine(room.folder, room_id="raum-2")
    assert room.machine(key=key, machine_id=machine_id).closed() == CLOSE_NOT_ALLOWED


def test_a_machine_cannot_come_as_a_doctor(room: Room) -> None:
    assert room.client(room.path(role="doctor")).closed() == CLOSE_BROKEN_CONTRACT


def test_an_answer_that_is_no_proof_closes_the_socket(room: Room) -> None:
    client = room.client(room.path())
    client.next()
    client.send(type="signal", to="x", kind="offer", body={})
    assert client.closed() == CLOSE_BROKEN_CONTRACT


def test_the_agent_that_comes_again_replaces_itself(room: Room) -> None:
    old, old_id = room.inside(room.machine())
    doctor, _ = room.inside(room.doctor())
    _, new_id = room.inside(room.machine())
    assert doctor.next() == {"type": "left", "peer_id": old_id}
    assert doctor.next()["participant"]["peer_id"] == new_id
    assert old.closed() == CLOSE_REPLACED


def test_an_end_that_comes_back_with_its_peer_id_goes_on_and_nobody_hears_that_it_left(room: Room) -> None:
    agent, _ = room.inside(room.machine(peer="agent-1"))
    old, _ = room.inside(room.doctor(peer="doctor-1"))
    assert agent.next()["type"] == "came"
    new = room.doctor(peer="doctor-1")
    assert new.here() == "doctor-1"
    assert old.closed() == CLOSE_TAKEN_ANEW
    assert agent.next() == {
        "type": "came",
        "participant": {"peer_id": "doctor-1", "role": "doctor", "name": room.name_of_doctor},
    }
    agent.offer("doctor-1")
    assert new.next()["sender"] == "agent-1"


def test_the_peer_id_of_somebody_else_is_refused_and_one_that_is_no_id_breaks_the_contract(room: Room) -> None:
    _, agent_id = room.inside(room.machine(peer="agent-1"))
    assert room.doctor(peer=agent_id).closed() == CLOSE_NOT_ALLOWED
    assert room.machine("kiosk", peer=agent_id).closed() == CLOSE_NOT_ALLOWED
    assert room.doctor(peer="no%20id").closed() == CLOSE_BROKEN_CONTRACT
    without = room.path().partition("?")[0]
    cookie = room.world.cookie(Role.DOCTOR, room.world.doctor)
    assert room.client(without, cookie).closed() == CLOSE_BROKEN_CONTRACT


def test_after_the_centre_has_started_anew_all_come_back_with_their_own_peer_ids(room: Room) -> None:
    room.inside(room.machine(peer="agent-1"))
    room.world.centre.live[Hub] = Hub(silence_s=PATIENCE_S)  # it knows nobody
    with running(room.world) as room.address:
        agent, agent_id = room.inside(room.machine(peer="agent-1"))
        doctor, _ = room.inside(room.doctor(peer="doctor-1"))
        assert agent_id == "agent-1"
        agent.next()
        agent.offer("doctor-1")
        assert doctor.next()["sender"] == "agent-1"


def test_an_organiser_sees_who_is_there_is_sent_no_signal_and_goes_who_sends_one(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PEOPLE, Role.ASSISTANT, lambda *_: Entrant(Place.ORGANISER, "kaya"))
    agent, agent_id = room.inside(room.machine(peer="agent-1"))
    organiser = room.doctor("kaya", Role.ASSISTANT, peer="organiser-1")
    assert {each["role"] for each in organiser.next()["participants"]} == {"agent", "organiser"}
    agent.offer("organiser-1")
    agent.send(type="signal", to=agent_id, kind="candidate", body=None)
    assert [agent.next()["type"] for _ in range(2)] == ["came", "signal"]
    organiser.offer(agent_id)
    assert organiser.closed() == CLOSE_NOT_ALLOWED
    assert agent.next()["type"] == "left"


def test_who_takes_part_is_given_relays_for_this_visit_and_fresh_ones_in_time(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PEOPLE, Role.ASSISTANT, lambda *_: Entrant(Place.ORGANISER, "kaya"))
    own = OwnRelays(("turn:relay.example:3478?transport=udp",), b"s" * 32, renewed=timedelta(milliseconds=50))
    room.world.centre.live[OwnRelays] = own
    agent, doctor = room.machine(peer="agent-1"), room.doctor(peer="doctor-1")
    given = [client.next()["relays"][0] for client in (agent, doctor)]
    assert given[0]["urls"] == ["turn:relay.example:3478?transport=udp"]
    assert given[0]["username"] != given[1]["username"]
    while (renewed := agent.next())["type"] != "relays":
        assert renewed["type"] == "came"
    assert renewed["relays"][0]["username"] != given[0]["username"]
    assert room.doctor("kaya", Role.ASSISTANT).next()["relays"] == []


def test_both_ends_beat_and_who_is_silent_has_gone(room: Room) -> None:
    hub = room.world.centre.the(Hub)
    hub.beat_s, hub.silence_s = 0.05, 2.0
    agent, _ = room.inside(room.machine(peer="agent-1"))
    doctor, _ = room.inside(room.doctor(peer="doctor-1"))
    told = []
    while "left" not in told:
        agent.send(type="beat")
        told.append(agent.next(beats=True)["type"])
    assert set(told) == {"beat", "came", "left"}
    assert doctor.closed() == CLOSE_GONE


def test_when_the_visit_ends_all_hear_it_and_the_hub_is_empty(room: Room) -> None:
    clients = [room.machine(), room.machine("kiosk"), room.doctor()]
    for client in clients:
        client.here()
    room.world.happen(room.visit, FactKind.ENTERED, FactKind.ENDED)
    for client in clients:
        while client.next()["type"] != "over":
            pass
        assert client.closed() == CLOSE_VISIT_OVER
    assert room.world.centre.the(Hub).visits == frozenset()
    assert room.doctor().closed() == CLOSE_NOT_ALLOWED


def test_a_revoked_machine_is_sent_out_and_not_let_in_again(room: Room) -> None:
    agent = room.machine()
    agent.here()
    with room.world.centre.db.transaction() as tx:
        identity.revoke(tx, room.machine_id, now=room.world.now)
    assert agent.closed() == CLOSE_NOT_ALLOWED
    assert room.machine().closed() == CLOSE_NOT_ALLOWED


def test_a_doctor_in_a_call_is_not_idle_and_out_of_it_once_she_signs_out_or_is_shut_out(room: Room) -> None:
    centre = room.world.centre
    centre.the(Hub).beat_s = 0.05
    who = Actor(Role.DOCTOR, room.world.doctor)
    long_ago = real_time(centre) - 2 * IDLE
    with centre.db.transaction() as tx:
        staff.take_in(tx, who, now=room.world.now)
    doctor = room.doctor()
    doctor.here()
    with centre.db.transaction() as tx:
        tx.execute(update(sessions).values(seen_at=long_ago))
    while any(each.seen_at == long_ago for each in found(room, who)):
        time.sleep(0.02)
    with centre.db.transaction() as tx:
        signed_in.sign_out_everywhere(tx, who)
    assert doctor.closed() == CLOSE_NOT_ALLOWED
    doctor = room.doctor()
    doctor.here()
    centre.the(Hub).beat_s = PATIENCE_S  # who is shut out leaves by what happened, not by being looked after
    with centre.db.transaction() as tx:
        staff.shut_out(tx, who, by=Actor(Role.OPERATOR, "anna"), now=room.world.now)
    assert doctor.closed() == CLOSE_NOT_ALLOWED


def found(room: Room, who: Actor) -> list[Session]:
    with room.world.centre.db.reading() as tx:
        return session_store.of_person(tx, who)


def test_too_many_messages_close_the_socket(room: Room) -> None:
    agent = room.machine()
    agent.here()
    for number in range(MESSAGES_ALLOWED + 1):
        agent.offer("nobody-here") if number % 2 else agent.send(type="beat")
    assert agent.closed() == CLOSE_TOO_FAST


def test_the_pace_is_measured_over_ten_seconds() -> None:
    seconds = iter([*(0.0 for _ in range(MESSAGES_ALLOWED)), 10.0, 10.0])
    pace = Pace(lambda: next(seconds))
    for _ in range(MESSAGES_ALLOWED + 1):
        pace.count()
    pace = Pace(lambda: 0.0)
    for _ in range(MESSAGES_ALLOWED):
        pace.count()
    with pytest.raises(Broken):
        pace.count()
