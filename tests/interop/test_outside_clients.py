"""Clients that other people wrote, unchanged: they sign in, search, book, meet a conflict, read back and cancel."""

from collections.abc import Iterator

import pytest

from telemed.booking import service as booking
from telemed.booking.model import Status
from telemed.people import service as people
from telemed.people.acts import Did
from tests.databases import SqliteFiles, opened
from tests.interop.outside import house as houses
from tests.interop.outside.clients import CLIENTS, faults, run
from tests.interop.outside.house import House


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("outside")
    with opened(SqliteFiles(folder).fresh_url()) as database, houses.opened(folder, database) as made:
        yield made


@pytest.mark.parametrize("client", CLIENTS)
def test_somebody_else_s_client_books_and_cancels(house: House, client: str) -> None:
    said = run(client, house.given())
    assert faults(said) == []
    with house.centre.db.reading() as tx:
        assert booking.get(tx, said["booked"]["id"]).status is Status.CANCELLED
        acts = people.acts_of(tx, house.signer.client_id, limit=4)
    assert {Did.SEARCH, Did.UPDATE} <= {act.did for act in acts}
