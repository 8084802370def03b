"""Requests over the ASGI app, each judged: never a 5xx, nothing changed after a refusal, a path that is there."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import hypothesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from pysqlite3 import dbapi2

from telemed.fhir import paths
from telemed.identity import granted
from telemed.identity import service as identity
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor, Role
from telemed.interop import operations, routes
from telemed.web import refusals
from tests.builders import TUESDAY, World
from tests.interop.mutated import KNOWN, Sent, anything, book_of, own
from tests.interop.program import auditing
from tests.web.apps import make_pages

WITH_BODY = frozenset({400, 409, 422})
JSON_TYPES = "application/fhir+json"


@dataclass
class Seen:
    """What became of all that was sent."""

    sent: int = 0
    statuses: dict[int, int] = field(default_factory=dict)

    def __str__(self) -> str:
        said = ", ".join(f"{count} × {status}" for status, count in sorted(self.statuses.items()))
        return f"{self.sent} mutated resources and parameters: {said}"

    def add(self, other: "Seen") -> None:
        self.sent += other.sent
        for status, count in other.statuses.items():
            self.statuses[status] = self.statuses.get(status, 0) + count


class Wire:
    """The ASGI app, asked without a client's machinery."""

    def __init__(self, world: World) -> None:
        self._app = FastAPI()
        self._app.state.centre = world.centre
        refusals.install(self._app, make_pages(), edges=routes.EDGES)
        self._app.include_router(operations.routes)
        self._app.include_router(routes.routes)
        self._runner = asyncio.Runner()
        with world.db.transaction() as tx:
            granted.work_for(tx, "program", [EVERYONE])
            self._token = identity.give_bearer(tx, Actor(Role.CLIENT, "program"), now=world.now)

    def ask(self, sent: Sent) -> tuple[int, bytes]:
        body = b"" if sent.value is None else json.dumps(sent.value).encode()
        return self._runner.run(self._asked(sent, body))

    async def _asked(self, sent: Sent, body: bytes) -> tuple[int, bytes]:
        path, _, query = sent.path.partition("?")
        given = {"authorization": f"Bearer {self._token}", "content-type": JSON_TYPES, **sent.headers}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": sent.method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("centre.test", 443),
        }
        told: list[Mapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            told.append(message)

        try:
            await self._app(scope, receive, send)
        except Exception as error:  # what a server would answer with a 500
            return 500, repr(error).encode()
        return told[0]["status"], b"".join(one.get("body", b"") for one in told[1:])

    def close(self) -> None:
        self._runner.close()


class Stand:
    """A centre with one appointment, and what is sent to it judged."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen = Seen()
        self._wire = Wire(world)
        self._look = dbapi2.connect(str(world.db.url.database), isolation_level=None)
        before, made = self._version(), self._wire.ask(book_of(own(world.now, 0, id=KNOWN)))
        assert made[0] == 201, made
        assert self._version() != before, "what is booked is seen as a change"

    def judge(self, sent: Sent) -> None:
        """
        Raises:
            AssertionError: it was not answered as it must be.
        """
        before = self._version()
        status, content = self._wire.ask(sent)
        self.seen.sent += 1
        self.seen.statuses[status] = self.seen.statuses.get(status, 0) + 1
        assert status < 500, (sent, content[:2000])
        if status < 400:
            return
        assert self._version() == before, ("changed after a refusal", sent)
        issues = json.loads(content)["issue"]
        assert all(one["severity"] and one["code"] and one["diagnostics"] for one in issues)
        if sent.method != "GET" and status in WITH_BODY and isinstance(sent.value, dict | list) and sent.value:
            self._check_places(sent, issues)

    def _check_places(self, sent: Sent, issues: list[dict[str, Any]]) -> None:
        """Each names what is there, from the name of the whole on."""
        patch = isinstance(sent.value, list)
        for one in issues:
            (said,) = one.get("expression") or [""]
            if not said and sent.path.endswith("$book") and patch:
                continue  # no resource at all
            whole = {"patch": sent.value} if patch else sent.value
            expression = f"$.{said}" if patch else said
            assert said, ("no expression", sent, one)
            assert paths.nearest(expression, whole) == expression, ("not there", said, sent)

    def _version(self) -> int:
        """Changes with every commit of another connection that changed something."""
        found: int = self._look.execute("PRAGMA data_version").fetchone()[0]
        return found

    def close(self) -> None:
        self._look.close()
        self._wire.close()


@contextmanager
def stand(world: World) -> Iterator[Stand]:
    with auditing(world):
        made = Stand(world)
        try:
            yield made
        finally:
            made.close()


def send(there: Stand, count: int, *, seed: int) -> None:
    """*count* of them.

    Raises:
        AssertionError: one was not answered as it must be; Hypothesis says which.
    """

    @hypothesis.seed(seed)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(anything(TUESDAY))
    def each(sent: Sent) -> None:
        there.judge(sent)

    each()


def judged(there: Stand, count: int, *, seed: int) -> list[str]:
    """As `send`, to the end: what was wrong with each that was not answered as it must be."""
    wrong: list[str] = []

    @hypothesis.seed(seed)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(anything(TUESDAY))
    def each(sent: Sent) -> None:
        try:
            there.judge(sent)
        except AssertionError as error:
            wrong.append(str(error))

    each()
    return wrong
