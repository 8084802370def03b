"""How much may be booked and held from where; and that no answer tells whether somebody is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import event
from starlette.requests import HTTPConnection

from schemas.day import PICTURES
from telemed.booking.limits import Limits, TooManyBookings, TooManyHoldsOfOne, plain
from telemed.identity.model import ANYONE, Actor, Role
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from telemed.kit.refusal import NotFound
from telemed.people.model import Way
from tests.booking.residents import Answer, Fields, Resident, complete, make_app
from tests.builders import SOMMER, World, make_booking, make_world, offer_at

ADDRESS = "192.0.2.7"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


def asks(address: str = ADDRESS) -> HTTPConnection:
    return cast(HTTPConnection, SimpleNamespace(client=SimpleNamespace(host=address)))


def books(limits: Limits, world: World, number: int, *, actor: Actor = ANYONE, address: str = ADDRESS) -> None:
    person = replace(SOMMER, contact=f"030 1234{number}")
    with limits.booking(world.centre, asks(address), actor, f"key-{number}", person):
        pass


def test_so_many_from_one_address_and_others_go_on(world: World) -> None:
    limits = Limits(per_address=3)
    for number in range(3):
        books(limits, world, number)
    with pytest.raises(TooManyBookings):
        books(limits, world, 3)
    books(limits, world, 4, address="192.0.2.8")
    books(limits, world, 5, actor=Actor(Role.ASSISTANT, "lindner"))
    books(limits, world, 0)  # sent once more it is the same one


def test_so_many_for_one_contact_however_it_is_written(world: World) -> None:
    limits = Limits(per_contact=2)
    for number, contact in enumerate(("0171 234", "0171-234", " 0171 / 234")):
        person, key = replace(SOMMER, contact=contact), f"key-{number}"
        booking = limits.booking(world.centre, asks(f"192.0.2.{number}"), ANYONE, key, person)
        if number < 2:
            with booking:
                pass
        else:
            with pytest.raises(TooManyBookings), booking:
                pass
    for number in range(5):  # on paper nobody is told anything
        with limits.booking(
            world.centre, asks(), ANYONE, f"paper-{number}", replace(SOMMER, way=Way.PAPER, contact="")
        ):
            pass
    assert plain("A.B@Beispiel.Example ") == "a.b@beispiel.example"


def test_what_failed_is_not_counted(world: World) -> None:
    limits = Limits(per_address=1)
    for _ in range(3):
        with pytest.raises(NotFound), limits.booking(world.centre, asks(), ANYONE, new_token(), SOMMER):
            raise NotFound
    books(limits, world, 1)


def test_one_time_is_not_held_for_ever_from_ever_new_addresses(world: World) -> None:
    limits, offer = Limits(per_offer=2), offer_at(world, "10:00")
    for _ in range(2):
        with limits.hold(offer):
            pass
    with pytest.raises(TooManyHoldsOfOne), limits.hold(offer):
        pass
    with limits.hold(replace(offer, start=offer.start + timedelta(minutes=30))):
        pass


def test_by_the_page_one_too_many_is_told_what_to_do(world: World) -> None:
    world.centre.live[Limits] = Limits(per_address=1)
    resident = Resident(make_app(world.centre))
    assert (
        resident.post("/termin/buchen", {**complete(offer_at(world, "10:00")), "request_id": new_token()}).status == 200
    )
    too_many = resident.post("/termin/buchen", {**complete(offer_at(world, "11:00")), "request_id": new_token()})
    assert too_many.status == 429
    assert "rufen Sie uns an" in too_many.words


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The SQL that is run meanwhile, in order."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    engines = {id(one): one for one in (database.writing, database._reading)}.values()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("known", ["pictures", "digits", "birth_year"])
def test_a_wrong_reference_is_answered_alike_whatever_of_it_is_right(world: World, known: str) -> None:
    """Body, status, and, as the measure of time that a busy machine cannot blur, the work done in the database."""
    booked, resident = make_booking(world), Resident(make_app(world.centre))
    pictures, digits = list(booked.reference.pictures), booked.reference.digits
    other = [one for one in PICTURES if one not in pictures][:3]
    nothing: Fields = {"pictures": other, "digits": "000000", "birth_year": "1931"}
    right: Fields = {"pictures": pictures, "digits": digits, "birth_year": str(SOMMER.birth_year)}
    some: Fields = {**nothing, known: right[known]}
    answers: list[Answer] = []
    work: list[int] = []
    for fields in (nothing, some):
        with statements(world.db) as seen:
            answers.append(resident.post("/mein-termin/finden", fields))
        work.append(len(seen))
    assert answers[0].status == answers[1].status == 422
    assert work[0] == work[1]
