"""Another time for the own appointment: the old one stays until the new one is had, and link and paper stay valid."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from schemas.day import FactKind
from telemed.booking import form, holding, service
from telemed.booking.model import Booked, Booking
from telemed.booking.store import bookings
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from telemed.people.model import Need
from telemed.visit import service as visit
from tests.booking.residents import Answer, Resident, make_app
from tests.builders import SOMMER, WITH_CUFF, World, make_booking, make_world, moment, offer_at

HERE = "/mein-termin/verschieben"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def resident(world: World) -> Resident:
    return Resident(make_app(world.centre))


@pytest.fixture
def booked(world: World, resident: Resident) -> Booked:
    """An appointment at 10:00, opened by its link."""
    made = make_booking(world, at="10:00")
    resident.post(f"/t/{made.link_token}", {})
    return made


def choose(world: World, resident: Resident, at: str) -> Answer:
    return resident.post(HERE, {"offer": form.encode(offer_at(world, at))})


def current(world: World, booked: Booked) -> Booking:
    with world.db.reading() as tx:
        return service.current(tx, booked.id)


@pytest.mark.usefixtures("booked")
def test_times_of_the_same_service_with_the_same_doctor_are_offered_first(world: World, resident: Resident) -> None:
    page = resident.get(HERE)
    assert "Bisher: Dienstag, 24. November, 10:00 Uhr" in page.words
    assert "Zeiten bei Dr. Weiß" in page.words
    offers = [form.decode(code, world.directory) for code in page.values("offer")]
    assert {(offer.service_id, offer.doctor_id) for offer in offers if offer} == {("general-20", "weiss")}
    everyone = resident.get(HERE, wer="alle", day="2026-11-24")
    assert "Zeiten bei" not in everyone.words
    assert everyone.fields().keys() == {"wer", "form_token"}
    assert everyone.fields()["wer"] == "alle"


def test_moving_asks_once_holds_the_new_time_and_keeps_link_and_paper(
    world: World, resident: Resident, booked: Booked
) -> None:
    check = choose(world, resident, "14:00")
    assert check.texts(".//dl/div[dt='Bisher']/dd")[0] == "Dienstag, 24. November, 10:00 Uhr"
    assert check.texts(".//dl/div[dt='Neu']/dd")[0] == "Dienstag, 24. November, 14:00 Uhr"
    assert "Wir halten die Zeit bis 09:10 Uhr" in check.words
    assert current(world, booked).id == booked.id
    assert resident.post(f"{HERE}/fertig", check.fields()).headers["location"] == "/mein-termin/verschoben"
    slip = resident.get("/mein-termin/verschoben")
    assert "14:00 Uhr" in slip.words
    assert "Ihr Link und der QR-Code gelten weiter." in slip.words
    assert "Ihr Zeichen ist neu" not in slip.words
    assert "14:00 Uhr" in resident.get("/mein-termin").words
    with world.db.reading() as tx:
        by_paper = service.by_reference(tx, world.secrets, booked.reference, 1948)
        assert service.by_link(tx, booked.link_token) == by_paper == current(world, booked)
    assert offer_at(world, "10:00")


def test_sent_twice_it_is_moved_once(world: World, resident: Resident, booked: Booked) -> None:
    fields = choose(world, resident, "14:00").fields()
    places = {resident.post(f"{HERE}/fertig", fields).headers["location"] for _ in range(2)}
    assert places == {"/mein-termin/verschoben"}
    assert current(world, booked).extras.replaces == booked.id
    assert resident.post(HERE, fields).headers["location"] == "/mein-termin/verschoben"


def test_a_new_ticket_is_said(world: World, resident: Resident, booked: Booked) -> None:
    tomorrow = moment(world, "10:00") + timedelta(days=1)
    other = make_booking(world, at=tomorrow + timedelta(hours=1))
    same = {"picture": booked.ticket.picture, "letter": booked.ticket.letter, "digits": booked.ticket.digits}
    with world.db.transaction() as tx:  # as chance may have it: somebody has her ticket on the other day
        tx.execute(update(bookings).where(bookings.c.id == other.id).values(same))
    check = resident.post(HERE, {"offer": form.encode(offer_at(world, tomorrow))})
    resident.post(f"{HERE}/fertig", check.fields())
    assert "Ihr Zeichen ist neu." in resident.get("/mein-termin/verschoben").words


def test_a_time_that_has_just_gone_keeps_the_old_one_and_offers_the_nearest_three(
    world: World, resident: Resident, booked: Booked
) -> None:
    offer = offer_at(world, "14:00")
    make_booking(world, at="14:00")
    lost = resident.post(HERE, {"offer": form.encode(offer)})
    assert lost.status == 409
    assert "nicht mehr frei" in lost.texts(".//*[@role='alert']")[0]
    assert "Ihr alter Termin bleibt: Dienstag, 24. November, 10:00 Uhr." in lost.words
    assert len(lost.values("offer")) == 3
    assert current(world, booked).offer.start == moment(world, "10:00")
    check = resident.post(HERE, {**lost.fields(), "offer": lost.values("offer")[0]})
    assert "Termin verschieben?" in check.words


def test_a_held_time_that_ran_out_and_was_taken_keeps_the_old_one(
    world: World, resident: Resident, booked: Booked
) -> None:
    fields = choose(world, resident, "14:00").fields()
    world.clock.set(moment(world, "09:10"))
    make_booking(world, at="14:00")
    lost = resident.post(f"{HERE}/fertig", fields)
    assert (lost.status, len(lost.values("offer"))) == (409, 3)
    assert current(world, booked).id == booked.id


@pytest.mark.usefixtures("booked")
def test_more_time_is_given_here_too(world: World, resident: Resident) -> None:
    check = choose(world, resident, "14:00")
    world.clock.set(moment(world, "09:09"))
    page = resident.post(f"{HERE}/mehr-zeit", check.fields())
    assert "Wir halten die Zeit bis 09:19 Uhr" in page.words


@pytest.mark.usefixtures("booked")
def test_another_time_gives_the_held_one_back(world: World, resident: Resident) -> None:
    fields = choose(world, resident, "14:00").fields()
    assert resident.post(f"{HERE}/zurueck", fields).headers["location"] == HERE
    assert offer_at(world, "14:00")
    with world.db.reading() as tx:
        assert holding.find_hold(tx, world.secrets, str(fields["request_id"]), now=world.now) is None


def test_who_has_arrived_does_not_move(world: World, resident: Resident, booked: Booked) -> None:
    fields = choose(world, resident, "14:00").fields()
    with world.db.transaction() as tx:
        visit.record(tx, visit_id=booked.id, kind=FactKind.ARRIVED, by="assistant", now=world.now)
    assert HERE not in resident.get("/mein-termin").text
    assert {resident.get(HERE).status, resident.post(HERE, fields).status} == {409}
    assert resident.post(f"{HERE}/fertig", fields).status == 409


@pytest.mark.usefixtures("booked")
@pytest.mark.parametrize("path", [HERE, f"{HERE}/fertig", f"{HERE}/mehr-zeit"])
def test_another_service_or_nonsense_leads_back_to_the_times(world: World, resident: Resident, path: str) -> None:
    other = form.encode(offer_at(world, "14:00", service=WITH_CUFF))
    for offer in ("", "nonsense", other):
        page = resident.post(path, {"offer": offer, "request_id": new_token()})
        assert page.headers["location"] == HERE


def test_her_needs_count_for_the_new_time_too(world: World, resident: Resident) -> None:
    needs = replace(SOMMER, needs=(Need.WHEELCHAIR,))
    resident.post(f"/t/{make_booking(world, at='10:00', person=needs).link_token}", {})
    page = resident.get(HERE)
    assert page.values("offer") == []  # this quarter's room has steps
    assert "Dafür passt zurzeit keiner unserer Räume." in page.words


def test_without_a_session_nothing_moves(resident: Resident) -> None:
    paths = (HERE, "/mein-termin/verschoben")
    assert {resident.get(path).status for path in paths} == {401}
    assert {resident.post(f"{HERE}{more}", {}).status for more in ("", "/fertig", "/mehr-zeit", "/zurueck")} == {401}


@pytest.mark.usefixtures("booked")
def test_what_was_not_moved_has_no_slip_of_moving(resident: Resident) -> None:
    assert resident.get("/mein-termin/verschoben").headers["location"] == "/mein-termin"


def test_the_old_link_goes_on_to_the_moved_one_and_cancels_that(
    world: World, resident: Resident, booked: Booked
) -> None:
    resident.post(f"{HERE}/fertig", choose(world, resident, "14:00").fields())
    assert "14:00 Uhr" in resident.get("/mein-termin/absagen").words
    resident.post("/mein-termin/absagen", {})
    assert "Ihr Termin ist abgesagt, wie Sie es wollten." in resident.get("/mein-termin").words
    assert current(world, booked).status.value == "cancelled"
    assert offer_at(world, "14:00")
