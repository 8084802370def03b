"""Speech over a bad line, both ways: the share of its 20 ms frames that were played and not made up.

At 10 % random loss, and at 300 kbit/s with all that the talk and the devices want to send; 40 ms there and back. Each
after ``SETTLE_S`` (15) for ``SPEECH_S`` (30).
"""

import os
import time
from collections.abc import Iterator

from playwright.sync_api import Page, sync_playwright

from tests.bench.harness import Figure, note
from tests.bench.issue_c.thin_link import link
from tests.bench.issue_d.calls import calls
from tests.bench.issue_d.setups import QUEUE_BYTES, RATE
from tests.e2e.stage import wait_for

SETTLE_S = float(os.environ.get("SETTLE_S", "15"))
SPEECH_S = float(os.environ.get("SPEECH_S", "30"))
LEAST = 0.95
LOSS, THIN, THIN_QUEUE_BYTES = 0.1, 300_000, 32 * 1024
SAMPLES = """async () => {
  const talks = window.probe.ends.filter(({ channels }) => channels.some(({ label }) => label === 'talk'));
  const found = { whole: 0, made_up: 0, lost: 0, packets: 0 };
  for (const report of (await talks.at(-1).connection.getStats()).values()) {
    if (report.type !== 'inbound-rtp' || report.kind !== 'audio') continue;
    found.whole += report.totalSamplesReceived;
    found.made_up += report.concealedSamples;
    found.lost += report.packetsLost;
    found.packets += report.packetsReceived;
  }
  return found;
}"""
"""Of the newest talk: samples that were played, and those of them that were made up because nothing came in time."""


def wait(seconds: float) -> None:
    until = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() >= until, timeout_s=seconds + 5, what="time to pass")


def played(pages: dict[str, Page], what: str) -> dict[str, float]:
    """The share by listener."""
    before = {name: page.evaluate(SAMPLES) for name, page in pages.items()}
    wait(SPEECH_S)
    shares = {}
    for name, page in pages.items():
        found, then = page.evaluate(SAMPLES), before[name]
        shares[name] = 1 - _more(then, found, "made_up") / _more(then, found, "whole")
        lost, came = found["lost"] - then["lost"], found["packets"] - then["packets"]
        note(f"row 6: {what}, {name}: {shares[name]:.2%} played; {lost} packets lost for good, {came} came")
    return shares


def _more(before: dict[str, float], after: dict[str, float], what: str) -> float:
    return after[what] - before[what] or 1.0


def measure() -> Iterator[Figure]:
    for name, order, queue in (
        (f"{LOSS:.0%} random loss", ("loss", str(LOSS)), QUEUE_BYTES),
        (f"{THIN // 1000} kbit/s", ("rate", str(THIN)), THIN_QUEUE_BYTES),
    ):
        with link(RATE, queue_bytes=queue) as line, sync_playwright() as playwright, calls(line, playwright) as call:
            call.prepare()
            call.click()
            call.show_camera()
            pages = {"at the doctor's": call.doctor, "in the room": call.kiosk}
            clean = played(pages, "the clean line")
            line.order(*order)
            wait(SETTLE_S)
            found = played(pages, name)
        worst, base = min(found.values()) * 100, min(clean.values()) * 100
        what = f"speech at {name}: frames played at the worse end; baseline: the clean line"
        good = worst >= LEAST * 100
        yield Figure("D", 6, what, round(worst, 2), "%", f"≥ {LEAST:.0%}", good, round(base, 2), round(worst / base, 3))
