"""How the talk follows the line: the page's rules, played through with a line that is good, poor and good again."""

import json
import subprocess
from collections.abc import Iterable
from typing import Any

import pytest

from telemed.web.pages import STATIC
from tests.sizes import NODE

GOOD, POOR, NOTHING = "good", "poor", "nothing"


def ran(script: str, *arguments: object) -> Any:
    """What *script* prints as JSON; it knows the module as `adapt` and its arguments as `given`."""
    module = (STATIC / "js" / "adapt.js").as_uri()
    text = f"import * as adapt from '{module}'; const given = {json.dumps(arguments)}; {script}"
    done = subprocess.run([str(NODE), "--input-type=module", "-e", text], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


PLAY = """const steps = new adapt.Steps(); const seen = [];
let now = 0;
for (const [grade, seconds, answer] of given[0]) {
  if (answer) steps.answer(answer);
  for (let second = 0; second < seconds; second++) {
    now += 1000;
    if (grade === 'nothing') steps.nothing(now); else steps.look(grade, now);
  }
  seen.push([steps.want, steps.asks]);
}
console.log(JSON.stringify(seen));"""


def played(*parts: Iterable[object]) -> Any:
    return ran(PLAY, [list(part) for part in parts])


def test_a_poor_line_takes_the_picture_step_by_step_and_then_people_are_asked() -> None:
    assert played((GOOD, 60), (POOR, 2), (POOR, 2), (POOR, 4), (POOR, 60)) == [
        ["full", False],
        ["full", False],
        ["small", False],
        ["off", True],
        ["off", True],
    ]


def test_a_short_fright_changes_nothing() -> None:
    assert played((GOOD, 5), (POOR, 2), (GOOD, 5), (POOR, 2), (GOOD, 5))[-1] == ["full", False]


def test_a_line_that_is_gone_for_a_while_is_not_poor_and_costs_no_picture() -> None:
    outages = [(GOOD, 8), (POOR, 1), (NOTHING, 5), (POOR, 1)] * 10
    assert played(*outages)[-1] == ["full", False]
    assert played(*outages, (POOR, 2), (NOTHING, 40), (POOR, 2))[-1] == ["small", False]


def test_a_good_line_brings_the_picture_back_and_waits_longer_when_that_was_too_early() -> None:
    early = played((POOR, 8), (GOOD, 16), (POOR, 4), (GOOD, 16), (GOOD, 16))
    assert [want for want, _ in early] == ["off", "small", "off", "off", "small"]


def test_what_people_chose_holds_whatever_the_line_does_and_is_not_asked_again_at_once() -> None:
    assert played((POOR, 10), (POOR, 60, "off"), (GOOD, 120)) == [["off", True], ["off", False], ["off", False]]
    assert played((POOR, 10), (POOR, 1, "full"), (GOOD, 60))[-1] == ["full", False]


def test_a_question_that_is_not_needed_any_more_goes() -> None:
    assert [asks for _, asks in played((POOR, 10), (GOOD, 5), (GOOD, 10))] == [True, True, False]


@pytest.mark.parametrize(
    ("sample", "found"),
    [
        ((0.0, 0.0, 40), "good"),
        ((0.03, 0.0, 40), "fair"),
        ((0.06, 0.0, 40), "poor"),
        ((0.0, 0.12, 40), "poor"),
        ((0.0, 0.0, 900), "poor"),
        ((0.0, 0.0, None), "good"),
    ],
)
def test_speech_that_is_made_up_packets_that_are_lost_and_a_long_way_make_a_line_poor(
    sample: tuple[float, float, float | None], found: str
) -> None:
    concealed, lost, trip = sample
    told = {"concealed": concealed, "lost": lost, "roundTripMs": trip}
    assert ran("given[0].roundTripMs ??= NaN; console.log(JSON.stringify(adapt.grade(given[0])))", told) == found


def test_a_small_picture_is_at_most_640_by_360_and_none_stops_the_sending() -> None:
    small, off, full = ran(
        "console.log(JSON.stringify(given[0].map((each) => adapt.limits(...each))))",
        [["small", 1280, 720], ["off", 1280, 720], ["full", 1280, 720]],
    )
    assert (small["active"], small["scaleResolutionDownBy"], small["maxBitrate"]) == (True, 2, 800_000)
    assert not off["active"]
    assert (full["active"], full["scaleResolutionDownBy"]) == (True, 1)


def test_while_nothing_comes_the_picture_is_a_small_one_of_the_same_shape() -> None:
    small = ran("console.log(JSON.stringify(adapt.beginning(1280, 720)))")
    assert (small["active"], small["scaleResolutionDownBy"], small["maxBitrate"]) == (True, 4, 150_000)
    assert ran("console.log(JSON.stringify(adapt.beginning(320, 180).scaleResolutionDownBy))") == 1
