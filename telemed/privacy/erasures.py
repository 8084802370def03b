"""Who was erased is noted beside the database, so that no backup brings anybody back.

One id a line, which says nothing of anybody by itself. The file is never restored from a backup: it only grows.
"""

import os
from datetime import datetime
from pathlib import Path

from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.kit.logs import logger
from telemed.kit.secrets import Secrets
from telemed.people import service as people
from telemed.people.model import Erased
from telemed.privacy import own
from telemed.privacy.model import ErasedLater

log = logger("erasures")

FILE = "erased.log"
"""In the centre's state folder."""
KEEPER = Actor(Role.MACHINE, "erasures")


def note(file: Path, person_id: str) -> None:
    """On the disk when it returns; a line that is there twice does no harm."""
    line = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(line, f"{person_id}\n".encode())
        os.fsync(line)
    finally:
        os.close(line)


def noted(file: Path) -> list[str]:
    """Whose data were erased, each once."""
    return list(dict.fromkeys(file.read_text().split())) if file.exists() else []


def again(db: Database, secrets: Secrets, file: Path, *, now: datetime) -> int:
    """At each start: whoever came back with a backup is erased again; how many that were."""
    with db.reading() as tx:
        back = people.wrapped_keys(tx, noted(file))
    done = 0
    for person_id in sorted(back):
        try:
            with db.transaction() as tx:
                own.erase(tx, secrets, person_id, actor=KEEPER, now=now)
        except (Erased, ErasedLater) as refusal:
            log.warning("not_erased_again", reason=type(refusal).__name__)
        else:
            done += 1
    if done:
        log.info("erased_again", people=done)
    return done
