"""Broken resources and parameters: a reduced count of what `tests.proof.issue_g.mutated` does."""

from telemed.kit.db import Database
from tests.builders import make_world
from tests.counts import Counted
from tests.interop.stand import send, stand

COUNT = 2_000


def test_whatever_is_sent_is_answered_and_a_refusal_changes_nothing(
    sqlite_database: Database, counted: Counted
) -> None:
    with stand(make_world(sqlite_database)) as there:
        send(there, COUNT, seed=1)
        counted(str(there.seen))
        assert there.seen.sent >= COUNT
        assert {201, 400, 409, 422} <= set(there.seen.statuses)
