"""Every letter that pages, monitors and notices may show is in a font that we bring, and is found there by the browser.

`tokens.css` names the fonts and which characters each is for; a character is covered where the file has a glyph for it
*and* the CSS asks that file. Arabic letters must have their joined forms too.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from schemas.day import DIGITS, LANGUAGES, LETTERS
from telemed.kit.i18n import for_people, words
from telemed.web.pages import STATIC, local_day

TOKENS = STATIC / "css" / "tokens.css"
PARAMETER = re.compile(r"\{\w+\}")
FILLED_IN = f"{LETTERS}{DIGITS}01 :–.,/+()äöüÄÖÜß"
"""What stands in parameters: codes, times, telephone numbers, names of rooms."""
NAMES = (
    "".join(chr(code) for code in (*range(0xC0, 0x100), *range(0x410, 0x450)))
    + "ĀāĂăĄąĆćĊċČčĎďĐđĒēĖėĘęĚěĞğĠġĢģĪīĮįİıĶķĹĺĻļĽľŁłŃńŅņŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŪūŮůŰűŲųŴŵŶŷŸŹźŻżŽžȘșȚț"
)
"""What stands in people's names, whatever the language of the page."""


@dataclass(frozen=True)
class Face:
    """One ``@font-face``: *asked* are the characters for which the browser looks into *file*."""

    family: str
    file: Path
    asked: frozenset[int]


@cache
def faces() -> tuple[Face, ...]:
    found = re.findall(r"@font-face \{(.*?)\}", TOKENS.read_text(encoding="utf-8"), re.DOTALL)
    return tuple(_face(rules) for rules in found)


def _face(rules: str) -> Face:
    family, url = re.search(r'font-family: "(.*?)"', rules), re.search(r'url\("/static/(.*?)"\)', rules)
    spans = re.search(r"unicode-range: (.*?);", rules, re.DOTALL)
    assert family
    assert url
    assert spans
    return Face(family[1], STATIC / url[1], frozenset(code for span in spans[1].split(",") for code in _codes(span)))


def _codes(span: str) -> range:
    first, _, last = span.strip().removeprefix("U+").partition("-")
    return range(int(first, 16), int(last or first, 16) + 1)


@cache
def glyphs(file: Path) -> frozenset[int]:
    with TTFont(file) as font:
        return frozenset(font.getBestCmap())


def stack(name: str) -> list[str]:
    """The families of a token of `tokens.css`, first choice first."""
    found = re.search(rf"{name}:(.*?);", TOKENS.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return re.findall(r'"(.*?)"', found[1])


def drawn(families: list[str]) -> set[int]:
    """The characters that the faces of *families* draw."""
    return {code for face in faces() if face.family in families for code in face.asked & glyphs(face.file)}


def missing(text: str, have: set[int]) -> str:
    """The characters of *text* that nobody draws; what has no picture needs none."""
    seen = {char for char in text if unicodedata.category(char) not in {"Cf", "Cc"}}
    return "".join(sorted(char for char in seen if ord(char) not in have))


def days(language: str) -> list[str]:
    """A year's weekdays and months, as notices write them."""
    return [
        local_day(datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=7 * n + n % 7), language) for n in range(52)
    ]


@pytest.mark.parametrize("token", ["--font", "--font-digits"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_of_every_language_is_in_a_font_that_we_bring(language: str, token: str) -> None:
    own = words(language).own() & for_people()
    texts = {key: words(language).text(key) for key in own}
    assert len(texts) > 100
    have = drawn(stack(token))
    holes = {key: missing(PARAMETER.sub("", text), have) for key, text in texts.items()}
    assert {key: hole for key, hole in holes.items() if hole} == {}
    assert missing(FILLED_IN + NAMES + "".join(days(language)), have) == ""


def test_arabic_letters_join() -> None:
    (arabic,) = [face for face in faces() if face.family == "Noto Sans Arabic"]
    with TTFont(arabic.file) as font:
        features = {record.FeatureTag for record in font["GSUB"].table.FeatureList.FeatureRecord}
        assert {"init", "medi", "fina"} <= features
        assert len(font.getGlyphOrder()) > 2 * len(font.getBestCmap())


def test_a_letter_that_no_font_draws_or_that_the_css_asks_nobody_for_would_be_found() -> None:
    assert missing("Ж", drawn(["Atkinson Hyperlegible Next"])) == "Ж"
    assert missing("ЖA", drawn(stack("--font"))) == ""
    assert missing("\u2068漢\u2069", drawn(stack("--font"))) == "漢"


def test_large_fonts_are_cut_to_what_we_write() -> None:
    sizes = {face.file.name: face.file.stat().st_size for face in faces()}
    assert max(sizes.values()) < 26_000
    assert sum(sizes.values()) < 76_000
