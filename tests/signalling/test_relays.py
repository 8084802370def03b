"""The relays' credentials: as coturn reckons them, for one visit, for a short while, and no word of it elsewhere."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from telemed.kit.settings import BadSetting
from telemed.signalling import relays
from telemed.signalling.relays import LIFETIME, OwnRelays

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
URLS = "turn:relay.example:3478?transport=udp, turns:[2001:4860::1]:5349?transport=tcp"
OWN = OwnRelays(("turn:relay.example",), b"0123456789abcdef" * 2)


def test_a_credential_ends_when_it_says_and_its_password_is_the_hmac_of_its_name() -> None:
    (relay,) = OWN.given_for("visit-1", now=NOW)
    ends, _, _ = relay.username.partition(":")
    assert int(ends) == (NOW + LIFETIME).timestamp()
    assert relay.expires_at == NOW + LIFETIME
    expected = hmac.new(OWN.secret, relay.username.encode(), hashlib.sha1).digest()
    assert base64.b64decode(relay.credential) == expected


def test_each_end_has_its_own_name_that_belongs_to_the_visit_without_naming_it() -> None:
    names = [OWN.given_for(visit, now=NOW)[0].username for visit in ("visit-1", "visit-1", "visit-2")]
    visits = [name.partition(":")[2].partition(".")[0] for name in names]
    assert len(set(names)) == 3
    assert visits[0] == visits[1] != visits[2]
    assert "visit" not in "".join(names)


def test_they_are_renewed_long_before_they_end() -> None:
    assert OWN.renewed <= OWN.lifetime / 2
    assert OWN.lifetime <= timedelta(minutes=10)


def secret(folder: Path, text: str = "f" * 64, mode: int = 0o600) -> Path:
    path = folder / "relay_secret"
    path.write_text(text + "\n")
    path.chmod(mode)
    return path


def test_the_settings_are_read_and_the_secret_is_shown_nowhere(tmp_path: Path) -> None:
    own = relays.read(URLS, secret(tmp_path))
    assert own.urls == tuple(url.strip() for url in URLS.split(","))
    assert own.secret == b"f" * 64
    assert "f" * 64 not in repr(own)
    assert relays.read("", tmp_path / "none").given_for("visit-1", now=NOW) == ()


@pytest.mark.parametrize(
    ("urls", "text", "mode"),
    [
        ("http://relay.example", "f" * 64, 0o600),
        ("turn:relay.example?transport=sctp", "f" * 64, 0o600),
        ("turn:relay.example, nonsense", "f" * 64, 0o600),
        ("turn:relay.example", "f" * 30, 0o600),
        ("turn:relay.example", "f" * 64, 0o644),
    ],
)
def test_a_wrong_setting_stops_the_start_without_telling_the_secret(
    tmp_path: Path, urls: str, text: str, mode: int
) -> None:
    with pytest.raises(BadSetting) as refused:
        relays.read(urls, secret(tmp_path, text, mode))
    assert text not in str(refused.value)


def test_a_missing_secret_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(BadSetting):
        relays.read("turn:relay.example", tmp_path / "none")
