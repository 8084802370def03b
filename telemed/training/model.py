"""Practice without a doctor and without health data: its steps, and how often it was done. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from schemas.day import Ticket


class Place(StrEnum):
    """Where somebody practised."""

    PAGE = "page"
    ROOM = "room"


class Step(StrEnum):
    """What a visit is made of, in its order; the words are addresses."""

    WHAT = "was"
    WHEN = "wann"
    TICKET = "zettel"
    ARRIVE = "ankommen"
    CALL = "gespraech"
    DEVICE = "messen"
    GOODBYE = "abschied"


STEPS = tuple(Step)
TICKET = Ticket(picture="fish", letter="K", digits="47")
"""The ticket of every practice; no visit ever has it by this."""
PICTURES = ("owl", "fish", "sun", "apple", "key", "dog")
"""Among which one finds one's own."""
ANSWERS: dict[Step, tuple[str, ...]] = {
    Step.WHAT: ("talk", "measure", "help"),
    Step.WHEN: ("first", "second", "help"),
    Step.DEVICE: ("yes", "no"),
}
"""What one may answer in a step; each leads on."""


@dataclass(frozen=True)
class At:
    """A step and where it stands. *number* from 1; *before* and *after* are empty at the ends."""

    step: Step
    number: int
    before: Step | None
    after: Step | None


def at(step: Step) -> At:
    place = STEPS.index(step)
    after = STEPS[place + 1] if place + 1 < len(STEPS) else None
    return At(step, place + 1, STEPS[place - 1] if place else None, after)
