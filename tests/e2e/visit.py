"""``make visit``: one whole visit without hands, from booking to farewell, against the programs as real processes.

Prints one line per step with the time it took, leaves a picture of every window after each step in ``build/visit/``,
and ends with 1 at the first step that fails.
"""

import shutil
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import zxingcpp
from PIL import Image
from playwright.sync_api import Error, expect

from ops.programs import ROOT
from tests.e2e.shots import part_of, shot
from tests.e2e.stage import PATIENCE_MS, Resident, Stage, TicketSeen, stage, wait_for
from tests.e2e.traces import personal_traces
from tests.waiting import replay

PICTURES = ROOT / "build" / "visit"
SERVICE = "Allgemeinmedizin, 20 Minuten, mit Blutdruck"
DOCTOR = "weiss"
SOMMER = Resident("Erika Sommer", "1948", "03641 498765")
WINTER = Resident("Konrad Winter", "1951", "03641 765498")

OWN_LINE = "Bienenwachs tut gut."
"""What the doctor writes on the sheet for home herself."""
EXPECTED = ":not([data-subject=relay]):not([data-subject=microphone])"
"""What a room without a relay, whose browser's microphone is simulated, cannot have green."""

LOUDNESS = """async (selector) => {
    const media = document.querySelector(selector);
    if (!media || !media.srcObject || !media.srcObject.getAudioTracks().length) return 0;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(media.srcObject).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let loudest = 0;
    for (let look = 0; look < 40 && loudest < 0.001; look++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        analyser.getFloatTimeDomainData(samples);
        loudest = Math.max(loudest, ...samples.map(Math.abs));
    }
    await context.close();
    return loudest;
}"""

RUNS = """async (selector) => {
    const video = document.querySelector(selector);
    if (!video || !video.videoWidth) return false;
    const before = video.currentTime;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return video.currentTime > before;
}"""

PICTURE = """(selector) => {
    const canvas = document.createElement('canvas');
    const source = document.querySelector(selector);
    canvas.width = 64; canvas.height = 48;
    canvas.getContext('2d').drawImage(source, 0, 0, 64, 48);
    return Array.from(canvas.getContext('2d').getImageData(0, 0, 64, 40).data).filter((_, i) => i % 4 !== 3);
}"""


class Visit:
    """The steps, in order; each ends when a person would see its result."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.sommer: TicketSeen
        self.winter: TicketSeen

    def steps(self) -> list[tuple[str, Callable[[], None]]]:
        """What is done, in words, and how."""
        return [
            ("monitor, kiosk, assistant and doctor are there", self.open),
            ("Frau Sommer books with blood pressure, without an account", self.book),
            ("her link opens her appointment, a foreign one does not", self.link),
            ("Herr Winter books the time after hers", self.book_next),
            ("the assistant sees all checks of the room green", self.checks),
            ("she checks in at the kiosk, and the monitor shows her ticket", self.arrive),
            ("he checks in with the assistant, and the monitor shows his", self.arrive_next),
            ("the doctor calls; the monitor shows Raum 1 and says it", self.call),
            ("picture and sound run both ways between kiosk and doctor", self.talk),
            ("she says who is with her, both sides confirm, and nobody was examined before", self.introduce),
            ("blood pressure comes as a number with unit and age", self.blood_pressure),
            ("she says at the kiosk that the value is hers, and the doctor sees who said it", self.whose),
            ("the oximeter's curve is alive", self.oximeter),
            ("heart sounds are heard", self.stethoscope),
            ("the doctor looks through the other exam camera", self.exam_camera),
            ("the doctor seals a sheet for home, and it arrives in the room", self.instructions),
            ("the doctor overruns by 12 minutes; the monitor shows his delay", self.overrun),
            ("farewell: the call ends on all sides, the kiosk shows nothing personal", self.farewell),
            ("her telephone reads the sheet by the code on the kiosk, and nothing of it stays there", self.take_home),
            ("the room is being cleaned until the assistant confirms", self.clean),
            ("no log and no table tells who was here or what was measured", self.traces),
            ("the room's journal has the day, and the forecast can be asked about it", self.replay),
        ]

    def open(self) -> None:
        self.on.open_monitor()
        self.on.open_kiosk()
        self.on.sign_in("assistant")
        self.on.sign_in("doctor", DOCTOR)
        self.on.sign_in("operator")

    def book(self) -> None:
        self.sommer = self.on.book(SERVICE, who=SOMMER)

    def link(self) -> None:
        page = self.on.page("resident")
        foreign = self.sommer.link[:-4] + ("AAAA" if not self.sommer.link.endswith("AAAA") else "BBBB")
        page.goto(foreign)
        with page.expect_navigation() as came:
            page.locator("main form button").first.click()
        assert came.value.status in (403, 404)
        expect(page.locator("main")).not_to_contain_text(self.sommer.code)
        page.goto(self.sommer.link)
        page.locator("main form button").first.click()
        expect(page.locator("main")).to_contain_text(self.sommer.digits)

    def book_next(self) -> None:
        self.on.close("resident")
        self.winter = self.on.book(SERVICE, who=WINTER)

    def checks(self) -> None:
        page = self.on.page("assistant")
        checks = page.locator(".check")
        wait_for(
            lambda: checks.count() > 0 and page.locator(f".check:not([data-severity=ok]){EXPECTED}").count() == 0,
            timeout_s=60,
            what="all checks green: " + page.locator(".checks").inner_text(),
        )
        subjects = {one.get_attribute("data-subject") for one in checks.all()}
        assert {"camera", "microphone", "line", "blood-pressure", "oximeter", "stethoscope"} <= subjects, subjects

    def arrive(self) -> None:
        self.on.check_in(self.sommer)
        self.on.shows(self.sommer)

    def arrive_next(self) -> None:
        page = self.on.page("assistant")
        row = page.locator("[data-visit]", has_text=self.winter.digits).filter(has_text=WINTER.name)
        row.locator("form[action$='/ist-da'] button").click()
        self.on.shows(self.winter)

    def call(self) -> None:
        page = self.on.page("doctor")
        expect(page.locator("[data-visit]").filter(has_text=SOMMER.name)).to_be_visible()
        expect(page.locator("form[action='/arzt/aufrufen'] button")).to_be_enabled(timeout=PATIENCE_MS)
        monitor = self.on.page("monitor")
        with monitor.expect_response(lambda answer: answer.url.endswith("/de.wav"), timeout=PATIENCE_MS) as spoken:
            page.locator("form[action='/arzt/aufrufen'] button").click()
        assert spoken.value.ok
        row = self.on.row(self.sommer)
        expect(row).to_contain_text("Raum 1", timeout=PATIENCE_MS)
        expect(row).to_have_class("row row-called")

    def talk(self) -> None:
        doctor, kiosk = self.on.page("doctor"), self.on.page("kiosk")
        expect(kiosk.locator("#doctor-name")).to_contain_text("Weiß")
        for page, selector in ((doctor, "#patient-video"), (kiosk, "#doctors video")):
            wait_for(lambda p=page, s=selector: p.evaluate(RUNS, s), timeout_s=20, what=f"{selector} runs")  # type: ignore[misc]
            wait_for(
                lambda p=page, s=selector: p.evaluate(LOUDNESS, s) > 0.001,  # type: ignore[misc]
                timeout_s=20,
                what=f"{selector} is heard",
            )

    def introduce(self) -> None:
        doctor, kiosk = self.on.page("doctor"), self.on.page("kiosk")
        kiosk.locator("[data-people=alone]").click()
        expect(doctor.locator("#rollcall-room")).to_have_text("Patientin oder Patient")
        doctor.locator("#rollcall-confirm").click()
        kiosk.locator("#rollcall-yes").click()
        expect(doctor.locator("#rollcall-state")).to_have_text("vorgestellt", timeout=PATIENCE_MS)
        expect(kiosk.locator("#rollcall")).to_be_hidden()

    def _yes(self) -> None:
        """She allows what she is asked for."""
        self.on.page("kiosk").locator("#allow [data-by=patient][data-yes=yes]").click()

    def blood_pressure(self) -> None:
        page = self.on.page("doctor")
        page.locator("#kinds [data-kind=blood-pressure]").click()
        expect(self.on.page("kiosk").locator("[data-measuring=blood-pressure]")).to_be_visible(timeout=PATIENCE_MS)
        card = page.locator(".vital").filter(has_text="mm[Hg]").or_(page.locator(".vital").filter(has_text="mmHg"))
        expect(card.first).to_be_visible(timeout=30_000)
        expect(card.first).to_contain_text("121")
        expect(card.first).to_contain_text("79")
        expect(card.first.locator(".age")).to_contain_text("vor")
        expect(page.locator("#observations li").first).to_be_visible()

    def whose(self) -> None:
        kiosk = self.on.page("kiosk")
        expect(kiosk.locator("#whose")).to_contain_text("121/79")
        kiosk.locator("#whose [data-by=patient][data-belongs=yes]").click()
        card = self.on.page("doctor").locator(".vital[data-kind=blood-pressure]").first
        expect(card).to_contain_text("bestätigt: Patientin oder Patient")

    def oximeter(self) -> None:
        page = self.on.page("doctor")
        page.locator("#kinds [data-kind=oximeter]").click()
        expect(page.locator("#pleth")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator(".vital[data-kind=oximeter]").first).to_contain_text("97", timeout=PATIENCE_MS)
        before = page.evaluate(PICTURE, "#pleth-canvas")
        wait_for(lambda: page.evaluate(PICTURE, "#pleth-canvas") != before, timeout_s=5, what="the curve moves")
        page.locator("#kinds [data-kind=oximeter]").click()
        expect(page.locator("#progress")).to_contain_text("Sauerstoff: fertig", timeout=PATIENCE_MS)

    def stethoscope(self) -> None:
        page = self.on.page("doctor")
        page.locator("#listen").click()
        self._yes()
        wait_for(
            lambda: page.evaluate(LOUDNESS, "#stethoscope-audio") > 0.001, timeout_s=20, what="heart sounds are heard"
        )
        page.locator("#listen").click()

    def exam_camera(self) -> None:
        page = self.on.page("doctor")
        wait_for(lambda: page.evaluate(RUNS, "#exam-video"), timeout_s=20, what="the exam camera runs")
        before = page.evaluate(PICTURE, "#exam-video")
        buttons = page.locator("#cameras [data-camera] [data-slot='0']")
        assert buttons.count() >= 2
        buttons.nth(1).click()
        self._yes()

        def other_picture() -> bool:
            now = page.evaluate(PICTURE, "#exam-video")
            return sum(abs(a - b) for a, b in zip(now, before, strict=True)) / len(now) > 8

        wait_for(other_picture, timeout_s=10, what="another picture")

    def instructions(self) -> None:
        doctor = self.on.page("doctor")
        with doctor.context.expect_page() as opened:
            doctor.locator("#instructions").click()
        page = opened.value
        expect(page.locator("body[data-ready]")).to_be_visible()
        page.locator("[data-block=drink]").check()
        page.locator("#line").fill(OWN_LINE)
        page.locator("#send").click()
        expect(page.locator("#told")).to_have_text("Im Raum oder zu Hause angekommen.")
        page.close()
        expect(self.on.page("kiosk").locator("#take-home-came:not([hidden])")).to_have_count(1)

    def overrun(self) -> None:
        self._forward(30)
        self._forward(12)
        expect(self.on.row(self.winter).locator(".delay")).to_be_visible(timeout=5_000)
        expect(self.on.row(self.winter).locator(".delay")).to_contain_text("Minuten")

    def _forward(self, minutes: int) -> None:
        page = self.on.page("operator")
        page.locator(f"button[name=minutes][value='{minutes}']").click()
        page.wait_for_load_state()

    def farewell(self) -> None:
        doctor, kiosk = self.on.page("doctor"), self.on.page("kiosk")
        doctor.locator("#end").click()
        doctor.locator("#end-form button.danger").click()
        doctor.wait_for_url("**/arzt")
        expect(kiosk.locator("section[data-screen=call]")).to_be_hidden(timeout=PATIENCE_MS)
        text = kiosk.inner_text("body")
        assert "Weiß" not in text
        assert self.sommer.digits not in text
        expect(kiosk.locator("#sheet-offer")).to_be_visible()
        kiosk.locator("#sheet-no").click()
        left = kiosk.evaluate("Array.from(document.querySelectorAll('video')).filter((v) => v.srcObject).length")
        assert left == 0, f"{left} pictures left on the kiosk"
        assert kiosk.evaluate("sessionStorage.length + document.cookie.length") == 0
        kept = kiosk.evaluate("Object.keys(localStorage)")
        assert all(key.startswith("telemed-sharpness ") for key in kept), kept  # of the camera, of no person

    def take_home(self) -> None:
        kiosk, phone = self.on.page("kiosk"), self.on.page("telephone")
        expect(kiosk.locator("#take-home-place")).to_contain_text(OWN_LINE)
        read = zxingcpp.read_barcode(Image.open(BytesIO(part_of(kiosk, "#take-home-code"))))
        assert read is not None
        phone.goto(read.text)
        expect(phone.locator(".instructions-line")).to_have_text(OWN_LINE)
        self.on.close("telephone")
        kiosk.evaluate(
            "window.print = () => { window.printed = document.getElementById('take-home-sheet').innerText; }"
        )
        kiosk.locator("#take-home-print").click()
        assert OWN_LINE in kiosk.evaluate("window.printed")
        kiosk.evaluate("dispatchEvent(new Event('afterprint'))")
        kiosk.locator("#take-home-done").click()
        expect(kiosk.locator("#take-home")).to_be_hidden()
        assert OWN_LINE not in kiosk.content()

    def clean(self) -> None:
        monitor, page = self.on.page("monitor"), self.on.page("assistant")
        expect(monitor.locator(".room-state")).to_contain_text("gereinigt", timeout=PATIENCE_MS)
        page.locator("form[action$='/gereinigt'] button").click()
        expect(monitor.locator(".room-state")).to_contain_text("frei", timeout=PATIENCE_MS)
        expect(self.on.page("kiosk").locator("section[data-screen=welcome]")).to_be_visible(timeout=PATIENCE_MS)

    def traces(self) -> None:
        words = [SOMMER.name, "Sommer", SOMMER.phone, "Winter", WINTER.phone, "valueQuantity", "121/79", "Bienenwachs"]
        found = personal_traces(self.on.programs.state, words)
        assert not found, found

    def replay(self) -> None:
        day = replay.of_journal(self.on.programs.state / "room")
        assert len(replay.replayed(day)) > 0
        PICTURES.mkdir(parents=True, exist_ok=True)
        (PICTURES / "day.jsonl").write_text(replay.written(day))


def picture_of(on: Stage, place: int) -> None:
    """A picture of every open window."""
    for who in on.people:
        shot(on.page(who), PICTURES / f"{place:02d}-{who}.png")


def play(on: Stage) -> str | None:
    """Play all steps; the name of the one that failed, or None."""
    visit = Visit(on)
    for place, (name, step) in enumerate(visit.steps(), start=1):
        began = time.monotonic()
        try:
            step()
        except (AssertionError, Error) as error:
            picture_of(on, place)
            print(f"{place:2d}. FAILED  {name}\n{error}", flush=True)
            return name
        print(f"{place:2d}. {time.monotonic() - began:6.2f} s  {name}", flush=True)
        picture_of(on, place)
    return None


def main() -> int:
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)
    with stage() as on:
        failed = play(on)
        if failed:
            for program in ("telemed", "room-agent", "signage"):
                shutil.copy(on.programs.log(program), PICTURES / Path(f"{program}.log"))
    print("visit: failed at: " + failed if failed else f"visit: complete; pictures in {PICTURES.relative_to(ROOT)}/")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
