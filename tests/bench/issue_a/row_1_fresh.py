"""The two commands on a fresh clone: proved once per change by ``make proof``, reported here."""

import json

from tests.bench.harness import Figure
from tests.proof.harness import Shelf


def measure() -> Figure:
    path = Shelf().results / "a-fresh.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    result = str(found.get("result", "not run"))
    return Figure(
        issue="A",
        row=1,
        name="two commands on a fresh clone in a bare bookworm (make proof ONLY=a-fresh)",
        value=result,
        unit=f"at commit {str(found.get('commit', 'none'))[:12]}",
        target="pass",
        ok=result == "pass",
    )
