"""The centre's two secrets, and what is derived from them."""

import base64
import hmac
from dataclasses import dataclass


@dataclass(frozen=True)
class Secrets:
    """*key_of_keys* wraps each person's key; *pepper* derives and hashes what people hold in their hands.

    Both have 32 bytes.
    """

    key_of_keys: bytes
    pepper: bytes

    def derive(self, purpose: str, seed: str) -> bytes:
        """32 bytes that only who knows the pepper can tell from *seed* (HMAC-SHA-256, RFC 2104)."""
        return hmac.digest(self.pepper, f"{purpose}\n{seed}".encode(), "sha256")

    def fingerprint(self, purpose: str, secret: str) -> str:
        """What is stored in place of a short secret: useless without the pepper."""
        return base64.urlsafe_b64encode(self.derive(purpose, secret)).rstrip(b"=").decode()
