"""The relays (TURN) that an end of a visit may use, with credentials that are good for a short while.

They are made as coturn's ``use-auth-secret`` wants them (draft-uberti-behave-turn-rest-00): the user name begins with
the second in which they end, and the password is an HMAC of it, so the relay needs no list of users. What follows in
the name is the visit, veiled, and a number of this end's own: nobody can use them for longer, and a stranger who sees
the name learns nothing. Decision 0013 says why they last so long and no longer.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from schemas.signalling import Relay
from telemed.kit import settings
from telemed.kit.settings import BadSetting

LIFETIME = timedelta(minutes=10)
"""What is set up by then goes on after it; a new connection needs new ones."""
RENEWED = timedelta(minutes=5)
"""So whoever loses the centre can still connect anew for five minutes or more."""

_URL = re.compile(r"(?:turns?|stuns?):(?:[A-Za-z0-9.\-]+|\[[0-9a-f:]+\])(?::\d{1,5})?(?:\?transport=(?:udp|tcp))?")


@dataclass(frozen=True)
class OwnRelays:
    """*urls* of one server, as RFC 7065 writes them; none: ends use no relay. *secret* is shared with it."""

    urls: tuple[str, ...] = ()
    secret: bytes = field(default=b"", repr=False)
    lifetime: timedelta = LIFETIME
    renewed: timedelta = RENEWED

    def given_for(self, visit_id: str, *, now: datetime) -> tuple[Relay, ...]:
        """Fresh credentials for one end of a visit. *now* is real time, as the relay's clock has it."""
        if not self.urls:
            return ()
        ends = int((now + self.lifetime).timestamp())
        username = f"{ends}:{self._veiled(visit_id)}.{secrets.token_hex(4)}"
        password = hmac.digest(self.secret, username.encode(), hashlib.sha1)
        return (
            Relay(
                urls=self.urls,
                username=username,
                credential=base64.b64encode(password).decode(),
                expires_at=datetime.fromtimestamp(ends, UTC),
            ),
        )

    def _veiled(self, visit_id: str) -> str:
        return hmac.digest(self.secret, f"telemed-relay-visit-v1\n{visit_id}".encode(), hashlib.sha256).hex()[:16]


def read(urls: str, secret: Path) -> OwnRelays:
    """*urls*: comma separated, ``turn:host:port?transport=udp`` and the like; none: no relay. *secret*: the file with
    the text that stands in the relay's ``static-auth-secret``.

    Raises:
        BadSetting: a URL is none, or the secret is missing, too short, or readable by others.
    """
    listed = tuple(url.strip() for url in urls.split(",") if url.strip())
    if not listed:
        return OwnRelays()
    if not all(_URL.fullmatch(url) for url in listed):
        raise BadSetting("a relay's URL is not like turn:host:port?transport=udp")
    return OwnRelays(listed, settings.secret(secret).strip())
