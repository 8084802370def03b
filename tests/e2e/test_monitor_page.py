"""The monitor's page in Chromium: readable from 5 m, nothing cut off, and honest when its own program dies."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from schemas.board import Board, RoomState, RowState
from signage.app import create_app
from signage.screen import Line
from signage.wiring import Monitor
from telemed.kit.clock import real_now
from tests.e2e.chromium import AXE
from tests.e2e.shots import shot
from tests.serving import Serving, served_beside
from tests.signage.boards import full_rows, make_board, make_row
from tests.signage.test_app import make_monitor

pytestmark = pytest.mark.e2e

MONITOR, PHONE = ViewportSize(width=1920, height=1080), ViewportSize(width=360, height=740)
SMALLEST_PX = {".code": 170, ".status-line, .status-line *": 76, "body *": 46}
"""At 43 inches and 5 m: letter height 3.5 mm × metres / visus 0.7 for codes, and in proportion."""

CLIPPED = """() => [...document.querySelectorAll('#board *, #still *')].filter(e => {
  if (!e.getClientRects().length || e.closest('svg')) return false;
  const r = e.getBoundingClientRect();
  const wide = r.right > innerWidth + 1 || r.left < -1;
  const end = innerWidth > 900 ? innerHeight : document.documentElement.scrollHeight;
  const low = r.bottom + scrollY > end + 1;
  return wide || low || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0;
}).map(e => e.className + ': ' + e.textContent.trim().slice(0, 40))"""
OVERLAPPING = """() => {
  const boxes = [...document.querySelectorAll('.bar, .head, .row, .message, .foot')]
    .filter(e => e.getClientRects().length);
  const name = e => e.className;
  const hit = (a, b) => { const r = a.getBoundingClientRect(), s = b.getBoundingClientRect();
    return r.left < s.right - 1 && s.left < r.right - 1 && r.top < s.bottom - 1 && s.top < r.bottom - 1; };
  const out = [];
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => { if (hit(a, b)) out.push(name(a) + ' / ' + name(b)); }));
  document.querySelectorAll('.row').forEach(row => { const r = row.getBoundingClientRect();
    row.querySelectorAll('.code, .status-line, img').forEach(e => { const s = e.getBoundingClientRect();
      if (s.top < r.top - 1 || s.bottom > r.bottom + 1) out.push('out of its row: ' + e.className); }); });
  return out;
}"""
SMALL = """(sizes) => Object.entries(sizes).flatMap(([selector, least]) =>
  [...document.querySelectorAll(selector)].filter(e => e.getClientRects().length
    && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
    && parseFloat(getComputedStyle(e).fontSize) < least - 0.01).map(e => selector + ': ' + e.textContent.trim()))"""
FONTS = """async () => { await document.fonts.ready;
  return [...document.fonts].filter(f => f.status === 'loaded').map(f => f.family.replaceAll('"', '')); }"""


@dataclass(frozen=True)
class Shown:
    """One monitor's program in a thread of its own; a test changes what it heard."""

    monitor: Monitor
    server: Serving

    @property
    def url(self) -> str:
        return self.server.address

    def change(self, what: Callable[[], object]) -> None:
        self.server.change(what)

    def board(self, **given: object) -> None:
        self.change(lambda: self.monitor.bulletin.take(fresh(**given)))


def fresh(**given: object) -> Board:
    return make_board(**{"as_of": real_now(), "centre_heard": real_now(), **given})


@contextmanager
def shown(folder: Path) -> Iterator[Shown]:
    monitor = make_monitor(folder)
    monitor.bulletin.stands(Line.UP)
    with served_beside(create_app(monitor)) as server:
        yield Shown(monitor, server)


def ago(**by: int) -> dict[str, object]:
    moment = real_now() - timedelta(**by)
    return {"as_of": moment, "centre_heard": moment}


LATE = make_row(RowState.NEXT, delay=(100, 120), picture="elephant", letter="W", digits="88")
STATES: dict[str, Callable[[], dict[str, object]]] = {
    "full": lambda: {"simulated": True, "exercise": True, "more": 3},
    "plain": dict,
    "wide": lambda: {
        "rows": (full_rows()[0], *(LATE.model_copy() for _ in range(3))),
        "more": 12,
        "simulated": True,
        "exercise": True,
        "centre_heard": real_now() - timedelta(minutes=12),
    },
    "long-name": lambda: {"room_name": "Behandlungszimmer Erdgeschoss", "room_state": RoomState.CLEANING},
    "centre-never": lambda: {"centre_heard": None, "simulated": True},
    "nobody": lambda: {"rows": (), "room_state": RoomState.FREE},
    "old": lambda: {**ago(seconds=40), "simulated": True, "exercise": True, "more": 3},
    "ask": lambda: {**ago(minutes=3), "simulated": True, "exercise": True},
    "ask-long-name": lambda: {**ago(minutes=3), "room_name": "Behandlungszimmer Erdgeschoss", "simulated": True},
    "way": lambda: {**ago(minutes=11), "simulated": True},
}


def keep(page: Page, name: str) -> None:
    """Keep a picture for people to look at, where SHOTS names a folder."""
    folder = os.environ.get("SHOTS")
    if folder:
        shot(page, f"{folder}/monitor-{name}-{page.evaluate('innerWidth')}.png", full_page=True)


def assert_in_order(page: Page, *, sizes: bool) -> None:
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    assert page.evaluate(CLIPPED) == []
    assert page.evaluate(OVERLAPPING) == []
    if sizes:
        assert page.evaluate(SMALL, SMALLEST_PX) == []
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    assert [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]] == []


@pytest.mark.parametrize("viewport", [MONITOR, PHONE], ids=["monitor", "phone"])
@pytest.mark.parametrize("state", list(STATES))
def test_every_state_is_readable_and_nothing_is_cut_off(
    browser: Browser, tmp_path: Path, state: str, viewport: ViewportSize
) -> None:
    with shown(tmp_path) as program:
        program.board(**STATES[state]())
        page = browser.new_page(viewport=viewport)
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(program.url)
        keep(page, state)
        assert_in_order(page, sizes=viewport is MONITOR)
        assert set(page.evaluate(FONTS)) >= {"Atkinson Hyperlegible Next", "Inter Digits"}
        assert problems == []
        page.close()


def test_what_the_stream_brings_is_shown_at_once_and_a_call_is_highlighted(browser: Browser, tmp_path: Path) -> None:
    with shown(tmp_path) as program:
        page = browser.new_page(viewport=MONITOR)
        page.goto(program.url)
        program.board()
        expect(page.locator(".row-called .code")).to_have_text("K 47", timeout=1000)
        expect(page.locator(".just-called")).to_be_visible(timeout=1000)
        expect(page.locator(".just-called")).to_have_count(0, timeout=4000)
        program.change(lambda: program.monitor.bulletin.stands(Line.BARRED))
        expect(page.get_by_text("nicht mehr zugelassen")).to_be_visible(timeout=1000)
        expect(page.locator(".row")).to_have_count(0)
        keep(page, "barred")
        assert_in_order(page, sizes=True)
        page.close()


def test_the_clock_of_the_page_is_the_exercise_clock(browser: Browser, tmp_path: Path) -> None:
    offset = timedelta(hours=5, minutes=7)
    now = real_now() + offset
    with shown(tmp_path) as program:
        program.board(as_of=now, centre_heard=now, clock_offset_s=offset.total_seconds(), exercise=True)
        page = browser.new_page(viewport=MONITOR)
        page.clock.install(time=real_now())
        page.goto(program.url)
        before = page.locator(".clock").inner_text()
        page.clock.fast_forward("01:00")
        expect(page.locator(".clock")).not_to_have_text(before)
        page.close()


def test_a_page_whose_own_program_died_says_so_and_trusts_nothing_after_two_minutes(
    browser: Browser, tmp_path: Path
) -> None:
    with shown(tmp_path) as program:
        program.board()
        page = browser.new_page(viewport=MONITOR)
        page.clock.install(time=real_now())
        page.goto(program.url)
        expect(page.locator(".row")).to_have_count(4)
    page.clock.run_for(8_000)
    expect(page.get_by_text("Diese Anzeige steht still. Stand")).to_be_visible()
    keep(page, "still")
    assert_in_order(page, sizes=True)
    page.clock.run_for(120_000)
    expect(page.locator(".row")).to_have_count(0)
    expect(page.get_by_text("Bitte fragen Sie am Empfang.")).to_be_visible()
    keep(page, "still-ask")
    assert_in_order(page, sizes=True)
    page.close()
