"""The public keys of programs: a JWK Set (RFC 7517) that the operator pasted, or that is fetched where a program says.

Fetching is on the wire to addresses that somebody outside has chosen, so it is held short: https, no redirect, no
address of the own network, a few seconds, a few kilobytes, once a minute at the most.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, RSAKey

from telemed.identity.client_model import ALGORITHMS, KeyFault, KeysRefused
from telemed.kit.logs import logger
from telemed.kit.outside import Resolve, addresses_of, is_outside

log = logger("clients")

MOST_BYTES = 32 * 1024
MOST_KEYS = 20
SHORTEST_RSA = 2048
CURVE = "P-384"
"""ES384 is of this curve (RFC 7518, 3.4)."""
KNOWN_FOR_S = 600.0
AGAIN_AFTER_S = 60.0
"""A set is fetched anew so soon at the earliest: for a key that it lacks, or because it was not to be had."""
TAKES_S = 5.0


def read(text: str) -> tuple[Key, ...]:
    """The keys of a JWK Set that can check a signature of ours; there is at least one.

    Raises:
        KeysRefused: it says which rule the set breaks.
    """
    if len(text.encode()) > MOST_BYTES:
        raise KeysRefused(KeyFault.LARGE)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise KeysRefused(KeyFault.JSON) from None
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, dict) for key in keys):
        raise KeysRefused(KeyFault.SET)
    if len(keys) > MOST_KEYS:
        raise KeysRefused(KeyFault.LARGE)
    if any({"d", "k"} & set(key) for key in keys):
        raise KeysRefused(KeyFault.PRIVATE)
    usable = tuple(key for key in map(_usable, keys) if key is not None)
    kids = [key.kid for key in usable]
    if not usable:
        raise KeysRefused(KeyFault.NONE)
    if len(set(kids)) != len(kids):
        raise KeysRefused(KeyFault.KID)
    return usable


def _usable(given: dict[str, Any]) -> Key | None:
    """A key that fits one of our algorithms, and has a name."""
    named, kid = given.get("alg"), given.get("kid")
    if not isinstance(kid, str) or not kid or given.get("use", "sig") != "sig" or named not in (None, *ALGORITHMS):
        return None
    try:
        key = JWKRegistry.import_key(given)
        if isinstance(key, RSAKey):
            fits = key.public_key.key_size >= SHORTEST_RSA and named in (None, "RS384")
        else:
            fits = isinstance(key, ECKey) and given.get("crv") == CURVE and named in (None, "ES384")
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if fits else None


def check_address(url: str) -> None:
    """
    Raises:
        KeysRefused: it is not like https://program.example/jwks.json.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - asked for, because it may be none
    except ValueError:
        raise KeysRefused(KeyFault.ADDRESS) from None
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.fragment or not url.isascii():
        raise KeysRefused(KeyFault.ADDRESS)


class _NotHad(Exception):
    """A set could not be fetched."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class _Known:
    """What is known of one address. *at*: when it was asked last, by a monotonic clock."""

    keys: tuple[Key, ...] = ()
    at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


class KeySets:
    """Sets that are fetched, remembered for ten minutes.

    Args:
        inside: whether addresses of the own network are asked as well.
        http: makes what speaks; *resolve*: where a host is.
    """

    def __init__(
        self,
        *,
        inside: bool = False,
        http: httpx.Client | None = None,
        resolve: Resolve | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inside = inside
        self._http = http or httpx.Client(timeout=TAKES_S, follow_redirects=False, trust_env=False)
        self._resolve = resolve or addresses_of
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def key(self, url: str, kid: str) -> Key | None:
        """The key of this name; None if there is none, or the set is not to be had."""
        with self._lock:
            known = self._known.setdefault(url, _Known())
        with known.lock:
            age = self._monotonic() - known.at
            found = _named(known.keys, kid) if age < KNOWN_FOR_S else None
            if found is None and age >= AGAIN_AFTER_S:
                known.at, known.keys = self._monotonic(), self._fetched(url)
                found = _named(known.keys, kid)
            return found

    def _fetched(self, url: str) -> tuple[Key, ...]:
        try:
            return read(self._text(urlsplit(url)))
        except (httpx.HTTPError, OSError, ValueError, _NotHad, KeysRefused) as error:
            why = error.why if isinstance(error, _NotHad | KeysRefused) else type(error).__name__
            log.warning("keys of a program are not to be had", why=why)
            return ()

    def _text(self, url: SplitResult) -> str:
        """What is there.

        The address that was looked at is the one that is asked, so that a name cannot stand for another one a moment
        later; the certificate is that of the name.

        Raises:
            _NotHad: too large, too slow, not 200, or inside.
            httpx.HTTPError, OSError: it does not answer.
        """
        host, port = url.hostname or "", url.port or 443
        addresses = list(self._resolve(host, port))
        if not addresses or not (self._inside or all(map(is_outside, addresses))):
            raise _NotHad("an address inside")
        asked = httpx.URL(url.geturl()).copy_with(host=addresses[0])
        headers = {"host": url.netloc, "accept": "application/jwk-set+json, application/json"}
        end, body = self._monotonic() + TAKES_S, b""
        with self._http.stream("GET", asked, headers=headers, extensions={"sni_hostname": host}) as answer:
            if answer.status_code != 200:
                raise _NotHad("not 200")
            for part in answer.iter_bytes():
                body += part
                if len(body) > MOST_BYTES or self._monotonic() > end:
                    raise _NotHad("too large or too slow")
        return body.decode()


def _named(keys: Iterable[Key], kid: str) -> Key | None:
    return next((key for key in keys if key.kid == kid), None)
