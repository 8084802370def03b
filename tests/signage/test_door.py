"""Hours and the door: dark when nobody is there, and never a code while a visit is inside."""

import io
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from schemas.board import Announced, RoomState
from schemas.day import PICTURES, Arrow, Way
from signage.app import create_app
from signage.door import DoorState
from signage.doorsign import HEIGHT, WIDTH, png, sign_of
from signage.feed import Bulletin
from signage.hours import Hours, hours
from signage.languages import OTHERS
from signage.screen import Line, Received, languages
from signage.wiring import Monitor
from telemed.kit.clock import real_now
from tests.signage.boards import NINE, full_rows, make_board, screen_at
from tests.signage.test_app import make_monitor
from tools.door_pictures import OUT, source_of, sources

DAY = {"opens": NINE, "closes": NINE + timedelta(hours=8)}
EMPTY: dict[str, Any] = {"rows": (), "room_state": RoomState.FREE}
OWL = Way(picture="owl", arrow=Arrow.LEFT)


def at(hour: float) -> datetime:
    """So many hours after it opened."""
    return NINE + timedelta(hours=hour)


@pytest.mark.parametrize(
    ("hour", "closed", "dark"),
    [
        (-8, True, True),
        (-0.4, True, False),
        (0, False, False),
        (7.9, False, False),
        (8, True, True),
        (23.4, True, True),
    ],
)
def test_the_glass_is_dark_from_closing_until_half_an_hour_before_opening(
    hour: float, closed: bool, dark: bool
) -> None:
    found = hours(make_board(**DAY, **EMPTY), at(hour), known=True)
    assert (found.closed, found.dark) == (closed, dark)


def test_nobody_who_still_waits_or_is_inside_sits_in_the_dark() -> None:
    assert not hours(make_board(**DAY), at(9), known=True).dark
    assert not hours(make_board(**DAY, rows=(), room_state=RoomState.OCCUPIED), at(9), known=True).dark
    assert hours(make_board(**DAY), at(9), known=False).dark


def test_a_board_of_yesterday_does_not_keep_today_dark() -> None:
    assert not hours(make_board(**DAY, **EMPTY), at(23.6), known=False).dark


def test_a_day_without_hours_is_closed_unless_somebody_is_here() -> None:
    none = {"opens": None, "closes": None}
    assert hours(make_board(**EMPTY, **none), NINE, known=True) == Hours(closed=True, dark=True)
    assert hours(make_board(**none), NINE, known=True) == Hours()
    assert hours(make_board(**EMPTY, **none), NINE, known=False) == Hours(closed=True, dark=False)


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (EMPTY, DoorState.FREE),
        ({"room_state": RoomState.CALLED}, DoorState.CALLED),
        ({"room_state": RoomState.OCCUPIED}, DoorState.OCCUPIED),
        ({"room_state": RoomState.CLEANING}, DoorState.CLEANING),
        ({**EMPTY, "opens": at(1), "closes": at(2)}, DoorState.CLOSED),
        ({"room_state": RoomState.OCCUPIED, "opens": at(1), "closes": at(2)}, DoorState.OCCUPIED),
    ],
)
def test_the_door_says_how_the_room_stands(given: dict[str, Any], state: DoorState) -> None:
    assert screen_at(1, **given).door.state is state
    assert screen_at(121, **given).door.state is DoorState.UNKNOWN


def test_a_code_is_at_the_door_only_while_called_and_only_from_a_fresh_board() -> None:
    for state, age_s in product(RoomState, (1, 16, 121, 601)):
        ticket = screen_at(age_s, room_state=state).door.ticket
        assert (ticket is not None) is (state is RoomState.CALLED and age_s == 1)


def monitor_with(folder: Path, **board: object) -> Monitor:
    monitor = make_monitor(folder)
    monitor.bulletin.stands(Line.UP)
    now = real_now()
    monitor.bulletin.take(make_board(**{"as_of": now, "centre_heard": now, "way": OWL, **board}))
    return monitor


def test_the_paper_sign_is_800_by_480_in_black_and_white_and_is_sent_only_when_it_changes(tmp_path: Path) -> None:
    monitor = monitor_with(tmp_path, room_state=RoomState.OCCUPIED)
    client = TestClient(create_app(monitor))
    first = client.get("/tuer.png")
    image = Image.open(io.BytesIO(first.content))
    assert (first.headers["content-type"], image.size, image.mode) == ("image/png", (WIDTH, HEIGHT), "1")
    assert len(first.content) < 10_000
    etag = first.headers["etag"]
    again = client.get("/tuer.png", headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    monitor.bulletin.take(make_board(as_of=real_now(), centre_heard=real_now(), way=OWL, room_state=RoomState.FREE))
    changed = client.get("/tuer.png", headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.content != first.content


def test_the_paper_sign_names_nobody_and_carries_its_time_in_steps_of_five_minutes() -> None:
    said = set()
    for state in RoomState:
        sign = sign_of(screen_at(1, room_state=state, way=OWL), NINE + timedelta(minutes=4, seconds=59))
        assert sign.stand == "Stand 09:00"
        assert not any(row.ticket.digits in repr(sign) for row in full_rows())
        said.add(sign.word)
    assert said == {"frei", "gleich", "belegt"}
    closed = sign_of(screen_at(1, **EMPTY, opens=at(1), closes=at(2)), NINE)
    assert (closed.word, closed.more) == ("geschlossen", "Öffnet um 10:00")
    over = sign_of(screen_at(1, **EMPTY, opens=at(-2), closes=at(-1)), NINE)
    assert over.more == "Hilfe: 03641 123456"
    old = sign_of(screen_at(130, way=OWL), NINE + timedelta(minutes=30))
    assert (old.word, old.stand) == ("fragen", "Stand 09:00")


def test_nothing_on_the_paper_sign_is_cut_off(tmp_path: Path) -> None:
    paper = make_monitor(tmp_path).paper
    for state, name in product(RoomState, ("Raum 1", "Behandlungszimmer Erdgeschoss")):
        demo: dict[str, Any] = {"simulated": True, "exercise": True, "room_name": name, "way": OWL}
        image = Image.open(io.BytesIO(png(sign_of(screen_at(1, room_state=state, **demo), NINE), paper)))
        edge = 8
        ink = Image.eval(image.convert("L"), lambda level: 255 - level)
        for box in ((0, 0, WIDTH, edge), (0, HEIGHT - edge, WIDTH, HEIGHT), (0, 0, edge, HEIGHT)):
            assert ink.crop(box).getbbox() is None
        assert ink.crop((WIDTH - edge, 0, WIDTH, HEIGHT)).getbbox() is None


def test_before_anything_was_heard_the_paper_sign_sends_people_to_the_desk() -> None:
    assert sign_of(Bulletin().screen(), NINE).more == "Bitte fragen Sie am Empfang."


def test_every_picture_is_drawn_in_black_and_white_from_the_one_on_the_tickets() -> None:
    inks = {}
    for name, (svg, px) in sources().items():
        with Image.open(OUT / f"{name}.png") as image:
            assert (image.mode, image.size) == ("1", (px, px)), name
            assert image.info["source"] == source_of(svg), f"{name}: run tools/door_pictures.py"
            inks[name] = image.tobytes()
            black = image.histogram()[0] / (px * px)
            assert 0.03 < black < 0.7, name
    assert {*PICTURES} < {*inks}
    apart = [
        sum((one ^ other).bit_count() for one, other in zip(inks[a], inks[b], strict=True)) / (200 * 200)
        for a, b in product(PICTURES, PICTURES)
        if a < b
    ]
    assert min(apart) > 0.05


def test_what_is_announced_fills_the_glass_also_when_it_is_dark_and_in_every_language() -> None:
    night = {**EMPTY, "opens": at(-9), "closes": at(-1)}
    for age_s, shown in ((1, Announced.LEAVE), (130, Announced.LEAVE), (601, None)):
        assert screen_at(age_s, announced=Announced.LEAVE, **night).announced is shown
    heard = Received(make_board(announced=Announced.EMERGENCY, languages=("tr",)), 0.0, 100.0)
    assert languages(heard, now_s=101.0, line=Line.UP) == OTHERS
    assert screen_at(1, announced=Announced.CLOSED).door.state is DoorState.CLOSED
