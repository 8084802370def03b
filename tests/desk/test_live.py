"""Open pages of residents: each hears at once what changes for it, and only that; nobody keeps another waiting."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from starlette.types import Message

from schemas.day import FactKind
from telemed.booking.model import Booked
from telemed.desk.live import Live
from telemed.kit.db import Database
from telemed.visit import service as visit
from telemed.web.stream import Ear
from tests.booking.residents import make_app
from tests.builders import World, make_booking, make_world
from tests.counts import Counted
from tests.desk.listening import PATIENCE_S, Open, cookie_of, deaf, listen
from tests.serving import served

pytestmark = pytest.mark.anyio
PAGES = 200


@dataclass
class Centre:
    """A running centre and some of its appointments, first to last in one room."""

    world: World
    live: Live
    address: str
    booked: list[Booked]

    async def open(self, place: int) -> Open:
        """Open the page of one of the appointments, past the first thing it is told."""
        page = await listen(self.address, cookie_of(self.world.centre, self.booked[place].id))
        assert await page.status() == 200
        await page.told()
        return page

    async def happens(self, place: int, *kinds: FactKind) -> None:
        await asyncio.to_thread(happen, self.world, self.booked[place].id, *kinds)


def happen(world: World, visit_id: str, *kinds: FactKind) -> None:
    for kind in kinds:
        with world.db.transaction() as tx:
            visit.record(tx, visit_id=visit_id, kind=kind, by="assistant", now=world.now)


@asynccontextmanager
async def running(world: World, *, at_once: int = 8) -> AsyncIterator[Centre]:
    times = ("10:00", "10:40", "11:20", "13:00")
    booked = [make_booking(world, at=at) for at in times]
    live = world.centre.live[Live] = Live(world.centre, at_once=at_once, beat_s=0.5)
    async with served(make_app(world.centre)) as address:
        yield Centre(world, live, address, booked)


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


async def test_without_a_link_there_is_no_stream(world: World) -> None:
    async with running(world) as centre:
        page = await listen(centre.address, "nothing=1")
        assert await page.status() == 401
        await page.close()


async def test_a_page_hears_at_once_what_changed_for_it(world: World) -> None:
    async with running(world) as centre:
        first, second = await centre.open(0), await centre.open(1)
        await centre.happens(0, FactKind.ARRIVED)
        assert "Sie sind als Nächstes dran." in (await first.told())["html"]
        await centre.happens(0, FactKind.CALLED)
        assert "Bitte kommen Sie jetzt" in (await first.told())["html"]
        await centre.happens(0, FactKind.ENTERED, FactKind.ENDED, FactKind.CLEANED)
        while "Vor Ihnen" in (await second.told())["html"]:
            pass


async def test_a_page_for_which_nothing_changed_hears_nothing_but_that_it_is_true(world: World) -> None:
    async with running(world) as centre:
        other = make_booking(world, at=world.now + timedelta(days=1, hours=1))
        centre.booked.append(other)
        here, elsewhere = await centre.open(0), await centre.open(4)
        await centre.happens(0, FactKind.ARRIVED)
        await here.told()
        assert await elsewhere.next() == "beat"


async def test_one_change_is_looked_at_once_however_many_pages_are_open(world: World) -> None:
    async with running(world, at_once=PAGES) as centre:
        pages = [await centre.open(place % 4) for place in range(40)]
        before = centre.live.looks
        await centre.happens(0, FactKind.ARRIVED)
        for page in pages[::4]:
            assert "Sie sind als Nächstes dran." in (await page.told())["html"]
        assert centre.live.looks == before + 1


async def test_of_many_pages_of_one_appointment_the_oldest_must_go(world: World) -> None:
    async with running(world, at_once=2) as centre:
        oldest, *others = [await centre.open(0) for _ in range(3)]
        assert await oldest.is_ended()
        await centre.happens(0, FactKind.ARRIVED)
        assert all([await page.told() for page in others])
        assert centre.live.count == 2


async def test_who_closes_the_own_page_is_told_no_more(world: World) -> None:
    async with running(world) as centre:
        page = await centre.open(0)
        centre.live.send_away(centre.booked[0].id)
        assert await page.is_ended()
        await until(lambda: centre.live.count == 0)


async def test_a_page_that_goes_leaves_nothing_behind(world: World) -> None:
    async with running(world) as centre:
        page = await centre.open(0)
        assert centre.live.count == 1
        await page.close()
        await until(lambda: centre.live.count == 0)
        again = await centre.open(0)
        await centre.happens(0, FactKind.ARRIVED)
        assert await again.told()


async def test_a_stuck_page_delays_nobody(world: World, counted: Counted) -> None:
    """200 pages, one that never reads, and one whose server takes nothing more: each of the 200 hears each change."""
    async with running(world, at_once=PAGES) as centre:
        stuck = deaf(centre.address, cookie_of(world.centre, centre.booked[0].id))
        never = Ear(_takes_nothing)
        centre.live.enter((centre.booked[0].id, 0, "de"), never)
        pages = [await centre.open(place % 4) for place in range(PAGES)]
        for kinds in ((FactKind.ARRIVED,), (FactKind.CALLED,), (FactKind.ENTERED,)):
            await centre.happens(0, *kinds)
            await asyncio.gather(*(page.told() for page in pages[::4]))
        assert never.is_stuck
        assert never.dropped == 3
        counted(f"{PAGES} pages of residents, one of them stuck")
        centre.live.leave((centre.booked[0].id, 0, "de"), never)
        stuck.close()
        for page in pages:
            await page.close()


async def _takes_nothing(_message: Message) -> None:
    await asyncio.get_running_loop().create_future()


@pytest.mark.postgres
async def test_what_happens_in_another_process_is_heard_as_well(postgres_database: Database) -> None:
    world = make_world(postgres_database)
    elsewhere = Database(postgres_database.url.render_as_string(hide_password=False))
    async with running(world) as centre:
        page = await centre.open(0)
        seen = await asyncio.to_thread(centre.live.catch_up, set())
        other = World(replace(world.centre, db=elsewhere), world.clock, world.directory)
        await asyncio.to_thread(happen, other, centre.booked[0].id, FactKind.ARRIVED)
        now_seen = await asyncio.to_thread(centre.live.catch_up, seen)
        assert "Sie sind als Nächstes dran." in (await page.told())["html"]
        assert now_seen > seen
    elsewhere.dispose()
