"""Debian's Firefox ESR without a screen, driven by WebDriver BiDi on its own remote port; there is no geckodriver."""

import base64
import itertools
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from websockets.exceptions import InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from ops.programs import free_port
from tests.e2e.shots import HIDE, SHOW

EXECUTABLE = "/usr/bin/firefox-esr"
START_S, ANSWER_S = 60.0, 30.0
PREFERENCES: Mapping[str, bool | int | str] = {
    "media.navigator.streams.fake": True,  # camera and microphone are simulated,
    "permissions.default.camera": 1,  # and whoever asks gets them. Only to such a page Firefox shows all
    "permissions.default.microphone": 1,  # addresses; the other ones are those of the default route, and here is none
    "media.autoplay.default": 0,
    "intl.accept_languages": "de",
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "app.normandy.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.systemAddon.update.enabled": False,
    "media.gmp-manager.url": "",  # no H.264 plug-in is fetched
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.server": "",
}
"""Nothing goes out, and nobody is asked."""
CLICKABLE = "(css) => { const it = document.querySelector(css); return it?.checkVisibility() && !it.disabled; }"


class Failed(Exception):
    """Firefox refused a command, or a script on the page raised."""


class Firefox:
    """One window. Scripts are expressions, or functions of no argument; what they return comes back as JSON does."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._ids = itertools.count(1)
        self._do("session.new", capabilities={})
        self._context = self._do("browsingContext.getTree")["contexts"][0]["context"]
        self.faults: list[str] = []
        self._do("session.subscribe", events=["log.entryAdded"])

    def _do(self, method: str, **params: Any) -> Any:
        """One command and its answer; what pages report meanwhile is kept in *faults*."""
        number = next(self._ids)
        self._line.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            said = json.loads(self._line.recv(ANSWER_S))
            if said.get("id") == number:
                if said["type"] == "error":
                    raise Failed(f"{method}: {said['error']}: {said['message']}")
                return said["result"]
            entry = said.get("params", {})
            if said.get("method") == "log.entryAdded" and entry["type"] == "javascript" and entry["level"] == "error":
                self.faults.append(str(entry["text"]))

    def before_each_page(self, function: str) -> None:
        """Run *function* in every page that is loaded from now on, before its own scripts."""
        self._do("script.addPreloadScript", functionDeclaration=function)

    def goto(self, url: str) -> None:
        """Until it has been loaded."""
        self._do("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def resize(self, width: int, height: int) -> None:
        self._do("browsingContext.setViewport", context=self._context, viewport={"width": width, "height": height})

    def evaluate(self, script: str, argument: object = None) -> Any:
        """*script* with *argument*; a promise is waited for.

        Raises:
            Failed: it raised.
        """
        call = f"(async () => {{ const it = ({script}); const argument = {json.dumps(argument)}; "
        call += "return JSON.stringify((await (typeof it === 'function' ? it(argument) : it)) ?? null); })()"
        answer = self._do(
            "script.evaluate",
            expression=call,
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] == "exception":
            raise Failed(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def wait_for(self, script: str, argument: object = None, *, timeout_s: float = 30.0) -> None:
        """Until *script* says something true, also across pages.

        Raises:
            AssertionError: it did not in time.
        """
        began = time.monotonic()
        while not self._says(script, argument):
            assert time.monotonic() - began < timeout_s, f"not within {timeout_s} s: {script}"
            time.sleep(0.05)  # the pause between two looks

    def _says(self, script: str, argument: object) -> bool:
        try:
            return bool(self.evaluate(script, argument))
        except Failed:  # the page is on its way to the next one
            return False

    def click(self, selector: str) -> None:
        """As by a mouse, once it is there and can be clicked."""
        self.wait_for(CLICKABLE, selector)
        place = self.evaluate(
            """(css) => {
              const found = document.querySelector(css);
              found.scrollIntoView({ block: 'center', behavior: 'instant' });
              const { left, top, width, height } = found.getBoundingClientRect();
              return { x: Math.round(left + width / 2), y: Math.round(top + height / 2) };
            }""",
            selector,
        )
        move = {"type": "pointerMove", "x": place["x"], "y": place["y"]}
        press = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        mouse = {"type": "pointer", "id": "mouse", "actions": [move, *press]}
        self._do("input.performActions", context=self._context, actions=[mouse])

    def reads(self, selector: str, text: str) -> None:
        """Wait until *text* is read there."""
        self.wait_for("([css, text]) => document.querySelector(css)?.innerText.includes(text)", [selector, text])

    def shot(self, path: Path) -> None:
        """A picture of the window, without media (`shots`)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.evaluate(HIDE)
        taken = self._do("browsingContext.captureScreenshot", context=self._context)
        self.evaluate(SHOW)
        path.write_bytes(base64.b64decode(taken["data"]))


Window = Callable[[], AbstractContextManager[Firefox]]


@contextmanager
def starting_firefox() -> Iterator[Window]:
    """A Firefox with a fresh profile; what is given opens its window, once, as soon as it is there."""
    with TemporaryDirectory(prefix="telemed-firefox-", ignore_cleanup_errors=True) as home:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (Path(home) / "user.js").write_text("\n".join(lines), encoding="utf-8")
        port = free_port(0)
        command = [EXECUTABLE, "--headless", "--no-remote", "--profile", home, "--remote-debugging-port", str(port)]
        environment = os.environ | {"HOME": home, "MOZ_CRASHREPORTER_DISABLE": "1"}
        process = subprocess.Popen(
            [*command, "about:blank"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            yield lambda: _window(process, port)
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


@contextmanager
def _window(process: "subprocess.Popen[bytes]", port: int) -> Iterator[Firefox]:
    with _line(process, port) as line:
        yield Firefox(line)


def _line(process: "subprocess.Popen[bytes]", port: int) -> ClientConnection:
    """To its remote port, as soon as it is open."""
    began = time.monotonic()
    while True:
        assert process.poll() is None, f"Firefox has ended: {process.returncode}"
        try:
            return connect(f"ws://127.0.0.1:{port}/session", max_size=None, compression=None)
        except (OSError, InvalidHandshake):
            assert time.monotonic() - began < START_S, "Firefox does not answer"
            time.sleep(0.1)  # the pause between two tries
