"""Letters are as large as distance and sight ask for, measured in the fonts that we really use."""

import math
import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from fontTools.pens.boundsPen import BoundsPen
from fontTools.ttLib import TTFont
from typer.testing import CliRunner

from schemas.day import DIGITS, LETTERS
from signage.__main__ import commands
from signage.layout import USUAL, Layout, Unreadable, made, needed, stylesheet, usual
from signage.legible import BLUR_ARCMIN, DIGITS_CAP, LETTERS_CAP, Glass, Reading, blur_px, letter_mm, smallest
from signage.settings import Settings, face
from telemed.kit.settings import BadSetting
from telemed.web.pages import STATIC

FONTS = STATIC / "vendor" / "fonts"
SHEETS = [
    STATIC / "css" / "tokens.css",
    Path(__file__).parents[2] / "signage" / "static" / "sign.css",
]
PAIRS = {
    ("--paper", "--night"): 10,
    ("--paper", "--row"): 10,
    ("--paper", "--row-next"): 10,
    ("--night", "--paper"): 10,
    ("--amber", "--night"): 7,
    ("--amber", "--row"): 7,
    ("--amber", "--row-next"): 7,
    ("--ink", "--amber"): 7,
    ("--ink", "--truth"): 7,
    ("--dim", "--black"): 7,
}
"""Text on ground, and the contrast that it must have at least; codes stand in the first four."""


@pytest.mark.parametrize(
    ("font", "characters", "cap"),
    [
        ("atkinson-hyperlegible-next-latin-wght-normal.woff2", LETTERS, LETTERS_CAP),
        ("inter-latin-wght-normal.woff2", DIGITS, DIGITS_CAP),
    ],
)
def test_the_heights_are_those_of_the_font_files(font: str, characters: str, cap: float) -> None:
    file = TTFont(FONTS / font)
    assert file["OS/2"].sCapHeight / file["head"].unitsPerEm == pytest.approx(cap, abs=0.001)
    glyphs, names = file.getGlyphSet(location={"wght": 700}), file.getBestCmap()
    for character in characters:
        pen = BoundsPen(glyphs)
        glyphs[names[ord(character)]].draw(pen)
        assert pen.bounds[3] / file["head"].unitsPerEm >= cap - 0.001, character


def test_the_model_gives_the_published_heights() -> None:
    assert [letter_mm(metres, 0.7) for metres in (3, 5)] == pytest.approx([15, 25])
    assert [letter_mm(metres, 0.3) for metres in (3, 5)] == pytest.approx([35, 58.3], abs=0.1)
    sizes = smallest(Glass(1920, 1080, 43), Reading(5, 0.3))
    assert sizes.letter * LETTERS_CAP == pytest.approx(sizes.digits * DIGITS_CAP) == pytest.approx(117.7, abs=0.1)
    assert (sizes.words, sizes.small) == pytest.approx((75.5, 45.3), abs=0.1)


def test_blur_passes_5_percent_of_the_finest_grating_that_is_still_seen() -> None:
    for visus in (0.3, 0.7, 1.0):
        sigma_arcmin, finest_per_arcmin = BLUR_ARCMIN / visus, 30 * visus / 60
        passed = math.exp(-2 * (math.pi * sigma_arcmin * finest_per_arcmin) ** 2)
        assert passed == pytest.approx(0.05, abs=0.001)
    assert blur_px(Glass(1920, 1080, 43), Reading(5, 0.3)) == pytest.approx(7.6, abs=0.1)


def test_no_layout_is_ever_given_letters_below_the_model() -> None:
    given = refused = 0
    for layout, inches, metres, visus in product(Layout, (10, 20, 32, 43, 65), (1, 2, 3, 5, 8), (0.2, 0.3, 0.5, 1.0)):
        glass = replace(USUAL[layout][0], inches=inches)
        try:
            look = made(layout, glass, Reading(metres, visus))
        except Unreadable:
            refused += 1
            continue
        given += 1
        assert look.sizes.digits >= look.least.digits
        box = needed(layout, look.sizes)
        assert box.width <= glass.width + 0.1
        assert box.height <= glass.height + 0.1
    assert given > 50
    assert refused > 50


@pytest.mark.parametrize("layout", [*Layout])
def test_what_is_usual_can_be_read_and_its_sizes_are_served(layout: Layout) -> None:
    look = usual(layout)
    css = stylesheet(look)
    assert f"--digits: calc({look.sizes.digits:.2f} * var(--u))" in css
    assert face(Settings("http://agent", Path("state"), layout=layout)) == look


def test_the_refusal_gives_the_figures_at_which_it_would_be_read() -> None:
    with pytest.raises(BadSetting, match=r"codes must be 93 mm high; it fits from 68.3 inches on, or up to 5 m") as bad:
        face(Settings("http://agent", Path("state"), distance_m=8))
    assert "\n" not in str(bad.value)
    inches = float(re.search(r"from ([\d.]+) inches", str(bad.value)).group(1))  # type: ignore[union-attr]  # matched
    assert face(Settings("http://agent", Path("state"), distance_m=8, inches=inches))
    with pytest.raises(BadSetting):
        face(Settings("http://agent", Path("state"), distance_m=8, inches=inches - 0.2))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DISTANCE_M", "12", "unreadable: waiting-room does not fit"),
        ("DOOR_DISTANCE_M", "4", "unreadable: door sign does not fit"),
        ("LAYOUT", "ceiling", "TELEMED_SIGNAGE_LAYOUT is none of waiting-room, portrait, entrance, door"),
        ("VISUS", "3", "TELEMED_SIGNAGE_VISUS is 3, not between 0.1 and 1"),
        ("DOOR_INCHES", "1", "TELEMED_SIGNAGE_DOOR_INCHES is 1, not between 3 and 120"),
    ],
)
def test_a_monitor_that_could_not_be_read_does_not_start(tmp_path: Path, name: str, value: str, said: str) -> None:
    needed_too = {"TELEMED_SIGNAGE_AGENT_URL": "http://agent", "TELEMED_SIGNAGE_STATE_DIR": str(tmp_path)}
    answer = CliRunner().invoke(commands, ["serve"], env={**needed_too, f"TELEMED_SIGNAGE_{name}": value})
    assert answer.exit_code == 2
    assert answer.output.startswith(said)
    assert answer.output.count("\n") == 1


def test_every_pair_of_text_and_ground_has_its_contrast() -> None:
    text = "".join(sheet.read_text(encoding="utf-8") for sheet in SHEETS)
    tokens = dict(re.findall(r"(--[a-z-]+): (#[0-9a-f]{6});", text))
    for (ink, ground), least in PAIRS.items():
        assert contrast(tokens[ink], tokens[ground]) >= least, (ink, ground)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
