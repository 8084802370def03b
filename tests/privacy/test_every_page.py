"""Every page that can be asked for stands in the table of pages, so that none goes unseen."""

from pathlib import Path

import pytest

from telemed import wiring
from telemed.app import make_app
from telemed.kit.db import Database
from tests.e2e.every_page import NOT_PAGES, PAGES, is_no_page
from tests.privacy.test_rights import routes_of


@pytest.fixture
def gets(sqlite_database: Database, tmp_path: Path) -> set[str]:
    """What can be asked for."""
    wiring.make_secrets(tmp_path)
    app = make_app(wiring.build(wiring.Settings(state_dir=tmp_path), sqlite_database))
    return {route.path for route in routes_of(app) if "GET" in (getattr(route, "methods", None) or ())}


def test_every_route_that_is_asked_for_is_a_page_of_the_table_or_none(gets: set[str]) -> None:
    known = {look.route for look in PAGES}
    assert sorted(route for route in gets - known if not is_no_page(route)) == []


def test_nothing_stands_in_the_table_that_is_not_there(gets: set[str]) -> None:
    assert {look.route for look in PAGES} - gets == set()
    assert set(NOT_PAGES) - gets == set()
