"""Web push as bytes: the RFC's own example, another library's decryption, and who may be sent to."""

import json
import os

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from telemed.notify import push
from telemed.notify.model import PushRefused
from telemed.notify.push import Subscription

RFC_8291_A = {
    "plain": "V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24",
    "as_private": "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
    "ua_public": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    "salt": "DGv6ra1nlYgDCS1FRnbzlw",
    "body": "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK"
    "6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
}
HTTPS = "https://fcm.googleapis.com/fcm/send/abc"


def browser(endpoint: str = HTTPS) -> tuple[Subscription, ec.EllipticCurvePrivateKey, bytes]:
    key, auth = ec.generate_private_key(push.CURVE), os.urandom(16)
    return Subscription(endpoint, push.public_text(key), push.encoded(auth)), key, auth


def test_the_example_of_the_rfc_comes_out_to_the_byte() -> None:
    of = {name: push.decoded(text) for name, text in RFC_8291_A.items()}
    key = ec.derive_private_key(int.from_bytes(of["as_private"], "big"), push.CURVE)
    to = Subscription("https://push.example.net/p", RFC_8291_A["ua_public"], RFC_8291_A["auth"])
    assert push.encrypt(of["plain"], to, key=key, salt=of["salt"]) == of["body"]


@given(st.binary(max_size=push.LONGEST))
@settings(max_examples=25)
def test_another_library_reads_what_we_seal_with_the_browser_s_own_key(plain: bytes) -> None:
    to, key, auth = browser()
    body = push.encrypt(plain, to)
    assert http_ece.decrypt(body, private_key=key, auth_secret=auth, version="aes128gcm") == plain
    assert plain not in body or len(plain) < 8


def test_who_sends_is_proven_for_one_push_service() -> None:
    key = push.read_key(push.new_key())
    header = push.authorization(HTTPS, key, contact="mailto:betrieb@example.org", now_s=1000)
    token, public = header.removeprefix("vapid t=").split(", k=")
    signed, _, signature = token.rpartition(".")
    head, claims = (json.loads(push.decoded(part)) for part in signed.split("."))
    assert head == {"typ": "JWT", "alg": "ES256"}
    assert claims == {"aud": "https://fcm.googleapis.com", "exp": 1000 + 12 * 3600, "sub": "mailto:betrieb@example.org"}
    raw = push.decoded(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    known = ec.EllipticCurvePublicKey.from_encoded_point(push.CURVE, push.decoded(public))
    known.verify(utils.encode_dss_signature(r, s), signed.encode(), ec.ECDSA(SHA256()))
    assert public == push.public_text(key)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://user@fcm.googleapis.com/x",
        "https://localhost/x",
        "https://10.0.0.1/x",
        "https://fcm.googleapis.com.evil.example/x",
        "https://evilpush.services.mozilla.com.evil/x",
        "file:///etc/passwd",
        "",
    ],
)
def test_only_push_services_are_sent_to(endpoint: str) -> None:
    with pytest.raises(PushRefused):
        push.check(browser(endpoint)[0])


def test_known_push_services_and_one_of_an_exercise_are_taken() -> None:
    push.check(browser()[0])
    push.check(browser("https://updates.push.services.mozilla.com/wpush/v2/abc")[0])
    push.check(browser("http://127.0.0.1:9/x")[0], ("http://127.0.0.1:9",))


@pytest.mark.parametrize(("p256dh", "auth"), [("", ""), ("AAAA", "BTBZMqHH6r4Tts7J_aSIgg"), ("ok", "AAAA"), ("§", "§")])
def test_keys_that_are_none_are_refused(p256dh: str, auth: str) -> None:
    good = browser()[0]
    with pytest.raises(PushRefused):
        push.check(Subscription(HTTPS, good.p256dh if p256dh == "ok" else p256dh, auth))


def test_a_subscription_comes_back_from_its_bytes() -> None:
    one = browser()[0]
    assert Subscription.from_bytes(one.to_bytes()) == one
