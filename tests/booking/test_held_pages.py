"""A chosen time is held while a resident enters the rest: until when, for longer, and what happens if it is gone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from telemed.booking import form, holding, service
from telemed.booking.held import HoldTries
from telemed.booking.model import Hold
from telemed.booking.planner import Offer
from telemed.kit.db import Database
from tests.booking.residents import SOMMER, Answer, Fields, Resident, complete, make_app
from tests.builders import SERVICE, World, make_booking, make_world, moment, offer_at

TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def resident(world: World) -> Resident:
    return Resident(make_app(world.centre))


def choose(resident: Resident, offer: Offer, **more: str) -> Answer:
    """The page behind the button of a time."""
    return resident.post("/termin/halten", {"service": offer.service_id, "offer": form.encode(offer), **more})


def held(world: World, fields: Fields) -> Hold | None:
    with world.db.reading() as tx:
        return holding.find_hold(tx, world.secrets, str(fields["request_id"]), now=world.now)


def is_offered(resident: Resident, time: str) -> bool:
    page = resident.get("/termin/zeit", service=SERVICE, day="2026-11-24")
    return time in page.texts(".//button[@name='offer']")


def test_a_chosen_time_is_held_for_ten_minutes_and_offered_to_nobody_else(world: World, resident: Resident) -> None:
    page = choose(resident, offer_at(world, "10:00"))
    assert "Wir halten die Zeit bis 09:10 Uhr für Sie frei." in page.words
    assert "Was hilft Ihnen?" in page.words
    assert held(world, page.fields())
    assert not is_offered(resident, "10:00")
    world.clock.forward(TEN_MINUTES)
    assert is_offered(resident, "10:00")


def test_every_step_says_until_when_and_has_the_button_for_more_time(world: World, resident: Resident) -> None:
    needs = choose(resident, offer_at(world, "10:00"))
    contact = resident.post("/termin/kontakt", needs.fields())
    check = resident.post("/termin/pruefen", {**contact.fields(), **SOMMER})
    for step, page in enumerate((needs, contact, check), 3):
        assert "bis 09:10 Uhr" in page.words
        assert page.values("at") == [str(step)]
        assert page.found(".//*[@id='held-more']/@data-left-s") == ["600"]


def test_the_hold_becomes_the_booking(world: World, resident: Resident) -> None:
    fields = {**choose(resident, offer_at(world, "10:00")).fields(), **SOMMER}
    booked = resident.post("/termin/buchen", fields)
    assert (booked.status, "10:00 Uhr" in booked.words) == (200, True)
    assert held(world, fields) is None
    with world.db.reading() as tx:
        assert len(service.on_day(tx, world.directory, world.now.date())) == 1


def test_looking_holds_nothing(world: World, resident: Resident) -> None:
    page = resident.get("/termin/hilfe", service=SERVICE, offer=form.encode(offer_at(world, "10:00")))
    assert "Wir halten" not in page.words
    assert resident.get("/termin/halten").headers["location"] == "/termin"
    assert resident.get("/termin/mehr-zeit").headers["location"] == "/termin"
    assert is_offered(resident, "10:00")


@pytest.mark.parametrize(
    ("step", "typed", "kept"),
    [
        ("3", {"needs": ["hearing", "quiet"]}, ".//input[@value='quiet'][@checked]"),
        ("4", {"name": "Hanne", "birth_year": "19", "way": "phone"}, ".//input[@id='name'][@value='Hanne']"),
        ("4", {"name": "Hanne", "birth_year": "19", "way": "phone"}, ".//input[@value='phone'][@checked]"),
        ("5", SOMMER, ".//input[@name='name'][@value='Hannelore Sommer']"),
    ],
)
def test_more_time_keeps_everything_as_it_was_typed(
    world: World, resident: Resident, step: str, typed: Fields, kept: str
) -> None:
    fields = choose(resident, offer_at(world, "10:00")).fields()
    world.clock.forward(timedelta(minutes=9))
    page = resident.post("/termin/mehr-zeit", {**fields, **typed, "at": step})
    assert page.status == 200
    assert "bis 09:19 Uhr" in page.words
    assert f"Schritt {step} von 5" in page.words
    assert len(page.found(kept)) == 1
    assert page.found(".//*[@role='alert']") == []


def test_more_time_is_given_ten_times_and_the_last_time_says_so(world: World, resident: Resident) -> None:
    page = choose(resident, offer_at(world, "14:00"))
    for _ in range(10):
        assert page.values("at") == ["3"]
        world.clock.forward(timedelta(minutes=9))
        page = resident.post("/termin/mehr-zeit", {**page.fields(), "at": "3"})
    assert page.values("at") == []
    assert "Länger als bis 10:40 Uhr geht es nicht." in page.words
    again = resident.post("/termin/mehr-zeit", {**page.fields(), "at": "3"})
    assert "bis 10:40 Uhr" in again.words


def test_a_time_that_begins_soon_is_held_until_it_begins(world: World, resident: Resident) -> None:
    page = choose(resident, offer_at(world, "09:05"))
    assert "bis 09:05 Uhr" in page.words
    assert page.values("at") == []


def test_what_ran_out_and_nobody_took_is_simply_held_again(world: World, resident: Resident) -> None:
    fields = choose(resident, offer_at(world, "10:00")).fields()
    world.clock.forward(timedelta(minutes=25))
    page = resident.post("/termin/kontakt", fields)
    assert "bis 09:35 Uhr" in page.words
    world.clock.forward(timedelta(minutes=25))
    assert resident.post("/termin/buchen", {**page.fields(), **SOMMER}).status == 200


def test_what_was_swept_can_still_get_more_time(world: World, resident: Resident) -> None:
    fields = choose(resident, offer_at(world, "10:00")).fields()
    world.clock.forward(timedelta(minutes=25))
    with world.db.transaction() as tx:
        assert holding.expire(tx, world.secrets, now=world.now) == 1
    page = resident.post("/termin/mehr-zeit", {**fields, "at": "3"})
    assert "bis 09:35 Uhr" in page.words


@pytest.mark.parametrize("path", ["/termin/kontakt", "/termin/pruefen", "/termin/mehr-zeit", "/termin/hilfe"])
def test_what_ran_out_and_somebody_took_keeps_all_answers_and_offers_the_nearest_three(
    world: World, resident: Resident, path: str
) -> None:
    fields = {**choose(resident, offer_at(world, "10:00")).fields(), **SOMMER, "needs": ["hearing"]}
    world.clock.forward(TEN_MINUTES)
    make_booking(world, at="10:00")
    lost = resident.post(path, {**fields, "at": "4"})
    assert lost.status == 409
    assert "nicht mehr frei" in lost.texts(".//*[@role='alert']")[0]
    assert {**lost.fields(), "offer": fields["offer"]} == {k: v for k, v in fields.items() if v}
    assert len(lost.values("offer")) == 3
    assert lost.found(".//form/@action") == ["/termin/halten"]
    page = resident.post("/termin/halten", {**lost.fields(), "offer": lost.values("offer")[0]})
    assert "Stimmt alles?" in page.words
    assert "Wir halten die Zeit bis 09:20 Uhr" in page.words


def test_before_anything_is_entered_a_lost_time_just_offers_others(world: World, resident: Resident) -> None:
    offer = offer_at(world, "10:00")
    make_booking(world, at="10:00")
    lost = choose(resident, offer)
    assert (lost.status, len(lost.values("offer"))) == (409, 3)
    assert "Das haben Sie angegeben" not in lost.words
    page = resident.post("/termin/halten", {**lost.fields(), "offer": lost.values("offer")[0]})
    assert "Was hilft Ihnen?" in page.words


def test_another_time_takes_the_place_of_the_first(world: World, resident: Resident) -> None:
    fields = choose(resident, offer_at(world, "10:00")).fields()
    page = resident.post("/termin/halten", {**fields, "offer": form.encode(offer_at(world, "11:00"))})
    assert page.fields()["request_id"] == fields["request_id"]
    assert is_offered(resident, "10:00")
    assert not is_offered(resident, "11:00")


def test_who_goes_back_to_the_times_may_keep_the_one_she_chose(world: World, resident: Resident) -> None:
    fields = choose(resident, offer_at(world, "10:00")).fields()
    when = resident.post("/termin/zeit", fields)
    assert "Diese Zeit haben Sie gewählt." in when.words
    assert when.values("offer")[:2] == [fields["offer"], fields["offer"]]  # carried on, and as the first button
    page = resident.post("/termin/halten", fields)
    assert "bis 09:10 Uhr" in page.words


def test_sixty_times_from_one_place_are_held_and_after_that_one_goes_on_without(world: World) -> None:
    app, offer = make_app(world.centre), offer_at(world, "10:00")
    resident = Resident(app)
    for _ in range(60):
        fields = choose(resident, offer).fields()
        with world.db.transaction() as tx:
            holding.end_hold(tx, world.secrets, str(fields["request_id"]), now=world.now)
    page = choose(resident, offer)
    assert (page.status, "Was hilft Ihnen?" in page.words) == (200, True)
    assert "Wir können diese Zeit nicht für Sie frei halten." in page.words
    assert held(world, page.fields()) is None
    assert resident.post("/termin/buchen", {**page.fields(), **SOMMER}).status == 200
    elsewhere = choose(Resident(app, address="198.51.100.1"), offer_at(world, "11:00"))
    assert "Wir halten die Zeit" in elsewhere.words
    assert HoldTries in world.centre.live


def test_a_time_that_could_not_be_held_does_not_count(world: World, resident: Resident) -> None:
    offer = offer_at(world, "10:00")
    make_booking(world, at="10:00")
    for _ in range(61):
        assert choose(resident, offer).status == 409


@pytest.mark.parametrize("path", ["/termin/halten", "/termin/kontakt", "/termin/mehr-zeit"])
def test_who_goes_back_after_booking_gets_the_slip_again(world: World, resident: Resident, path: str) -> None:
    fields = complete(offer_at(world, "10:00"))
    booked = resident.post("/termin/buchen", fields)
    page = resident.post(path, {**fields, "offer": form.encode(offer_at(world, "11:00"))})
    assert "Diesen Termin haben Sie schon ausgemacht." in page.words
    assert "10:00 Uhr" in page.words
    assert booked.texts(".//*[@class='ticket-words']") == page.texts(".//*[@class='ticket-words']")


def test_a_time_that_has_begun_is_said_plainly(world: World, resident: Resident) -> None:
    offer = offer_at(world, "09:10")
    world.clock.set(moment(world, "09:10"))
    page = choose(resident, offer)
    assert (page.status, "schon vorbei" in page.words) == (422, True)


def test_a_made_up_time_is_not_held(world: World, resident: Resident) -> None:
    offer = replace(offer_at(world, "10:00"), assistant_id="nobody")
    page = choose(resident, offer)
    assert (page.status, len(page.values("offer"))) == (409, 3)
