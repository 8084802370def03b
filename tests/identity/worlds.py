"""Random worlds for the rule of who may: appointments around a moment, whoever may ask, and what is said of it."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import HealthCheck, example, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, Text, insert, select
from sqlalchemy.engine import Connection

from telemed.identity.allowed import EVERYONE, Action, Asker, Scope, Thing, allowed
from telemed.identity.model import Actor, Role
from telemed.identity.visible import visible_to
from telemed.kit.db import Utc

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
"""9:00 on the wall."""
TODAY = (datetime(2026, 11, 23, 23, tzinfo=UTC), datetime(2026, 11, 24, 23, tzinfo=UTC))
INSTANT = timedelta(microseconds=1)
EDGES = (
    *(NOW, NOW + timedelta(hours=24), NOW + timedelta(hours=24) + INSTANT, NOW - timedelta(days=14)),
    *(NOW - timedelta(days=14) - INSTANT, *TODAY, TODAY[0] - INSTANT, TODAY[1] - INSTANT),
)
"""Where a rule turns."""

doctors, rooms, ids, people = (st.sampled_from([f"{kind}-{n}" for n in range(3)]) for kind in ("d", "r", "a", "p"))
moments = st.sampled_from(EDGES) | st.integers(-30 * 288, 30 * 288).map(lambda n: NOW + n * timedelta(minutes=5))
LENGTHS = (timedelta(minutes=20), timedelta(hours=2))
lengths = st.sampled_from(LENGTHS)
ROLES, ACTIONS = tuple(Role), tuple(Action)
SUBJECTS = ("", "d-0", "d-1")
COMPARTMENTS = ((), ("d-0",), ("d-0", "d-2"), (EVERYONE,))


@st.composite
def things(draw: st.DrawFn, number: int = 0) -> Thing:
    start, length = draw(moments), draw(lengths)
    ends_there = draw(st.booleans())
    start = start - length if ends_there else start
    return Thing(f"a-{number}", draw(people), draw(doctors), draw(rooms), start, start + length)


@st.composite
def askers(draw: st.DrawFn) -> Asker:
    """Of any role, with anything known of them that this role can have or cannot."""
    role = draw(st.sampled_from(Role))
    subject = draw(st.sampled_from(("", "d-0", "d-1")))
    compartment = draw(st.sampled_from(((), ("d-0",), ("d-0", "d-2"), (EVERYONE,))))
    return Asker(
        Actor(role, subject, compartment=compartment),
        NOW,
        TODAY,
        rooms=draw(st.frozensets(rooms, max_size=2)),
        own=draw(st.frozensets(ids, max_size=2)),
        tasks=draw(st.frozensets(ids, max_size=2)),
        opened=draw(st.frozensets(ids, max_size=1)),
        person_id=draw(st.sampled_from(("", "p-0", "p-1"))),
        scopes=draw(st.frozensets(st.sampled_from(Scope))),
    )


worlds = st.tuples(askers(), st.tuples(*(things(n) for n in range(3))), st.sampled_from(Action))

World = tuple[Asker, tuple[Thing, ...], Action]
NO_DOCTOR = Asker(Actor(Role.DOCTOR), NOW, TODAY)
WITHOUT_A_DOCTOR = Thing("a-0", "p-0", "", "", NOW, NOW)

APPOINTMENTS = Table(
    "appointment",
    MetaData(),
    *(Column(name, Text()) for name in ("id", "person_id", "doctor_id", "room_id")),
    *(Column(name, Utc()) for name in ("start", "end")),
)


def said(asker: Asker, action: Action, thing: Thing) -> bool:
    """The rule once more, written from the wishes and not from the table."""
    staff = {Role.DOCTOR: _of_doctor, Role.ASSISTANT: _of_assistant}
    look = staff.get(asker.actor.role)
    if look is not None:
        return look(asker, action, thing)
    match asker.actor.role:
        case Role.RESIDENT:
            return thing.id in asker.own and action not in (Action.INVITE, Action.CREATE, Action.BREAK)
        case Role.GUEST:
            return thing.id in asker.own and action in (Action.SEE, Action.JOIN)
        case Role.RELATIVE:
            is_hers = thing.person_id == asker.person_id != ""
            return is_hers and action in ("see", "change", "join") and Scope(action.value) in asker.scopes
        case Role.CLIENT:
            inside = bool({EVERYONE, thing.doctor_id} & set(asker.actor.compartment))
            return inside and action in (Action.SEE, Action.MEET, Action.REASON, Action.CREATE, Action.CHANGE)
        case Role.MACHINE:
            return thing.room_id in asker.rooms and action in (Action.SEE, Action.NOTE, Action.JOIN)
        case Role.OPERATOR:
            return action is Action.CREATE
    return False


def _of_doctor(asker: Asker, action: Action, thing: Thing) -> bool:
    own = thing.doctor_id == asker.actor.subject != ""
    in_time = thing.start <= NOW + timedelta(hours=24) and thing.end >= NOW - timedelta(days=14)
    is_open = thing.id in asker.opened
    if action in (Action.MEET, Action.REASON, Action.CHANGE):
        return (own and (in_time or thing.id in asker.tasks)) or is_open
    if action is Action.SEE:
        return own or is_open
    if action in (Action.NOTE, Action.JOIN, Action.INVITE):
        return own and in_time
    return action is Action.BREAK and own


def _of_assistant(asker: Asker, action: Action, thing: Thing) -> bool:
    here = thing.room_id in asker.rooms
    is_today = TODAY[0] <= thing.start < TODAY[1]
    is_open = thing.id in asker.opened
    if action in (Action.MEET, Action.CHANGE):
        return (here and (is_today or thing.id in asker.tasks)) or is_open
    if action is Action.SEE:
        return here or is_open
    if action in (Action.NOTE, Action.INVITE):
        return here and is_today
    return action is Action.BREAK and here


def in_sql(tx: Connection, asker: Asker, action: Action) -> set[str]:
    return set(tx.execute(select(APPOINTMENTS.c.id).where(visible_to(asker, APPOINTMENTS, action))).scalars())


def check(tx: Connection, world: World) -> None:
    """In one world the rule, its twin from the wishes, and SQL let the same through."""
    asker, things, action = world
    tx.execute(APPOINTMENTS.delete())
    tx.execute(insert(APPOINTMENTS), [vars(one) for one in things])
    by_rule = {one.id for one in things if allowed(asker, action, one)}
    assert by_rule == {one.id for one in things if said(asker, action, one)}, (asker, action)
    assert by_rule == in_sql(tx, asker, action), (asker, action)


def shaken(rng: Random, role: Role | None = None, action: Action | None = None, *, many: int = 3) -> World:
    """A random world as of `worlds`, without what Hypothesis adds: a thousandth of its time, and no shrinking."""
    asker = Asker(
        Actor(role or rng.choice(ROLES), rng.choice(SUBJECTS), compartment=rng.choice(COMPARTMENTS)),
        NOW,
        TODAY,
        rooms=_some(rng, "r", 2),
        own=_some(rng, "a", 2),
        tasks=_some(rng, "a", 2),
        opened=_some(rng, "a", 1),
        person_id=rng.choice(("", "p-0", "p-1")),
        scopes=frozenset(scope for scope in Scope if rng.random() < 0.5),
    )
    return asker, tuple(_thing(rng, number) for number in range(many)), action or rng.choice(ACTIONS)


def _some(rng: Random, kind: str, most: int) -> frozenset[str]:
    return frozenset(f"{kind}-{rng.randrange(3)}" for _ in range(rng.randint(0, most)))


def _thing(rng: Random, number: int) -> Thing:
    at_edge = rng.random() < 0.5
    start = rng.choice(EDGES) if at_edge else NOW + rng.randint(-30 * 288, 30 * 288) * timedelta(minutes=5)
    length = rng.choice(LENGTHS)
    start = start - length if rng.random() < 0.5 else start
    person, doctor, room = (f"{kind}-{rng.randrange(3)}" if rng.random() < 0.9 else "" for kind in "pdr")
    return Thing(f"a-{number}", person, doctor, room, start, start + length)


def agree_shaken(tx: Connection, count: int, number: int) -> int:
    """Look at *count* random worlds from a seed, for large counts; how many that were.

    Raises:
        AssertionError: rule, wishes and SQL differ in one.
    """
    rng = Random(number)
    APPOINTMENTS.create(tx, checkfirst=True)
    for _ in range(count):
        check(tx, shaken(rng))
    return count


def agree(tx: Connection, count: int, number: int) -> int:
    """Look at *count* random worlds from a seed; how many that were.

    Raises:
        AssertionError: rule, wishes and SQL differ in one.
    """
    seen = 0
    APPOINTMENTS.create(tx, checkfirst=True)

    @seed(number)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(worlds)
    @example((NO_DOCTOR, (WITHOUT_A_DOCTOR,), Action.SEE))
    def look(world: World) -> None:
        nonlocal seen
        seen += 1
        check(tx, world)

    look()
    return seen
