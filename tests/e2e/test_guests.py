"""Guests and the visit from home, in real browsers: four ends talk, each with each, and nobody else gets in."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from ops.programs import NAMES, Programs, free_port
from schemas.day import FactKind
from telemed import wiring
from telemed.booking import service as booking
from telemed.booking.model import Booked, Request
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.kit.ids import new_link_token
from telemed.people.model import Person, Way
from telemed.visit import service as visit
from tests.e2e.chromium import CALL, MEDIA, chromium
from tests.e2e.introduced import allow, introduce
from tests.e2e.shots import part_of, shot
from tests.e2e.stage import wait_for, wait_until_released
from tests.e2e.visit import LOUDNESS
from tests.warm import WarmPrograms

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

PATIENCE_MS = 30_000
SHOTS = Path(os.environ.get("SHOTS", "build/shots"))
WIDTH, HEIGHT, FRAMES = 160, 120, 5
IN_ROOM, AT_HOME = ("allgemein-20-blutdruck", "weiss"), ("sprechstunde-15", "vogt")
DECODES = """([selector, count]) => {
  const videos = [...document.querySelectorAll(selector)].filter((one) => one.srcObject);
  return videos.filter((one) => one.getVideoPlaybackQuality().totalVideoFrames > 3).length >= count;
}"""
KEEPS_CONNECTIONS = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...rest) {
    super(...rest);
    window.connections.push(this);
  }
};
"""
SENDS = """(most) => {
  const here = window.connections.filter(({ connectionState }) => connectionState === 'connected');
  const pictures = here.flatMap((each) => each.getSenders()).filter(({ track }) => track?.kind === 'video');
  const fits = (sender) => {
    const [{ active, maxBitrate, scaleResolutionDownBy = 1 }] = sender.getParameters().encodings;
    const { width, height } = sender.track.getSettings();
    const small = width / scaleResolutionDownBy <= 640 && height / scaleResolutionDownBy <= 360;
    return !active || (maxBitrate <= most && small);
  };
  return pictures.length > 0 && pictures.every(fits);
}"""
"""Of each picture that is sent: no more than so much, and no larger than in a crowd, where it is sent at all."""
CROWD_BPS = 800_000
OTHERS = "#faces figure:not([data-peer=own]) video"


def book(programs: Programs) -> dict[str, Booked]:
    """One visit in the room, whose person is there, and one at home, before the centre runs."""
    settings = wiring.read_settings(programs.environment())
    db = Database(settings.url)
    try:
        centre = wiring.build(settings, db)
        now, booked = centre.clock.now(), {}
        for where, (service, doctor) in (("room", IN_ROOM), ("home", AT_HOME)):
            with db.transaction() as tx:
                rooms = ("raum-1",) if where == "room" else ("zu-hause",)
                wish = Wish(What(service, (doctor,), rooms), now, now + timedelta(hours=8))
                offer = booking.offers(tx, directory.load(tx), wish, now=now)[0]
                request = Request(new_link_token(), offer, Person("Erika Sommer", 1948, Way.PAPER))
                booked[where] = booking.book(tx, centre.secrets, request, actor=Actor(Role.ANYONE), now=now)
        with db.transaction() as tx:
            visit.record(tx, visit_id=booked["room"].id, kind=FactKind.ARRIVED, by="assistant", now=now)
        return booked
    finally:
        db.dispose()


def small_camera(path: Path) -> Path:
    """A camera of a few dots whose grey changes: twelve pictures are coded at once on a machine that others use too."""
    colours = bytes([128]) * (WIDTH * HEIGHT // 2)
    frames = (b"FRAME\n" + bytes([60 + 30 * number]) * (WIDTH * HEIGHT) + colours for number in range(FRAMES))
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F5:1 Ip A1:1 C420jpeg\n".encode() + b"".join(frames))
    return path


class Scene:
    """Centre, room, and a window per person."""

    def __init__(self, programs: Programs, browser: Browser, booked: dict[str, Booked]) -> None:
        self.programs, self.browser, self.booked = programs, browser, booked
        self.faults: list[str] = []

    def window(self) -> Page:
        context = self.browser.new_context(viewport={"width": 1000, "height": 700}, locale="de-DE")
        context.set_default_timeout(PATIENCE_MS)
        context.grant_permissions(MEDIA)
        page = context.new_page()
        page.add_init_script(KEEPS_CONNECTIONS)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        return page

    def kiosk(self) -> Page:
        page = self.window()
        page.goto(f"{self.programs.url('room-agent')}/kiosk#{self.programs.keys['rooms'][0]['kiosk']}")
        expect(page.locator("body[data-screen=welcome]")).to_be_visible(timeout=PATIENCE_MS)
        return page

    def doctor(self, subject: str) -> Page:
        page = self.window()
        page.goto(next(one["url"] for one in self.programs.keys["staff"] if one["id"] == subject))
        page.locator("main form button").click()
        page.wait_for_url("**/arzt")
        wait_until_released(page)
        return page

    @staticmethod
    def call(doctor: Page) -> None:
        button = doctor.locator("form[action='/arzt/aufrufen'] button")
        expect(button).to_be_enabled(timeout=PATIENCE_MS)
        button.click()
        doctor.wait_for_url("**/arzt/besuch/*")

    @staticmethod
    def link(doctor: Page, role: str) -> str:
        """The doctor invites; the link as the guest gets it."""
        doctor.locator("#invite-open").click()
        before = doctor.locator("#invite-link").input_value()
        doctor.locator(f"[data-invite-as={role}]").click()
        expect(doctor.locator("#invite-link")).not_to_have_value(before)
        link = doctor.locator("#invite-link").input_value()
        read = zxingcpp.read_barcode(Image.open(BytesIO(part_of(doctor, "[data-invite-code]"))))
        assert read is not None
        assert read.text == link  # a telephone comes in by what it sees
        doctor.locator("#invite-close").click()
        return str(read.text)

    def guest(self, link: str, name: str) -> Page:
        """Somebody follows the link and wants to come in."""
        page = self.window()
        page.goto(link)
        page.locator("main form button").click()
        page.wait_for_url("**/gast")
        page.locator("#guest-name").fill(name)
        page.locator("#consent").check()
        page.locator("#enter-form button").click()
        return page

    @staticmethod
    def knocking(doctor: Page, name: str) -> Any:
        card = doctor.locator(".guest-card").filter(has_text=name)
        expect(card).to_be_visible(timeout=PATIENCE_MS)
        return card


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    tmp_path = tmp_path_factory.mktemp("house")
    ports = {name: free_port(0) for name in NAMES}
    with WarmPrograms(tmp_path, ports=ports) as programs:
        programs.prepare()
        booked = book(programs)
        programs.start("telemed")
        programs.start("room-agent")
        camera = small_camera(tmp_path / "camera.y4m")
        with chromium(*CALL, f"--use-file-for-fake-video-capture={camera}") as browser:
            yield Scene(programs, browser, booked)


@pytest.fixture
def scene(house: Scene) -> Iterator[Scene]:
    """Nobody's window stays open from one test to the next."""
    yield house
    for context in house.browser.contexts:
        context.close()


def looks_on(doctor: Page, colleague: Page) -> None:
    """A colleague reads what was measured, with whose it is, and hears the heart while the doctor listens."""
    doctor.set_viewport_size({"width": 1920, "height": 1080})  # all of her panel beside each other
    value = colleague.locator("#values li[data-kind=blood-pressure]").filter(has_text="121/79")
    expect(value).to_contain_text("noch nicht bestätigt", timeout=PATIENCE_MS)
    expect(value).to_contain_text("simuliert")
    doctor.locator(".vital[data-kind=blood-pressure]").get_by_role("button", name="Laut gefragt").click()
    expect(value).to_contain_text("bestätigt: Ärztin oder Arzt", timeout=PATIENCE_MS)
    doctor.locator("#listen").click()
    allow(doctor, "stethoscope")
    expect(colleague.locator("#stethoscope-on")).to_be_visible(timeout=PATIENCE_MS)
    wait_for(lambda: colleague.evaluate(LOUDNESS, "#stethoscope") > 0.001, timeout_s=20, what="the heart is heard")
    look(colleague, "colleague")
    doctor.locator("#listen").click()


def test_four_ends_talk_each_with_each_and_a_fifth_stays_outside(scene: Scene) -> None:
    kiosk, doctor = scene.kiosk(), scene.doctor("weiss")
    scene.call(doctor)
    relative = scene.guest(scene.link(doctor, "relative"), "Anna Sommer")
    card = scene.knocking(doctor, "Anna Sommer")
    expect(card.locator("[data-proved]")).to_be_visible()
    expect(relative.locator("[data-step=wait]")).to_be_visible()
    card.locator("[data-admit]").click()
    interpreter = scene.guest(scene.link(doctor, "interpreter"), "Ines Petrova")
    scene.knocking(doctor, "Ines Petrova").locator("[data-admit]").click()
    for page in (relative, interpreter):
        page.wait_for_function(DECODES, arg=[OTHERS, 3], timeout=PATIENCE_MS)
        assert page.locator("#devices figure").count() == 0
    doctor.wait_for_function(DECODES, arg=["#patient-video, #tiles [data-role] video", 3], timeout=PATIENCE_MS)
    kiosk.wait_for_function(DECODES, arg=["video:not(#self)", 3], timeout=PATIENCE_MS)
    expect(relative.locator("figure[data-role=doctor] figcaption")).to_contain_text("Dr. med. Miriam Weiß")
    for page in (kiosk, doctor, relative):
        page.wait_for_function(SENDS, arg=CROWD_BPS, timeout=PATIENCE_MS)
    expect(kiosk.locator("#company-names")).to_contain_text("Ines Petrova, Dolmetschen")
    expect(doctor.locator("#tiles [data-role=interpreter] button")).to_contain_text("Ines Petrova")

    colleague = scene.guest(scene.link(doctor, "colleague"), "Dr. Zweite")
    outside = scene.knocking(doctor, "Dr. Zweite")
    outside.locator("[data-admit]").click()
    expect(outside).to_contain_text("Es sind schon vier im Gespräch")
    scene.knocking(doctor, "Ines Petrova").locator("[data-out]").click()
    expect(interpreter.locator("[data-step=refused]")).to_be_visible(timeout=PATIENCE_MS)

    outside.locator("[data-admit]").click()
    colleague.wait_for_function(DECODES, arg=[OTHERS, 3], timeout=PATIENCE_MS)
    assert colleague.locator("#devices figure").count() == 0
    introduce(doctor)
    doctor.locator("#kinds [data-kind=blood-pressure]").click()
    outside.locator("[data-share] input").check()
    colleague.wait_for_function(DECODES, arg=["#devices video", 1], timeout=PATIENCE_MS)
    looks_on(doctor, colleague)
    outside.locator("[data-share] input").uncheck()
    expect(colleague.locator("#devices figure")).to_have_count(0, timeout=PATIENCE_MS)
    outside.locator("[data-out]").click()
    expect(colleague.locator("[data-step=refused]")).to_be_visible(timeout=PATIENCE_MS)
    relative.locator("[data-step=call] [data-leave]").click()
    expect(doctor.locator(".guest-card")).to_have_count(0, timeout=PATIENCE_MS)
    assert scene.faults == []


def in_an_emergency_nobody_of_ours_is_there(doctor: Page, resident: Page) -> None:
    """No room's address or number stands where help must go, and no assistant is promised."""
    expect(doctor.locator("#rollcall")).to_contain_text("Bei der Person zu Hause:")
    doctor.locator("#emergency-call").click()
    panel = doctor.locator("#emergency")
    expect(panel).to_contain_text("Fragen Sie nach der Adresse.")
    expect(panel).to_contain_text("Rufen Sie 112 an.")
    expect(panel.locator("#emergency-address")).to_be_empty()
    expect(panel.locator("#emergency-phone")).to_be_hidden()
    assert not re.search("Raum|Assistenz", panel.inner_text())
    look(doctor, "emergency-home")
    doctor.locator("#emergency-over").click()
    at_a_poor_line_a_new_date_is_one_touch_away(resident)


def at_a_poor_line_a_new_date_is_one_touch_away(resident: Page) -> None:
    """As the page shows it; when it asks is a matter of `tests/web/test_adapt.py`."""
    resident.evaluate("for (const each of document.querySelectorAll('#poor, [data-poor-asks]')) each.hidden = false")
    resident.locator("[data-poor=another-day]").click()
    link = resident.get_by_role("link", name="Meinen Termin verschieben")
    expect(link).to_be_visible()
    assert link.get_attribute("target") == "_blank"  # the talk goes on meanwhile
    look(resident, "guest-poor")
    resident.evaluate("document.getElementById('poor').hidden = true")


def look(page: Page, name: str) -> None:
    for wide, high in ((360, 740), (500, 350), (1000, 700)):
        page.set_viewport_size({"width": wide, "height": high})
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, wide
        shot(page, SHOTS / f"{name}-{wide}.png", full_page=True)


def gives_a_sheet_along(doctor: Page) -> None:
    """For home, with the next appointment on it; the resident's end has it."""
    with doctor.context.expect_page() as opened:
        doctor.locator("#instructions").click()
    sheet = opened.value
    expect(sheet.locator("body[data-ready]")).to_be_visible()
    sheet.locator("[data-block=rest]").check()
    expect(sheet.locator("#with-next")).to_be_checked()
    sheet.locator("#send").click()
    expect(sheet.locator("#told")).to_have_text("Im Raum oder zu Hause angekommen.", timeout=PATIENCE_MS)
    sheet.close()


def ends_and_is_read(doctor: Page, resident: Page) -> None:
    """The call ends, and the sheet that came in it opens at home."""
    doctor.locator("#end").click()
    doctor.locator("#end-form button.danger").click()
    expect(resident.locator("[data-step=over]")).to_be_visible(timeout=PATIENCE_MS)
    resident.locator("[data-step=over] [data-take-home] a").click()
    expect(resident.get_by_role("heading", name="Ihr nächster Termin")).to_be_visible(timeout=PATIENCE_MS)


def test_a_visit_from_home_goes_on_in_a_room(scene: Scene) -> None:
    resident, doctor = scene.window(), scene.doctor("vogt")
    resident.goto(f"{scene.programs.url('telemed')}/t/{scene.booked['home'].link_token}")
    resident.locator("main form button").click()
    resident.locator("form[action='/mein-termin/bereit'] button").click()
    resident.get_by_role("link", name="Zum Gespräch").click()
    resident.locator("#consent").check()
    resident.locator("#enter-form button").click()
    expect(resident.locator("#wait-text")).to_contain_text("noch nicht begonnen")
    scene.call(doctor)
    card = scene.knocking(doctor, "Patientin oder Patient")
    expect(card.locator("[data-unproved]")).to_be_visible()
    card.locator("[data-admit]").click()
    resident.wait_for_function(DECODES, arg=[OTHERS, 1], timeout=PATIENCE_MS)
    doctor.wait_for_function(DECODES, arg=["#patient-video", 1], timeout=PATIENCE_MS)
    seen = [
        page.locator(f"{place} [data-picture]").evaluate_all("(all) => all.map((one) => one.dataset.picture)")
        for page, place in ((resident, "#code-pictures"), (doctor, ".guest-card"))
    ]
    assert seen[0] == seen[1]
    assert len(seen[0]) == 3
    card.locator("[data-match]").click()
    expect(card.locator("[data-proved]")).to_be_visible()

    in_an_emergency_nobody_of_ours_is_there(doctor, resident)
    link = scene.link(doctor, "relative")
    deceived = scene.guest(f"{link.rpartition('.')[0]}.{'A' * 43}", "Anna Sommer")  # another operator has signed
    expect(deceived.locator("[data-step=distrust]")).to_be_visible(timeout=PATIENCE_MS)
    expect(doctor.locator(".guest-card")).to_have_count(1, timeout=PATIENCE_MS)

    organiser = scene.window()
    organiser.goto(scene.link(doctor, "organiser"))
    organiser.locator("main form button").click()
    organiser.locator("#enter-form button").click()
    expect(organiser.locator("#here li")).to_have_count(2, timeout=PATIENCE_MS)
    assert organiser.locator("video").count() == 0

    doctor.locator("#to-room-open").click()
    doctor.locator("#to-room-times button").first.click()
    expect(doctor.locator("#to-room-done")).to_contain_text("Gebucht: ")
    expect(resident.locator("#next")).to_contain_text("Ihr neuer Termin: ", timeout=PATIENCE_MS)
    gives_a_sheet_along(doctor)
    ends_and_is_read(doctor, resident)
    resident.goto(f"{scene.programs.url('telemed')}/mein-termin")
    expect(resident.locator("main")).not_to_contain_text("Zu Hause")
    assert scene.faults == []
