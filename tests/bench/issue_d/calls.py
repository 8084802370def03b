"""The whole house with a doctor beyond a link: real programs, the room's browser here, the doctor's browser there."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, Playwright, expect

from ops.programs import NAMES, Programs, free_port
from tests.bench.issue_c.thin_link import Link
from tests.bench.issue_d.doorway import doorway
from tests.bench.issue_d.probe import ONLY_RELAY, PROBE, first, look, voice
from tests.bench.issue_d.ways import DIRECT, Way
from tests.e2e.chromium import EXECUTABLE
from tests.e2e.stage import FLAGS, PATIENCE_MS, SCREEN, Stage, wait_for
from tests.e2e.test_bare_end import INTRODUCED, KEEPS_SOCKETS
from tests.e2e.visit import DOCTOR, RUNS, SERVICE, SOMMER

READY = "() => window.probe.ends.filter(({ connection }) => connection.remoteDescription).length >= 2"
"""The offers of room and kiosk are here and verified: nothing waits for the doctor's click but the answers."""
SAY = """(message) => {
  const channels = window.probe.ends.flatMap(({ channels }) => channels);
  channels.findLast(({ label, readyState }) => label === 'ctl' && readyState === 'open').send(JSON.stringify(message));
}"""
TRUSTING = ("--ignore-certificate-errors",)
"""The relay's certificate is its own."""


@dataclass
class Calls:
    """One visit that the doctor may join again and again. *address*: of her page of the visit."""

    on: Stage
    address: str

    @property
    def doctor(self) -> Page:
        return self.on.page("doctor")

    @property
    def kiosk(self) -> Page:
        return self.on.page("kiosk")

    def prepare(self) -> None:
        """Her page anew, until only the click is missing."""
        self.doctor.goto(self.address)
        wait_for(lambda: bool(self.doctor.evaluate(READY)), timeout_s=20, what="verified offers before the click")

    def click(self) -> dict[str, float]:
        """Join; until each first came, in milliseconds after the click. The device picture may be the slate."""
        self.doctor.locator("#join").click()
        found: dict[str, float] = {}
        wait_for(lambda: len(self._firsts(found)) == 3, timeout_s=20, what=f"picture and speech both ways: {found}")
        clicked = float(look(self.doctor)["clicked"])
        return {name: at - clicked for name, at in found.items()}

    def show_camera(self, camera: str = "otoscope") -> None:
        """Everybody was introduced aloud and the patient said yes; until the camera's picture runs."""
        self.kiosk.evaluate(INTRODUCED)
        for message in (
            {"type": "introduced", "on": True},
            {"type": "select-camera", "camera": camera, "slot": 0},
            {"type": "allow", "stream": camera, "yes": True},
        ):
            self.doctor.evaluate(SAY, message)
        wait_for(lambda: bool(self.doctor.evaluate(RUNS, "#exam-video")), timeout_s=20, what="the camera's picture")

    @property
    def is_well(self) -> bool:
        """The page says that both connections are good."""
        return all(self.doctor.locator(f"{chip}.chip-ok").count() for chip in ("#talk-state", "#device-state"))

    def leave(self) -> None:
        """Her page goes; the room and the kiosk are told."""
        self.doctor.goto("about:blank")

    def _firsts(self, found: dict[str, float]) -> dict[str, float]:
        there, here = look(self.doctor), look(self.kiosk)
        for name, seen, channel, kind in (
            ("device picture", there, "ctl", "video"),
            ("speech to the doctor", there, "talk", "audio"),
            ("speech to the room", here, "talk", "audio"),
        ):
            at = first(seen, channel, kind)
            if at is not None:
                found[name] = at
        return found


@contextmanager
def calls(link: Link, playwright: Playwright, way: Way = DIRECT, **extra: str) -> Iterator[Calls]:
    """*extra*: further settings of the programs."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="telemed-calls-")))
        ports = {name: free_port(0) for name in NAMES}
        settings = {**stack.enter_context(way.open(folder)), **extra}
        programs = stack.enter_context(Programs(folder, ports=ports, extra=settings))
        programs.prepare()
        programs.start_all()
        stack.enter_context(doorway(link, ports["telemed"]))
        flags = [*FLAGS, *TRUSTING, f"--use-file-for-fake-audio-capture={voice(folder / 'voice.wav')}"]
        here, there = (
            playwright.chromium.launch(executable_path=path, args=flags) for path in (EXECUTABLE, link.starter)
        )
        stack.callback(here.close)
        stack.callback(there.close)
        context = there.new_context(viewport=SCREEN, locale="de-DE", timezone_id="Europe/Berlin")
        context.set_default_timeout(PATIENCE_MS)
        context.grant_permissions(["camera", "microphone"])
        on = Stage(programs, here, _contexts={"doctor": context}, _pages={"doctor": context.new_page()})
        for who in ("doctor", "kiosk"):
            on.page(who).add_init_script(PROBE + (ONLY_RELAY if way.only else ""))
        on.page("kiosk").add_init_script(KEEPS_SOCKETS)
        yield Calls(on, called(on))


def called(on: Stage) -> str:
    """A resident has come, the doctor has called and is in; the address of her page."""
    on.open_kiosk()
    on.check_in(on.book(SERVICE, who=SOMMER))
    doctor = on.sign_in("doctor", DOCTOR)
    button = doctor.locator("form[action='/arzt/aufrufen'] button")
    expect(button).to_be_enabled(timeout=60_000)
    button.click()
    expect(doctor.locator("#call")).to_be_visible(timeout=PATIENCE_MS)
    return doctor.url.split("?")[0]
