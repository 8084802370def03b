"""Which relay the devices' connections of one visit may use: all that the centre names are tried, one is taken.

aiortc takes one address and waits five seconds for it; so it is only given one that has just worked.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from ssl import SSLError

from aioice import stun
from aioice.turn import create_turn_endpoint

from room_agent.checks.relay import Relay, relay_at
from room_agent.media.peer import Road
from room_agent.room import RelayTrouble
from schemas import signalling
from telemed.kit.logs import logger

log = logger("relays")

PATIENCE_S = 0.8
"""An offer waits for the relays no longer than this, counted from when they were named."""
ANSWER_S = 2.5
"""A relay that takes longer is no help in a talk."""
BETTER_S = 0.1
"""The first that works is taken, unless a better way follows at once: UDP before TCP before TLS."""
AGAIN_S = 10.0
"""So often all are tried again while none works."""


class Relays:
    """One visit's. *only*: no way but by a relay. *said*: what is wrong with them; *found*: one works that did not."""

    def __init__(self, *, only: bool, said: Callable[[RelayTrouble], None], found: Callable[[], None]) -> None:
        self._only = only
        self._said = said
        self._found = found
        self._named: tuple[signalling.Relay, ...] = ()
        self._chosen: Relay | None = None
        self._settled = asyncio.Event()
        self._settled.set()
        self._began = 0.0
        self._trying: asyncio.Task[None] | None = None

    def named(self, relays: tuple[signalling.Relay, ...]) -> None:
        """What the centre says now, in place of what it said before."""
        if relays == self._named:
            return
        self._named = relays
        self._chosen = None
        self._begin()

    def failed(self, relay: Relay) -> None:
        """It worked a while ago, and does not any more."""
        if relay == self._chosen:
            self._chosen = None
            self._begin()

    def _begin(self) -> None:
        if self._trying is not None:
            self._trying.cancel()
        self._settled.clear()
        self._began = asyncio.get_running_loop().time()
        self._trying = asyncio.create_task(self._try_all(), name="relays")

    async def road(self) -> Road:
        """How to reach somebody now; waits a little for relays that were named just now."""
        try:
            async with asyncio.timeout_at(self._began + PATIENCE_S):
                await self._settled.wait()
        except TimeoutError:
            log.info("relays_awaited", waited_s=PATIENCE_S)
        return Road(self._chosen, self._only)

    async def _try_all(self) -> None:
        candidates = [relay for named in self._named for relay in _of(named)]
        while candidates:
            if await self._try(candidates):
                return
            await asyncio.sleep(AGAIN_S)
        self._settle("")

    async def _try(self, candidates: Sequence[Relay]) -> bool:
        tasks = {asyncio.create_task(_works(relay)): relay for relay in candidates}
        try:
            chosen = await self._best(tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if chosen is None:
            found = {task.result() for task in tasks}
            self._settle("refused" if "refused" in found else "unreachable")
            return False
        late = self._settled.is_set() or asyncio.get_running_loop().time() - self._began > PATIENCE_S
        self._chosen = chosen
        self._settle("")
        if late:
            self._found()
        return True

    @staticmethod
    async def _best(tasks: dict["asyncio.Task[RelayTrouble]", Relay]) -> Relay | None:
        """The first that works, or a better one that works just after it."""
        loop = asyncio.get_running_loop()
        waiting, until = set(tasks), None
        while waiting:
            left = None if until is None else max(0.0, until - loop.time())
            done, waiting = await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            good = [relay for task, relay in tasks.items() if task.done() and not task.result()]
            better = min((_rank(tasks[task]) for task in waiting), default=9)
            if good and (not done or better >= min(map(_rank, good))):
                break
            until = until or (loop.time() + BETTER_S if good else None)
        good = [relay for task, relay in tasks.items() if task.done() and not task.result()]
        return min(good, key=_rank, default=None)

    def _settle(self, trouble: RelayTrouble) -> None:
        if trouble:
            log.error("no_relay", reason=trouble, named=len(self._named))
        elif self._chosen is not None:
            log.info("relay", transport="tls" if self._chosen.tls else self._chosen.transport)
        self._said(trouble)
        self._settled.set()

    async def close(self) -> None:
        if self._trying is not None:
            self._trying.cancel()
            await asyncio.gather(self._trying, return_exceptions=True)


def _rank(relay: Relay) -> int:
    return (relay.transport == "tcp") + relay.tls


def _of(named: signalling.Relay) -> Iterator[Relay]:
    """The TURN servers in *named*; what aiortc cannot use is left out."""
    for url in named.urls:
        relay = relay_at(url, named.username, named.credential)
        if relay is None or ":" in relay.host or (relay.tls and relay.transport == "udp"):
            log.info("relay_left_out", scheme=url.partition(":")[0])
        else:
            yield relay


async def _works(relay: Relay) -> RelayTrouble:
    """Whether it gives us a place, which is given back at once."""
    try:
        async with asyncio.timeout(ANSWER_S):
            transport, _ = await create_turn_endpoint(
                asyncio.DatagramProtocol,
                server_addr=(relay.host, relay.port),
                username=relay.user,
                password=relay.password,
                lifetime=60,
                ssl=relay.tls,
                transport=relay.transport,
            )
    except stun.TransactionFailed:
        return "refused"
    except (TimeoutError, OSError, SSLError, stun.TransactionTimeout):
        return "unreachable"
    transport.close()
    return ""
