"""Staff: how they sign in, how long they stay, what they must prove anew. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from telemed.identity.model import Actor, Role
from telemed.kit.outbox import Event
from telemed.kit.refusal import Refusal, Sense

STAFF = frozenset({Role.DOCTOR, Role.ASSISTANT, Role.OPERATOR})
ENOUGH_PASSKEYS = 2
"""One may be lost."""
MOST_PASSKEYS = 10
IDLE = timedelta(minutes=15)
"""Staff who do nothing for so long are signed out; residents and guests keep their pages, and have little to lose."""
WARNED = timedelta(minutes=2)
"""So long before it they are asked whether they are still there."""
NOTED_EVERY = timedelta(minutes=1)
"""What a session does is written down no more often than that."""
FRESH = timedelta(minutes=5)
"""How long a passkey that was shown counts for acts that need one anew."""
QUESTION = timedelta(minutes=5)
"""How long a browser has to answer with its passkey."""
RECOVERY_STARTED = timedelta(hours=24)
"""How long the second operator has."""
RECOVERY_CODE = timedelta(hours=24)


class Way(StrEnum):
    """How a session was opened. *LINK*: by a link alone; of staff only in an exercise."""

    LINK = "link"
    PASSKEY = "passkey"
    OIDC = "oidc"


@dataclass(frozen=True)
class Session:
    """Where somebody is signed in. *seen_at* and *fresh_at* are real time, also in an exercise.

    *fresh_at*: when a passkey was shown last, in this session. *browser*: what it calls itself, in short. *passkeys*:
    how many the person has, not this session.
    """

    id: str
    actor: Actor
    way: Way
    opened_at: datetime
    seen_at: datetime
    fresh_at: datetime | None
    expires_at: datetime
    browser: str = ""
    passkeys: int = 0

    @property
    def is_staff(self) -> bool:
        return self.actor.role in STAFF

    @property
    def has_idle_limit(self) -> bool:
        """Somebody who plays in an exercise has nothing to sign in with again."""
        return self.is_staff and self.way is not Way.LINK

    @property
    def lacks_passkeys(self) -> bool:
        return self.is_staff and self.way is Way.PASSKEY and self.passkeys < ENOUGH_PASSKEYS

    def idle_left(self, real: datetime) -> timedelta | None:
        """How long until nobody is believed to be there any more; None if that never happens."""
        return self.seen_at + IDLE - real if self.has_idle_limit else None

    def is_open(self, *, now: datetime, real: datetime) -> bool:
        left = self.idle_left(real)
        return self.expires_at > now and (left is None or left > timedelta(0))

    def is_to_be_noted(self, real: datetime) -> bool:
        """Whether it is time to write down that somebody was there."""
        return self.has_idle_limit and abs(real - self.seen_at) >= NOTED_EVERY

    def is_fresh(self, real: datetime) -> bool:
        """Whether heavy acts may be done without another proof. In an exercise without passkeys there is none."""
        return self.way is Way.LINK or (self.fresh_at is not None and real - self.fresh_at < FRESH)


@dataclass(frozen=True)
class Passkey:
    """*id* and *public_key* (COSE) URL-safe base64; *name*: as its owner tells it from others."""

    id: str
    actor: Actor
    public_key: str
    sign_count: int
    name: str
    created_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True)
class Member:
    """Somebody of the staff. *handle*: what an authenticator keeps of the person, random, URL-safe base64."""

    actor: Actor
    name: str
    handle: str
    added_at: datetime
    revoked: bool = False


@dataclass(frozen=True)
class Recovery:
    """Somebody who has lost all passkeys. *second*: the other operator, once there is one; then there is a code."""

    id: str
    actor: Actor
    first: str
    second: str
    started_at: datetime
    expires_at: datetime


class StepUp(Refusal):
    """A passkey must be shown anew before this is done."""

    sense = Sense.FORBIDDEN
    key = "refusal.step_up"


class OldForm(Refusal):
    """The form is of an earlier session, or of somebody else's page."""

    sense = Sense.FORBIDDEN
    key = "refusal.old_form"


class PasskeyRefused(Refusal):
    """The passkey is unknown, was withdrawn, or does not answer this question. All are answered alike."""

    sense = Sense.FORBIDDEN
    key = "refusal.passkey"


class PasskeyKept(Refusal):
    """It is the last one, so it stays; or there are as many as one may have."""

    sense = Sense.CONFLICT
    key = "refusal.passkey_kept"


class OwnRecovery(Refusal):
    """Two operators are needed, and neither is the person herself."""

    sense = Sense.FORBIDDEN
    key = "refusal.own_recovery"


class CodeWrong(Refusal):
    """The code on paper is unknown, used or too old."""

    sense = Sense.FORBIDDEN
    key = "refusal.recovery_code"


class TooManyTries(Refusal):
    """Too many wrong codes or passkeys came from there."""

    sense = Sense.TOO_OFTEN
    key = "refusal.too_many_tries"


class HouseRefused(Refusal):
    """The house's own sign-in did not say who it is, or not in a way that we take."""

    sense = Sense.FORBIDDEN
    key = "refusal.house"


@dataclass(frozen=True)
class StaffRevoked(Event):
    """Somebody of the staff is out, and leaves every visit at once."""

    role: str
    subject: str


def browser_named(agent: str) -> str:
    """What a browser calls itself, as short as people say it: "Firefox, Windows". Empty if it says nothing known."""
    programs = [("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrom", "Chromium"), ("Safari", "Safari")]
    systems = [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows")]
    systems += [("Mac OS", "Mac"), ("Linux", "Linux")]
    found = (next((name for mark, name in each if mark in agent), "") for each in (programs, systems))
    return ", ".join(name for name in found if name)
