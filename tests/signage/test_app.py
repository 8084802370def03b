"""The monitor's small server: page, stream, headers."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import httpx
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from schemas.board import RoomState
from signage.__main__ import commands
from signage.app import create_app
from signage.feed import Bulletin, Feed, Pace
from signage.pairing import Identity
from signage.screen import Line
from signage.wiring import Monitor
from telemed.kit.clock import real_now
from tests.serving import served
from tests.signage.boards import make_board, make_row


def make_monitor(folder: Path) -> Monitor:
    """A monitor without an agent; a test fills its bulletin."""
    bulletin = Bulletin()
    feed = Feed("http://127.0.0.1:1", Identity.load_or_make(folder), bulletin, pace=Pace())
    return Monitor(bulletin, feed)


def shown(folder: Path, line: Line = Line.UP, **board: object) -> str:
    monitor = make_monitor(folder)
    monitor.bulletin.stands(line)
    monitor.bulletin.take(make_board(**{"as_of": real_now(), "centre_heard": real_now(), **board}))
    return TestClient(create_app(monitor)).get("/").text


def test_the_page_shows_code_picture_name_room_and_range(tmp_path: Path) -> None:
    html = shown(tmp_path, simulated=True, exercise=True, more=3)
    for text in (
        'K</span> <span class="pair">47',
        'alt="Fisch"',
        "Raum 1",
        "10 bis 20 Minuten später",
        "weitere: 3",
        "simuliert",
        "Übungsuhr",
    ):
        assert text in html
    assert "⟦" not in html


def test_nothing_is_called_simulated_that_is_not(tmp_path: Path) -> None:
    html = shown(tmp_path)
    assert "simuliert" not in html
    assert "Übungsuhr" not in html


def test_every_state_has_its_german_words(tmp_path: Path) -> None:
    for state in RoomState:
        assert "⟦" not in shown(tmp_path, room_state=state, rows=())
    for delay in ((0, 10), (10, 10), (10, 20)):
        assert "⟦" not in shown(tmp_path, rows=(make_row(delay=delay),))
    for minutes in (0, 1, 3, 11):
        moment = real_now() - timedelta(minutes=minutes)
        assert "⟦" not in shown(tmp_path, as_of=moment, centre_heard=moment)
    assert "⟦" not in shown(tmp_path, centre_heard=None)


def test_an_old_board_sends_people_to_the_desk(tmp_path: Path) -> None:
    moment = real_now() - timedelta(minutes=3)
    html = shown(tmp_path, as_of=moment, centre_heard=moment)
    assert "Bitte fragen Sie am Empfang. Ihr Platz bleibt erhalten." in " ".join(_text(html).split())
    assert "später" not in html
    assert "Als Nächstes" not in html


def test_a_barred_and_an_unpaired_monitor_say_so(tmp_path: Path) -> None:
    assert "nicht mehr zugelassen" in shown(tmp_path, Line.BARRED)
    assert "noch nicht verbunden" in shown(tmp_path, Line.UNPAIRED)


def test_a_room_without_people_says_so(tmp_path: Path) -> None:
    assert "Zurzeit wartet niemand." in shown(tmp_path, rows=())


def test_the_stream_brings_each_change_and_beats_in_between(tmp_path: Path) -> None:
    async def story() -> None:
        monitor = make_monitor(tmp_path)
        async with (
            served(create_app(monitor)) as url,
            httpx.AsyncClient() as client,
            client.stream("GET", f"{url}/stream", timeout=10) as answer,
        ):
            lines = answer.aiter_lines()
            monitor.bulletin.stands(Line.UP)
            monitor.bulletin.take(make_board(as_of=real_now(), centre_heard=real_now()))
            kinds, html = [], ""
            while "47" not in html or "event: beat" not in kinds:
                line = await anext(lines)
                kinds.append(line)
                html = json.loads(line[6:]).get("html", html) if line.startswith("data: ") else html
            assert answer.headers["content-type"].startswith("text/event-stream")

    asyncio.run(story())


def test_the_page_carries_the_security_headers(tmp_path: Path) -> None:
    answer = TestClient(create_app(make_monitor(tmp_path))).get("/")
    nonce = answer.text.split('nonce="')[1].split('"')[0]
    assert f"'nonce-{nonce}'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_an_unknown_setting_stops_the_start_with_one_line() -> None:
    answer = CliRunner().invoke(commands, ["serve"], env={"TELEMED_SIGNAGE_COLOUR": "blue"})
    assert answer.exit_code == 2
    assert answer.output.strip() == "unknown setting TELEMED_SIGNAGE_COLOUR"


def _text(html: str) -> str:
    out, inside = [], False
    for character in html:
        inside = (inside or character == "<") and character != ">"
        out.append(" " if inside or character == ">" else character)
    return "".join(out).split("noscript")[0]
