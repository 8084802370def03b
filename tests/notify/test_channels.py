"""Each channel against a real server on this machine, also one that refuses, fails, hangs, trickles or is not there."""

import asyncio

import http_ece
import orjson
import pytest
from icalendar import Calendar

from telemed.notify import push
from telemed.notify.calendar import Entry, to_ics
from telemed.notify.channels import Mail, NotDelivered, Sender, Sms, WebPush
from telemed.notify.delivery import Parcel
from tests.builders import TUESDAY
from tests.notify.test_push import browser
from tests.notify.world import WAIT_S, Gateway, closed_port, gateway, parcel, smtp_server


def send(sender: Sender, one: Parcel) -> tuple[str, ...]:
    return asyncio.run(sender.send(one))


def mail_to(port: int) -> Mail:
    return Mail("127.0.0.1", port, "termine@stadt.example", "none")


def test_a_mail_says_it_in_words_and_brings_the_calendar_file() -> None:
    entry = Entry("booking@centre.test", 3, TUESDAY, TUESDAY, "Raum 1", "https://centre.test/n/abc", TUESDAY)
    with smtp_server() as tray:
        send(mail_to(tray.port), parcel(ics=to_ics(entry), ics_method="PUBLISH"))
    (mail,) = tray.mails
    assert (mail["To"], mail["Subject"]) == ("erika@example.org", "Ihr Termin")
    assert mail["Auto-Submitted"] == "auto-generated"
    body = mail.get_body(("plain",))
    assert body is not None
    assert parcel().text in body.get_content()
    (attached,) = mail.iter_attachments()
    assert attached.get_content_type() == "text/calendar"
    assert attached.get_content_charset() == "utf-8"
    assert "PUBLISH" in attached["Content-Type"]
    (event,) = Calendar.from_ical(attached.get_content()).events
    assert (event.uid, event.sequence) == ("booking@centre.test", 3)


def test_the_same_notice_sent_twice_is_one_for_the_mail_program() -> None:
    with smtp_server() as tray:
        send(mail_to(tray.port), parcel())
        send(mail_to(tray.port), parcel())
    first, second = tray.mails
    assert first["Message-ID"] == second["Message-ID"] == f"<{parcel().id}@stadt.example>"


@pytest.mark.parametrize(("answer", "for_good"), [("550 no such mailbox", True), ("450 busy", False)])
def test_a_mail_that_is_refused_says_whether_for_good(answer: str, for_good: bool) -> None:
    with smtp_server() as tray:
        tray.refuses = answer
        with pytest.raises(NotDelivered) as told:
            send(mail_to(tray.port), parcel())
    assert (told.value.reason, told.value.for_good) == (f"smtp_{answer[:3]}", for_good)


def test_what_nobody_takes_is_tried_again() -> None:
    for sender in (mail_to(closed_port()), Sms(f"http://127.0.0.1:{closed_port()}", "t"), Sms("no address", "t")):
        with pytest.raises(NotDelivered) as told:
            send(sender, parcel())
        assert not told.value.for_good


def test_a_text_message_goes_to_the_gateway_with_its_id() -> None:
    with gateway() as other:
        send(Sms(f"{other.url}/messages", "geheim"), parcel(to="0171 2345678"))
    (asked,) = other.asked
    assert asked.path == "/messages"
    assert asked.headers["authorization"] == "Bearer geheim"
    assert asked.headers["idempotency-key"] == parcel().id
    assert orjson.loads(asked.body) == {"id": parcel().id, "to": "+491712345678", "text": parcel().text}


@pytest.mark.parametrize(("status", "for_good"), [(500, False), (503, False), (429, False), (400, True), (302, False)])
def test_a_gateway_that_does_not_take_it_says_whether_for_good(status: int, for_good: bool) -> None:
    with gateway() as other:
        other.status = status
        with pytest.raises(NotDelivered) as told:
            send(Sms(other.url, "t"), parcel())
    assert (told.value.reason, told.value.for_good) == (f"http_{status}", for_good)


@pytest.mark.parametrize("mode", ["hangs", "trickles"])
def test_a_gateway_that_hangs_or_trickles_is_left_when_the_time_is_up(mode: str) -> None:
    async def tried(other: Gateway) -> None:
        async def end_once_asked() -> None:
            assert await asyncio.to_thread(other.came.wait, WAIT_S)
            limit.reschedule(asyncio.get_running_loop().time())

        async with asyncio.timeout(WAIT_S) as limit, asyncio.TaskGroup() as tasks:
            tasks.create_task(end_once_asked())
            await Sms(other.url, "t").send(parcel())

    with gateway() as other:
        other.mode = mode
        with pytest.raises(TimeoutError):
            asyncio.run(tried(other))
        assert len(other.asked) == 1


def test_a_push_notice_reaches_the_browser_sealed_and_signed() -> None:
    key = push.read_key(push.new_key())
    with gateway() as other:
        other.status = 201
        to, private, auth = browser(f"{other.url}/send/1")
        sender = WebPush(key, "mailto:betrieb@stadt.example", (other.url,))
        assert send(sender, parcel(browsers=(("one", to),))) == ()
    (asked,) = other.asked
    plain = http_ece.decrypt(asked.body, private_key=private, auth_secret=auth, version="aes128gcm")
    told = {"id": parcel().id, "title": "Ihr Termin", "text": parcel().text, "link": parcel().link}
    told |= {"lang": "de", "dir": "ltr"}
    assert orjson.loads(plain) == told
    assert asked.headers["content-encoding"] == "aes128gcm"
    assert asked.headers["topic"] == parcel().id.replace("-", "")
    assert asked.headers["urgency"] == "high"
    assert int(asked.headers["ttl"]) > 0
    assert push.public_text(key) in asked.headers["authorization"]
    assert b"Raum" not in asked.body


def test_a_browser_that_is_gone_is_named_and_the_others_are_told() -> None:
    key = push.read_key(push.new_key())
    with gateway() as gone, gateway() as good:
        gone.status = 410
        sender = WebPush(key, "mailto:b@stadt.example", (gone.url, good.url))
        there = (("gone", browser(gone.url)[0]), ("good", browser(good.url)[0]))
        assert send(sender, parcel(browsers=there)) == ("gone",)
        with pytest.raises(NotDelivered) as told:
            send(sender, parcel(browsers=there[:1]))
    assert (told.value.for_good, told.value.gone) == (True, ("gone",))


def test_nothing_is_pushed_to_an_address_that_is_no_push_service() -> None:
    with gateway() as other:
        sender = WebPush(push.read_key(push.new_key()), "mailto:b@stadt.example")
        with pytest.raises(NotDelivered):
            send(sender, parcel(browsers=(("one", browser(other.url)[0]),)))
    assert other.asked == []
