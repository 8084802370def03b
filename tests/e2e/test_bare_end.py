"""The contract's third end: a bare aiortc script, written from protocol.md alone, against the real centre and room."""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ops.programs import ROOT
from telemed.identity.rights import FORM_TOKEN_HEADER
from telemed.identity.signed_in import form_token
from telemed.kit.ids import to_base64
from tests.e2e.stage import Stage, stage, wait_for
from tests.e2e.visit import DOCTOR, SERVICE, SOMMER

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
BARE = ROOT / "tests" / "ends" / "bare.py"
KEEPS_SOCKETS = """
window.sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(...rest) {
    super(...rest);
    window.sockets.push(this);
  }
};
"""
INTRODUCED = """() => {
  const line = window.sockets.findLast(({ url }) => new URL(url).pathname === '/kiosk/socket');
  line.send('{"type":"introduced","on":true}');
}"""
Line = list[Any]


class BareDoctor:
    """A doctor without a page: signed in, her key signed by the operator."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        self.key = Ed25519PrivateKey.generate()
        self.public = to_base64(self.key.public_key().public_bytes_raw())
        self.address = f"http://127.0.0.1:{on.programs.ports['telemed']}"
        self.http = httpx.Client(base_url=self.address, headers={"origin": self.address}, trust_env=False)
        link = next(one["url"] for one in on.programs.keys["staff"] if one["id"] == DOCTOR)
        entered = self.http.post(httpx.URL(link).path, data={"public_key": self.public})
        self.cookie = entered.headers["set-cookie"].partition(";")[0]
        self.http.headers["cookie"] = self.cookie
        self.http.headers[FORM_TOKEN_HEADER] = form_token(self.cookie.partition("=")[2])
        wait_for(self._released, timeout_s=10, what="the operator has signed the key")

    def _released(self) -> bool:
        return self.public in self.http.get("/roster").text

    def call(self) -> str:
        """Call whoever is next; the visit's id."""
        wait_for(self._may_call, timeout_s=30, what="the room is ready")
        return re.findall(r"/arzt/besuch/([\w.-]+)", self.http.post("/arzt/aufrufen").headers["location"])[0]

    def _may_call(self) -> bool:
        button = re.search(r'action="/arzt/aufrufen".*?<button[^>]*>', self.http.get("/arzt").text, re.DOTALL)
        return button is not None and "disabled" not in button[0]

    @contextmanager
    def end(self, visit_id: str, *asks: dict[str, Any]) -> Iterator[list[Line]]:
        """The script, running; what it has said until now."""
        words = [self.address, visit_id, self.cookie, self.key.private_bytes_raw().hex()]
        words += [self.on.programs.operator.public, *map(json.dumps, asks)]
        process = subprocess.Popen([sys.executable, str(BARE), *words], stdout=subprocess.PIPE, text=True, cwd="/")
        said: list[Line] = []

        def read() -> None:
            assert process.stdout is not None
            said.extend(json.loads(line) for line in process.stdout)

        reading = threading.Thread(target=read)
        reading.start()
        try:
            yield said
        finally:
            process.terminate()
            process.wait()
            reading.join()


def heard(said: list[Line], channel: str, kind: str) -> list[dict[str, Any]]:
    return [each[1] for each in said if each[0] == channel and isinstance(each[1], dict) and each[1]["type"] == kind]


def test_a_bare_end_sees_the_room_s_cameras_and_hears_its_values() -> None:
    with stage(TELEMED_ROOM_SIMULATED_MEASURING_S="0.4") as on:
        on.page("kiosk").add_init_script(KEEPS_SOCKETS)
        on.open_kiosk()
        on.check_in(on.book(SERVICE, who=SOMMER))
        doctor = BareDoctor(on)
        visit_id = doctor.call()
        asks = {"type": "ask", "kind": "blood-pressure"}, {"type": "select-camera", "camera": "otoscope", "slot": 0}
        with doctor.end(visit_id, *asks) as said:
            until(lambda: [each for each in said if each == ["video", 1]], said)
            until(lambda: len(heard(said, "ctl", "pong")) >= 2, said)
            assert heard(said, "ctl", "sources")[0]["tracks"]
            on.page("kiosk").evaluate(INTRODUCED)
            until(lambda: heard(said, "ctl", "allowed"), said)
            until(lambda: heard(said, "vitals", "vital"), said)
            (pressure, *_) = heard(said, "vitals", "vital")
            assert (pressure["kind"], pressure["simulated"]) == ("blood-pressure", True)
            until(lambda: said.count(["video", 50]) >= 1, said)


def until(true: Callable[[], object], said: list[Line]) -> None:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < 20, said[-20:]
        time.sleep(0.02)  # the pause between two looks
