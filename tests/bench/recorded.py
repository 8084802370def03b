"""The full count of a row, as its proof last recorded it: the benchmark itself can only do a part."""

import json

from tests.bench.harness import Figure, note
from tests.proof.harness import Proof, Shelf


def recorded(proof: Proof, *, row: int, unit: str) -> Figure:
    """What *proof* said when it was last run; `not run` if it never was."""
    path = Shelf().results / f"{proof.full_name}.json"
    kept = json.loads(path.read_text()) if path.exists() else {"result": "not run", "seen": "", "commit": ""}
    note(f"{proof.full_name}: {kept['result']} at {kept['commit']}: {kept['seen']}")
    return Figure(
        issue=proof.issue.upper(),
        row=row,
        name=f"the proof's record ({kept['seen']})",
        value=kept["result"],
        unit=unit,
        target="pass",
        ok=kept["result"] == "pass",
    )
