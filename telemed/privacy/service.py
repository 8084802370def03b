"""What the centre keeps, told from the tables themselves, so that it cannot be out of date."""

from telemed.kit.db import metadata
from telemed.kit.register import Kept
from telemed.privacy.model import RegisterLine


def register_rows() -> list[RegisterLine]:
    """Every column of every table that has been defined, by table and column."""
    rows = []
    for table in metadata.sorted_tables:
        for column in table.columns:
            kept: Kept = column.info["kept"]
            rows.append(
                RegisterLine(table.name, column.name, kept.purpose, kept.retention, kept.seen_by, kept.personal)
            )
    return rows
