"""The channels that a program sends on: mail by SMTP, text messages by a gateway over HTTP, web push.

Each takes a parcel or says why not. Whoever calls sets the time that one may take.
"""

import ssl
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal, Protocol

import aiosmtplib
import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric import ec

from telemed.kit.clock import real_now
from telemed.kit.i18n import words
from telemed.notify import push
from telemed.notify.delivery import Parcel
from telemed.notify.model import Channel, PushRefused
from telemed.people.model import international

Security = Literal["starttls", "tls", "none"]
RETRY_STATUS = frozenset({408, 425, 429})
GONE = frozenset({404, 410})
PUSH_LASTS_S = 4 * 3600


@dataclass(frozen=True)
class NotDelivered(Exception):
    """The channel did not take it. *reason* is a code for the log; *for_good*: it never will. *gone*: see `Sender`."""

    reason: str
    for_good: bool = False
    gone: tuple[str, ...] = ()


class Sender(Protocol):
    """One channel."""

    @property
    def channel(self) -> Channel: ...

    async def send(self, parcel: Parcel) -> tuple[str, ...]:
        """Hand *parcel* over; the ids of the browsers that are gone for good.

        Raises:
            NotDelivered: it was not taken.
        """


@dataclass(frozen=True)
class Mail:
    """SMTP (RFC 5321) to one server. *sender*: the address that mails come from. *user*: empty, no signing in."""

    host: str
    port: int
    sender: str
    security: Security = "starttls"
    user: str = ""
    password: str = ""
    channel: Channel = Channel.EMAIL

    async def send(self, parcel: Parcel) -> tuple[str, ...]:
        try:
            await aiosmtplib.send(
                self.message(parcel),
                hostname=self.host,
                port=self.port,
                username=self.user or None,
                password=self.password or None,
                use_tls=self.security == "tls",
                start_tls=self.security == "starttls",
                tls_context=None if self.security == "none" else ssl.create_default_context(),
                timeout=None,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            code = max(each.code for each in error.recipients)
            raise NotDelivered(f"smtp_{code}", for_good=code >= 500) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise NotDelivered(type(error).__name__) from None
        return ()

    def message(self, parcel: Parcel) -> EmailMessage:
        """The mail. A second one of the same notice has the same Message-ID, by which mail programs know it."""
        made = EmailMessage()
        made["Message-ID"] = f"<{parcel.id}@{self.sender.rpartition('@')[2]}>"
        made["From"], made["To"], made["Subject"] = self.sender, parcel.to, parcel.title
        made["Date"] = format_datetime(real_now())
        made["Content-Language"] = words(parcel.language).lang  # RFC 3282
        made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        made.set_content(f"{parcel.text}\n\n{parcel.footer}\n")
        if parcel.ics:
            file = EmailMessage()
            file.set_content(
                parcel.ics.decode(),
                subtype="calendar",
                disposition="attachment",
                filename="termin.ics",
                params={"method": parcel.ics_method},
            )
            del file["MIME-Version"]  # a part has none
            made.make_mixed()
            made.attach(file)
        return made


@dataclass(frozen=True)
class Sms:
    """A gateway that takes ``POST {"id", "to", "text"}`` as JSON with a bearer token, and answers 2xx.

    The id goes as ``Idempotency-Key`` too, so that a gateway that knows it sends a message once. Another gateway is
    another class with the same two members.
    """

    url: str
    token: str
    channel: Channel = Channel.SMS

    async def send(self, parcel: Parcel) -> tuple[str, ...]:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": parcel.id}
        body = {"id": parcel.id, "to": international(parcel.to), "text": parcel.text}
        headers["Content-Type"] = "application/json"
        status = await _post(self.url, orjson.dumps(body), headers)
        if not 200 <= status < 300:
            raise NotDelivered(f"http_{status}", for_good=_is_for_good(status))
        return ()


@dataclass(frozen=True)
class WebPush:
    """To the push service of each browser (RFC 8030). *contact*: where it reaches the operator."""

    key: ec.EllipticCurvePrivateKey
    contact: str
    hosts: Collection[str] = push.SERVICES
    channel: Channel = Channel.PUSH

    async def send(self, parcel: Parcel) -> tuple[str, ...]:
        told = orjson.dumps(self.told(parcel))
        statuses = {name: await self._one(browser, told, parcel) for name, browser in parcel.browsers}
        gone = tuple(name for name, status in statuses.items() if status in GONE)
        if not any(200 <= status < 300 for status in statuses.values()):
            for_good = all(_is_for_good(status) for status in statuses.values())
            raise NotDelivered(_codes(statuses.values()), for_good, gone)
        return gone

    def told(self, parcel: Parcel) -> dict[str, str]:
        """What the browser's worker reads once it is unsealed."""
        told = words(parcel.language)
        said = {"title": parcel.title, "text": parcel.text, "lang": told.lang, "dir": told.direction}
        return {"id": parcel.id, "link": parcel.link, **said}

    async def _one(self, browser: push.Subscription, plain: bytes, parcel: Parcel) -> int:
        """The status of the answer; 400 for one to which we do not send."""
        try:
            push.check(browser, self.hosts)
        except PushRefused:
            return 400
        headers = {
            "Authorization": push.authorization(
                browser.endpoint, self.key, contact=self.contact, now_s=int(time.time())
            ),
            "Content-Encoding": "aes128gcm",
            "TTL": str(PUSH_LASTS_S),
            "Topic": parcel.id.replace("-", ""),
            "Urgency": "high" if parcel.urgent else "normal",
        }
        return await _post(browser.endpoint, push.encrypt(plain, browser), headers)


def _codes(statuses: Iterable[int]) -> str:
    return "http_" + "_".join(str(status) for status in sorted(set(statuses)))


def _is_for_good(status: int) -> bool:
    return 400 <= status < 500 and status not in RETRY_STATUS


async def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer; what else it says is not read.

    Raises:
        NotDelivered: there was none.
    """
    try:
        async with (
            httpx.AsyncClient(timeout=None, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            return answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotDelivered(type(error).__name__) from None
