"""TLS of our own servers after BSI TR-02102-2: 1.2 and 1.3, forward secrecy over P-256, AES-GCM."""

import ssl
from pathlib import Path

from telemed.kit.settings import BadSetting

SUITES = (
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES128-GCM-SHA256",
)
"""Of TLS 1.2. Those of 1.3 Python cannot choose: ops/openssl.cnf leaves ChaCha20 out, which that guideline lacks."""


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """For a server that has *certificate* (PEM, with its chain) and *key*.

    Raises:
        BadSetting: one cannot be read, or they do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(":".join(SUITES))
    context.set_ecdh_curve("prime256v1")
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError):
        raise BadSetting("the certificate and its key cannot be read, or do not belong together") from None
    return context
