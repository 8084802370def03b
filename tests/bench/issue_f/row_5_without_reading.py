"""A person who cannot read books, checks in, is called, and gets through the visit at the kiosk, with real processes.

She finds what she presses by its picture, and knows what it is about by what was spoken; no text is looked at. Digits
and the letter of her ticket she compares as shapes, with her card and with her slip. Doctor and assistant are other
people, and read.
"""

import base64
import io
import re
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import av
import numpy as np
from playwright.sync_api import Error, Page, expect

from telemed.kit.i18n import words
from tests.bench.harness import Figure, note
from tests.e2e.stage import PATIENCE_MS, Stage, TicketSeen, stage
from tests.e2e.visit import DOCTOR, EXPECTED

BORN = "1948"
HEARD_S = 30.0
SILENCE = 0.01
"""Of full scale; what never gets louder is no sound."""

EARS = """
const names = new Map(), origin = new WeakMap();
const blob = Response.prototype.blob, made = URL.createObjectURL, play = HTMLMediaElement.prototype.play;
Response.prototype.blob = async function () { const b = await blob.call(this); origin.set(b, this.url); return b; };
URL.createObjectURL = (b) => { const u = made.call(URL, b); if (origin.has(b)) names.set(u, origin.get(b)); return u; };
HTMLMediaElement.prototype.play = function () {
  const source = this.currentSrc || this.src;
  const started = play.call(this);
  if (source && !this.srcObject) started.then(() => window.heard(names.get(source) ?? source), () => undefined);
  return started;
};
"""
"""Tells which sounds are really played, and by which address each came."""

SIGNS = """() => [...document.querySelectorAll('button, a[href]')].map((control, place) => {
  const box = control.getBoundingClientRect();
  const pictures = [...control.querySelectorAll('svg, img')].filter((one) => one.getClientRects().length).map((one) =>
    one.tagName === 'IMG' ? new URL(one.src).pathname.split('/').pop().replace('.svg', '')
      : [...one.classList].find((name) => name.startsWith('lucide-'))?.slice('lucide-'.length) ?? '');
  const whole = (control.innerText ?? '').trim();
  const open = box.width > 0 && !control.disabled && !control.closest('[hidden], [inert]')
    && (!document.querySelector('dialog[open]') || control.closest('dialog[open]'));
  return {place, open, pictures, inside: control.closest('main, dialog') !== null,
    shape: whole.length === 1 ? whole : ''};
})"""
"""All controls by what they look like: their pictures, or their one sign."""

PICTURES = """() => [...document.querySelectorAll('main svg, main img')].filter((one) => one.getClientRects().length)
  .map((one) => one.tagName === 'IMG'
    ? new URL(one.src).pathname.split('/').pop().replace('.svg', '') : [...one.classList].join(' '))"""


JSON = "async (address) => (await fetch(address)).json()"
BYTES = """async (address) => {
  const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
  return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(''));
}"""


class Person:
    """Somebody in front of a window: sees pictures, hears, presses."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.heard: list[str] = []
        self._told: dict[str, Any] = {}
        page.expose_function("heard", self._hear)
        page.add_init_script(EARS)

    def _hear(self, address: str) -> None:
        self.heard.append(address)

    def press(self, picture: str) -> None:
        """The one control with just this picture."""
        self._press(lambda sign: bool(sign["pictures"] == [picture] and sign["inside"]), f"a picture of {picture}")

    def press_shape(self, sign: str) -> None:
        """The one control that is just this letter or digit."""
        self._press(lambda one: bool(one["shape"] == sign and not one["pictures"]), f"the sign {sign}")

    def _press(self, fits: Callable[[dict[str, Any]], bool], what: str) -> None:
        def there() -> bool:
            return len([one for one in self.page.evaluate(SIGNS) if one["open"] and fits(one)]) == 1

        self._until(there, f"{what} is there, and once")
        (found,) = (one for one in self.page.evaluate(SIGNS) if one["open"] and fits(one))
        self.page.locator("button, a[href]").nth(found["place"]).click(timeout=PATIENCE_MS)

    def sees(self, picture: str) -> None:
        self._until(lambda: any(picture in one.split() for one in self.page.evaluate(PICTURES)), f"{picture} is seen")

    def hears(self, part: str) -> str:
        """Wait until something with *part* in it is spoken aloud; all that was said."""
        self._until(lambda: any(part in said for said in self.said()), f"{part!r} is heard among {self.said()}")
        return next(said for said in reversed(self.said()) if part in said)

    def said(self) -> list[str]:
        return [self._words_of(address) for address in [*self.heard]]

    def _words_of(self, address: str) -> str:
        path, query = urlsplit(address).path, parse_qs(urlsplit(address).query)
        if "text" in query:
            return query["text"][0]
        if key := re.fullmatch(r"/vorlesen/worte/de/(.+)\.mp3", path):
            return words().text(key[1])
        if sentence := re.fullmatch(r"(/vorlesen/[^/]+)/(\d+)\.mp3", path):
            told = self._told.get(sentence[1]) or self.page.evaluate(JSON, f"{sentence[1]}/saetze")
            self._told[sentence[1]] = told
            return str(told[int(sentence[2])]["say"])
        return ""

    def sounds(self) -> int:
        """How many sounds were played; each is one indeed."""
        for address in {one for one in self.heard if "/vorlesen/" in one}:
            assert loudest(base64.b64decode(self.page.evaluate(BYTES, address))) > SILENCE, address
        return len(self.heard)

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        began = time.monotonic()
        while not self._now(condition):
            assert time.monotonic() - began < HEARD_S, f"not within {HEARD_S:.0f} s: {what}"
            self.page.wait_for_timeout(50)

    @staticmethod
    def _now(condition: Callable[[], bool]) -> bool:
        try:
            return condition()
        except Error as error:
            if "navigat" in str(error) or "context was destroyed" in str(error):
                return False
            raise


def loudest(sound: bytes) -> float:
    """The largest sample of an MP3, of full scale."""
    with av.open(io.BytesIO(sound)) as file:
        return max(float(np.abs(frame.to_ndarray()).max()) for frame in file.decode(audio=0))


class Visit:
    """The steps; *steps* counts what she did."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.people: list[Person] = []

    def person(self, window: str) -> Person:
        """Her in front of *window*."""
        person = Person(self.on.page(window))
        self.people.append(person)
        return person

    def books(self) -> TicketSeen:
        """From the start page to the slip in her hand."""
        her = self.person("resident")
        her.page.goto(self.on.programs.url("telemed"))
        her.press("volume-2")
        her.hears(words().text("booking.specialty.ALLG"))
        her.press("check")
        her.hears("Heute um")
        her.press("check")
        her.hears(words().text("pictures.year"))
        for digit in BORN:
            her.press_shape(digit)
            her.page.wait_for_load_state()
        her.sees("gift")
        her.hears(BORN)
        her.press("check")
        called = her.hears(", ").rstrip(".").split(", ")
        page = her.page
        source = page.locator("img.ticket-picture").get_attribute("src") or ""
        picture = urlsplit(source).path.split("/")[-1].removesuffix(".svg")
        letter, digits = page.locator(".ticket-letter").inner_text(), page.locator(".ticket .digits").inner_text()
        assert called[0] == words().text(f"ticket.{picture}")
        return TicketSeen(picture, letter, digits, "", "")

    def checks_in(self, her: Person, ticket: TicketSeen) -> None:
        """Her picture, letter and digits, as they stand on the slip; each says its name."""
        her.press(ticket.picture)
        her.hears(words().text("kiosk.welcome.letter"))
        assert words().text(f"ticket.{ticket.picture}") in her.said()
        her.press_shape(ticket.letter)
        for digit in ticket.digits:
            her.press_shape(digit)
            her.hears(words().text(f"signage.spoken.digit.{digit}"))
        her.hears(words().text("kiosk.welcome.known.title"))
        her.press("check")

    def is_called(self, ticket: TicketSeen) -> None:
        """The monitor says her ticket aloud and shows its picture."""
        doctor, monitor = self.on.page("doctor"), self.on.page("monitor")
        button = doctor.locator("form[action='/arzt/aufrufen'] button")
        expect(button).to_be_enabled(timeout=PATIENCE_MS)
        with monitor.expect_response(lambda answer: answer.url.endswith("/de.wav"), timeout=PATIENCE_MS) as spoken:
            button.click()
        assert loudest(spoken.value.body()) > SILENCE
        expect(monitor.locator(f".row img[src*='{ticket.picture}']")).to_be_visible(timeout=PATIENCE_MS)

    def talks(self, her: Person) -> None:
        """Who is with her, one measurement, and whose value it is."""
        doctor = self.on.page("doctor")
        expect(her.page.locator("#doctors video")).to_be_visible(timeout=PATIENCE_MS)
        her.hears(words().text("kiosk.rollcall.near"))
        her.press("user")
        doctor.locator("#rollcall-confirm").click()
        her.hears(words().text("kiosk.rollcall.far"))
        her.press("check")
        expect(doctor.locator("#rollcall-state")).to_have_text("vorgestellt", timeout=PATIENCE_MS)
        doctor.locator("#kinds [data-kind=blood-pressure]").click()
        her.hears(words().text("kiosk.whose.question"))
        her.press("check")
        card = doctor.locator(".vital[data-kind=blood-pressure]").first
        expect(card).to_contain_text("bestätigt: Patientin oder Patient", timeout=PATIENCE_MS)

    def goes(self, her: Person) -> None:
        """The doctor ends; she needs no paper; the room is cleaned and knows nothing of her."""
        doctor, assistant = self.on.page("doctor"), self.on.page("assistant")
        doctor.locator("#end").click()
        doctor.locator("#end-form button.danger").click()
        doctor.wait_for_url(re.compile("/arzt"))
        her.hears(words().text("kiosk.farewell.title"))
        her.sees("lucide-hand")
        her.hears(words().text("kiosk.sheet.question"))
        her.press("x")
        assistant.locator("form[action$='/gereinigt'] button").click()
        expect(her.page.locator("section[data-screen=welcome]")).to_be_visible(timeout=PATIENCE_MS)

    def play(self) -> None:
        self.on.open_monitor()
        at_kiosk = self.person("kiosk")
        self.on.open_kiosk()
        assistant = self.on.sign_in("assistant")
        self.on.sign_in("doctor", DOCTOR)
        green = assistant.locator(f".check:not([data-severity=ok]){EXPECTED}")
        expect(green).to_have_count(0, timeout=60_000)
        ticket = self.books()
        self.checks_in(at_kiosk, ticket)
        self.on.shows(ticket)
        self.is_called(ticket)
        self.talks(at_kiosk)
        self.goes(at_kiosk)


def measure() -> Figure:
    sounds, failed = 0, ""
    with stage() as on:
        visit = Visit(on)
        try:
            visit.play()
            sounds = sum(person.sounds() for person in visit.people)
        except (AssertionError, Error) as error:
            failed = str(error)
            print(failed, file=sys.stderr)
            for person in visit.people:
                note(f"said: {person.said()}")
    name = f"a visit by pictures and sounds alone, from booking to farewell ({sounds} sounds played)"
    value = "stops" if failed else "completes"
    return Figure(issue="F", row=5, name=name, value=value, unit="", target="completes", ok=not failed)
