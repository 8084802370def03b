"""Subscriptions as a program meets them: asked for, heard, narrowed, ended; and receivers as they are."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from telemed.booking.model import BookingReplanned
from telemed.directory import service as directory
from telemed.fhir import validate
from telemed.identity import store as identity_store
from telemed.identity.model import Actor, Role
from telemed.kit.clock import RealClock
from telemed.kit.db import Database, Tx
from telemed.kit.outbox import Relay, emit
from telemed.kit.outside import NOTHING
from telemed.queue.model import LineMoved
from telemed.subscribe import model, service, store
from telemed.subscribe.courier import RESOLVING_OF_ONE, Courier
from telemed.subscribe.model import Subscribed
from tests.builders import World, make_booking
from tests.subscribe.stage import (
    ANY_APPOINTMENT,
    CANCELLED,
    DELAY,
    GENERIC,
    HERE,
    UPDATED,
    Ear,
    Program,
    cancel,
    carrying,
    listening,
    make_stage,
    until,
    wish,
)


@pytest.fixture
def world(database: Database) -> World:
    return make_stage(database)


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as one:
        yield one


def refused(answer: Any) -> tuple[int, str, str]:
    assert validate.validate(answer.content).kind == "OperationOutcome"
    first = answer.json()["issue"][0]
    return answer.status_code, first["code"], first.get("expression", [""])[0]


def test_who_subscribes_is_asked_first_and_then_hears_of_each_change_once_in_order(world: World, ear: Ear) -> None:
    program = Program(world)
    with carrying(world):
        made = program.subscribe(ANY_APPOINTMENT, ear.url, header=["Authorization: Basic c2VjcmV0"])
        assert made["status"] == "requested"
        until(lambda: program.state(made["id"]) == "active")
        booked = make_booking(world).id
        until(lambda: ear.numbers() == [1])
        cancel(world, booked)
        until(lambda: ear.numbers() == [1, 2])
    assert ear.kinds() == ["handshake", "event-notification", "event-notification"]
    assert ear.foci() == [f"Appointment/{booked}"] * 2
    assert [one["entry"][1]["request"]["method"] for one in ear.heard[1:]] == ["POST", "PUT"]
    assert {one["authorization"] for one in ear.headers} == {"Basic c2VjcmV0"}
    assert booked not in str(ear.heard[0])
    told = program.send("GET", f"Subscription/{made['id']}/$events?eventsSinceNumber=2").json()
    assert told["entry"][1]["fullUrl"].endswith(f"/Appointment/{booked}")
    state = program.send("GET", f"Subscription/{made['id']}/$status").json()["entry"][0]["resource"]["parameter"]
    assert {"name": "events-since-subscription-start", "valueString": "2"} in state


def test_a_topic_and_a_filter_narrow_what_is_heard(world: World, ear: Ear) -> None:
    program = Program(world)
    with carrying(world):
        cancels = program.subscribe(CANCELLED, ear.url)
        updates = program.subscribe(UPDATED, ear.url, filters=("Appointment?practitioner=Practitioner/weiss",))
        others = program.subscribe(ANY_APPOINTMENT, ear.url, filters=("Appointment?practitioner=Practitioner/nobody",))
        mine = program.subscribe(DELAY, ear.url)
        everything = program.subscribe(GENERIC, ear.url)
        named = (cancels, updates, others, mine, everything)
        until(lambda: all(program.state(one["id"]) == "active" for one in named))
        booked = make_booking(world).id
        cancel(world, booked)
        with world.db.transaction() as tx:
            emit(tx, LineMoved("room-1", booked), now=world.now)
            emit(tx, BookingReplanned(booked, "room-1", ("calendar-weiss.20261124T1500Z.20",)), now=world.now)
            known = directory.read(tx, "Practitioner", "weiss")
            directory.take(tx, known, now=world.now)

        def counted() -> list[int]:
            with world.db.reading() as tx:
                return [service.one_of(tx, one["id"], _actor(program)).standing.told for one in named]

        until(lambda: counted() == [1, 2, 0, 1, 8])  # each is told for itself: the longest need not be the last
    slots = {focus for focus in ear.foci() if focus.startswith("Slot/")}
    assert len(slots) == 2, "the one it is in, and the one it left"
    assert "Practitioner/weiss" in ear.foci()


def _actor(program: Program) -> Actor:
    return Actor(Role.CLIENT, program.name)


def test_nobody_hears_of_what_she_may_not_see_and_nobody_sees_anothers_subscription(world: World, ear: Ear) -> None:
    stranger, owner = Program(world, "stranger", works_for="nobody"), Program(world, "owner")
    with carrying(world):
        strange, own = (one.subscribe(ANY_APPOINTMENT, ear.url) for one in (stranger, owner))
        until(lambda: owner.state(own["id"]) == "active" and stranger.state(strange["id"]) == "active")
        make_booking(world)
        until(lambda: ear.kinds().count("event-notification") == 1)
    with world.db.reading() as tx:
        assert service.one_of(tx, strange["id"], _actor(stranger)).standing.last == 0
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/$events"), ("GET", "/$status")):
        assert refused(stranger.send(method, f"Subscription/{own['id']}{path}"))[0] == 404
    assert stranger.send("GET", "Subscription?status=active").json()["total"] == 1


def test_secrets_are_never_read_back_and_stay_when_they_are_sent_back_masked(world: World, ear: Ear) -> None:
    program = Program(world)
    made = program.subscribe(UPDATED, ear.url, header=["Authorization: Bearer geheim-42"])
    assert "geheim" not in str(made)
    assert made["channel"]["header"] == ["Authorization: ****"]
    changed = {**made, "end": "2100-01-01T00:00:00Z"}
    answer = program.send("PUT", f"Subscription/{made['id']}", changed, if_match='W/"1"')
    assert answer.status_code == 200
    assert answer.json()["meta"]["versionId"] == "2"
    assert refused(program.send("PUT", f"Subscription/{made['id']}", changed, if_match='W/"1"'))[0] == 412
    with carrying(world):
        until(lambda: ear.headers)
    assert ear.headers[0]["authorization"] == "Bearer geheim-42"
    with world.db.reading() as tx:
        kept = service.one_of(tx, made["id"], _actor(program))
    assert b"geheim" not in kept.headers + kept.wish.content
    assert program.send("DELETE", f"Subscription/{made['id']}").status_code == 204
    assert refused(program.send("GET", f"Subscription/{made['id']}"))[0] == 404


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"to": "https://example.org/other"}, (422, "not-supported", "Subscription.criteria")),
        ({"type": "websocket"}, (422, "not-supported", "Subscription.channel.type")),
        ({"endpoint": None}, (422, "value", "Subscription.channel")),
        ({"url": "https://user@example.org/"}, (422, "value", "Subscription.channel.endpoint")),
        ({"url": "https://@example.org/"}, (422, "value", "Subscription.channel.endpoint")),
        ({"url": "https://example.org:25/"}, (422, "value", "Subscription.channel.endpoint")),
        ({"url": "https://good.example\\\\@example.org/"}, (422, "value", "Subscription.channel.endpoint")),
        ({"url": "ftp://example.org/"}, (422, "value", "Subscription.channel.endpoint")),
        ({"payload": "text/plain"}, (422, "not-supported", "Subscription.channel.payload")),
        ({"_payload": None}, (422, "not-supported", "Subscription.channel.payload")),
        ({"header": ["Host: other"]}, (422, "value", "Subscription.channel.header[0]")),
        ({"header": ["A: b\r\nHost: other"]}, (422, "value", "Subscription.channel.header[0]")),
        ({"header": ["Transfer-Encoding: chunked"]}, (422, "value", "Subscription.channel.header[0]")),
        ({"header": ["A: b\u0085Host: other"]}, (422, "value", "Subscription.channel.header[0]")),
        ({"header": ["Authorization: ****"]}, (422, "value", "Subscription.channel.header[0]")),
        ({"beat_s": 1}, (422, "value", "Subscription.channel.extension[0]")),
        ({"filters": ("Appointment?nonsense=1",)}, (422, "value", "Subscription.criteria.extension[0]")),
        ({"filters": ("Slot?schedule=Schedule/1",)}, (422, "business-rule", "Subscription.criteria.extension[0]")),
        ({"filters": ("what",)}, (422, "value", "Subscription.criteria.extension[0]")),
    ],
)
def test_what_is_no_subscription_of_ours_is_refused_with_its_place(
    sqlite_database: Database, changes: dict[str, Any], expected: tuple[int, str, str]
) -> None:
    program = Program(make_stage(sqlite_database))
    given = {"to": UPDATED, "url": "https://example.org/hear", **changes}
    assert refused(program.send("POST", "Subscription", wish(**given))) == expected
    assert program.send("GET", "Subscription").json()["total"] == 0


def test_only_public_addresses_by_tls_are_told_unless_the_operator_says_otherwise(sqlite_database: Database) -> None:
    program = Program(make_stage(sqlite_database), inside=NOTHING)
    answer = program.send("POST", "Subscription", wish(UPDATED, "http://example.org/hear"))
    assert refused(answer) == (422, "value", "Subscription.channel.endpoint")
    answer = program.send("POST", "Subscription", wish(UPDATED, "https://127.0.0.1:9443/hear"))
    assert refused(answer) == (422, "value", "Subscription.channel.endpoint")
    assert "TELEMED_CENTRE_SUBSCRIBERS_INSIDE" in answer.json()["issue"][0]["diagnostics"]
    made = program.subscribe(UPDATED, "https://localhost/hear")
    with carrying(program.world):
        until(lambda: program.state(made["id"]) == "error")
    assert "not of the public network" in program.send("GET", f"Subscription/{made['id']}").json()["error"]


def test_who_answers_with_an_error_reads_which(sqlite_database: Database, ear: Ear) -> None:
    program = Program(make_stage(sqlite_database))
    ear.status = 503
    made = program.subscribe(UPDATED, ear.url)
    with carrying(program.world):
        until(lambda: program.state(made["id"]) == "error")
    assert "answers 503" in program.send("GET", f"Subscription/{made['id']}").json()["error"]


def test_nobody_is_told_on_a_connection_that_was_opened_for_another_name(sqlite_database: Database, ear: Ear) -> None:
    """It has shown the other's certificate, and what stands at its end may be the other's: one address has many names.

    Both names are looked up to one address here, as behind a server that tells by the name who is asked for.
    """
    program = Program(make_stage(sqlite_database))
    port = ear.url.partition("127.0.0.1")[2]
    program.world.centre.the(Courier).resolve = lambda _host, _port: ["127.0.0.1"]
    with carrying(program.world):
        for host in ("own.example", "evil.example", "own.example"):
            program.subscribe(UPDATED, f"http://{host}{port}")
            until(lambda: program.send("GET", "Subscription?status=requested").json()["total"] == 0)
    assert [one["host"].partition(":")[0] for one in ear.headers] == ["own.example", "evil.example", "own.example"]
    assert len(set(ear.callers)) == 3


def test_names_that_hang_hold_up_their_own_program_alone(sqlite_database: Database, ear: Ear) -> None:
    world = make_stage(sqlite_database)
    slow, other = Program(world, "slow"), Program(world, "other")
    hangs, asked = threading.Event(), threading.Semaphore(0)

    def resolve(host: str, _port: int) -> list[str]:
        if host == "hangs.example":
            asked.release()
            hangs.wait()
        return ["127.0.0.1"]

    world.centre.the(Courier).resolve = resolve
    for _ in range(40):
        slow.subscribe(UPDATED, "http://hangs.example:8080/", timeout_s=60)
    try:
        with carrying(world):
            for _ in range(RESOLVING_OF_ONE):
                asked.acquire()
            made = other.subscribe(UPDATED, ear.url)
            until(lambda: other.state(made["id"]) == "active")
            hangs.set()
    finally:
        hangs.set()


def test_who_has_no_right_to_come_in_any_more_hears_nothing_any_more(world: World, ear: Ear) -> None:
    """Neither whose token was taken away, nor who was shut out so long ago that nothing is known of it."""
    program = Program(world)
    with carrying(world):
        made = program.subscribe(ANY_APPOINTMENT, ear.url)
        until(lambda: program.state(made["id"]) == "active")
        with world.db.transaction() as tx:
            identity_store.drop_accesses(tx, _actor(program))
        make_booking(world)
        world.centre.the(Relay).deliver()
    with world.db.reading() as tx:
        known = service.one_of(tx, made["id"], _actor(program))
        assert known.standing.last == 0
        assert service.pack(tx, world.secrets, known, base_url="https://c/fhir", now=world.now) is None
    assert ear.kinds() == ["handshake"]


def test_one_that_fails_is_tried_again_and_says_so_and_one_that_hangs_delays_nobody(world: World, ear: Ear) -> None:
    program = Program(world)
    with listening() as other, listening() as slow, carrying(world):
        hanging = program.subscribe(ANY_APPOINTMENT, slow.url, timeout_s=60)
        failing = program.subscribe(ANY_APPOINTMENT, other.url)
        made = program.subscribe(ANY_APPOINTMENT, ear.url)
        named = (hanging, failing, made)
        until(lambda: all(program.state(one["id"]) == "active" for one in named))
        slow.hangs, other.status = True, 503
        for at in ("10:00", "11:00", "14:00"):
            make_booking(world, at=at)
        until(lambda: ear.numbers() == [1, 2, 3])
        until(lambda: slow.kinds() == ["handshake", "event-notification"])
        until(lambda: other.kinds().count("event-notification") >= 2)
        other.status = 200
        until(lambda: program.state(failing["id"]) == "active" and other.numbers()[-1] == 3)
        slow.hangs = False
        slow.release.set()
        until(lambda: slow.numbers()[-1] == 3)
    assert other.numbers().count(1) > 1
    assert sorted(set(other.numbers())) == [1, 2, 3]
    assert slow.numbers() == [1, 2, 3]


def test_a_heartbeat_comes_when_nothing_else_did(sqlite_database: Database, ear: Ear) -> None:
    world = make_stage(sqlite_database)
    program = Program(world)
    made = program.subscribe(UPDATED, ear.url, beat_s=10)
    with carrying(world):
        until(lambda: program.state(made["id"]) == "active")
        with world.db.transaction() as tx:
            known = service.one_of(tx, made["id"], _actor(program))
            _heard_long_ago(tx, known)
        until(lambda: "heartbeat" in ear.kinds())
    assert ear.kinds() == ["handshake", "heartbeat"]


def _heard_long_ago(tx: Tx, known: Subscribed) -> None:
    assert known.standing.heard_at is not None
    heard = known.standing.heard_at - timedelta(seconds=20)
    store.put(tx, replace(known, standing=replace(known.standing, heard_at=heard)))


def test_what_was_to_be_told_is_told_after_the_courier_was_killed(world: World, ear: Ear) -> None:
    program = Program(world)
    made = program.subscribe(ANY_APPOINTMENT, ear.url)
    with carrying(world):
        until(lambda: program.state(made["id"]) == "active")
        ear.hangs = True
        make_booking(world)
        until(lambda: ear.numbers() == [1])
    ear.hangs = False
    ear.release.set()
    world.centre.live[Courier] = Courier(world.db, _Later(), world.centre.secrets, "https://c/fhir", HERE)
    with carrying(world):
        until(lambda: ear.numbers() == [1, 1])
        until(lambda: _told(world, program, made["id"]) == 1)


def _told(world: World, program: Program, subscription_id: str) -> int:
    with world.db.reading() as tx:
        return service.one_of(tx, subscription_id, _actor(program)).standing.told


class _Later(RealClock):
    """After the lease of whoever died has ended."""

    def now(self) -> datetime:
        return super().now() + model.LEASE
