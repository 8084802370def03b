"""The shared frame in Chromium: contrast, targets, focus, reflow, and a policy that lets only our scripts run."""

import os
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.e2e.chromium import AXE
from tests.e2e.shots import shot
from tests.serving import served_beside
from tests.web.apps import make_app

pytestmark = pytest.mark.e2e

FORM = """
{% extends "frame.html" %}
{% import "parts.html" as parts with context %}
{% block body_class %}BODY{% endblock %}
{% block nav %}<nav aria-label="Bereiche"><ul><li><a href="/page/form.html" aria-current="page">Heute</a></li>
<li><a href="/page/form.html">Hilfe</a></li></ul></nav>{% endblock %}
{% block main %}
<h1>Termin buchen</h1>
<p class="lead">Was brauchen Sie?</p>
{{ parts.error_summary([("phone", "Bitte geben Sie eine Nummer an.")]) }}
{% for kind in ["info", "ok", "warn", "stop"] %}{{ parts.notice(kind, "Das ist ein Hinweis.") }}{% endfor %}
<p>{% for kind in ["info", "ok", "warn", "stop", "quiet"] %}{{ parts.chip(kind, "clock", "bereit") }} {% endfor %}</p>
<form method="post" action="/wish">
{{ parts.tiles("what", "Worum geht es?", [("a", "Allgemeinmedizin", "20 Minuten", "stethoscope"),
   ("b", "Blutdruck messen", "", "activity"), ("c", "Weiß nicht, bitte helfen", "", "life-buoy")], chosen="a") }}
{{ parts.field("phone", "Telefonnummer", value="", hint="Mit Vorwahl", error="Bitte geben Sie eine Nummer an.",
   type="tel", autocomplete="tel") }}
{{ parts.field("mail", "E-Mail", type="email", autocomplete="email", required=false) }}
<div class="actions"><button>Weiter</button> <a class="button second" href="/page/form.html">Zurück</a>
<button class="danger" type="button">Absagen</button> <button type="button" disabled>Warten</button></div>
</form>
<div class="cards"><section class="card"><h2>Ihr Zeichen</h2>
<p class="ticket-big">{{ parts.ticket(namespace(picture="fish", letter="K", digits="47")) }}</p></section>
<section class="card"><h2>Termin</h2><dl class="facts"><dt>Wann</dt><dd><time>14:30</time> Uhr</dd>
<dt>Wo</dt><dd>Raum 1</dd></dl></section></div>
<div class="table-scroll" tabindex="0" role="region" aria-label="Termine"><table><caption>Termine</caption>
<thead><tr><th scope="col">Zeit</th><th scope="col">Zeichen</th><th scope="col">Stand</th></tr></thead>
<tbody><tr class="now"><td><time>14:30</time></td><td>Fisch K 47</td><td>ist da</td></tr></tbody></table></div>
{% endblock %}
{% block scripts %}<script type="module" nonce="{{ csp_nonce }}">
import { local } from "/static/js/clock.js";
document.body.dataset.ran = local(new Date(0));
const socket = new WebSocket(`ws://${location.host}/socket`);
socket.addEventListener("message", event => { document.body.dataset.socket = event.data; });
</script>
<script>document.body.dataset.foreign = "ran";</script>{% endblock %}
"""
TARGETS = """(least) => [...document.querySelectorAll('button, .button, main input:not([type=radio]), .tile, nav a')]
  .filter(e => { const r = e.getBoundingClientRect(); return r.height < least || r.width < least; })
  .map(e => e.outerHTML.slice(0, 80))"""
WIDE = "() => document.documentElement.scrollWidth > innerWidth"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small app with a page that holds a piece of everything, as residents and as staff see it."""
    folder = tmp_path_factory.mktemp("templates")
    for body in ("resident", "staff"):
        (folder / f"{body}.html").write_text(FORM.replace("BODY", body), encoding="utf-8")
    with served_beside(make_app(folder, simulated=True, exercise=True)) as server:
        yield server.address


def violations(page: Page) -> list[tuple[str, object]]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate("(tags) => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", tags)
    return [(v["id"], [n["target"] for n in v["nodes"]]) for v in found["violations"]]


def keep(page: Page, name: str) -> None:
    folder = os.environ.get("SHOTS")
    if folder:
        shot(page, f"{folder}/frame-{name}.png", full_page=True)


@pytest.mark.parametrize("width", [320, 768, 1920])
@pytest.mark.parametrize(("body", "least"), [("resident", 64), ("staff", 48)])
def test_a_page_is_in_order_at_every_width(browser: Browser, address: str, body: str, least: int, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(f"{address}/page/{body}.html")
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    assert page.get_by_role("heading", level=1).inner_text() == "Termin buchen"
    keep(page, f"{body}-{width}")
    assert not page.evaluate(WIDE)
    assert page.evaluate(TARGETS, least) == []
    assert violations(page) == []
    page.close()


@pytest.mark.parametrize(
    ("colours", "motion"), [("active", "no-preference"), ("none", "reduce")], ids=["forced-colours", "reduced-motion"]
)
def test_a_page_stays_in_order_in_other_colours_and_without_motion(
    browser: Browser,
    address: str,
    colours: Literal["active", "none"],
    motion: Literal["no-preference", "reduce"],
) -> None:
    size = ViewportSize(width=768, height=900)
    page = browser.new_page(viewport=size, forced_colors=colours, reduced_motion=motion)
    page.goto(f"{address}/page/resident.html")
    keep(page, f"resident-{colours}-{motion}")
    assert violations(page) == []
    page.close()


def test_only_our_own_scripts_run_and_they_reach_our_own_socket(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/page/resident.html")
    page.wait_for_function("() => document.body.dataset.socket === 'hello'")
    assert page.evaluate("document.body.dataset.ran") == "01:00"
    assert page.evaluate("document.body.dataset.foreign") is None
    page.close()


def test_a_form_of_our_own_page_is_taken_and_the_exercise_clock_runs(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/page/resident.html")
    assert len(page.locator(".truth-bar time").inner_text()) == 5
    page.get_by_label("Telefonnummer").fill("03641 1")
    with page.expect_response("**/wish") as answer:
        page.get_by_role("button", name="Weiter").click()
    assert answer.value.status == 422
    assert page.get_by_role("heading", level=1).inner_text() == "Das hat nicht geklappt"
    keep(page, "refusal")
    assert violations(page) == []
    page.close()


def test_the_skip_link_is_first_and_every_focus_is_seen(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 768, "height": 900})
    page.goto(f"{address}/page/resident.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip-link"
    keep(page, "skip")
    for _ in range(6):
        page.keyboard.press("Tab")
        width = page.evaluate(
            "(e => parseFloat(getComputedStyle(e.closest('.tile') ?? e).outlineWidth))(document.activeElement)"
        )
        assert width >= 3
    page.close()
