"""A proof: a count of steps from a seed, that goes on where it was stopped and leaves its result in docs/proof/.

A module `tests/proof/issue_X/NAME.py` with a `PROOF` is one. While it runs, its progress is in build/proof/; a result
is written when the last step is done or the first has failed, with the commit it holds for.
"""

import importlib
import json
import pkgutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tests import proof

ROOT = Path(__file__).resolve().parents[2]


class Failed(Exception):
    """A step does not hold; the text says what was seen."""


@dataclass(frozen=True)
class Proof:
    """*step* is called as `step(seed, number)` for each number below *count*; it returns what it saw, or fails.

    What it returns for the last step stands in the result.
    """

    issue: str
    name: str
    seed: int
    count: int
    step: Callable[[int, int], str]

    @property
    def full_name(self) -> str:
        return f"{self.issue}-{self.name}"


@dataclass(frozen=True)
class State:
    """How far a proof is; once *result* is set it is over."""

    issue: str
    name: str
    commit: str
    seed: int
    count: int
    done: int = 0
    duration_s: float = 0.0
    result: str = ""
    """`pass`, `fail`, or nothing yet."""
    seen: str = ""


@dataclass(frozen=True)
class Shelf:
    """Where progress and results lie."""

    progress: Path = ROOT / "build" / "proof"
    results: Path = ROOT / "docs" / "proof"

    def state(self, proof: Proof, commit: str) -> State:
        """The progress made for this commit, or a beginning."""
        beginning = State(proof.issue, proof.name, commit, proof.seed, proof.count)
        path = self.progress / f"{proof.full_name}.json"
        if not path.exists():
            return beginning
        kept = State(**json.loads(path.read_text()))
        same = (kept.commit, kept.seed, kept.count) == (commit, proof.seed, proof.count)
        return kept if same and not kept.result else beginning

    def keep(self, state: State) -> None:
        """Keep progress; a result goes where it can be committed."""
        folder = self.results if state.result else self.progress
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{state.issue}-{state.name}.json").write_text(json.dumps(asdict(state), indent=2) + "\n")
        if state.result:
            (self.progress / f"{state.issue}-{state.name}.json").unlink(missing_ok=True)


def run(proof: Proof, commit: str, shelf: Shelf | None = None) -> State:
    """Do the steps that are still to do, and keep each."""
    shelf = shelf or Shelf()
    state = shelf.state(proof, commit)
    while not state.result:
        state = _after_step(proof, state)
        shelf.keep(state)
    return state


def _after_step(proof: Proof, state: State) -> State:
    started = time.monotonic()
    try:
        seen, held = proof.step(proof.seed, state.done), True
    except Failed as failure:
        seen, held = str(failure), False
    took = round(state.duration_s + time.monotonic() - started, 3)
    done = state.done + held
    over = "fail" if not held else "pass" if done == proof.count else ""
    return replace(state, done=done, duration_s=took, result=over, seen=seen)


def proofs() -> Iterator[Proof]:
    """Every proof there is, in order."""
    for found in sorted(pkgutil.walk_packages(proof.__path__, f"{proof.__name__}."), key=lambda each: each.name):
        if ".issue_" in found.name and not found.ispkg:
            yield importlib.import_module(found.name).PROOF


def current_commit() -> str:
    """The commit that is checked out, marked `-dirty` if anything but results differs from it."""
    commit = _git("rev-parse", "HEAD")
    changed = _git("status", "--porcelain", "--", ":(exclude)docs/proof")
    return f"{commit}-dirty" if changed else commit


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
