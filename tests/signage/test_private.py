"""A monitor cannot name a person: its messages have no field for one, and its pages no place."""

import re
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from schemas.board import Board
from schemas.day import Arrow, DayPlan, PlannedVisit, Ticket, Way
from signage.app import create_app
from signage.layout import Layout, usual
from signage.screen import Line
from signage.wiring import Monitor
from telemed.kit.clock import real_now
from telemed.web.pages import local
from tests.signage.boards import make_board
from tests.signage.test_app import make_monitor

ALLOWED = {
    "Board": {
        *("v", "room_id", "room_name", "seq", "as_of", "centre_heard", "clock_offset_s", "exercise", "simulated"),
        *(
            "room_state",
            "help_phone",
            "rows",
            "more",
            "reason",
            "calls",
            "languages",
            "way",
            "room_names",  # what the room is called in every language that somebody translated, whoever waits
            "opens",
            "closes",
            "announced",
        ),
    },
    "BoardRow": {"ticket", "state", "delay"},
    "Ticket": {"picture", "letter", "digits"},
    "Delay": {"low_minutes", "high_minutes"},
    "Call": {"call_id", "ticket", "language", "at"},
    "Way": {"picture", "arrow", "text", "texts"},
    "InLanguage": {"language", "text"},
}
"""Everything that a board may carry. Whoever adds a field says here why it tells nothing of a person."""
TIME = re.compile(r"\b\d{1,2}:\d{2}\b")


def models(kind: type[BaseModel]) -> dict[str, set[str]]:
    """The names of all fields of *kind* and of what it carries."""
    found = {kind.__name__: set(kind.model_fields)}
    for field in kind.model_fields.values():
        for part in parts(field.annotation):
            found.update(models(part))
    return found


def parts(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for argument in get_args(annotation) for found in parts(argument)]


def test_a_board_has_no_field_for_a_person() -> None:
    assert models(Board) == ALLOWED


def test_a_ticket_holds_nothing_but_a_picture_a_letter_and_two_digits() -> None:
    with pytest.raises(ValueError, match="digits"):
        Ticket(picture="fish", letter="K", digits="1948")
    with pytest.raises(ValueError, match="picture"):
        Ticket(picture="Erika Sommer", letter="K", digits="47")


@pytest.mark.parametrize("layout", [*Layout])
def test_no_layout_shows_a_doctor_or_anybodys_time(tmp_path: Path, layout: Layout) -> None:
    small = make_monitor(tmp_path)
    monitor = Monitor(small.bulletin, small.feed, usual(layout))
    now = real_now()
    monitor.bulletin.stands(Line.UP)
    board = make_board(
        as_of=now,
        centre_heard=now,
        opens=now - timedelta(hours=3),
        closes=now + timedelta(hours=3),
        way=Way(picture="owl", arrow=Arrow.UP),
        more=3,
    )
    monitor.bulletin.take(board)
    text = re.sub(r"<[^>]*>", " ", TestClient(create_app(monitor)).get("/").text.split("<main>")[1])
    assert not re.search(r"Dr\.|Ärzt|Arzt|medizin|Praxis|Haut|Innere", text)
    assert {*TIME.findall(text)} <= {local(now), local(now + timedelta(minutes=1)), local(now + timedelta(hours=3))}


def test_what_the_plan_knows_of_people_has_no_place_on_a_board() -> None:
    known = set(PlannedVisit.model_fields) | set(DayPlan.model_fields)
    of_people = {"doctor_name", "doctor_id", "visit_id", "start", "end", "service", "quiet", "walk_in", "visits"}
    assert of_people < known
    assert not of_people & {name for fields in models(Board).values() for name in fields}
