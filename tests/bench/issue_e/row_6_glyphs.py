"""Every layout in every state and every language: what is clipped, whose glyphs are missing, what axe objects to."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page

from signage.layout import Layout, usual
from telemed.kit.i18n import available
from tests.bench.harness import Figure, note
from tests.e2e.chromium import chromium
from tests.e2e.monitor_scene import STATES, Shown, bring, misplaced, opened, shown, violations, wrong_glyphs


def measure() -> Iterator[Figure]:
    """How much is wrong, counted over all of them."""
    wrong: Counter[str] = Counter()
    looked = 0
    with chromium() as browser:
        for layout in Layout:
            found, boards = _of_layout(browser, layout)
            wrong += found
            looked += boards
            note(f"{layout}: {boards} boards, wrong so far: {dict(wrong)}")
    for name in ("clipped or overlapping", "glyphs of a foreign font", "axe violations"):
        yield Figure(
            issue="E",
            row=6,
            name=f"{name}, {len(Layout)} layouts × {len(available())} languages × {len(STATES)} states ({looked})",
            value=wrong[name],
            unit="",
            target="0",
            ok=wrong[name] == 0 and looked == len(Layout) * len(available()) * len(STATES),
        )


def _of_layout(browser: Browser, layout: Layout) -> tuple[Counter[str], int]:
    wrong: Counter[str] = Counter()
    boards = 0
    with (
        TemporaryDirectory() as folder,
        shown(Path(folder), usual(layout)) as program,
        opened(browser, program) as page,
    ):
        for language in available():
            for state in STATES:
                boards += 1
                for name, found in _looked_at(program, page, state, language).items():
                    wrong[name] += len(found)
                    if found:
                        note(f"{layout} {state} {language}: {name}: {found[0]}")
    return wrong, boards


def _looked_at(program: Shown, page: Page, state: str, language: str) -> dict[str, list[object]]:
    bring(program, page, languages=(language,), **STATES[state]())
    return {
        "clipped or overlapping": [*misplaced(page)],
        "glyphs of a foreign font": [*wrong_glyphs(page)],
        "axe violations": [*violations(page)],
    }
