"""Who may do what with whose appointment: one table, default deny. Pure.

A right (`telemed.identity.model.Right`) says who may knock at a route; this says what lies behind it for whom. The same
rows are asked of one appointment (`allowed`) and of the table of all (`telemed.identity.visible`), so that no list can
show more than a single look would.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from telemed.identity.model import ANYONE, Actor, Role
from telemed.kit.outbox import Event

BEFORE = timedelta(hours=24)
AFTER = timedelta(days=14)
"""A doctor sees who comes from so long before the start until so long after the end; beyond that the glass breaks."""
GLASS_LASTS = timedelta(hours=1)
EVERYONE = "*"
"""In the compartment of a program: every doctor of this centre."""


class Action(StrEnum):
    """What somebody does with an appointment, or with the visit that becomes of it."""

    SEE = "see"
    """That it is: when, where, with which doctor, its ticket, how it stands. No person."""
    MEET = "meet"
    """Whose it is: name, contact, what helps her."""
    REASON = "reason"
    """What for: the service."""
    CHANGE = "change"
    """Move it, cancel it, wait for something earlier."""
    NOTE = "note"
    """Say what happened: has come, was called, has gone."""
    JOIN = "join"
    """Be in the talk."""
    INVITE = "invite"
    """Let a guest into the talk."""
    CREATE = "create"
    """Bring it in from elsewhere."""
    BREAK = "break"
    """Break the glass: what time forbids is open for an hour, for a reason, and told."""


class Scope(StrEnum):
    """What a mandate may allow a relative."""

    SEE = "see"
    CHANGE = "change"
    JOIN = "join"
    BOOK = "book"


class GlassReason(StrEnum):
    """Why the glass was broken: a closed set, so that nothing of a person is written down."""

    ASKED = "asked"
    """The person asks for it, on the telephone or at the desk."""
    FOLLOW_UP = "follow-up"
    """A result or a letter about an earlier visit."""
    SAFETY = "safety"
    """Somebody may be in danger."""
    MISTAKE = "mistake"
    """Something was mixed up and is to be set right."""


@dataclass(frozen=True)
class Glass:
    """Somebody broke the glass before one appointment; it is whole again at *until*."""

    id: str
    role: Role
    subject: str
    appointment_id: str
    person_id: str
    reason: GlassReason
    opened_at: datetime
    until: datetime


@dataclass(frozen=True)
class GlassBroken(Event):
    """The person is to hear of it."""

    glass_id: str
    appointment_id: str


@dataclass(frozen=True)
class Thing:
    """An appointment, as far as the rule reads it. What is unknown is empty."""

    id: str
    person_id: str
    doctor_id: str
    room_id: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Asker:
    """Who asks, and what is known of her at this moment.

    *today*: the civil day, its end not within. *rooms*: those that an assistant looks after, or of a machine. *own*:
    the appointments that a resident's session opens, or the visit into which a guest is invited. *tasks*: appointments
    of people whom staff must tell something. *opened*: those for which the glass was broken. *person_id* and *scopes*:
    what a relative's mandate says.
    """

    actor: Actor
    now: datetime
    today: tuple[datetime, datetime]
    rooms: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()
    person_id: str = ""
    scopes: frozenset[Scope] = frozenset()


class Field(StrEnum):
    """What of a `Thing` a condition reads; the columns are called the same."""

    ID = "id"
    PERSON = "person_id"
    DOCTOR = "doctor_id"
    ROOM = "room_id"
    START = "start"
    END = "end"


@dataclass(frozen=True)
class OneOf:
    field: Field
    values: frozenset[str]


@dataclass(frozen=True)
class Before:
    """The moment lies before *moment*."""

    field: Field
    moment: datetime


@dataclass(frozen=True)
class NotBefore:
    field: Field
    moment: datetime


Condition = OneOf | Before | NotBefore
Clause = tuple[Condition, ...]
"""All of them hold; without any, always."""
Ground = Callable[[Asker], Clause]
"""Why somebody may: the conditions, for one asker."""


def _own_time(asker: Asker) -> Clause:
    """The doctor's own, at any time."""
    return (OneOf(Field.DOCTOR, _self(asker)),)


def _own_around(asker: Asker) -> Clause:
    """The doctor's own, from a day before to two weeks after."""
    since, until = asker.now - AFTER, asker.now + BEFORE
    instant = timedelta(microseconds=1)
    return (*_own_time(asker), NotBefore(Field.END, since), Before(Field.START, until + instant))


def _own_task(asker: Asker) -> Clause:
    """The doctor's own, of which somebody must be told something."""
    return (*_own_time(asker), OneOf(Field.ID, asker.tasks))


def _in_rooms(asker: Asker) -> Clause:
    """In a room of the assistant's, or of the machine's, at any time."""
    return (OneOf(Field.ROOM, asker.rooms),)


def _in_rooms_today(asker: Asker) -> Clause:
    first, after = asker.today
    return (*_in_rooms(asker), NotBefore(Field.START, first), Before(Field.START, after))


def _in_rooms_task(asker: Asker) -> Clause:
    """In a room of the assistant's, and somebody must be told something."""
    return (*_in_rooms(asker), OneOf(Field.ID, asker.tasks))


def _opened(asker: Asker) -> Clause:
    """For which this person broke the glass, less than an hour ago."""
    return (OneOf(Field.ID, asker.opened),)


def _session(asker: Asker) -> Clause:
    """What the session or the invitation is for."""
    return (OneOf(Field.ID, asker.own),)


def _mandated(scope: Scope) -> Ground:
    def ground(asker: Asker) -> Clause:
        people = frozenset({asker.person_id} - {""}) if scope in asker.scopes else frozenset[str]()
        return (OneOf(Field.PERSON, people),)

    return ground


def _compartment(asker: Asker) -> Clause:
    """Of the doctors for whom a program works."""
    doctors = frozenset(asker.actor.compartment)
    return () if EVERYONE in doctors else (OneOf(Field.DOCTOR, doctors),)


def _self(asker: Asker) -> frozenset[str]:
    return frozenset({asker.actor.subject} - {""})


_MEETS_DOCTOR: tuple[Ground, ...] = (_own_around, _own_task, _opened)
_MEETS_ASSISTANT: tuple[Ground, ...] = (_in_rooms_today, _in_rooms_task, _opened)

TABLE: Mapping[Role, Mapping[Action, tuple[Ground, ...]]] = {
    Role.DOCTOR: {
        Action.SEE: (_own_time, _opened),
        Action.REASON: _MEETS_DOCTOR,
        Action.MEET: _MEETS_DOCTOR,
        Action.CHANGE: _MEETS_DOCTOR,
        Action.NOTE: (_own_around,),
        Action.JOIN: (_own_around,),
        Action.INVITE: (_own_around,),
        Action.BREAK: (_own_time,),
    },
    Role.ASSISTANT: {
        Action.SEE: (_in_rooms, _opened),
        Action.MEET: _MEETS_ASSISTANT,
        Action.CHANGE: _MEETS_ASSISTANT,
        Action.NOTE: (_in_rooms_today,),
        Action.INVITE: (_in_rooms_today,),
        Action.BREAK: (_in_rooms,),
    },
    Role.RESIDENT: {
        Action.SEE: (_session,),
        Action.REASON: (_session,),
        Action.MEET: (_session,),
        Action.CHANGE: (_session,),
        Action.NOTE: (_session,),
        Action.JOIN: (_session,),
    },
    Role.RELATIVE: {
        Action.SEE: (_mandated(Scope.SEE),),
        Action.CHANGE: (_mandated(Scope.CHANGE),),
        Action.JOIN: (_mandated(Scope.JOIN),),
    },
    Role.GUEST: {Action.SEE: (_session,), Action.JOIN: (_session,)},
    Role.CLIENT: {
        Action.SEE: (_compartment,),
        Action.REASON: (_compartment,),
        Action.MEET: (_compartment,),
        Action.CREATE: (_compartment,),
        Action.CHANGE: (_compartment,),
    },
    Role.MACHINE: {Action.SEE: (_in_rooms,), Action.NOTE: (_in_rooms,), Action.JOIN: (_in_rooms,)},
    Role.OPERATOR: {Action.CREATE: (lambda _asker: (),)},
    Role.ANYONE: {},
}
"""The operator brings in what another system had, and sees none of it. Nobody of the staff but the doctor is told what
for; what an assistant books herself she is told by whom it is for."""


def clauses(asker: Asker, action: Action) -> tuple[Clause, ...]:
    """When *asker* may do *action*: if one of these clauses holds as a whole. None: never."""
    return tuple(ground(asker) for ground in TABLE[asker.actor.role].get(action, ()))


def allowed(asker: Asker, action: Action, thing: Thing) -> bool:
    """Whether *asker* may do *action* with *thing*."""
    return any(all(holds(condition, thing) for condition in clause) for clause in clauses(asker, action))


def holds(condition: Condition, thing: Thing) -> bool:
    match condition:
        case OneOf(field, values):
            return _text(thing, field) in values
        case Before(field, moment):
            return _moment(thing, field) < moment
        case NotBefore(field, moment):
            return _moment(thing, field) >= moment
        case _:
            assert_never(condition)


def _text(thing: Thing, field: Field) -> str:
    value: str = getattr(thing, field.value)
    return value


def _moment(thing: Thing, field: Field) -> datetime:
    value: datetime = getattr(thing, field.value)
    return value


def nobody(now: datetime) -> Asker:
    """Who is not signed in."""
    return Asker(ANYONE, now, (now, now))


def program(actor: Actor, now: datetime) -> Asker:
    """A client: nothing must be looked up to know what it may."""
    return Asker(actor, now, (now, now))
