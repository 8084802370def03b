"""The doctor's page: keys, stills to draw on, values with their question, age and curve, and the hand-over."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest
from fhir.resources.R4B.bundle import Bundle
from playwright.sync_api import Browser, Page, expect

from schemas.measurement import MeasurementKind
from tests.databases import SqliteFiles
from tests.databases import opened as opened_database
from tests.desk.world import make_world
from tests.e2e.chromium import AXE
from tests.e2e.doctors_scene import PAINTED, DoctorsPage, doctors_page, downloaded
from tests.e2e.practice import Practice, practice_server
from tests.e2e.shots import shot

pytestmark = pytest.mark.e2e

SIZES = ((1366, 768), (1920, 1080), (683, 384), (360, 740))
CAMERAS = """scene.cameras.offer(['room', 'otoscope', 'dermatoscope'].map((camera) =>
  ({ camera, name_key: `camera.${camera}`, simulated: true })))"""
SOURCES = """scene.instruments.offer({ cameras: [], simulated: true, kinds:
  ['blood-pressure', 'oximeter', 'heart-rate', 'ecg', 'thermometer', 'weight', 'glucose'] })"""
COVERED = """() => {
  const big = document.querySelector('[data-tile="exam"] video').getBoundingClientRect();
  const at = (x, y) => document.elementFromPoint(big.left + big.width * x, big.top + big.height * y);
  const places = [0.02, 0.25, 0.5, 0.75, 0.98];
  return places.flatMap((x) => places.map((y) => at(x, y)?.id)).filter((id) => id !== 'exam-video');
}"""
IN_VIEW = """(selector) => [...document.querySelectorAll(selector)].map((each) => {
  const { top, bottom, left, right } = each.getBoundingClientRect();
  const middle = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return bottom <= innerHeight && each.contains(middle) || each.textContent;
}).filter((found) => found !== true)"""
YELLOW = """() => {
  const { data } = document.getElementById('frozen-picture').getContext('2d').getImageData(0, 0, 640, 360);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) found += data[at] > 200 && data[at + 2] < 100 ? 1 : 0;
  return found;
}"""


@pytest.fixture
def practice() -> Iterator[Practice]:
    with practice_server(key="geheim") as server:
        yield server


@pytest.fixture(scope="module")
def opened(sqlite_files: SqliteFiles, browser: Browser) -> Iterator[Callable[[str], DoctorsPage]]:
    with opened_database(sqlite_files.fresh_url()) as database, doctors_page(make_world(database), browser) as opened:
        yield opened


@pytest.fixture
def doctor(opened: Callable[[str], DoctorsPage], practice: Practice) -> DoctorsPage:
    return opened(practice.address)


def test_a_laptop_shows_picture_values_question_and_asking_at_once(doctor: DoctorsPage) -> None:
    page = doctor.page
    for what in (CAMERAS, SOURCES):
        doctor.look(what)
    page.evaluate(PAINTED, "exam-video")
    expect(page.locator("[data-tile=exam] [data-waiting]")).to_be_hidden()
    doctor.measured(MeasurementKind.BLOOD_PRESSURE, "121", "79", "71")
    page.keyboard.press("2")
    expect(page.locator("#tiles")).to_have_attribute("data-big", "exam")
    assert page.evaluate(COVERED) == []
    assert (
        page.evaluate(IN_VIEW, "#exam-video, .vital .value, .asks:not([hidden]) button:not([hidden]), #kinds button")
        == []
    )
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if width >= 1366:
            assert page.evaluate("document.documentElement.scrollHeight") <= height
        for part in ("handover", "cameras", "measure"):
            page.locator(f"[data-goto={part}]").click()
            expect(page.locator(f"#tools [data-part={part}]")).to_be_in_viewport()
        found = page.evaluate(
            "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))"
        )
        assert found == []


def _blue(path: Path) -> int:
    """How many dots of a picture are as blue as the painted one."""
    with av.open(str(path)) as picture:
        dots = next(picture.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    red, green, blue = dots[..., 0], dots[..., 1], dots[..., 2]
    return int(((red > 30) & (red < 50) & (green > 70) & (green < 130) & (blue > 105) & (blue < 135)).sum())


def test_a_picture_of_the_page_has_no_picture_of_a_camera(doctor: DoctorsPage, tmp_path: Path) -> None:
    page = doctor.page
    page.evaluate(PAINTED, "patient-video")
    expect(page.locator("[data-tile=patient] [data-waiting]")).to_be_hidden()
    page.keyboard.press("e")
    expect(page.locator("#frozen")).to_be_visible()
    shot(page, tmp_path / "hidden.png")
    assert _blue(tmp_path / "hidden.png") < 2_000
    assert page.locator("#patient-video").evaluate("(video) => getComputedStyle(video).visibility") == "visible"
    page.screenshot(path=tmp_path / "control.png")  # unsafe: what would be there without it
    assert _blue(tmp_path / "control.png") > 50_000


def test_each_stream_has_a_key_that_rests_while_somebody_types(doctor: DoctorsPage) -> None:
    page = doctor.page
    doctor.look(CAMERAS)
    asked = "scene.told.filter(({ type }) => type === 'select-camera').map(({ camera }) => camera)"
    page.keyboard.press("3")
    assert doctor.look(asked) == ["dermatoscope"]
    expect(page.locator("[data-enlarge=exam]")).to_have_text("Hautlupe")
    page.keyboard.press("f")
    assert doctor.look("scene.told.at(-1)")["camera"] == "dermatoscope"
    page.keyboard.press("0")
    expect(page.locator("#tiles")).to_have_attribute("data-big", "patient")
    page.locator("#patient-number").fill("")
    page.keyboard.type("12?")
    expect(page.locator("#patient-number")).to_have_value("12?")
    page.locator("h1").click()
    page.keyboard.press("Control+1")
    page.keyboard.press("?")
    expect(page.locator("#keys-list")).to_contain_text("Otoskop")
    page.keyboard.press("1")
    page.locator("#keys-on").uncheck()
    page.locator("#keys-close").click()
    page.keyboard.press("1")
    assert doctor.look(asked) == ["dermatoscope"]
    assert not page.locator("#kinds [data-key]").count()


def test_a_still_is_held_drawn_on_with_mouse_and_keys_and_kept_only_when_the_doctor_says_so(
    doctor: DoctorsPage,
) -> None:
    page = doctor.page
    page.evaluate(PAINTED, "patient-video")
    page.wait_for_function("() => document.getElementById('patient-video').videoWidth > 0")
    page.keyboard.press("e")
    expect(page.locator("#draw-title")).to_contain_text(re.compile(r"Standbild \d\d:\d\d:\d\d: Im Raum.*nicht live"))
    expect(page.locator("#patient-video")).to_be_visible()  # goes on beside it
    assert page.evaluate(YELLOW) == 0
    box = page.locator("#frozen-picture").bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1] + 40, steps=3)
    page.mouse.up()
    first = page.evaluate(YELLOW)
    assert first > 50
    page.locator("[data-tool=circle]").click()
    page.locator("#frozen-picture").focus()
    for key in ("ArrowLeft", "Enter", "Shift+ArrowRight", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("scene.handover.pictures.count") == 0
    assert not doctor.unsaved
    page.locator("#draw-keep").click()
    expect(page.locator("#handed-pictures li")).to_have_text(re.compile("Standbild mit Einzeichnung: Im Raum"))
    both = page.evaluate(YELLOW)
    assert both > first
    page.locator("#draw-undo").click()
    assert page.evaluate(YELLOW) == first
    assert doctor.unsaved
    with page.expect_download() as started:
        page.locator("#draw-save").click()
    assert started.value.path().read_bytes()[1:4] == b"PNG"
    page.locator("#draw-live").click()
    expect(page.locator("#frozen")).to_be_hidden()
    expect(page.locator("#tiles")).to_have_attribute("data-big", "patient")
    page.locator("#handed-pictures button").click()
    assert not doctor.unsaved


def test_one_measurement_is_one_question_and_its_age_is_told_without_a_verdict(doctor: DoctorsPage) -> None:
    page = doctor.page
    doctor.measured(MeasurementKind.BLOOD_PRESSURE, "121", "79", "71", ago_s=400)
    question = page.locator(".vital .asks:visible")
    expect(question).to_have_count(1)
    expect(question).to_contain_text("Von dieser Person? Blutdruck 121/79 und Puls 71")
    expect(page.locator(".vital .age").first).to_have_text("vor 6 min")
    expect(page.locator(".vital.old")).to_have_count(0)
    question.get_by_role("button", name="Laut gefragt: ja").click()
    expect(page.get_by_text("bestätigt: Ärztin oder Arzt")).to_have_count(4)  # two cards, two lines of the list
    doctor.measured(MeasurementKind.OXIMETER, "97", ago_s=12)
    expect(page.locator(".vital.old")).to_contain_text("nicht mehr aktuell")
    doctor.measured(MeasurementKind.GLUCOSE, "98")
    expect(page.locator(".vital[data-kind=glucose]")).to_contain_text("98 mg/dL umgerechnet 5,4 mmol/L")
    doctor.measured(MeasurementKind.GLUCOSE, "5.5", unit="mmol/L")
    expect(page.locator(".vital[data-kind=glucose]").first).to_contain_text("5,5 mmol/L umgerechnet 99 mg/dL")


def test_a_curve_comes_with_the_second_value_and_leaves_out_what_is_somebody_elses(doctor: DoctorsPage) -> None:
    page = doctor.page
    curves = page.locator(".vital .curve")
    doctor.measured(MeasurementKind.THERMOMETER, "36.4", ago_s=60)
    expect(curves).to_have_count(0)
    doctor.measured(MeasurementKind.THERMOMETER, "39.90", ago_s=20)
    expect(curves).to_have_text(re.compile(r"Körpertemperatur: 2 Werte seit .* Uhr, 36,4 bis 39,9 °C"))
    assert curves.locator("circle").count() == 2
    marked = "[...document.querySelectorAll('.curve *')].map((each) => each.getAttribute('class')).filter(Boolean)"
    assert doctor.look(marked) == []
    page.locator(".asks:visible").get_by_role("button", name="Gehört nicht dazu").click()
    expect(curves).to_have_count(0)


def test_the_file_and_the_clipboard_have_every_digit_and_no_name(doctor: DoctorsPage) -> None:
    page = doctor.page
    expect(page.locator("#download")).to_be_disabled()
    doctor.measured(MeasurementKind.WEIGHT, "72.500")
    doctor.measured(MeasurementKind.THERMOMETER, "36.40")
    assert doctor.unsaved
    page.locator("#copy").click()
    expect(page.locator("#handover-said")).to_contain_text("Kopiert.")
    assert not doctor.unsaved
    copied = doctor.look("navigator.clipboard.readText()")
    lines = copied.split("\n")
    assert len(lines) == 2
    wanted = r"\d\d\.\d\d\.\d{4}, \d\d:\d\d:\d\d; Gewicht 72,5 kg; Messgerät; noch nicht bestätigt; simuliert"
    assert re.fullmatch(wanted, lines[0])
    page.locator(".vital[data-kind=thermometer]").get_by_role("button", name="Gehört nicht dazu").click()
    assert doctor.unsaved  # an answer is a change
    page.locator("#patient-number").fill("P-4711")
    text, bundle = downloaded(page)
    assert '"value": 72.500,' in text
    assert '"value": 36.40,' in text
    assert not doctor.unsaved
    assert [each["resource"]["status"] for each in bundle["entry"]] == ["preliminary", "entered-in-error"]
    assert {each["resource"]["subject"]["identifier"]["value"] for each in bundle["entry"]} == {"P-4711"}
    for each in bundle["entry"]:
        del each["fullUrl"]  # the ids here are no UUIDs
    Bundle.model_validate(bundle)
    page.locator("#copy").click()
    expect(page.locator("#handover-said")).to_contain_text("Kopiert.")
    assert "36,4" not in doctor.look("navigator.clipboard.readText()")


def _send(page: Page, said: str) -> None:
    page.locator("#send").click()
    expect(page.locator("#handover-said")).to_contain_text(said)


def _send_again(page: Page) -> None:
    page.locator("#handover-said").evaluate("(said) => (said.textContent = '')")
    _send(page, "Alles ist auf dem Server Ihrer Praxis.")


def _send_after_all_refusals(page: Page, practice: Practice) -> None:
    """Without a patient, a key, or with a number that the server does not know, nothing is there."""
    expect(page.locator("#send")).to_be_hidden()
    expect(page.locator("#practice-address")).to_have_text(practice.address)
    page.locator("#practice-right").click()
    _send(page, "Bitte zuerst die Patientennummer eingeben.")
    page.locator("#patient-number").fill("P-0815")
    _send(page, "verlangt einen gültigen Zugangsschlüssel")
    page.locator("#practice-key").fill("geheim")
    _send(page, "Stimmt die Patientennummer?")
    assert practice.kept == {}
    page.locator("#patient-number").fill("P-4711")
    _send(page, "Alles ist auf dem Server Ihrer Praxis.")


def test_the_practices_server_gets_each_once_and_later_what_changed(doctor: DoctorsPage, practice: Practice) -> None:
    page = doctor.page
    doctor.measured(MeasurementKind.BLOOD_PRESSURE, "121", "79", "71")
    doctor.measured(MeasurementKind.WEIGHT, "72.500")
    page.evaluate(PAINTED, "patient-video")
    page.wait_for_function("() => document.getElementById('patient-video').videoWidth > 0")
    page.keyboard.press("e")
    page.locator("#draw-keep").click()
    assert doctor.unsaved
    _send_after_all_refusals(page, practice)
    assert not doctor.unsaved
    assert len(practice.kept) == 4
    assert '"value":72.500' in practice.bodies[-1]
    media = next(each for each in practice.kept.values() if each["resourceType"] == "Media")
    assert media["content"]["contentType"] == "image/png"
    sent = len(practice.bodies)
    _send_again(page)
    assert len(practice.bodies) == sent  # nothing is new
    page.locator(".vital[data-kind=weight]").get_by_role("button", name="Gehört nicht dazu").click()
    assert doctor.unsaved
    _send_again(page)
    assert len(practice.kept) == 4
    statuses = sorted(each["status"] for each in practice.kept.values())
    assert statuses == ["completed", "entered-in-error", "preliminary", "preliminary"]
    assert practice.take(json.loads(practice.bodies[sent - 1])) == ["200 OK"] * 4  # a repeat makes no second one
    assert len(practice.kept) == 4
    assert page.evaluate("Object.values(localStorage)") == [practice.address]
    practice.status = 503
    doctor.measured(MeasurementKind.THERMOMETER, "36.4")
    _send(page, "gerade einen Fehler")
    assert doctor.unsaved


def test_no_other_address_is_reached_and_a_changed_one_is_asked_for_again(
    doctor: DoctorsPage, practice: Practice
) -> None:
    page = doctor.page
    policy = page.evaluate("fetch(location.href).then(({ headers }) => headers.get('content-security-policy'))")
    assert f"connect-src 'self' {practice.address};" in policy
    with practice_server() as other:
        blocked = f"fetch('{other.address}', {{ method: 'POST', body: '1' }}).then(() => 'sent', () => 'blocked')"
        assert page.evaluate(blocked) == "blocked"
        assert other.bodies == []
    page.evaluate("localStorage.setItem('telemed-practice-fhir', 'https://fhir.praxis.example/r4')")
    page.reload()
    page.locator("body[data-scene=ready]").wait_for()
    doctor.measured(MeasurementKind.WEIGHT, "72.5")
    expect(page.locator("#practice-new")).to_contain_text("Stimmt sie nicht genau?")
    expect(page.locator("#send")).to_be_hidden()
    assert practice.bodies == []
