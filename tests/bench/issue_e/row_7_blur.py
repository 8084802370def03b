"""Can a code be read with visus 0.3 from where it is to be read? Boards are blurred by the model, then read by OCR.

Letters are the smallest that the model allows on the usual screen of each layout. The control is the same at half the
size: if it were read as well, the test would say nothing.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser

from signage.layout import Layout
from signage.legible import blur_px
from tests.bench.harness import Figure, note
from tests.e2e.chromium import chromium
from tests.e2e.monitor_reading import Read, random_boards, read_board, smallest_face
from tests.e2e.monitor_scene import opened, shown

BOARDS = int(os.environ.get("BOARDS", "200"))
LEAST = 0.95
SHARES = {Layout.WAITING_ROOM: 0.4, Layout.PORTRAIT: 0.2, Layout.ENTRANCE: 0.2, Layout.DOOR: 0.2}
HALF = 0.5
SEED = 7301


def measure() -> Figure:
    """The share of codes that are read without a mistake, against that at half the size."""
    with chromium() as browser:
        read = _all(browser, 1.0, BOARDS)
        control = _all(browser, HALF, BOARDS // 4)
    note(f"{read.right} of {read.codes} codes; at half the size {control.right} of {control.codes}; seed {SEED}")
    return Figure(
        issue="E",
        row=7,
        name=f"ticket codes read by OCR at visus 0.3, {BOARDS} boards on all layouts (control: half as large)",
        value=round(read.share, 4),
        unit="of codes",
        target=f">= {LEAST}, control clearly worse",
        ok=read.share >= LEAST and control.share <= read.share / 2,
        baseline=round(control.share, 4),
        ratio=round(read.share / max(control.share, 0.001), 2),
    )


def _all(browser: Browser, times: float, count: int) -> Read:
    total = Read()
    for place, (layout, share) in enumerate(SHARES.items()):
        one = on_layout(browser, layout, times, round(count * share), SEED + place)
        note(f"{layout}, letters {times:g} times the smallest: {one.right} of {one.codes}")
        total += one
    return total


def on_layout(browser: Browser, layout: Layout, times: float, count: int, seed: int) -> Read:
    """Read *count* random boards on one layout."""
    face = smallest_face(layout, times)
    note(f"{layout}: blur of {blur_px(face.glass, face.reading):.1f} pixels")
    total = Read()
    with TemporaryDirectory() as folder, shown(Path(folder), face) as program, opened(browser, program) as page:
        for given in random_boards(seed, count):
            total += read_board(program, page, **given)
    return total
