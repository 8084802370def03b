"""A practice's own FHIR server, as small as it can be and still say no: one transaction at a time, all or nothing.

It takes what R4 says of transactions (http.html#transaction) as far as the doctor's page uses it: ``ifNoneExist``,
conditional update, a conditional reference to the one patient with a number. Each resource must be valid R4.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote

from fhir.resources.R4B import get_fhir_model_class

PATH = "/fhir"


class Refused(Exception):
    """The transaction is refused whole."""


@dataclass
class Practice:
    """*patients*: the numbers it knows. *status*: answer this instead, where it is set. *asked*: requests that came."""

    patients: frozenset[str] = frozenset({"P-4711"})
    key: str = ""
    status: int = 0
    address: str = ""
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)

    def answer(self, bundle: dict[str, Any]) -> dict[str, Any]:
        """What the sender of a transaction is told."""
        entry = [{"response": {"status": status}} for status in self.take(bundle)]
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": entry}

    def take(self, bundle: dict[str, Any]) -> list[str]:
        """The status of each entry.

        Raises:
            Refused: one of them cannot be taken.
        """
        if (bundle["resourceType"], bundle["type"]) != ("Bundle", "transaction"):
            raise Refused("no transaction")
        kept = dict(self.kept)
        statuses = [self._one(kept, **entry) for entry in bundle["entry"]]
        self.kept = kept
        return statuses

    def _one(self, kept: dict[str, dict[str, Any]], resource: dict[str, Any], request: dict[str, str]) -> str:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        number = resource["subject"]["reference"].removeprefix("Patient?identifier=")
        if unquote(number) not in self.patients:
            raise Refused("no such patient")
        wanted = request.get("ifNoneExist") or request["url"].partition("?")[2]
        identifier = resource["identifier"][0]
        if unquote(wanted) != f"identifier={identifier['system']}|{identifier['value']}":
            raise Refused("not its own identifier")
        known = wanted in kept
        if request["method"] == "POST" and known:
            return "200 OK"
        kept[wanted] = resource
        return "200 OK" if known else "201 Created"


def _handler(practice: Practice) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_OPTIONS(self) -> None:
            self._answer(204, b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            practice.bodies.append(body)
            practice.origins.append(self.headers.get("origin", ""))
            key = self.headers.get("authorization", "").removeprefix("Bearer ")
            status, answer = 200, {"resourceType": "OperationOutcome"}
            if practice.status or self.path != PATH or key != practice.key or self.headers.get("cookie"):
                status = practice.status or (404 if self.path != PATH else 401)
            else:
                try:
                    answer = practice.answer(json.loads(body))
                except (Refused, ValueError, KeyError):
                    status = 422
            self._answer(status, json.dumps(answer).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("access-control-allow-origin", self.headers.get("origin", "null"))
            self.send_header("access-control-allow-headers", "content-type, accept, authorization")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Values stay out of the tests' output."""

    return Handler


@contextmanager
def practice_server(**practice: Any) -> Iterator[Practice]:
    """The server, in a thread; its address ends in `PATH`."""
    found = Practice(**practice)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    found.address = f"http://127.0.0.1:{server.server_port}{PATH}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
