"""What the operator set about notices, read once: which channels there are, and by which rules they are used."""

from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import get_args

from telemed.kit.clock import Clock
from telemed.kit.db import Database
from telemed.kit.machine import write_whole
from telemed.kit.secrets import Secrets
from telemed.kit.settings import BadSetting, secret
from telemed.notify import push
from telemed.notify.carriers import Carrier, Carriers
from telemed.notify.channels import Mail, Security, Sender, Sms, WebPush
from telemed.notify.model import Channel, Night, Rules
from telemed.notify.service import Desk

PREFIX = "TELEMED_CENTRE_"
NO_FILE = Path()


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The part of `telemed.wiring.Settings` that is about notices."""

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_from: str = ""
    smtp_user: str = ""
    smtp_password: Path = NO_FILE
    sms_url: str = ""
    sms_token: Path = NO_FILE
    sms_per_day: int = Rules.sms_per_day
    push_contact: str = ""
    push_hosts: str = ""
    notice_night: str = "20:00-08:00"
    notice_delays: str = "10,20,40,60,90,120"


def rules(wanted: Wanted) -> Rules:
    """
    Raises:
        BadSetting: the night is no two times of the day, or the delays are no rising minutes.
    """
    try:
        start, end = (time.fromisoformat(part.strip()) for part in wanted.notice_night.split("-"))
        night = Night(start, end)
    except ValueError:
        raise BadSetting(f"{PREFIX}NOTICE_NIGHT is not like 20:00-08:00") from None
    try:
        delays = tuple(int(part) for part in wanted.notice_delays.split(","))
    except ValueError:
        raise BadSetting(f"{PREFIX}NOTICE_DELAYS is not like 10,20,40") from None
    if list(delays) != sorted({each for each in delays if each > 0}):
        raise BadSetting(f"{PREFIX}NOTICE_DELAYS is not rising")
    if wanted.sms_per_day < 0:
        raise BadSetting(f"{PREFIX}SMS_PER_DAY is below 0")
    return Rules(night, delays, wanted.sms_per_day)


def make_key(path: Path) -> None:
    """This centre's own key for web push, made at the first start; never again."""
    if not path.exists():
        write_whole(path, push.new_key())


def carriers(
    wanted: Wanted, db: Database, clock: Clock, secrets: Secrets, *, server: str, url: str, push_key: Path
) -> Carriers:
    """The channels that are set, and the call list. *push_key*: see `make_key`.

    Raises:
        BadSetting: what is set is not whole, or a secret cannot be read.
    """
    senders = tuple(_senders(wanted, url=url, push_key=push_key))
    there = frozenset({Channel.CALL, *(one.channel for one in senders)})
    desk = Desk(secrets, rules(wanted), there, server)
    return Carriers(desk, tuple(Carrier(db, clock, desk, one, url) for one in senders))


def _senders(wanted: Wanted, *, url: str, push_key: Path) -> list[Sender]:
    found: list[Sender] = []
    if wanted.smtp_host:
        found.append(_mail(wanted))
    if wanted.sms_url:
        found.append(Sms(wanted.sms_url, _text(wanted.sms_token, "SMS_TOKEN")))
    more = tuple(host.strip() for host in wanted.push_hosts.split(",") if host.strip())
    key = push.read_key(secret(push_key))
    found.append(WebPush(key, wanted.push_contact or url, (*push.SERVICES, *more)))
    return found


def _mail(wanted: Wanted) -> Mail:
    security = next((each for each in get_args(Security) if each == wanted.smtp_security), None)
    if security is None:
        raise BadSetting(f"{PREFIX}SMTP_SECURITY is not one of {', '.join(get_args(Security))}")
    if "@" not in wanted.smtp_from:
        raise BadSetting(f"{PREFIX}SMTP_FROM is no address")
    password = _text(wanted.smtp_password, "SMTP_PASSWORD") if wanted.smtp_user else ""
    return Mail(wanted.smtp_host, wanted.smtp_port, wanted.smtp_from, security, wanted.smtp_user, password)


def _text(path: Path, name: str) -> str:
    """What stands in a secret file, which only we may read."""
    try:
        mode, text = path.stat().st_mode, path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise BadSetting(f"{PREFIX}{name}: the file cannot be read") from None
    if mode & 0o077:
        raise BadSetting(f"{PREFIX}{name}: the file is readable by others")
    return text
