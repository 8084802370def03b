"""A call for help from this room: one at a time, kept until the centre has it, and passed on when nobody answers.

It is for somebody who needs a hand, on any screen and without a visit too. What becomes of it the centre says; without
the line the room counts the time itself, and the screen names the telephone.
"""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from room_agent.bell import Bell
from room_agent.journal import Journal
from schemas.channels import HelpIs, HelpUp
from telemed.kit.ids import new_id
from telemed.kit.logs import logger

log = logger("help")

GOES_ON_S = 60.0
"""After so long without an answer the call goes on to others."""
LASTS_S = 900.0
"""Without a line nobody says that it is over: who came has been here by then."""

What = Literal["", "help", "new-appointment", "telephone"]
Through = Literal["screen", "key"]
State = Literal["", "asked", "others", "all", "coming"]
_REACHED: dict[str, State] = {"room": "asked", "others": "others", "all": "all"}


@dataclass(frozen=True)
class Call:
    """*since*, *answered*: on the monotonic clock."""

    help_id: str
    what: What
    since: float
    state: State = "asked"
    answered: float | None = None
    heard: bool = False
    """The centre has named it: from then on it says what becomes of it."""


class Help:
    """The room's call. Everything may be called at any time."""

    def __init__(
        self,
        journal: Journal,
        bell: Bell,
        *,
        now: Callable[[], datetime],
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._bell = bell
        self._now = now
        self._mono = mono
        self._call: Call | None = None

    @property
    def state(self) -> State:
        return self._call.state if self._call else ""

    @property
    def what(self) -> What:
        return self._call.what if self._call else ""

    @property
    def is_unanswered(self) -> bool:
        """Somebody calls, and nobody has said yet that he comes."""
        return self.state not in ("", "coming")

    def ask(self, what: What, through: Through, visit_id: str | None) -> None:
        """Somebody calls. The same again changes nothing; who wants something else calls anew."""
        if self._call is not None and self._call.what == what:
            return
        if self._call is not None and what != "help":
            return  # somebody is on the way already
        if self._call is not None:
            self.over()
        self._become(Call(new_id(), what, self._mono()))
        self._say("asked", through, visit_id)

    def over(self) -> None:
        """Somebody in the room says that it is not needed any more."""
        if self._call is not None:
            self._say("over")
            self._become(None)

    def comes(self) -> None:
        """Somebody says here, in the room, that he comes."""
        if self._call is not None and self.is_unanswered:
            self._say("coming")
            self._become(replace(self._call, state="coming", answered=self._mono()))

    def heard(self, calls: Collection[HelpIs]) -> None:
        """What the centre says of all calls of this room that are not over."""
        waiting = {said.help_id for said in self._journal.helps()}
        told = next((each for each in calls if self._call is None or each.help_id == self._call.help_id), None)
        if told is not None and told.help_id not in waiting:
            self._told(told)
        elif told is None and self._call is not None and self._call.heard and self._call.help_id not in waiting:
            self._become(None)

    def _told(self, told: HelpIs) -> None:
        """One that is not ours was made by this program before it began anew."""
        ours = self._call or Call(told.help_id, "help", self._mono())
        state: State = "coming" if told.state == "coming" else _REACHED[told.reach]
        answered = ours.answered or self._mono() if state == "coming" else None
        self._become(replace(ours, state=state, answered=answered, heard=True))

    def look(self) -> None:
        """Let the time pass; to be called every second."""
        call = self._call
        if call is None:
            return
        if call.state == "asked" and self._mono() - call.since >= GOES_ON_S:
            log.warning("help_unanswered", help_id=call.help_id)
            self._become(replace(call, state="others"))
        elif call.answered is not None and self._mono() - call.answered >= LASTS_S:
            self._become(None)

    def _become(self, call: Call | None) -> None:
        if call != self._call:
            self._call = call
            self._bell.ring()

    def _say(
        self, state: Literal["asked", "coming", "over"], through: Through = "screen", visit_id: str | None = None
    ) -> None:
        call = self._call
        if call is None or not call.what:
            return
        log.info("help", help_id=call.help_id, state=state, what=call.what, through=through)
        self._journal.keep_help(
            HelpUp(
                said_id=new_id(),
                help_id=call.help_id,
                visit_id=visit_id,
                at=self._now(),
                state=state,
                what=call.what,
                through=through,
            )
        )
        self._bell.ring()
