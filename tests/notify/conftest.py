"""What the tests of notices share: a small quarter whose mails and text messages lie in trays."""

import pytest

from telemed.kit.db import Database
from telemed.notify.model import Channel
from tests.notify.world import Notices, Tray, make_notices


@pytest.fixture
def mail() -> Tray:
    return Tray(Channel.EMAIL)


@pytest.fixture
def sms() -> Tray:
    return Tray(Channel.SMS)


@pytest.fixture
def notices(sqlite_database: Database, mail: Tray, sms: Tray) -> Notices:
    return make_notices(sqlite_database, mail, sms)


@pytest.fixture
def both(database: Database, mail: Tray, sms: Tray) -> Notices:
    """On SQLite and on PostgreSQL: for what rests on their keys and locks."""
    return make_notices(database, mail, sms)
