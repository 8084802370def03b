"""Which event has whom told, once, on which channel: through the outbox, on both databases."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from schemas.day import Fact, FactKind
from telemed.booking import holding
from telemed.booking import service as booking
from telemed.booking.model import Reason, Request
from telemed.booking.planner import What, Wish
from telemed.kit.i18n import words
from telemed.kit.ids import new_id
from telemed.notify import service, store
from telemed.notify.model import Channel, Kind
from telemed.people import consents
from telemed.people import service as people
from telemed.people.consent import Answer, How, Purpose
from telemed.privacy import own
from telemed.visit import service as visit
from tests.builders import (
    DOCTOR,
    RESIDENT,
    TUESDAY,
    ZONE,
    make_booking,
    moment,
    offer_at,
)
from tests.notify.world import LANDLINE, MAIL, MOBILE, PAPER, Notices, Tray

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def book(notices: Notices, days: int = 2, wall: str = "10:00", **what: object) -> str:
    start = moment(notices.world, wall) + days * DAY
    return make_booking(notices.world, at=start, **{"person": MAIL, **what}).id  # type: ignore[arg-type]


def begin(text: str) -> str:
    """What a notice begins with, before its variables."""
    return re.split("[:.]", text, maxsplit=1)[0]


def test_a_booking_is_confirmed_and_reminded_of_each_once(both: Notices, mail: Tray) -> None:
    book(both)
    for _ in range(3):
        both.go_on()
    assert [begin(text) for text in mail.texts] == ["Ihr Termin ist gebucht"]
    world = both.world
    while world.now < TUESDAY + 2 * DAY + HOUR:
        world.clock.forward(HOUR / 2)
        both.go_on()
    assert [begin(text) for text in mail.texts[1:]] == ["Bitte denken Sie an Ihren Termin", "Heute ist Ihr Termin"]
    assert "Donnerstag, 26. November, 10:00 Uhr, Raum 1" in mail.texts[1]


def test_who_said_no_to_reminders_gets_none_and_hears_of_all_else(notices: Notices, mail: Tray) -> None:
    booked, world = book(notices), notices.world
    with world.db.transaction() as tx:
        person, no = booking.get(tx, booked).person_id, Answer.NO
        consents.say(tx, person, Purpose.REMINDERS, no, how=How.ONLINE, words=words(), actor=RESIDENT, now=world.now)
    while world.now < TUESDAY + 2 * DAY:
        world.clock.forward(HOUR)
        notices.go_on()
    with world.db.transaction() as tx:
        booking.cancel(tx, world.secrets, booked, actor=RESIDENT, now=world.now)
    notices.go_on()
    assert [begin(text) for text in mail.texts] == [
        "Ihr Termin ist gebucht",
        "Ihr Termin ist abgesagt, wie Sie es wollten",
    ]


def test_the_calendar_file_keeps_its_uid_when_the_appointment_moves(notices: Notices, mail: Tray) -> None:
    first = book(notices)
    notices.go_on()
    world = notices.world
    to = Request(new_id(), offer_at(world, moment(world, "11:00") + 2 * DAY), MAIL)
    with world.db.transaction() as tx:
        second = booking.move(tx, world.secrets, first, to, actor=RESIDENT, now=world.now)
    notices.go_on()
    with world.db.transaction() as tx:
        booking.cancel(tx, world.secrets, second.id, actor=RESIDENT, now=world.now)
    notices.go_on()
    assert [begin(text) for text in mail.texts] == [
        "Ihr Termin ist gebucht",
        "Ihr Termin hat eine neue Zeit",
        "Ihr Termin ist abgesagt, wie Sie es wollten",
    ]
    files = [parcel.ics.decode() for parcel in mail.parcels]
    assert len({line for file in files for line in file.splitlines() if line.startswith("UID:")}) == 1
    sequences = [int(line.partition(":")[2]) for file in files for line in file.splitlines() if "SEQUENCE" in line]
    assert sequences == sorted(set(sequences))
    assert [parcel.ics_method for parcel in mail.parcels] == ["PUBLISH", "PUBLISH", "CANCEL"]
    assert all("weiss" not in file.lower() and "Weiß" not in file and "general" not in file for file in files)


def test_of_a_moved_appointment_only_the_new_time_is_reminded(notices: Notices, mail: Tray) -> None:
    first = book(notices)
    world = notices.world
    to = Request(new_id(), offer_at(world, moment(world, "11:00") + 3 * DAY), MAIL)
    with world.db.transaction() as tx:
        booking.move(tx, world.secrets, first, to, actor=RESIDENT, now=world.now)
    while world.now < TUESDAY + 4 * DAY:
        notices.go_on()
        world.clock.forward(HOUR)
    assert [begin(text) for text in mail.texts] == [
        "Ihr Termin hat eine neue Zeit",
        "Bitte denken Sie an Ihren Termin",
        "Heute ist Ihr Termin",
    ]


def test_another_doctor_at_the_same_time_is_a_change_without_her_name(notices: Notices, mail: Tray) -> None:
    first, world = book(notices), notices.world
    notices.go_on()
    with world.db.transaction() as tx:
        to = Request(new_id(), replace(booking.get(tx, first).offer, doctor_id="brandt"), MAIL)
        booking.move(tx, world.secrets, first, to, actor=DOCTOR, now=world.now)
    notices.go_on()
    assert begin(mail.texts[-1]) == "Bei Ihrem Termin hat sich etwas geändert"
    assert "Brandt" not in mail.texts[-1]


def test_who_is_cancelled_by_staff_and_has_no_address_stands_on_the_call_list(notices: Notices) -> None:
    for person in (PAPER, LANDLINE):
        start = "10:00" if person is PAPER else "11:00"
        visit_id = book(notices, wall=start, person=person)
        with notices.db.transaction() as tx:
            booking.cancel(
                tx, notices.world.secrets, visit_id, actor=DOCTOR, now=notices.world.now, reason=Reason.PRACTITIONER
            )
    notices.go_on()
    assert [one.kind for one in notices.calls()] == [Kind.CANCELLED, Kind.CANCELLED]


def test_nobody_calls_about_what_she_cancelled_herself(notices: Notices) -> None:
    visit_id = book(notices, person=LANDLINE)
    with notices.db.transaction() as tx:
        booking.cancel(tx, notices.world.secrets, visit_id, actor=RESIDENT, now=notices.world.now)
    notices.go_on()
    assert notices.calls() == []


def test_who_waits_is_told_that_a_time_is_kept(notices: Notices, mail: Tray) -> None:
    world, first = notices.world, book(notices)
    wish = Wish(What("general-20", ("weiss",)), world.now, world.now + 3 * DAY)
    with world.db.transaction() as tx:
        waiting, _ = holding.join(tx, world.secrets, wish, MAIL, actor=RESIDENT, now=world.now)
    notices.go_on()
    mail.parcels.clear()
    with world.db.transaction() as tx:
        booking.cancel(tx, world.secrets, first, actor=RESIDENT, now=world.now)
    notices.go_on()
    kept = next(parcel for parcel in mail.parcels if begin(parcel.text) == "Wir halten einen Termin für Sie frei")
    token = kept.link.rpartition("/")[2]
    with world.db.reading() as tx:
        opened = service.by_link(tx, token, now=world.now)
    assert (opened.subject_id, opened.is_waiting) == (waiting.id, True)


def run_late(notices: Notices, *, person: object = MAIL) -> str:
    """Somebody sits in the room from 10:00 on and does not come out; the visit planned for 10:30."""
    first = book(notices, 0, "10:00", person=PAPER)
    second = book(notices, 0, "10:30", person=person)
    notices.go_on()
    notices.world.clock.set(moment(notices.world, "10:00"))
    notices.happen(first, FactKind.ARRIVED, FactKind.CALLED, FactKind.ENTERED)
    return second


def minutes_told(notices: Notices, visit_id: str, channel: Channel) -> list[int]:
    with notices.db.reading() as tx:
        rows = tx.execute(
            store.notices.select()
            .where(store.notices.c.subject_id == visit_id, store.notices.c.kind == Kind.DELAY.value)
            .where(store.notices.c.channel == channel.value)
            .order_by(store.notices.c.id)
        )
        return [row.step for row in rows]


def test_a_delay_is_told_once_per_threshold_and_then_that_it_is_time_to_come(notices: Notices, mail: Tray) -> None:
    visit_id, world = run_late(notices), notices.world
    told_by: list[tuple[str, str]] = []
    while world.now < moment(world, "12:20"):
        notices.tell_delays()
        notices.go_on()
        told_by += [(world.now.astimezone(ZONE).strftime("%H:%M"), text) for text in mail.texts]
        mail.parcels.clear()
        world.clock.forward(MINUTE)
    delays = [text for _, text in told_by if text.startswith("Es dauert länger")]
    steps = minutes_told(notices, visit_id, Channel.EMAIL)
    assert len(delays) == len(steps) == len(set(steps)) >= 3
    assert steps == sorted(steps)
    assert set(steps) <= set(notices.desk.rules.delays)
    come = [text for _, text in told_by if text.startswith("Bitte kommen Sie jetzt")]
    assert len(come) == 1


def test_when_what_was_said_has_come_she_is_asked_to_come_and_not_earlier(notices: Notices, mail: Tray) -> None:
    visit_id, world = run_late(notices), notices.world
    world.clock.set(moment(world, "10:35"))
    notices.tell_delays()
    notices.go_on()
    with notices.db.reading() as tx:
        said = store.said_minutes(tx, visit_id)
    assert said >= 10
    told: dict[str, datetime] = {}
    first = next(one.visit_id for one in facts(notices) if one.kind is FactKind.ENTERED)
    notices.happen(first, FactKind.ENDED, FactKind.CLEANED)
    while world.now < moment(world, "12:00"):
        notices.go_on()
        for text in mail.texts:
            told.setdefault(begin(text), world.now)
        world.clock.forward(MINUTE)
    come = told["Bitte kommen Sie jetzt"]
    assert come == max(moment(world, "10:35"), moment(world, "10:30") + (said - 15) * MINUTE)


def facts(notices: Notices) -> list[Fact]:
    with notices.db.reading() as tx:
        return visit.facts_on(tx, "room-1", now=notices.world.now)


def test_who_has_arrived_is_not_sent_a_delay(notices: Notices, mail: Tray) -> None:
    visit_id, world = run_late(notices), notices.world
    notices.go_on()
    mail.parcels.clear()
    notices.happen(visit_id, FactKind.ARRIVED)
    world.clock.set(moment(world, "11:30"))
    notices.tell_delays()
    notices.go_on()
    assert mail.texts == []


def test_a_newer_delay_takes_the_older_one_s_place_on_the_call_list(both: Notices) -> None:
    run_late(both, person=LANDLINE)
    for wall in ("10:40", "11:10"):
        both.world.clock.set(moment(both.world, wall))
        both.tell_delays()
        both.go_on()
    delays = [one for one in both.calls() if one.kind is Kind.DELAY]
    assert len(delays) == 1


def test_who_is_called_again_and_is_not_there_is_asked_to_come(notices: Notices, sms: Tray) -> None:
    visit_id, world = book(notices, 0, person=MOBILE), notices.world
    notices.go_on()
    sms.parcels.clear()
    world.clock.set(moment(world, "10:00"))
    notices.happen(visit_id, FactKind.ARRIVED, FactKind.CALLED)
    notices.go_on()
    assert sms.texts == []  # she sits in front of the room
    notices.happen(visit_id, FactKind.RECALLED)
    notices.go_on()
    notices.go_on()
    assert [begin(text) for text in sms.texts] == ["Bitte kommen Sie jetzt"]


def test_who_says_that_she_comes_later_hears_that_her_place_is_kept(notices: Notices, sms: Tray) -> None:
    visit_id, world = book(notices, 0, person=MOBILE), notices.world
    notices.go_on()
    sms.parcels.clear()
    with world.db.transaction() as tx:
        visit.record(tx, visit_id=visit_id, kind=FactKind.LATE, by="resident", now=world.now, minutes=20)
    notices.go_on()
    assert begin(sms.texts[0]) == "Danke"
    assert "20 Minuten" in sms.texts[0]
    with notices.db.reading() as tx:
        assert store.said_minutes(tx, visit_id) == 20


def test_of_whom_all_was_erased_nothing_is_told_and_no_browser_is_kept(both: Notices, mail: Tray) -> None:
    booked, world = book(both), both.world
    both.go_on()
    with world.db.transaction() as tx:
        person = booking.get(tx, booked).person_id
        place = store.place_of("browser")
        sealed = people.seal(tx, world.secrets, person, place, b"x", actor=RESIDENT, now=world.now)
        store.subscribe(tx, "browser", person, sealed, now=world.now)
        keeper = own.Keeper("Organization/x", "centre", "https://centre.test")
        copied = own.copy(tx, world.secrets, person, keeper=keeper, actor=RESIDENT, now=world.now)
        assert MAIL.name.encode() in copied
        made = own.erase(tx, world.secrets, person, actor=RESIDENT, now=world.now)
        service.forget_person(tx, person, now=world.now)
        assert store.subscribed(tx, person) == []
    assert made.cancelled == 1
    world.clock.forward(3 * DAY)
    both.go_on()
    assert [begin(text) for text in mail.texts] == ["Ihr Termin ist gebucht"]
