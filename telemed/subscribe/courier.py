"""Carries notifications to programs: one after the other to each, all beside each other; who hangs delays nobody."""

import asyncio
import contextlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
from sqlalchemy.exc import SQLAlchemyError

from telemed.kit.clock import Clock
from telemed.kit.db import CommitFailed, Database
from telemed.kit.ids import new_id
from telemed.kit.logs import logger
from telemed.kit.outside import NOTHING, Inside, Resolve, addresses_of
from telemed.kit.secrets import Secrets
from telemed.subscribe import service
from telemed.subscribe.model import Subscribed
from telemed.subscribe.service import Parcel

log = logger("subscriptions")

LOOK_S = 1.0
AT_ONCE = 256
"""Sent beside each other; each ends within its own timeout, 60 seconds at the most."""
RESOLVING, RESOLVING_OF_ONE = 32, 4
"""Names that are looked up beside each other, in all and for one program: whoever answers for a name may take long."""


class NotTaken(Exception):
    """The endpoint did not take it; *reason* of a closed set."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass
class Courier:
    """`run` is a thread's body. *inside*: which endpoints of the own network are told as well.

    *base_url*: ``…/fhir`` without a slash.
    """

    db: Database
    clock: Clock
    secrets: Secrets
    base_url: str
    inside: Inside = NOTHING
    resolve: Resolve = addresses_of
    name: str = field(default_factory=lambda: f"{os.getpid()}-{new_id()}")
    _resolving: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(RESOLVING, "resolving"))
    _may_resolve: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    _loop: asyncio.AbstractEventLoop | None = None
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def wake(self) -> None:
        """Something may have happened. From any thread."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended meanwhile
                loop.call_soon_threadsafe(self._woken.set)

    def stop(self) -> None:
        """End soon, also in the middle of a sending that hangs: its lease ends, and it is sent after the next start."""
        self._stopped.set()
        self.wake()

    def run(self) -> None:
        asyncio.run(self._run())

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        on_the_way: set[asyncio.Task[None]] = set()
        async with httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=None, limits=_ANEW) as http:
            while not self._stopped.is_set():
                for one in await self._due(AT_ONCE - len(on_the_way)):
                    task = asyncio.create_task(self._serve(one, http))
                    on_the_way.add(task)
                    task.add_done_callback(on_the_way.discard)
                await self._rest()
            for task in on_the_way:
                task.cancel()
            await asyncio.gather(*on_the_way, return_exceptions=True)

    async def _rest(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._woken.wait()
        self._woken.clear()

    async def _due(self, limit: int) -> list[Subscribed]:
        if limit <= 0:
            return []
        try:
            return await asyncio.to_thread(self._take, limit)
        except (SQLAlchemyError, CommitFailed):
            log.error("subscriptions_round_failed", exc_info=True)
            return []

    def _take(self, limit: int) -> list[Subscribed]:
        with self.db.transaction() as tx:
            return service.due(tx, self.name, limit=limit, now=self.clock.now())

    async def _serve(self, one: Subscribed, http: httpx.AsyncClient) -> None:
        """Say the next thing to one of them, and write down how that went."""
        try:
            parcel = await asyncio.to_thread(self._pack, one)
            if parcel is None:
                return
            try:
                async with asyncio.timeout(one.wish.timeout_s):
                    await self._send(parcel, http)
            except (NotTaken, TimeoutError) as why:
                reason = why.reason if isinstance(why, NotTaken) else "timeout"
                log.warning("notification_not_taken", subscription_id=one.id, kind=parcel.kind, reason=reason)
                await asyncio.to_thread(self._not_taken, one, reason)
            else:
                await asyncio.to_thread(self._taken, parcel)
        except (SQLAlchemyError, CommitFailed):
            log.error("subscription_failed", subscription_id=one.id, exc_info=True)
        self._woken.set()  # there may be more for it

    def _pack(self, one: Subscribed) -> Parcel | None:
        now = self.clock.now()
        with self.db.reading() as tx:
            parcel = service.pack(tx, self.secrets, one, base_url=self.base_url, now=now)
        if parcel is None:
            with self.db.transaction() as tx:
                service.shut_out(tx, one, self.name)
        return parcel

    def _taken(self, parcel: Parcel) -> None:
        with self.db.transaction() as tx:
            service.taken(tx, parcel, self.name, now=self.clock.now())

    def _not_taken(self, one: Subscribed, why: str) -> None:
        with self.db.transaction() as tx:
            service.not_taken(tx, one, self.name, why, now=self.clock.now())

    async def _send(self, parcel: Parcel, http: httpx.AsyncClient) -> None:
        """The address that was looked at is the one that is asked, so that a name cannot mean another a moment later.

        Raises:
            NotTaken: not to be reached, inside, or not a 2xx.
        """
        wish = parcel.to.wish
        parts = urlsplit(wish.endpoint)
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        try:
            found = await self._addresses(parcel.to.client, host, parts.port or (443 if is_tls else 80))
        except (OSError, ValueError):
            raise NotTaken("unknown host") from None
        if not self.inside.allows(host, found):
            raise NotTaken("inside")
        headers = [*parcel.headers, ("host", parts.netloc), ("content-type", wish.media)]
        url = httpx.URL(wish.endpoint).copy_with(host=found[0])
        more = {"sni_hostname": host} if is_tls else {}
        try:
            async with http.stream("POST", url, headers=headers, content=parcel.body, extensions=more) as answer:
                status = answer.status_code
        except (httpx.HTTPError, OSError) as error:
            raise NotTaken(type(error).__name__) from None
        if not 200 <= status < 300:
            raise NotTaken(f"status {status}")

    async def _addresses(self, client: str, host: str, port: int) -> list[str]:
        """Looked up in threads of their own, so that a name that hangs holds nobody but its own program.

        Raises:
            OSError, ValueError: not known, or no name.
        """
        places = self._may_resolve.setdefault(client, asyncio.Semaphore(RESOLVING_OF_ONE))
        await places.acquire()
        looked_up = asyncio.get_running_loop().run_in_executor(self._resolving, lambda: [*self.resolve(host, port)])
        looked_up.add_done_callback(lambda _: places.release())
        return await asyncio.shield(looked_up)  # who waits no longer does not end the thread


_ANEW = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=0)
"""Each has a connection of its own: by its number alone, one that was opened for another name at this address, and that
has shown the other's certificate, would be taken for it."""
