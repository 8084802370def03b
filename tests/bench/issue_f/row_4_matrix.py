"""The authorisation matrix: how many of all routes are asked in every role, of own and others' objects."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import Figure, note
from tests.databases import SqliteFiles, opened
from tests.privacy.matrix import make_house, walk
from tests.privacy.matrix_table import lines


def measure() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory(prefix="telemed-matrix-") as folder:
        (Path(folder) / "state").mkdir()
        with opened(SqliteFiles(Path(folder)).fresh_url()) as database:
            house = make_house(Path(folder) / "state", database)
            every = {line.name for line in lines(house.app)}
            looked = walk(house, every_role=True)
    for wrong in looked.wrong:
        note(f"row 4: {wrong}")
    note(f"row 4: {looked.asked} requests, {looked.audited} answers with a name, each with its line in the audit")
    covered = 100 * len(looked.routes & every) / len(every)
    yield Figure(
        issue="F",
        row=4,
        name=f"authorisation matrix, {len(every)} routes × role × own, colleague's, other site, deleted: covered",
        value=round(covered, 1),
        unit="%",
        target="100, and 0 faults",
        ok=covered == 100 and not looked.wrong,
    )
