"""Staff sign in in a real browser, with an authenticator of its own: the first link, a passkey, idle for too long."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from sqlalchemy import update

from telemed.help import service as helping
from telemed.help.model import Asked, HelpCall, Reach, Through
from telemed.identity import roster, staff
from telemed.identity import service as identity
from telemed.identity.model import Actor, Role
from telemed.identity.rights import real_time
from telemed.identity.session_store import sessions
from telemed.identity.staff_model import IDLE
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from tests.desk.world import NAMES, World, make_app, make_world
from tests.e2e.looks import at_rest, by_axe, by_layout
from tests.e2e.shots import shot
from tests.rosters import OPERATOR_KEY
from tests.serving import served_beside

pytestmark = pytest.mark.e2e
ANNA, BERTA = Actor(Role.OPERATOR, "anna"), Actor(Role.OPERATOR, "berta")
IN_A_DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
OWN = "async () => (await import('/static/js/keys.js')).publicKey()"
BELIEVED = "async () => (await import('/static/js/keys.js')).operatorKeys()"


@dataclass
class Person:
    """Somebody before a browser whose passkeys are kept by authenticators of the browser's own."""

    page: Page
    address: str
    world: World
    devtools: CDPSession
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def gets_authenticator(self, **options: Any) -> str:
        made = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": {**IN_A_DEVICE, **options}})
        return str(made["authenticatorId"])

    def loses_authenticator(self, which: str) -> None:
        self.devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": which})

    def goes(self, path: str) -> None:
        self.page.goto(self.address + path)

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def link(self, actor: Actor, name: str = "") -> str:
        with self.world.centre.db.transaction() as tx:
            return f"/anmelden/{identity.invite(tx, actor, name=name, now=self.world.now)}#{OPERATOR_KEY}"

    def looks(self, name: str) -> None:
        """What is wrong with the page as it stands; the others are in the sweep over all pages (`every_page`)."""
        at_rest(self.page)
        for width, height in ((1280, 900), (320, 740)):
            self.page.set_viewport_size({"width": width, "height": height})
            at_rest(self.page)
            if folder := os.environ.get("SHOTS"):
                shot(self.page, Path(folder) / f"{name}-{width}.png", full_page=True)
            if found := by_axe(self.page):
                self.wrong[f"{name} {width}"] = found
        found = by_layout(self.page)
        if found:
            self.wrong[name] = found
        self.page.set_viewport_size({"width": 1280, "height": 900})
        self.page.reload()

    def ages(self, by: timedelta) -> None:
        """All that she did lies so long back."""
        with self.world.centre.db.transaction() as tx:
            tx.execute(update(sessions).values(seen_at=real_time(self.world.centre) - by))


@contextlib.contextmanager
def person(browser: Browser, world: World) -> Iterator[Person]:
    """In earnest: a link alone opens nothing."""
    app = make_app(world.centre)
    with served_beside(app, lifespan="off") as server:
        address = f"http://zentrum.localhost:{server.port}"
        app.state.centre = replace(world.centre, public_url=address, exercise=False)
        context = browser.new_context(locale="de-DE", timezone_id="Europe/Berlin", reduced_motion="reduce")
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        yield Person(page, address, replace(world, centre=app.state.centre), devtools)
        context.close()


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, visits=1)


def test_a_doctor_makes_two_passkeys_signs_in_with_one_and_is_asked_whether_she_is_there(
    browser: Browser, world: World
) -> None:
    with person(browser, world) as doctor:
        page, actor = doctor.page, Actor(Role.DOCTOR, world.doctor)
        doctor.goes(doctor.link(actor))
        wrong_finger = doctor.gets_authenticator(isUserVerified=False)
        doctor.presses("Passkey einrichten")
        expect(page.locator("[data-trouble=declined]")).to_be_visible()
        doctor.loses_authenticator(wrong_finger)
        first = doctor.gets_authenticator()
        doctor.presses("Passkey einrichten")
        page.wait_for_url("**/arzt")
        expect(page.locator("[data-lacks-passkeys]")).to_be_visible()
        assert page.evaluate(BELIEVED) == [OPERATOR_KEY]
        page.get_by_role("link", name="Zweiten einrichten").click()
        page.wait_for_url("**/konto")
        page.get_by_role("link", name="Weiteren Passkey einrichten").click()
        doctor.presses("Einrichten")
        expect(page.locator("[data-trouble=known]")).to_be_visible()
        doctor.loses_authenticator(first)
        doctor.gets_authenticator(transport="usb")
        page.get_by_label("Wie soll er heißen?").fill("Am Bund")
        doctor.presses("Einrichten")
        page.wait_for_url("**/konto")
        expect(page.locator("[data-passkey-id]")).to_have_count(2)
        expect(page.locator("[data-lacks-passkeys]")).to_have_count(0)
        doctor.presses("Abmelden")
        page.context.clear_cookies()
        doctor.goes("/arzt")
        page.wait_for_url("**/anmelden?weiter=%2Farzt")
        doctor.presses("Mit Passkey anmelden")
        page.wait_for_url("**/arzt")
        with world.centre.db.reading() as tx:
            assert [each.public_key for each in roster.browser_keys(tx)] == [page.evaluate(OWN)]
        idles(doctor)


def idles(doctor: Person) -> None:
    """She does nothing: is asked, says that she is there; does nothing again and is out, and nothing is left to see."""
    page = doctor.page
    page.clock.install()
    doctor.goes("/arzt")
    doctor.ages(IDLE - timedelta(seconds=90))
    page.clock.fast_forward("13:30")
    expect(page.locator("dialog.idle")).to_be_visible()
    assert by_axe(page) == []
    doctor.presses("Ja, mehr Zeit")
    expect(page.locator("dialog.idle")).to_be_hidden()
    doctor.ages(IDLE)
    page.clock.fast_forward("14:30")
    expect(page.get_by_text("Ihre Anmeldung hier ist zu Ende")).to_be_visible(timeout=20_000)
    assert not any(name in page.content() for name in NAMES)
    centre = doctor.world.centre
    with centre.db.transaction() as tx:
        call = HelpCall(new_id(), "raum-1", None, Asked.HELP, Through.KEY, doctor.world.now, reach=Reach.ALL)
        helping.take_in(tx, call, now=doctor.world.now)
    page.clock.run_for(2_000)
    expect(page.locator("[data-help]")).to_be_visible()  # it is heard although nobody is signed in
    page.get_by_role("link", name="Wieder anmelden").click()
    page.wait_for_url("**/anmelden?grund=ende&weiter=%2Farzt")


def test_an_operator_gives_a_link_and_two_of_them_a_code_with_which_one_comes_back(
    browser: Browser, world: World
) -> None:
    with person(browser, world) as anna:
        page = anna.page
        anna.gets_authenticator()
        anna.goes(anna.link(ANNA, "Anna Amsel"))
        anna.looks("erster-passkey")
        anna.goes(anna.link(ANNA))
        anna.presses("Passkey einrichten")
        page.wait_for_url("**/betrieb")
        page.get_by_role("link", name="Personal").click()
        page.locator(f"[data-member={world.doctor}] a").click()
        anna.presses("Link zeigen")
        expect(page.locator("[data-link]")).to_contain_text(f"{anna.address}/anmelden/")
        with world.centre.db.transaction() as tx:
            number = staff.begin_recovery(tx, Actor(Role.DOCTOR, world.doctor), by=BERTA, now=world.now)
        anna.goes("/betrieb/personal")
        page.get_by_role("link", name="Prüfen und Code geben").click()
        page.wait_for_url(f"**/betrieb/personal/code/{number}")
        anna.looks("prüfen")
        anna.presses("Ja, Code zeigen")
        code = page.locator("[data-code]").inner_text()
        anna.goes("/anmelden/papier")
        page.get_by_label("Ihr Code").fill(code.lower())
        anna.presses("Weiter")
        page.wait_for_url("**/anmelden/*")
        expect(page.get_by_role("button", name="Passkey einrichten")).to_be_visible()
        assert anna.wrong == {}
