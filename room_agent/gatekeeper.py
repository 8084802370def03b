"""Keeps the gate of one visit: hears both sides, opens and closes pictures and sound, tells the doctors and the kiosk.

The rules are `room_agent.gate`; a stream is off until they open it.
"""

from collections.abc import Callable

from room_agent.bell import wait
from room_agent.gate import STETHOSCOPE, Gate, Side, all_told, news, on_screen
from room_agent.peers import AboutGate, Media
from room_agent.room import Room
from schemas.day import Fact, FactKind
from schemas.measurement import (
    Alarm,
    Allow,
    Allowed,
    Camera,
    GateIs,
    Introduced,
    PauseDevices,
    Place,
    SelectCamera,
    TakeStill,
)
from schemas.visit import KioskAllow, KioskEmergency, KioskIntroduced, KioskPause
from telemed.kit.i18n import Words, words
from telemed.kit.logs import logger

log = logger("gate")

LOOK_S = 5.0
SLOTS = 2

FromRoom = KioskIntroduced | KioskAllow | KioskPause | KioskEmergency


class Gatekeeper:
    """One visit's. *tell* reaches every doctor; *changed* is called after each change, when all is opened or closed."""

    def __init__(
        self,
        visit_id: str,
        *,
        room: Room,
        media: Media,
        tell: Callable[[GateIs | Allowed], None],
        changed: Callable[[], None],
    ) -> None:
        self._visit_id = visit_id
        self._room = room
        self._media = media
        self._tell = tell
        self._changed = changed
        said = room.words
        self._names = {camera.camera: _name(camera, said) for camera in media.cameras}
        self._names[STETHOSCOPE] = said.text("stream.stethoscope")
        self._wanted = [""] * SLOTS
        self._shown: list[tuple[str, str]] = [("", "off")] * SLOTS
        """In each slot: the camera, and why it is not shown."""
        self._ear_wanted = False
        self._hearing = False
        self.gate = Gate().happened(self._facts())
        media.stills.may = self.opens
        self._show()

    def opens(self, stream: str) -> bool:
        """Whether *stream* may be sent now."""
        return self.gate.opens(stream)

    @property
    def forbids(self) -> str:
        """Why nothing may be measured now, as `schemas.measurement.MeasurementState` says it; empty when it may."""
        if self.gate.may_measure:
            return ""
        return "paused" if self.gate.paused else "not-introduced"

    @property
    def hearing(self) -> bool:
        """A doctor wants to listen to the stethoscope, and may."""
        return self._hearing

    @property
    def place(self) -> Place:
        """Where help must go to."""
        plan = self._room.plan
        if plan is None:
            return Place(room_name="", address="", floor="", phone="")
        return Place(room_name=plan.room_name, address=plan.room_address, floor=plan.room_floor, phone=plan.room_phone)

    def all_told(self) -> tuple[Place | GateIs | Allowed, ...]:
        """For a doctor whose connection is new."""
        return (self.place, *all_told(self.gate))

    def doctor_says(self, said: AboutGate) -> None:
        """The visit's own doctor; nobody else's word opens anything."""
        match said:
            case SelectCamera(camera=camera, slot=slot):
                self._select(camera, slot)
            case TakeStill(camera=camera) if camera in self._names:
                self._become(self.gate.ask(camera))
            case Introduced(on=on):
                self._become(self.gate.introduce("doctor", on))
            case Allow(stream=stream, yes=yes):
                self._become(self.gate.answer(stream, yes=yes, by="doctor"))
            case PauseDevices(on=on):
                self._become(self.gate.pause("doctor", on))
            case Alarm(on=on):
                self._alarm("doctor", on)

    def room_says(self, said: FromRoom) -> None:
        """Somebody at the kiosk."""
        match said:
            case KioskIntroduced(on=on):
                self._become(self.gate.introduce("room", on))
            case KioskAllow(stream=stream, yes=yes, by=by):
                self._become(self.gate.answer(stream, yes=yes, by=by))
            case KioskPause(on=on):
                self._become(self.gate.pause("room", on))
            case KioskEmergency(on=on):
                self._alarm("room", on)

    def _alarm(self, side: Side, on: bool) -> None:
        """A call for help is a fact: on disk, and on its way to the assistants, before anything else."""
        waiting = self.gate.emergency and not self.gate.helped
        if on and not waiting:
            self._become(self.gate.happened([self._room.happened(FactKind.EMERGENCY, self._visit_id, side)]))
        elif not on:
            self._become(self.gate.alarm(side, on=False))

    def _select(self, camera: str, slot: int) -> None:
        """The doctor wants *camera* in *slot*, or nothing for an empty name; an unknown one changes nothing."""
        if camera and camera not in self._names:
            return
        self._wanted = ["" if camera == other else other for other in self._wanted]
        self._wanted[slot] = camera
        self._become(self.gate.ask(camera) if camera else self.gate)

    def listen(self, on: bool) -> None:
        """A doctor wants to listen to the stethoscope, or none does any more."""
        begins = on and not self._ear_wanted
        self._ear_wanted = on
        self._become(self.gate.ask(STETHOSCOPE) if begins else self.gate)

    async def follow(self) -> None:
        """Hear what the facts say, also those of the centre; never ends."""
        with self._room.bell.ear() as heard:
            while True:
                self.look()
                await wait(heard, LOOK_S)

    def look(self) -> None:
        """See whether help was called elsewhere, or somebody comes."""
        self._become(self.gate.happened(self._facts()))

    def close(self) -> None:
        """The farewell: nothing is sent and nothing asked any more."""
        self._wanted, self._ear_wanted = [""] * SLOTS, False
        self.gate = Gate()
        self._apply()
        self._show()

    def _facts(self) -> list[Fact]:
        return [fact for fact in self._room.facts if fact.visit_id == self._visit_id]

    def _become(self, gate: Gate) -> None:
        before, self.gate = (self.gate, self._hearing), gate
        self._apply()
        if before == (gate, self._hearing):
            return
        for message in news(before[0], gate):
            if isinstance(message, GateIs):
                log.info("gate", **message.model_dump(exclude={"type"}))
            self._tell(message)
        self._show()
        self._changed()

    def _apply(self) -> None:
        """Close first, then open."""
        now: list[tuple[str, str]] = [
            (camera, self.gate.closed_by(camera) if camera else "off") for camera in self._wanted
        ]
        moved = [slot for slot in range(SLOTS) if now[slot] != self._shown[slot]]
        for slot in moved:
            if now[slot][1]:
                self._media.withhold(slot, now[slot][1])
        for slot in moved:
            if not now[slot][1]:
                self._media.select(now[slot][0], slot)
        self._shown = now
        self._hearing = self._ear_wanted and self.gate.opens(STETHOSCOPE)
        self._media.listen(self._hearing)
        self._room.listen(self._hearing)

    def _show(self) -> None:
        sending = [camera for camera, why in self._shown if camera and not why]
        sending += [STETHOSCOPE] if self._hearing else []
        self._room.show_gate(on_screen(self.gate, self._names, sending))


def _name(camera: Camera, said: Words) -> str:
    """What the resident calls it."""
    key = f"stream.{camera.camera}"
    return said.text(key if key in words() else camera.name_key)
