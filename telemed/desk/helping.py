"""Who in the rooms wants a hand, as staff see it: the assistants of the room first, then others, then all."""

from dataclasses import dataclass
from datetime import datetime

from telemed.booking import asking
from telemed.booking import service as booking
from telemed.desk import service
from telemed.directory import service as directory
from telemed.directory.model import Room
from telemed.help import service as helping
from telemed.help.model import HelpCall, HelpState, Reach
from telemed.identity.allowed import Action
from telemed.identity.model import Actor, Role
from telemed.kit.db import Tx
from telemed.kit.refusal import NotFound
from telemed.visit import service as visit


@dataclass(frozen=True)
class RoomCall:
    """A call and where it comes from. *is_own*: who looks is there for this room; else nobody has answered there."""

    call: HelpCall
    room: Room
    is_own: bool

    @property
    def id(self) -> str:
        """The same as long as nothing of it changes."""
        return f"help {self.call.id} {self.call.reach.value}"

    @property
    def is_coming(self) -> bool:
        return self.call.state is HelpState.COMING


def of_actor(tx: Tx, actor: Actor, *, now: datetime) -> list[RoomCall]:
    """The calls that this member of staff sees, the oldest first; it names nobody.

    Raises:
        NotFound: there is no such assistant.
    """
    calls = helping.going_on(tx)
    if not calls:
        return []
    known = directory.load(tx)
    own = _own_rooms(tx, actor, now)
    found = []
    for call in calls:
        room, is_own = known.rooms.get(call.room_id), call.room_id in own
        if room is not None and (_reaches(call, actor.role, is_own=is_own) or _is_in_it(tx, call, actor, now=now)):
            found.append(RoomCall(call, room, is_own))
    return found


def _own_rooms(tx: Tx, actor: Actor, now: datetime) -> set[str]:
    if actor.role is Role.ASSISTANT:
        return {room.id for room in service.rooms_of(tx, actor.subject)}
    if actor.role is Role.DOCTOR:
        asker, known = asking.asking(tx, actor, now=now), directory.load(tx)
        return {
            room_id
            for room_id in known.rooms
            if any(asking.may(asker, Action.SEE, one) for one in visit.visits_on(tx, room_id, now=now))
        }
    return set()


def _reaches(call: HelpCall, role: Role, *, is_own: bool) -> bool:
    match role:
        case Role.ASSISTANT:
            return is_own or call.reach >= Reach.OTHERS
        case Role.DOCTOR:
            return is_own and call.reach is Reach.ALL
        case _:
            return role is Role.OPERATOR and call.reach is Reach.ALL


def _is_in_it(tx: Tx, call: HelpCall, actor: Actor, *, now: datetime) -> bool:
    """The doctor in whose talk it is knows it at once."""
    if actor.role is not Role.DOCTOR or call.visit_id is None:
        return False
    try:
        return asking.may(asking.asking(tx, actor, now=now), Action.JOIN, booking.get(tx, call.visit_id))
    except NotFound:
        return False


def come(tx: Tx, help_id: str, *, actor: Actor, now: datetime) -> None:
    """She goes there; the room is told.

    Raises:
        NotFound: there is no such call that she sees.
    """
    _check(tx, help_id, actor, now)
    helping.come(tx, help_id, by=f"{actor.role.value} {actor.subject}", now=now)


def pass_on(tx: Tx, help_id: str, *, actor: Actor, now: datetime) -> None:
    """She cannot come: the next people are asked at once.

    Raises:
        NotFound: there is no such call that she sees.
    """
    _check(tx, help_id, actor, now)
    helping.pass_on(tx, help_id, now=now)


def done(tx: Tx, help_id: str, *, actor: Actor, now: datetime) -> None:
    """The person was helped.

    Raises:
        NotFound: there is no such call that she sees.
    """
    _check(tx, help_id, actor, now)
    helping.done(tx, help_id, by=f"{actor.role.value} {actor.subject}", now=now)


def _check(tx: Tx, help_id: str, actor: Actor, now: datetime) -> None:
    if help_id not in {each.call.id for each in of_actor(tx, actor, now=now)}:
        raise NotFound
