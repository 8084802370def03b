"""A one-time code: sent to whoever booked, by night too, five tries, ten minutes; and nobody learns who is known."""

from datetime import timedelta

import pytest

from telemed.booking import service as booking
from telemed.kit.ids import digest
from telemed.notify import codes
from telemed.notify.channels import NotDelivered
from telemed.people import service as people
from telemed.people.model import same_contact
from tests.builders import OPERATOR, make_booking, moment
from tests.notify.world import LANDLINE, MAIL, MOBILE, Notices, Tray

MINUTE = timedelta(minutes=1)


def ask(notices: Notices, contact: str) -> str:
    with notices.db.transaction() as tx:
        token = codes.ask(tx, notices.world.secrets, contact, now=notices.world.now)
    notices.go_on()
    return token


def right(notices: Notices, token: str) -> str:
    return codes.digits(notices.world.secrets, digest(token))


def proves(notices: Notices, token: str, typed: str) -> bool:
    with notices.db.transaction() as tx:
        return codes.prove(tx, notices.world.secrets, token, typed, now=notices.world.now)


def shown(notices: Notices, token: str) -> list[str]:
    with notices.db.reading() as tx:
        return [one.id for one in codes.proven(tx, token, now=notices.world.now)]


@pytest.mark.parametrize("typed", ["0171 2345678", "+49 171 2345678", "0049-171/2345678", "(0171) 23 45 678"])
def test_a_number_is_the_same_however_it_is_typed(typed: str) -> None:
    assert same_contact(typed) == same_contact(MOBILE.contact) == "+491712345678"


def test_the_code_goes_to_the_number_and_shows_all_its_appointments(both: Notices, sms: Tray, mail: Tray) -> None:
    first, second = (make_booking(both.world, at=at, person=MOBILE).id for at in ("10:00", "11:00"))
    make_booking(both.world, at="12:00", person=MAIL)
    both.go_on()
    sms.parcels.clear()
    mail.parcels.clear()
    token = ask(both, "+49 171 2345678")
    (parcel,) = sms.parcels
    assert mail.parcels == []
    assert (parcel.to, parcel.text.count(right(both, token)), "http" in parcel.text) == (MOBILE.contact, 1, False)
    assert shown(both, token) == []
    assert proves(both, token, f" {right(both, token)[:3]} {right(both, token)[3:]}")
    assert shown(both, token) == [first, second]


def test_an_address_is_found_in_whatever_case(notices: Notices, mail: Tray) -> None:
    made = make_booking(notices.world, person=MAIL)
    notices.go_on()
    mail.parcels.clear()
    token = ask(notices, " Erika@EXAMPLE.org")
    assert [right(notices, token) in text for text in mail.texts] == [True]
    assert proves(notices, token, right(notices, token))
    assert shown(notices, token) == [made.id]


def test_who_is_not_known_or_has_no_mobile_phone_gets_nothing_and_nobody_calls(
    notices: Notices, sms: Tray, mail: Tray
) -> None:
    make_booking(notices.world, person=LANDLINE)
    notices.go_on()
    for contact in ("0171 0000000", "nobody@example.org", LANDLINE.contact, ""):
        ask(notices, contact)
    assert (sms.parcels, mail.parcels, notices.calls()) == ([], [], [])


def test_after_five_wrong_codes_the_right_one_is_too_late(notices: Notices) -> None:
    make_booking(notices.world, person=MOBILE)
    token = ask(notices, MOBILE.contact)
    wrong = f"{(int(right(notices, token)) + 1) % 1_000_000:06d}"
    assert [proves(notices, token, wrong) for _ in range(5)] == [False] * 5
    assert not proves(notices, token, right(notices, token))
    assert shown(notices, token) == []


def test_after_ten_minutes_the_code_is_of_no_use_and_what_it_showed_is_gone(notices: Notices) -> None:
    make_booking(notices.world, person=MOBILE)
    token, late = ask(notices, MOBILE.contact), ask(notices, MOBILE.contact)
    assert proves(notices, token, right(notices, token))
    notices.world.clock.forward(10 * MINUTE)
    assert (shown(notices, token), proves(notices, late, right(notices, late))) == ([], False)


def test_a_code_of_one_page_is_of_no_use_on_another(notices: Notices) -> None:
    make_booking(notices.world, person=MOBILE)
    one, other = ask(notices, MOBILE.contact), ask(notices, MOBILE.contact)
    assert not proves(notices, one, right(notices, other))
    assert not proves(notices, "x" * 43, right(notices, one))


def test_a_stranger_cannot_have_message_after_message_sent(notices: Notices, sms: Tray) -> None:
    make_booking(notices.world, person=MOBILE)
    notices.go_on()
    sms.parcels.clear()
    for _ in range(6):
        ask(notices, MOBILE.contact)
    assert len(sms.parcels) == codes.MOST_SENT
    notices.world.clock.forward(61 * MINUTE)
    ask(notices, MOBILE.contact)
    assert len(sms.parcels) == codes.MOST_SENT + 1


def test_at_night_the_code_goes_out_alone(notices: Notices, sms: Tray) -> None:
    start = moment(notices.world, "10:00") + timedelta(days=2)
    notices.world.clock.set(moment(notices.world, "23:00"))
    make_booking(notices.world, at=start, person=MOBILE)
    notices.go_on()
    token = ask(notices, MOBILE.contact)
    assert [right(notices, token) in text for text in sms.texts] == [True]


def test_what_is_cancelled_or_erased_is_not_shown(notices: Notices) -> None:
    cancelled, erased = (make_booking(notices.world, at=at, person=MOBILE).id for at in ("10:00", "11:00"))
    token = ask(notices, MOBILE.contact)
    assert proves(notices, token, right(notices, token))
    with notices.db.transaction() as tx:
        booking.cancel(tx, notices.world.secrets, cancelled, actor=OPERATOR, now=notices.world.now)
        people.erase(tx, booking.get(tx, erased).person_id, actor=OPERATOR, now=notices.world.now)
    assert shown(notices, token) == []


def test_neither_code_nor_contact_stands_in_the_database(notices: Notices) -> None:
    make_booking(notices.world, person=MOBILE)
    token = ask(notices, MOBILE.contact)
    with notices.db.reading() as tx:
        rows = [
            str(value)
            for table in ("notify_code", "notify_notice", "people_person", "outbox_event")
            for row in tx.exec_driver_sql(f"SELECT * FROM {table}")
            for value in row
        ]
    for secret in (token, right(notices, token), "1712345678"):
        assert not any(secret in row for row in rows)


def test_an_unsent_code_is_never_said_by_staff(notices: Notices, sms: Tray) -> None:
    make_booking(notices.world, person=MOBILE)
    notices.go_on()
    sms.fails = NotDelivered("http_500", for_good=True)
    ask(notices, MOBILE.contact)
    notices.look_after()
    assert notices.calls() == []
