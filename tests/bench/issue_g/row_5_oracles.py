"""Everything that our server emits, judged by @medplum/core and npm fhir."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.bench.harness import Figure, note
from tests.databases import SqliteFiles, opened
from tests.fhir.emitted import OWN, Walk, inside, judged
from tests.interop.outside import house as houses

EACH = 40
"""Of a type, one by one; the seed has fewer of most."""


def measure() -> Iterator[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="telemed-emitted-") as folder,
        opened(SqliteFiles(Path(folder)).fresh_url()) as database,
        houses.opened(Path(folder) / "state", database) as house,
    ):
        emitted = list(Walk(house, each=EACH).emitted())
    found = judged(emitted)
    for fault in found[:20]:
        note(f"row 5: {fault}")
    for own in OWN:
        note(f"row 5: the oracle's own ({own.oracle}): {own.text}: {own.why}")
    kinds = Counter(one.resource["resourceType"] for each in emitted for one in (each, *inside(each)))
    note(f"row 5: {dict(kinds)}")
    yield Figure(
        issue="G",
        row=5,
        name=f"{kinds.total()} resources of {len(kinds)} types judged by two oracles; {len(OWN)} errors of their own",
        value=len(found),
        unit="errors",
        target="0 that are not the oracle's own",
        ok=not found and kinds.total() > 0,
    )
