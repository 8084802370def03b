"""Practice without a doctor and without health data: how often it was done is all that stays. Pure."""

from enum import StrEnum


class Place(StrEnum):
    """Where somebody practised."""

    PAGE = "page"
    ROOM = "room"
