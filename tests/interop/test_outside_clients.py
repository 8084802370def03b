"""Clients that other people wrote, unchanged: they sign in, search, book, meet a conflict, read back and cancel.

And what docs/fhir.md prints for who writes such a client.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from telemed.booking import service as booking
from telemed.booking.model import Status
from telemed.identity import clients
from telemed.identity.clients import Wanted
from telemed.kit.clock import real_now
from telemed.people import service as people
from telemed.people.acts import Did
from tests.databases import SqliteFiles, opened
from tests.interop import printed
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


def test_the_examples_of_the_page_work_as_they_are_printed(house: House) -> None:
    asked = {**house.signer.form(real_now(), house.scopes)}
    token = httpx.post(house.signer.audience, data=asked).raise_for_status().json()["access_token"]
    today = house.centre.clock.now().date()
    names = printed.Names(today, BASE=house.base, TOKEN=token, JWT=house.assertion())
    for command in printed.commands():
        assert set(command.sets) <= set(names.known), command
        status, answer = printed.run(command, names.known, today)
        assert status == command.expected, (command.text, answer)
        names.learn(answer)
    assert {"SLOT", "ID", "OFFER", "HELD", "SUB"} <= set(names.known)


FIRST_HOUR = Path(__file__).parents[2] / "tools" / "first_hour.py"


def test_the_first_hour_ends_with_an_appointment_taken_and_given_back(house: House, tmp_path: Path) -> None:
    def first_hour(*given: str) -> str:
        command = [sys.executable, str(FIRST_HOUR), *given]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60).stdout

    scopes = ("system/Schedule.s", "system/Slot.s", "system/Appointment.cu")
    wanted = Wanted("the first hour", scopes, ("weiss",), key_set=first_hour())
    with house.centre.db.transaction() as tx:
        client = clients.register(tx, wanted, by="betrieb", now=house.centre.clock.now())
    said = first_hour(house.base, client.id, "weiss").splitlines()
    assert [line.split()[0] for line in said] == ["200", "200", "200", "200", "201", "409", "201", "200", "200"]
    assert len(FIRST_HOUR.read_text().splitlines()) <= 80
