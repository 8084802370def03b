"""Longest function and module."""

from collections.abc import Iterator

from tests.bench.harness import Figure, note
from tests.sizes import FUNCTION_LINES, MODULE_LINES, longest


def measure() -> Iterator[Figure]:
    function, module = longest()
    note(f"longest function: {function}; longest module: {module}")
    for name, size, limit in (("function", function, FUNCTION_LINES), ("module", module, MODULE_LINES)):
        yield Figure(
            issue="A",
            row=8,
            name=f"longest {name}",
            value=size.lines,
            unit="lines",
            target=f"≤ {limit}",
            ok=size.lines <= limit,
        )
