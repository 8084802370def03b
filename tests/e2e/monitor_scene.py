"""One monitor's program with a browser before it: a test changes what it heard, and looks at what stands there."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession, Page, ViewportSize

from schemas.board import Announced, Board, DelayReason, RoomState, RowState
from schemas.day import Arrow, Way
from signage.app import create_app
from signage.feed import Bulletin, Feed, Pace
from signage.languages import SHOWN_S
from signage.layout import Face, Layout, usual
from signage.pairing import Identity
from signage.screen import Line
from signage.sounds import Loudspeaker
from signage.wiring import Monitor
from telemed.kit.clock import real_now
from tests.e2e.chromium import AXE
from tests.e2e.shots import shot
from tests.serving import Serving, served_beside
from tests.signage.boards import full_rows, make_board, make_row

PHONE = ViewportSize(width=360, height=740)
OURS = {"Atkinson Hyperlegible Next", "Inter", "Inter Variable", "Noto Sans Arabic"}
"""The families inside our font files, as the browser names them."""

CLIPPED = """() => [...document.querySelectorAll('#board *, #still *')].filter(e => {
  if (!e.getClientRects().length || e.closest('svg') || e.matches('.unseen')) return false;
  const r = e.getBoundingClientRect();
  const wide = r.right > innerWidth + 1 || r.left < -1;
  const end = innerWidth > 700 ? innerHeight : document.documentElement.scrollHeight;
  const low = r.bottom + scrollY > end + 1;
  return wide || low || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0;
}).map(e => e.className + ': ' + e.textContent.trim().slice(0, 40))"""
OVERLAPPING = """() => {
  const boxes = [...document.querySelectorAll(
    '.bars, .head, .row, .message, .the-way, .hours, .door, .second, .foot, .night, .announced')]
    .filter(e => e.getClientRects().length);
  const name = e => e.className;
  const out = [];
  boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {
    if (a.contains(b) || b.contains(a)) return;
    const r = a.getBoundingClientRect(), s = b.getBoundingClientRect();
    if (r.left < s.right - 1 && s.left < r.right - 1 && r.top < s.bottom - 1 && s.top < r.bottom - 1)
      out.push(name(a) + ' / ' + name(b)); }));
  document.querySelectorAll('.row, .door, .place, .message, .announced').forEach(box => {
    const r = box.getBoundingClientRect();
    box.querySelectorAll('.code, .status-line, img, p, p > svg').forEach(e => { const s = e.getBoundingClientRect();
      if (s.top < r.top - 1 || s.bottom > r.bottom + 1 || s.left < r.left - 1 || s.right > r.right + 1)
        out.push('out of its box: ' + e.getAttribute('class') + ' in ' + box.className); }); });
  return out;
}"""
LOW = """() => {
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => { const [r, g, b] = c.map(v => linear(v / 255)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const parts = text => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const ground = e => { for (let x = e; x; x = x.parentElement) { const c = parts(getComputedStyle(x).backgroundColor);
    if (c.length === 3 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  return [...document.querySelectorAll('#board *, #still *')].filter(e => e.getClientRects().length
    && !e.matches('.unseen') && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())).map(e => {
      const [a, b] = [light(parts(getComputedStyle(e).color)), light(ground(e))];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return [ratio, e.closest('.code') ? 10 : 7, e.className + ': ' + e.textContent.trim()]; })
    .filter(([ratio, least]) => ratio < least);
}"""
SMALL = """(least) => [...document.querySelectorAll('#board *, #still *')].filter(e => e.getClientRects().length
    && !e.matches('.unseen') && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())
    && parseFloat(getComputedStyle(e).fontSize) < (e.matches('.letter') ? least.letter
      : e.closest('.code') ? least.digits
      : e.closest('.status-line, .door, .message, .the-way, .announced, h1:not(.unseen)') ? least.words
      : least.small) - 0.1)
  .map(e => e.className + ': ' + e.textContent.trim())"""
TEXTS = """() => { const found = [...document.querySelectorAll('#board *, #still *')]
    .filter(e => e.getClientRects().length && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()));
  found.forEach((e, i) => e.setAttribute('data-looked-at', String(i))); return found.length; }"""

WAY = Way(picture="owl", arrow=Arrow.LEFT, text="Erdgeschoss, zweite Tür links")
LATE = make_row(RowState.NEXT, delay=(100, 120), picture="elephant", letter="W", digits="88")
LONG = {"room_name": "Behandlungszimmer Erdgeschoss", "simulated": True}
DEMO = {"simulated": True, "exercise": True}
Given = dict[str, Any]


def ago(**by: int) -> Given:
    moment = real_now() - timedelta(**by)
    return {"as_of": moment, "centre_heard": moment}


def open_from(hours: float, until: float) -> Given:
    """Opening hours, in hours from now."""
    now = real_now()
    return {"opens": now + timedelta(hours=hours), "closes": now + timedelta(hours=until)}


STATES: dict[str, Callable[[], Given]] = {
    "full": lambda: {**DEMO, "more": 3, "reason": DelayReason.LONGER},
    "plain": dict,
    "wide": lambda: {
        "rows": (full_rows()[0], LATE, LATE, LATE),
        "more": 12,
        **DEMO,
        "centre_heard": real_now() - timedelta(minutes=12),
        "reason": DelayReason.LATE_START,
    },
    "long-name": lambda: {**LONG, "room_state": RoomState.CLEANING, "reason": DelayReason.EMERGENCY},
    "centre-never": lambda: {"centre_heard": None, "reason": DelayReason.TECHNICAL},
    "nobody": lambda: {"rows": (), "room_state": RoomState.FREE},
    "occupied": lambda: {"rows": full_rows()[1:], "room_state": RoomState.OCCUPIED, "reason": DelayReason.INTERRUPTED},
    "old": lambda: {**ago(seconds=40), **DEMO, "more": 3},
    "ask": lambda: {**ago(minutes=3), **DEMO},
    "ask-long-name": lambda: {**ago(minutes=3), **LONG},
    "way": lambda: {**ago(minutes=11), "simulated": True},
    "no-way": lambda: {**ago(minutes=11), "way": None},
    "closed": lambda: {"rows": (), "room_state": RoomState.FREE, **open_from(0.3, 8)},
    "emergency": lambda: {**DEMO, "announced": Announced.EMERGENCY},
    "leave": lambda: {**ago(seconds=30), "announced": Announced.LEAVE},
    "closed-today": lambda: {**LONG, "announced": Announced.CLOSED},
    "dark": lambda: {"rows": (), "room_state": RoomState.FREE, **open_from(-9, -1)},
}


class Hand:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@dataclass(frozen=True)
class Shown:
    """One monitor's program in a thread of its own; a test changes what it heard."""

    monitor: Monitor
    server: Serving
    hand: Hand

    @property
    def url(self) -> str:
        return self.server.address

    @property
    def bulletin(self) -> Bulletin:
        return self.monitor.bulletin

    def board(self, **given: object) -> None:
        """A board is heard that may be older than the last, and in its turn of the second line's languages."""

        def heard() -> None:
            self.hand.now_s += SHOWN_S
            self.bulletin.heard = None
            self.bulletin.take(fresh(**given))

        self.server.change(heard)

    def line(self, line: Line) -> None:
        self.server.change(lambda: self.bulletin.stands(line))


def fresh(**given: object) -> Board:
    values: Given = {"as_of": real_now(), "centre_heard": real_now(), "way": WAY, **open_from(-1, 8)}
    return make_board(**{**values, **given})


@contextmanager
def shown(folder: Path, face: Face | None = None, *, loudspeaker: Loudspeaker | None = None) -> Iterator[Shown]:
    """A monitor without an agent."""
    hand = Hand()
    bulletin = Bulletin(seconds=hand)
    bulletin.stands(Line.UP)
    feed = Feed("http://127.0.0.1:1", Identity.load_or_make(folder), bulletin, pace=Pace())
    monitor = Monitor(bulletin, feed, face or usual(Layout.WAITING_ROOM), loudspeaker)
    with served_beside(create_app(monitor)) as server:
        yield Shown(monitor, server, hand)


def glass_of(face: Face) -> ViewportSize:
    return ViewportSize(width=face.glass.width, height=face.glass.height)


@contextmanager
def opened(browser: Browser, program: Shown, viewport: ViewportSize | None = None) -> Iterator[Page]:
    """The monitor's page; whatever it complains of is an error."""
    page = browser.new_page(viewport=viewport or glass_of(program.monitor.face))
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(program.url)
    yield page
    page.close()
    assert problems == []


def bring(program: Shown, page: Page, **given: object) -> None:
    """Let the stream bring a board, and wait until it stands there with all its fonts and pictures."""
    page.evaluate("() => { document.querySelector('.sign').dataset.before = 'yes'; }")
    program.board(**given)
    page.wait_for_function("() => !document.querySelector('.sign').dataset.before")
    settled(page)


def settled(page: Page) -> None:
    """Wait for fonts and pictures."""
    page.wait_for_function(
        "() => document.fonts.status === 'loaded' && [...document.images].every(i => i.complete && i.naturalWidth)"
    )


def keep(page: Page, name: str) -> None:
    """Keep a picture for people to look at, where SHOTS names a folder."""
    folder = os.environ.get("SHOTS")
    if folder:
        shot(page, f"{folder}/monitor-{name}-{page.evaluate('innerWidth')}.png", full_page=True)


def wrong_glyphs(page: Page) -> list[str]:
    """Texts for which the browser took another font than ours: a character that ours lack."""
    client: CDPSession = page.context.new_cdp_session(page)
    client.send("DOM.enable")
    client.send("CSS.enable")
    page.evaluate(TEXTS)
    root = client.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    found = client.send("DOM.querySelectorAll", {"nodeId": root, "selector": "[data-looked-at]"})["nodeIds"]
    wrong = []
    for node in found:
        for font in client.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]:
            if not font["isCustomFont"] or not any(font["familyName"].startswith(ours) for ours in OURS):
                wrong.append(f"{font['familyName']} for {font['glyphCount']} glyphs of node {node}")
    client.detach()
    return wrong


def misplaced(page: Page) -> list[str]:
    """What is clipped, flows over, or lies upon another."""
    return [*page.evaluate(CLIPPED), *page.evaluate(OVERLAPPING)]


def violations(page: Page) -> list[tuple[str, object]]:
    """What axe finds."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]]


def too_small(page: Page, face: Face) -> list[str]:
    """Texts smaller than the model of reading asks for on this glass."""
    least = face.least
    return list(
        page.evaluate(
            SMALL, {"digits": least.digits, "letter": least.letter, "words": least.words, "small": least.small}
        )
    )
