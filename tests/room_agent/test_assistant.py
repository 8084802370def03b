"""The assistant's page in the room: only without a line, only with the code of the day, and what it notes."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from room_agent.app import create_app
from room_agent.assistant import COOKIE, Assistant, CodeWrong
from room_agent.gate import OnScreen
from room_agent.instruments import none
from room_agent.journal import Journal
from room_agent.room import Room
from room_agent.settings import Settings
from room_agent.wiring import Agent, Devices, build
from schemas.board import Announced
from schemas.day import FactKind, FactReason
from telemed.kit.i18n import words
from tests.room_agent.world import fact, plan, ticket, visit
from tests.serving import served

pytestmark = pytest.mark.anyio
CODE = "407193"
PAGE = "/assistenz"


class Monotonic:
    """A clock that counts only when told."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def room_of(folder: Path, **rest: object) -> Room:
    """A room with two visits, and no line."""
    room = Room(Journal(folder / "journal.sqlite"), simulated=True)
    second = visit("visit-2", code=ticket("moon", "B", "22"))
    room.take_plan(plan(visit(), second, **{"assistant_code": CODE, **rest}))  # type: ignore[arg-type]
    return room


@asynccontextmanager
async def page(folder: Path, room: Room) -> AsyncIterator[httpx.AsyncClient]:
    """The agent's server and a browser's manners; it speaks TLS to nobody, so the cookie is carried by hand."""

    @asynccontextmanager
    async def running() -> AsyncIterator[Agent]:
        settings = Settings(centre_url="http://127.0.0.1:9", state_dir=folder)
        yield build(settings, room, Devices(), none(words()))

    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    async with (
        served(create_app(running)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False, headers=headers) as client,
    ):
        yield client


async def sign_in(client: httpx.AsyncClient, code: str = CODE) -> httpx.Response:
    answer = await client.post(f"{PAGE}/code", data={"code": code})
    given = re.search(rf"{COOKIE}=([^;]+)", answer.headers.get("set-cookie", ""))
    if given:
        client.headers["Cookie"] = f"{COOKIE}={given[1]}"
    return answer


def test_the_code_of_the_day_opens_and_no_other(tmp_path: Path) -> None:
    assistant = Assistant(room_of(tmp_path))
    assert assistant.knows(assistant.enter(" 407 193"))
    assert not assistant.knows("")
    for wrong in ("", "407194", "40719", "ä"):
        with pytest.raises(CodeWrong):
            assistant.enter(wrong)


def test_without_a_code_in_the_plan_nothing_opens(tmp_path: Path) -> None:
    with pytest.raises(CodeWrong):
        Assistant(room_of(tmp_path, assistant_code="")).enter("")


def test_after_five_wrong_codes_the_right_one_waits_ten_minutes(tmp_path: Path) -> None:
    mono = Monotonic()
    assistant = Assistant(room_of(tmp_path), monotonic=mono)
    for _ in range(5):
        with pytest.raises(CodeWrong):
            assistant.enter("000000")
    with pytest.raises(CodeWrong):
        assistant.enter(CODE)
    mono.now_s = 601.0
    assert assistant.knows(assistant.enter(CODE))


def test_who_does_nothing_for_two_minutes_is_out(tmp_path: Path) -> None:
    mono = Monotonic()
    assistant = Assistant(room_of(tmp_path), monotonic=mono)
    token = assistant.enter(CODE)
    mono.now_s = 100.0
    assert assistant.knows(token)
    mono.now_s = 219.0
    assert assistant.knows(token)
    mono.now_s = 340.0
    assert not assistant.knows(token)


async def test_the_list_is_seen_only_with_the_code(tmp_path: Path) -> None:
    async with page(tmp_path, room_of(tmp_path)) as client:
        before = (await client.get(PAGE)).text
        refused = await sign_in(client, "111111")
        assert refused.status_code == 403
        assert "Das hat nicht geklappt" in refused.text
        assert "visit-1" not in before + refused.text
        opened = await sign_in(client)
        assert opened.headers["location"] == PAGE
        assert all(word in opened.headers["set-cookie"] for word in ("Secure", "HttpOnly", "SameSite=strict"))
        after = (await client.get(PAGE)).text
        assert "visit-1" in after
        assert "Dr. Ada Weiß" in after


async def test_a_whole_visit_is_noted_step_by_step_and_each_once(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    async with page(tmp_path, room) as client:
        await sign_in(client)
        for kind in ("arrived", "called", "called", "ended", "cleaned", "cleaned"):
            answer = await client.post(f"{PAGE}/besuch/visit-1/{kind}")
            assert answer.headers["location"] == PAGE
    told = [(each.kind.value, each.by) for each in room.journal.untaken()]
    assert told == [(kind, "assistant") for kind in ("arrived", "called", "ended", "cleaned")]


async def test_nobody_is_called_into_a_room_that_is_not_free(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    async with page(tmp_path, room) as client:
        await sign_in(client)
        for step in ("visit-1/arrived", "visit-2/arrived", "visit-1/called", "visit-2/called"):
            await client.post(f"{PAGE}/besuch/{step}")
        assert room.current()[0] == visit_of(room, "visit-1")
        await client.post(f"{PAGE}/besuch/visit-1/ended")
        await client.post(f"{PAGE}/besuch/visit-2/called")
        assert room.current()[0] is None
        await client.post(f"{PAGE}/besuch/visit-1/cleaned")
        await client.post(f"{PAGE}/besuch/visit-2/called")
        assert room.current()[0] == visit_of(room, "visit-2")


def visit_of(room: Room, visit_id: str) -> object:
    assert room.plan is not None
    return next(each for each in room.plan.visits if each.visit_id == visit_id)


async def test_without_the_code_nothing_is_noted(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    async with page(tmp_path, room) as client:
        answer = await client.post(f"{PAGE}/besuch/visit-1/arrived")
        assert answer.status_code == 403
        assert "noch einmal" in answer.text
        assert (await client.post(f"{PAGE}/fertig")).status_code == 403
    assert room.journal.facts() == ()


async def test_with_the_line_the_page_sends_to_the_tablet_and_notes_nothing(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    async with page(tmp_path, room) as client:
        await sign_in(client)
        room.heard_centre()
        assert "Tablet" in (await client.get(PAGE)).text
        assert "visit-1" not in (await client.get(PAGE)).text
        await client.post(f"{PAGE}/besuch/visit-1/arrived")
    assert room.journal.facts() == ()


async def test_who_is_done_is_out(tmp_path: Path) -> None:
    async with page(tmp_path, room_of(tmp_path)) as client:
        await sign_in(client)
        left = await client.post(f"{PAGE}/fertig")
        assert left.headers["location"] == "/kiosk"
        assert "visit-1" not in (await client.get(PAGE)).text


async def test_what_is_unknown_is_refused_and_another_site_too(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    async with page(tmp_path, room) as client:
        await sign_in(client)
        assert (await client.post(f"{PAGE}/besuch/visit-1/entered")).headers["location"] == PAGE
        assert (await client.post(f"{PAGE}/besuch/visit-9/arrived")).headers["location"] == PAGE
        assert (await client.post(f"{PAGE}/besuch/visit-1/sung")).status_code == 422
        other = await client.post(f"{PAGE}/besuch/visit-1/arrived", headers={"Sec-Fetch-Site": "cross-site"})
        assert other.status_code == 403
    assert room.journal.facts() == ()


async def test_who_was_marked_as_missing_and_comes_is_there(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    assert room.note(FactKind.NO_SHOW, "visit-1")
    assert not room.note(FactKind.CALLED, "visit-1")
    assert room.note(FactKind.ARRIVED, "visit-1")
    assert room.note(FactKind.CALLED, "visit-1")
    assert FactKind.ENDED in {kind for step in room.steps() for kind in step.may}


async def test_the_line_is_moved_in_the_room_too_with_a_reason_and_who_does_not_come_is_told(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    began = datetime.now(UTC) - timedelta(minutes=4)
    room.hear([fact(FactKind.ARRIVED, at=began), fact(FactKind.ARRIVED, "visit-2", at=began)])
    async with page(tmp_path, room) as client:
        await sign_in(client)
        assert "Platz 1: nach dem Termin" in (await client.get(PAGE)).text
        for reason in ({}, {"reason": "technical"}):
            await client.post(f"{PAGE}/besuch/visit-1/skipped", data=reason)
        assert "einmal übersprungen" not in (await client.get(PAGE)).text
        await client.post(f"{PAGE}/besuch/visit-1/skipped", data={"reason": "not-ready"})
        assert "Platz 2: einmal übersprungen (noch nicht bereit)" in (await client.get(PAGE)).text
        room.hear([fact(FactKind.CALLED, "visit-2", at=began)])
        assert "data-fetch" in (await client.get(f"{PAGE}/alarm")).text
        await client.post(f"{PAGE}/besuch/visit-2/recalled")
        assert "data-fetch" not in (await client.get(f"{PAGE}/alarm")).text
        await client.post(f"{PAGE}/besuch/visit-2/put-back", data={"reason": "mistake"})
    kinds = [(told.kind, told.reason) for told in room.journal.untaken()]
    assert kinds == [
        (FactKind.SKIPPED, FactReason.NOT_READY),
        (FactKind.RECALLED, None),
        (FactKind.PUT_BACK, FactReason.MISTAKE),
    ]


async def test_who_comes_later_is_noted_with_minutes_and_not_without(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    assert not room.note(FactKind.LATE, "visit-1")
    assert not room.note(FactKind.ARRIVED, "visit-1", minutes=20)
    assert room.note(FactKind.LATE, "visit-1", minutes=20)
    assert [told.minutes for told in room.journal.untaken()] == [20]


async def test_what_is_noted_in_the_room_comes_after_what_the_centre_told_although_its_clock_is_ahead(
    tmp_path: Path,
) -> None:
    room = room_of(tmp_path)
    ahead = datetime.now(UTC) + timedelta(seconds=30)
    room.hear([fact(FactKind.ARRIVED, at=ahead), fact(FactKind.CALLED, at=ahead), fact(FactKind.ENDED, at=ahead)])
    assert room.note(FactKind.REOPENED, "visit-1", FactReason.MISTAKE)
    assert {step.state for step in room.steps() if step.visit.visit_id == "visit-1"} == {"arrived"}


async def test_a_call_for_help_is_shown_without_a_code_and_answered_with_it_with_and_without_a_line(
    tmp_path: Path,
) -> None:
    room = room_of(tmp_path)
    room.hear([fact(FactKind.ARRIVED), fact(FactKind.CALLED)])
    async with page(tmp_path, room) as client:
        assert "data-emergency" not in (await client.get(f"{PAGE}/alarm")).text
        room.show_gate(OnScreen(emergency="room"))
        for line in (False, True):
            if line:
                room.heard_centre()
            seen = (await client.get(f"{PAGE}/alarm")).text
            assert "In diesem Raum braucht jemand sofort Hilfe." in seen
            assert "ich-komme" not in seen
            assert "Geben Sie den Code von heute ein." in (await client.get(PAGE)).text
            assert (await client.post(f"{PAGE}/ich-komme")).status_code == 403
        await sign_in(client)
        assert "ich-komme" in (await client.get(PAGE)).text
        assert (await client.post(f"{PAGE}/ich-komme")).headers["location"] == PAGE
    assert [(each.kind.value, each.by) for each in room.journal.untaken()] == [("helped", "assistant")]


async def test_with_the_code_an_assistant_fills_the_monitors_with_and_without_a_line(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    async with page(tmp_path, room) as client:
        refused = await client.post(f"{PAGE}/anzeige", data={"what": "emergency"})
        assert refused.status_code == 403
        await sign_in(client)
        for online in (False, True):
            if online:
                room.heard_centre()
            with room.bell.ear() as heard:
                await client.post(f"{PAGE}/anzeige", data={"what": "emergency"})
                assert heard.is_set()
            board = room.board()
            assert board is not None
            assert board.announced is Announced.EMERGENCY
            assert "Die Anzeigen zeigen: Notfall" in (await client.get(PAGE)).text
            await client.post(f"{PAGE}/anzeige")
            assert room.announced is None
        advert = await client.post(f"{PAGE}/anzeige", data={"what": "Sonderangebot"})
        assert advert.status_code == 422


def test_what_fills_the_monitors_outlives_a_restart_and_ends_at_midnight(tmp_path: Path) -> None:
    room = room_of(tmp_path)
    room.announce(Announced.CLOSED)
    room.journal.close()
    again = Room(Journal(tmp_path / "journal.sqlite"), simulated=True)
    assert again.announced is Announced.CLOSED
    again.clock.follow(timedelta(days=1))
    assert again.announced is None
