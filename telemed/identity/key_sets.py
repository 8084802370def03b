"""The public keys of programs: a JWK Set (RFC 7517) that the operator pasted, or that is fetched where a program says.

Fetching is on the wire to addresses that somebody outside has chosen, so it is held short: https, no redirect, no
address of the own network, a few seconds, a few kilobytes, once a minute at the most.
"""

import asyncio
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
from telemed.kit.outside import NOTHING, Inside, Resolve, addresses_of

log = logger("clients")

MOST_BYTES = 32 * 1024
MOST_KEYS = 20
SHORTEST_RSA, LONGEST_RSA = 2048, 8192
CURVE = "P-384"
"""ES384 is of this curve (RFC 7518, 3.4)."""
KNOWN_FOR_S = 600.0
AGAIN_AFTER_S = 60.0
"""A set is fetched anew so soon at the earliest: for a key that it lacks, or because it was not to be had."""
TAKES_S = 5.0
"""From the connection to the last byte."""
AT_ONCE = 4
"""So many ask for the keys of one address at once; more would only wait, and take the place of others."""


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
            fits = SHORTEST_RSA <= key.public_key.key_size <= LONGEST_RSA and named in (None, "RS384")
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


class Busy(Exception):
    """So many ask for the keys of this address already, and it does not answer."""


@dataclass
class _Known:
    """What is known of one address. *at*: when it was asked last, *had_at*: and had, by a monotonic clock."""

    keys: tuple[Key, ...] = ()
    at: float = float("-inf")
    had_at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)
    places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))


class KeySets:
    """Sets that are fetched, remembered for ten minutes, also while they are not to be had.

    Args:
        inside: which addresses of the own network are asked as well.
        transport: what speaks; *resolve*: where a host is; *takes_s*: how long that may take.
    """

    def __init__(
        self,
        *,
        inside: Inside = NOTHING,
        transport: httpx.AsyncBaseTransport | None = None,
        resolve: Resolve | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        takes_s: float = TAKES_S,
    ) -> None:
        self._inside = inside
        self._takes_s = takes_s
        self._transport = transport
        self._resolve = resolve or addresses_of
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def key(self, url: str, kid: str) -> Key | None:
        """The key of this name; None if there is none, or the set is not to be had.

        Raises:
            Busy: the set is being fetched, and enough wait for it.
        """
        with self._lock:
            known = self._known.setdefault(url, _Known())
        found = self._remembered(known, kid)
        if found is not None:
            return found
        if not known.places.acquire(blocking=False):
            raise Busy
        try:
            with known.lock:
                return self._remembered(known, kid) or self._asked_for(known, url, kid)
        finally:
            known.places.release()

    def _remembered(self, known: _Known, kid: str) -> Key | None:
        return _named(known.keys, kid) if self._monotonic() - known.had_at < KNOWN_FOR_S else None

    def _asked_for(self, known: _Known, url: str, kid: str) -> Key | None:
        if self._monotonic() - known.at < AGAIN_AFTER_S:
            return None
        known.at = self._monotonic()
        keys = self._fetched(url)
        if keys:
            known.keys, known.had_at = keys, known.at
        return self._remembered(known, kid)

    def _fetched(self, url: str) -> tuple[Key, ...]:
        try:
            parts = urlsplit(url)
            return read(asyncio.run(self._text(parts, self._address(parts))))
        except (httpx.HTTPError, OSError, ValueError, TimeoutError, _NotHad, KeysRefused) as error:
            why = error.why if isinstance(error, _NotHad | KeysRefused) else type(error).__name__
            log.warning("keys of a program are not to be had", why=why)
            return ()

    def _address(self, url: SplitResult) -> str:
        addresses = list(self._resolve(url.hostname or "", url.port or 443))
        if not self._inside.allows(url.hostname or "", addresses):
            raise _NotHad("an address inside")
        return addresses[0]

    async def _text(self, url: SplitResult, address: str) -> str:
        """What is there.

        The address that was looked at is the one that is asked, so that a name cannot stand for another one a moment
        later; the certificate is that of the name. Each has a connection of its own: one that was opened for another
        name at this address would be taken for this one's.

        Raises:
            _NotHad: too large, packed, not 200, or inside.
            TimeoutError: too slow.
            httpx.HTTPError, OSError: it does not answer.
        """
        asked = httpx.URL(url.geturl()).copy_with(host=address)
        headers = {
            "host": url.netloc,
            "accept": "application/jwk-set+json, application/json",
            "accept-encoding": "identity",  # what is packed small may be endless
        }
        body = b""
        async with (
            asyncio.timeout(self._takes_s),
            httpx.AsyncClient(transport=self._transport, trust_env=False) as http,
            http.stream("GET", asked, headers=headers, extensions={"sni_hostname": url.hostname or ""}) as answer,
        ):
            if answer.status_code != 200 or answer.headers.get("content-encoding", "identity") != "identity":
                raise _NotHad("not 200, or packed")
            async for part in answer.aiter_raw():
                body += part
                if len(body) > MOST_BYTES:
                    raise _NotHad("too large")
        return body.decode()


def _named(keys: Iterable[Key], kid: str) -> Key | None:
    return next((key for key in keys if key.kid == kid), None)
