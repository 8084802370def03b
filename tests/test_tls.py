"""The centre as a city runs it, with its own certificate: TLS after BSI TR-02102-2, and nothing weaker."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ops.programs import NAMES, Programs, free_port
from ops.relay import self_signed
from telemed.kit.settings import BadSetting
from telemed.kit.tls import server_context

HOST = "127.0.0.1"
WEAK = ("AES256-GCM-SHA384:AES128-SHA", "ECDHE+AES+SHA", "ECDHE+CHACHA20", "DHE+AESGCM", "@SECLEVEL=0:ALL:!ECDHE")


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Its port, and the certificate to trust."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = self_signed(folder, HOST)
    settings = {
        "TELEMED_CENTRE_TLS_CERTIFICATE": str(certificate),
        "TELEMED_CENTRE_TLS_KEY": str(key),
        "TELEMED_CENTRE_PUBLIC_URL": "https://zentrum.example",
    }
    ports = {name: free_port(0) for name in NAMES}
    with Programs(folder, ports=ports, extra=settings) as programs:
        programs.start("telemed")
        yield ports["telemed"], certificate


def agreed(port: int, client: ssl.SSLContext) -> str | None:
    """The suite that both speak, or None."""
    try:
        with socket.create_connection((HOST, port), 5) as plain, client.wrap_socket(plain, server_hostname=HOST) as tls:
            found = tls.cipher()
            return found[0] if found else None
    except (ssl.SSLError, ConnectionError):
        return None


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def test_a_browser_is_answered_and_told_to_come_by_tls_from_now_on(centre: tuple[int, Path]) -> None:
    port, certificate = centre
    with httpx.Client(verify=trusting(certificate), trust_env=False) as browser:
        answer = browser.get(f"https://{HOST}:{port}/health")
    assert answer.status_code == 200
    assert answer.headers["strict-transport-security"] == "max-age=63072000"


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_agree_on_aes_gcm(centre: tuple[int, Path], newest: ssl.TLSVersion) -> None:
    client = trusting(centre[1])
    client.maximum_version = newest
    assert agreed(centre[0], client) in ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLS_AES_256_GCM_SHA384")


@pytest.mark.parametrize("suites", WEAK)
def test_who_has_only_weaker_suites_is_refused(centre: tuple[int, Path], suites: str) -> None:
    client = trusting(centre[1])
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(suites)
    assert agreed(centre[0], client) is None


def test_who_has_only_an_older_version_or_another_curve_is_refused(centre: tuple[int, Path]) -> None:
    old = trusting(centre[1])
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("@SECLEVEL=0:ALL")
    assert agreed(centre[0], old) is None
    curved = trusting(centre[1])
    curved.set_ecdh_curve("secp521r1")
    assert agreed(centre[0], curved) is None


def test_plain_http_is_not_answered(centre: tuple[int, Path]) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://{HOST}:{centre[0]}/health", trust_env=False)


def test_a_certificate_without_its_key_stops_the_start(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path, HOST)
    (tmp_path / "other").mkdir()
    _, foreign = self_signed(tmp_path / "other", HOST)
    for wrong in (foreign, tmp_path / "none", certificate):
        with pytest.raises(BadSetting):
            server_context(certificate, wrong)
    assert server_context(certificate, key)
