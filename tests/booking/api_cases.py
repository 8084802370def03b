"""Made-up requests to the JSON API, from its own OpenAPI document (schemathesis): what fits, what does not, what books.

Much of what is drawn at random would be refused, so some cases are made to fit: a time that is offered, a person, the
key of a hold, the link of an appointment.
"""

from collections import Counter
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from telemed.booking.limits import Limits
from telemed.booking.planner import HORIZON
from telemed.booking.routes import Holds
from tests.booking.api import SOMMER, Program, make_app
from tests.builders import SERVICE, WITH_CUFF, World

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FITTING, SPOILT = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
MODES = (FITTING, FITTING, SPOILT)
"""Two of three requests are as the document wants them."""
KEYS = 40
"""So many callers' keys there are, so that some come again."""
HOLDS = 12
"""So many holds an address may have here, so that soon one has too many."""
MANY = 1_000_000
"""Bookings are not limited here: what is looked at is how each is answered."""
PLACES = 4
"""One of so many requests comes from elsewhere; the others are from one address, so that it holds too many."""


@dataclass(frozen=True)
class Made:
    """One request. *fits*: the parts that are replaced by something that is really there, which *which* chooses."""

    case: Any
    fits: frozenset[str]
    which: int


@dataclass
class Cases:
    """Asks the API of *world*, and counts how it answered."""

    world: World
    answered: Counter[tuple[str, int]] = field(default_factory=Counter)
    links: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    offered: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.centre.live[Holds] = Holds(allowed=HOLDS)
        self.world.centre.live[Limits] = Limits(MANY, MANY, MANY)
        self._app = make_app(self.world.centre)
        self._program = Program(self._app)
        self._asked = 0
        self._api = schemathesis.openapi.from_asgi("/api/openapi.json", self._elsewhere(self._app))

    def run(self, count: int, *, starting: int) -> None:
        """Ask *count* times, the same for the same *starting* seed.

        Raises:
            schemathesis.errors.Failure: an answer is none that the document names.
        """

        @seed(starting)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(self._made())
        def ask(made: Made) -> None:
            self._ask(made)

        ask()

    @property
    def total(self) -> int:
        return self.answered.total()

    @property
    def summary(self) -> str:
        """How often it was answered with which status."""
        by_status: Counter[int] = Counter()
        for (_, status), n in self.answered.items():
            by_status[status] += n
        return ", ".join(f"{n} × {status}" for status, n in sorted(by_status.items()))

    def with_status(self, status: int, path: str = "") -> int:
        """How many were answered so, at paths that begin with *path*."""
        return sum(n for (asked, told), n in self.answered.items() if told == status and asked.startswith(path))

    def _made(self) -> st.SearchStrategy[Made]:
        read = [result for result in self._api.get_all_operations() if isinstance(result, Ok)]
        assert len(read) == len(list(self._api.get_all_operations()))
        drawn = [result.ok().as_strategy(generation_mode=mode) for result in read for mode in MODES]
        parts = st.frozensets(st.sampled_from(["offer", "person", "key", "link", "wish"]), max_size=5)
        parts = st.just(frozenset({"offer", "person", "key", "link", "wish"})) | parts
        return st.builds(Made, st.one_of(drawn), parts, st.integers(0, 10_000))

    def _ask(self, made: Made) -> None:
        self._asked += 1
        case = made.case
        self._fit(case, made)
        answer = case.call()
        self.answered[(f"{case.method} {case.path}", answer.status_code)] += 1
        case.validate_response(answer, checks=CHECKS)
        self._remember(answer)
        if self._asked % 50 == 0:
            self.world.clock.forward(timedelta(minutes=5))

    def _fit(self, case: Any, made: Made) -> None:
        headers, body = case.headers, case.body
        if "key" in made.fits and "Idempotency-Key" in headers:
            headers["Idempotency-Key"] = f"{made.which % KEYS:022d}"
        tokens = self.waiting if "/waiting/own" in case.path else self.links
        if "link" in made.fits and "Link-Token" in headers and tokens:
            headers["Link-Token"] = tokens[made.which % len(tokens)]
        if "wish" in made.fits and case.path.endswith("/offers") and isinstance(case.query, MutableMapping):
            case.query["service"] = (SERVICE, WITH_CUFF)[made.which % 2]
        if isinstance(body, MutableMapping):
            self._fit_body(body, made)

    def _fit_body(self, body: MutableMapping[str, Any], made: Made) -> None:
        if "offer" in made.fits and "offer" in body:
            body["offer"] = self._offer(made.which)
        if "person" in made.fits and "person" in body:
            body["person"] = dict(SOMMER)
        if "wish" in made.fits and "wish" in body:
            until = self.world.now + HORIZON
            body["wish"] = {"service": SERVICE, "earliest": self.world.now.isoformat(), "latest": until.isoformat()}

    def _offer(self, which: int) -> dict[str, Any]:
        """What is offered now; every third time what was, and may be taken."""
        if which % 3 == 0 and self.offered:
            return self.offered[which % len(self.offered)]
        late = self.world.now + HORIZON * (which % 90) / 100
        self.offered += self._program.offers(earliest=late.isoformat(), limit=1)
        return self.offered[-1]

    def _remember(self, answer: Any) -> None:
        if answer.status_code == 201 and "link_token" in answer.json():
            kept = self.links if "ticket" in answer.json() else self.waiting
            kept.append(answer.json()["link_token"])

    def _elsewhere(self, app: FastAPI) -> ASGIApp:
        """The same app, asked from several addresses."""

        async def moved(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "client": (f"192.0.2.{self._asked % PLACES == 0:d}", 4711)}, receive, send)

        return moved
