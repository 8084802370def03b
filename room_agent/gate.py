"""What of the devices may go to a doctor now: who was introduced, asked, allowed; the pause; the emergency. Pure.

Nothing goes before both sides have said who is there. A camera or the stethoscope goes only after the doctor has asked
for it and somebody in the room has said yes; a no or a pause closes it at once (docs/decisions/0015).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from schemas.day import Fact, FactKind
from schemas.measurement import Allowed, GateIs
from schemas.visit import ToAllow

STETHOSCOPE = "stethoscope"
"""The name of this stream; every other one is a camera's."""

Side = Literal["doctor", "room"]
NoSide = Literal["", "doctor", "room"]
By = Literal["patient", "assistant", "doctor"]


@dataclass(frozen=True)
class Answer:
    """What the patient says to a stream; *by*: who said or noted it."""

    state: Literal["asked", "yes", "no"]
    by: Literal["", "patient", "assistant", "doctor"] = ""


ASKED = Answer("asked")


@dataclass(frozen=True)
class Gate:
    """How it stands in one visit. *known*: the sides that have said who is there and know who is at the other end.

    *answers*: by stream, in the order in which they were first asked for. *alarms*: ids of the facts that are in
    *emergency* already.
    """

    known: frozenset[Side] = frozenset()
    paused: NoSide = ""
    emergency: NoSide = ""
    helped: bool = False
    answers: Mapping[str, Answer] = field(default_factory=dict)
    alarms: frozenset[str] = frozenset()

    @property
    def introduced(self) -> bool:
        """Both sides have said who is there."""
        return len(self.known) == 2

    @property
    def may_measure(self) -> bool:
        """Whether a device may be used. For a value that is enough: whoever puts the cuff on says yes by it."""
        return self.introduced and not self.paused

    def opens(self, stream: str) -> bool:
        """Whether *stream* may be seen or heard now."""
        return self.may_measure and self.answers.get(stream, ASKED).state == "yes"

    def closed_by(self, stream: str) -> Literal["", "asked", "no", "paused"]:
        """Why *stream* is not sent, as a word for its slate; empty when it is."""
        if self.opens(stream):
            return ""
        if self.paused:
            return "paused"
        return "no" if self.answers.get(stream, ASKED).state == "no" else "asked"

    @property
    def question(self) -> str:
        """The stream that the patient is asked about now; empty for none."""
        waiting = (stream for stream, answer in self.answers.items() if answer.state == "asked")
        return next(waiting, "") if self.may_measure else ""

    @property
    def allowed(self) -> tuple[str, ...]:
        """What the patient has said yes to, and may take back."""
        return tuple(stream for stream, answer in self.answers.items() if answer.state == "yes")

    def introduce(self, side: Side, on: bool) -> "Gate":
        """*side* knows who is there, or no longer: then whoever said yes to somebody is asked anew."""
        if on:
            return replace(self, known=self.known | {side})
        asked_anew = {stream: ASKED if it.state == "yes" else it for stream, it in self.answers.items()}
        return replace(self, known=self.known - {side}, answers=asked_anew)

    def ask(self, stream: str) -> "Gate":
        """The doctor wants *stream*. After a no this asks again; a yes stands."""
        if self.answers.get(stream, Answer("no")).state != "no":
            return self
        return self._with(stream, ASKED)

    def answer(self, stream: str, *, yes: bool, by: By) -> "Gate":
        """The patient's answer. A yes counts only to what was asked, and only when it is known who looks."""
        if stream not in self.answers or (yes and not self.introduced):
            return self
        return self._with(stream, Answer("yes" if yes else "no", by))

    def _with(self, stream: str, answer: Answer) -> "Gate":
        return replace(self, answers={**self.answers, stream: answer})

    def pause(self, side: Side, on: bool) -> "Gate":
        """Anybody may begin a pause, and anybody end it; it stays that of who began."""
        if on:
            return replace(self, paused=self.paused or side)
        return replace(self, paused="")

    def alarm(self, side: Side, on: bool) -> "Gate":
        """Somebody calls for help, or says that it is over."""
        if not on:
            return replace(self, emergency="", helped=False)
        return replace(self, emergency=self.emergency or side, helped=False)

    def happened(self, facts: Iterable[Fact]) -> "Gate":
        """What the *facts* of this visit say, wherever they were made: help was called, or somebody comes."""
        gate = self
        told = sorted((fact for fact in facts if fact.kind in _OF_ALARMS), key=_moment)
        for fact in told:
            if fact.fact_id not in gate.alarms:
                gate = replace(gate, alarms=gate.alarms | {fact.fact_id})
                gate = gate._told(fact)
        return gate

    def _told(self, fact: Fact) -> "Gate":
        if fact.kind is FactKind.EMERGENCY:
            return self.alarm("doctor" if fact.by == "doctor" else "room", on=True)
        return replace(self, helped=self.emergency != "")


_OF_ALARMS = (FactKind.EMERGENCY, FactKind.HELPED)


def _moment(fact: Fact) -> tuple[object, bool]:
    """In their order; of two at once the help comes after the call."""
    return fact.at, fact.kind is FactKind.HELPED


def gate_is(gate: Gate) -> GateIs:
    """For the doctors."""
    return GateIs(introduced=gate.introduced, paused=gate.paused, emergency=gate.emergency, helped=gate.helped)


def all_told(gate: Gate) -> tuple[GateIs | Allowed, ...]:
    """Everything, for a doctor whose connection is new."""
    allowed = (Allowed(stream=stream, state=it.state, by=it.by) for stream, it in gate.answers.items())
    return (gate_is(gate), *allowed)


def news(before: Gate, after: Gate) -> tuple[GateIs | Allowed, ...]:
    """What of *after* the doctors have not heard yet."""
    said = set(all_told(before))
    return tuple(message for message in all_told(after) if message not in said)


@dataclass(frozen=True)
class OnScreen:
    """What the kiosk shows of the gate (`schemas.visit.Show`)."""

    to_allow: ToAllow | None = None
    allowed: tuple[ToAllow, ...] = ()
    introduced: bool = False
    paused: NoSide = ""
    emergency: NoSide = ""
    helped: bool = False
    sending: tuple[ToAllow, ...] = ()


def on_screen(gate: Gate, names: Mapping[str, str], sending: Iterable[str] = ()) -> OnScreen:
    """For the kiosk; *names*: the streams as the resident knows them; *sending*: those that go to a doctor now."""
    asked = gate.question

    def named(stream: str) -> ToAllow:
        return ToAllow(stream=stream, name=names.get(stream, stream))

    return OnScreen(
        to_allow=named(asked) if asked else None,
        allowed=tuple(named(stream) for stream in gate.allowed),
        introduced=gate.introduced,
        paused=gate.paused,
        emergency=gate.emergency,
        helped=gate.helped,
        sending=tuple(named(stream) for stream in sending),
    )
