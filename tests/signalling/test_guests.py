"""Guests at the signalling socket: each by its own invitation, in its role, into its visit, until it is taken back."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from schemas.day import FactKind
from schemas.signalling import CLOSE_NOT_ALLOWED, CLOSE_VISIT_OVER
from telemed.identity import invitations
from telemed.identity.rights import GUEST_COOKIE
from telemed.kit.db import Database
from telemed.visit import service as visit
from tests.desk.world import make_world, running
from tests.signalling.test_socket import Client, Room


@pytest.fixture
def room(sqlite_database: Database, tmp_path: Path) -> Iterator[Room]:
    world = make_world(sqlite_database)
    with running(world) as address, ExitStack() as clients:
        yield Room(world, address, tmp_path, clients)


def invited(room: Room, role: str, *, into: str = "") -> tuple[str, dict[str, str]]:
    """An invitation's id, and the cookie of the browser that came by it."""
    with room.world.centre.db.transaction() as tx:
        made, token = visit.invite(tx, into or room.visit, role, now=room.world.now)
        session, _ = invitations.redeem(tx, token, now=room.world.now)
    return made.id, {"cookie": f"{GUEST_COOKIE}={session}"}


def guest(room: Room, role: str, peer: str, *, cookie: dict[str, str] | None = None) -> Client:
    return room.client(room.path(role=role, peer=peer), cookie or invited(room, role)[1])


def test_a_guest_comes_in_without_a_name_and_can_speak_to_the_others(room: Room) -> None:
    doctor, doctor_id = room.inside(room.doctor(peer="doctor-1"))
    relative = guest(room, "relative", "relative-1")
    assert relative.here() == "relative-1"
    assert doctor.next() == {
        "type": "came",
        "participant": {"peer_id": "relative-1", "role": "relative", "name": ""},
    }
    relative.offer(doctor_id)
    assert (heard := doctor.next())["sender"] == "relative-1"
    assert heard["kind"] == "offer"


def test_an_invitation_opens_no_other_visit_and_no_other_role(room: Room) -> None:
    _, elsewhere = invited(room, "relative", into=room.world.visits[1])
    assert guest(room, "relative", "a", cookie=elsewhere).closed() == CLOSE_NOT_ALLOWED
    _, relative = invited(room, "relative")
    assert guest(room, "colleague", "b", cookie=relative).closed() == CLOSE_NOT_ALLOWED
    stranger = {"cookie": f"{GUEST_COOKIE}=unheard-of"}
    assert guest(room, "relative", "c", cookie=stranger).closed() == CLOSE_NOT_ALLOWED


def test_the_organiser_sees_who_is_there_and_may_send_nothing(room: Room) -> None:
    _, doctor_id = room.inside(room.doctor(peer="doctor-1"))
    organiser = guest(room, "organiser", "organiser-1")
    assert {each["role"] for each in organiser.next()["participants"]} == {"doctor", "organiser"}
    organiser.offer(doctor_id)
    assert organiser.closed() == CLOSE_NOT_ALLOWED


def test_who_is_uninvited_is_sent_out_at_once(room: Room) -> None:
    invitation_id, cookie = invited(room, "interpreter")
    interpreter, _ = room.inside(guest(room, "interpreter", "interpreter-1", cookie=cookie))
    with room.world.centre.db.transaction() as tx:
        invitations.take_back(tx, invitation_id, visit_id=room.visit, now=room.world.now)
    assert interpreter.closed() == CLOSE_NOT_ALLOWED
    assert guest(room, "interpreter", "interpreter-1", cookie=cookie).closed() == CLOSE_NOT_ALLOWED


def test_with_the_visit_the_guest_s_way_in_ends(room: Room) -> None:

    _, cookie = invited(room, "relative")
    relative, _ = room.inside(guest(room, "relative", "relative-1", cookie=cookie))
    room.world.happen(room.visit, FactKind.ENDED)
    assert relative.closed() == CLOSE_VISIT_OVER
    assert guest(room, "relative", "relative-1", cookie=cookie).closed() == CLOSE_NOT_ALLOWED
