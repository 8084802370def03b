"""Somebody in the room wants a hand: told until the centre has it, passed on without an answer, on every screen."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from room_agent.help import GOES_ON_S, LASTS_S
from room_agent.journal import Journal
from room_agent.keyboard import BadKeys, Keyboard, read
from room_agent.room import Room
from room_agent.settings import Settings
from schemas.channels import HelpIs
from telemed.kit.settings import BadSetting
from tests.room_agent.test_link import machine
from tests.room_agent.world import SmallCentre, plan, until, visit
from tests.serving import served


@dataclass
class Machine:
    """A room whose time passes by hand."""

    folder: Path
    s: float = 0.0
    rooms: list[Room] = field(default_factory=list)

    @contextmanager
    def room(self) -> Iterator[Room]:
        journal = Journal(self.folder / "journal.sqlite")
        try:
            yield Room(journal, simulated=True, mono=lambda: self.s)
        finally:
            journal.close()

    def passes(self, room: Room, s: float) -> None:
        self.s += s
        room.tidy()


def told(room: Room) -> list[tuple[str, str, str]]:
    return [(each.state, each.what, each.through) for each in room.journal.helps()]


def named(room: Room, **more: str) -> None:
    """The centre has taken all, and names the call."""
    said = room.journal.helps()
    room.taken(each.said_id for each in said)
    room.help.heard([HelpIs.model_validate({"help_id": said[0].help_id, "state": "asked", **more})])


def test_without_an_answer_it_goes_on_after_60_s_also_without_a_line(tmp_path: Path) -> None:
    it = Machine(tmp_path)
    with it.room() as room:
        room.help.ask("help", "key", None)
        assert told(room) == [("asked", "help", "key")]
        assert (room.show().help, room.show().help_what) == ("asked", "help")
        it.passes(room, GOES_ON_S - 1)
        assert room.show().help == "asked"
        it.passes(room, 1)
        assert room.show().help == "others"
        room.help.comes()
        assert (room.show().help, told(room)[-1][0]) == ("coming", "coming")
        it.passes(room, LASTS_S)
        assert room.show().help == ""


def test_a_second_press_is_no_second_call_and_who_wants_a_hand_goes_before_all_else(tmp_path: Path) -> None:
    with Machine(tmp_path).room() as room:
        for what in ("telephone", "telephone", "new-appointment", "help", "help", "telephone"):
            room.help.ask(what, "screen", None)
        assert [(state, what) for state, what, _ in told(room)] == [
            ("asked", "telephone"),
            ("over", "telephone"),
            ("asked", "help"),
        ]
        room.help.over()
        room.help.over()
        assert (told(room)[-1][:2], len(told(room)), room.show().help) == (("over", "help"), 4, "")


def test_the_centre_says_whom_it_has_reached_who_comes_and_that_it_is_over(tmp_path: Path) -> None:
    with Machine(tmp_path).room() as room:
        room.help.ask("help", "screen", "visit-1")
        room.help.heard([])  # said before it had heard of it
        assert room.show().help == "asked"
        named(room, reach="others")
        help_id = "unheard-of"
        assert room.show().help == "others"
        room.help.heard([HelpIs(help_id=help_id, state="coming")])
        assert room.show().help == ""
        room.help.heard([HelpIs(help_id=help_id, state="coming")])
        assert room.show().help == "coming"
        room.help.heard([])
        assert room.show().help == ""


def test_what_the_centre_has_not_taken_outlives_a_restart(tmp_path: Path) -> None:
    it = Machine(tmp_path)
    with it.room() as room:
        room.help.ask("new-appointment", "screen", "visit-1")
    with it.room() as again:
        assert told(again) == [("asked", "new-appointment", "screen")]
        named(again)
        assert (again.show().help, told(again)) == ("asked", [])


@pytest.mark.anyio
async def test_it_goes_up_at_once_and_again_until_it_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("room_agent.link.RESEND_S", 0.05)
    centre = SmallCentre(plan=plan(visit()), takes=False)
    async with served(centre.app()) as url, machine(url, tmp_path) as it:
        await until(lambda: it.room.plan)
        it.room.help.ask("help", "screen", None)
        await until(lambda: len(centre.helps) > 1)
        assert len({each.said_id for each in centre.helps}) == 1
        centre.takes = True
        await until(lambda: not it.room.journal.helps())


@pytest.mark.parametrize("wrong", ["ja=F14", "yes=F14,yes=F15", "yes=F14,no=F14", "help=Enter", "help=h", "help"])
def test_keys_that_cannot_be_are_refused_at_the_start(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(BadKeys):
        read(wrong)
    with pytest.raises(BadSetting, match="TELEMED_ROOM_KEYS"):
        Settings(centre_url="http://zentrum.test", state_dir=tmp_path, keys=wrong)


def test_a_room_may_have_some_of_the_keys_or_none() -> None:
    assert read("help=Help") == Keyboard(help="Help")
    assert read("") == Keyboard()
