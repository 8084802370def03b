"""A proof goes on where it was stopped, and says for which commit it holds."""

import json
from pathlib import Path

import pytest

from tests.proof.harness import Failed, Proof, Shelf, proofs, run


class PowerCut(Exception):
    pass


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(progress=tmp_path / "build", results=tmp_path / "docs")


def result(shelf: Shelf) -> dict[str, object]:
    found = json.loads((shelf.results / "x-made-up.json").read_text())
    assert isinstance(found, dict)
    return found


def made_up(step: object, count: int = 3) -> Proof:
    assert callable(step)
    return Proof(issue="x", name="made-up", seed=7, count=count, step=step)


def test_a_proof_that_holds_leaves_seed_count_duration_result_and_commit(shelf: Shelf) -> None:
    run(made_up(lambda seed, number: f"{seed}/{number}"), "abc", shelf)
    found = result(shelf)
    assert (found["seed"], found["count"], found["done"]) == (7, 3, 3)
    assert (found["result"], found["commit"], found["seen"]) == ("pass", "abc", "7/2")
    assert isinstance(found["duration_s"], float)


def test_a_proof_goes_on_where_it_was_stopped(shelf: Shelf) -> None:
    steps: list[int] = []

    def step(_seed: int, number: int) -> str:
        steps.append(number)
        if steps == [0, 1]:
            raise PowerCut
        return "seen"

    with pytest.raises(PowerCut):
        run(made_up(step), "abc", shelf)
    run(made_up(step), "abc", shelf)
    assert steps == [0, 1, 1, 2]


def test_another_commit_begins_anew(shelf: Shelf) -> None:
    steps: list[int] = []

    def step(_seed: int, number: int) -> str:
        steps.append(number)
        if len(steps) == 2:
            raise PowerCut
        return "seen"

    with pytest.raises(PowerCut):
        run(made_up(step), "abc", shelf)
    run(made_up(step), "def", shelf)
    assert steps == [0, 1, 0, 1, 2]


def test_a_step_that_fails_ends_the_proof_and_is_told(shelf: Shelf) -> None:
    def step(_seed: int, number: int) -> str:
        if number == 1:
            raise Failed("two winners")
        return "seen"

    assert run(made_up(step), "abc", shelf).result == "fail"
    assert (result(shelf)["seen"], result(shelf)["done"]) == ("two winners", 1)


def test_the_proof_of_a_fresh_system_is_found() -> None:
    assert "a-fresh" in {proof.full_name for proof in proofs()}
