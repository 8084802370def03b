"""A doctor calls; until the monitor has painted it. Centre, room agent, monitor program and Chromium are the real ones.

Both pages are in one browser on one machine, so their clocks agree. Painted is what was in the frame before the second
animation frame after the change (WHATWG HTML, 8.1.7.3).
"""

import statistics
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.bench.harness import Figure, note, percentile
from tests.bench.issue_a.room import FETCH
from tests.bench.plot import Plot, distribution, save
from tests.e2e.stage import PATIENCE_MS, Stage, stage, wait_for

CALLS = 40
LIMIT_MS = 250
DOCTOR = "weiss"
SERVICE = "Allgemeinmedizin, 20 Minuten, mit Blutdruck"

WATCH = """() => {
  window.painted = [];
  let before = '';
  const look = () => {
    const called = document.querySelector('.sign')?.dataset.called ?? '';
    if (called === before) return;
    before = called;
    requestAnimationFrame(() => requestAnimationFrame(() => window.painted.push(Date.now())));
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true });
  look();
}"""
PRESS = """([path, body]) => {
  const now = Date.now();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  fetch(path, { method: 'POST', headers, body, redirect: 'manual' });
  return now;
}"""


@dataclass
class Room:
    """The doctor's page and the monitor's; *visit_id* is whom she calls."""

    doctor: Page
    monitor: Page
    visit_id: str
    seen: int = 0

    def call(self) -> float:
        """Call; the milliseconds until it was painted."""
        return self._until_painted("/arzt/aufrufen")

    def put_back(self) -> float:
        """Put back whom she called, so that she can be called again."""
        return self._until_painted(f"/arzt/reihe/{self.visit_id}/zurueckstellen", "grund=not-ready")

    def _until_painted(self, path: str, body: str = "") -> float:
        pressed: float = self.doctor.evaluate(PRESS, [path, body])
        self.seen += 1
        wait_for(lambda: self._painted() >= self.seen, timeout_s=20, what=f"the monitor shows {path}")
        painted: float = self.monitor.evaluate("(which) => window.painted[which]", self.seen - 1)
        return painted - pressed

    def _painted(self) -> int:
        return int(self.monitor.evaluate("() => window.painted.length"))


def measure() -> Figure:
    with stage() as on:
        room = _room(on)
        base = float(room.doctor.evaluate(FETCH))
        room.call()  # the first one compiles templates and statements
        room.put_back()
        times = []
        for _ in range(CALLS):
            times.append(room.call())
            room.put_back()
    value = percentile(times, 0.95)
    save(
        Plot("a doctor's call → painted on the monitor", "ms", "share of calls", [distribution("calls", times)]), "e-4"
    )
    note(f"call → painted: median {statistics.median(times):.0f} ms, longest {max(times):.0f} ms, n = {len(times)}")
    return Figure(
        issue="E",
        row=4,
        name=f"event → pixel on a monitor, p95 of {CALLS}",
        value=round(value, 1),
        unit="ms",
        baseline=round(base, 2),
        ratio=round(value / base, 1),
        target=f"≤ {LIMIT_MS} ms",
        ok=value <= LIMIT_MS,
    )


def _room(on: Stage) -> Room:
    """Somebody has come, and the monitor shows it."""
    monitor = on.open_monitor()
    on.sign_in("doctor", DOCTOR)
    assistant = on.sign_in("assistant")
    ticket = on.book(SERVICE)
    assistant.goto(on.programs.url("telemed") + "/assistenz")
    card = assistant.locator("[data-visit]").first
    card.wait_for(timeout=PATIENCE_MS)
    visit_id = card.get_attribute("data-visit") or ""
    assistant.evaluate(PRESS, [f"/assistenz/besuch/{visit_id}/ist-da", ""])
    on.shows(ticket)
    monitor.evaluate(WATCH)
    return Room(on.page("doctor"), monitor, visit_id)
