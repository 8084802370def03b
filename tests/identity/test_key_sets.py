"""The keys of programs: which of a set are used, and from where sets are fetched."""

import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc.jwk import RSAKey

from telemed.identity.client_model import KeysRefused
from telemed.identity.key_sets import AT_ONCE, Busy, check_address
from telemed.identity.key_sets import read as read_keys
from telemed.kit.outside import Inside, is_outside
from telemed.kit.settings import BadSetting
from tests.identity.programs import ec_key, key_set
from tests.identity.web_of_keys import URL, Web

EVERYWHERE = Inside.of("", "0.0.0.0/0,::/0")
P384 = ec_key().as_dict(private=False)


def test_of_a_set_only_the_keys_that_fit_are_used() -> None:
    short = RSAKey.generate_key(1024, {"kid": "short"})
    fits = ec_key("fits")
    given = [
        fits.as_dict(private=False),
        short.as_dict(private=False),
        {**P384, "kid": "enc", "use": "enc"},
        {**P384, "kid": "es512", "alg": "ES512"},
        {name: value for name, value in P384.items() if name != "kid"},
        {"kty": "OKP", "kid": "x"},
        {**P384, "kid": "bent", "x": "AA"},
    ]
    assert [key.kid for key in read_keys(json.dumps({"keys": given}))] == ["fits"]


def test_a_new_key_is_found_and_a_withdrawn_one_forgotten() -> None:
    web = Web()
    sets = web.sets()
    assert sets.key(URL, "theirs") is not None
    web.key = ec_key("newer")
    web.body = key_set(web.key)
    assert sets.key(URL, "newer") is None  # asked a moment ago
    web.at += 61
    assert sets.key(URL, "newer") is not None
    assert sets.key(URL, "theirs") is None
    web.status = 503
    web.at += 601
    assert sets.key(URL, "newer") is None
    assert sets.key(URL, "newer") is None
    assert len(web.asked) == 3


@pytest.mark.parametrize(
    ("status", "body"), [(302, "{}"), (404, "{}"), (200, "{"), (200, "x" * 40_000), (200, '{"keys": []}')]
)
def test_an_answer_that_is_no_key_set_has_no_keys(status: int, body: str) -> None:
    web = Web()
    web.status, web.body = status, body
    assert web.sets().key(URL, "theirs") is None
    assert len(web.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
        ),
        *("::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::"),
        *("::127.0.0.1", "fec0::1", "::", "2001:0:a00:1::", "fd00:ec2::254", "168.63.129.16"),
    ],
)
def test_nobody_makes_us_ask_the_own_network(address: str) -> None:
    web = Web()
    web.addresses = ["93.184.216.34", address]
    assert not is_outside(address)
    assert web.sets().key(URL, "theirs") is None
    assert web.asked == []
    web.addresses = [address.partition("%")[0]]
    assert web.sets(inside=EVERYWHERE).key(URL, "theirs") is not None


def test_of_the_own_network_only_that_is_asked_which_the_operator_names() -> None:
    web = Web()
    web.addresses = ["10.1.2.3"]
    assert web.sets(inside=Inside.of("", "10.2.0.0/16,praxis.test")).key(URL, "theirs") is None
    assert web.sets(inside=Inside.of("", "10.1.0.0/16")).key(URL, "theirs") is not None
    host = URL.split("/")[2]
    assert web.sets(inside=Inside.of("", f" praxis.test, {host} ")).key(URL, "theirs") is not None
    with pytest.raises(BadSetting, match="TELEMED_X"):
        Inside.of("TELEMED_X", "1")


def test_what_is_slow_or_packed_is_not_waited_for_and_keys_that_are_known_stay() -> None:
    web = Web()
    web.headers, web.body = {"content-encoding": "gzip"}, gzip.compress(web.body.encode()).decode("latin-1")
    assert web.sets().key(URL, "theirs") is None
    assert web.asked[0].headers["accept-encoding"] == "identity"
    web = Web()
    web.is_slow = True
    assert web.sets(takes_s=0.05).key(URL, "theirs") is None
    web.is_slow = False
    sets = web.sets()
    assert sets.key(URL, "theirs") is not None
    web.at, web.status = 70, 503
    assert sets.key(URL, "made up by a stranger, so that it is fetched anew") is None
    assert len(web.asked) == 3
    assert sets.key(URL, "theirs") is not None


def test_a_server_of_keys_that_hangs_takes_few_places() -> None:
    """Each place is a thread, of which there are few for all: of many who ask, a few wait, and all others are told."""
    web, hangs = Web(), threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        hangs.wait()
        return []

    sets, told = web.sets(resolve=resolve), threading.Semaphore(0)

    def ask() -> bool:
        try:
            return sets.key(URL, "theirs") is None
        except Busy:
            told.release()
            return False

    with ThreadPoolExecutor(2 * AT_ONCE) as threads:
        asked = [threads.submit(ask) for _ in range(2 * AT_ONCE)]
        for _ in range(AT_ONCE):
            told.acquire()
        hangs.set()
        assert [each.result() for each in asked].count(True) == AT_ONCE


@pytest.mark.parametrize(
    "url",
    [
        *("http://program.example/k", "https://", "https://a:b@program.example/", "https://program.example/#k"),
        *("https://program.example:x/", "file:///etc/passwd", "https://prögram.example/"),
    ],
)
def test_keys_are_fetched_by_tls_alone(url: str) -> None:
    with pytest.raises(KeysRefused):
        check_address(url)
