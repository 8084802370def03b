"""A whole room for the end-to-end tests: three real processes, one real browser, one window per person."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect, sync_playwright

from ops.programs import NAMES, SEED, Programs, free_port
from tests.e2e.chromium import EXECUTABLE
from tests.warm import WarmPrograms

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
WINDOW: ViewportSize = {"width": 1280, "height": 900}
SCREEN: ViewportSize = {"width": 1920, "height": 1080}
PATIENCE_MS = 20_000
RELEASED = """async () => {
    const { publicKey, roster } = await import('/static/js/keys.js');
    const mine = await publicKey();
    return Boolean((await roster())?.keys.some(({ key }) => key === mine));
}"""
"""Whether the operator has signed this browser's key."""


@dataclass(frozen=True)
class TicketSeen:
    """A ticket as read from the page that gave it out."""

    picture: str
    letter: str
    digits: str
    link: str
    reference: str

    @property
    def code(self) -> str:
        return f"{self.letter} {self.digits}"


@dataclass(frozen=True)
class Resident:
    """Who books."""

    name: str = "Erika Sommer"
    birth_year: str = "1948"
    phone: str = "03641 498765"


COMMON = "Allgemeine Sprechstunde"


def choose_service(page: Page, service: str) -> None:
    """From the first step to the times of *service*, one of those behind the common tile, by its words."""
    page.get_by_role("button", name=COMMON, exact=True).click()
    page.get_by_role("button", name=service, exact=True).click()
    expect(page.locator("button[aria-current=true]")).to_have_text(service)


@dataclass
class Stage:
    """The room and its people; each window is opened when first used."""

    programs: Programs
    browser: Browser
    _contexts: dict[str, BrowserContext] = field(default_factory=dict)
    _pages: dict[str, Page] = field(default_factory=dict)

    def page(self, who: str) -> Page:
        """The window of *who*: resident, kiosk, monitor, assistant, doctor or operator."""
        if who not in self._pages:
            size = SCREEN if who in ("monitor", "doctor", "kiosk") else WINDOW
            context = self.browser.new_context(viewport=size, locale="de-DE", timezone_id="Europe/Berlin")
            context.set_default_timeout(PATIENCE_MS)
            context.grant_permissions(["camera", "microphone"])
            self._contexts[who] = context
            self._pages[who] = context.new_page()
        return self._pages[who]

    @property
    def people(self) -> list[str]:
        """Whose windows are open."""
        return list(self._pages)

    def close(self, who: str) -> None:
        """Shut the window of *who*; the next use opens a new one with nothing in it."""
        self._pages.pop(who)
        self._contexts.pop(who).close()

    def sign_in(self, role: str, person: str = "") -> Page:
        """Open the one-time link of the first *role*, or of *person*."""
        page = self.page(role)
        staff = self.programs.keys["staff"]
        link = next(one["url"] for one in staff if one["role"] == role and person in (one["id"], ""))
        page.goto(link)
        page.get_by_role("button", name="Anmelden").click()
        if role == "doctor":
            page.wait_for_url("**/arzt")
            wait_until_released(page)
        return page

    def open_monitor(self) -> Page:
        page = self.page("monitor")
        page.goto(self.programs.url("signage"))
        return page

    def open_kiosk(self) -> Page:
        """Pair the kiosk and wait for its welcome."""
        page = self.page("kiosk")
        page.goto(f"{self.programs.url('room-agent')}/kiosk#{self.programs.keys['rooms'][0]['kiosk']}")
        expect(page.locator("section[data-screen=welcome]")).to_be_visible(timeout=PATIENCE_MS)
        return page

    def choose_time(self, service: str, pick: int = 0) -> Page:
        """Book up to the contact page: *service* by its words, the *pick*-th of the times offered."""
        page = self.page("resident")
        page.goto(self.programs.url("telemed") + "/termin")
        choose_service(page, service)
        page.locator("button[name=offer]").nth(pick).click()
        page.locator("form[action='/termin/kontakt'] button:not([formaction])").first.click()
        return page

    def fill_contact(self, page: Page, who: Resident) -> None:
        """Fill the contact page and go on to the check page."""
        page.locator("input[name=name]").fill(who.name)
        page.locator("input[name=birth_year]").fill(who.birth_year)
        page.locator("input[name=way][value=phone]").check()
        page.locator("input[name=phone]").fill(who.phone)
        page.locator("form[action='/termin/pruefen'] button:not([formaction])").first.click()

    def confirm(self, page: Page) -> TicketSeen:
        """Book, and read the ticket."""
        page.locator("#booking button:not([formaction]):not(.link)").first.click()
        expect(page.locator(".slip-ticket")).to_be_visible()
        picture = page.locator(".slip-ticket img.ticket-picture").get_attribute("src") or ""
        words = page.locator(".ticket-words").inner_text()
        letter, digits = re.findall(r"\b([A-Z]) (\d\d)\b", words)[-1]
        link = page.locator(".keep-link a.button").get_attribute("href") or ""
        reference = page.locator(".keep-paper").inner_text()
        return TicketSeen(Path(picture).stem, letter, digits, link, reference)

    def book(self, service: str, pick: int = 0, who: Resident = Resident()) -> TicketSeen:
        """The whole booking."""
        page = self.choose_time(service, pick)
        self.fill_contact(page, who)
        return self.confirm(page)

    def check_in(self, ticket: TicketSeen) -> None:
        """Choose picture, letter and digits at the kiosk; returns when the last is pressed."""
        page = self.page("kiosk")
        again = page.locator("[data-step]:not([hidden]) [data-again]")
        if again.count() and again.first.is_visible():
            again.first.click()
        page.locator(f"[data-picture={ticket.picture}]").click()
        page.locator(f"[data-letter={ticket.letter}]").click()
        for digit in ticket.digits:
            page.locator(f"[data-digit='{digit}']").click()

    def shows(self, ticket: TicketSeen) -> None:
        """Wait until the monitor shows *ticket*."""
        expect(self.row(ticket)).to_be_visible(timeout=PATIENCE_MS)

    def row(self, ticket: TicketSeen) -> Locator:
        """The monitor's row of *ticket*."""
        return self.page("monitor").locator(".row", has_text=re.compile(rf"{ticket.letter}\s*{ticket.digits}"))


@contextmanager
def chromium(executable: str = EXECUTABLE) -> Iterator[Browser]:
    """Debian's Chromium without a screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def stage(seed: Path = SEED, *, executable: str = EXECUTABLE, **extra: str) -> Iterator[Stage]:
    """Centre, room and monitor running, and a browser; all of it ends with the block. *extra*: further settings."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="telemed-stage-")))
        ports = {name: free_port(0) for name in NAMES}
        programs = stack.enter_context(WarmPrograms(folder, seed=seed, ports=ports, extra=extra))
        programs.prepare()
        programs.start_all()
        yield Stage(programs, stack.enter_context(chromium(executable)))


def wait_until_released(page: Page) -> None:
    """Until the operator has signed the key of a doctor's browser."""
    wait_for(lambda: bool(page.evaluate(RELEASED)), timeout_s=10, what="the operator has signed her browser")


def wait_for(condition: Callable[[], bool], *, timeout_s: float, what: str) -> float:
    """Wait until *condition* holds; the seconds it took.

    Raises:
        AssertionError: it did not hold in time.
    """
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < timeout_s, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)  # the pause between two looks
    return time.monotonic() - began
