"""Relay only: four ends, each with each, and the room's devices, over TURN/UDP, TCP and TLS of a real coturn.

Counted is what works: of each end each connection whose both addresses are the relay's, while pictures run.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page

from ops.programs import NAMES, Programs, free_port
from tests.bench.harness import Figure, note
from tests.bench.issue_d.probe import ONLY_RELAY, PATHS, PROBE
from tests.bench.issue_d.ways import Way, relayed
from tests.e2e.chromium import CALL, chromium
from tests.e2e.test_guests import DECODES, OTHERS, PATIENCE_MS, Scene, book, small_camera
from tests.relay import IN_NAMESPACE, WAYS

EXPECTED = {"room": 3, "doctor": 4, "relative": 3, "interpreter": 3}
"""Connections of each end: to the three others, and the doctor's to the devices."""


class OnlyRelayed(Scene):
    """Each window uses no way but the relay."""

    def window(self) -> Page:
        page = super().window()
        page.add_init_script(PROBE + ONLY_RELAY)
        return page


def four_ends(way: Way) -> dict[str, int]:
    """By end: its relayed connections, when all pictures run."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="telemed-relayed-")))
        settings = stack.enter_context(way.open(folder))
        ports = {name: free_port(0) for name in NAMES}
        programs = stack.enter_context(Programs(folder, ports=ports, extra=settings))
        programs.prepare()
        booked = book(programs)
        programs.start("telemed")
        programs.start("room-agent")
        camera = f"--use-file-for-fake-video-capture={small_camera(folder / 'camera.y4m')}"
        browser = stack.enter_context(chromium(*CALL, camera, "--ignore-certificate-errors"))
        return _talk(OnlyRelayed(programs, browser, booked))


def _talk(scene: Scene) -> dict[str, int]:
    kiosk, doctor = scene.kiosk(), scene.doctor("weiss")
    scene.call(doctor)
    guests = {}
    for role, name in (("relative", "Anna Sommer"), ("interpreter", "Ines Petrova")):
        guests[role] = scene.guest(scene.link(doctor, role), name)
        scene.knocking(doctor, name).locator("[data-admit]").click()
    for page in guests.values():
        page.wait_for_function(DECODES, arg=[OTHERS, 3], timeout=PATIENCE_MS)
    doctor.wait_for_function(DECODES, arg=["#patient-video, #tiles [data-role] video", 3], timeout=PATIENCE_MS)
    kiosk.wait_for_function(DECODES, arg=["video:not(#self)", 3], timeout=PATIENCE_MS)
    pages = {"room": kiosk, "doctor": doctor, **guests}
    return {name: sum(path == ["relay", "relay"] for path in page.evaluate(PATHS)) for name, page in pages.items()}


def measure() -> Iterator[Figure]:
    whole = sum(EXPECTED.values())
    for kind in WAYS:
        found = four_ends(relayed(kind, IN_NAMESPACE))
        note(f"row 9: relayed over {kind.upper()}: {found}")
        name = f"relay only over TURN/{kind.upper()}, four ends and the devices: connections, counted at each end"
        yield Figure("D", 9, name, sum(found.values()), "connections", f"{whole}", found == EXPECTED)
