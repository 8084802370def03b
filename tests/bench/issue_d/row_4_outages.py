"""The doctor's network is gone for 5 s and for 40 s: until the page says so, and until each picture is back.

``OUTAGES`` (5) of 5 s and 2 of 40 s. There is no bare pair beside it: after 40 s that never comes back by itself.
"""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from playwright.sync_api import Page, sync_playwright

from tests.bench.harness import Figure, note
from tests.bench.issue_c.thin_link import Link, link
from tests.bench.issue_d.calls import Calls, calls
from tests.bench.issue_d.probe import spread
from tests.bench.issue_d.setups import QUEUE_BYTES, RATE
from tests.e2e.stage import wait_for

SHORT_S, LONG_S = 5.0, 40.0
ROUNDS = {SHORT_S: int(os.environ.get("OUTAGES", "5")), LONG_S: int(os.environ.get("LONG_OUTAGES", "2"))}
LIMITS_MS = {SHORT_S: 1500.0, LONG_S: 2000.0}
TOLD_MS = 3000.0
PICTURES = {"device": "#exam-video", "talk": "#patient-video"}
WATCH = """(pictures) => {
  window.watch = { frames: {}, told: [] };
  for (const [name, selector] of Object.entries(pictures)) {
    const times = (window.watch.frames[name] = []);
    const video = document.querySelector(selector);
    const each = () => {
      times.push(Date.now());
      video.requestVideoFrameCallback(each);
    };
    video.requestVideoFrameCallback(each);
  }
  const bad = '#talk-state:is(.chip-warn, .chip-stop), #device-state:is(.chip-warn, .chip-stop)';
  new MutationObserver(() => document.querySelector(bad) && window.watch.told.push(Date.now()))
    .observe(document.body, { subtree: true, attributes: true, attributeFilter: ['class'] });
}"""
AFTER = "([name, at]) => (name ? window.watch.frames[name] : window.watch.told).find((each) => each > at) ?? 0"


@dataclass
class Outage:
    """Milliseconds, of each round. *back*: by picture."""

    told: list[float] = field(default_factory=list)
    back: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in PICTURES})


def first_after(page: Page, name: str, at_ms: float, *, within_s: float, what: str) -> float:
    wait_for(lambda: bool(page.evaluate(AFTER, [name, at_ms])), timeout_s=within_s, what=what)
    return float(page.evaluate(AFTER, [name, at_ms])) - at_ms


def outage(page: Page, line: Link, seconds: float, found: Outage) -> None:
    """One; begins and ends with both pictures running."""
    settled = time.time() * 1000
    for name in PICTURES:
        first_after(page, name, settled, within_s=20, what=f"the {name} picture runs")
    line.order("down")
    gone = time.time() * 1000
    found.told.append(first_after(page, "", gone, within_s=10, what="the page says that the line is gone"))
    wait_for(lambda: time.time() * 1000 >= gone + seconds * 1000, timeout_s=seconds + 1, what="the outage is over")
    line.order("up")
    again = time.time() * 1000
    for name, times in found.back.items():
        times.append(first_after(page, name, again, within_s=30, what=f"the {name} picture is back"))


def outages(call: Calls, line: Link) -> dict[float, Outage]:
    call.prepare()
    call.click()
    call.show_camera()
    call.doctor.evaluate(WATCH, PICTURES)
    found = {seconds: Outage() for seconds in ROUNDS}
    for seconds, rounds in ROUNDS.items():
        for _ in range(rounds):
            outage(call.doctor, line, seconds, found[seconds])
            wait_for(lambda: call.is_well, timeout_s=30, what="the line is said to be good again")
    return found


def measure() -> Iterator[Figure]:
    with link(RATE, queue_bytes=QUEUE_BYTES) as line, sync_playwright() as playwright, calls(line, playwright) as call:
        found = outages(call, line)
    for seconds, seen in found.items():
        for name, times in seen.back.items():
            note(f"row 4: {seconds:.0f} s gone: {name} back after {spread(times)}")
            limit = LIMITS_MS[seconds]
            what = f"network gone {seconds:.0f} s: {name} picture back, longest of {len(times)}"
            yield Figure("D", 4, what, round(max(times)), "ms", f"≤ {limit:.0f}", max(times) <= limit)
    told = [each for seen in found.values() for each in seen.told]
    name = f"network gone: the page says so, longest of {len(told)}"
    yield Figure("D", 4, name, round(max(told)), "ms", f"≤ {TOLD_MS:.0f}", max(told) <= TOLD_MS)
