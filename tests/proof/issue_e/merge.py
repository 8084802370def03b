"""10³ cuts of the line, 1 s to 8 h, in which centre and room contradict each other: no fact is lost, both agree."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.builders import make_world
from tests.databases import SqliteFiles, opened
from tests.link.merging import CUTS, SILENT, cut, meet, sides
from tests.proof.harness import Failed, Proof

DAYS = 250

_noted: list[int] = []
"""Facts of each step of this run."""


def step(seed: int, number: int) -> str:
    """A day for each length of the cut.

    Raises:
        Failed: a fact was lost, or the two sides do not agree.
    """
    for lasts in CUTS:
        with TemporaryDirectory() as folder:
            _noted.append(_day(Path(folder), lasts, f"{seed}-{number}-{lasts}"))
    return f"{len(_noted)} cuts, {sum(_noted)} facts meanwhile, 0 lost, 0 visits on which the two sides differ"


def _day(folder: Path, lasts: timedelta, seed: str) -> int:
    with opened(SqliteFiles(folder).fresh_url()) as database:
        both = sides(make_world(database), folder, seed)
        both.world.clock.forward(SILENT)
        noted = cut(both, lasts)
        meet(both)
        lost, (centre, room) = both.lost(), both.states()
        both.room.journal.close()
    if lost or centre != room:
        raise Failed(f"{seed}: {len(lost)} lost; {centre} and {room}")
    return noted


PROOF = Proof(issue="e", name="merge", seed=20_261_127, count=DAYS, step=step)
