"""The doctor's page in Firefox ESR, which has no H.264: the exam picture comes as VP8, everything else as elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from ops.programs import NAMES, Programs, free_port
from tests.e2e.chromium import CALL, chromium
from tests.e2e.conftest import SHOTS
from tests.e2e.firefox import Firefox, Window, starting_firefox
from tests.e2e.stage import RELEASED
from tests.e2e.test_call_page import COLOURED, DOCTOR, book_and_arrive, open_kiosk
from tests.e2e.visit import RUNS
from tests.warm import WarmPrograms

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

CODECS = "RTCRtpReceiver.getCapabilities('video').codecs.map(({ mimeType }) => mimeType)"
CONNECTIONS = """() => {
  const Connection = RTCPeerConnection;
  window.connections = [];
  window.RTCPeerConnection = class extends Connection {
    constructor(...all) { super(...all); window.connections.push(this); }
  };
}"""
"""The page keeps its connections for us."""
ARRIVED = """async () => {
  const reports = await Promise.all(window.connections.map((each) => each.getStats()));
  const all = reports.flatMap((report) => [...report.values()]);
  const codecs = new Map(all.filter(({ type }) => type === 'codec').map(({ id, mimeType }) => [id, mimeType]));
  const streams = all.filter(({ type }) => type === 'inbound-rtp');
  return {
    codecs: streams.filter(({ framesDecoded }) => framesDecoded).map(({ codecId }) => codecs.get(codecId)),
    heard: Math.max(...streams.map(({ totalAudioEnergy }) => totalAudioEnergy ?? 0)),
  };
}"""
"""How pictures were coded that have been decoded, and how much sound there was. WebAudio needs a sound card here."""
FITS = "() => document.documentElement.scrollWidth <= innerWidth"


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Centre and room agent, with somebody waiting; a measurement takes no time."""
    extra = {"TELEMED_ROOM_SIMULATED_MEASURING_S": "0.2"}
    with WarmPrograms(tmp_path, ports={name: free_port(0) for name in NAMES}, extra=extra) as programs:
        programs.prepare()
        book_and_arrive(programs)
        programs.start("telemed")
        programs.start("room-agent")
        yield programs


@pytest.fixture
def window() -> Iterator[Window]:
    """Firefox, which starts while the programs do."""
    with starting_firefox() as window:
        yield window


def sign_in_link(programs: Programs, role: str, who: str) -> str:
    """The one-time link of the staff member *who*."""
    staff = programs.keys["staff"]
    return next(str(one["url"]) for one in staff if one["role"] == role and who in (one["id"], ""))


def call_from(doctor: Firefox, programs: Programs) -> None:
    """Sign in, be signed by the operator, and call whoever waits."""
    doctor.before_each_page(CONNECTIONS)
    doctor.goto(sign_in_link(programs, "doctor", DOCTOR))
    doctor.click("main form button")
    doctor.wait_for("location.pathname.endsWith('/arzt')")
    doctor.wait_for(RELEASED)
    doctor.click("form[action='/arzt/aufrufen'] button")
    doctor.wait_for("location.pathname.startsWith('/arzt/besuch/')")


def second_codings(operator: Page, programs: Programs) -> list[str]:
    """What the operator reads of rooms that code their pictures twice."""
    operator.goto(f"{programs.url('telemed')}/betrieb")
    return operator.locator("[data-second-coding]").all_inner_texts()


def test_a_doctor_with_firefox_sees_hears_examines_and_gets_values(window: Window, programs: Programs) -> None:
    with chromium(*CALL) as browser, window() as doctor:
        assert "video/H264" not in doctor.evaluate(CODECS)
        doctor.resize(1920, 1080)
        open_kiosk(programs, browser)
        operator = browser.new_page()
        operator.goto(sign_in_link(programs, "operator", ""))
        operator.locator("main form button").click()
        operator.wait_for_url("**/betrieb")
        assert second_codings(operator, programs) == []
        call_from(doctor, programs)
        doctor.wait_for(RUNS, "#patient-video")
        doctor.wait_for(RUNS, "#exam-video")
        doctor.wait_for(f"async () => (await ({ARRIVED})()).heard > 0.001")
        assert doctor.evaluate(ARRIVED)["codecs"] == ["video/VP8"] * 3
        doctor.reads("#talk-state", "Gespräch steht")
        doctor.reads("#device-state", "gut verbunden")
        doctor.click("#rollcall-noted")
        doctor.reads("#rollcall-state", "vorgestellt")

        doctor.click("[data-goto=cameras]")
        doctor.click("#cameras [data-camera=otoscope] [data-slot='0']")
        doctor.click("#streams [data-stream=otoscope] [data-yes=yes]")
        doctor.wait_for(COLOURED, "exam-video")
        doctor.click("[data-goto=measure]")
        doctor.click("#kinds [data-kind=blood-pressure]")
        doctor.reads(".vital[data-kind=blood-pressure]", "mmHg")
        for width, height in ((1920, 1080), (960, 540), (360, 740)):
            doctor.resize(width, height)
            doctor.shot(SHOTS / f"firefox-call-{width}.png")
            assert doctor.evaluate(FITS)
        (told,) = second_codings(operator, programs)
        assert "1 Browser ohne H.264" in told
        assert doctor.faults == []
