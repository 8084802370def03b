"""Requests to the centre's whole app, each judged: no 5xx, nothing changed after a refusal, a path that is there."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import hypothesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from lxml import etree
from pysqlite3 import dbapi2

from telemed.fhir import xml
from telemed.fhir.issues import Malformed
from telemed.fhir.raw import parse, text_of
from telemed.identity import clients
from telemed.identity.allowed import EVERYONE
from telemed.identity.client_model import TOKEN_PATH
from telemed.identity.clients import Wanted
from telemed.interop.links_routes import MANIFEST, NDJSON
from tests.builders import SERVER, World
from tests.identity.programs import FORM, Signer, ec_key, key_set
from tests.interop.mutated import KNOWN, book_of, own
from tests.interop.mutated_more import Ground, anything
from tests.interop.mutating import JSON_TYPE, Sent
from tests.interop.program import app_of, auditing, bearer, token_of
from tests.subscribe.stage import ANY_APPOINTMENT, wish

OF_THE_BODY = frozenset({400, 409, 422})
"""Refusals of what is in the body, which therefore say where."""
LINES = frozenset({"people_act", "people_audit"})
"""Tables of what was asked and read: a refusal leaves its line there."""
MISSING = frozenset({"required", "business-rule"})
OAUTH = frozenset(
    {"invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type", "temporarily_unavailable"}
)
_STEP = re.compile(r"([A-Za-z_$][A-Za-z0-9_\-]*)((?:\[\d+\])*)")


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


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str
    content: bytes

    @property
    def value(self) -> Any:
        """
        Raises:
            ValueError: it is neither JSON nor XML, whatever it says.
        """
        is_xml = "xml" in self.content_type
        return json.loads(xml.to_json(self.content) if is_xml else self.content)


class Wire:
    """The ASGI app, asked without a client's machinery."""

    def __init__(self, app: FastAPI, token: str) -> None:
        self._app = app
        self._headers = {**bearer(token), "content-type": JSON_TYPE, "host": SERVER}
        self._runner = asyncio.Runner()
        self._asked_for = 0

    def ask(self, sent: Sent) -> Answer:
        self._asked_for += 1  # each from another address: tries are counted by it
        return self._runner.run(self._asked(sent))

    async def _asked(self, sent: Sent) -> Answer:
        path, _, query = sent.path.partition("?")
        body, given = sent.content, {**self._headers, **sent.headers}
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": sent.method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
            "client": (f"10.0.{self._asked_for // 250 % 250}.{self._asked_for % 250}", 1),
            "server": (SERVER, 443),
        }
        told: list[Mapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            told.append(message)

        try:
            await self._app(scope, receive, send)
        except Exception as error:  # what a server would answer with a 500
            return Answer(500, "text/plain", repr(error).encode())
        headers = dict(told[0]["headers"])
        content = b"".join(one.get("body", b"") for one in told[1:])
        return Answer(told[0]["status"], headers.get(b"content-type", b"").decode(), content)

    def close(self) -> None:
        self._runner.close()


class Touched:
    """Which tables a committed change has touched, as triggers write it down within the same transaction."""

    def __init__(self, path: str) -> None:
        self._look = dbapi2.connect(path, isolation_level=None)
        self._last = 0
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        tables = [name for (name,) in self._look.execute(names)]
        self._look.execute("CREATE TABLE touched (number INTEGER PRIMARY KEY, name TEXT)")
        for table in tables:
            for deed in ("INSERT", "UPDATE", "DELETE"):
                self._look.execute(
                    f"CREATE TRIGGER touched_{table}_{deed} AFTER {deed} ON {table} "
                    f"BEGIN INSERT INTO touched (name) VALUES ('{table}'); END"
                )

    def since(self) -> frozenset[str]:
        """Since it was asked last."""
        rows = self._look.execute("SELECT number, name FROM touched WHERE number > ?", [self._last]).fetchall()
        self._last = max([self._last, *(number for number, _ in rows)])
        return frozenset(name for _, name in rows)

    def close(self) -> None:
        self._look.close()


class Stand:
    """A centre with one appointment, one subscription and one registered program, and what is sent to it judged."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen = Seen()
        self.app = app_of(world)
        self._wire = Wire(self.app, token_of(world, "program", EVERYONE))
        self._touched = Touched(str(world.db.url.database))
        made = self._wire.ask(book_of(own(world.now, 0, id=KNOWN)))
        assert made.status == 201, made
        assert self._touched.since() >= {"booking", "booking_claim", "outbox_event"}, "what is booked is a change"
        self.ground = self._ground()
        self._touched.since()

    def _ground(self) -> Ground:
        day = self.world.now.date()
        found = self._value(
            Sent("GET", f"/fhir/Appointment/$find?start={day}&end={day + timedelta(days=9)}&_count=200")
        )
        subscribed = Sent("POST", "/fhir/Subscription", wish(ANY_APPOINTMENT, "https://practice.example/hear"))
        key = ec_key()
        with self.world.db.transaction() as tx:
            wanted = Wanted("theirs", ("system/Slot.rs",), (EVERYONE,), key_set=key_set(key))
            client = clients.register(tx, wanted, by="operator", now=self.world.now)
        offers = [entry["resource"]["id"] for entry in found["entry"]]
        signer = Signer(client.id, f"{self.world.centre.public_url}{TOKEN_PATH}", key)
        return Ground(self.world.now, self.world.clock, offers, self._value(subscribed)["id"], signer)

    def _value(self, sent: Sent) -> Any:
        answer = self._wire.ask(sent)
        assert answer.status in (200, 201), answer
        return answer.value

    def judge(self, sent: Sent) -> None:
        """
        Raises:
            AssertionError: it was not answered as it must be.
        """
        self.world.clock.forward(timedelta(seconds=5))
        answer = self._wire.ask(sent)
        touched = self._touched.since()
        self.seen.sent += 1
        self.seen.statuses[answer.status] = self.seen.statuses.get(answer.status, 0) + 1
        assert answer.status < 500, (sent, answer.content[:2000])
        try:
            said: Any = answer.value if answer.content and answer.content_type != NDJSON else None
        except (ValueError, Malformed):
            raise AssertionError(("no answer that can be read", sent, answer)) from None
        if answer.status < 400:
            _check_batch(sent, said, touched - LINES)
            return
        assert not touched - LINES, ("changed after a refusal", touched, sent)
        if sent.path.startswith(TOKEN_PATH) and sent.method == "POST":
            assert said["error"] in OAUTH, (sent, said)
            assert said["error_description"], (sent, said)
            return
        if not sent.path.startswith(MANIFEST) and answer.status != 401:
            assert touched & LINES, ("it left no line", sent)
        _check_outcome(sent, answer.status, said)

    def close(self) -> None:
        self._touched.close()
        self._wire.close()


def _check_batch(sent: Sent, said: Any, touched: frozenset[str]) -> None:
    """Each entry of a batch that was refused is a refusal; where all were, nothing has changed."""
    if not isinstance(said, dict) or said.get("type") != "batch-response":
        return
    responses = [one["response"] for one in said.get("entry", ())]
    refused = [one for one in responses if not one["status"].startswith("2")]
    assert not any(one["status"].startswith("5") for one in responses), (sent, responses)
    assert len(refused) < len(responses) or not touched, ("changed after a refusal", touched, sent)
    for one in refused:
        _check_outcome(sent, int(one["status"][:3]), one["outcome"])


def _check_outcome(sent: Sent, status: int, said: Any) -> None:
    """It says what is wrong, and where: each path names something that was sent."""
    if said.get("resourceType") == "Bundle":  # of IHE
        (said,) = (entry["resource"] for entry in said["entry"])
    assert said["resourceType"] == "OperationOutcome", (sent, said)
    issues, there = said["issue"], given_in(sent)
    for one in issues:
        assert all(one.get(name) for name in ("severity", "code", "diagnostics")), (sent, one)
        expressions = one.get("expression", [])
        for expression in expressions:
            assert there(expression), ("not there", expression, sent)
        assert expressions or status not in OF_THE_BODY or _has_no_place(sent, one), ("no expression", sent, one)


def _has_no_place(sent: Sent, issue: Mapping[str, Any]) -> bool:
    """What is missing in an address, a body that cannot be read, and an array in place of a resource."""
    if sent.method == "GET":
        return issue["code"] in MISSING
    body = _read(sent)
    is_patch = "json-patch" in sent.headers.get("content-type", "")
    return not body or not isinstance(body, dict | list) or (isinstance(body, list) and not is_patch)


def _read(sent: Sent) -> Any:
    """The body as a value; None if it has none."""
    try:
        content = xml.to_json(sent.content) if sent.is_xml else sent.content
        return parse(text_of(content))
    except Malformed:
        return None


def given_in(sent: Sent) -> Any:
    """Whether a path names something that was sent: a member of the body, a parameter or a header (``http.NAME``)."""
    body = _read(sent)
    query = parse_qsl(sent.path.partition("?")[2], keep_blank_values=True)
    if sent.headers.get("content-type") == FORM:
        query += parse_qsl(sent.content.decode("latin-1"), keep_blank_values=True)
    named = {name.partition(":")[0].partition(".")[0] for name, _ in query} | set(sent.headers)

    def there(expression: str) -> bool:
        if expression.startswith("http."):
            return expression.removeprefix("http.") in named
        if body is None and sent.is_xml:
            return _is_in_xml(sent.content, expression)
        return _is_in(body, expression)

    return there


def _steps(expression: str) -> list[str | int] | None:
    steps: list[str | int] = []
    for part in expression.split("."):
        found = _STEP.fullmatch(part)
        if found is None:
            return None
        steps += [found[1], *(int(one) for one in re.findall(r"\d+", found[2]))]
    return steps


def _is_in(whole: Any, expression: str) -> bool:
    """The first step is the resource's type, a member of it, ``$this``, or ``patch`` for an array of operations."""
    steps = _steps(expression)
    if not steps:
        return False
    top = {"$this": whole, "patch": whole} if not isinstance(whole, dict) else {**whole, "$this": whole}
    if isinstance(whole, dict) and isinstance(whole.get("resourceType"), str):
        top[whole["resourceType"]] = whole
    here: Any = top
    for n, step in enumerate(steps):
        if isinstance(step, int):
            if not isinstance(here, list) or step >= len(here):
                return False
            here = here[step]
        elif isinstance(here, dict) and step in here:
            beside = here.get(f"_{step}")
            is_primitive = not isinstance(here[step], dict | list)
            here = beside if is_primitive and isinstance(beside, dict) and steps[n + 1 :] else here[step]
        elif isinstance(here, dict) and f"_{step}" in here:
            here = here[f"_{step}"]
        else:
            return False
    return True


def _is_in_xml(content: bytes, expression: str) -> bool:
    """In a document that is no resource; what repeats is not counted."""
    steps = _steps(expression)
    try:
        root = etree.fromstring(content)
    except (etree.XMLSyntaxError, ValueError):
        return False
    here = [root]
    for n, step in enumerate(steps or ()):
        if isinstance(step, int):
            here = here[step : step + 1]
        else:
            here = here if n == 0 else [one for each in here for one in _children(each)]
            here = [one for one in here if etree.QName(one).localname == step]
    return bool(here)


def _children(node: Any) -> Iterator[Any]:
    """The resource in an element counts as the element."""
    for child in node.iterchildren(etree.Element):
        is_resource = etree.QName(child).localname[:1].isupper()
        yield from _children(child) if is_resource else (child,)


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
    @given(anything(there.ground))
    def each(sent: Sent) -> None:
        there.judge(sent)

    each()


def judged(there: Stand, count: int, *, seed: int) -> list[str]:
    """As `send`, to the end: what was wrong with each that was not answered as it must be."""
    wrong: list[str] = []

    @hypothesis.seed(seed)
    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(anything(there.ground))
    def each(sent: Sent) -> None:
        try:
            there.judge(sent)
        except AssertionError as error:
            wrong.append(str(error))

    each()
    return wrong
