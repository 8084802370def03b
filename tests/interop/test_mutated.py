"""Whatever takes input at the FHIR interface: a reduced count of what `tests.proof.issue_g.mutated` does."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telemed.fhir.answers import respond
from telemed.fhir.issues import Issue, outcome
from telemed.kit.db import Database
from telemed.people.acts import Act, Did
from telemed.people.service import Auditor
from telemed.web.centre import centre_of
from tests.builders import make_world
from tests.counts import Counted
from tests.interop.mutating import Sent
from tests.interop.stand import Stand, send, stand

COUNT = 2_000
WHERE = "/fhir/faulty"


@pytest.fixture
def there(sqlite_database: Database) -> Iterator[Stand]:
    with stand(make_world(sqlite_database)) as one:
        yield one


def test_whatever_is_sent_is_answered_and_a_refusal_changes_nothing(there: Stand, counted: Counted) -> None:
    send(there, COUNT, seed=1)
    counted(str(there.seen))
    assert there.seen.sent >= COUNT
    assert {200, 201, 304, 400, 401, 404, 405, 406, 409, 412, 415, 422} <= set(there.seen.statuses)


async def _faulty(request: Request) -> Response:
    """What `Stand.judge` must not let pass: each says which."""
    fault, centre = request.url.path.rpartition("/")[2], centre_of(request)
    if fault == "breaks":
        raise RuntimeError
    if fault == "changes":
        with centre.db.transaction() as tx:
            tx.execute(text("UPDATE booking SET version = version + 1"))
    if fault != "silent":
        act = Act("program", Did.OTHER, "", centre.clock.now())
        await centre.the(Auditor).asked(act)
    if fault == "no outcome":
        return Response(b"{}", 422, media_type="application/json")
    said = {"elsewhere": "Location.name[1]", "nowhere": "", "a header": "http.if-match"}.get(fault, "Location.name")
    issue = Issue("invalid", "" if fault == "no words" else "wrong", said)
    return respond(outcome([issue]), "json", 422)


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        *(("breaks", "RuntimeError"), ("changes", "changed after a refusal"), ("silent", "left no line")),
        *(("elsewhere", "not there"), ("nowhere", "no expression"), ("a header", "not there")),
        *(("no words", "diagnostics"), ("no outcome", "resourceType"), ("well", "")),
    ],
)
def test_what_is_answered_wrongly_is_seen(there: Stand, fault: str, seen: str) -> None:
    there.app.router.routes.insert(0, Route(f"{WHERE}/{{rest}}", _faulty, methods=["POST"]))
    sent = Sent("POST", f"{WHERE}/{fault}", {"resourceType": "Location", "name": "x"})
    if not seen:
        there.judge(sent)
        return
    with pytest.raises((AssertionError, KeyError), match=seen):
        there.judge(sent)
