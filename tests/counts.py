"""How many rounds a test did: large counts are reduced in the tests, and printed at their end (see conftest.py)."""

from collections.abc import Callable

COUNTED = "counted"
"""The name under which a test's report carries its count."""

Counted = Callable[[str], None]
"""Says in one line what was counted."""
