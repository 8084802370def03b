"""What the room knows now, and a bell for everyone who shows it."""

import itertools
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Literal

from room_agent import day
from room_agent.bell import Bell
from room_agent.boards import Boards
from room_agent.day import Task
from room_agent.devices.config import Label
from room_agent.gate import OnScreen
from room_agent.help import Help
from room_agent.journal import Journal
from room_agent.naming import Names
from room_agent.present import Present
from room_agent.roster import Release, Rosters
from room_agent.sheet import SheetOffer
from schemas.board import Announced, Board, RoomState
from schemas.channels import RefusedUp
from schemas.checks import CheckResult
from schemas.day import DayPlan, Fact, FactKind, FactReason, MachineKey, MachineKind, PlannedVisit, Ticket
from schemas.signalling import Role
from schemas.trust import Hello, RosterKey, SignedRoster
from schemas.visit import Paired, Sheet, SheetLine, Show, ToConfirm
from telemed.kit.clock import ExerciseClock, real_now
from telemed.kit.i18n import Words, of_pages, words
from telemed.kit.ids import new_id
from telemed.kit.logs import logger
from telemed.queue.model import after

log = logger("room")

SILENCE_S = 15.0
"""A centre that was not heard for so long is away."""

RelayTrouble = Literal["", "unreachable", "refused"]
"""What was wrong with the relay of the latest visit."""

By = Literal["resident", "assistant", "doctor", "room"]


class Room:
    """The one place that changes what the room knows; every change is on disk before it is shown."""

    def __init__(
        self,
        journal: Journal,
        *,
        simulated: bool,
        labels: Mapping[str, Label] | None = None,
        operator_keys: Collection[str] = (),
        real: Callable[[], datetime] = real_now,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self.journal = journal
        self.simulated = simulated
        self.bell = Bell()
        self.rosters = Rosters(journal, operator_keys)
        self.clock = ExerciseClock(timedelta(0), real=real)
        self._real = real
        self._mono = mono
        self._pairing = journal.pairing()
        self._plan = journal.plan()
        self._facts = journal.facts()
        self._heard: tuple[datetime, float] | None = None
        self._labels = labels or {}
        self._task = Task()
        self._to_confirm: ToConfirm | None = None
        self._sheet = SheetOffer(mono)
        self._tone_test = False
        self._listening = False
        self._gate = OnScreen()
        self.visit_relay: RelayTrouble = ""
        self.vp8_viewers = 0
        self.present = Present(mono)
        self._boards = Boards(journal)
        self._distrust = False
        self._checks: tuple[CheckResult, ...] = ()
        self._page: date | None = None
        self._seq = itertools.count(int(real().timestamp() * 1000))
        self._follow_clock()
        self.help = Help(journal, self.bell, now=self.now, mono=mono)
        self.turn_page()

    @property
    def pairing(self) -> Paired | None:
        return self._pairing

    @property
    def plan(self) -> DayPlan | None:
        return self._plan

    @property
    def name(self) -> str:
        """The name in this agent's challenges."""
        return ".".join(("room", self._pairing.room_id)) if self._pairing else "room"

    def now(self) -> datetime:
        return self.clock.now()

    def belong(self, paired: Paired) -> None:
        """This machine has a room now; nothing of an earlier one stays."""
        self.journal.keep_pairing(paired)
        self._pairing, self._plan, self._facts = paired, None, ()
        self.bell.ring()

    def heard_centre(self) -> None:
        """Something came from the centre just now."""
        was_ok = self.line_ok
        self._heard = (self._real(), self._mono())
        if not was_ok:
            self.bell.ring()

    def line_broke(self) -> None:
        self.bell.ring()

    @property
    def line_ok(self) -> bool:
        return self._heard is not None and self._mono() - self._heard[1] < SILENCE_S

    @property
    def silence_s(self) -> float | None:
        """How long the centre has not been heard; None if never."""
        return self._mono() - self._heard[1] if self._heard else None

    def take_plan(self, plan: DayPlan) -> None:
        """Follow the centre's newer plan; an older one changes nothing."""
        if not self.journal.keep_plan(plan):
            return
        self._plan, self._facts = plan, self.journal.facts()
        self.present.planned(plan.machines)
        self._follow_clock()
        self.turn_page()
        self.bell.ring()

    def turn_page(self) -> None:
        """When a day is over its list is erased, on disk as well; to be called every now and then."""
        today = day.civil_day(self.now())
        if today == self._page:
            return
        self._page = today
        self.journal.erase_before(today)
        self._plan, self._facts = self.journal.plan(), self.journal.facts()
        self.bell.ring()

    def _follow_clock(self) -> None:
        plan = self._plan
        self.clock.follow(timedelta(seconds=plan.clock_offset_s if plan and plan.exercise else 0.0))

    def hear(self, facts: Iterable[Fact]) -> None:
        """Take in what the centre says has happened."""
        known = {fact.fact_id for fact in self._facts}
        new = [fact for fact in facts if fact.fact_id not in known]
        if not new:
            return
        self.journal.hear(new, self._day())
        self._facts = self.journal.facts()
        self.bell.ring()

    def happened(
        self, kind: FactKind, visit_id: str, by: By, reason: FactReason | None = None, minutes: int | None = None
    ) -> Fact:
        """Record a fact of this room; it is on disk when this returns and goes up until taken."""
        at = after((fact for fact in self._facts if fact.visit_id == visit_id), self.now())
        fact = Fact(fact_id=new_id(), visit_id=visit_id, kind=kind, at=at, by=by, reason=reason, minutes=minutes)
        self.journal.record(fact, self._day())
        self._facts = (*self._facts, fact)
        log.info("fact", kind=kind.value, visit_id=visit_id, fact_id=fact.fact_id)
        self.bell.ring()
        return fact

    def taken(self, fact_ids: Iterable[str]) -> None:
        self.journal.taken(fact_ids)
        self._facts = self.journal.facts()

    def _day(self) -> date:
        today = day.civil_day(self.now())
        return max(today, self._plan.day) if self._plan else today

    def check_in(self, ticket: Ticket) -> bool:
        """Note the arrival of whoever holds *ticket*; twice is once. False for a ticket that is not today's."""
        visit = day.visit_of(self._plan, ticket, self._facts, self.now()) if self._plan else None
        if visit is None:
            return False
        if self._plan and not day.is_here(self._plan, self._facts, visit.visit_id):
            self.happened(FactKind.ARRIVED, visit.visit_id, "resident")
        return True

    def steps(self) -> tuple[day.Step, ...]:
        """The day's visits and what an assistant may note of them in the room; nothing while the centre is heard."""
        if self._plan is None or self.line_ok:
            return ()
        return day.steps(self._plan, self._facts, self.now())

    def note(self, kind: FactKind, visit_id: str, reason: FactReason | None = None, minutes: int | None = None) -> bool:
        """An assistant notes in the room what happened, while there is no line. False if it cannot have happened."""
        if not any(step.allows(kind, reason, minutes) for step in self.steps() if step.visit.visit_id == visit_id):
            return False
        self.happened(kind, visit_id, "assistant", reason, minutes)
        return True

    def to_fetch(self) -> tuple[day.Fetch, ...]:
        """Who was called and is to be fetched; nobody while the centre is heard, which tells its assistants."""
        if self._plan is None or self.line_ok:
            return ()
        return day.to_fetch(self._plan, self._facts, self.now())

    def entered(self, visit_id: str) -> None:
        """The first connection to a doctor stands; further ones say nothing new."""
        current, state = self.current()
        if current and current.visit_id == visit_id and state is RoomState.CALLED:
            self.happened(FactKind.ENTERED, visit_id, "room")

    def current(self) -> tuple[PlannedVisit | None, RoomState]:
        """The visit that is called or inside, and how the room stands."""
        if self._plan is None:
            return None, RoomState.FREE
        today = day.present(self._plan, self._facts, self.now())
        return today.current, today.room_state

    @property
    def words(self) -> Words:
        """Of the visit that is on, if pages speak its language; else German."""
        visit, _ = self.current()
        return words(visit.language) if visit and visit.language in of_pages() else words()

    @property
    def names(self) -> Names:
        """What people call the devices."""
        return Names(self._labels, self._plan)

    def measure(self, task: Task) -> None:
        """What the resident is asked to do now."""
        if task != self._task:
            self._task = task
            self.bell.ring()

    def listen(self, on: bool) -> None:
        """A doctor listens to the stethoscope, or no longer: nobody else is to be heard meanwhile."""
        if on is not self._listening:
            self._listening = on
            self.bell.ring()

    def show_gate(self, gate: OnScreen) -> None:
        """Who was introduced, what is asked and allowed, the pause, the emergency."""
        if gate != self._gate:
            self._gate = gate
            self.bell.ring()

    @property
    def calls_for_help(self) -> bool:
        """Somebody in this room calls for help, and nobody has said yet that he comes."""
        return self._gate.emergency != "" and not self._gate.helped

    def comes(self) -> None:
        """An assistant says here that she comes."""
        visit, _ = self.current()
        if visit is not None and self.calls_for_help:
            self.happened(FactKind.HELPED, visit.visit_id, "assistant")

    def distrust(self, on: bool) -> None:
        """Who claims to be the doctor of this visit is not to be trusted, or no such one is here any more."""
        if on is not self._distrust:
            self._distrust = on
            self.bell.ring()

    def take_roster(self, signed: SignedRoster) -> None:
        """The centre has brought a roster; what counts is the operator's signature."""
        if self.rosters.take(signed):
            self.bell.ring()

    def trusts(self, hello: Hello, role: Role) -> RosterKey:
        """Who greets, as the roster says.

        Raises:
            Distrusted: nobody whom the operator has named.
        """
        return self.rosters.of(hello, role=role, now=self._real())

    def release(self, agent_key: str) -> Release:
        """Whether this agent with *agent_key* and its kiosks are in the roster."""
        kiosks = [key.public_key for key in self._plan.machines if key.kind is MachineKind.KIOSK] if self._plan else []
        room_id = self._pairing.room_id if self._pairing else ""
        return self.rosters.release(agent=agent_key, kiosks=kiosks, room_id=room_id, now=self._real())

    def refused(self, visit_id: str, *, role: str, reason: str, seen_by: Literal["agent", "kiosk"]) -> None:
        """An end was not trusted: said to the centre until it has it; the same again while that waits is said once."""
        said = {(each.visit_id, each.seen_by, each.role, each.reason) for each in self.journal.refusals()}
        if (visit_id, seen_by, role, reason) in said:
            return
        log.warning("end_refused", visit_id=visit_id, role=role, reason=reason, seen_by=seen_by)
        self.journal.keep_refusal(
            RefusedUp(refused_id=new_id(), visit_id=visit_id, at=self.now(), seen_by=seen_by, role=role, reason=reason)
        )
        self.bell.ring()

    @property
    def facts(self) -> tuple[Fact, ...]:
        return self._facts

    @property
    def tone_test(self) -> bool:
        """Whether the kiosk is asked to play its test tone now."""
        return self._tone_test

    def test_tone(self, on: bool) -> None:
        """Have the kiosk play its test tone, or end it."""
        if on is not self._tone_test:
            self._tone_test = on
            self.bell.ring()

    def tell_checks(self, not_well: tuple[CheckResult, ...]) -> None:
        """What is not well, for the screen in the room; how long it has been so rings nobody."""
        said = [_said(each) for each in not_well]
        if said != [_said(each) for each in self._checks]:
            self._checks = not_well
            self.bell.ring()

    def ask_whose(self, question: ToConfirm | None) -> None:
        """What the people in the room are asked of a value now."""
        if question != self._to_confirm:
            self._to_confirm = question
            self.bell.ring()

    def offer_sheet(self, visit_id: str, lines: tuple[SheetLine, ...]) -> None:
        """The visit is over: its values can still be had on paper."""
        self._sheet.make(visit_id, lines)
        self.bell.ring()

    def take_sheet(self) -> Sheet:
        """What is to be printed, once."""
        sheet = self._sheet.take(simulated=self.simulated)
        self.bell.ring()
        return sheet

    def tidy(self) -> None:
        """Forget what was left for somebody who is gone; to be called every second."""
        self.help.look()
        was_open = self._sheet.open
        shown = self.show()
        self._sheet.seen(shown.screen, shown.visit_id)
        if self._sheet.open != was_open:
            self.bell.ring()

    def _seen(self) -> day.Seen:
        return day.Seen(
            now=self.now(),
            centre_heard=self._heard[0] + self.clock.offset if self._heard else None,
            line_ok=self.line_ok,
            simulated=self.simulated,
            seq=next(self._seq),
            task=self._task,
            to_confirm=self._to_confirm,
            sheet_offered=self._sheet.open,
            tone_test=self._tone_test,
            checks=self._checks,
            listening=self._listening,
            gate=self._gate,
            distrust=self._distrust,
            help=self.help.state,
            help_what=self.help.what,
        )

    def board(self) -> Board | None:
        """What monitors may know; None before the first plan."""
        return self._boards.board(self._plan, self._facts, self._seen()) if self._plan else None

    @property
    def announced(self) -> Announced | None:
        """What fills the monitors now instead of the board."""
        return self._boards.announced(day.civil_day(self.now()))

    def announce(self, what: Announced | None) -> None:
        """Fill the monitors with *what*, or give them back; also without a line."""
        self._boards.announce(what, day.civil_day(self.now()))
        log.warning("announced", what=what.value if what else "nothing")
        self.bell.ring()

    def show(self) -> Show:
        return day.show(self._plan, self._facts, self._seen())

    def machine(self, machine_id: str, kind: MachineKind) -> MachineKey | None:
        """The key of a machine that may connect now."""
        planned = self._plan.machines if self._plan else ()
        return next(
            (key for key in (*planned, *self.present.waiting()) if key.machine_id == machine_id and key.kind is kind),
            None,
        )

    def just_paired(self, key: MachineKey) -> None:
        """Let *key* in until the plan that names it is here."""
        self.present.just_paired(key)


def _said(each: CheckResult) -> tuple[str, str | None, str, bool]:
    return each.text_key, each.device_id, each.device_name, each.alarm
