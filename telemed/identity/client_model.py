"""Programs that show who they are by a signature: SMART Backend Services (SMART App Launch 2.2). Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from telemed.kit.refusal import Refusal, Sense

TOKEN_PATH = "/fhir/auth/token"
ALGORITHMS = ("RS384", "ES384")
"""What a server must speak (SMART App Launch 2.2, client-confidential-asymmetric); never none, never a shared key."""
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
GRANT_TYPE = "client_credentials"
ASSERTION_LASTS = timedelta(minutes=5)
"""How far ahead the end of an assertion may lie."""
LEEWAY = timedelta(seconds=10)
"""How far the clocks may differ."""
TOKEN_LASTS = timedelta(minutes=5)
LONGEST_JTI = 256


@dataclass(frozen=True)
class Client:
    """A program that the operator has registered.

    *key_set*: a JWK Set as JSON (RFC 7517), or *key_set_url* where it is fetched; the other one is empty. *scopes*:
    what it may ask for. *registered_by*: the operator's subject. *used_at*: when it was given a token last.
    """

    id: str
    name: str
    scopes: tuple[str, ...]
    registered_by: str
    registered_at: datetime
    key_set: str = ""
    key_set_url: str = ""
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Granted:
    """An access token, for a moment; only its hash is kept."""

    token: str
    scopes: tuple[str, ...]


class TokenRefused(Exception):
    """No token, said as RFC 6749 5.2 does.

    *code*: the error code there; *why*: for whoever writes the client; it repeats nothing of what was sent.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(code)
        self.code = code
        self.why = why

    @property
    def status(self) -> int:
        return {"invalid_client": 401, "temporarily_unavailable": 503}.get(self.code, 400)


class KeyFault(StrEnum):
    """Which rule the keys of a program break."""

    LARGE = "large"
    JSON = "json"
    SET = "set"
    PRIVATE = "private"
    NONE = "none"
    KID = "kid"
    ADDRESS = "address"


class KeysRefused(Refusal):
    """The keys of a program cannot be used."""

    def __init__(self, why: KeyFault) -> None:
        super().__init__()
        self.why = why
        self.key = f"client.refusal.keys.{why}"


class ScopeRefused(Refusal):
    """Nothing that a program could be allowed."""

    key = "client.refusal.scope"


class NotRegistered(Refusal):
    sense = Sense.MISSING
    key = "client.refusal.unknown"
