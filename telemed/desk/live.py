"""The residents' own pages that are open: what each shows, and that it hears at once when that changes.

A change makes its room be looked at once, however many pages are open; a page hears something only if what it shows
has changed. All of it lives in one event loop; `changed` may be called from any thread.
"""

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace

from sqlalchemy.exc import SQLAlchemyError

from telemed.desk.own import Look, own_of
from telemed.identity.model import Actor, Role
from telemed.kit import pace
from telemed.kit.clock import real_now
from telemed.kit.i18n import words
from telemed.kit.logs import logger
from telemed.kit.outbox import Event, told_since
from telemed.kit.refusal import NotFound
from telemed.link.service import Lines
from telemed.web.centre import Centre
from telemed.web.pages import Pages, local
from telemed.web.stream import Ear, Told, event, tell

log = logger("live")

EVERY_S = 20.0
"""How often every page that is open is looked at, though nothing happened: the time that is left grows shorter."""
BEAT_S = 5.0
SLICES = 20
"""In so many pieces a beat goes out, so that it keeps no news waiting."""
UNSURE_S = 40.0
"""After so long without a look nothing is said to be still true."""
AT_ONCE = 8
"""Pages of one appointment that may be open: she herself, relatives, and what was not closed properly."""
MOST = 20_000
FOLLOW_S = 0.25
"""How often one looks what other processes emitted."""
OVERLAP = timedelta(seconds=30)
"""No transaction takes longer, and no two clocks of one centre differ by more."""
LASTS_S = 900.0
"""Then a page must come back and is asked anew who it is."""
GONE = event("gone", {})

Key = tuple[str, int, str]
"""Whose appointment, how many minutes she needs to the room, in which language: who has the same sees the same."""


@dataclass
class _Page:
    """One content, and all who look at it. *room_id* is empty until it was looked at for the first time."""

    key: Key
    room_id: str = ""
    shown: Told | None = None
    looked_s: float = 0.0
    ears: dict[Ear, None] = field(default_factory=dict)


@dataclass(frozen=True)
class _Seen:
    """What a page has to show now; *told* is None where there is no such appointment any more."""

    room_id: str
    told: Told | None


class Live:
    """One for each process. *count*: pages that are open; *looks*: how often anything was looked at."""

    def __init__(self, centre: Centre, *, at_once: int = AT_ONCE, beat_s: float = BEAT_S) -> None:
        self._centre = centre
        self._beat_s = beat_s
        self._at_once = at_once
        self._pages: dict[Key, _Page] = {}
        self._rooms: set[str] = set()
        self._subjects: dict[str, list[_Page]] = {}
        self._due: dict[Key, None] = {}
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: asyncio.Task[None] | None = None
        self.count = 0
        self.looks = 0
        self._stopped = threading.Event()
        centre.db.hear(Event, self.changed)  # also what was undone in the end: looking again does no harm

    @property
    def is_full(self) -> bool:
        return self.count >= MOST

    def enter(self, key: Key, ear: Ear) -> None:
        """From now on *ear* hears what there is to say; the oldest of too many of one appointment must go."""
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = _Page(key)
            self._subjects.setdefault(key[0], []).append(page)
            self._look_at([page])
        elif page.shown:
            ear.offer(page.shown)
        page.ears[ear] = None
        self.count += 1
        open_now = [each for one in self._subjects[key[0]] for each in one.ears]
        for each in open_now[: max(0, len(open_now) - self._at_once)]:
            each.end()
        self._begin()

    def leave(self, key: Key, ear: Ear) -> None:
        """Forget *ear*, and, with the last one, its page."""
        page = self._pages[key]
        page.ears.pop(ear, None)
        self.count -= 1
        if page.ears:
            return
        del self._pages[key]
        self._due.pop(key, None)
        self._subjects[key[0]].remove(page)
        if not self._subjects[key[0]]:
            del self._subjects[key[0]]
        if not self._pages and self._running is not None:
            self._running.cancel()
            self._running = None

    def send_away(self, subject: str) -> None:
        """End all pages of this appointment: they come back, if they may."""
        for page in self._subjects.get(subject, ()):
            for ear in [*page.ears]:
                ear.end()

    def changed(self, happened: Iterable[object]) -> None:
        """Look again at all pages that this may concern. From any thread."""
        loop = self._loop
        if not self._pages or loop is None or loop.is_closed():
            return
        concerned = [one for one in happened if self._concerns(one)]
        if concerned:
            loop.call_soon_threadsafe(self._mark, concerned)

    def follow(self) -> None:
        """The body of a thread, where other processes share the database: hear what happened there too."""
        seen: set[str] = set()
        while not self._stopped.wait(FOLLOW_S):
            try:
                seen = self.catch_up(seen)
            except SQLAlchemyError:
                log.error("own_pages_not_followed", exc_info=True)

    def catch_up(self, seen: set[str]) -> set[str]:
        """Look at what happened lately and is not in *seen*; what is seen now."""
        with self._centre.db.reading() as tx:
            told = told_since(tx, real_now() - OVERLAP)
        self.changed(SimpleNamespace(**fields) for one, fields in told.items() if one not in seen)
        return set(told)

    def stop(self) -> None:
        self._stopped.set()

    def _concerns(self, happened: object) -> bool:
        room_id = getattr(happened, "room_id", None)
        return room_id is None or room_id in self._rooms or any(one in self._subjects for one in _named(happened))

    def _mark(self, happened: list[object]) -> None:
        """An event that names no room may concern anybody."""
        for one in happened:
            room_id = getattr(one, "room_id", None)
            if room_id is None:
                self._look_at(self._pages.values())
                continue
            named = [page for subject in _named(one) for page in self._subjects.get(subject, ())]
            rooms = {room_id, *(page.room_id for page in named)}
            self._look_at(page for page in self._pages.values() if page.room_id in rooms or not page.room_id)

    def _look_at(self, pages: Iterable[_Page]) -> None:
        self._due.update((page.key, None) for page in pages)
        self._woken.set()

    def _begin(self) -> None:
        if self._running is None:
            self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
            self._woken.set()
            self._running = self._loop.create_task(self._run())

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._looking())
            tasks.create_task(self._beating())

    async def _looking(self) -> None:
        loop = asyncio.get_running_loop()
        next_round = loop.time() + EVERY_S
        while True:
            try:
                async with asyncio.timeout_at(next_round):
                    await self._woken.wait()
            except TimeoutError:
                next_round = loop.time() + EVERY_S
                self._look_at(self._pages.values())
            self._woken.clear()
            due, self._due = self._due, {}
            began_s, self.looks = loop.time(), self.looks + 1
            try:
                seen = await asyncio.to_thread(self._look, [*due])
            except Exception:  # supervised: pages grow old and say so, and the next round looks again
                log.error("own_pages_not_looked_at", exc_info=True)
                continue
            self._show(seen, began_s)

    def _look(self, keys: list[Key]) -> dict[Key, _Seen]:
        """What each page has to show, all of it at one moment."""
        centre, pages, seen = self._centre, self._centre.the(Pages), {}
        with centre.db.reading() as tx:
            look = Look(tx, centre.clock, centre.clock.now(), centre.live.get(Lines))
            look.ahead({subject for subject, _, _ in keys})
            for key in keys:
                subject, minutes, language = key
                try:
                    own = own_of(look, Actor(Role.RESIDENT, subject), way=timedelta(minutes=minutes))
                except NotFound:
                    seen[key] = _Seen("", None)
                    continue
                room = look.room(own.booking)[0]
                html = pages.part("desk/_own.html", words=words(language), own=own, room=room)
                told = event("own", {"shape": own.shape, "html": html})
                seen[key] = _Seen(own.booking.offer.room_id, told)
        return seen

    def _show(self, seen: dict[Key, _Seen], began_s: float) -> None:
        pace.in_one_go(asyncio.get_running_loop())
        for key, now in seen.items():
            page = self._pages.get(key)
            if page is None:
                continue
            page.room_id, page.looked_s = now.room_id, began_s
            if now.told is None:
                self._dismiss(page)
            elif now.told != page.shown:
                page.shown = now.told
                tell(page.ears, now.told)
        self._rooms = {page.room_id for page in self._pages.values()}

    def _dismiss(self, page: _Page) -> None:
        for ear in [*page.ears]:
            ear.offer(GONE)
            ear.end()

    async def _beating(self) -> None:
        """Tell every page that what it shows is still true, if it is."""
        loop = asyncio.get_running_loop()
        while True:
            pages = [*self._pages.values()]
            for piece in range(SLICES):
                await asyncio.sleep(self._beat_s / SLICES)
                beat = event("beat", {"at": local(self._centre.clock.now())})
                for page in pages[piece::SLICES]:
                    if page.shown and loop.time() - page.looked_s < UNSURE_S:
                        for ear in [*page.ears]:
                            if not ear.is_stuck:
                                ear.offer(beat)
                    for ear in [ear for ear in page.ears if loop.time() - ear.since_s > LASTS_S]:
                        ear.end()


def _named(happened: object) -> list[str]:
    """The appointments that an event names."""
    names = ("booking_id", "replaced_id", "visit_id")
    return [found for name in names if (found := getattr(happened, name, None)) is not None]
