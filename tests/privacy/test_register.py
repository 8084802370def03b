"""Every column says what it is for, how long it stays and who sees it; what is personal is sealed."""

import ast
from pathlib import Path

import pytest
from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, select

from schemas.day import FactKind
from telemed.aftercare import service as aftercare
from telemed.aftercare.model import Sheet
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.feedback import service as feedback
from telemed.identity.model import Actor, Role
from telemed.interop import isik_later
from telemed.interop.isik_book import Means
from telemed.kit.db import Database, metadata
from telemed.kit.register import Kept
from telemed.notify import store as notify
from telemed.notify.push import Subscription
from telemed.people import mandates
from telemed.people import service as people
from telemed.people.mandate import Lasts, Relative
from telemed.people.model import VERSION
from telemed.privacy import service
from telemed.visit import service as visit
from tests.architecture import ROOT
from tests.builders import CLIENT, RESIDENT, SOMMER, make_booking, make_world

PERSONAL = {
    *(("people_person", "details"), ("booking", "appointment"), ("notify_push", "subscription")),
    *(("people_mandate", "relative"), ("feedback_barrier", "report")),
    ("aftercare_sheet", "sealed"),
    *(("interop_asked", "request"), ("interop_asked", "answer")),
}


def without_line(tables: MetaData) -> list[str]:
    """Columns of which nobody says what they are for."""
    found = []
    for table in tables.sorted_tables:
        for column in table.columns:
            kept = column.info.get("kept")
            if not isinstance(kept, Kept) or not all((kept.purpose, kept.retention, kept.seen_by)):
                found.append(f"{table.name}.{column.name}")
    return found


def unsealed(tables: MetaData) -> list[str]:
    """Personal columns that are not bytes."""
    return [
        f"{table.name}.{column.name}"
        for table in tables.sorted_tables
        for column in table.columns
        if getattr(column.info.get("kept"), "personal", False) and not isinstance(column.type, LargeBinary)
    ]


def test_every_column_has_its_line(sqlite_database: Database) -> None:
    assert sqlite_database.is_sqlite  # with it every store has been imported
    assert len(metadata.tables) > 10
    assert without_line(metadata) == []


def test_a_column_without_a_line_is_found() -> None:
    tables = MetaData()
    line = Kept("p", "r", "s")
    Table("t", tables, Column("good", Text(), info={"kept": line}), Column("bad", Text()))
    Table("u", tables, Column("empty", Text(), info={"kept": Kept("", "r", "s")}))
    assert without_line(tables) == ["t.bad", "u.empty"]


def test_what_is_personal_is_bytes() -> None:
    assert unsealed(metadata) == []
    tables = MetaData()
    Table("t", tables, Column("name", Text(), info={"kept": Kept("p", "r", "s", personal=True)}))
    assert unsealed(tables) == ["t.name"]


def test_the_register_tells_of_every_column(sqlite_database: Database) -> None:
    assert sqlite_database.is_sqlite
    rows = service.register_rows()
    assert {(row.table, row.column) for row in rows} == {(t.name, c.name) for t in metadata.sorted_tables for c in t.c}
    assert {(row.table, row.column) for row in rows if row.personal} == PERSONAL


def test_in_every_personal_column_stand_sealed_bytes_and_no_word_of_the_person(database: Database) -> None:
    world = make_world(database)
    wished = Subscription("https://fcm.googleapis.com/Sommer", "", "")
    booked = make_booking(world)
    with database.transaction() as tx:
        person_id, place = booking.get(tx, booked.id).person_id, notify.place_of("browser")
        sealed = people.seal(tx, world.secrets, person_id, place, wished.to_bytes(), actor=RESIDENT, now=world.now)
        notify.subscribe(tx, "browser", person_id, sealed, now=world.now)
        anna = Relative("Anna Sommer", "anna.sommer@beispiel.example")
        mandates.give(tx, world.secrets, person_id, anna, [], Lasts.MONTH, actor=RESIDENT, now=world.now)
        barrier = feedback.new_barrier("Sommer", "", "", now=world.now)
        feedback.report(tx, world.secrets, barrier, actor=RESIDENT, now=world.now)
        for kind in (FactKind.ARRIVED, FactKind.CALLED):
            visit.record(tx, visit_id=booked.id, kind=kind, by="assistant", now=world.now)
        asked_id = isik_later.ask(tx, world.secrets, b'{"family": "Sommer"}', actor=CLIENT, now=world.now)
        isik_later.do(tx, Means(world.secrets, world.centre.the(Index)), asked_id, now=world.now)
        sheet = Sheet("s" * 22, booked.id, b"\x01" + b"Sommer" * 200)
        aftercare.put(tx, world.secrets, sheet, actor=Actor(Role.DOCTOR, "weiss"), now=world.now)
    for table, name in PERSONAL:
        with database.reading() as tx:
            values = list(tx.execute(select(metadata.tables[table].c[name])).scalars())
        assert values
        for value in values:
            assert value.startswith(VERSION)
            assert b"Sommer" not in value
            assert b"Appointment" not in value


def test_nothing_of_the_person_is_in_any_table(database: Database) -> None:
    make_booking(make_world(database))
    for table in metadata.sorted_tables:
        with database.reading() as tx:
            text = repr(tx.execute(select(table)).all())
        for value in ("Sommer", "Hannelore", SOMMER.contact):
            assert value not in text, table.name


def tables_of(path: Path) -> set[str]:
    """Names of columns that a store makes without `kit.register.column`."""
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return {node.func.id for node in calls if isinstance(node.func, ast.Name) and node.func.id == "Column"}


@pytest.mark.parametrize("path", sorted(ROOT.glob("telemed/*/store.py")), ids=lambda path: path.parent.name)
def test_a_store_makes_its_columns_with_their_lines(path: Path) -> None:
    assert tables_of(path) == set()
