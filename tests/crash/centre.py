"""The real centre as a child process that can be killed at any moment, and a control that answers too early."""

import asyncio
import ctypes
import json
import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from telemed import wiring
from telemed.app import make_app
from telemed.booking import service as booking
from telemed.booking.bodies import OfferView
from telemed.booking.keys import id_for
from telemed.booking.model import Request, SlotTaken
from telemed.kit.db import Database
from telemed.web.centre import Centre
from tests.builders import RESIDENT, SOMMER

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Killable:
    """A centre on *url*; *sock* listens on and outlives it, so that the next one goes on at the same address."""

    url: str
    state: Path
    sock: socket.socket
    too_early: bool = False
    """It says yes before the COMMIT: the control."""

    def start(self) -> int:
        """Fork; the child's id. What is imported already need not be again, so it is there at once."""
        child = os.fork()
        if child == 0:
            try:
                ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
                self._serve()
            finally:
                os._exit(1)
        return child

    def _serve(self) -> None:
        many = 1_000_000  # all clients come from one address
        settings = wiring.Settings(
            state_dir=self.state, database_url=self.url, bookings_per_address=many, bookings_per_contact=many
        )
        db = Database(self.url)
        centre = wiring.build(settings, db)
        app: Any = Early(centre) if self.too_early else make_app(centre)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="on"))
        server.run(sockets=[self.sock])


class Early:
    """Answers a booking as soon as it is in memory; it is written a moment later."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await _live(receive, send)
        asked, key = json.loads((await receive())["body"]), dict(scope["headers"])[b"idempotency-key"].decode()
        request = Request(key, OfferView(**asked["offer"]).to_offer(), SOMMER)
        asyncio.get_running_loop().run_in_executor(None, self._book, request)
        body = json.dumps({"id": id_for(self._centre.secrets, key)}).encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        return await send({"type": "http.response.body", "body": body})

    def _book(self, request: Request) -> None:
        centre = self._centre
        with suppress(SlotTaken), centre.db.transaction() as tx:
            booking.book(tx, centre.secrets, request, actor=RESIDENT, now=centre.clock.now())


async def _live(receive: Receive, send: Send) -> None:
    while (await receive())["type"] == "lifespan.startup":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


def kill(child: int) -> None:
    """As a power cut would."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
