"""The doctor's call page in a real browser, with the real centre and the real room agent on the other side."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ops.programs import NAMES, Programs, free_port
from schemas.day import FactKind
from telemed import wiring
from telemed.booking import service as booking
from telemed.booking.model import Request
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.kit.ids import new_link_token
from telemed.people.model import Person, Way
from telemed.visit import service as visit
from tests.e2e.chromium import AXE, CALL, CALL_REFUSED, MEDIA, chromium, chromium_beside
from tests.e2e.introduced import allow, introduce
from tests.e2e.shots import shot
from tests.e2e.stage import wait_until_released
from tests.warm import WarmPrograms

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

DOCTOR = "weiss"
SHOTS = Path(os.environ.get("SHOTS", "build/shots"))
NAME = "Erika Sommer"
PATIENCE_MS = 30_000
RUNS = "(id) => document.getElementById(id).getVideoPlaybackQuality().totalVideoFrames > 5"


def book_and_arrive(programs: Programs) -> None:
    """Two visits of one doctor, before the centre runs; the first person is there."""
    settings = wiring.read_settings(programs.environment())
    db = Database(settings.url)
    try:
        centre = wiring.build(settings, db)
        now = centre.clock.now()
        ids = []
        for name in (NAME, "Konrad Winter"):
            with db.transaction() as tx:
                known = directory.load(tx)
                wish = Wish(What("allgemein-20-blutdruck", (DOCTOR,)), now, now + timedelta(hours=6))
                offer = booking.offers(tx, known, wish, now=now)[0]
                request = Request(new_link_token(), offer, Person(name, 1948, Way.PAPER))
                ids.append(booking.book(tx, centre.secrets, request, actor=Actor(Role.ANYONE), now=now).id)
        with db.transaction() as tx:
            visit.record(tx, visit_id=ids[0], kind=FactKind.ARRIVED, by="assistant", now=now)
    finally:
        db.dispose()


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Centre and room agent, with somebody waiting."""
    ports = {name: free_port(0) for name in NAMES}
    with WarmPrograms(tmp_path, ports=ports) as programs:
        programs.prepare()
        book_and_arrive(programs)
        programs.start("telemed")
        programs.start("room-agent")
        yield programs


def window(browser: Browser, *allowed: str) -> tuple[BrowserContext, Page]:
    context = browser.new_context(viewport={"width": 1920, "height": 1080}, locale="de-DE")
    if allowed:
        context.grant_permissions(allowed)
    context.set_default_timeout(PATIENCE_MS)
    return context, context.new_page()


def open_kiosk(programs: Programs, browser: Browser) -> Page:
    _, page = window(browser, *MEDIA)
    page.goto(f"{programs.url('room-agent')}/kiosk#{programs.keys['rooms'][0]['kiosk']}")
    expect(page.locator("body[data-screen=welcome]")).to_be_visible(timeout=PATIENCE_MS)
    return page


def sign_in(programs: Programs, browser: Browser, allowed: Sequence[str] = MEDIA) -> Page:
    _, page = window(browser, *allowed)
    link = next(one["url"] for one in programs.keys["staff"] if one["id"] == DOCTOR)
    page.goto(link)
    page.locator("main form button").click()
    page.wait_for_url("**/arzt")
    wait_until_released(page)
    return page


def call(page: Page) -> None:
    button = page.locator("form[action='/arzt/aufrufen'] button")
    expect(button).to_be_enabled(timeout=PATIENCE_MS)
    button.click()
    page.wait_for_url("**/arzt/besuch/*")


def measure(page: Page, kind: str) -> None:
    device = page.locator(".kind", has=page.locator(f"[data-kind={kind}]")).locator(".device-is")
    expect(device).to_have_attribute("data-state", "ready", timeout=PATIENCE_MS)
    page.locator(f"#kinds [data-kind={kind}]").click()
    expect(page.locator(f".vital[data-kind={kind}] .value").first).to_be_visible(timeout=PATIENCE_MS)


def test_a_call_with_everything_in_it_and_nothing_left_afterwards(programs: Programs) -> None:
    with chromium(*CALL) as browser:
        kiosk, page = open_kiosk(programs, browser), sign_in(programs, browser)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        call(page)
        page.wait_for_function(RUNS, arg="patient-video", timeout=PATIENCE_MS)
        page.wait_for_function(RUNS, arg="exam-video", timeout=PATIENCE_MS)
        expect(page.locator("#device-state")).to_contain_text("gut verbunden")
        expect(page.locator("#talk-state")).to_contain_text("Gespräch steht")
        introduce(page)
        marks = page.evaluate("performance.getEntriesByType('mark').map(({ name }) => name)")
        assert {"join-clicked", "device-frame", "conversation-frame"} <= set(marks)

        measure(page, "blood-pressure")
        card = page.locator(".vital[data-kind=blood-pressure]").filter(has_text="mmHg")
        expect(card).to_contain_text(re.compile(r"\d+/\d+ mmHg"))
        expect(card).to_contain_text("simuliert")
        expect(card.locator(".age")).to_contain_text("vor ")
        assert 0 <= float(page.evaluate("document.body.dataset.lastVitalShownMs")) < 5_000
        measure(page, "oximeter")
        expect(page.locator("#pleth-state")).to_have_text("Pulskurve, live")
        measure(page, "ecg")
        record_an_ecg(page)
        listen_and_look(page, kiosk)
        look_at_two_and_keep_one(page)
        page.locator("#kinds [data-kind=oximeter]").click()
        expect(page.locator("#kinds [data-kind=oximeter]")).to_have_text("Bitte Sauerstoff")
        bundle = downloaded(page)
        assert bundle["type"] == "collection"
        assert {entry["resource"]["resourceType"] for entry in bundle["entry"]} == {"Observation", "Media"}
        assert NAME not in json.dumps(bundle)

        page.locator("#end").click()
        page.locator("#end-no").click()
        page.locator("#end").click()
        page.locator("#end-form button.danger").click()
        page.wait_for_url("**/arzt")
        expect(page.locator("[data-handed]")).to_have_text(re.compile(r"übergeben: Werte: \d+, Bilder: 1\."))
        expect(kiosk.locator("body[data-screen=call]")).to_have_count(0, timeout=PATIENCE_MS)
        page.go_back()
        expect(page.locator("#call")).to_have_count(0)
        assert faults == []


IN_VIEW = """(id) => {
  const { top, bottom } = document.getElementById(id).getBoundingClientRect();
  return top >= 0 && bottom <= innerHeight;
}"""


def record_an_ecg(page: Page) -> None:
    """Beside it the picture stays big; the newest value comes first, in view; after the end it says so and can go."""
    expect(page.locator("#ecg-quality")).to_have_text("brauchbar.", timeout=PATIENCE_MS)
    expect(page.locator("#ecg [data-simulated]")).to_be_visible()
    expect(page.locator("#stethoscope [data-simulated]")).to_be_visible()
    first = page.locator("#vitals > li").first
    expect(first).to_have_attribute("data-kind", "ecg")
    expect(first).to_be_in_viewport(ratio=0.95)
    SHOTS.mkdir(parents=True, exist_ok=True)
    shot(page, SHOTS / "desk-ecg.png")
    assert page.locator("#tiles").evaluate("(tiles) => tiles.clientHeight") >= 360
    assert page.evaluate(IN_VIEW, "ecg-canvas")
    page.locator("#kinds [data-kind=ecg]").click()
    expect(page.locator("#ecg-state")).to_contain_text("Die Aufzeichnung ist beendet.")
    expect(page.locator("#ecg-quality")).not_to_contain_text("kommt nichts")
    shot(page, SHOTS / "desk-ecg-ended.png")
    page.locator("#ecg-close").click()
    expect(page.locator("#ecg")).to_be_hidden()


def everybody_can_use_it(page: Page) -> None:
    """At the desk, on a telephone, and twice as large: nothing is cut off, nothing that axe finds."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for width, height in ((360, 740), (960, 540), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = page.evaluate(
            "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))"
        )
        assert found == []


def listen_and_look(page: Page, kiosk: Page) -> None:
    """The stethoscope is heard when asked for, and meanwhile the room is mute; a chosen camera is the big picture."""
    muted = "[...document.querySelectorAll('#doctors video')].map(({ muted }) => muted)"
    expect(page.locator("#listening")).to_be_hidden()
    page.locator("#listen").click()
    expect(page.locator("#listen-state")).to_have_text("Die Patientin oder der Patient wird noch gefragt.")
    assert kiosk.evaluate(muted) == [False]
    allow(page, "stethoscope")
    expect(page.locator("#listening")).to_contain_text("Lautsprecher und Mikrofon im Raum sind stumm")
    expect(page.locator("#listen-state")).to_have_text("Sie hören das Stethoskop.")
    expect(kiosk.locator("#auscultation")).to_contain_text("Herz und Lunge werden jetzt abgehört")
    assert kiosk.evaluate(muted) == [True]
    page.locator("input[value=lossless]").check()
    page.locator("input[value=bell]").check()
    expect(page.locator("#level-text")).to_have_text(re.compile("-[0-9]+ dB"))
    everybody_can_use_it(page)
    page.locator("#listen").click()
    expect(page.locator("#listening")).to_be_hidden()
    expect(kiosk.locator("#auscultation")).to_be_hidden()
    assert kiosk.evaluate(muted) == [False]
    big = page.locator("#tiles")
    page.locator("#cameras [data-camera=otoscope] [data-slot='0']").click()
    allow(page, "otoscope")
    expect(big).to_have_attribute("data-big", "exam")
    page.locator("#swap").click()
    expect(big).to_have_attribute("data-big", "patient")


COLOURED = """
(id) => {
  const paper = new OffscreenCanvas(64, 36).getContext('2d');
  paper.drawImage(document.getElementById(id), 0, 0, 64, 36);
  const dots = paper.getImageData(0, 0, 64, 36).data;
  let colour = 0;
  for (let at = 0; at < dots.length; at += 4) colour += Math.abs(dots[at] - dots[at + 2]);
  return (4 * colour) / dots.length > 8;
}
"""
"""A camera's picture has colours and the slate has none; how many dots it has is up to the line and the machine."""


def look_at_two_and_keep_one(page: Page) -> None:
    """A second camera beside the first; its picture as a still in full resolution, with its settings kept."""
    first, second = (page.locator(f"#cameras [data-camera={camera}]") for camera in ("otoscope", "dermatoscope"))
    expect(page.locator("#second")).to_be_hidden()
    second.locator("[data-slot='1']").click()
    allow(page, "dermatoscope")
    expect(page.locator("#tiles")).to_have_attribute("data-big", "second")
    expect(first.locator("[data-slot='0']")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(COLOURED, arg="second-video", timeout=PATIENCE_MS)
    page.wait_for_function(COLOURED, arg="exam-video", timeout=PATIENCE_MS)
    second.locator("[data-lock]").click()
    second.locator("[data-still]").click()
    still = page.locator("#stills .still[data-whole]")
    expect(still).to_contain_text("1920 × 1080", timeout=PATIENCE_MS)
    expect(still).to_contain_text("Belichtung: fest")
    expect(still).to_contain_text("simuliert")
    assert still.locator("canvas").evaluate("(canvas) => [canvas.width, canvas.height]") == [1920, 1080]
    with page.expect_download() as started:
        still.locator("a").click()
    assert Path(started.value.path()).read_bytes()[:2] == b"\xff\xd8"
    second.locator("[data-slot='1']").click()
    expect(page.locator("#second")).to_be_hidden()
    expect(page.locator("#tiles")).to_have_attribute("data-big", "exam")


def downloaded(page: Page) -> Any:
    with page.expect_download() as started:
        page.locator("#download").click()
    return json.loads(Path(started.value.path()).read_text(encoding="utf-8"))


def test_without_camera_and_microphone_the_doctor_is_told_and_still_sees_the_room(programs: Programs) -> None:
    with chromium(*CALL) as room, chromium_beside(room, *CALL_REFUSED) as browser:
        open_kiosk(programs, room)
        page = sign_in(programs, browser, allowed=())
        call(page)
        expect(page.locator("#media-notice")).to_contain_text("Kamera und Mikrofon sind nicht freigegeben")
        page.wait_for_function(RUNS, arg="patient-video", timeout=PATIENCE_MS)
        page.wait_for_function(RUNS, arg="exam-video", timeout=PATIENCE_MS)
        expect(page.locator("#self")).to_be_hidden()


HEAR = """async (texts) => {
  const { Vitals } = await import('/static/desk/js/vitals.js');
  const vitals = new Vitals(document.getElementById('visit').dataset.visitId);
  return texts.map((text) => vitals.hear(text.replace('VISIT', vitals.visitId)));
}"""


STILLS = """async () => {
  const { Stills } = await import('/static/desk/js/stills.js');
  const told = [], list = document.getElementById('stills');
  const stills = new Stills((message) => told.push(message));
  const bytes = new Uint8Array(100000).map((_, place) => place % 251);
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const right = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const piece = (number, begin, end) => {
    const data = new Uint8Array(12 + end - begin), header = new DataView(data.buffer);
    header.setUint32(0, number, true);
    header.setBigUint64(4, BigInt(begin), true);
    data.set(bytes.subarray(begin, end), 12);
    return data.buffer;
  };
  const until = async (holds) => { while (!holds()) await new Promise((done) => setTimeout(done, 10)); };
  stills.take('otoscope', 'Otoskop');
  const { still_id: id, ...asked } = told[0];
  const offer = (part, number, sha256 = right) => stills.offered({
    still_id: id, part, number, camera: 'otoscope', simulated: true, sha256, size: bytes.length,
    mime: 'image/jpeg', width: 640, height: 360, taken_at: '2026-12-01T08:00:00Z', settings: {} });
  const found = { asked, offered: offer('preview', 1), first: stills.hear(piece(1, 0, 60000)) };
  found.gap = stills.hear(piece(1, 70000, 80000));
  found.short = stills.hear(new ArrayBuffer(12));
  told.length = 0;
  stills.resume();
  found.resumed = told.splice(0).map(({ type, part, offset }) => [type, part, offset]);
  offer('preview', 8);
  found.rest = stills.hear(piece(8, 60000, 100000));
  await until(() => told.length);
  found.whole = told.splice(0).map(({ type, part, offset }) => [type, part, offset]);
  await until(() => list.textContent.includes('beschädigt')); // no picture, although the hash is right
  offer('full', 9, '0'.repeat(64));
  stills.hear(piece(9, 0, 100000));
  await until(() => told.length);
  found.spoilt = told.splice(0).map(({ type, part, offset }) => [type, part, offset]);
  stills.hear(piece(9, 0, 100000));
  stills.failed({ still_id: id, reason: 'gone' });
  found.said = list.textContent;
  stills.clear();
  found.left = list.childElementCount;
  return found;
}"""


def check_stills(page: Page) -> None:
    """Nothing is shown or acknowledged whose bytes are not all there and right; a new connection goes on."""
    found = page.evaluate(STILLS)
    assert found["asked"] == {"type": "take-still", "camera": "otoscope"}
    assert (found["offered"], found["first"], found["gap"], found["short"]) == (True, True, False, False)
    assert found["resumed"] == [["still-resume", "preview", 60_000], ["still-resume", "full", 0]]
    assert found["rest"] is True
    assert found["whole"] == [["still-ack", "preview", 100_000]]
    assert found["spoilt"] == [["still-resume", "full", 0]]
    assert "Kein Foto. Die Kamera ist getrennt." in found["said"]
    assert found["left"] == 0


def vital(vital_id: str, *, visit_id: str = "VISIT", live: object = True, **observation: Any) -> str:
    return json.dumps(
        {
            "type": "vital",
            "vital_id": vital_id,
            "visit_id": visit_id,
            "kind": "oximeter",
            "live": live,
            "simulated": False,
            "sent_at": "2026-12-01T08:00:00Z",
            "observation": {"resourceType": "Observation", **observation},
        }
    )


def quantity(value: object, unit: str | None = "%") -> dict[str, Any]:
    found = {"value": value} if unit is None else {"value": value, "unit": unit}
    return {"code": {"coding": [{"code": "2708-6"}]}, "valueQuantity": found}


def test_what_is_no_value_never_shows_a_number(programs: Programs) -> None:
    with chromium(*CALL) as browser:
        page = sign_in(programs, browser)
        call(page)
        card, none = page.locator(".vital"), page.locator(".vital .value")
        good = quantity(97)
        bad = [vital("x", visit_id="another", **good), vital("x", live=1, **good), vital("no id", **good)]
        bad += [vital("x", resourceType="Patient"), "", "{", "null", '{"type": "vital"}']
        assert page.evaluate(HEAR, bad) == [False] * len(bad)
        expect(card).to_have_count(0)
        absent: dict[str, Any] = {
            "code": {"coding": [{"code": "2708-6"}]},
            "dataAbsentReason": {"coding": [{"code": "negative-infinity"}]},
        }
        assert page.evaluate(HEAR, [vital("a", **absent)]) == [True]
        expect(card).to_contain_text("unter dem Messbereich")
        expect(none).to_have_count(0)
        assert page.evaluate(HEAR, [vital("s", live=False, **good)]) == [True]
        held = page.locator(".vital[data-held]")
        expect(held).to_contain_text("ein Wert wird zurückgehalten")
        assert not re.search(r"\d", held.inner_text())
        for number, odd in enumerate((quantity(None), quantity("98"), quantity(98, None))):
            page.evaluate(HEAR, [vital(f"b{number}", **odd)])
            expect(none).to_have_count(0)
        check_stills(page)
        assert page.evaluate(HEAR, [vital("c", **quantity(97.5)), vital("c", **quantity(12))]) == [True, True]
        expect(page.locator(".vital .value").last).to_have_text("97,5")
