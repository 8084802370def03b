"""Web Push as bytes: encryption for one browser, and the proof of who sends (RFC 8291, RFC 8188, RFC 8292). Pure."""

import base64
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from telemed.notify.model import PushRefused

CURVE = ec.SECP256R1()
SALT_BYTES = 16
RECORD_BYTES = 4096
"""One record holds all (RFC 8188, 2.1); push services take 4,096 bytes at the least."""
LONGEST = RECORD_BYTES - 16 - 21 - 65 - 1
LAST_RECORD = b"\x02"
TOKEN_LASTS_S = 12 * 3600
"""RFC 8292, 2: at most 24 hours."""


SERVICES = (
    "fcm.googleapis.com",
    ".push.services.mozilla.com",
    ".notify.windows.com",
    ".push.apple.com",
)
"""Of the browsers that people have; the body that passes through them is sealed for the browser."""


@dataclass(frozen=True)
class Subscription:
    """What a browser hands out (Push API): where to send, its public key and its secret, URL-safe base64."""

    endpoint: str
    p256dh: str
    auth: str

    def to_bytes(self) -> bytes:
        return json.dumps([self.endpoint, self.p256dh, self.auth]).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Subscription":
        endpoint, p256dh, auth = json.loads(data)
        return cls(endpoint, p256dh, auth)


def check(subscription: Subscription, hosts: Collection[str] = SERVICES) -> None:
    """Whether we send there: an address that somebody hands in may not lead the centre into networks of its own.

    *hosts*: of push services; one that begins with a dot stands for all below it, one with ``http://`` for an address
    of an exercise.

    Raises:
        PushRefused: its address is none of them, or its keys are none.
    """
    address = urlsplit(subscription.endpoint)
    host = address.hostname or ""
    named = any(host == one or (one.startswith(".") and host.endswith(one)) for one in hosts)
    is_public = address.scheme == "https" and named and address.netloc == host
    if not (is_public or f"{address.scheme}://{address.netloc}" in hosts):
        raise PushRefused
    try:
        _public_key(subscription)
        if len(decoded(subscription.auth)) != SALT_BYTES:
            raise PushRefused
    except ValueError:
        raise PushRefused from None


def encrypt(
    plain: bytes, to: Subscription, *, key: ec.EllipticCurvePrivateKey | None = None, salt: bytes = b""
) -> bytes:
    """*plain* as the body of a push request: ``aes128gcm``, one record (RFC 8291, 3.4 and 4).

    *key* and *salt* are made anew for each message; given only to compare with the RFC's example.
    """
    own, salt = key or ec.generate_private_key(CURVE), salt or os.urandom(SALT_BYTES)
    theirs, ours = _raw(_public_key(to)), _raw(own.public_key())
    shared = own.exchange(ec.ECDH(), _public_key(to))
    info = b"WebPush: info\x00" + theirs + ours
    secret = HKDF(hashes.SHA256(), 32, decoded(to.auth), info).derive(shared)
    content_key = _hkdf(secret, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _hkdf(secret, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return header + AESGCM(content_key).encrypt(nonce, plain + LAST_RECORD, b"")


def _hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def authorization(endpoint: str, key: ec.EllipticCurvePrivateKey, *, contact: str, now_s: int) -> str:
    """The header that says who sends: a JWT signed with ES256 (RFC 8292, 2 and 3).

    *contact*: where a push service reaches the operator, ``mailto:`` or ``https:``. *now_s*: real time, since 1970.
    """
    address = urlsplit(endpoint)
    claims = {"aud": f"{address.scheme}://{address.netloc}", "exp": now_s + TOKEN_LASTS_S, "sub": contact}
    signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
    r, s = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = encoded(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature}, k={public_text(key)}"


def public_text(key: ec.EllipticCurvePrivateKey) -> str:
    """The public key as browsers want it (``applicationServerKey``)."""
    return encoded(_raw(key.public_key()))


def new_key() -> bytes:
    """A key of this centre's own, as PEM."""
    return ec.generate_private_key(CURVE).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def read_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """
    Raises:
        ValueError: it is no such key.
    """
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != CURVE.name:
        raise ValueError("not a key on P-256")
    return key


def _public_key(to: Subscription) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decoded(to.p256dh))


def _raw(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _json(what: Mapping[str, object]) -> str:
    return encoded(json.dumps(what, separators=(",", ":")).encode())


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """
    Raises:
        ValueError: it is not base64.
    """
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
