"""How a route declares the right that it needs; a route without one fails a test."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from telemed.identity import service, signed_in
from telemed.identity.model import ANYONE, HOLDERS, Actor, Right, Role, holds
from telemed.identity.pacing import Paces, TooFast
from telemed.identity.staff_model import STAFF, OldForm, Session, StepUp, Way
from telemed.kit.refusal import NotAllowed, NotFound, NotSignedIn
from telemed.web.account import ACCOUNT, FORM_TOKEN, Account
from telemed.web.centre import Centre, centre_of
from telemed.web.security import SAFE_METHODS

SESSION_COOKIE = "__Host-telemed"
GUEST_COOKIE = "__Host-gast"
"""Beside the other one: who is a guest somewhere stays signed in as whoever she is."""

SIGN_IN, PROVE = "/anmelden", "/anmelden/bestaetigen"
"""Where staff show a passkey: to come in, and anew before heavy acts."""
SIGNED_IN = "signed_in"
WITNESS = "witness"
FORM_TOKEN_HEADER = "x-form-token"

REMEMBERED_S = 2.0
MANY = 1000
"""Tokens to remember at once; more than that are forgotten together."""


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in with this request, by which token."""

    session: Session
    token: str

    @property
    def form_token(self) -> str:
        return signed_in.form_token(self.token)

    def account(self, real: datetime) -> Account:
        """What the frame of a page says of it."""
        left, session = self.session.idle_left(real), self.session
        return Account(
            form_token=self.form_token,
            is_staff=session.is_staff,
            is_practice=session.is_staff and session.way is Way.LINK,
            lacks_passkeys=session.lacks_passkeys,
            idle_left_s=None if left is None else left.total_seconds(),
        )

    async def check_form(self, connection: HTTPConnection) -> None:
        """Whether a form that was sent is one that this session was given.

        A script's own request is let through: browsers say that it is one, and of this site (`SameOrigin`); the
        policy of our pages lets no other script run in them.

        Raises:
            OldForm: it is not.
        """
        if not isinstance(connection, Request) or connection.method in SAFE_METHODS:
            return
        headers = connection.headers
        by_script = headers.get("sec-fetch-site") == "same-origin" and headers.get("sec-fetch-mode") != "navigate"
        if by_script or compare_digest(headers.get(FORM_TOKEN_HEADER, "").encode(), self.form_token.encode()):
            return
        given = ""
        if headers.get("content-type", "").startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
            given = str((await connection.form()).get(FORM_TOKEN, ""))
        if not compare_digest(given.encode(), self.form_token.encode()):
            raise OldForm


def signed_in_of(connection: HTTPConnection) -> SignedIn | None:
    """Who is signed in, as far as the rights of this request have asked."""
    found: SignedIn | None = connection.scope.get(SIGNED_IN)
    return found


@dataclass
class Witness:
    """What a middleware that put it into a request's scope under `WITNESS` learns: who asked for what is not open."""

    actor: Actor = ANYONE


class Needs:
    """A dependency: the actor, who holds *right*.

    Use as ``actor: Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]``.

    Args:
        right: what the route asks for.
        cookies: whether a browser's session counts. Where it does not, another site cannot act in somebody's name.
        fresh: whether a passkey must have been shown in the last minutes (`telemed.identity.staff_model.FRESH`): for
            what does much at once. The page with the button asks for it as well, or what was typed is lost.
        watching: whether it counts also when she is idle: for what calls her, and says nothing of anybody.
    """

    def __init__(self, right: Right, *, cookies: bool = True, fresh: bool = False, watching: bool = False) -> None:
        self.right = right
        self.fresh = fresh
        self.watching = watching
        self._cookies = cookies

    async def __call__(self, connection: HTTPConnection) -> Actor:
        """
        Raises:
            NotSignedIn: nobody is signed in.
            NotAllowed: who is signed in does not hold the right.
            StepUp: it is too long ago that a passkey was shown.
            OldForm: a form was sent that this session has not been given.
            NotFound: the path has a zero byte, which names nothing and which PostgreSQL does not even look up.
        """
        if "\0" in connection.scope["path"]:
            raise NotFound
        cookie = GUEST_COOKIE if self.right is Right.BE_GUEST else SESSION_COOKIE
        actor = await _actor(connection, cookie=cookie if self._cookies else None, watching=self.watching)
        witness: Witness | None = connection.scope.get(WITNESS)
        if witness is not None and self.right is not Right.OPEN:
            witness.actor = actor
        if not holds(actor, self.right):
            raise NotSignedIn(where=self._sign_in(connection)) if actor.role is Role.ANYONE else NotAllowed()
        found = signed_in_of(connection)
        if found is None or self.right in (Right.OPEN, Right.BE_MACHINE):
            return actor
        await found.check_form(connection)
        if self.fresh and not found.session.is_fresh(real_time(centre_of(connection))):
            raise StepUp(where=led_to(connection, PROVE))
        return actor

    def _sign_in(self, connection: HTTPConnection) -> str:
        """Where staff sign in; whoever asks for a page of residents is told what to do."""
        if not HOLDERS[self.right] <= STAFF:
            return ""
        has_ended = SESSION_COOKIE in connection.cookies
        return led_to(connection, SIGN_IN, **({"grund": "ende"} if has_ended else {}))


async def guest_of(connection: HTTPConnection) -> Actor:
    """Who came by an invitation, or `ANYONE`: for a socket, at which whoever has a right comes in by one door."""
    return await _actor(connection, cookie=GUEST_COOKIE)


class Guarded:
    """A route that asks for its right itself, without FastAPI's machinery, for those few that must be fast.

    Use as ``Route(path, Guarded(Right.FHIR_READ, read), methods=["GET"])``, ``async read(request, actor) -> Response``.
    """

    def __init__(
        self, right: Right, answer: Callable[[Request, Actor], Awaitable[Response]], *, cookies: bool = True
    ) -> None:
        self.right = right
        self._needs = Needs(right, cookies=cookies)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        actor = await self._needs(request)
        if actor.role is not Role.CLIENT:
            await (await self._answer(request, actor))(scope, receive, send)
            return
        paces: Paces = centre_of(request).live.setdefault(Paces, Paces())
        try:
            with paces.one(actor.subject):
                await (await self._answer(request, actor))(scope, receive, send)
        except TooFast as refusal:
            witness: Witness | None = scope.get(WITNESS)
            if witness is not None and not refusal.is_first:
                witness.actor = ANYONE  # one line of a storm is enough: they would fill the disk
            raise


class Programs:
    """Bearer tokens seen a moment ago, so that a program's every request need not ask the database.

    A token that is taken away works on for `REMEMBERED_S` at the most.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: dict[str, tuple[Actor, float]] = {}

    def known(self, token: str) -> Actor | None:
        """Whom *token* stood for a moment ago."""
        actor, until = self._seen.get(token, (None, 0.0))
        return actor if self._monotonic() < until else None

    def remember(self, token: str, actor: Actor) -> None:
        if len(self._seen) > MANY:
            self._seen.clear()
        self._seen[token] = actor, self._monotonic() + REMEMBERED_S


async def _actor(connection: HTTPConnection, *, cookie: str | None, watching: bool = False) -> Actor:
    kind, _, token = connection.headers.get("authorization", "").partition(" ")
    bearer = token if kind.lower() == "bearer" else None
    session = connection.cookies.get(cookie) if cookie else None
    if not bearer and not session:
        return ANYONE
    if bearer or not session:
        return await _program(centre_of(connection), bearer or "")
    is_an_act = _is_an_act(connection) and not watching
    found = await _session(centre_of(connection), session, is_an_act=is_an_act, watching=watching)
    if found is None:
        return ANYONE
    connection.scope[SIGNED_IN] = who = SignedIn(found, session)
    connection.scope[ACCOUNT] = who.account(real_time(centre_of(connection)))
    return found.actor


async def _session(centre: Centre, token: str, *, is_an_act: bool, watching: bool) -> Session | None:
    """As `look_up`; SQLite answers from its page cache sooner than a thread would have begun to ask."""
    if not centre.db.is_sqlite:
        return await run_in_threadpool(look_up, centre, token, is_an_act=is_an_act, watching=watching)
    real, seen = real_time(centre), await signed_in.at_a_glance(centre.db.glance, token)
    if seen is None:
        return None
    if not seen.is_staff:  # nothing more is asked of them
        return seen if seen.is_open(now=centre.clock.now(), real=real) else None
    found = _open_one(centre, token, watching=watching)
    if found is not None and is_an_act and found.is_to_be_noted(real):
        await run_in_threadpool(_note, centre, found, real)
    return found


async def _program(centre: Centre, bearer: str) -> Actor:
    programs: Programs = centre.live.setdefault(Programs, Programs())
    known = programs.known(bearer)
    if known is not None:
        return known
    found = await run_in_threadpool(_look_up, centre, bearer)
    if found is not None:
        programs.remember(bearer, found)
    return found or ANYONE


def _look_up(centre: Centre, bearer: str) -> Actor | None:
    with centre.db.reading() as tx:
        return service.who(tx, session=None, bearer=bearer, now=centre.clock.now())


def real_time(centre: Centre) -> datetime:
    """The time outside of an exercise, by which idle people are signed out."""
    return centre.clock.now() - centre.clock.offset


def look_up(centre: Centre, token: str, *, is_an_act: bool = True, watching: bool = False) -> Session | None:
    """The open session of a token; *is_an_act*: somebody is there, rather than a page that keeps itself fresh.

    *watching*: also one that is idle.
    """
    found, real = _open_one(centre, token, watching=watching), real_time(centre)
    if found is not None and is_an_act:
        _note(centre, found, real)
    return found


def _open_one(centre: Centre, token: str, *, watching: bool) -> Session | None:
    """Staff who came by a link alone are let in during an exercise only."""
    real = real_time(centre)
    with centre.db.reading() as tx:
        now = centre.clock.now()
        open_one = signed_in.watched(tx, token, now=now) if watching else None
        found = open_one or signed_in.session_of(tx, token, now=now, real=real)
    return None if found and found.is_staff and found.way is Way.LINK and not centre.exercise else found


def _note(centre: Centre, session: Session, real: datetime) -> None:
    if session.is_to_be_noted(real):
        with centre.db.transaction() as tx:
            signed_in.note(tx, session, real=real)


async def attended(connection: HTTPConnection, *, every_s: float) -> None:
    """Until whoever is in a call here has signed out or was shut out; meanwhile, nobody takes her for idle."""
    token = connection.cookies.get(SESSION_COOKIE, "")
    while await run_in_threadpool(_attend, centre_of(connection), token):
        await asyncio.sleep(every_s)


def _attend(centre: Centre, token: str) -> bool:
    with centre.db.reading() as tx:
        found = signed_in.attend(tx, token)
    if found is not None:
        _note(centre, found, real_time(centre))
    return found is not None


def _is_an_act(connection: HTTPConnection) -> bool:
    """Whether somebody does something, rather than a page that asks by itself; browsers say which it is."""
    asks_by_itself = connection.headers.get("sec-fetch-mode", "navigate") != "navigate"
    return connection.scope["type"] != "http" or connection.scope["method"] not in SAFE_METHODS or not asks_by_itself


def led_to(connection: HTTPConnection, path: str, **more: str) -> str:
    """*path* for somebody who looks at pages, and from there on to the page that was asked for; nowhere for others."""
    if connection.headers.get("sec-fetch-mode") != "navigate":
        return ""
    if connection.scope["method"] not in SAFE_METHODS:
        return path
    query = connection.url.query
    asked = connection.url.path + (f"?{query}" if query else "")
    return f"{path}?{urlencode({'weiter': asked, **more})}"
