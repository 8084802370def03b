"""What every edge of the centre is handed: built once in wiring, passed on, never a global."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from starlette.requests import HTTPConnection

from telemed.kit.clock import Clock
from telemed.kit.db import Database
from telemed.kit.secrets import Secrets
from telemed.web.origins import Area

T = TypeVar("T")


@dataclass(frozen=True)
class Centre:
    """The centre's parts.

    *server* is the name that machines are paired with; *public_url* begins the links that people get.
    *urls*: the areas with an address of their own.
    *operator_keys* are the public keys that may sign the roster: raw Ed25519, URL-safe base64.
    *live* holds what exists only while running (hub, lines), by type.
    """

    db: Database
    clock: Clock
    secrets: Secrets
    server: str
    public_url: str
    exercise: bool = False
    state_dir: Path = Path()
    operator_keys: tuple[str, ...] = ()
    urls: Mapping[Area, str] = field(default_factory=dict)
    live: dict[type, Any] = field(default_factory=dict)

    def url(self, area: Area) -> str:
        """Where links into *area* begin."""
        return self.urls.get(area) or self.public_url

    def the(self, kind: type[T]) -> T:
        """The live part of this type."""
        found: T = self.live[kind]
        return found


def centre_of(connection: HTTPConnection) -> Centre:
    centre: Centre = connection.app.state.centre
    return centre


async def _given(connection: HTTPConnection) -> Centre:
    """The same, as a dependency that needs no thread."""
    return centre_of(connection)


CentreDep = Annotated[Centre, Depends(_given)]
