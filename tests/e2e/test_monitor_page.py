"""The monitor's page in Chromium: readable from where it is read, nothing cut off, and honest when its program dies."""

from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from signage.layout import Face, Layout, made, usual
from signage.legible import Glass, Reading
from signage.screen import Line
from telemed.kit.clock import real_now
from telemed.kit.i18n import available
from tests.e2e.monitor_scene import (
    LOW,
    PHONE,
    STATES,
    bring,
    keep,
    misplaced,
    opened,
    settled,
    shown,
    too_small,
    violations,
    wrong_glyphs,
)

pytestmark = pytest.mark.e2e

LOOKED_AT_BY_AXE = {"full", "ask", "way", "emergency", "dark"}
"""Axe takes half a second; the bench (row 6) runs it on every state."""
TIGHT = {
    Layout.WAITING_ROOM: made(Layout.WAITING_ROOM, Glass(1920, 1080, 42.8), Reading(5, 0.3)),
    Layout.PORTRAIT: made(Layout.PORTRAIT, Glass(1080, 1920, 39), Reading(4, 0.3)),
    Layout.ENTRANCE: made(Layout.ENTRANCE, Glass(1280, 720, 42.2), Reading(3.5, 0.3)),
    Layout.DOOR: made(Layout.DOOR, Glass(800, 480, 9.2), Reading(1.2, 0.3)),
}
"""Screens on which each layout only just fits."""


def test_a_tight_screen_leaves_hardly_anything_free() -> None:
    for face in TIGHT.values():
        assert 1 <= face.sizes.words / face.least.words < 1.12


@pytest.mark.parametrize("face", [*TIGHT.values()], ids=lambda face: str(face.layout))
def test_every_state_is_readable_and_nothing_is_cut_off(browser: Browser, tmp_path: Path, face: Face) -> None:
    languages = cycle(available())
    with shown(tmp_path, face) as program, opened(browser, program) as page:
        for name, given in STATES.items():
            language = next(languages)
            bring(program, page, languages=(language,), **given())
            keep(page, f"{face.layout}-{name}-{language}")
            where = (name, language)
            assert (where, misplaced(page)) == (where, [])
            assert (where, wrong_glyphs(page)) == (where, [])
            assert (where, page.evaluate(LOW)) == (where, [])
            assert (where, too_small(page, face) if name != "dark" else []) == (where, [])
            if name in LOOKED_AT_BY_AXE:
                assert (where, violations(page)) == (where, [])


@pytest.mark.parametrize("layout", [*Layout])
def test_in_a_small_window_text_flows(browser: Browser, tmp_path: Path, layout: Layout) -> None:
    with shown(tmp_path, usual(layout)) as program:
        program.board(**STATES["full"]())
        with opened(browser, program, PHONE) as page:
            settled(page)
            keep(page, f"{layout}-small")
            assert misplaced(page) == []


def test_what_the_stream_brings_is_shown_at_once_and_a_call_is_highlighted(browser: Browser, tmp_path: Path) -> None:
    with shown(tmp_path) as program, opened(browser, program) as page:
        program.board()
        expect(page.locator(".row-called .code")).to_have_text("K 47", timeout=1000)
        expect(page.locator(".just-called")).to_be_visible(timeout=1000)
        expect(page.locator(".just-called")).to_have_count(0, timeout=4000)
        program.line(Line.BARRED)
        expect(page.get_by_text("nicht mehr zugelassen")).to_be_visible(timeout=1000)
        expect(page.locator(".row")).to_have_count(0)
        keep(page, "barred")
        assert misplaced(page) == []
        assert violations(page) == []


def test_the_clock_of_the_page_is_the_exercise_clock_and_the_picture_moves_against_burn_in(
    browser: Browser, tmp_path: Path
) -> None:
    offset = timedelta(hours=5, minutes=7)
    now = real_now() + offset
    with shown(tmp_path) as program:
        program.board(as_of=now, centre_heard=now, clock_offset_s=offset.total_seconds(), exercise=True, opens=None)
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.clock.install(time=real_now())
        page.goto(program.url)
        before = page.locator(".clock").inner_text()
        stood = page.locator("main").bounding_box()
        page.clock.fast_forward("01:00")
        expect(page.locator(".clock")).not_to_have_text(before)
        assert page.locator("main").bounding_box() == stood
        page.clock.fast_forward("05:00")
        moved = page.locator("main").bounding_box()
        assert stood is not None
        assert moved is not None
        assert (moved["x"] - stood["x"], moved["y"] - stood["y"]) == (4, 0)
        page.close()


def test_a_page_whose_own_program_died_says_so_and_trusts_nothing_after_two_minutes(
    browser: Browser, tmp_path: Path
) -> None:
    with shown(tmp_path) as program:
        program.board()
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.clock.install(time=real_now())
        page.goto(program.url)
        expect(page.locator(".row")).to_have_count(4)
    page.clock.run_for(8_000)
    expect(page.get_by_text("Diese Anzeige steht still. Stand")).to_be_visible()
    keep(page, "still")
    assert misplaced(page) == []
    assert violations(page) == []
    page.clock.run_for(120_000)
    expect(page.locator(".row")).to_have_count(0)
    expect(page.get_by_text("Bitte fragen Sie am Empfang.")).to_be_visible()
    keep(page, "still-ask")
    assert misplaced(page) == []
    assert violations(page) == []
    page.close()
