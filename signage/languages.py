"""The second line of text: German stays, and beside it stands one language of those who wait, then the next. Pure.

In alphabetical order, each for its whole time: whoever comes or goes changes nothing before the next turn, so that the
line points at nobody.
"""

from collections.abc import Collection
from dataclasses import dataclass

from schemas.day import LANGUAGES

SHOWN_S = 10.0
"""How long one language stands (notes on monitors: calmly, at least 8 s)."""

GERMAN = ("de", "de-simple")
"""Is there already: the German of monitors is plain."""

OTHERS = tuple(sorted(set(LANGUAGES) - {*GERMAN}))


@dataclass(frozen=True)
class Turn:
    """*language* stands since the monotonic clock showed *since_s*."""

    language: str
    since_s: float


def turned(turn: Turn | None, languages: Collection[str], *, now_s: float) -> Turn | None:
    """Whose turn it is when the monotonic clock shows *now_s*; None where nobody needs a second language."""
    waiting = sorted(set(languages) & {*OTHERS})
    if turn is not None and now_s - turn.since_s < SHOWN_S:
        return turn
    if not waiting:
        return None
    after = [language for language in waiting if turn is not None and language > turn.language]
    return Turn((after or waiting)[0], now_s)
