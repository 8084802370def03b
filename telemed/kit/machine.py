"""A machine's own key, and how it proves at each connection that it has it (schemas.visit Challenge and Proof)."""

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from schemas.signalling import Role
from schemas.visit import Challenge, Proof
from telemed.kit.ids import from_base64, to_base64
from telemed.kit.trust import Me

DOMAIN = "telemed-machine-v1"


def new_challenge(server: str) -> Challenge:
    """A challenge that nobody saw before: 32 random bytes."""
    return Challenge(server=server, nonce=to_base64(secrets.token_bytes(32)))


def _signed(challenge: Challenge, machine_id: str) -> bytes:
    return "\n".join((DOMAIN, challenge.server, challenge.nonce, machine_id)).encode()


class MachineKey:
    """An Ed25519 key that never leaves this machine."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def load_or_make(cls, path: Path) -> "MachineKey":
        """The key in *path* (raw, 32 bytes, mode 0600), made on the first start."""
        if not path.exists():
            write_whole(path, Ed25519PrivateKey.generate().private_bytes_raw())
        return cls(Ed25519PrivateKey.from_private_bytes(path.read_bytes()))

    @property
    def public(self) -> str:
        """The public key as on the wire: raw 32 bytes, URL-safe base64."""
        return to_base64(self._private.public_key().public_bytes_raw())

    def prove(self, challenge: Challenge, machine_id: str) -> Proof:
        """The answer to *challenge*."""
        signature = self._private.sign(_signed(challenge, machine_id))
        return Proof(machine_id=machine_id, signature=to_base64(signature))

    def speaks(self, *, visit_id: str, peer_id: str, role: Role, fingerprint: str) -> Me:
        """This machine as an end of a visit's call; *fingerprint*: of its certificate there."""
        return Me(visit_id=visit_id, peer_id=peer_id, role=role, key=self._private, fingerprint=fingerprint)


def write_whole(path: Path, secret: bytes) -> None:
    """The file (mode 0600) has all of *secret* or is as it was, also when the power fails meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    with unfinished.open("wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name is on disk too
    finally:
        os.close(folder)


def proves(proof: Proof, challenge: Challenge, public_key: str) -> bool:
    """Whether *proof* answers *challenge* with the key *public_key*."""
    try:
        key = Ed25519PublicKey.from_public_bytes(from_base64(public_key))
        key.verify(from_base64(proof.signature), _signed(challenge, proof.machine_id))
    except (InvalidSignature, ValueError):
        return False
    return True
