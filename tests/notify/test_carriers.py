"""A gateway that hangs, trickles or fails keeps nobody waiting; each channel has a thread and a circuit of its own."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from telemed.kit.db import Database
from telemed.notify import carriers, service, store
from telemed.notify.carriers import Carrier, Circuit
from telemed.notify.channels import Mail, NotDelivered, Sms
from telemed.notify.model import Channel, Outcome, Rules
from tests.builders import make_booking, moment
from tests.databases import SqliteFiles, opened
from tests.notify.world import MAIL, MOBILE, WAIT_S, Notices, Tray, gateway, make_notices, smtp_server

DAY = timedelta(days=1)


@contextmanager
def running(*threads: Carrier) -> Iterator[None]:
    """The channels' own threads, as in a running centre."""
    started = [threading.Thread(target=one.run) for one in threads]
    for thread in started:
        thread.start()
    try:
        yield
    finally:
        for one in threads:
            one.stop()
        for thread in started:
            thread.join(WAIT_S)
            assert not thread.is_alive()


def until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition."""
    waiting = threading.Event()
    for _ in range(int(WAIT_S / 0.02)):
        if is_so():
            return
        waiting.wait(0.02)
    raise AssertionError("it did not come to pass")


def outcomes(notices: Notices) -> dict[str, list[str | None]]:
    """How notices stand, by channel."""
    found: dict[str, list[str | None]] = {}
    with notices.db.reading() as tx:
        for row in tx.execute(store.notices.select().order_by(store.notices.c.id)):
            if row.channel:
                found.setdefault(row.channel, []).append(row.outcome)
    return found


def book(notices: Notices, wall: str, person: object = MAIL) -> None:
    make_booking(notices.world, at=moment(notices.world, wall) + 2 * DAY, person=person)  # type: ignore[arg-type]


def test_while_the_mail_server_holds_people_book_and_text_messages_go_out(sqlite_database: Database) -> None:
    with smtp_server(holding=True) as tray, gateway() as other:
        mail = Mail("127.0.0.1", tray.port, "termine@stadt.example", "none")
        notices = make_notices(sqlite_database, mail, Sms(other.url, "t"))
        by_mail, by_sms = notices.carriers.each
        with running(by_mail, by_sms):
            book(notices, "10:00")
            spread(notices)
            assert tray.asked.wait(WAIT_S)  # from here on the mail server holds
            book(notices, "11:00", MOBILE)
            spread(notices)
            until(lambda: outcomes(notices)["sms"] == [Outcome.SENT.value])
            assert outcomes(notices)["email"] == [None]
            tray.release()
            until(lambda: outcomes(notices)["email"] == [Outcome.SENT.value])
        assert len(tray.mails) == len(other.asked) == 1


def spread(notices: Notices) -> None:
    """What the clock's tick does in a running centre."""
    from telemed.kit.outbox import Relay
    from telemed.notify import jobs

    notices.world.centre.the(Relay).deliver()
    jobs.tick(notices.db, notices.carriers, notices.world.clock)


def test_a_centre_ends_while_a_gateway_hangs_and_the_notice_stays_to_be_sent(sqlite_database: Database) -> None:
    with gateway() as other:
        other.mode = "hangs"
        notices = make_notices(sqlite_database, Sms(other.url, "t"))
        with running(*notices.carriers.each):
            book(notices, "10:00", MOBILE)
            spread(notices)
            assert other.came.wait(WAIT_S)
        assert outcomes(notices) == {"sms": [None]}
        other.mode = "answers"
        other.held.set()
        notices.world.clock.forward(timedelta(minutes=3))
        again = Carrier(notices.db, notices.world.clock, notices.desk, Sms(other.url, "t"), "https://centre.test")
        assert again.carry() == 1
        assert outcomes(notices) == {"sms": [Outcome.SENT.value]}
        first, second = (asked.headers["idempotency-key"] for asked in other.asked)
        assert first == second


def test_beyond_the_day_s_budget_no_text_message_leaves_and_staff_say_what_is_worth_a_call(
    sqlite_database: Database,
) -> None:
    with gateway() as other:
        notices = make_notices(sqlite_database, Sms(other.url, "t"), rules=Rules(sms_per_day=2))
        (by_sms,) = notices.carriers.each
        for wall in ("10:00", "11:00", "12:00"):
            book(notices, wall, MOBILE)
        spread(notices)
        while by_sms.carry():
            pass
        assert len(other.asked) == 2
        assert sorted(map(str, outcomes(notices)["sms"])) == [Outcome.DROPPED, Outcome.SENT, Outcome.SENT]
        with notices.db.transaction() as tx:
            booking_id = tx.execute(store.notices.select()).first().subject_id  # type: ignore[union-attr]
            service.cancelled(tx, booking_id, now=notices.world.now)
        spread(notices)
        assert by_sms.carry() == 1
        assert len(other.asked) == 2
        assert outcomes(notices)["call"] == [None]
        notices.world.clock.forward(DAY)
        book(notices, "13:00", MOBILE)
        spread(notices)
        assert by_sms.carry() == 1
        assert len(other.asked) == 3


@pytest.mark.parametrize("mode", ["hangs", "trickles"])
def test_one_sending_may_take_so_long_in_all(sqlite_database: Database, mode: str) -> None:
    assert carriers.SEND_S * carriers.FAILURES <= 30.0  # so the circuit of a dead gateway is open within half a minute
    with gateway() as other:
        other.mode = mode
        notices = make_notices(sqlite_database, Sms(other.url, "t"))
        notices.carriers.each[0].send_s = 0.2  # the same limit, shorter
        book(notices, "10:00", MOBILE)
        notices.go_on()
    with notices.db.reading() as tx:
        (row,) = tx.execute(store.notices.select().where(store.notices.c.channel == "sms"))
    assert (row.attempts, row.outcome, row.claimed_by) == (1, None, None)


def test_a_channel_that_keeps_failing_rests_and_is_tried_by_one() -> None:
    time = [0.0]
    circuit = Circuit(monotonic=lambda: time[0])
    assert circuit.room > 1
    circuit.failed()
    assert circuit.room == 1
    for _ in range(carriers.FAILURES - 1):
        circuit.failed()
    assert (circuit.is_open, circuit.room) == (True, 0)
    time[0] += carriers.REST_S
    assert (circuit.is_open, circuit.room) == (False, 1)
    circuit.failed()
    assert circuit.room == 0
    time[0] += carriers.REST_S
    circuit.succeeded()
    assert circuit.room > 1


def test_while_it_rests_nothing_is_asked_of_the_gateway(sqlite_database: Database) -> None:
    tray = Tray(Channel.SMS, fails=NotDelivered("down"))
    notices = make_notices(sqlite_database, tray)
    for number in range(carriers.FAILURES):
        book(notices, f"{10 + number}:00", MOBILE)
    notices.go_on()
    (one,) = notices.carriers.each
    assert one.circuit.is_open
    tray.fails = None
    notices.world.clock.forward(timedelta(minutes=1))
    notices.go_on()
    assert tray.parcels == []


def test_one_address_that_is_refused_for_good_closes_no_channel(sqlite_database: Database) -> None:
    tray = Tray(Channel.EMAIL, fails=NotDelivered("smtp_550", for_good=True))
    notices = make_notices(sqlite_database, tray)
    for number in range(carriers.FAILURES):
        book(notices, f"{10 + number}:00")
    notices.go_on()
    assert not notices.carriers.each[0].circuit.is_open
    assert len(notices.calls()) == carriers.FAILURES


def test_what_is_logged_of_a_failure_is_ids_and_a_code(
    sqlite_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    notices = make_notices(sqlite_database, Tray(Channel.EMAIL, fails=NotDelivered("smtp_550", for_good=True)))
    book(notices, "10:00")
    notices.go_on()
    said = capsys.readouterr()
    assert "smtp_550" in said.out + said.err
    for word in ("Sommer", "Erika", "example.org"):
        assert word not in said.out + said.err


def test_a_centre_that_is_killed_between_sending_and_keeping_sends_again_with_the_same_id(
    sqlite_files: SqliteFiles,
) -> None:
    url = sqlite_files.fresh_url()
    with gateway() as other:
        with opened(url) as database:
            notices = make_notices(database, Tray(Channel.SMS))
            book(notices, "10:00", MOBILE)
            spread(notices)
        other.mode = "hangs"
        child = os.fork()
        if child == 0:
            try:
                carrier_on(Database(url), notices, other.url).carry()
            finally:
                os._exit(1)
        assert other.came.wait(WAIT_S)  # the gateway has it, and nothing of that is kept
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        other.mode = "answers"
        other.held.set()
        with opened(url) as database:
            notices.world.clock.forward(timedelta(minutes=1))
            assert carrier_on(database, notices, other.url).carry() == 0  # it may still be alive
            notices.world.clock.forward(timedelta(minutes=1))
            assert carrier_on(database, notices, other.url).carry() == 1
    first, second = (asked.headers["idempotency-key"] for asked in other.asked)
    assert first == second


def carrier_on(database: Database, notices: Notices, url: str) -> Carrier:
    return Carrier(database, notices.world.clock, notices.desk, Sms(url, "t"), "https://centre.test")
