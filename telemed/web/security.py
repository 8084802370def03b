"""What every answer and every request at the edge of a program is held to, as plain ASGI middleware.

`protect` puts them on an app in the right order: headers outermost, then the origin, then the size of the body.
"""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from starlette.datastructures import Headers as RequestHeaders
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemed.web.languages import words_of
from telemed.web.origins import Origins, Plan, is_below
from telemed.web.refusals import TooLarge, problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_CAP = 64 * 1024
TWO_YEARS_S = 63_072_000
CLOSE_OTHER_SITE = 4403
STATIC = "/static/"
FILE_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""A file is no page: opened by itself it reaches nothing. Forty of them make up the largest page."""


@dataclass(frozen=True)
class Protection:
    """How one program is protected. All are path prefixes.

    *media*: pages that may use camera and microphone. *machines*: called by programs with a bearer token or a
    pairing code, never by a browser's cookie, so that their origin does not matter; they are told in problem details
    what is too large. *body_caps*: bytes allowed in a request body, where it is not `BODY_CAP`; *own_body_caps*: at
    that very path and not below it. *speaking*: where the path's own edge tells what is too large. *only_tls*: browsers
    are told to come by TLS alone from now on (RFC 6797). *plan*: which address is right for what. *open_data*: what is
    meant for every site and may be kept by whoever is between, as the answer itself says.
    """

    media: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()
    body_caps: Mapping[str, int] = field(default_factory=dict)
    own_body_caps: Mapping[str, int] = field(default_factory=dict)
    speaking: tuple[str, ...] = ()
    only_tls: bool = False
    plan: Plan | None = None
    open_data: tuple[str, ...] = ()


def protect(app: FastAPI, protection: Protection) -> None:
    """Put all of them on *app*; the last one added is the first to see a request."""
    app.add_middleware(BodyCap, protection=protection)
    app.add_middleware(SameOrigin, machines=protection.machines)
    if protection.plan is not None and protection.plan.is_divided:
        app.add_middleware(Origins, plan=protection.plan)
    app.add_middleware(Headers, media=protection.media, only_tls=protection.only_tls, open_data=protection.open_data)


def reach(scope: Scope, address: str) -> None:
    """Let the page that is being answered send to *address*, and to no other beside its own server."""
    scope["csp_connect"].append(address)


def policy(nonce: str, connect: Collection[str] = ()) -> str:
    """The Content Security Policy of one answer.

    A page's own script carries the nonce; ``'self'`` is for the modules that it imports. *connect*: where its scripts
    may send to, beside its own server. Text becomes markup in ``markup.js`` and in htmx only (W3C Trusted Types).
    """
    connected = " ".join(("'self'", *connect))
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'self'; style-src 'self'; img-src 'self' data:; "
        f"font-src 'self'; connect-src {connected}; media-src 'self' blob:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types telemed htmx"
    )


class Headers:
    """Sets the security headers on each answer and gives each request a ``csp_nonce`` in its scope; see `reach`."""

    def __init__(
        self, app: ASGIApp, *, media: tuple[str, ...] = (), only_tls: bool = False, open_data: tuple[str, ...] = ()
    ) -> None:
        self._app = app
        self._media = media
        self._only_tls = only_tls
        self._open_data = open_data

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        path: str = scope["path"]
        connect: list[str] = []

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                is_file = path.startswith(STATIC)
                headers["Content-Security-Policy"] = FILE_POLICY if is_file else policy(nonce, connect)
                self._stamp(headers, path, is_file=is_file)
            await send(message)

        await self._app({**scope, "csp_nonce": nonce, "csp_connect": connect}, receive, with_headers)

    def _stamp(self, headers: MutableHeaders, path: str, *, is_file: bool) -> None:
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "no-referrer"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if self._only_tls:
            headers["Strict-Transport-Security"] = f"max-age={TWO_YEARS_S}"
        if is_file:
            headers.setdefault("Cache-Control", "no-cache")
            return
        allowed = "(self)" if is_below(path, self._media) else "()"
        if is_below(path, self._open_data):
            headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        else:
            headers["Cache-Control"] = "no-store"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Permissions-Policy"] = f"camera={allowed}, microphone={allowed}, geolocation=(), payment=(), usb=()"


class SameOrigin:
    """Refuses what another site makes a browser send: unsafe methods and WebSockets."""

    def __init__(self, app: ASGIApp, *, machines: tuple[str, ...] = ()) -> None:
        self._app = app
        self._machines = machines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._request_allowed(scope):
            answer = PlainTextResponse(words_of(HTTPConnection(scope)).text("refusal.other_site"), status_code=403)
            await answer(scope, receive, send)
        elif scope["type"] == "websocket" and not _socket_allowed(RequestHeaders(scope=scope)):
            await receive()
            await send({"type": "websocket.close", "code": CLOSE_OTHER_SITE})
        else:
            await self._app(scope, receive, send)

    def _request_allowed(self, scope: Scope) -> bool:
        if scope["method"] in SAFE_METHODS or is_below(scope["path"], self._machines):
            return True
        headers = RequestHeaders(scope=scope)
        site = headers.get("sec-fetch-site")
        return site in {"same-origin", "none"} if site is not None else _origin_is_host(headers)


def _socket_allowed(headers: RequestHeaders) -> bool:
    """Browsers always send an Origin with a WebSocket; whoever sends none is a machine and proves its key.

    Sec-Fetch-Site is not asked: browsers disagree on whether ``ws:`` is the same site as ``http:``.
    """
    return "origin" not in headers or _origin_is_host(headers)


def _origin_is_host(headers: RequestHeaders) -> bool:
    netloc = urlsplit(headers.get("origin", "")).netloc
    return netloc != "" and netloc.lower() == headers.get("host", "").lower()


class BodyCap:
    """Refuses a request body that is larger than its path allows (413), announced or not."""

    def __init__(self, app: ASGIApp, *, protection: Protection) -> None:
        self._app = app
        self._caps, self._own = protection.body_caps, protection.own_body_caps
        self._machines, self._speaking = protection.machines, protection.speaking

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        cap = self._cap(scope["path"])
        announced = RequestHeaders(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or int(announced) > cap:
            if is_below(scope["path"], self._speaking):
                await self._app(scope, _too_large, send)
                return
            by_program = is_below(scope["path"], self._machines)
            plain = PlainTextResponse(words_of(HTTPConnection(scope)).text(TooLarge.key), status_code=413)
            await (problem(TooLarge()) if by_program else plain)(scope, receive, send)
            return
        await self._app(scope, _counted(receive, cap), send)

    def _cap(self, path: str) -> int:
        if path.rstrip("/") in self._own:
            return self._own[path.rstrip("/")]
        fitting = [prefix for prefix in self._caps if is_below(path, (prefix,))]
        return self._caps[max(fitting, key=len)] if fitting else BODY_CAP


async def _too_large() -> Message:
    """
    Raises:
        HTTPException: nothing of the body is read.
    """
    raise HTTPException(413)


def _counted(receive: Receive, cap: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b"")) if message["type"] == "http.request" else 0
        if seen > cap:
            raise HTTPException(413)
        return message

    return counted
