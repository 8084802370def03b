"""Signing in at the house's own place (OpenID Connect Core 1.0): code with PKCE and nonce, and how it was shown there.

Written for Keycloak and whatever speaks like it. What comes back is what the other side says of a person (`Said`);
who that is here, is decided by whoever asks: staff today, residents by BundID one day.
"""

import json
import secrets as random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from telemed.identity import staff
from telemed.identity.model import Actor, Role
from telemed.identity.staff_model import FRESH, STAFF, HouseRefused
from telemed.kit import settings
from telemed.kit.db import Tx
from telemed.kit.ids import from_base64, new_token, to_base64
from telemed.kit.logs import logger
from telemed.kit.refusal import NotFound
from telemed.kit.secrets import Secrets
from telemed.kit.settings import BadSetting

log = logger("oidc")
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
ASKED = "openid"
ON_THE_WAY = timedelta(minutes=10)
"""How long somebody may take over there."""
LEEWAY_S = 60
"""How far the clocks may differ."""
KNOWN_FOR_S = 600.0
TIMEOUT_S = 10.0
NONCE_BYTES = 12
BACK = "/anmelden/haus/zurueck"
"""Where people come back to; the other side must know it."""


@dataclass(frozen=True)
class Door:
    """What the operator set. *claim*: which word of the token says who it is here, like ``doctor:weiss``.

    *acr*, *amr*: one of these must stand in the token; where one is empty it is not asked. *secret*: empty for a public
    client. *back*: where people come back to.
    """

    issuer: str
    client_id: str
    secret: str
    acr: tuple[str, ...]
    amr: tuple[str, ...]
    claim: str
    back: str


@dataclass(frozen=True)
class Said:
    """What the other side said of a person. *then*: to which page she was on her way."""

    who: str
    shown_at: datetime
    then: str


class Provider:
    """The other side, asked over HTTP. What it says of itself is remembered for ten minutes."""

    def __init__(
        self, door: Door, http: httpx.Client | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.door = door
        self._http = http or httpx.Client(timeout=TIMEOUT_S, follow_redirects=False)
        self._monotonic = monotonic
        self._known: dict[str, tuple[Any, float]] = {}
        self._lock = threading.Lock()

    def about(self) -> dict[str, Any]:
        """Where its doors are (OpenID Connect Discovery 1.0, 4).

        Raises:
            HouseRefused: it does not answer, or says that it is another one.
        """
        found: dict[str, Any] = self._asked(f"{self.door.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.door.issuer:
            raise _refused("another issuer")
        return found

    def read(self, token: str) -> jwt.Token:
        """A token that it has signed, with a key of its list as it is now.

        Raises:
            HouseRefused: it has not.
        """
        where = self.about()["jwks_uri"]
        for anew in (False, True):  # keys are changed now and then
            keys = KeySet.import_key_set(self._asked(where, anew=anew))
            try:
                return jwt.decode(token, keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError) as error:
                why = type(error).__name__
        raise _refused(why)

    def redeem(self, code: str, verifier: str) -> dict[str, Any]:
        """The tokens for a *code* (RFC 6749, 4.1.3; RFC 7636, 4.5).

        Raises:
            HouseRefused: it gives none.
        """
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.door.back}
        form |= {"code_verifier": verifier, "client_id": self.door.client_id}
        auth = httpx.BasicAuth(self.door.client_id, self.door.secret) if self.door.secret else httpx.USE_CLIENT_DEFAULT
        try:
            answer = self._http.post(self.about()["token_endpoint"], data=form, auth=auth)
            given: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _refused(type(error).__name__) from None
        if answer.status_code != 200 or not isinstance(given.get("id_token"), str):
            raise _refused(f"HTTP {answer.status_code}")
        return given

    def _asked(self, url: str, *, anew: bool = False) -> Any:
        with self._lock:
            known, until = self._known.get(url, (None, 0.0))
            if known is not None and self._monotonic() < until and not anew:
                return known
            try:
                found = self._http.get(url).raise_for_status().json()
            except (httpx.HTTPError, ValueError) as error:
                raise _refused(type(error).__name__) from None
            self._known[url] = found, self._monotonic() + KNOWN_FOR_S
            return found


def read(
    issuer: str, client_id: str, secret: Path | None, *, acr: str, amr: str, claim: str, staff_url: str
) -> Provider | None:
    """What the operator set; None where it is nothing. *secret*: the file with it, None for a public client.

    Raises:
        BadSetting: the issuer would be spoken to without TLS, something is missing, or nothing says how strongly
            people must have shown over there who they are.
    """
    if not issuer:
        return None
    parts = urlsplit(issuer)
    is_here = parts.hostname in ("127.0.0.1", "localhost") or (parts.hostname or "").endswith(".localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise BadSetting("OIDC_ISSUER: is not like https://login.example/realms/house")
    words = {"acr": tuple(acr.split()), "amr": tuple(amr.split())}
    if not client_id or not claim or not any(words.values()):
        raise BadSetting("OIDC_ISSUER: it takes OIDC_CLIENT_ID, OIDC_CLAIM, and OIDC_ACR or OIDC_AMR as well")
    text = settings.secret(secret).decode().strip() if secret else ""
    return Provider(Door(issuer, client_id, text, claim=claim, back=f"{staff_url}{BACK}", **words))


def leave(provider: Provider, secrets: Secrets, *, then: str, anew: bool, now: datetime) -> tuple[str, str]:
    """Where to send a browser, and what it carries meanwhile, sealed. *anew*: she must show again who she is.

    Raises:
        HouseRefused: the other side does not answer.
    """
    door = provider.door
    carried = {"state": new_token(), "nonce": new_token(), "verifier": new_token(), "then": then, "anew": anew}
    carried["until"] = (now + ON_THE_WAY).timestamp()
    asked = {
        "response_type": "code",
        "client_id": door.client_id,
        "redirect_uri": door.back,
        "scope": ASKED,
        "state": carried["state"],
        "nonce": carried["nonce"],
        "code_challenge": create_s256_code_challenge(carried["verifier"]),
        "code_challenge_method": "S256",
    }
    if door.acr:
        asked["acr_values"] = " ".join(door.acr)
    if anew:
        asked |= {"prompt": "login", "max_age": "0"}
    return f"{provider.about()['authorization_endpoint']}?{urlencode(asked)}", _seal(secrets, carried)


def come_back(
    provider: Provider, secrets: Secrets, sealed: str, query: Mapping[str, str], *, now: datetime, real: datetime
) -> Said:
    """Who came back, as the other side says.

    Raises:
        HouseRefused: this browser has not left from here, or not lately; or the token is not for us, not for this
            way, too old, or made without what we ask for.
    """
    carried = _unseal(secrets, sealed)
    if carried["until"] <= now.timestamp() or not random.compare_digest(query.get("state", ""), carried["state"]):
        raise _refused("state")
    if query.get("iss", provider.door.issuer) != provider.door.issuer:  # RFC 9207
        raise _refused("iss")
    if "code" not in query:
        raise _refused("no code")
    given = provider.redeem(query["code"], carried["verifier"])
    claims = _checked(provider, given, carried, real)
    who = claims.get(provider.door.claim)
    if not isinstance(who, str):
        raise _refused("no claim")
    return Said(who, datetime.fromtimestamp(claims.get("auth_time", claims["iat"]), UTC), carried["then"])


def _checked(provider: Provider, given: Mapping[str, Any], carried: Mapping[str, Any], real: datetime) -> CodeIDToken:
    """The claims of an ID token (OpenID Connect Core 1.0, 3.1.3.7)."""
    door, token = provider.door, provider.read(given["id_token"])
    options = {"iss": {"essential": True, "value": door.issuer}, "aud": {"essential": True, "value": door.client_id}}
    params = {"client_id": door.client_id, "nonce": carried["nonce"], "access_token": given.get("access_token")}
    claims = CodeIDToken(token.claims, token.header, options, params)
    try:
        claims.validate(now=int(real.timestamp()), leeway=LEEWAY_S)
    except JoseError as error:
        raise _refused(type(error).__name__) from None
    if door.acr and claims.get("acr") not in door.acr:
        raise _refused("acr")
    if door.amr and not set(claims.get("amr") or ()) & set(door.amr):
        raise _refused("amr")
    too_old = real - timedelta(seconds=LEEWAY_S) - ON_THE_WAY
    if carried["anew"] and datetime.fromtimestamp(claims.get("auth_time") or 0, UTC) < too_old:
        raise _refused("auth_time")
    return claims


def of_staff(tx: Tx, said: Said) -> Actor:
    """Who of the staff it is.

    Raises:
        HouseRefused: nobody whom an operator has taken in, or somebody who was shut out.
    """
    role, _, subject = said.who.partition(":")
    try:
        return staff.member(tx, Actor(Role(role), subject)).actor if role in STAFF else _nobody()
    except (NotFound, ValueError):
        raise _refused("no member") from None


def _nobody() -> Actor:
    raise NotFound


def is_fresh(said: Said, real: datetime) -> bool:
    """Whether she has shown there just now who she is, and not hours ago."""
    return real - said.shown_at < FRESH


def _seal(secrets: Secrets, carried: Mapping[str, Any]) -> str:
    nonce = random.token_bytes(NONCE_BYTES)
    return to_base64(nonce + AESGCM(_key(secrets)).encrypt(nonce, json.dumps(carried).encode(), None))


def _unseal(secrets: Secrets, sealed: str) -> dict[str, Any]:
    try:
        data = from_base64(sealed)
        plain = AESGCM(_key(secrets)).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], None)
    except (InvalidTag, ValueError):
        raise _refused("not ours") from None
    carried: dict[str, Any] = json.loads(plain)
    return carried


def _key(secrets: Secrets) -> bytes:
    return secrets.derive("oidc", "what a browser carries")


def _refused(why: str) -> HouseRefused:
    log.warning("house_refused", why=why)
    return HouseRefused()
