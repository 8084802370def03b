"""Each change of the tables, as Alembic revisions beside this file."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from telemed.kit.db import Database

HERE = Path(__file__).parent


def config() -> Config:
    """Alembic's configuration, without an ini file."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    return made


def upgrade(db: Database, revision: str = "head") -> None:
    """Bring *db* to *revision*, in one transaction."""
    with db.transaction() as tx:
        alembic = config()
        alembic.attributes["connection"] = tx
        command.upgrade(alembic, revision)
