"""One room with everything running, measured once for rows 2 to 5. All times in milliseconds, real time.

Every page is in the same Chromium on the same machine, so their clocks agree.
"""

import re
import statistics
from dataclasses import dataclass
from functools import cache

from playwright.sync_api import Page, expect

from tests.bench.harness import Figure, note, percentile
from tests.bench.plot import Plot, distribution, save
from tests.e2e.introduced import introduce
from tests.e2e.stage import PATIENCE_MS, Stage, TicketSeen, stage, wait_for

ARRIVALS = 12
OVERRUNS = 5
JOINS = 15
MEASUREMENTS = 20
DOCTOR = "weiss"

WATCH = """() => {
    window.seen = {};
    const look = () => {
        for (const row of document.querySelectorAll('.row')) {
            const code = row.querySelector('.code')?.textContent.replace(/\\s+/g, '');
            if (code && !window.seen[code]) window.seen[code] = Date.now();
            const late = row.querySelector('.delay') && code + ' late';
            if (late && !window.seen[late]) window.seen[late] = Date.now();
        }
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    look();
}"""
CLICK = "(selector) => { const now = Date.now(); document.querySelector(selector).click(); return now; }"
MARKS = """() => {
    const at = (name) => performance.getEntriesByName(name)[0]?.startTime;
    return at('device-frame') === undefined ? null : at('device-frame') - at('join-clicked');
}"""
FETCH = """async () => {
    const times = [];
    for (let i = 0; i < 50; i++) {
        const began = performance.now();
        await (await fetch('/health', { cache: 'no-store' })).text();
        times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b)[25];
}"""


@dataclass(frozen=True)
class Measured:
    """Milliseconds of each try. *round_trip*: median of a trivial request from the same browser, the baseline."""

    round_trip: float
    arrivals: list[float]
    overruns: list[float]
    joins: list[float]
    pressures: list[float]


@cache
def measured() -> Measured:
    """Run it all, once."""
    with stage(TELEMED_ROOM_SIMULATED_MEASURING_S="0.4") as on:
        on.open_monitor()
        on.open_kiosk()
        operator = on.sign_in("operator")
        on.sign_in("assistant")
        on.sign_in("doctor", DOCTOR)
        round_trip = operator.evaluate(FETCH)
        tickets = [on.book("Allgemeinmedizin, 20 Minuten, mit Blutdruck") for _ in range(ARRIVALS)]
        on.page("monitor").evaluate(WATCH)
        overruns = overrun(on, tickets[:2])
        joins, pressures = call(on)
        end(on)
        return Measured(round_trip, arrivals(on, tickets[2:], tickets[1]), overruns, joins, pressures)


def first_seen(on: Stage, what: str) -> float:
    """When the monitor first showed *what*."""
    monitor = on.page("monitor")
    wait_for(lambda: bool(monitor.evaluate("(what) => window.seen[what]", what)), timeout_s=10, what=f"{what} is shown")
    found: float = monitor.evaluate("(what) => window.seen[what]", what)
    return found


def check_in(on: Stage, ticket: TicketSeen) -> float:
    """Check in at the kiosk; from the last press to the monitor."""
    page = on.page("kiosk")
    again = page.locator("[data-step]:not([hidden]) [data-again]")
    expect(page.locator("section[data-screen=welcome]")).to_be_visible(timeout=PATIENCE_MS)
    if again.count() and again.first.is_visible():
        again.first.click()
    page.locator(f"[data-picture={ticket.picture}]").click()
    page.locator(f"[data-letter={ticket.letter}]").click()
    page.locator(f"[data-digit='{ticket.digits[0]}']").click()
    pressed: float = page.evaluate(CLICK, f"[data-digit='{ticket.digits[1]}']")
    return first_seen(on, ticket.letter + ticket.digits) - pressed


def arrivals(on: Stage, tickets: list[TicketSeen], before: TicketSeen) -> list[float]:
    """Each arrives and is then marked as not coming, so that the next one is on the board's first rows."""
    times = []
    gone = before
    for ticket in tickets:
        stay_away(on, gone)
        times.append(check_in(on, ticket))
        gone = ticket
    return times


def stay_away(on: Stage, ticket: TicketSeen) -> None:
    page = on.page("assistant")
    card = page.locator("[data-visit]").filter(has_text=re.compile(rf"{ticket.letter}\s+{ticket.digits}"))
    card.locator("form[action$='/kommt-nicht'] button").click()
    expect(on.row(ticket)).to_have_count(0, timeout=PATIENCE_MS)


def overrun(on: Stage, tickets: list[TicketSeen]) -> list[float]:
    """The first is called and overruns; from the operator's press to the delay of the second on the monitor."""
    for ticket in tickets:
        check_in(on, ticket)
    doctor = on.page("doctor")
    button = doctor.locator("form[action='/arzt/aufrufen'] button")
    expect(button).to_be_enabled(timeout=60_000)
    button.click()
    expect(doctor.locator("#call")).to_be_visible(timeout=PATIENCE_MS)
    operator, late = on.page("operator"), f"{tickets[1].letter}{tickets[1].digits} late"
    forward(operator, 30)
    times = []
    for _ in range(OVERRUNS):
        on.page("monitor").evaluate("(what) => { delete window.seen[what]; }", late)
        pressed = forward(operator, 12)
        times.append(first_seen(on, late) - pressed)
    return times


def forward(page: Page, minutes: int) -> float:
    pressed: float = page.evaluate("Date.now()")
    page.locator(f"button[name=minutes][value='{minutes}']").click()
    page.wait_for_load_state()
    return pressed


def call(on: Stage) -> tuple[list[float], list[float]]:
    """The doctor joins again and again; then asks for blood pressure again and again."""
    page = on.page("doctor")
    address = page.url.split("?")[0]
    joins = []
    for _ in range(JOINS):
        page.goto(address)
        page.locator("#join").click()
        wait_for(lambda: page.evaluate(MARKS) is not None, timeout_s=20, what="the first device frame")
        joins.append(page.evaluate(MARKS))
    introduce(page)
    pressures = []
    button = page.locator("#kinds [data-kind=blood-pressure]")
    for place in range(MEASUREMENTS):
        expect(button).to_have_text("Bitte Blutdruck", timeout=PATIENCE_MS)
        button.click()
        count = 2 * (place + 1)  # the pressure and the pulse
        wait_for(
            lambda wanted=count: page.locator("#observations li").count() >= wanted,  # type: ignore[misc]
            timeout_s=30,
            what="a blood pressure",
        )
        wait_for(lambda: "lastVitalShownMs" in page.evaluate("({...document.body.dataset})"), timeout_s=5, what="shown")
        pressures.append(float(page.evaluate("document.body.dataset.lastVitalShownMs")))
        page.evaluate("() => { delete document.body.dataset.lastVitalShownMs; }")
    return joins, pressures


def end(on: Stage) -> None:
    """Farewell and cleaning, so that the room is free again."""
    page = on.page("doctor")
    page.locator("#end").click()
    page.locator("#end-form button.danger").click()
    page.wait_for_url("**/arzt")
    on.page("assistant").locator("form[action$='/gereinigt'] button").click()
    expect(on.page("kiosk").locator("section[data-screen=welcome]")).to_be_visible(timeout=PATIENCE_MS)


def figure(row: int, name: str, times: list[float], limit_ms: float) -> Figure:
    """The p95 of *times* against *limit_ms*, with a plot."""
    value = percentile(times, 0.95)
    save(Plot(name, "ms", "share of tries", [distribution(name, times)]), f"a-{row}")
    note(f"{name}: median {statistics.median(times):.0f} ms, n = {len(times)}")
    base = measured().round_trip
    return Figure(
        issue="A",
        row=row,
        name=f"{name}, p95 of {len(times)}",
        value=round(value, 1),
        unit="ms",
        baseline=round(base, 2),
        ratio=round(value / base, 1),
        target=f"≤ {limit_ms:.0f} ms",
        ok=value <= limit_ms,
    )
