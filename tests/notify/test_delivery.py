"""What leaves is claimed, sent at least once, not at night, and said by staff if no channel takes it."""

import re
from datetime import UTC, timedelta

import pytest

from telemed.booking import service as booking
from telemed.booking.model import Extras, Request
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.directory.model import Template
from telemed.identity.model import Actor, Role
from telemed.kit.ids import new_id
from telemed.kit.refusal import NotFound
from telemed.notify import delivery, service, store
from telemed.notify.channels import NotDelivered
from telemed.notify.model import Channel, Kind, Notice, Outcome
from telemed.people import service as people
from tests.builders import DOCTOR, SERVICE, make_booking, moment, offer_at
from tests.builders import book as book_offer
from tests.notify.world import MAIL, MOBILE, Notices, Tray

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def book(notices: Notices, days: int = 2, wall: str = "10:00", **what: object) -> str:
    start = moment(notices.world, wall) + days * DAY
    return make_booking(notices.world, at=start, **{"person": MAIL, **what}).id  # type: ignore[arg-type]


def begin(text: str) -> str:
    """What a notice begins with, before its variables."""
    return re.split("[:.]", text, maxsplit=1)[0]


def test_at_night_nothing_is_sent_and_in_the_morning_what_is_still_of_use(notices: Notices, mail: Tray) -> None:
    world = notices.world
    world.clock.set(moment(world, "23:00"))
    book(notices, 1, "09:00")
    notices.go_on()
    assert mail.texts == []
    world.clock.set(moment(world, "07:59") + DAY)
    notices.go_on()
    notices.look_after()
    assert (mail.texts, notices.calls()) == ([], [])
    world.clock.forward(MINUTE)
    notices.go_on()
    assert [begin(text) for text in mail.texts] == ["Ihr Termin ist gebucht", "Heute ist Ihr Termin"]


def test_what_failed_in_the_evening_is_not_tried_at_night(notices: Notices, mail: Tray) -> None:
    world = notices.world
    world.clock.set(moment(world, "19:59"))
    book(notices, 2)
    mail.fails = NotDelivered("busy")
    notices.go_on()
    mail.fails = None
    world.clock.set(moment(world, "20:01"))
    notices.go_on()
    notices.look_after()
    assert (mail.texts, notices.calls()) == ([], [])
    world.clock.set(moment(world, "08:00") + DAY)
    notices.look_after()
    notices.go_on()
    assert len(mail.texts) == 1
    assert notices.calls() == []


def test_a_channel_that_refuses_for_good_or_is_silent_has_staff_call(notices: Notices, mail: Tray, sms: Tray) -> None:
    mail.fails, sms.fails = NotDelivered("smtp_550", for_good=True), NotDelivered("timeout")
    book(notices, wall="10:00", person=MAIL)
    book(notices, wall="11:00", person=MOBILE)
    notices.go_on()
    assert [one.kind for one in notices.calls()] == [Kind.CONFIRMED]
    notices.world.clock.forward(31 * MINUTE)
    notices.look_after()
    assert len(notices.calls()) == 2
    with notices.db.reading() as tx:
        figures = service.figures(tx, now=notices.world.now)
    assert figures.escalated == {Channel.EMAIL: 1, Channel.SMS: 1}
    assert (figures.undelivered, figures.sent) == (2, {})


def test_what_was_escalated_is_not_sent_as_well(notices: Notices, sms: Tray) -> None:
    sms.fails = NotDelivered("timeout")
    book(notices, person=MOBILE)
    notices.go_on()
    notices.world.clock.forward(31 * MINUTE)
    notices.look_after()
    sms.fails = None
    notices.go_on()
    assert sms.texts == []


def test_a_silent_browser_alone_is_no_reason_to_call_where_the_mail_went_out(notices: Notices) -> None:
    visit_id = book(notices)
    notices.go_on()
    with notices.db.transaction() as tx:
        about = booking.get(tx, visit_id)
        push = Notice(new_id(), Kind.CONFIRMED, about.person_id, visit_id, notices.world.now, about.offer.start)
        service.give(tx, notices.world.secrets, push, [Channel.PUSH], now=notices.world.now)
        one = next(one for one in store.waiting_to_be_sent(tx) if one.channel is Channel.PUSH)
        delivery.failed(tx, notices.desk, one, for_good=True, now=notices.world.now)
    assert notices.calls() == []


def test_whoever_had_the_data_erased_is_told_nothing(notices: Notices, mail: Tray) -> None:
    visit_id = book(notices)
    with notices.db.transaction() as tx:
        person_id = booking.get(tx, visit_id).person_id
        people.erase(tx, person_id, actor=Actor(Role.OPERATOR, "o"), now=notices.world.now)
    notices.go_on()
    assert mail.texts == []
    assert notices.calls() == []


def test_a_walk_in_is_told_nothing_of_what_she_does_just_now(notices: Notices, mail: Tray) -> None:
    world = notices.world
    request = Request(new_id(), offer_at(world, "10:00"), MAIL, extras=Extras(walk_in=True))
    with world.db.transaction() as tx:
        booking.book(tx, world.secrets, request, actor=DOCTOR, now=world.now)
    notices.go_on()
    assert mail.texts == []


def test_who_is_asked_to_come_earlier_reads_that_time_in_mail_and_calendar(notices: Notices, mail: Tray) -> None:
    world, day = notices.world, moment(notices.world, "00:00") + 2 * DAY
    with world.db.transaction() as tx:
        directory.use_template(tx, "weiss", Template.BAILEY_WELCH, now=world.now)
        wish = Wish(What(SERVICE, ("weiss",)), day, day + DAY)
        offered = booking.offers(tx, directory.load(tx), wish, now=world.now, limit=3)
    made = book_offer(world, Request(new_id(), offered[1], MAIL))
    with world.db.reading() as tx:
        kept = booking.get(tx, made.id)
        come = (kept.offer.start - kept.extras.come_before).astimezone(directory.load(tx).zone)
    assert kept.extras.come_before > timedelta(0)
    notices.go_on()
    (sent,) = mail.parcels
    assert f", {come.hour}:{come.minute:02d} Uhr" in sent.text
    assert f"DTSTART:{come.astimezone(UTC):%Y%m%dT%H%M%S}Z" in sent.ics.decode()


def test_a_link_opens_its_appointment_until_a_day_after(notices: Notices, mail: Tray) -> None:
    visit_id, world = book(notices), notices.world
    notices.go_on()
    token = mail.parcels[0].link.removeprefix("https://centre.test/n/")
    assert len(token) == 22
    with world.db.reading() as tx:
        assert service.by_link(tx, token, now=world.now).subject_id == visit_id
        with pytest.raises(NotFound):
            service.by_link(tx, token.swapcase(), now=world.now)
        with pytest.raises(NotFound):
            service.by_link(tx, token, now=world.now + 4 * DAY)


def test_every_look_at_a_person_for_a_notice_is_audited(notices: Notices) -> None:
    book(notices)
    notices.go_on()
    with notices.db.reading() as tx:
        lines = tx.exec_driver_sql("SELECT subject, action, purpose FROM people_audit").all()
    assert [tuple(line) for line in lines].count(("notices", "read", "notice")) == 2  # spread, and put into words


def test_old_notices_are_forgotten(both: Notices) -> None:
    book(both)
    both.go_on()
    with both.db.transaction() as tx:
        service.forget_old(tx, now=both.world.now + 31 * DAY)
        left = tx.execute(store.notices.select()).all()
    assert all(row.outcome is None for row in left)


def test_two_centres_on_one_database_send_each_notice_once(both: Notices) -> None:
    person_id = person_of(both)
    now = both.world.now
    told = [Notice(f"n{n}", Kind.DELAY, person_id, f"b{n}", now, now + HOUR, channel=Channel.SMS) for n in range(6)]
    both.give(*told)
    if both.db.is_sqlite:
        with both.db.transaction() as tx:
            first = store.take_due(tx, "sms", "one", now=now, limit=4)
        with both.db.transaction() as tx:
            second = store.take_due(tx, "sms", "two", now=now, limit=4)
    else:
        with both.db.transaction() as one, both.db.transaction() as two:  # at the same time, and neither waits
            first = store.take_due(one, "sms", "one", now=now, limit=4)
            second = store.take_due(two, "sms", "two", now=now, limit=4)
    ids = [one.id for one in (*first, *second)]
    assert sorted(ids) == sorted(one.id for one in told)


def person_of(notices: Notices) -> str:
    """Somebody of whom there may be notices."""
    visit_id = book(notices)
    with notices.db.reading() as tx:
        return booking.get(tx, visit_id).person_id


def test_who_died_while_sending_is_followed_by_another_with_the_same_id(both: Notices) -> None:
    person_id = person_of(both)
    now = both.world.now
    both.give(Notice("same", Kind.DELAY, person_id, "b", now, now + HOUR, channel=Channel.SMS))
    with both.db.transaction() as tx:
        assert [one.id for one in store.take_due(tx, "sms", "dead", now=now, limit=4)] == ["same"]
    for after, ids in ((MINUTE, []), (2 * MINUTE, ["same"])):
        with both.db.transaction() as tx:
            assert [one.id for one in store.take_due(tx, "sms", "next", now=now + after, limit=4)] == ids


def test_what_ended_stays_ended(both: Notices) -> None:
    person_id = person_of(both)
    now = both.world.now
    both.give(Notice("one", Kind.DELAY, person_id, "b", now, now + HOUR, channel=Channel.SMS))
    with both.db.transaction() as tx:
        assert store.end(tx, ["one"], Outcome.SENT, now=now) == 1
        assert store.end(tx, ["one"], Outcome.ESCALATED, now=now) == 0
        store.again(tx, "one", next_at=now)
        assert store.take_due(tx, "sms", "x", now=now, limit=1) == []
