"""Every page in every language, narrow and wide: what axe finds, and what our own look at its layout finds."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from telemed.kit.i18n import available
from tests.bench.harness import Figure, note
from tests.databases import SqliteFiles, opened
from tests.e2e.chromium import chromium
from tests.e2e.every_page import PAGES, SENT
from tests.e2e.looks import by_axe, by_layout, in_forced_colours
from tests.e2e.walk import PEOPLE, WIDTHS, Check, Turn, walk
from tests.e2e.whole_centre import House, whole_centre

KINDS: dict[str, Check] = {"axe": by_axe, "layout": by_layout, "forced colours": in_forced_colours}


def measure() -> Iterator[Figure]:
    """How much is wrong, over all of them. What is sent by a form comes in a house of its own for each language."""
    languages = available()
    wrong: Counter[str] = Counter()
    looked = 0
    for language in languages:
        with (
            TemporaryDirectory() as folder,
            opened(SqliteFiles(Path(folder)).fresh_url()) as database,
            whole_centre(Path(folder) / "state", database) as house,
        ):
            house.app.state.languages = languages
            looked += _in_one(house, language, wrong)
        note(f"{language}: {looked} looks, wrong so far: {dict(wrong)}")
    pages = len(PAGES) + len(SENT)
    for name in KINDS:
        yield Figure(
            issue="F",
            row=2,
            name=f"{name}: {pages} pages × {len(languages)} languages × {len(WIDTHS)} widths ({looked} looks)",
            value=wrong[name],
            unit="findings",
            target="0",
            ok=wrong[name] == 0 and looked > 0,
        )


def _in_one(house: House, language: str, wrong: Counter[str]) -> int:
    """All pages for people in *language*, and once, with German, those for staff."""
    mine = [look for look in PAGES if look.who in PEOPLE or language == "de"]
    turns = [Turn(look, language, width) for look in mine for width in WIDTHS]
    turns += [Turn(look, language, WIDTHS[n % len(WIDTHS)]) for n, look in enumerate(SENT)]
    with chromium() as browser:
        for turn, found in walk(house, browser, turns, *(_named(name) for name in KINDS)):
            for one in found:
                wrong[one.partition(": ")[0]] += 1
                note(f"{turn}: {one}")
    return len(turns)


def _named(kind: str) -> Check:
    """The check, with its name before what it finds."""
    return lambda page: [f"{kind}: {one}" for one in KINDS[kind](page)]
