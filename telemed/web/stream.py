"""Server-sent events to many at once, as plain ASGI: bytes are made once, and who does not take them delays nobody.

One connection costs one suspended call and no task of its own (WHATWG HTML, 9.2 "Server-sent events").
"""

import asyncio
import json
import random
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

RETRY_MS = range(1_000, 5_000)
"""After how long a browser comes back; each another time, so that thousands do not come at once."""
START: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-accel-buffering", b"no"),
    ],
}
"""The last header tells a proxy to pass each event on at once."""
NEEDED = ("type", "method", "http_version")
"""All that a server asks of a request that it has begun to answer."""


def event(kind: str, data: Mapping[str, Any]) -> bytes:
    """One event, ready to be written to any number of connections."""
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class Ear:
    """One connection that listens, to be used from its own event loop: `open`, then `stay`.

    What is offered goes out at once. While the other end takes nothing, only the newest event is kept for it: one
    event says all that there is to say, and an older one would be untrue by then.
    """

    __slots__ = ("_behind", "_ended", "_newest", "_send", "_staying", "dropped", "since_s")

    def __init__(self, send: Send) -> None:
        self._send = send
        self._newest: bytes | None = None
        self._behind: asyncio.Task[None] | None = None
        self._staying: asyncio.Task[Any] | None = None
        self._ended = False
        self.since_s = asyncio.get_running_loop().time()
        self.dropped = 0

    @property
    def is_stuck(self) -> bool:
        """Whether the other end has not taken what was sent."""
        return self._behind is not None

    async def open(self) -> None:
        """Begin to answer."""
        await self._send(START)
        self.offer(f"retry: {random.choice(RETRY_MS)}\n\n".encode())

    def offer(self, told: bytes) -> None:
        """Send *told* now, or as soon as the other end takes something; then in place of what waits."""
        if self._behind is None and self._goes(told):
            return
        self.dropped += self._newest is not None
        self._newest = told
        if self._behind is None:
            self._behind = asyncio.get_running_loop().create_task(self._catch_up())

    def _goes(self, told: bytes) -> bool:
        """Send without waiting. A server waits, if it must, before it writes anything: then nothing has gone."""
        sending: Any = self._send(_piece(told))
        try:
            sending.send(None)
        except StopIteration:
            return True
        sending.close()
        return False

    async def _catch_up(self) -> None:
        """Send what is the newest by the time that the other end takes something; an empty piece waits for that."""
        try:
            while self._newest is not None:
                await self._send(_piece(b""))
                told, self._newest = self._newest, None
                await self._send(_piece(told))
        finally:
            self._behind = None

    async def stay(self, receive: Receive) -> None:
        """Return when the other end has gone, after `end`, or when the server stops, which cancels what goes on."""
        self._staying = asyncio.current_task()
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            if self._staying is not None:
                self._staying.uncancel()
            if not self.is_stuck:
                await self._send(_piece(b"", more=False))
        finally:
            if self._behind is not None:
                self._behind.cancel()

    def end(self) -> None:
        """Let the connection go; a browser comes back by itself and is asked anew who it is."""
        if self._staying is not None and not self._ended:
            self._ended = True
            self._staying.cancel()


def _piece(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


def shed(scope: Scope) -> None:
    """Forget the request, of which nobody needs more than `NEEDED` while its answer goes on for hours."""
    scope["headers"].clear()
    for name in [*scope]:
        if name not in NEEDED and name != "headers":
            del scope[name]


class Beside:
    """An app, and *streams* by path that stay open for long and are reached without passing through it.

    What stands around an app stays in memory for as long as a request lasts: 10 KiB for each connection (measured).
    The streams are in the app as well, where their rights are declared.
    """

    def __init__(self, app: ASGIApp, streams: Mapping[str, ASGIApp]) -> None:
        self._app = app
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        stream = self._streams.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if stream is None:
            await self._app(scope, receive, send)
            return
        scope["app"] = self._app
        await stream(scope, receive, send)
