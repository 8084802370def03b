"""Whose key is whose: the roster that the operator has signed, and whether this room stands in it (DESIGN D9)."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from room_agent.journal import Journal
from schemas.signalling import Role
from schemas.trust import Hello, Roster, RosterKey, SignedRoster
from schemas.visit import KioskRoster
from telemed.kit import trust
from telemed.kit.logs import logger
from telemed.kit.trust import Distrusted

log = logger("roster")


class Release(StrEnum):
    """Whether doctors can trust this room."""

    OK = "ok"
    NO_OPERATOR = "no-operator"
    NONE = "none"
    EXPIRED = "expired"
    AGENT_MISSING = "agent-missing"
    KIOSK_MISSING = "kiosk-missing"


class Rosters:
    """The newest roster that one of *operator_keys* has signed. It is on disk, and never replaced by an older one."""

    def __init__(self, journal: Journal, operator_keys: Collection[str]) -> None:
        self._journal = journal
        self._keys = tuple(operator_keys)
        self._signed: SignedRoster | None = None
        self._roster: Roster | None = None
        kept = journal.roster()
        if kept is not None:
            try:
                self._signed, self._roster = kept, trust.read_roster(kept, self._keys)
            except Distrusted as error:  # the operator's keys are others now
                self._signed = None
                log.warning("roster_not_ours", reason=error.reason.value)

    def take(self, signed: SignedRoster) -> bool:
        """Follow a newer one, whoever brings it; False when it changes nothing."""
        try:
            roster = trust.read_roster(signed, self._keys, newest=self._roster.seq if self._roster else 0)
        except Distrusted as error:
            log.warning("roster_refused", reason=error.reason.value)
            return False
        if self._signed is not None and signed.roster == self._signed.roster:
            return False
        self._journal.keep_roster(signed)
        self._signed, self._roster = signed, roster
        log.info("roster", seq=roster.seq, keys=len(roster.keys))
        return True

    @property
    def seq(self) -> int:
        """The number of the roster that is followed; 0 for none."""
        return self._roster.seq if self._roster else 0

    def for_kiosk(self) -> KioskRoster | None:
        """What the kiosk trusts; None before there is one."""
        return KioskRoster(signed=self._signed, operator_keys=self._keys) if self._signed else None

    def of(self, hello: Hello, *, role: Role, now: datetime) -> RosterKey:
        """The entry of whoever greets. *now* is real time, as in the roster.

        Raises:
            Distrusted: there is none that is good now.
        """
        return trust.trusted(hello, self._roster, role=role, now=now)

    def release(self, *, agent: str, kiosks: Collection[str], room_id: str, now: datetime) -> Release:
        """Whether the machines of this room with these public keys are trusted elsewhere; *now* is real time."""
        roster = self._roster
        if not self._keys:
            return Release.NO_OPERATOR
        if roster is None:
            return Release.NONE
        if not roster.issued_at <= now < roster.expires_at:
            return Release.EXPIRED
        ours = {(each.key, each.role) for each in roster.keys if each.room_id in (None, room_id)}
        if (agent, Role.AGENT) not in ours:
            return Release.AGENT_MISSING
        missing = any((kiosk, Role.KIOSK) not in ours for kiosk in kiosks)
        return Release.KIOSK_MISSING if missing else Release.OK
