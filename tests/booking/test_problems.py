"""How the JSON API says no: by rule and resource, with what would do instead, and without repeating what was sent."""

from collections.abc import Mapping
from typing import Any

import pytest
from fastapi import FastAPI

from telemed.booking import routes
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from tests.booking.api import SOMMER, Program, at, make_app, offer_at, problem
from tests.builders import SERVICE, World, make_booking, make_world


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def app(world: World) -> FastAPI:
    return make_app(world.centre)


@pytest.fixture
def program(app: FastAPI) -> Program:
    return Program(app)


@pytest.mark.parametrize("key", ["", "short", "a" * 21, "a" * 65, "a" * 21 + "ü", "a" * 21 + " "])
def test_a_key_that_could_be_guessed_is_refused_with_the_reason(program: Program, world: World, key: str) -> None:
    offer = offer_at(program, world, "10:00")
    answer = program.ask(
        "POST",
        "/bookings",
        headers={"idempotency-key": key.encode("latin-1")},
        json={"offer": offer, "person": SOMMER},
    )
    told = problem(answer, 422)
    assert [one["path"] for one in told["errors"]] == ["header.Idempotency-Key"]
    assert "22 bis 64" in told["errors"][0]["reason"]
    assert not key.strip() or key.strip() not in answer.text


def test_from_one_place_thirty_times_are_held_and_no_more(app: FastAPI) -> None:
    program = Program(app, "2001:db8::1")
    for _ in range(routes.HOLDS):
        (free,) = program.offers(limit=1)
        assert program.hold(free, new_token()).status_code == 201
        assert program.hold(free, new_token()).status_code in (409, 429)  # who is refused has nothing
    (free,) = program.offers(limit=1)
    refused = Program(app, "2001:db8::2").hold(free, new_token())
    assert problem(refused, 429)["rule"] == "too_many_holds"
    assert 0 < int(refused.headers["retry-after"]) <= 600
    assert Program(app, "192.0.2.8").hold(free, new_token()).status_code == 201


def test_a_refusal_names_the_resource_the_rule_and_what_can_be_booked_instead(program: Program, world: World) -> None:
    make_booking(world, at="10:00", doctor="weiss")
    lost = {**offer_at(program, world, "11:00", doctor="weiss"), "start": at(world, "10:00"), "end": at(world, "10:20")}
    for refused in (program.book(lost), program.hold(lost, new_token())):
        told = problem(refused, 409)
        assert (told["type"], told["rule"]) == ("urn:telemed:refusal.slot_taken", "taken")
        assert told["resource"] in lost.values()
        assert told["resource_name"] in told["detail"]
        assert len(told["alternatives"]) == 3
        assert {one["doctor"] for one in told["alternatives"]} == {"weiss"}


@pytest.mark.parametrize("which", [0, 1, 2])
def test_each_alternative_really_books(program: Program, world: World, which: int) -> None:
    make_booking(world, at="10:00", doctor="weiss")
    lost = {**offer_at(program, world, "11:00"), "start": at(world, "10:00"), "end": at(world, "10:20")}
    other = problem(program.book(lost), 409)["alternatives"][which]
    assert program.booked(other)["offer"] == other


@pytest.mark.parametrize(
    ("changes", "rule", "resource"),
    [
        ({"service": "nonsense"}, "service", ""),
        ({"doctor": "hofer"}, "doctor", "hofer"),
        ({"room": "nowhere"}, "place", "nowhere"),
        ({"assistant": "weiss"}, "assistant", "weiss"),
        ({"devices": ["cuff-9"]}, "device", "cuff-9"),
        ({"interpreter": "weiss"}, "interpreter", "weiss"),
        ({"end": "2026-11-24T10:00:00Z"}, "length", ""),
        ({"start": "2026-11-24T20:00:00Z", "end": "2026-11-24T20:20:00Z"}, "closed", "weiss"),
        ({"start": "2027-11-24T10:00:00Z", "end": "2027-11-24T10:20:00Z"}, "horizon", ""),
        ({"start": "2999-11-24T10:00:00Z", "end": "2999-11-24T10:20:00Z"}, "horizon", ""),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_was_never_offered_is_refused_by_its_rule(
    program: Program, world: World, changes: Mapping[str, Any], rule: str, resource: str
) -> None:
    told = problem(program.book({**offer_at(program, world, "10:00", doctor="weiss"), **changes}), 409)
    assert (told["rule"], told.get("resource")) == (rule, resource)
    assert told["detail"] != told["advice"]
    assert bool(told["alternatives"]) == (rule != "service")


def test_what_is_over_is_refused_with_what_comes_next(program: Program, world: World) -> None:
    over = {**offer_at(program, world, "10:00"), "start": "2000-01-01T08:00:00Z", "end": "2000-01-01T08:20:00Z"}
    told = problem(program.book(over), 422)
    assert (told["rule"], told["alternatives"][0]["start"]) == ("too_late", "2026-11-24T08:10:00Z")


def test_a_move_that_is_refused_leaves_the_old_appointment(program: Program, world: World) -> None:
    made = program.booked(offer_at(program, world, "10:00", doctor="weiss"))
    make_booking(world, at="15:00", doctor="weiss")
    taken = {**made["offer"], "start": at(world, "15:00"), "end": at(world, "15:20")}
    answer = program.ask("POST", "/bookings/own/move", link=made["link_token"], key=new_token(), json={"offer": taken})
    assert problem(answer, 409)["alternatives"]
    assert program.ask("GET", "/bookings/own", link=made["link_token"]).json()["start"] == made["start"]


def test_a_foreign_token_is_answered_like_an_unknown_one(program: Program, world: World) -> None:
    booked = program.booked(offer_at(program, world, "10:00"))
    waiting = program.wait(booked["offer"]).json()
    foreign = {"bookings": (waiting["link_token"], booked["id"]), "waiting": (booked["link_token"], waiting["id"])}
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/bookings/own", {}),
        ("POST", "/bookings/own/cancel", {}),
        ("POST", "/bookings/own/move", {"key": new_token(), "json": {"offer": booked["offer"]}}),
        ("GET", "/waiting/own", {}),
        ("POST", "/waiting/own/accept", {}),
        ("POST", "/waiting/own/decline", {}),
        ("DELETE", "/waiting/own", {}),
    ]
    for method, path, more in asked:
        tokens = ("unknown", "x" * 22, "ä", *foreign[path.split("/")[1]])
        answers = [
            program.ask(method, path, headers={"link-token": token.encode("latin-1")}, **more) for token in tokens
        ]
        assert {problem(answer, 404)["rule"] for answer in answers} == {"not_found"}
        assert len({answer.text for answer in answers}) == 1
        assert [one["path"] for one in problem(program.ask(method, path, **more), 422)["errors"]] == [
            "header.Link-Token"
        ]


def test_who_waits_without_a_link_says_who_she_is(program: Program, world: World) -> None:
    wish = {"service": SERVICE, "earliest": at(world, "10:00"), "latest": at(world, "12:00")}
    told = problem(program.ask("POST", "/waiting", json={"wish": wish}), 422)
    assert told["errors"] == [{"path": "body.person", "reason": "Diese Angabe fehlt."}]
    assert problem(program.ask("POST", "/waiting", link="unknown", json={"wish": wish}), 404)["rule"] == "not_found"


WRONG: list[tuple[str, Any, str]] = [
    ("name", "X", "body.person.name"),
    ("name", "Zweizeiliger\nName", "body.person.name"),
    ("name", "\ud800 Geheim", "body.person.name"),
    ("birth_year", 1800, "body.person.birth_year"),
    ("birth_year", "1948", "body.person.birth_year"),
    ("way", "geheim", "body.person.way"),
    ("contact", "keine-nummer-geheim", "body.person.contact"),
    ("language", "geheimsprache", "body.person.language"),
    ("needs", ["geheim"], "body.person.needs.0"),
    ("geheim", "geheim", "body.person"),
]


@pytest.mark.parametrize(("field", "value", "path"), WRONG, ids=lambda value: repr(value)[:24])
def test_what_cannot_be_read_is_named_and_never_repeated(
    program: Program, world: World, field: str, value: Any, path: str
) -> None:
    answer = program.book(offer_at(program, world, "10:00"), person={**SOMMER, field: value})
    told = problem(answer, 422)
    assert [one["path"] for one in told["errors"]] == [path]
    assert all(one["reason"] for one in told["errors"])
    assert "geheim" not in answer.text.lower()


@pytest.mark.parametrize(
    "start", ["2026-11-24T10:00:00", "2026-11-24", "1000000000", 1000000000, "9999-12-31T23:59:59Z", "soon", None]
)
def test_a_moment_without_a_zone_is_none(program: Program, world: World, start: Any) -> None:
    told = problem(program.book({**offer_at(program, world, "10:00"), "start": start}), 422)
    assert [one["path"] for one in told["errors"]] == ["body.offer.start"]
    assert "Zeitzone" in told["errors"][0]["reason"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b"", "application/json"),
        (b"\xff", "application/json"),
        (b"[1]", "application/json"),
        (b"{}", "text/plain"),
        (b"a=b", "application/x-www-form-urlencoded"),
    ],
)
def test_what_is_no_json_is_a_problem_too(program: Program, content: bytes, kind: str) -> None:
    answer = program.ask("POST", "/holds", key=new_token(), content=content, headers={"content-type": kind})
    assert problem(answer, 422)["rule"] == "invalid"


def test_too_much_at_once_is_a_problem_too(program: Program) -> None:
    def pieces() -> Any:
        yield from [b"x" * 60_000, b"x" * 60_000]

    for content in (b"x" * 70_000, pieces()):
        answer = program.ask("POST", "/holds", key=new_token(), content=content)
        assert problem(answer, 413)["rule"] == "too_large"


def test_what_there_is_not_is_a_problem_too(program: Program) -> None:
    for method, path in (("GET", "/nowhere"), ("PUT", "/bookings"), ("POST", "/offers"), ("GET", "/bookings")):
        assert problem(program.ask(method, path), 404)["rule"] == "not_found"
