"""Receivers as they are: each event comes to each, in order, and the bad ones delay nobody."""

from telemed.kit.db import Database
from tests.counts import Counted
from tests.subscribe.storm import storm

EVENTS = 40


def test_each_event_comes_to_each_receiver_in_order(sqlite_database: Database, counted: Counted) -> None:
    told = storm(sqlite_database, EVENTS, bad=True)
    assert told.faults == ()
    counted(f"{EVENTS} events to 4 receivers, three of them bad: {told.requests} requests, none lost, all in order")
