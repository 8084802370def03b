"""The bench finds its rows, prints one JSON line each, and draws."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.bench.harness import Figure, percentile, rows, run
from tests.bench.plot import Curve, Plot, distribution, drawn, save


def test_the_rows_are_found_in_order() -> None:
    names = [name for name, _ in rows()]
    assert "issue_a.row_8_sizes" in names
    assert names == sorted(names)


def test_a_figure_is_one_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    run(["row_8_sizes"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["name"] for line in lines] == ["longest function", "longest module"]
    assert {"issue", "row", "value", "unit", "baseline", "ratio", "target", "ok"} <= set(lines[0])


def test_a_figure_without_a_baseline_says_so() -> None:
    figure = Figure(issue="a", row=1, name="fresh", value="pass", unit="", target="pass", ok=True)
    assert json.loads(str(figure))["baseline"] is None


@pytest.mark.parametrize(("share", "expected"), [(0.5, 10), (0.95, 19), (1.0, 20), (0.01, 1)])
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: int) -> None:
    assert percentile(range(1, 21), share) == expected


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="needs values"):
        percentile([], 0.5)


def test_a_plot_is_well_formed_and_escapes_its_words(tmp_path: Path) -> None:
    plot = Plot("a < b", "ms", "share", [distribution("p & q", [3, 1, 2])], targets=[0.95])
    tree = ElementTree.parse(save(plot, "delays", tmp_path))
    words = [node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a < b", "p & q"} <= set(words)


def test_a_plot_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a point"):
        drawn(Plot("nothing", "x", "y", [Curve("empty", [])]))
