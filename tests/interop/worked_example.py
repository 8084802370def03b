"""The worked example of docs/fhir.md, read from there."""

import json
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "fhir.md"
BEGINS = "<!-- worked example -->\n```json\n"


def example() -> dict[str, Any]:
    """The transaction that sets a centre up."""
    text = PAGE.read_text().partition(BEGINS)[2].partition("```")[0]
    found: dict[str, Any] = json.loads(text)
    return found
