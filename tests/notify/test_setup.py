"""What the operator sets becomes channels, or stops the start with one line; a whole centre sends by itself."""

from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from telemed import wiring
from telemed.app import make_app
from telemed.booking import service as booking
from telemed.booking.model import Request
from telemed.booking.planner import HORIZON, What, Wish
from telemed.directory import service as directory
from telemed.identity.model import ANYONE
from telemed.kit.db import Database
from telemed.kit.ids import new_id
from telemed.kit.settings import BadSetting
from telemed.notify.carriers import Carriers
from telemed.notify.channels import Mail, Sms, WebPush
from telemed.notify.model import Channel, Night
from tests.builders import SERVICE, quarter
from tests.notify.test_carriers import until
from tests.notify.world import MAIL, smtp_server


def settings(folder: Path, **given: Any) -> wiring.Settings:
    wiring.make_secrets(folder)
    return replace(wiring.Settings(state_dir=folder), **given)


def secret_file(folder: Path, text: str, *, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text(text)
    path.chmod(mode)
    return path


def carriers(folder: Path, database: Database, **given: Any) -> Carriers:
    return wiring.build(settings(folder, **given), database).the(Carriers)


def test_what_is_set_is_there_and_nothing_else(tmp_path: Path, sqlite_database: Database) -> None:
    bare = carriers(tmp_path, sqlite_database)
    assert bare.desk.there == {Channel.CALL, Channel.PUSH}
    token = secret_file(tmp_path, "geheim\n")
    mail = {"smtp_host": "mail.example", "smtp_from": "termine@stadt.example", "smtp_user": "t", "smtp_password": token}
    whole = carriers(tmp_path, sqlite_database, **mail, sms_url="https://sms.example", sms_token=token)
    senders = [one.sender for one in whole.each]
    assert isinstance(senders[2], WebPush)
    assert senders[:2] == [
        Mail("mail.example", 587, "termine@stadt.example", "starttls", "t", "geheim"),
        Sms("https://sms.example", "geheim"),
    ]


def test_the_key_for_web_push_is_made_once_and_only_for_us(tmp_path: Path) -> None:
    wiring.make_secrets(tmp_path)
    path = tmp_path / wiring.VAPID_KEY
    made = path.read_bytes()
    wiring.make_secrets(tmp_path)
    assert path.read_bytes() == made
    assert path.stat().st_mode & 0o077 == 0


def test_night_and_delays_are_settings(tmp_path: Path, sqlite_database: Database) -> None:
    given = carriers(tmp_path, sqlite_database, notice_night="21:30-07:00", notice_delays="15,30").desk.rules
    assert (given.night, given.delays) == (Night(time(21, 30), time(7)), (15, 30))


@pytest.mark.parametrize(
    "given",
    [
        {"notice_night": "20-8"},
        {"notice_night": "nachts"},
        {"notice_delays": "20,10"},
        {"notice_delays": "0,10"},
        {"notice_delays": "bald"},
        {"smtp_host": "mail.example"},
        {"smtp_host": "mail.example", "smtp_from": "a@b.example", "smtp_security": "some"},
        {"smtp_host": "mail.example", "smtp_from": "a@b.example", "smtp_user": "t"},
        {"sms_url": "https://sms.example"},
    ],
)
def test_what_is_set_wrong_stops_the_start(tmp_path: Path, sqlite_database: Database, given: dict[str, str]) -> None:
    with pytest.raises(BadSetting):
        carriers(tmp_path, sqlite_database, **given)


def test_a_token_that_others_can_read_stops_the_start(tmp_path: Path, sqlite_database: Database) -> None:
    token = secret_file(tmp_path, "geheim", mode=0o644)
    with pytest.raises(BadSetting):
        carriers(tmp_path, sqlite_database, sms_url="https://sms.example", sms_token=token)


def test_a_running_centre_confirms_a_booking_by_mail_by_itself(tmp_path: Path, sqlite_database: Database) -> None:
    with smtp_server() as tray:
        by_mail = {"smtp_host": "127.0.0.1", "smtp_port": tray.port, "smtp_security": "none"}
        open_all_day = {"smtp_from": "termine@stadt.example", "notice_night": "00:00-00:00"}
        centre = wiring.build(settings(tmp_path, **by_mail, **open_all_day), sqlite_database)
        now = centre.clock.now()
        with sqlite_database.transaction() as tx:
            for resource in quarter():
                directory.take(tx, resource, now=now)
        with TestClient(make_app(centre)):
            with sqlite_database.transaction() as tx:
                offer = booking.offers(tx, directory.load(tx), Wish(What(SERVICE), now, now + HORIZON), now=now)[0]
                booking.book(tx, centre.secrets, Request(new_id(), offer, MAIL), actor=ANYONE, now=now)
            until(lambda: bool(tray.mails))
    assert "gebucht" in str(tray.mails[0].get_body(("plain",)))
