"""Whatever a program sends, the API answers as its document says, and never with a fault of its own."""

import os

import pytest

from telemed.kit.db import Database
from tests.booking.api_cases import Cases
from tests.builders import make_world
from tests.counts import Counted

CASES = int(os.environ.get("API_CASES", "800"))
SEED = 20261124


@pytest.mark.timeout(400)
def test_no_answer_is_outside_the_document(sqlite_database: Database, counted: Counted) -> None:
    cases = Cases(make_world(sqlite_database, rooms=3))
    cases.run(CASES, starting=SEED)
    counted(f"{cases.total} requests to the API, seed {SEED}: {cases.summary}")
    assert cases.total >= CASES
    if CASES >= 800:
        booked = {path: cases.with_status(201, path) for path in ("POST /api/bookings", "POST /api/holds")}
        assert min(booked.values()) > 10, booked
        assert cases.with_status(200, "POST /api/bookings/own/move") > 0
        assert not [status for status in (200, 204, 404, 409, 410, 422, 429) if not cases.with_status(status)]
        assert cases.with_status(409, "POST /api/bookings") > 0
