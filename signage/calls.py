"""Whom the monitor calls aloud, and when: at the call, and 20 s and 60 s later while it stands on the board. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, time

from schemas.board import Announced, Board, Call
from signage.screen import WAY_AFTER_S, Line, Received
from signage.speech import SPOKEN, languages
from telemed.kit.i18n import GERMAN

SPOKEN_AT_S = (0.0, 20.0, 60.0)
WITHIN_S = 15.0
"""So long after its moment a repetition is still one; whoever switches a monitor on hears no calls of the past."""

ALARMS = (Announced.EMERGENCY, Announced.LEAVE)
"""What is said as long as it stands on the glass, at any time of day, and instead of any call."""
ALARM_EACH_S = 20.0
ALARM_VOLUME = 80

CHIME = "/sound/chime.wav"


@dataclass(frozen=True)
class Spoken:
    """A call on the board. *turn*: which time it is to be spoken now, from 1; 0: not now."""

    call_id: str
    turn: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class Sound:
    """All that is to be heard. *volume*: 0 to 100; at 0 nothing is played."""

    volume: int = 0
    calls: tuple[Spoken, ...] = ()

    def to_page(self) -> Mapping[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Volume:
    """How loud, from which time of day on (wall time); the last of a day holds until the first of the next."""

    steps: tuple[tuple[time, int], ...] = ((time(0), 80),)

    @classmethod
    def parse(cls, text: str) -> "Volume":
        """``07:00=80 12:30=40 14:00=80 20:00=0``.

        Raises:
            ValueError: that is not what *text* looks like.
        """
        steps = tuple(sorted(_step(part) for part in text.split()))
        if not steps or len({at for at, _ in steps}) < len(steps):
            raise ValueError(text)
        return cls(steps)

    def at(self, moment: datetime) -> int:
        """How loud at the local *moment*."""
        past = [volume for at, volume in self.steps if at <= moment.time()]
        return past[-1] if past else self.steps[-1][1]


def _step(text: str) -> tuple[time, int]:
    at, _, percent = text.partition("=")
    volume = int(percent)
    if not 0 <= volume <= 100:
        raise ValueError(text)
    return time.fromisoformat(at), volume


def sound(heard: Received | None, *, now_s: float, line: Line, volume: int) -> Sound:
    """What is to be heard when the monotonic clock shows *now_s*."""
    if heard is None or line in {Line.BARRED, Line.UNPAIRED}:
        return Sound(volume)
    if heard.board.announced in ALARMS and heard.age(now_s) < WAY_AFTER_S:
        return Sound(max(volume, ALARM_VOLUME), (_alarm(heard.board, now_s),))
    age_s, made = heard.age(now_s), heard.board.as_of
    calls = tuple(_spoken(call, age_s + (made - call.at).total_seconds()) for call in heard.board.calls)
    return Sound(volume, calls)


def _spoken(call: Call, age_s: float) -> Spoken:
    turns = [turn for turn, at_s in enumerate(SPOKEN_AT_S, 1) if at_s <= age_s < at_s + WITHIN_S]
    return Spoken(
        call.call_id, turns[0] if turns else 0, (CHIME, *(_file(call, one) for one in languages(call.language)))
    )


def _alarm(board: Board, now_s: float) -> Spoken:
    """In German, in English, and in the languages of those who wait; its turn counts on as time does."""
    what = str(board.announced)
    spoken = (GERMAN, *sorted({*SPOKEN} & {"en", *board.languages} - {GERMAN}))
    files = tuple(f"/sound/announced/{what}/{language}.wav" for language in spoken)
    return Spoken(f"announced-{what}", 1 + int(now_s // ALARM_EACH_S), (CHIME, *files))


def _file(call: Call, language: str) -> str:
    return f"/sound/calls/{call.call_id}/{language}.wav"
