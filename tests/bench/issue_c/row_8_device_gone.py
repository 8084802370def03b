"""A device is switched off and on during a visit; how soon the doctor's page says so. Seconds of real time.

The devices are simulated: what is switched off says goodbye to the link layer, as a device does that goes to sleep.
One whose battery is taken out is missed only after the supervision timeout, which comes on top of the first figure.
"""

import statistics
from functools import cache
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from tests.bench.harness import Figure, note, percentile
from tests.bench.issue_a.room import FETCH
from tests.bench.plot import Plot, distribution, save
from tests.e2e.stage import PATIENCE_MS, Stage, stage, wait_for

DOCTOR = "weiss"
KINDS = ("blood-pressure", "oximeter")
CYCLES = 15
GONE_S, BACK_S = 3.0, 10.0

WATCH = """() => {
    window.states = [];
    const look = () => {
        for (const place of document.querySelectorAll('#kinds .kind')) {
            const kind = place.querySelector('[data-kind]').dataset.kind;
            const state = place.querySelector('.device-is').dataset.state;
            const last = window.states.findLast((each) => each.kind === kind);
            if (last?.state !== state) window.states.push({ kind, state, at: Date.now() });
        }
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true });
    look();
}"""
SEEN = """({ kind, state, since }) =>
    window.states.find((each) => each.kind === kind && each.state === state && each.at >= since)?.at ?? null"""


@cache
def measured() -> dict[str, list[float]]:
    """Seconds until the page said that a device is gone, and that it is back; and of a trivial request, in between."""
    with stage() as on:
        page = join(on)
        page.evaluate(WATCH)
        times: dict[str, list[float]] = {"gone": [], "back": [], "request": []}
        room = f"http://127.0.0.1:{on.programs.ports['room-agent']}"
        with httpx.Client(base_url=room, headers={"Origin": room}, follow_redirects=True) as agent:
            for kind in KINDS * CYCLES:
                times["gone"].append(switch(page, agent, kind, fault="absent", state="absent"))
                times["back"].append(switch(page, agent, kind, fault="none", state="ready"))
                times["request"].append(page.evaluate(FETCH) / 1000)
        return times


def join(on: Stage) -> Page:
    """Somebody is called, and the doctor is connected to room and devices."""
    on.open_kiosk()
    ticket = on.book("Allgemeinmedizin, 20 Minuten, mit Blutdruck")
    on.check_in(ticket)
    page = on.sign_in("doctor", DOCTOR)
    button = page.locator("form[action='/arzt/aufrufen'] button")
    expect(button).to_be_enabled(timeout=60_000)
    button.click()
    for kind in KINDS:
        place = page.locator("#kinds .kind", has=page.locator(f"[data-kind={kind}]")).locator("[data-state=ready]")
        expect(place).to_be_visible(timeout=PATIENCE_MS)
    return page


def switch(page: Page, agent: httpx.Client, kind: str, *, fault: str, state: str) -> float:
    """Seconds from the switch to the page."""
    pressed: float = page.evaluate("Date.now()")
    agent.post(f"/faults/{kind}", data={"fault": fault}).raise_for_status()
    asked: dict[str, Any] = {"kind": kind, "state": state, "since": pressed}
    wait_for(lambda: page.evaluate(SEEN, asked) is not None, timeout_s=60, what=f"{kind} is {state}")
    return float(page.evaluate(SEEN, asked) - pressed) / 1000


def measure() -> list[Figure]:
    times = measured()
    note("the simulated devices are drained for 0.5 s after coming back, real ones for 2.5 s")
    base = statistics.median(times["request"])
    gone = figure("a device is switched off: the doctor's page says so", times["gone"], GONE_S, base)
    back = figure("a device is switched on: live again on the doctor's page", times["back"], BACK_S, base)
    save(Plot("device off and on", "s", "share", [distribution(k, times[k]) for k in ("gone", "back")]), "c-8")
    return [gone, back]


def figure(name: str, times: list[float], limit_s: float, base_s: float) -> Figure:
    """The p95 against *limit_s*; the ratio is that of the medians."""
    value, median = percentile(times, 0.95), statistics.median(times)
    note(f"{name}: median {median:.2f} s, worst {max(times):.2f} s, n = {len(times)}")
    return Figure(
        issue="C",
        row=8,
        name=f"{name}, p95 of {len(times)}",
        value=round(value, 2),
        unit="s",
        baseline=round(base_s, 4),
        ratio=round(median / base_s, 1),
        target=f"≤ {limit_s:.0f} s",
        ok=value <= limit_s,
    )
