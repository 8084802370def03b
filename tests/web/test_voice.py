"""Whether a voice is heard: the page's rules."""

import json
import subprocess
from typing import Any

import pytest

from telemed.web.pages import STATIC
from tests.sizes import NODE


def ran(script: str, *arguments: object) -> Any:
    """What *script* prints as JSON; it knows the module as `voice` and its arguments as `given`."""
    module = (STATIC / "js" / "voice.js").as_uri()
    text = f"import * as voice from '{module}'; const given = {json.dumps(arguments)}; {script}"
    done = subprocess.run([str(NODE), "--input-type=module", "-e", text], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


LISTEN = """const ear = new voice.Ear(3000);
console.log(JSON.stringify(given[0].map((level, second) => ear.hear(level, 1000 * (second + 1)))));"""


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        ([0.1, 0, 0, 0, 0], ["good", "good", "good", "none", "none"]),  # a pause within a sentence is none
        ([0.005, 0, 0, 0.005], ["", "", "", "quiet"]),
        ([0, 0, 0, 0, 0.1], ["", "", "", "none", "good"]),
    ],
)
def test_the_loudest_moment_counts_and_nothing_is_said_too_early(levels: list[float], found: list[str]) -> None:
    assert ran(LISTEN, levels) == found


def test_after_a_silence_of_our_own_it_listens_anew() -> None:
    script = """const ear = new voice.Ear(1000); const said = [ear.hear(0, 1), ear.hear(0, 2000)];
ear.forget(); console.log(JSON.stringify([...said, ear.hear(0, 3000)]));"""
    assert ran(script) == ["", "none", ""]


def test_a_bar_goes_from_minus_sixty_decibel_to_full_scale() -> None:
    script = "console.log(JSON.stringify(given[0].map((level) => Math.round(100 * voice.bar(level)))));"
    assert ran(script, [0, 0.001, 0.01, 1, 2]) == [0, 0, 33, 100, 100]
    assert ran("console.log(voice.loudness(new Float32Array([1, -1, 1, -1])));") == 1


def test_the_loudness_of_a_second_is_what_the_browser_counted_in_it() -> None:
    module = (STATIC / "js" / "adapt.js").as_uri()
    script = f"""const {{ level }} = await import('{module}');
const at = (energy, seconds) => ({{ energy, seconds }});
console.log(JSON.stringify([level(at(1, 10), at(1.25, 11)), level(at(1, 10), at(1, 10))]));"""
    assert ran(script) == [0.5, 0]
