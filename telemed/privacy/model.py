"""The data register: what is kept, what for, how long, who sees it. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RegisterLine:
    """One column of one table."""

    table: str
    column: str
    purpose: str
    retention: str
    seen_by: str
    personal: bool
