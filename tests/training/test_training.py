"""The practice: a visit without a doctor and without health data, of which nothing stays but a count."""

import hashlib
from typing import Any

import pytest
from lxml import html
from sqlalchemy import select

from telemed.kit.db import Database
from telemed.migrations.tables import metadata
from telemed.training import service
from telemed.training.model import STEPS, Place, at
from tests.booking.residents import Resident, make_app
from tests.builders import World, make_booking, make_world

COUNTER = "training_count"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    made = make_world(sqlite_database)
    make_booking(made, at="10:00")
    return made


def kept(world: World) -> dict[str, str]:
    """What is in each table."""
    with world.db.reading() as tx:
        return {
            table.name: hashlib.sha256(repr(sorted(map(repr, tx.execute(select(table))))).encode()).hexdigest()
            for table in metadata.sorted_tables
        }


def links(text: str) -> list[str]:
    tree: Any = html.fromstring(text)
    return [str(href) for href in tree.get_element_by_id("main").xpath(".//a/@href")]


def test_steps_follow_each_other_and_end() -> None:
    assert [at(step).number for step in STEPS] == list(range(1, len(STEPS) + 1))
    assert (at(STEPS[0]).before, at(STEPS[-1]).after) == (None, None)
    assert [at(step).after for step in STEPS[:-1]] == list(STEPS[1:])


def test_a_whole_practice_writes_nothing_but_a_counter(world: World) -> None:
    somebody = Resident(make_app(world.centre))
    before = kept(world)
    page = somebody.get("/ueben")
    walked = []
    for step in STEPS:
        assert f"/ueben/{step}" in links(page.text), step
        page = somebody.get(f"/ueben/{step}")
        assert page.status == 200
        assert "Nichts davon ist echt." in page.words
        walked.append(step)
    assert kept(world) == before
    assert somebody.post("/ueben/ende", {}).status == 303
    assert "Gut gemacht!" in somebody.get("/ueben/ende").words
    assert walked == list(STEPS)
    after = kept(world)
    assert {name for name in after if after[name] != before[name]} == {COUNTER}
    with world.db.reading() as tx:
        assert [service.total(tx, place) for place in Place] == [1, 0]
    assert "set-cookie" not in page.headers


def test_another_picture_is_no_dead_end_and_an_unknown_step_is_none(world: World) -> None:
    somebody = Resident(make_app(world.centre))
    page = somebody.get("/ueben/ankommen")
    others = [link for link in links(page.text) if link.endswith("noch=true")]
    assert len(others) == 5
    assert "Auf Ihrem Zettel ist ein Fisch." in somebody.get("/ueben/ankommen", noch="true").words
    assert somebody.get("/ueben/unbekannt").status in (404, 422)


def test_the_room_counts_too(world: World) -> None:
    for _ in range(2):
        with world.db.transaction() as tx:
            service.count(tx, Place.ROOM, now=world.now)
    with world.db.reading() as tx:
        assert service.total(tx, Place.ROOM) == 2


def test_the_test_at_home_is_open_to_all_and_can_be_skipped(world: World) -> None:
    page = Resident(make_app(world.centre)).get("/kamera-test")
    assert page.status == 200
    assert {"/", "/mein-termin"} <= set(links(page.text))
    assert "camera=(self)" in page.headers["permissions-policy"]
