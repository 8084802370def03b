"""The sounds as the page fetches them."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from schemas.board import Announced, Call
from signage.calls import Volume
from signage.feed import Bulletin
from signage.screen import Line
from signage.settings import Settings, loudspeaker
from signage.sounds import Loudspeaker, mount_sounds
from telemed.kit.clock import real_now
from telemed.kit.settings import BadSetting
from tests.serving import served
from tests.signage.boards import make_board
from tests.signage.test_calls import make_call
from tests.signage.test_feed import HandSeconds
from tests.signage.test_voice import make_voice, samples_of


def make_app(
    folder: Path,
    *calls: Call,
    program: str = "espeak-ng",
    seconds: HandSeconds | None = None,
    announced: Announced | None = None,
) -> FastAPI:
    bulletin = Bulletin(seconds=seconds or HandSeconds())
    bulletin.stands(Line.UP)
    now = real_now()
    bulletin.take(make_board(announced=announced, calls=calls, as_of=now, centre_heard=now))
    app = FastAPI()
    mount_sounds(app, bulletin, Loudspeaker(make_voice(folder, program), Volume()))
    return app


def test_chime_and_both_languages_of_a_call_are_files(tmp_path: Path) -> None:
    client = TestClient(make_app(tmp_path, make_call()))
    for path in ("ready.wav", "chime.wav", "calls/call-1/tr.wav", "calls/call-1/de.wav"):
        answer = client.get(f"/sound/{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav"), path
        assert samples_of(answer.content).any() == (path != "ready.wav")


def test_nobody_makes_the_program_speak_what_is_not_called(tmp_path: Path) -> None:
    client = TestClient(make_app(tmp_path, make_call()))
    for path in ("calls/call-2/de.wav", "calls/call-1/ru.wav", "calls/call-1/de-simple.wav", "calls/call-1/-h.wav"):
        assert client.get(f"/sound/{path}").status_code == 404, path
    assert TestClient(make_app(tmp_path)).get("/sound/calls/call-1/de.wav").status_code == 404


def test_what_is_announced_is_a_file_and_nothing_else_is(tmp_path: Path) -> None:
    client = TestClient(make_app(tmp_path, announced=Announced.LEAVE))
    assert samples_of(client.get("/sound/announced/leave/ar.wav").content).any()
    for path in ("emergency/de.wav", "leave/de-simple.wav", "leave/xx.wav"):
        assert client.get(f"/sound/announced/{path}").status_code == 404, path


def test_without_a_program_that_speaks_the_chime_is_still_there(tmp_path: Path) -> None:
    client = TestClient(make_app(tmp_path, make_call(), program="no-such-program"))
    assert client.get("/sound/chime.wav").status_code == 200
    assert client.get("/sound/calls/call-1/de.wav").status_code == 404


def test_the_stream_tells_each_turn_as_its_time_comes(tmp_path: Path) -> None:
    async def story() -> None:
        seconds = HandSeconds()
        app = make_app(tmp_path, make_call(at=real_now()), seconds=seconds)
        turns: list[int] = []
        async with (
            served(app) as url,
            httpx.AsyncClient() as client,
            client.stream("GET", f"{url}/sound/stream", timeout=10) as answer,
        ):
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    told = json.loads(line[6:])
                    turns.append(told["calls"][0]["turn"])
                    assert told["volume"] == 80
                    seconds.now_s = {1: 18.0, 2: 21.0, 3: 38.0, 4: 61.0, 5: 99.0}.get(len(turns), 0.0)
                if len(turns) == 6:
                    break
        assert turns == [1, 0, 2, 0, 3, 0]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("given", "loud"),
    [
        ({}, True),
        ({"layout": "portrait"}, True),
        ({"layout": "door"}, False),
        ({"layout": "entrance"}, False),
        ({"layout": "door", "volume": "00:00=30"}, True),
        ({"volume": "off"}, False),
    ],
)
def test_where_people_wait_there_is_sound_unless_it_is_off(tmp_path: Path, given: dict[str, str], loud: bool) -> None:
    settings = Settings(agent_url="http://127.0.0.1:1", state_dir=tmp_path, **given)  # type: ignore[arg-type]
    assert (loudspeaker(settings) is not None) == loud


def test_a_volume_that_nobody_understands_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="TELEMED_SIGNAGE_VOLUME is neither off nor like"):
        loudspeaker(Settings(agent_url="http://127.0.0.1:1", state_dir=tmp_path, volume="loud"))
