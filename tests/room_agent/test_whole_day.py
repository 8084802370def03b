"""A whole day without the centre, with the real programs: it dies before the first visit, and comes back at the end."""

import asyncio
import re
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from ops.programs import NAMES, Programs, free_port
from room_agent.assistant import COOKIE
from schemas.visit import Challenge, CheckedIn, CheckIn, Paired, PairRequest, Show
from telemed.kit.ids import new_token
from telemed.kit.machine import MachineKey

VISITS = 5
SOMMER = {"name": "Hannelore Sommer", "birth_year": 1948, "way": "phone", "contact": "030 23125 111"}
STEPS = ("called", "ended", "cleaned")
PATIENCE_S = 60.0

pytestmark = pytest.mark.anyio


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    with Programs(tmp_path, ports={name: free_port(0) for name in NAMES}) as made:
        made.prepare()
        made.start("telemed")
        made.start("room-agent")
        yield made


class Kiosk:
    """The kiosk, without its page: it proves who it is, checks in and sees what is shown."""

    def __init__(self, programs: Programs, folder: Path) -> None:
        self._port = programs.ports["room-agent"]
        self._code = programs.keys["rooms"][0]["kiosk"]
        self._key = MachineKey.load_or_make(folder / "kiosk.key")
        self._paired: Paired | None = None

    async def pair(self) -> None:
        asked = PairRequest(code=self._code, kind="kiosk", public_key=self._key.public).model_dump(mode="json")
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(PATIENCE_S):
            while (answer := await client.post(f"http://127.0.0.1:{self._port}/pair", json=asked)).status_code == 409:
                await asyncio.sleep(0.1)  # the room's line to the centre is not up yet
        self._paired = Paired.model_validate_json(answer.content)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[ClientConnection]:
        assert self._paired is not None
        async with connect(f"ws://127.0.0.1:{self._port}/kiosk/socket", proxy=None) as socket:
            challenge = Challenge.model_validate_json(await socket.recv())
            await socket.send(self._key.prove(challenge, self._paired.machine_id).model_dump_json())
            yield socket

    async def check_in(self, ticket: dict[str, Any]) -> bool:
        """Whether the room knows *ticket* today."""
        wanted = {name: ticket[name] for name in ("picture", "letter", "digits")}
        async with self.open() as socket, asyncio.timeout(PATIENCE_S):
            await socket.send(CheckIn.model_validate({"ticket": wanted}).model_dump_json())
            while True:
                text = await socket.recv()
                if '"type":"checked-in"' in str(text):
                    return CheckedIn.model_validate_json(text).known

    async def shows(self) -> Show:
        async with self.open() as socket, asyncio.timeout(PATIENCE_S):
            while '"type":"show"' not in (text := str(await socket.recv())):
                continue
            return Show.model_validate_json(text)


def book(programs: Programs) -> list[dict[str, Any]]:
    """Today's visits in the room whose agent is paired."""
    room = programs.keys["rooms"][0]["room_id"]
    with httpx.Client(base_url=f"http://127.0.0.1:{programs.ports['telemed']}/api", trust_env=False) as client:
        made = []
        for _ in range(VISITS):
            wish = {"service": "allgemein-20", "room": room}
            offer = client.get("/offers", params=wish).raise_for_status().json()["offers"][0]
            body = {"offer": offer, "person": SOMMER}
            made.append(client.post("/bookings", json=body, headers={"idempotency-key": new_token()}).json())
        return made


def code_of_the_day(programs: Programs) -> str:
    """What the assistant reads on her tablet."""
    link = next(one["url"] for one in programs.keys["staff"] if one["role"] == "assistant")
    base = f"http://127.0.0.1:{programs.ports['telemed']}"
    with httpx.Client(base_url=base, trust_env=False, headers={"Sec-Fetch-Site": "same-origin"}) as client:
        signed_in = client.post(f"/anmelden/{link.rpartition('/')[2]}")
        session = re.search(r"__Host-telemed=([^;]+)", signed_in.headers["set-cookie"])
        assert session is not None
        room = programs.keys["rooms"][0]["room_id"]
        page = client.get(f"/assistenz/raum/{room}", headers={"Cookie": f"__Host-telemed={session[1]}"}).text
    found = re.search(r"data-room-code>(\d{3})&nbsp;(\d{3})<", page)
    assert found is not None, "the tablet shows no code"
    return found[1] + found[2]


@asynccontextmanager
async def assistant(programs: Programs, code: str) -> AsyncIterator[httpx.AsyncClient]:
    """The assistant at the room's own page."""
    base = f"http://127.0.0.1:{programs.ports['room-agent']}/assistenz"
    async with httpx.AsyncClient(base_url=base, trust_env=False, headers={"Sec-Fetch-Site": "same-origin"}) as client:
        entered = await client.post("/code", data={"code": code})
        token = re.search(rf"{COOKIE}=([^;]+)", entered.headers["set-cookie"])
        assert token is not None
        client.headers["Cookie"] = f"{COOKIE}={token[1]}"
        yield client


async def until_line(programs: Programs, up: bool) -> None:
    async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(PATIENCE_S):
        while (await client.get(f"http://127.0.0.1:{programs.ports['room-agent']}/health")).json()["line"] is not up:
            await asyncio.sleep(0.1)


def facts(programs: Programs) -> Counter[tuple[str, str, str]]:
    """What the centre knows has happened: visit, kind, by whom. Looked at in its file while it works."""
    path = next((programs.state / "centre").glob("*.sqlite*"))
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return Counter(db.execute("SELECT visit_id, kind, by FROM visit_fact").fetchall())


async def early(kiosk: Kiosk, ticket: dict[str, Any]) -> None:
    """The last of the day comes first: a room that knows the last booking knows them all, for plans are whole."""
    async with asyncio.timeout(PATIENCE_S):
        while not await kiosk.check_in(ticket):
            await asyncio.sleep(1.0)  # slow, for a room lets nobody guess tickets


async def test_the_room_carries_its_day_through_and_the_centre_learns_each_fact_once(
    programs: Programs, tmp_path: Path
) -> None:
    kiosk = Kiosk(programs, tmp_path)
    await kiosk.pair()
    booked, code = book(programs), code_of_the_day(programs)
    await early(kiosk, booked[-1]["ticket"])
    programs.kill("telemed")
    programs.kill("room-agent")
    programs.start("room-agent")
    await until_line(programs, up=False)
    for each in booked[:-1]:
        assert await kiosk.check_in(each["ticket"])
    async with assistant(programs, code) as client:
        for each in booked:
            for step in STEPS:
                await client.post(f"/besuch/{each['id']}/{step}")
                if step == "called":
                    assert (await kiosk.shows()).visit_id == each["id"]
    programs.kill("room-agent")
    programs.start("room-agent")
    programs.start("telemed")
    await until_line(programs, up=True)
    expected = {(each["id"], "arrived", "resident"): 1 for each in booked}
    expected |= {(each["id"], step, "assistant"): 1 for each in booked for step in STEPS}
    async with asyncio.timeout(PATIENCE_S):
        while facts(programs) != expected:
            await asyncio.sleep(0.1)
