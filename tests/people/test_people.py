"""Personal bytes are sealed to one person and one place; who looks leaves a line, and erasure is for ever."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select

from telemed.booking import seeking
from telemed.booking import service as booking
from telemed.booking import store as booking_store
from telemed.booking.sought import ALWAYS, Sought
from telemed.identity.allowed import program
from telemed.kit.db import Database, Tx
from telemed.people import model, service, store
from telemed.people.model import Erased, Need, Person, Tampered, Way
from tests.builders import CLIENT, DOCTOR, OPERATOR, RESIDENT, SOMMER, World, make_booking, make_world

KEY = model.new_key()


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


@given(st.binary(max_size=200), st.text(min_size=1, max_size=20))
def test_what_is_sealed_comes_back_only_in_its_place_and_with_its_key(plain: bytes, what: str) -> None:
    sealed = model.seal(KEY, plain, what)
    assert model.unseal(KEY, sealed, what) == plain
    for key, place in ((KEY, what + "x"), (model.new_key(), what)):
        with pytest.raises(Tampered):
            model.unseal(key, sealed, place)


@given(st.integers(0, 200))
def test_not_a_bit_can_be_changed_and_not_a_byte_cut_off(at: int) -> None:
    sealed = model.seal(KEY, b"121 mmHg", "a|b|c")
    bit = at % (len(sealed) * 8)
    changed = bytearray(sealed)
    changed[bit // 8] ^= 1 << bit % 8
    for broken in (bytes(changed), sealed[: at % len(sealed)], b""):
        with pytest.raises(Tampered):
            model.unseal(KEY, broken, "a|b|c")


def test_the_same_words_never_look_the_same() -> None:
    assert len({model.seal(KEY, b"x", "a") for _ in range(50)}) == 50


def register(world: World, person: Person = SOMMER) -> str:
    with world.db.transaction() as tx:
        return service.register(tx, world.secrets, person, actor=RESIDENT, now=world.now)


def details(world: World, person_id: str) -> Person:
    with world.db.transaction() as tx:
        return service.details(tx, world.secrets, person_id, actor=DOCTOR, purpose="test", now=world.now)


def lines(world: World, person_id: str) -> list[tuple[str, str, str]]:
    with world.db.reading() as tx:
        found = service.lines_of(tx, person_id)
        counted = service.seen_by_minute(tx, person_id)
    assert sum(often for _, often in counted) == len(found)
    assert {(line.at, line.role, line.deed, line.purpose) for line, _ in counted} <= {
        (line.at, line.role, line.deed, line.purpose) for line in found
    }
    assert found == sorted(found, key=lambda line: line.at, reverse=True)
    return sorted((line.deed.value, line.role, line.subject) for line in found)


@pytest.mark.parametrize(
    "person",
    [
        SOMMER,
        Person("Ömer Şahin", 1990, Way.EMAIL, "o@example.org", "tr", (Need.INTERPRETER, Need.WHEELCHAIR)),
        Person("", 0, Way.PAPER),
    ],
)
def test_a_person_comes_back_as_given(world: World, person: Person) -> None:
    assert details(world, register(world, person)) == person


def test_details_cannot_be_moved_to_another_person(world: World) -> None:
    one, other = register(world), register(world, Person("Karl", 1950, Way.PAPER))
    with world.db.transaction() as tx:
        sealed = store.details(tx, one)
        tx.execute(store.persons.update().where(store.persons.c.id == other).values(details=sealed))
    with pytest.raises(Tampered):
        details(world, other)


def test_a_person_s_key_cannot_be_moved_to_another_person(world: World) -> None:
    one, other = register(world), register(world)
    with world.db.transaction() as tx:
        wrapped = store.wrapped_key(tx, one)
        tx.execute(store.keys.update().where(store.keys.c.person_id == other).values(wrapped=wrapped))
    with pytest.raises(Tampered):
        details(world, other)


def test_erasure_makes_everything_about_one_person_unreadable_and_nobody_else(world: World) -> None:
    booked, kept = make_booking(world, at="10:00"), make_booking(world, at="11:00")
    with world.db.reading() as tx:
        person_id = booking.get(tx, booked.id).person_id
    with world.db.transaction() as tx:
        service.erase(tx, person_id, actor=OPERATOR, now=world.now)
    with pytest.raises(Erased):
        details(world, person_id)
    with pytest.raises(Erased), world.db.transaction() as tx:
        booking.read_appointment(tx, world.secrets, booked.id, actor=DOCTOR, now=world.now)
    with pytest.raises(Erased), world.db.transaction() as tx:
        service.seal(tx, world.secrets, person_id, "a|b|c", b"x", actor=DOCTOR, now=world.now)
    with pytest.raises(Erased), world.db.transaction() as tx:
        service.erase(tx, person_id, actor=OPERATOR, now=world.now)
    with world.db.transaction() as tx:
        found = seeking.seek(tx, Sought(ALWAYS), asker=program(CLIENT, world.now))
        assert [hit.id for hit in found.hits if hit.person_id in found.keys] == [kept.id]
        assert booking.read_appointment(tx, world.secrets, kept.id, actor=DOCTOR, now=world.now)


def test_nothing_personal_is_readable_in_any_table(world: World) -> None:
    make_booking(world)
    with world.db.reading() as tx:
        for table in (store.persons, store.keys, store.audit_lines, booking_store.bookings):
            text = repr(tx.execute(select(table)).all())
            for value in (SOMMER.name, "Sommer", SOMMER.contact, str(SOMMER.birth_year)):
                assert value not in text, table.name


def one_door(world: World, tx: Tx, person_id: str, name: str) -> Any:
    """Pass through the door called *name*."""
    common: dict[str, Any] = {"actor": DOCTOR, "now": world.now}
    match name:
        case "seal":
            return service.seal(tx, world.secrets, person_id, "a|b|c", b"x", **common)
        case "details":
            return service.details(tx, world.secrets, person_id, purpose="p", **common)
        case "unseal":
            key = service._key(tx, world.secrets, person_id)
            places = {place: model.seal(key, b"x", place) for place in ("a|b|c", "a|b|d")}
            return service.unseal(tx, world.secrets, person_id, places, purpose="p", **common)
        case _:
            return service.erase(tx, person_id, **common)


DOORS = {"seal": "write", "details": "read", "unseal": "read", "erase": "erase"}


@pytest.mark.parametrize("name", DOORS)
def test_every_door_leaves_exactly_one_line(world: World, name: str) -> None:
    person_id = register(world)
    assert lines(world, person_id) == [("create", "resident", "")]
    with world.db.transaction() as tx:
        one_door(world, tx, person_id, name)
    assert lines(world, person_id) == sorted([("create", "resident", ""), (DOORS[name], "doctor", "weiss")])


class Undone(Exception):
    """What rolls a transaction back."""


def undo(world: World, person_id: str, name: str) -> None:
    with world.db.transaction() as tx:
        one_door(world, tx, person_id, name)
        raise Undone


@pytest.mark.parametrize("name", DOORS)
def test_what_is_rolled_back_takes_its_line_along(world: World, name: str) -> None:
    person_id = register(world)
    with pytest.raises(Undone):
        undo(world, person_id, name)
    assert lines(world, person_id) == [("create", "resident", "")]
    assert details(world, person_id) == SOMMER


def test_looking_where_nothing_can_be_written_is_refused_so_that_no_look_is_without_a_line(world: World) -> None:
    from sqlalchemy.exc import DatabaseError

    person_id = register(world)
    with world.db.reading() as tx, pytest.raises(DatabaseError):
        service.details(tx, world.secrets, person_id, actor=DOCTOR, purpose="p", now=world.now)


def test_a_person_who_is_deleted_takes_the_key_along(world: World) -> None:
    person_id = register(world)
    with world.db.transaction() as tx:
        tx.execute(delete(store.persons).where(store.persons.c.id == person_id))
        assert store.wrapped_key(tx, person_id) is None
