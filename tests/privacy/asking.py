"""Asks the centre's whole app directly, and looks what the audit holds at the moment the answer leaves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import FastAPI
from sqlalchemy import func, select
from starlette.types import Message, Scope

from telemed.kit.db import Database
from telemed.people.store import audit_lines

HOST = "zentrum.localhost"
Audited = Mapping[tuple[str, str, str], int]
"""How many lines there are, by person, role and subject."""


@dataclass
class Answered:
    """*audited*: the audit when the first byte left; whatever is written later came too late."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    audited: Audited = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def is_shut(self) -> bool:
        """Whether whoever asked was not let in, or there is no such thing for her."""
        to = self.headers.get("location", "")
        return self.status in (401, 403, 404, 410) or (self.status == 303 and to.startswith("/anmelden"))


@dataclass(frozen=True)
class Sent:
    """What a browser sends. *by_script*: as a script of our own page does; else as a form."""

    method: str
    path: str
    cookies: str = ""
    bearer: str = ""
    body: bytes = b""
    content_type: str = ""
    by_script: bool = True

    @property
    def scope(self) -> Scope:
        raw, _, query = self.path.partition("?")
        headers = {
            "host": HOST,
            "accept": "text/html",
            "sec-fetch-site": "same-origin",
            "sec-fetch-mode": "cors" if self.by_script else "navigate",
            "cookie": self.cookies,
            "authorization": f"Bearer {self.bearer}" if self.bearer else "",
            "content-type": self.content_type,
            "content-length": str(len(self.body)),
        }
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "https",
            "path": raw,
            "raw_path": raw.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items() if value],
            "client": ("192.0.2.9", 4711),
            "server": (HOST, 443),
            "state": {},
        }


async def ask(app: FastAPI, db: Database, sent: Sent) -> Answered:
    """One request."""
    answered, asked = Answered(), [{"type": "http.request", "body": sent.body, "more_body": False}]

    async def receive() -> Message:
        return asked.pop() if asked else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.status = message["status"]
            answered.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            answered.audited = audited(db)
        elif message["type"] == "http.response.body":
            answered.body += message.get("body", b"")

    await app(sent.scope, receive, send)
    return answered


def audited(db: Database) -> Audited:
    """What the audit holds on disk."""
    line = audit_lines.c
    wanted = select(line.person_id, line.role, line.subject, func.count())
    with db.reading() as tx:
        rows = tx.execute(wanted.group_by(line.person_id, line.role, line.subject))
        return {(row[0], row[1], row[2]): row[3] for row in rows}
