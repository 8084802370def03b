"""The doctor's panels of roll-call, consent, pause and emergency, on the real page; the ends are played by the test."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from schemas.day import FactKind
from telemed.identity.model import Role
from telemed.kit.db import Database
from tests.desk.world import World, make_world, running
from tests.e2e.booking_scene import FINDINGS, MISSING_WORDS
from tests.e2e.chromium import AXE
from tests.e2e.shots import shot
from tests.e2e.test_staff_pages import FRESH_MS, signed_in

pytestmark = pytest.mark.e2e
SHOTS = Path(__file__).parents[2] / "build" / "shots"
SIZES = {"1920": (1920, 1080), "360": (360, 740), "200-percent": (960, 540)}
MODULES = """
import { Emergency } from './emergency.js';
import { Gate } from './gate.js';
import { RollCallPanel } from './rollcall.js';
import { Panel } from './panel.js';
const visitId = document.getElementById('visit').dataset.visitId;
const hooks = [], said = [], told = [], rests = [];
const talk = {
  signalling: { peerId: 'doctor-1' },
  partners: [],
  on: (each) => hooks.push(each),
  send: (message) => said.push(message),
};
const emit = (name, ...args) => hooks.forEach((each) => each[name]?.(...args));
const kiosk = { peer_id: 'kiosk-1', role: 'kiosk', name: 'Raum 1' };
const tell = (message) => told.push(message);
const rollcall = new RollCallPanel(talk, () => tell({ type: 'introduced', on: true }));
const gate = new Gate(talk, tell, (on) => rests.push(on));
const emergency = new Emergency(talk, visitId, tell);
new Panel();
const is = (state) => {
  const whole = { type: 'gate', introduced: false, paused: '', emergency: '', helped: false, ...state };
  rollcall.gate(whole.introduced);
  gate.is(whole);
  emergency.is(whole);
};
const comes = () => {
  talk.partners.push(kiosk);
  emit('onOpen', kiosk.peer_id, kiosk);
};
document.getElementById('before').hidden = true;
document.getElementById('call').hidden = false;
rollcall.open();
const hears = (message) => emit('onTalk', kiosk.peer_id, message, kiosk);
window.scene = { comes, hears, is, gate, emergency, said, told, rests };
document.body.dataset.scene = 'ready';
"""
"""Instead of visit.js: the panels, and ends that the test plays."""


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


def opened(browser: Browser, world: World, address: str) -> Page:
    """The page of a visit that was called."""
    world.happen(world.visits[0], FactKind.ARRIVED, FactKind.CALLED)
    page = signed_in(browser, world, address, Role.DOCTOR, world.doctor)
    page.wait_for_url("**/arzt")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.route("**/static/desk/js/visit.js", lambda route: route.fulfill(body=MODULES, content_type="text/javascript"))
    page.goto(page.url.replace("/arzt", f"/arzt/besuch/{world.visits[0]}"))
    page.locator("body[data-scene=ready]").wait_for()
    return page


def look(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        shot(page, SHOTS / f"doctor-{name}-{size}.png")
        page.evaluate(AXE.read_text())
        assert [each for script in (FINDINGS, MISSING_WORDS) for each in page.evaluate(script)] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
    page.set_viewport_size({"width": 1366, "height": 768})


def test_the_doctor_introduces_and_sees_what_is_allowed(browser: Browser, world: World) -> None:
    with running(world) as address:
        page = opened(browser, world, address)
        expect(page.locator("#rollcall-noted")).to_be_disabled()
        page.evaluate("scene.comes()")
        expect(page.locator("#rollcall-confirm")).to_be_disabled()
        relative = {"relation": "relative", "name": "Frau Beispiel"}
        people = {
            "type": "people",
            "of": "kiosk-1",
            "seq": 1,
            "people": [{"relation": "patient", "name": ""}, relative],
        }
        page.evaluate("(people) => scene.hears(people)", people)
        expect(page.locator("#rollcall-room")).to_have_text("Patientin oder Patient, Frau Beispiel (Angehörige)")
        look(page, "rollcall")
        page.locator("#rollcall-others").fill("Herr Muster")
        page.locator("#rollcall-confirm").click()
        said = page.evaluate("scene.said.map(({ type, of }) => [type, of])")
        assert said == [["people", "doctor-1"], ["known", "kiosk-1"]]
        assert page.evaluate("scene.told") == [{"type": "introduced", "on": True}]
        expect(page.locator("#rollcall-state")).to_have_text("der Raum bestätigt noch")
        page.evaluate("scene.is({ introduced: true })")
        expect(page.locator("#rollcall-state")).to_have_text("vorgestellt")
        expect(page.locator("#rollcall")).not_to_have_attribute("open", "")
        page.evaluate("scene.gate.allowed({ type: 'allowed', stream: 'otoscope', state: 'asked', by: '' })")
        page.evaluate("scene.gate.allowed({ type: 'allowed', stream: 'stethoscope', state: 'yes', by: 'patient' })")
        row = page.locator("#streams [data-stream=otoscope]")
        expect(row).to_contain_text("Otoskop")
        look(page, "allowed")
        row.locator("[data-yes=yes]").click()
        assert page.evaluate("scene.told.at(-1)") == {"type": "allow", "stream": "otoscope", "yes": True}
        page.locator("#pause").click()
        assert page.evaluate("[scene.told.at(-1), scene.said.at(-1)]") == [{"type": "pause", "on": True}] * 2
        expect(page.locator("#paused")).to_be_visible()
        page.evaluate("scene.hears({ type: 'pause', on: false }); scene.is({ introduced: true })")
        expect(page.locator("#paused")).to_be_hidden()
        page.locator("#send-out").click()
        assert page.evaluate("scene.said.at(-1)") == {"type": "send-out", "on": True}
        page.context.close()


def test_where_the_room_does_not_answer_the_centre_alarms_and_the_numbers_are_large(
    browser: Browser, world: World
) -> None:
    with running(world) as address:
        page = opened(browser, world, address)
        tablet = signed_in(browser, world, address, Role.ASSISTANT, "lindner")
        expect(tablet.locator("#alarms")).to_have_count(1)
        page.locator("#emergency-call").click()
        panel = page.locator("#emergency")
        expect(panel).to_contain_text("112")
        expect(panel).to_contain_text("Erdgeschoss, links vom Eingang")
        expect(panel).to_contain_text("030 23125 042")
        expect(panel).to_contain_text("Die Assistenz ist über die Zentrale gerufen.", timeout=FRESH_MS)
        expect(tablet.locator("[data-emergency]")).to_contain_text("Raum 1", timeout=2000)
        look(page, "emergency")
        assert page.evaluate("scene.said") == [{"type": "emergency", "on": True, "by": "doctor"}]
        place = {"room_name": "Raum 7", "address": "Am Markt 1", "floor": "2. Stock", "phone": "0123 4"}
        page.evaluate("(place) => scene.emergency.place({ type: 'place', ...place })", place)
        for part in place.values():
            expect(panel).to_contain_text(part)
        page.evaluate("scene.is({ emergency: 'doctor', helped: true })")
        expect(panel).to_contain_text("Die Assistenz kommt.")
        look(tablet, "tablet-emergency")
        tablet.get_by_role("button", name="Ich komme").click()
        expect(tablet.locator("[data-emergency]")).to_have_count(0)
        page.locator("#emergency-over").click()
        expect(panel).to_be_hidden()
        page.context.close()
        tablet.context.close()
