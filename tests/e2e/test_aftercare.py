"""A sheet for after a visit in real browsers: the doctor's seals it, the resident's opens it, the centre reads none."""

import os
import signal
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from schemas.day import FactKind
from telemed.identity.model import Role
from telemed.identity.rights import SESSION_COOKIE
from telemed.kit.db import Database
from telemed.kit.i18n import words
from tests.desk.world import World, make_world, running
from tests.e2e.chromium import EXECUTABLE, FLAGS
from tests.e2e.looks import by_axe
from tests.e2e.shots import part_of, shot
from tests.readable import difficulty, sentences

pytestmark = pytest.mark.e2e

SHOTS = Path(os.environ.get("SHOTS", "build/shots"))
LINE = "Waldhonig hilft. Nehmen Sie ihn abends."
HARD = "Bitte berücksichtigen Sie insbesondere die Medikamentenunverträglichkeiten entsprechend unserer Vereinbarung"
BEEN = (FactKind.ARRIVED, FactKind.CALLED, FactKind.ENTERED)


@pytest.fixture
def world(sqlite_database: Database) -> World:
    """A visit goes on with somebody who reads Turkish."""
    made = make_world(sqlite_database, visits=0)
    made.visits = [made.book("Erika Sommer", language="tr")]
    made.happen(made.visits[0], *BEEN)
    return made


def doctors(context: BrowserContext, world: World, address: str) -> Page:
    """The page of the sheet, ready, in the doctor's browser."""
    url = f"http://zentrum.localhost:{address.rpartition(':')[2]}"
    value, where = world.session(Role.DOCTOR, world.doctor), url.replace("http:", "https:")
    context.add_cookies([{"name": SESSION_COOKIE, "value": value, "url": where, "secure": True}])
    page = context.new_page()
    page.goto(f"{url}/arzt/besuch/{world.visits[0]}/anleitung")
    expect(page.locator("body[data-ready]")).to_be_visible()
    return page


def choose(page: Page, *keys: str) -> None:
    for key in keys:
        block = page.locator(f"[data-block={key}]")
        if not block.is_visible():
            page.locator("details", has=block).locator("summary").click()
        block.check()


def link_of(page: Page, address: str) -> str:
    """What the code on the doctor's page leads a telephone to; here the centre has another port."""
    read = zxingcpp.read_barcode(Image.open(BytesIO(part_of(page, "#code"))))
    assert read is not None
    assert read.text == page.locator("#open").get_attribute("href")
    port = address.rpartition(":")[2]
    return read.text.replace("http://zentrum.localhost/", f"http://zentrum.localhost:{port}/", 1)


def test_only_who_has_the_link_reads_what_the_doctor_wrote(browser: Browser, world: World) -> None:
    with running(world) as address:
        page = doctors(browser.new_context(viewport={"width": 1440, "height": 900}), world, address)
        write(page)
        link = link_of(page, address)
        page.context.close()
        reads(browser, link)
        nobody_else_reads(browser, link)
    key = urlsplit(link).fragment
    stored = b"".join(path.read_bytes() for path in files_of(world.centre.db))
    assert world.visits[0].encode() in stored  # the visit is there to be found
    for word in ("Waldhonig", key, "spazieren", '"drink"', '"chest"'):
        assert word.encode() not in stored, word


def lix(text: str) -> float:
    """By the count that the catalogues are held to, without its least number of sentences."""
    parts = sentences(f"{text}.")
    found = difficulty(parts * 3)
    assert found is not None
    return found.lix


def files_of(database: Database) -> list[Path]:
    """The database's file and what stands beside it."""
    path = Path(database.url.database or "")
    return sorted(path.parent.glob(f"{path.name}*"))


def write(page: Page) -> None:
    """Blocks in an order of her own, a line that is told to be hard and then is not, sealed."""
    choose(page, "move", "drink", "chest")
    page.locator("#chosen [data-key=drink] [data-move='-1']").click()
    expect(page.locator("#chosen [data-key=drink] [data-move='1']")).to_be_focused()
    page.locator("#line").fill(HARD)
    expect(page.locator("#lix.chip-warn")).to_contain_text("Schwer lesbar")
    page.locator("#line").fill(LINE)
    expect(page.locator("#lix.chip-ok")).to_be_visible()
    for text in (HARD, LINE, "Sie sind müde. Ruhen Sie sich aus! Ist es schlimmer? Dann rufen Sie an."):
        figure = page.evaluate("async (text) => (await import('/static/aftercare/js/lix.js')).lix(text)", text)
        assert round(figure) == round(lix(text))
    preview = page.locator("#preview")
    expect(preview.locator("li").first).to_have_text(words("tr").text("aftercare.block.drink"))
    expect(page.get_by_text("Diese Übersetzung ist noch nicht geprüft.")).to_be_visible()
    page.locator("#send").click()
    expect(page.locator("#made")).to_be_visible()
    shot(page, SHOTS / "aftercare-write.png", full_page=True)
    assert by_axe(page) == []  # how pages are laid out, each is looked at for


def reads(browser: Browser, link: str) -> None:
    """The resident, at home: in Turkish, and in German by the page's own choice of languages."""
    page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    page.add_init_script(VOICES)
    page.goto(link)
    sheet = page.locator("[data-sheet-place]")
    expect(sheet.locator("li").first).to_have_text(words("tr").text("aftercare.block.drink"))
    expect(sheet.locator(".instructions-line")).to_have_text(LINE)
    expect(sheet).to_contain_text(words("tr").text("aftercare.own.german"))
    shot(page, SHOTS / "aftercare-read-360.png", full_page=True)
    assert by_axe(page) == []
    expect(page.locator("[data-speak]")).to_be_hidden()  # its only Turkish voice would tell a server
    page.locator(".languages summary").click()
    page.locator(".languages a[lang=de]").first.click()
    expect(sheet.locator("li").first).to_have_text(words().text("aftercare.block.drink"))
    assert page.url.partition("#")[2] == link.partition("#")[2]
    page.locator("[data-speak]").click()
    assert page.evaluate("said").count(f"de-DE {LINE}") == 1
    page.emulate_media(media="print")
    sizes = page.evaluate(PRINTED)
    assert min(sizes) >= 16 / 0.75 - 0.1  # 16 pt in CSS pixels
    assert page.locator("header").is_hidden()
    page.context.close()


VOICES = """
window.said = [];
speechSynthesis.getVoices = () => [{ lang: 'tr-TR', localService: false }, { lang: 'de-DE', localService: true }];
speechSynthesis.speak = ({ text, voice }) => said.push(`${voice.lang} ${text}`);
window.SpeechSynthesisUtterance = class extends EventTarget {
  constructor(text) {
    super();
    this.text = text;
  }
};
"""
"""A device that speaks German itself, and Turkish by asking somebody."""
PRINTED = """() => [...document.querySelectorAll('main :is(h1, h2, p, li, a)')].filter(each => each.checkVisibility())
  .map(each => parseFloat(getComputedStyle(each).fontSize))"""


def nobody_else_reads(browser: Browser, link: str) -> None:
    """Without the key, with another one, and without a script one is told what to do."""
    bare = link.partition("#")[0]
    page = browser.new_context().new_page()
    for wrong in (bare, f"{bare}#{'A' * 43}"):
        page.goto(wrong)
        expect(page.locator("[data-when=wrong]")).to_be_visible()
        expect(page.locator("[data-when=open]")).to_be_hidden()
    page.context.close()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(link)
    expect(page.locator("noscript .notice")).to_be_visible()
    context.close()


def test_a_browser_that_is_killed_loses_nothing_of_the_draft(browser: Browser, world: World, tmp_path: Path) -> None:
    with running(world) as address:
        for was_killed in (False, True):
            context = browser.browser_type.launch_persistent_context(
                tmp_path / "profile", executable_path=EXECUTABLE, args=list(FLAGS)
            )
            page = doctors(context, world, address)
            if was_killed:
                expect(page.locator("#line")).to_have_value(LINE)
                expect(page.locator("#chosen li")).to_have_count(2)
                expect(page.locator("#draft")).to_have_text("Ihr Entwurf ist wieder da.")
                is_forgotten_when_she_is_done(page, world)
                context.close()
                break
            choose(page, "rest", "breath")
            page.locator("#line").fill(LINE)
            expect(page.locator("#draft[data-kept]")).to_be_visible()
            kill(tmp_path / "profile")
            context.close()
        kept = b"".join(path.read_bytes() for path in (tmp_path / "profile").rglob("*") if path.is_file())
        assert b"Waldhonig" not in kept
        assert "Waldhonig".encode("utf-16-le") not in kept


def is_forgotten_when_she_is_done(page: Page, world: World) -> None:
    """With the visit's closing the draft is gone."""
    world.happen(world.visits[0], FactKind.ENDED)
    page.get_by_role("link", name="Zurück zum Tag").click()
    page.locator("form[action$='/abgeschlossen'][data-ready] button").click()
    expect(page.locator("#closing")).to_be_hidden()
    page.locator("#over summary").first.click()
    page.get_by_role("link", name="Anleitung für zu Hause").click()
    expect(page.locator("body[data-ready]")).to_be_visible()
    expect(page.locator("#line")).to_have_value("")


def kill(profile: Path) -> None:
    """End the browser that has *profile* as the power cut would, and whatever it has started."""
    named = f"--user-data-dir={profile}".encode()
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if named in entry.read_bytes():
                os.kill(int(entry.parent.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            continue
