"""What the law wants to be read is there for everybody, in words, and says of a quarter only what its seed says."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest
from fastapi.testclient import TestClient

from telemed.directory import service as directory
from telemed.kit.db import Database, metadata
from telemed.privacy import imprint, model
from telemed.privacy.model import Operator
from telemed.privacy.service import operator_of
from tests.architecture import ROOT
from tests.builders import HandClock
from tests.desk.test_guests import House
from tests.desk.world import TUESDAY_9, World, make_world

PAGES = (
    *("/datenschutz", "/impressum", "/impressum/einfach", "/nutzungsbedingungen", "/nutzungsbedingungen/einfach"),
    *("/barrierefreiheit", "/datenregister", "/rueckmeldung"),
)
WINZERLA = ROOT / "tests" / "data" / "seed" / "winzerla"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, visits=0, clock=HandClock(TUESDAY_9), exercise=False)


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with ExitStack() as stack:
        yield House(world, stack).browser()


@pytest.mark.parametrize("path", PAGES)
def test_it_can_be_read_without_signing_in_and_lacks_no_word(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert "⟦" not in page.text
    assert page.text.count("<h1") == 1


def test_the_register_shows_every_column_of_every_table(client: TestClient) -> None:
    page = client.get("/datenregister").text
    columns = sum(len(table.c) for table in metadata.sorted_tables)
    assert page.count('<th scope="row">') == columns
    assert len(client.get("/datenregister.json").json()) == columns


def test_the_notice_names_each_kind_of_data_that_is_kept_of_people(client: TestClient) -> None:
    page = client.get("/datenschutz").text
    for kind in model.KINDS:
        assert f'id="kind-{kind}"' in page
    tables = {table.name for table in metadata.sorted_tables}
    assert {each for theirs in model.KINDS.values() for each in theirs} <= tables
    of_persons = {table.name for table in metadata.sorted_tables if "person_id" in table.c}
    assert {table for table in of_persons if model.kind_of(table) == model.HOUSE} == set()


def test_who_runs_the_centre_comes_from_the_seed_and_another_quarter_says_another(client: TestClient) -> None:
    page = client.get("/impressum").text
    assert "Telemedizin Lobeda (Beispiel)" in page
    assert "Musterstraße 1, 00000 Musterstadt" in page
    assert "datenschutz@telemedizin-lobeda.example" in client.get("/datenschutz").text
    assert "Durchsetzung der Barrierefreiheit" in client.get("/barrierefreiheit").text
    other = imprint.operator((WINZERLA / "organization.json").read_bytes())
    assert other.itself.name == "Gesundheitspunkt Winzerla (Beispiel)"
    assert other.is_whole
    assert not imprint.operator(orjson.dumps({"resourceType": "Organization", "name": "x"})).is_whole


def test_the_program_itself_names_no_quarter() -> None:
    words = ("Lobeda", "Winzerla", "Stadtwerke")
    ours = [path for ending in ("py", "html", "po", "js") for path in (ROOT / "telemed").rglob(f"*.{ending}")]
    found = {str(Path(path).relative_to(ROOT)) for path in ours for word in words if word in path.read_text()}
    assert found == set()


def test_a_centre_without_an_organisation_says_what_is_missing(sqlite_database: Database) -> None:
    with sqlite_database.transaction() as tx:
        site = {"resourceType": "Location", "id": "q", "status": "active", "name": "Q"}
        directory.take(tx, site, now=TUESDAY_9)
        assert operator_of(tx) == Operator()
