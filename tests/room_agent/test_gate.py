"""No sequence of messages opens a stream without introduction, request and yes; a no and a pause close it at once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from room_agent.gate import STETHOSCOPE, Gate, all_told, gate_is, news
from schemas.day import Fact, FactKind
from schemas.measurement import Allowed, GateIs

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
STREAMS = ("otoscope", "dermatoscope", STETHOSCOPE)
SIDES = st.sampled_from(["doctor", "room"])
OPEN = (
    Gate().introduce("doctor", True).introduce("room", True).ask("otoscope").answer("otoscope", yes=True, by="patient")
)


class Anything(RuleBasedStateMachine):
    """Whatever is said, in whatever order; beside it a plain record of what was said last."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()
        self.heard: set[str] = set()
        self.doctors: set[GateIs | Allowed] = set(all_told(self.gate))
        self.known = {"doctor": False, "room": False}
        self.paused = False
        self.asked: set[str] = set()
        self.yes: set[str] = set()

    def _become(self, gate: Gate) -> None:
        """A doctor keeps the newest of each kind that was told."""
        for message in news(self.gate, gate):
            self.doctors = {old for old in self.doctors if _about(old) != _about(message)} | {message}
        self.gate = gate

    @rule(side=SIDES, on=st.booleans())
    def introduce(self, side: str, on: bool) -> None:
        self.known[side] = on
        if not on:
            self.yes.clear()
        self._become(self.gate.introduce(side, on))  # type: ignore[arg-type]

    @rule(stream=st.sampled_from(STREAMS))
    def ask(self, stream: str) -> None:
        self.asked.add(stream)
        self._become(self.gate.ask(stream))

    @rule(stream=st.sampled_from(STREAMS), yes=st.booleans(), by=st.sampled_from(["patient", "assistant", "doctor"]))
    def answer(self, stream: str, yes: bool, by: str) -> None:
        if not yes:
            self.yes.discard(stream)
        elif stream in self.asked and all(self.known.values()):
            self.yes.add(stream)
        self._become(self.gate.answer(stream, yes=yes, by=by))  # type: ignore[arg-type]

    @rule(side=SIDES, on=st.booleans())
    def pause(self, side: str, on: bool) -> None:
        self.paused = on
        self._become(self.gate.pause(side, on))  # type: ignore[arg-type]

    @rule(side=SIDES, on=st.booleans())
    def alarm(self, side: str, on: bool) -> None:
        self._become(self.gate.alarm(side, on))  # type: ignore[arg-type]

    @invariant()
    def open_is_just_what_was_asked_and_allowed(self) -> None:
        may = all(self.known.values()) and not self.paused
        for stream in STREAMS:
            assert self.gate.opens(stream) == (may and stream in self.yes)
            assert (self.gate.closed_by(stream) == "") == self.gate.opens(stream)
        assert self.gate.may_measure == may

    @invariant()
    def nobody_is_asked_what_cannot_be_sent(self) -> None:
        question = self.gate.question
        assert question == "" or (self.gate.may_measure and question in self.asked and not self.gate.opens(question))

    @invariant()
    def who_heard_the_news_knows_what_a_new_connection_is_told(self) -> None:
        assert self.doctors == set(all_told(self.gate))


def _about(message: GateIs | Allowed) -> str:
    return message.stream if isinstance(message, Allowed) else "gate"


TestAnything = Anything.TestCase
TestAnything.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_yes_is_taken_back_at_any_time_and_asked_for_again() -> None:
    refused = OPEN.answer("otoscope", yes=False, by="patient")
    assert OPEN.opens("otoscope")
    assert refused.closed_by("otoscope") == "no"
    assert refused.ask("otoscope").question == "otoscope"


def test_a_yes_before_it_is_known_who_looks_is_none() -> None:
    early = Gate().ask("otoscope").answer("otoscope", yes=True, by="doctor")
    later = early.introduce("doctor", True).introduce("room", True)
    assert not later.opens("otoscope")
    assert later.question == "otoscope"


def test_who_must_be_introduced_anew_is_asked_anew_but_a_no_stays() -> None:
    both = OPEN.ask(STETHOSCOPE).answer(STETHOSCOPE, yes=False, by="patient")
    again = both.introduce("doctor", False).introduce("doctor", True)
    assert not again.opens("otoscope")
    assert again.question == "otoscope"
    assert again.closed_by(STETHOSCOPE) == "no"


def test_a_pause_closes_everything_and_the_yes_stands_after_it() -> None:
    paused = OPEN.pause("room", True)
    assert paused.closed_by("otoscope") == "paused"
    assert paused.pause("doctor", True).paused == "room"
    assert paused.pause("doctor", False).opens("otoscope")


def of(kind: FactKind, seconds: float, by: str = "doctor") -> Fact:
    at = NOW + timedelta(seconds=seconds)
    return Fact(fact_id=f"{kind.value}.{seconds}", visit_id="visit-1", kind=kind, at=at, by=by)


def test_an_emergency_and_its_help_are_heard_from_the_centre_once() -> None:
    called = Gate().happened([of(FactKind.CALLED, 0), of(FactKind.EMERGENCY, 1)])
    assert gate_is(called) == GateIs(introduced=False, emergency="doctor")
    comes = called.happened([of(FactKind.EMERGENCY, 1), of(FactKind.HELPED, 2)])
    assert gate_is(comes) == GateIs(introduced=False, emergency="doctor", helped=True)
    over = comes.alarm("room", on=False)
    assert over.happened([of(FactKind.EMERGENCY, 1), of(FactKind.HELPED, 2)]) == over
    assert over.happened([of(FactKind.EMERGENCY, 3, "room")]).emergency == "room"


@given(st.permutations([of(FactKind.EMERGENCY, 1), of(FactKind.HELPED, 2), of(FactKind.EMERGENCY, 3, "room")]))
def test_the_order_in_which_facts_are_listed_makes_no_difference(facts: list[Fact]) -> None:
    gate = Gate().happened(facts)
    assert (gate.emergency, gate.helped) == ("doctor", False)
    assert replace(gate, alarms=frozenset()) == Gate(emergency="doctor")
