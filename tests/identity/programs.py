"""A program of somebody else's, with a key of its own: signs assertions as SMART Backend Services wants them."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet

from telemed.identity.client_model import ASSERTION_TYPE

FORM = "application/x-www-form-urlencoded"


def ec_key(kid: str = "k1", curve: str = "P-384") -> ECKey:
    return ECKey.generate_key(curve, {"kid": kid})


def key_set(*keys: Key, private: bool = False) -> str:
    return json.dumps(KeySet(list(keys)).as_dict(private=private))


@dataclass
class Signer:
    """*client_id*: as it was registered; *audience*: the token endpoint."""

    client_id: str
    audience: str
    key: Key = field(default_factory=ec_key)
    alg: str = "ES384"

    def assertion(self, now: datetime, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Good for four minutes; *header* and *claims* say it otherwise, None leaves out."""
        said = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.audience,
            "exp": int(now.timestamp()) + 240,
            "jti": uuid4().hex,
            **claims,
        }
        heads = {"alg": self.alg, "kid": self.key.kid, **(header or {})}
        kept = [{name: value for name, value in one.items() if value is not None} for one in (heads, said)]
        return jwt.encode(kept[0], kept[1], self.key, algorithms=[self.alg])

    def form(self, now: datetime, scope: str = "system/Slot.rs", **more: Any) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            "scope": scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.assertion(now, **more),
        }
