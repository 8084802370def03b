"""Who of the staff may sign in, as the operator sees it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from telemed.directory.model import Directory
from telemed.identity.model import Actor, Role
from telemed.identity.staff_model import ENOUGH_PASSKEYS, Member, Passkey


class State(StrEnum):
    """How somebody stands. *NEW*: known from the directory, and never invited."""

    NEW = "new"
    INVITED = "invited"
    ONE = "one"
    WELL = "well"
    OUT = "out"


@dataclass(frozen=True)
class Colleague:
    """One person. *used_at*: when a passkey of hers opened last. *has_left*: the directory does not know her."""

    actor: Actor
    name: str
    state: State
    passkeys: int
    used_at: datetime | None
    has_left: bool = False

    @property
    def path(self) -> str:
        return f"/betrieb/personal/{self.actor.role.value}/{self.actor.subject}"


def colleagues(known: Directory, members: Iterable[Member], passkeys: Iterable[Passkey]) -> list[Colleague]:
    """Everybody of the directory and everybody who may sign in; by role and name."""
    names = {Actor(Role.DOCTOR, one.id): one.name for one in known.doctors.values()}
    names |= {Actor(Role.ASSISTANT, one.id): one.name for one in known.assistants.values()}
    taken_in, own = {one.actor: one for one in members}, list(passkeys)
    found = [_colleague(actor, names, taken_in.get(actor), own) for actor in {**names, **taken_in}]
    order = (Role.DOCTOR, Role.ASSISTANT, Role.OPERATOR)
    return sorted(found, key=lambda one: (order.index(one.actor.role), one.name, one.actor.subject))


def _colleague(actor: Actor, names: dict[Actor, str], member: Member | None, passkeys: list[Passkey]) -> Colleague:
    own = [each for each in passkeys if each.actor == actor]
    used = max((each.used_at for each in own if each.used_at), default=None)
    has_left = actor.role is not Role.OPERATOR and actor not in names
    name = names.get(actor) or (member.name if member else actor.subject)
    return Colleague(actor, name, _state(member, len(own)), len(own), used, has_left)


def _state(member: Member | None, count: int) -> State:
    if member is None:
        return State.NEW
    if member.revoked:
        return State.OUT
    return State.WELL if count >= ENOUGH_PASSKEYS else State.ONE if count else State.INVITED
