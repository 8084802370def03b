"""The baseline of a set-up: aiortc and Chromium with nothing of ours. Unsigned; each side waits for its addresses."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from fastapi import FastAPI, WebSocket
from fastapi.responses import HTMLResponse
from playwright.sync_api import Page, Playwright
from starlette.websockets import WebSocketDisconnect

from tests.bench.issue_c.scene import NoisyCamera
from tests.bench.issue_c.senders import CameraTrack, h264_only
from tests.bench.issue_c.thin_link import Link
from tests.bench.issue_d.doorway import doorway
from tests.bench.issue_d.probe import PROBE, first, look
from tests.e2e.chromium import CALL, FLAGS
from tests.e2e.stage import wait_for
from tests.serving import served_beside

PAGE = """<!doctype html><title>bare</title><button>join</button><script type="module">
const socket = new WebSocket(`ws://${location.host}/line`);
socket.onopen = () => { document.body.dataset.ready = 'yes'; };
socket.onmessage = async ({ data }) => {
  const connection = new RTCPeerConnection({ iceServers: [] });
  connection.ondatachannel = () => {};
  await connection.setRemoteDescription(JSON.parse(data));
  await connection.setLocalDescription();
  if (connection.iceGatheringState !== 'complete') {
    await new Promise((done) => {
      connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && done();
    });
  }
  socket.send(JSON.stringify(connection.localDescription));
};
document.querySelector('button').onclick = () => socket.send('join');
</script>"""


class BareSender:
    """Waits for a page that joins, and sends it a camera and sound."""

    def __init__(self) -> None:
        self._camera = NoisyCamera()

    async def serve(self, socket: WebSocket) -> None:
        await socket.accept()
        connection: RTCPeerConnection | None = None
        try:
            while True:
                text = await socket.receive_text()
                if text == "join":
                    connection = await self._offer(socket)
                elif connection is not None:
                    await connection.setRemoteDescription(RTCSessionDescription(**json.loads(text)))
        except WebSocketDisconnect:
            if connection is not None:
                await connection.close()

    async def _offer(self, socket: WebSocket) -> RTCPeerConnection:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.addTransceiver(CameraTrack(self._camera), direction="sendonly")
        connection.addTransceiver(AudioStreamTrack(), direction="sendonly")
        connection.createDataChannel("ctl")
        h264_only(connection)
        await connection.setLocalDescription(await connection.createOffer())
        made = connection.localDescription
        await socket.send_text(json.dumps({"type": made.type, "sdp": made.sdp}))
        return connection

    def app(self) -> FastAPI:
        app = FastAPI()
        app.get("/")(lambda: HTMLResponse(PAGE))
        app.websocket("/line")(self.serve)
        return app


@contextmanager
def bare_pair(link: Link, playwright: Playwright) -> Iterator[Page]:
    """A page beyond *link*; the sender on this side."""
    with served_beside(BareSender().app()) as server, doorway(link, server.port):
        browser = playwright.chromium.launch(executable_path=link.starter, args=[*FLAGS, *CALL])
        page = browser.new_page()
        page.add_init_script(PROBE)
        page.goto(f"http://bare.localhost:{server.port}/")
        try:
            yield page
        finally:
            browser.close()


def join(page: Page) -> float:
    """From the click to the first decoded picture, in milliseconds, on a fresh page."""
    page.reload()
    page.wait_for_selector("body[data-ready]")
    page.locator("button").click()
    wait_for(lambda: first(look(page), "ctl", "video") is not None, timeout_s=20, what="a picture")
    seen = look(page)
    found = first(seen, "ctl", "video")
    assert found is not None
    return found - float(seen["clicked"])
