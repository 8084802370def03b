"""Who may do what: the rule as it is written in the notes, the rule as code, and the same as SQL."""

from datetime import timedelta
from random import Random

from sqlalchemy import insert

from telemed.identity.allowed import TABLE, Action, Asker, Thing, allowed
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from tests.counts import Counted
from tests.identity.mutants import Allowed, mutants, unbroken
from tests.identity.worlds import APPOINTMENTS, NOW, TODAY, agree, in_sql, said, shaken

COUNT = 150


def test_the_rule_is_what_is_said_of_it_and_what_sql_lets_through(database: Database, counted: Counted) -> None:
    with database.writing.connect() as tx:
        seen = agree(tx, COUNT, 1)
    assert seen >= COUNT
    counted(f"who may what, rule against SQL: {seen} random worlds (make proof: 100,000)")


def test_the_worlds_would_show_a_rule_that_differs(sqlite_database: Database) -> None:
    """The twin: a list that forgets the window of time is found out."""
    asker = Asker(Actor(Role.DOCTOR, "d-0"), NOW, TODAY)
    late = Thing("a-0", "p-0", "d-0", "r-0", NOW + timedelta(days=3), NOW + timedelta(days=3))
    assert said(asker, Action.SEE, late) != said(asker, Action.MEET, late)
    with sqlite_database.writing.connect() as tx:
        APPOINTMENTS.create(tx)
        tx.execute(insert(APPOINTMENTS), [vars(late)])
        assert in_sql(tx, asker, Action.SEE) == {"a-0"}
        assert in_sql(tx, asker, Action.MEET) == set()


def test_a_rule_that_is_broken_anywhere_is_noticed(counted: Counted) -> None:
    rng = Random(1)
    worlds = [shaken(rng, role, action, many=6) for role in Role for action in Action for _ in range(16)]
    rng.shuffle(worlds)
    asked = [(asker, action, thing, said(asker, action, thing)) for asker, things, action in worlds for thing in things]

    def is_noticed(broken: Allowed) -> bool:
        try:
            return any(broken(asker, action, thing) is not expected for asker, action, thing, expected in asked)
        except ValueError:
            return True

    assert not is_noticed(unbroken())
    found = [(mutant.what, is_noticed(mutant.allowed)) for mutant in mutants()]
    assert [what for what, noticed in found if not noticed] == []
    assert len(found) > 100
    counted(f"who may what, the rule broken in one place: {len(found)} mutants, all noticed")


def test_every_role_stands_in_the_table_and_only_what_stands_there_is_allowed() -> None:
    assert set(TABLE) == set(Role)
    thing = Thing("a", "p", "d", "r", NOW, NOW + timedelta(minutes=20))
    for role in Role:
        asker = Asker(Actor(role, "d", compartment=("d",)), NOW, TODAY, frozenset({"r"}), frozenset({"a"}))
        for action in set(Action) - set(TABLE[role]):
            assert not allowed(asker, action, thing)


def test_the_operator_sees_nobody_and_an_assistant_is_never_told_what_for() -> None:
    assert set(TABLE[Role.OPERATOR]) == {Action.CREATE}
    assert not TABLE[Role.ANYONE]
    assert Action.REASON not in TABLE[Role.ASSISTANT]
    assert {role for role, row in TABLE.items() if Action.MEET in row} == {
        *(Role.DOCTOR, Role.ASSISTANT, Role.RESIDENT, Role.CLIENT),
    }
