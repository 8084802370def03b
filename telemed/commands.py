"""What the commands have in common: how they speak, and the centre that they open or ask."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import httpx

from telemed import migrations, wiring
from telemed.kit.db import Database
from telemed.privacy import erasures
from telemed.web.centre import Centre


def fail(line: str) -> NoReturn:
    """Say why in one line, and end with 2."""
    print(f"telemed: {line}", file=sys.stderr)
    sys.exit(2)


def say(line: str) -> None:
    print(line)


@contextmanager
def opened() -> Iterator[Centre]:
    """The centre on its database, made or migrated first if need be; whom a backup brought back is erased again."""
    settings = wiring.read_settings()
    wiring.make_secrets(settings.state_dir)
    db = Database(settings.url)
    try:
        migrations.upgrade(db)
        centre = wiring.build(settings, db)
        erasures.again(db, centre.secrets, settings.state_dir / erasures.FILE, now=centre.clock.now())
        yield centre
    finally:
        db.dispose()


def address(url: str) -> httpx.URL:
    """Browsers know where ``.localhost`` is, this machine's resolver may not."""
    asked = httpx.URL(url)
    return asked.copy_with(host="127.0.0.1") if asked.host.endswith(".localhost") else asked
