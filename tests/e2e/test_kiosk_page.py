"""The patient's page in Chromium: pairing, checking in, the talk with its devices, and that nothing of it stays."""

import asyncio
import json
import os
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.async_api import Route, expect

from room_agent.day import Task
from schemas.channels import HelpDown, HelpIs, PractisedUp
from schemas.day import FactKind
from schemas.measurement import MeasurementKind
from telemed.kit.i18n import words
from tests.e2e.kiosk_scene import Scene, kiosk_browser, scene, shown_to_the_camera, truth
from tests.room_agent.world import KIOSK_CODE, fact, until, visit

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]
TEXT = words().text
SEEN_OF = "((kind) => seen.vitals.filter((each) => each.kind === kind).length)"
COUNT_TOUCHES = """() => {
  window.touches = 0;
  const count = () => (window.touches += 1);
  for (const kind of ['pointerdown', 'keydown', 'touchstart']) addEventListener(kind, count, true);
}"""
ALL_OF_IT = """() => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll('script, time, [data-clock], #sending, #room-checks').forEach((each) => each.remove());
  copy.querySelectorAll('[style=""]').forEach((each) => each.removeAttribute('style'));
  return { page: copy.outerHTML, history: history.length, session: sessionStorage.length, address: location.href };
}"""
"""The page as it is, but for the clock and what sends at the moment."""
SHOTS = Path(os.environ.get("SHOTS", "build/shots"))


async def test_a_kiosk_is_paired_by_a_typed_code_and_stays_paired(room: Scene) -> None:
    await room.open_kiosk()
    await room.shows("pairing")
    await room.shoot(SHOTS, "pairing")
    await room.page.fill("#code", "WRONG234")
    await room.page.click("#pairing button")
    await room.page.wait_for_selector("#pairing-refused:visible")
    await room.shoot(SHOTS, "pairing-refused")
    await room.page.fill("#code", KIOSK_CODE.lower())
    await room.page.click("#pairing button")
    await room.shows("welcome")
    await room.page.reload()
    await room.shows("welcome")


async def test_the_code_in_the_address_is_used_once_and_leaves_it(room: Scene) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    assert "#" not in room.page.url
    key = await room.page.evaluate("""async () => {
      const opening = indexedDB.open('kiosk', 1);
      await new Promise((done) => (opening.onsuccess = done));
      const reading = opening.result.transaction('identity').objectStore('identity').get('me');
      await new Promise((done) => (reading.onsuccess = done));
      return reading.result.keys.privateKey.extractable;
    }""")
    assert key is False


async def test_a_revoked_kiosk_shows_the_pairing_screen(room: Scene) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    await room.plan(visit(), seq=2)
    await room.plan(visit(), seq=3, machines=())
    await room.shows("pairing")


async def _tap(room: Scene, picture: str, letter: str, digits: str) -> None:
    await room.page.click(f'[data-picture="{picture}"]')
    await room.page.click(f'[data-letter="{letter}"]')
    for digit in digits:
        await room.page.click(f'[data-digit="{digit}"]')


async def test_checking_in_by_picture_letter_and_digits(room: Scene) -> None:
    spoken: list[str] = []
    room.page.on("response", lambda came: spoken.append(unquote(came.url)) if "/vorlesen/worte" in came.url else None)
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    assert spoken == []
    await room.shoot(SHOTS, "welcome")
    await room.page.click('[data-picture="fish"]')
    await room.shoot(SHOTS, "letter")
    await room.page.click('[data-letter="K"]')
    await room.page.click('[data-digit="4"]')
    await room.shoot(SHOTS, "digits")
    await room.page.click('[data-digit="7"]')
    await room.page.wait_for_selector('[data-step="known"]:visible')
    await room.shoot(SHOTS, "known")
    await until(lambda: any(one.endswith(words().text("kiosk.welcome.known.title")) for one in spoken))
    assert "/vorlesen/worte/de/ticket.fish.mp3" in spoken[0]
    await until(room.centre.all_facts_up)
    up = room.centre.all_facts_up()
    assert [(each.kind, each.visit_id, each.by) for each in up] == [(FactKind.ARRIVED, "visit-1", "resident")]
    await room.page.click('[data-step="known"] button')
    assert "47" not in await room.page.inner_text('section[data-screen="welcome"]')


async def test_the_slip_is_read_by_the_camera_only_while_it_is_shown_and_its_digits_do_as_well(tmp_path: Path) -> None:
    slip = f"http://zentrum.localhost/t/{'Ab3-_' * 4}Zz"
    camera = f"--use-file-for-fake-video-capture={shown_to_the_camera(slip, tmp_path / 'slip.y4m')}"
    async with kiosk_browser(camera) as browser, scene(tmp_path / "room", browser) as room:
        page, lamp = room.page, room.page.locator("#lamp")
        room.centre.expected |= {slip, "481902"}
        await room.open_kiosk(KIOSK_CODE)
        await room.shows("welcome")
        await expect(lamp).to_have_attribute("data-state", "off", timeout=15_000)
        looked = asyncio.Event()  # nothing is read before it was looked at the page

        async def when_looked(route: Route) -> None:
            await looked.wait()
            await route.continue_()

        await page.route("**/jsqr.js", when_looked)
        await page.click('[data-way="slip"]')
        await expect(lamp).to_contain_text(TEXT("kiosk.sends.camera.ready"), use_inner_text=True)
        await room.shoot(SHOTS, "slip")
        looked.set()
        await expect(page.locator('[data-step="known"]')).to_be_visible(timeout=20_000)
        await expect(lamp).to_have_attribute("data-state", "off")
        for digits, answer in (("481903", "unknown"), ("481902", "known")):
            await page.click("[data-step]:visible [data-again]")
            await page.click('[data-way="six"]')
            for digit in digits:
                await page.click(f'[data-six="{digit}"]')
            await expect(page.locator(f'[data-step="{answer}"]')).to_be_visible()
        told = [{"code": code, "room": "room-1"} for code in (slip, "481903", "481902")]
        assert room.centre.arrived == told


async def test_a_wrong_ticket_and_an_unknown_one_read_alike(room: Scene) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    answers = []
    for picture, letter, digits in (("fish", "K", "48"), ("owl", "B", "29")):
        await _tap(room, picture, letter, digits)
        await room.page.wait_for_selector('[data-step="unknown"]:visible')
        answers.append(await room.page.inner_text('section[data-screen="welcome"]'))
        await room.shoot(SHOTS, "unknown")
        await room.page.click('[data-step="unknown"] button')
    assert answers[0] == answers[1]
    assert room.centre.all_facts_up() == []


async def test_who_began_is_asked_before_the_page_forgets_and_it_says_that_it_did(room: Scene) -> None:
    page, still, forgot = room.page, room.page.locator("[data-still]"), room.page.locator("[data-forgot]")
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    welcome = page.locator('section[data-screen="welcome"]')
    await welcome.evaluate("(each) => { each.dataset.stillS = '0.2' }")
    await page.click('[data-picture="fish"]')
    await expect(still).to_be_visible()
    await welcome.evaluate("(each) => { each.dataset.stillS = '60' }")
    await page.click('[data-letter="K"]')
    await expect(still).to_be_hidden()
    await welcome.evaluate("(each) => { each.dataset.stillS = each.dataset.forgetS = '0.2' }")
    await page.click('[data-digit="4"]')
    await expect(forgot).to_be_visible()
    await expect(page.locator('[data-step="picture"]')).to_be_visible()
    await page.click('[data-picture="owl"]')
    await expect(forgot).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 800), (1080, 1920)])
async def test_every_target_is_big_and_nothing_is_cut_off(room: Scene, width: int, height: int) -> None:
    await room.page.set_viewport_size({"width": width, "height": height})
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    for step in ("picture", "letter", "digits"):
        sizes = await room.page.evaluate("""() => {
          const end = document.querySelector('.site-footer').getBoundingClientRect().top;
          return [...document.querySelectorAll('button')]
            .filter((each) => each.checkVisibility())
            .map((each) => [each.getBoundingClientRect(), each])
            .map(([box, each]) => [box.width, box.height, innerWidth - box.right, end - box.bottom,
              each.scrollWidth - each.clientWidth]);
        }""")
        assert all(wide >= 64 and high >= 64 for wide, high, *_ in sizes), step
        assert all(right >= 0 and below >= 0 and over <= 0 for _, _, right, below, over in sizes), step
        await room.page.locator(f'[data-step="{step}"] .choice').first.click()


async def test_help_is_called_by_a_key_or_on_the_screen_and_the_page_says_what_becomes_of_it(room: Scene) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    said = room.page.locator("#help h2:visible")
    await room.page.evaluate("dispatchEvent(new KeyboardEvent('keydown', { key: 'F13' }))")  # as a USB button does
    await until(lambda: room.centre.helps, within_s=2)
    call = room.centre.helps[0]
    assert (call.state, call.what, call.through) == ("asked", "help", "key")
    assert "03641 12345" in await room.page.inner_text("#help")
    for state, reach in (("asked", "room"), ("asked", "others"), ("asked", "all"), ("coming", "all")):
        await until(lambda: not room.agent.room.journal.helps())
        is_now = HelpIs.model_validate({"help_id": call.help_id, "state": state, "reach": reach})
        await room.centre.down(HelpDown(calls=(is_now,)))
        shown = "coming" if state == "coming" else {"room": "asked"}.get(reach, reach)
        await expect(said).to_have_text(TEXT(f"kiosk.help.is.{shown}"))
        await room.shoot(SHOTS, f"help-{shown}")
    await room.page.click("#help-over")
    await expect(room.page.locator("#help")).to_be_hidden()
    await until(lambda: room.centre.helps[-1].state == "over")
    await room.page.click("#help-button")
    await until(lambda: room.centre.helps[-1].through == "screen")


async def test_camera_and_microphone_are_checked_before_a_visit(room: Scene) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")

    def codes() -> dict[str, str]:
        reports = room.centre.reports()
        return {each.subject: each.code for each in reports[-1].report.results} if reports else {}

    await until(lambda: codes().get("camera") == "ok", within_s=20)
    await until(lambda: codes().get("blood-pressure") == "ok", within_s=20)
    await until(lambda: {"exam-camera", "stethoscope", "relay"} <= codes().keys(), within_s=20)
    well = {"page", "camera", "microphone", "line", "blood-pressure", "oximeter", "exam-camera", "stethoscope"}
    assert {subject: code for subject, code in codes().items() if subject in well} == dict.fromkeys(well, "ok")
    assert codes()["relay"] == "none"
    assert await room.page.get_attribute("#lamp", "data-state") == "off"


async def test_a_whole_visit_without_a_touch_and_nothing_of_it_stays(room: Scene) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    await room.plan(visit(), seq=2)  # which names the kiosk, so that it may stay longer than one just paired
    await room.page.evaluate(COUNT_TOUCHES)
    await truth(room.page, "document.getElementById('lamp').dataset.state === 'off'")
    before = await room.page.evaluate(ALL_OF_IT)
    await room.call()
    await room.shoot(SHOTS, "called")
    doctor = await room.introduced_doctor()
    await expect(room.page.locator("#sending")).to_contain_text(TEXT("kiosk.sends.stethoscope.off"))
    for device in ("camera", "microphone"):
        await expect(room.page.get_by_text(TEXT(f"kiosk.sends.{device}.on"))).to_be_visible()
    await truth(doctor, "seen.kiosk.includes('connected') && seen.agent.includes('connected')")
    await truth(doctor, "seen.videos.kiosk.videoWidth > 0 && seen.videos['agent-video'].videoWidth > 0")
    await room.page.wait_for_selector("#doctors video")
    await truth(room.page, "document.querySelector('#doctors video').videoWidth > 0")
    assert await room.page.inner_text("#doctor-name") == "Dr. Ada Weiß"
    shares = await room.page.evaluate("""() => {
      const { width, height } = document.querySelector('#doctors video').getBoundingClientRect();
      return (width * height) / (innerWidth * innerHeight);
    }""")
    assert shares >= 0.5
    await expect(room.page.locator("#assistant-line")).to_be_hidden()  # nothing leads out of a talk
    await until(lambda: any(each.kind is FactKind.ENTERED for each in room.centre.facts))
    await _measure(room)
    tracks = "document.getElementById('self').srcObject"
    await room.page.evaluate(f"window.kept = [...{tracks}.getTracks()]")
    await room.end()
    await room.shows("farewell")
    await room.shoot(SHOTS, "farewell")
    await _nothing_stays(room)
    await truth(doctor, "seen.codes.includes(4410)")
    await room.centre.tell(fact(FactKind.CLEANED))
    await room.shows("welcome")
    await truth(room.page, f"({ALL_OF_IT})().page === {json.dumps(before['page'])}")
    assert await room.page.evaluate(ALL_OF_IT) == before
    assert await room.page.evaluate("touches") == 0


async def _measure(room: Scene) -> None:
    doctor = room.browser.contexts[-1].pages[0]
    await truth(doctor, "seen.ctl.some((each) => each.type === 'sources')")
    await doctor.evaluate("say({ type: 'ask', kind: 'blood-pressure' })")
    take = '#take:visible:has-text("Nehmen Sie dieses Gerät: Blutdruck-Gerät.")'
    await room.page.wait_for_selector(f'{take} ~ [data-measuring="blood-pressure"]:visible')
    await room.shoot(SHOTS, "call-measuring")
    await truth(doctor, f"{SEEN_OF}('blood-pressure') === 2", within_s=30)  # the pressure, and the cuff's pulse
    vital = await doctor.evaluate("seen.vitals[0]")
    assert (vital["kind"], vital["visit_id"], vital["simulated"]) == ("blood-pressure", "visit-1", True)
    assert vital["observation"]["resourceType"] == "Observation"
    await room.page.wait_for_selector('[data-measuring="blood-pressure"]', state="hidden")
    await doctor.evaluate("say({ type: 'confirm', vital_id: seen.vitals[0].vital_id, belongs: true })")  # said aloud
    await doctor.evaluate("say({ type: 'ask', kind: 'oximeter' })")
    await truth(doctor, f"seen.waves > 3 && {SEEN_OF}('oximeter') > 1", within_s=30)
    await room.shoot(SHOTS, "call-oximeter")
    await doctor.evaluate("say({ type: 'stop', kind: 'oximeter' })")
    await room.page.wait_for_selector('[data-measuring="oximeter"]', state="hidden")
    await room.page.wait_for_selector("#take", state="hidden")
    room.agent.room.measure(Task(MeasurementKind.WEIGHT, "Nehmen Sie die Waage.", asleep=True))
    await room.page.wait_for_selector("#take:not([hidden]) > #take-asleep:not([hidden])", state="attached")
    assert "Schalten Sie das Gerät ein." in await room.page.inner_text("#take-asleep")
    await room.shoot(SHOTS, "call-asleep")  # and is out of the way of the question that is open
    assert await room.page.is_visible("#whose")
    assert not await room.page.is_visible("#take")
    room.agent.room.measure(Task())
    await room.page.wait_for_selector("#take", state="hidden")
    await doctor.evaluate("say({ type: 'listen', on: true })")
    await doctor.evaluate("say({ type: 'select-camera', camera: 'otoscope' })")


async def _nothing_stays(room: Scene) -> None:
    assert await room.page.evaluate("kept.every((track) => track.readyState === 'ended')")
    left = await room.page.evaluate("""async () => ({
      videos: [...document.querySelectorAll('video')].filter((each) => each.srcObject).length,
      text: document.body.innerHTML,
      stored: [...Object.keys(localStorage), ...Object.keys(sessionStorage)]
        .filter((key) => !key.startsWith('telemed-sharpness ')), // how sharp this camera was at best: of no person
      databases: (await indexedDB.databases()).map((each) => each.name),
      caches: (await caches.keys()).length,
    })""")
    assert (left["videos"], left["stored"], left["databases"], left["caches"]) == (0, [], ["kiosk"], 0)
    assert "Weiß" not in left["text"]
    assert await room.page.get_attribute("#lamp", "data-state") == "off"


async def test_a_doctor_who_breaks_the_contract_is_cut_off(room: Scene) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    await room.call()
    doctor = await room.doctor()
    await truth(doctor, "seen.ctl.length > 0")
    await doctor.evaluate("say({ type: 'ask', kind: 'everything' })")
    await truth(doctor, "seen.channels.ctl.readyState === 'closed'")
    assert await doctor.evaluate("seen.vitals.length") == 0


async def test_the_talk_goes_on_while_the_centre_is_away(room: Scene) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    await room.call()
    doctor = await room.doctor()
    await truth(doctor, "seen.kiosk.includes('connected') && seen.ctl.length > 0")
    for socket in list(room.centre.links):
        await socket.close(1012)
    await doctor.evaluate("say({ type: 'ping', seq: 7 })")
    await truth(doctor, "seen.ctl.some((each) => each.type === 'pong' && each.seq === 7)")
    await asyncio.gather(truth(doctor, "seen.videos.kiosk.videoWidth > 0"), room.shows("call"))


async def test_after_the_farewell_the_room_is_being_cleaned(room: Scene) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    await room.plan(visit(), seq=2, exercise=True)
    await room.page.wait_for_selector("[data-clock]")
    await room.call()
    await room.end()
    await room.shows("farewell")
    await room.plan(visit(), seq=3, exercise=True, clock_offset_s=60.0)
    await room.shows("cleaning")
    await room.shoot(SHOTS, "cleaning")
    assert TEXT("kiosk.cleaning.title") in await room.page.inner_text("main")


async def test_practice_goes_through_a_visit_with_a_drawn_doctor_and_sends_nothing_but_that_it_was_done(
    room: Scene,
) -> None:
    await room.open_kiosk(KIOSK_CODE)
    await room.shows("welcome")
    page, said = room.page, room.page.locator("#practice-said")
    before = await page.evaluate(ALL_OF_IT)
    heard = len(room.centre.heard)
    await page.click("#practice-start")
    await _tap(room, "fish", "K", "47")
    await page.click('[data-step="known"] button')
    await expect(page.locator("#practice-doctor figcaption")).to_have_text(TEXT("kiosk.practice.doctor"))
    await room.shoot(SHOTS, "practice-talk")
    await expect(page.locator("#lamp")).to_contain_text(TEXT("kiosk.sends.camera.off"))
    await page.click("#practice-on")
    await page.click('#allow [data-yes="yes"]')
    await expect(said).to_have_text(TEXT("kiosk.practice.measure"))
    await expect(page.locator('[data-measuring="blood-pressure"]')).to_be_visible()
    await room.shoot(SHOTS, "practice-measure")
    await page.evaluate("dispatchEvent(new KeyboardEvent('keydown', { key: 'F14' }))")
    await expect(page.locator("#whose")).to_be_visible()
    await page.click('#whose [data-belongs="no"]')
    await expect(said).to_have_text(TEXT("kiosk.practice.help"))
    await page.click("#practice-on")
    await room.shows("farewell")
    await until(lambda: any(isinstance(each, PractisedUp) for each in room.centre.heard))
    await page.click("#practice-end")
    await room.shows("welcome")
    assert {type(each).__name__ for each in room.centre.heard[heard:]} <= {
        "PractisedUp",
        "Beat",
        "ChecksUp",
        "BlockedUp",
    }
    await truth(page, f"({ALL_OF_IT})().page === {json.dumps(before['page'])}")  # buttons rest for a moment
    assert await page.evaluate(ALL_OF_IT) == before
    await page.click("#practice-start")
    await room.call()  # a real visit goes before
    await expect(page.locator("#practice")).to_be_hidden()
    assert await page.locator("#practice-doctor").count() == 0
