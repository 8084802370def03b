"""What both sides say opens and closes the real media of a visit, is told to doctors and kiosk, and calls for help."""

from collections.abc import Callable
from pathlib import Path

import pytest

from room_agent.gatekeeper import Gatekeeper
from room_agent.journal import Journal
from room_agent.media.live import LiveMedia, for_visit
from room_agent.media.simulated import simulated_cameras
from room_agent.room import Room
from schemas.base import Message
from schemas.day import FactKind
from schemas.measurement import Alarm, Allow, Allowed, GateIs, Introduced, PauseDevices, Place, SelectCamera, TakeStill
from schemas.visit import KioskAllow, KioskEmergency, KioskIntroduced, KioskPause, ToAllow
from tests.room_agent.media.loops import run
from tests.room_agent.world import fact, plan, visit

EAR = SelectCamera(camera="otoscope")


class Scene:
    """A visit that is called, in a room with cameras; *told* is what the doctors hear."""

    def __init__(self, folder: Path, media: LiveMedia) -> None:
        self.journal = Journal(folder / "journal.sqlite")
        self.room = Room(self.journal, simulated=True)
        place = {"room_address": "Am Markt 1, Jena", "room_floor": "1. Stock", "room_phone": "03641 1"}
        self.room.take_plan(plan(visit(), **place))  # type: ignore[arg-type]
        self.room.hear([fact(FactKind.ARRIVED), fact(FactKind.CALLED)])
        self.media = media
        self.told: list[Message] = []
        self.keeper = self.begin()

    def begin(self) -> Gatekeeper:
        return Gatekeeper("visit-1", room=self.room, media=self.media, tell=self.told.append, changed=lambda: None)

    def introduce(self) -> None:
        self.keeper.doctor_says(Introduced(on=True))
        self.keeper.room_says(KioskIntroduced(on=True))

    def answer(self, stream: str, *, yes: bool) -> None:
        self.keeper.room_says(KioskAllow(stream=stream, yes=yes, by="patient"))

    @property
    def shown(self) -> list[str]:
        return [slot.switch.selected for slot in self.media.slots]

    def emergencies(self) -> list[str]:
        return [each.by for each in self.room.facts if each.kind is FactKind.EMERGENCY]


def with_scene(folder: Path, play: Callable[[Scene], None]) -> None:
    """Run *play* with a scene."""

    async def story() -> None:
        async with for_visit(simulated_cameras(lambda key: key), None, word=lambda key: key, simulated=True) as media:
            on = Scene(folder, media)
            play(on)
            on.journal.close()

    run(story)


def test_a_camera_is_shown_after_introduction_request_and_yes_and_not_before(tmp_path: Path) -> None:
    def play(on: Scene) -> None:
        on.keeper.doctor_says(EAR)
        assert on.room.show().to_allow is None
        on.introduce()
        assert on.shown == ["", ""]
        assert on.room.show().to_allow == ToAllow(stream="otoscope", name="Kamera für das Ohr")
        on.answer("otoscope", yes=True)
        assert on.shown == ["otoscope", ""]
        assert on.told[-1] == Allowed(stream="otoscope", state="yes", by="patient")
        assert [each.stream for each in on.room.show().allowed] == ["otoscope"]
        on.answer("otoscope", yes=False)
        assert on.shown == ["", ""]

    with_scene(tmp_path, play)


def test_a_pause_of_the_room_darkens_both_pictures_and_afterwards_they_are_there_again(tmp_path: Path) -> None:
    def play(on: Scene) -> None:
        on.introduce()
        for slot, camera in enumerate(("otoscope", "dermatoscope")):
            on.keeper.doctor_says(SelectCamera(camera=camera, slot=slot))
            on.keeper.doctor_says(Allow(stream=camera, yes=True))
        assert on.shown == ["otoscope", "dermatoscope"]
        on.keeper.room_says(KioskPause(on=True))
        assert on.shown == ["", ""]
        assert on.keeper.forbids == "paused"
        assert on.told[-1] == GateIs(introduced=True, paused="room")
        on.keeper.doctor_says(PauseDevices(on=False))
        assert on.shown == ["otoscope", "dermatoscope"]

    with_scene(tmp_path, play)


def test_a_camera_that_was_put_away_needs_no_second_yes_and_is_in_one_picture_only(tmp_path: Path) -> None:
    def play(on: Scene) -> None:
        on.introduce()
        on.keeper.doctor_says(EAR)
        on.answer("otoscope", yes=True)
        on.keeper.doctor_says(SelectCamera(camera=""))
        assert on.shown == ["", ""]
        on.keeper.doctor_says(EAR.model_copy(update={"slot": 1}))
        assert on.shown == ["", "otoscope"]
        on.keeper.doctor_says(SelectCamera(camera="no such camera"))
        assert on.shown == ["", "otoscope"]

    with_scene(tmp_path, play)


def test_a_still_asks_first_and_a_camera_may_not_be_photographed_before_the_yes(tmp_path: Path) -> None:
    def play(on: Scene) -> None:
        on.introduce()
        on.keeper.doctor_says(TakeStill(still_id="still-1", camera="otoscope"))
        asked = on.room.show().to_allow
        assert asked is not None
        assert asked.stream == "otoscope"
        assert not on.media.stills.may("otoscope")
        on.answer("otoscope", yes=True)
        assert on.media.stills.may("otoscope")
        assert on.shown == ["", ""]

    with_scene(tmp_path, play)


def test_the_stethoscope_is_heard_after_the_yes_and_the_room_is_quiet_only_then(tmp_path: Path) -> None:
    def play(on: Scene) -> None:
        on.introduce()
        on.keeper.listen(True)
        assert (on.keeper.hearing, on.room.show().auscultation) == (False, False)
        on.answer("stethoscope", yes=True)
        assert (on.keeper.hearing, on.room.show().auscultation) == (True, True)
        on.keeper.room_says(KioskPause(on=True))
        assert (on.keeper.hearing, on.room.show().auscultation) == (False, False)

    with_scene(tmp_path, play)


def test_an_emergency_is_a_fact_at_once_and_called_again_only_after_somebody_came(tmp_path: Path) -> None:
    def play(on: Scene) -> None:
        on.keeper.room_says(KioskEmergency(on=True))
        on.keeper.doctor_says(Alarm(on=True))
        assert on.emergencies() == ["room"]
        assert on.journal.untaken()[-1].kind is FactKind.EMERGENCY
        assert on.room.show().emergency == "room"
        on.room.happened(FactKind.HELPED, "visit-1", "assistant")
        on.keeper.look()
        assert on.told[-1] == GateIs(introduced=False, emergency="room", helped=True)
        on.keeper.doctor_says(Alarm(on=True))
        assert on.emergencies() == ["room", "doctor"]
        on.keeper.doctor_says(Alarm(on=False))
        on.keeper.look()
        assert on.room.show().emergency == ""

    with_scene(tmp_path, play)


def test_what_a_doctor_called_at_the_centre_is_an_emergency_here_and_outlives_a_restart(tmp_path: Path) -> None:
    def play(on: Scene) -> None:
        on.room.hear([fact(FactKind.EMERGENCY)])
        on.keeper.look()
        assert on.room.show().emergency == "doctor"
        again = on.begin()
        assert again.gate.emergency == "doctor"
        place = Place(room_name="Raum 1", address="Am Markt 1, Jena", floor="1. Stock", phone="03641 1")
        assert again.all_told() == (place, GateIs(introduced=False, emergency="doctor"))

    with_scene(tmp_path, play)


def test_after_the_farewell_nothing_of_it_is_left(tmp_path: Path) -> None:
    def play(on: Scene) -> None:
        on.introduce()
        on.keeper.doctor_says(EAR)
        on.answer("otoscope", yes=True)
        on.keeper.close()
        assert on.shown == ["", ""]
        shown = on.room.show()
        assert (shown.introduced, shown.allowed, shown.to_allow) == (False, (), None)

    with_scene(tmp_path, play)


@pytest.mark.parametrize("stream", ["otoscope", "stethoscope"])
def test_a_yes_that_nobody_asked_for_opens_nothing(tmp_path: Path, stream: str) -> None:
    def play(on: Scene) -> None:
        on.introduce()
        on.answer(stream, yes=True)
        assert not on.keeper.opens(stream)

    with_scene(tmp_path, play)
