"""The whole visit, as ``make visit`` plays it."""

import pytest

from tests.e2e.stage import stage
from tests.e2e.visit import Visit

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def test_one_visit_from_booking_to_farewell() -> None:
    with stage() as on:
        for _name, step in Visit(on).steps():
            step()
