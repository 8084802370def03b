"""Who lost link and paper sees the own appointments by a code; the page is the same for whoever asks."""

from datetime import timedelta

import pytest

from telemed.kit.ids import digest
from telemed.notify import codes
from tests.booking.residents import Answer, Resident, make_app
from tests.builders import make_booking
from tests.notify.world import MOBILE, Notices

HERE = "/mein-termin/zahl"


@pytest.fixture
def resident(notices: Notices) -> Resident:
    return Resident(make_app(notices.world.centre))


def asked(resident: Resident, contact: str = MOBILE.contact) -> Answer:
    page = resident.post(HERE, {"contact": contact})
    assert page.status == 200
    return page


def right(notices: Notices, page: Answer) -> dict[str, str]:
    (token,) = page.values("token")
    return {"token": token, "code": codes.digits(notices.world.secrets, digest(token))}


def test_the_right_code_opens_the_one_appointment_at_once(notices: Notices, resident: Resident) -> None:
    make_booking(notices.world, person=MOBILE)
    opened = resident.post(f"{HERE}/pruefen", right(notices, asked(resident)))
    assert (opened.status, opened.headers["location"]) == (303, "/mein-termin")
    assert "__host-telemed=" in opened.headers["set-cookie"].lower()


def test_of_several_each_is_one_press_away_and_no_other(notices: Notices, resident: Resident) -> None:
    first, second = (make_booking(notices.world, at=at, person=MOBILE) for at in ("10:00", "11:00"))
    other = make_booking(notices.world, at="12:00")
    sent = right(notices, asked(resident))
    listed = resident.post(f"{HERE}/pruefen", sent)
    assert listed.values("booking_id") == [first.id, second.id]
    assert "Winter" not in listed.text
    opened = resident.post(f"{HERE}/oeffnen", {"token": sent["token"], "booking_id": second.id})
    assert (opened.status, opened.headers["location"]) == (303, "/mein-termin")
    assert resident.post(f"{HERE}/oeffnen", {"token": sent["token"], "booking_id": other.id}).status == 404
    unproven = right(notices, asked(resident))["token"]
    assert resident.post(f"{HERE}/oeffnen", {"token": unproven, "booking_id": first.id}).status == 404
    notices.world.clock.forward(timedelta(minutes=10))
    assert resident.post(f"{HERE}/oeffnen", {"token": sent["token"], "booking_id": first.id}).status == 404


def test_known_and_unknown_are_answered_alike_also_with_a_wrong_code(
    notices: Notices,
    resident: Resident,
) -> None:
    make_booking(notices.world, person=MOBILE)
    known, unknown = asked(resident), asked(resident, "0171 0000000")
    assert known.plain == unknown.plain
    wrong = [
        resident.post(f"{HERE}/pruefen", {"token": page.values("token")[0], "code": "x"}) for page in (known, unknown)
    ]
    wrong.append(resident.post(f"{HERE}/pruefen", {"token": "y" * 43, "code": "123456"}))
    assert {(page.status, page.plain) for page in wrong} == {(422, wrong[0].plain)}


def test_who_guesses_the_code_of_nobody_sees_that_there_is_nothing(notices: Notices, resident: Resident) -> None:
    page = resident.post(f"{HERE}/pruefen", right(notices, asked(resident, "0171 0000000")))
    assert "keinen Termin bei uns" in page.words


@pytest.mark.parametrize("contact", ["", "Hanne", "@", "12345"])
def test_what_is_neither_number_nor_address_is_said_so(resident: Resident, contact: str) -> None:
    page = resident.post(HERE, {"contact": contact})
    assert page.status == 422
    assert page.found(".//*[@role='alert']//a[@href='#contact']")


def test_nobody_asks_for_codes_or_tries_them_without_end(resident: Resident) -> None:
    statuses = [resident.post(HERE, {"contact": "0171 0000000"}).status for _ in range(11)]
    assert statuses == [200] * 10 + [429]
    tried = [resident.post(f"{HERE}/pruefen", {"token": "y" * 43, "code": "1"}).status for _ in range(21)]
    assert tried == [422] * 20 + [429]
