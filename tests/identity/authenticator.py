"""An authenticator in software: makes passkeys and answers with them, as WebAuthn Level 3 has it (sections 6 and 7)."""

import hashlib
import json
from dataclasses import dataclass, field
from secrets import token_bytes
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from telemed.kit.ids import from_base64, to_base64

PRESENT, VERIFIED, ATTESTED = 1, 4, 64


@dataclass
class Kept:
    """One passkey: ES256, with the handle of whose it is."""

    id: bytes
    key: ec.EllipticCurvePrivateKey
    handle: bytes
    count: int = 0


@dataclass
class Authenticator:
    """Keeps one passkey. *origin*: what the browser says where it is. *verifies*: whether it asks for finger or PIN."""

    origin: str
    verifies: bool = True
    kept: list[Kept] = field(default_factory=list)

    def create(self, options: str) -> str:
        """What `navigator.credentials.create` returns for *options*, as JSON."""
        asked = json.loads(options)
        new = Kept(token_bytes(32), ec.generate_private_key(ec.SECP256R1()), from_base64(asked["user"]["id"]))
        self.kept.append(new)
        point = new.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        attested = bytes(16) + len(new.id).to_bytes(2, "big") + new.id + cbor2.dumps(cose)
        said = self._said(asked["rp"]["id"], ATTESTED, 0) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": said})
        response = {"clientDataJSON": self._seen("webauthn.create", asked), "attestationObject": to_base64(attestation)}
        return self._credential(new, response)

    def get(self, options: str, *, nth: int = -1) -> str:
        """What `navigator.credentials.get` returns for *options*, as JSON."""
        asked, used = json.loads(options), self.kept[nth]
        used.count += 1
        said, seen = self._said(asked["rpId"], 0, used.count), self._seen("webauthn.get", asked)
        signature = used.key.sign(said + hashlib.sha256(from_base64(seen)).digest(), ec.ECDSA(hashes.SHA256()))
        response = {"clientDataJSON": seen, "authenticatorData": to_base64(said), "signature": to_base64(signature)}
        return self._credential(used, {**response, "userHandle": to_base64(used.handle)})

    def _said(self, rp_id: str, flags: int, count: int) -> bytes:
        how = PRESENT | flags | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([how]) + count.to_bytes(4, "big")

    def _seen(self, kind: str, asked: dict[str, Any]) -> str:
        seen = {"type": kind, "challenge": asked["challenge"], "origin": self.origin, "crossOrigin": False}
        return to_base64(json.dumps(seen).encode())

    def _credential(self, used: Kept, response: dict[str, str]) -> str:
        return json.dumps(
            {"id": to_base64(used.id), "rawId": to_base64(used.id), "type": "public-key", "response": response}
        )
