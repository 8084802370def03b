"""What a person was asked to agree to, each purpose apart, and what she said. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from telemed.kit.refusal import Refusal, Sense

VERSION = "1"
"""Of the sentences; another meaning of one of them is another version, and is asked for again."""


class Purpose(StrEnum):
    """What is asked; the value ends the catalogue key ``consent.…``, whose words are the sentence."""

    VIDEO = "video"
    LETTER = "letter"
    REMINDERS = "reminders"
    RELATIVE = "relative"


class Answer(StrEnum):
    """What can be said. *DISCUSS*: she wishes to talk about it first, which is no yes."""

    YES = "yes"
    NO = "no"
    DISCUSS = "discuss"


class How(StrEnum):
    """How it was said: by herself on a page, spoken in front of somebody of the staff, or signed on paper."""

    ONLINE = "online"
    SPOKEN = "spoken"
    PAPER = "paper"


@dataclass(frozen=True)
class Said:
    """One answer. *wording*: the sentence as it stood there, in *language*. *witness*: who of the staff was there;
    empty where she answered by herself."""

    id: str
    purpose: Purpose
    answer: Answer
    how: How
    at: datetime
    version: str
    language: str
    wording: str
    witness: str = ""


class ConsentRefused(Refusal):
    """She said no to this, or took her yes back; what needs it does not go on."""

    sense = Sense.CONFLICT

    def __init__(self, purpose: Purpose) -> None:
        super().__init__()
        self.purpose = purpose
        self.key = f"refusal.consent.{purpose.value}"


def newest(said: list[Said]) -> dict[Purpose, Said]:
    """The answer that counts for each purpose, as far as there is one in the version of today. *said*: oldest first."""
    return {one.purpose: one for one in said if one.version == VERSION}
