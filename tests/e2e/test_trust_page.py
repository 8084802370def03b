"""Trust in the browser: the contract's rules, a red screen where something was swapped, breaks that mend themselves."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from ops.programs import Programs
from schemas import trust as contract
from schemas.trust import CALL_PICTURES
from telemed.web.pages import mount_static
from telemed.web.security import Protection, protect
from tests.e2e.chromium import AXE, CALL, MEDIA, chromium
from tests.e2e.shots import shot
from tests.e2e.stage import wait_for
from tests.e2e.test_call_page import PATIENCE_MS, RUNS, call, open_kiosk, programs, sign_in  # noqa: F401 - a fixture
from tests.rosters import OPERATOR_KEY, doctor_key, signed
from tests.serving import served_beside

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

SHOTS = Path(os.environ.get("SHOTS", "build/shots"))
EXAMPLES = Path(contract.__file__).parent / "examples"
PRIVATE = {"kiosk": bytes(range(32)).hex(), "doctor": bytes(range(32, 64)).hex()}


def example(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.v1.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(*CALL) as started:
        yield started


@pytest.fixture(scope="module")
def bare(browser: Browser) -> Iterator[Page]:
    """A page from which the modules can be imported, on a server that gives a roster."""
    app = FastAPI()
    app.state.signed = signed([doctor_key("A" * 43)], seq=5)
    app.get("/")(lambda: HTMLResponse("<!doctype html><title>trust</title>"))
    app.get("/roster")(lambda: app.state.signed)
    app.post("/older")(lambda: setattr(app.state, "signed", signed([doctor_key("B" * 43)], seq=4)))
    mount_static(app)
    protect(app, Protection())
    with served_beside(app) as server:
        page = browser.new_page(permissions=MEDIA)
        page.goto(server.address)
        yield page


VECTOR = """async ([hello, description, keys]) => {
  const { CALL_PICTURES, Handshake } = await import('/static/js/trust.js');
  const { fromBase64 } = await import('/static/js/base64.js');
  const PKCS8 = '302e020100300506032b657004220420';
  const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
  const privateKey = (hex) => crypto.subtle.importKey('pkcs8', bytes(PKCS8 + hex), 'Ed25519', false, ['sign']);
  const fingerprint = (first) =>
    Array.from({ length: 32 }, (_, n) => (first + n).toString(16).padStart(2, '0')).join(':').toUpperCase();
  const again = (byte) => btoa(String.fromCharCode(...new Uint8Array(16).fill(byte))).slice(0, 22);
  const end = async (peerId, role, publicKey, hex, first, draws) => new Handshake(
    { visitId: 'visit-1', peerId, role, publicKey, keys: { privateKey: await privateKey(hex) },
      fingerprint: fingerprint(first) }, () => again(draws.shift()));
  const kiosk = await end('peer-1', 'kiosk', hello.key, keys.kiosk, 0x00, [1, 2]);
  const doctor = await end('peer-2', 'doctor', keys.public, keys.doctor, 0x20, [3, 4]);
  const said = await kiosk.hello();
  doctor.greeted(hello, { peerId: 'peer-1', role: 'kiosk' });
  kiosk.greeted(await doctor.hello(), { peerId: 'peer-2', role: 'doctor' });
  const nowMs = description.at_ms;
  const offer = await kiosk.seal('offer', description.sdp, { attempt: 1, nowMs });
  const opened = (await doctor.open(description, { nowMs })) === description.sdp;
  const answer = await doctor.seal('answer', description.sdp.replace(fingerprint(0x00), fingerprint(0x20)),
    { attempt: 1, nowMs });
  await kiosk.open(answer, { nowMs });
  return { said, offer, opened, pictures: [await kiosk.pictures(), await doctor.pictures()], all: CALL_PICTURES };
}"""


def test_the_pages_rules_give_the_contracts_vectors(bare: Page) -> None:
    hello, description = example("trust-hello"), example("trust-description")
    keys = {**PRIVATE, "public": "Kay64UG8yvCyLhqU000LxzYeUm0L_hLIl5S8kyKWbdc"}
    found = bare.evaluate(VECTOR, [hello, description, keys])
    assert found["said"] == hello
    assert found["offer"] == description
    assert found["opened"] is True
    assert found["pictures"] == [["lion", "shoe", "anchor"]] * 2
    assert tuple(found["all"]) == CALL_PICTURES


KEYS = """async (operator) => {
  const keys = await import('/static/js/keys.js');
  const [one, other] = await Promise.all([keys.ownKey(), keys.ownKey()]);
  const unknown = await keys.roster();
  const pinned = [await keys.pinOperator(operator), await keys.pinOperator(operator),
    await keys.pinOperator('B'.repeat(43))];
  const newer = (await keys.roster()).seq;
  await fetch('/older', { method: 'POST' });
  const kept = (await keys.roster()).seq;
  return {
    same: (await keys.publicKey(one)) === (await keys.publicKey(other)), extractable: one.privateKey.extractable,
    unknown, pinned, seqs: [newer, kept], operators: await keys.operatorKeys(),
  };
}"""


def test_a_browser_keeps_one_key_one_operator_and_never_an_older_roster(bare: Page) -> None:
    assert bare.evaluate(KEYS, OPERATOR_KEY) == {
        "same": True,
        "extractable": False,
        "unknown": None,
        "pinned": ["pinned", "known", "other"],
        "seqs": [5, 5],
        "operators": [OPERATOR_KEY],
    }


class Centre:
    """Stands on the doctor's line to the hub, as the centre itself could: cuts it, and changes what is carried."""

    def __init__(self, page: Page) -> None:
        self.swaps = self.is_down = False
        self.peers: list[str] = []
        self.lines: list[WebSocketRoute] = []
        page.route_web_socket("**/signalling/**", self._carry)

    def _carry(self, line: WebSocketRoute) -> None:
        self.peers += parse_qs(urlsplit(line.url).query)["peer"]
        if self.is_down:
            line.close(code=1012)
            return
        self.lines.append(line)
        hub = line.connect_to_server()
        line.on_message(hub.send)
        hub.on_message(lambda text: line.send(self._changed(str(text))))

    def _changed(self, text: str) -> str:
        message = json.loads(text)
        if not self.swaps or message.get("kind") != "offer":
            return text
        sdp = message["body"]["sdp"]
        begin = sdp.index("a=fingerprint:sha-256 ") + len("a=fingerprint:sha-256 ")
        other = ("00:" if sdp[begin : begin + 2] != "00" else "11:") + sdp[begin + 3 : begin + 95]
        message["body"]["sdp"] = sdp.replace(sdp[begin : begin + 95], other)
        return json.dumps(message)

    def cut(self) -> None:
        self.is_down = True
        self.lines.pop().close(code=1012)


COUNTED = """window.made = 0;
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...how) {
    super(...how);
    window.made += 1;
  }
};"""
COMPARED = "[...document.querySelectorAll('#compare-pictures li')].map(({ dataset }) => dataset.picture)"
FRAMES = "(id) => document.getElementById(id).getVideoPlaybackQuality().totalVideoFrames"
MORE = "([id, before]) => document.getElementById(id).getVideoPlaybackQuality().totalVideoFrames > before + 15"
PLAYING = "() => [...document.querySelectorAll('video, audio')].filter((each) => each.srcObject).length"


def runs(page: Page) -> None:
    page.wait_for_function(RUNS, arg="patient-video", timeout=PATIENCE_MS)
    page.wait_for_function(RUNS, arg="exam-video", timeout=PATIENCE_MS)
    expect(page.locator("#talk-state")).to_contain_text("Gespräch steht")


def test_a_cut_line_and_a_reload_mend_themselves_and_a_swapped_fingerprint_is_a_red_screen(
    programs: Programs,  # noqa: F811 - the fixture
    browser: Browser,
) -> None:
    kiosk, page = open_kiosk(programs, browser), sign_in(programs, browser)
    centre = Centre(page)
    page.add_init_script(COUNTED)
    call(page)
    runs(page)
    both_see_the_same_pictures(kiosk, page)
    the_talk_goes_on_without_the_hub(centre, page)
    page.reload()
    runs(page)
    expect(kiosk.locator("#doctors video")).to_have_count(1)
    centre.swaps = True
    page.reload()
    red_screens(kiosk, page)
    centre.swaps = False
    page.get_by_role("link", name="Noch einmal versuchen").click()
    kiosk.locator("#distrust-again").click()
    page.locator("#join").click()
    runs(page)


def both_see_the_same_pictures(kiosk: Page, page: Page) -> None:
    expect(page.locator("#compare-pictures li")).to_have_count(3)
    expect(kiosk.locator("#compare-pictures li")).to_have_count(3)
    shot(page, SHOTS / "trust-doctor.png")
    shot(kiosk, SHOTS / "trust-kiosk.png")
    assert kiosk.evaluate(COMPARED) == page.evaluate(COMPARED)
    expect(kiosk.locator("#compare-pictures")).to_be_visible()


def the_talk_goes_on_without_the_hub(centre: Centre, page: Page) -> None:
    """Pictures run while the line is away; it comes back under the same name, and nothing is set up anew."""
    before = [page.evaluate(FRAMES, each) for each in ("patient-video", "exam-video")]
    tries, made = len(centre.peers), page.evaluate("made")
    centre.cut()
    for each, frames in zip(("patient-video", "exam-video"), before, strict=True):
        page.wait_for_function(MORE, arg=[each, frames], timeout=PATIENCE_MS)
    centre.is_down = False
    wait_for(lambda: page.evaluate("true") and bool(centre.lines), timeout_s=10, what="the line is back")
    assert len(centre.peers) > tries
    assert page.evaluate("made") == made
    assert len(set(centre.peers)) == 1
    expect(page.locator("#talk-state")).to_contain_text("Gespräch steht")


def red_screens(kiosk: Page, page: Page) -> None:
    """Both sides say so over everything, and no picture or sound is left."""
    for one in (page, kiosk):
        expect(one.locator("#distrust")).to_contain_text("Diese Verbindung ist nicht sicher.", timeout=PATIENCE_MS)
        expect(one.locator("#distrust")).to_be_visible()
        assert one.evaluate(PLAYING) == 0
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    for width, height in ((360, 740), (960, 540), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        shot(page, SHOTS / f"trust-red-{width}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("axe.run().then(({ violations }) => violations.map(({ id }) => id))") == []
    shot(kiosk, SHOTS / "trust-red-kiosk.png")
