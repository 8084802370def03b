"""Every subscriber hears every event, in order, until it is done, and its writes happen once."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from telemed.kit.clock import real_now
from telemed.kit.db import CommitFailed, Database, Tx
from telemed.kit.outbox import Event, Relay, Subscription, deliveries, emit, events, told_since
from tests.builders import TUESDAY, HandClock


@dataclass(frozen=True)
class Rang(Event):
    number: int


@dataclass(frozen=True)
class Other(Event):
    number: int


@dataclass
class Ear:
    """Hears events; fails on those in *deaf_to*."""

    heard: list[int] = field(default_factory=list)
    deaf_to: set[int] = field(default_factory=set)

    def react(self, _tx: Tx, happened: Rang, **_now: datetime) -> None:
        if happened.number in self.deaf_to:
            raise LookupError(happened.number)
        self.heard.append(happened.number)


def ring(db: Database, *numbers: int) -> None:
    with db.transaction() as tx:
        for number in numbers:
            emit(tx, Rang(number), now=TUESDAY)


def relay(db: Database, *ears: tuple[str, Any]) -> Relay:
    return Relay(db, [Subscription(name, Rang, ear.react) for name, ear in ears], HandClock())


def test_events_arrive_in_the_order_in_which_they_were_told(database: Database) -> None:
    ear = Ear()
    ring(database, *range(50))
    ring(database, *range(50, 100))
    relay(database, ("ear", ear)).deliver()
    assert ear.heard == list(range(100))


def test_an_event_is_delivered_once(database: Database) -> None:
    ear = Ear()
    ring(database, 1)
    line = relay(database, ("ear", ear))
    assert (line.deliver(), line.deliver()) == (1, 0)
    assert ear.heard == [1]


def tell_and_fail(tx: Tx) -> None:
    emit(tx, Rang(1), now=TUESDAY)
    raise LookupError


def test_what_is_rolled_back_was_never_told(database: Database) -> None:
    ear = Ear()
    with database.transaction() as tx, pytest.raises(LookupError), tx.begin_nested():
        tell_and_fail(tx)
    assert relay(database, ("ear", ear)).deliver() == 0


def test_who_fails_holds_up_only_itself_and_is_asked_again_in_order(database: Database) -> None:
    well, ill = Ear(), Ear(deaf_to={2})
    line = relay(database, ("well", well), ("ill", ill))
    ring(database, 1, 2, 3)
    line.deliver()
    assert (well.heard, ill.heard, line.undelivered) == ([1, 2, 3], [1], 1)
    ill.deaf_to.clear()
    line.deliver()
    assert (well.heard, ill.heard, line.undelivered) == ([1, 2, 3], [1, 2, 3], 0)


def test_an_event_that_nobody_can_read_any_more_does_not_end_the_relay(database: Database) -> None:
    ear = Ear()
    with database.transaction() as tx:
        row = {"id": "0", "kind": "Rang", "ids": '{"gone": 1}', "made_at": TUESDAY}
        tx.execute(insert(events).values(row))
    line = relay(database, ("ear", ear))
    assert line.deliver() == 0
    assert line.undelivered == 1


def test_only_the_kind_that_was_subscribed_to_is_heard(database: Database) -> None:
    ear = Ear()
    with database.transaction() as tx:
        emit(tx, Other(1), now=TUESDAY)
    line = relay(database, ("ear", ear))
    assert line.deliver() == 0
    with database.reading() as tx:
        assert tx.execute(select(events.c.done_at)).scalar_one() is not None


class Crash(BaseException):
    """The process ends here."""


def test_after_a_crash_in_a_reaction_its_writes_happen_once(database: Database) -> None:
    """The reaction's write and the note of its delivery are one transaction: both or neither."""
    crash = [True]

    def react(tx: Tx, happened: Rang, *, now: datetime) -> None:
        emit(tx, Other(happened.number), now=now)
        if crash:
            crash.clear()
            raise Crash

    ring(database, 7)
    subscriptions = [Subscription("chain", Rang, react)]
    with pytest.raises(Crash):
        Relay(database, subscriptions, HandClock()).deliver()
    Relay(database, subscriptions, HandClock()).deliver()
    with database.reading() as tx:
        assert list(tx.execute(select(events.c.ids).where(events.c.kind == "Other")).scalars()) == ['{"number":7}']


def test_after_a_crash_between_delivery_and_its_end_the_event_is_not_delivered_again(database: Database) -> None:
    ear = Ear()
    ring(database, 1)
    with database.reading() as tx:
        event_id = tx.execute(select(events.c.id)).scalar_one()
    with database.transaction() as tx:
        tx.execute(insert(deliveries).values(event_id=event_id, subscriber="ear", done_at=TUESDAY))
    assert relay(database, ("ear", ear)).deliver() == 0
    assert ear.heard == []
    with database.reading() as tx:
        assert tx.execute(select(events.c.done_at)).scalar_one() == TUESDAY


def test_a_reaction_whose_commit_failed_is_asked_again(database: Database) -> None:
    attempts: list[int] = []

    def react(_tx: Tx, happened: Rang, **_now: datetime) -> None:
        attempts.append(happened.number)
        if len(attempts) == 1:
            raise CommitFailed

    ring(database, 5)
    line = Relay(database, [Subscription("s", Rang, react)], HandClock())
    assert (line.deliver(), line.deliver(), line.deliver()) == (0, 1, 0)
    assert attempts == [5, 5]


def test_who_follows_finds_what_anybody_told_lately_and_in_this_process_hears_of_it_at_once(database: Database) -> None:
    heard: list[int] = []
    database.hear(Rang, lambda rang: heard.extend(one.number for one in rang))
    ring(database, 1, 2)
    began = real_now() - timedelta(seconds=1)
    with database.reading() as tx:
        assert [fields["number"] for fields in told_since(tx, began).values()] == [1, 2]
        assert told_since(tx, began + timedelta(hours=1)) == {}
    assert heard == [1, 2]
