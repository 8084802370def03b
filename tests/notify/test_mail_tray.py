"""The demo's tray takes what the channels send, and says that it is simulated."""

import asyncio

import httpx

from ops import mail_tray
from telemed.notify.channels import Mail, Sms
from tests.notify.world import parcel


def test_mails_and_text_messages_lie_in_the_demo_s_tray() -> None:
    with mail_tray.running() as tray:
        mail = Mail("127.0.0.1", tray.smtp_port, "termine@demo.example", "none")
        asyncio.run(mail.send(parcel(ics=b"BEGIN:VCALENDAR", ics_method="PUBLISH", text=".Ein Punkt\n. am Anfang <b>")))
        asyncio.run(Sms(tray.url, "t").send(parcel(to="0171 2345678", text="Bitte kommen Sie jetzt")))
        page = httpx.get(tray.url, trust_env=False).text
    assert [one.to for one in tray.messages] == ["+491712345678", "erika@example.org"]
    assert "Simuliert" in page
    assert ".Ein Punkt\n. am Anfang &lt;b&gt;" in page
    assert "[termin.ics]" in page
    assert "Bitte kommen Sie jetzt" in page


def test_a_tray_without_messages_says_so() -> None:
    with mail_tray.running() as tray:
        assert "Noch keine." in httpx.get(tray.url, trust_env=False).text
