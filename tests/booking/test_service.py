"""Booking, opening, cancelling, importing."""

import json
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from telemed.booking import claims as claims_store
from telemed.booking import planner, seeking, store
from telemed.booking import service as booking
from telemed.booking.index import Index
from telemed.booking.model import (
    AlreadyCancelled,
    NotOffered,
    Reference,
    Request,
    SlotTaken,
    Status,
    TooLate,
)
from telemed.booking.planner import What, Wish
from telemed.booking.sought import ALWAYS, NEVER, Is, Kept, Not, Sought, Uses, Where, Within
from telemed.identity.allowed import program
from telemed.kit.db import Database
from telemed.kit.ids import new_id, new_link_token
from telemed.kit.refusal import NotFound
from telemed.people import store as people_store
from tests.builders import (
    CLIENT,
    OPERATOR,
    RESIDENT,
    SERVICE,
    SOMMER,
    WITH_CUFF,
    World,
    appointment_of,
    book,
    make_booking,
    make_world,
    moment,
    offer_at,
)


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def cancel(world: World, booking_id: str) -> None:
    with world.db.transaction() as tx:
        booking.cancel(tx, world.secrets, booking_id, actor=RESIDENT, now=world.now)


def claims(world: World) -> list[tuple[str, int]]:
    with world.db.reading() as tx:
        return sorted((r.resource_id, r.tick) for r in tx.execute(select(claims_store.claims)))


def persons(world: World) -> int:
    with world.db.reading() as tx:
        return len(tx.execute(select(people_store.persons)).all())


def read(world: World, booking_id: str) -> dict[str, Any]:
    with world.db.transaction() as tx:
        found = booking.read_appointment(tx, world.secrets, booking_id, actor=OPERATOR, now=world.now)
    made = json.loads(found)
    assert isinstance(made, dict)
    return made


def test_an_appointment_has_everybody_and_everything_as_participants(world: World) -> None:
    booked = make_booking(world, service=WITH_CUFF)
    appointment = read(world, booked.id)
    participants = appointment["participant"]
    assert isinstance(participants, list)
    kinds = [one["actor"]["reference"].split("/")[0] for one in participants]
    assert kinds == ["Patient", "Practitioner", "Practitioner", "Location", "Device"]
    assert (appointment["status"], appointment["minutesDuration"]) == ("booked", 20)
    assert all(one["actor"]["display"] for one in participants)
    assert appointment["serviceType"] == [
        {"coding": [{"system": "urn:telemed:code:service", "code": WITH_CUFF}], "text": WITH_CUFF}
    ]


def test_what_is_booked_is_claimed_and_not_offered_again(world: World) -> None:
    offer = offer_at(world, "10:00")
    book(world, Request(new_id(), offer, SOMMER))
    assert claims(world) == planner.claims(offer, world.directory)
    with pytest.raises(SlotTaken) as refused:
        book(world, Request(new_id(), offer, SOMMER))
    assert refused.value.resource in offer.resource_ids
    assert persons(world) == 1


def test_the_same_request_again_gets_the_same_answer(world: World) -> None:
    request = Request(new_id(), offer_at(world, "10:00"), SOMMER)
    assert book(world, request) == book(world, request)
    assert persons(world) == 1
    world.clock.forward(timedelta(days=1))
    assert book(world, request).id


def test_who_made_the_request_is_not_told_by_its_id(world: World) -> None:
    one, other = make_booking(world, at="10:00"), make_booking(world, at="11:00")
    assert len({one.id, other.id, one.link_token, other.link_token}) == 4


@pytest.mark.parametrize("late", [timedelta(0), timedelta(minutes=1), timedelta(days=300)])
def test_what_has_begun_is_too_late(world: World, late: timedelta) -> None:
    offer = offer_at(world, "10:00")
    world.clock.set(offer.start + late)
    with pytest.raises(TooLate):
        book(world, Request(new_id(), offer, SOMMER))
    assert (claims(world), persons(world)) == ([], 0)


def test_what_was_never_offered_is_refused(world: World) -> None:
    good = offer_at(world, "10:00")
    for wrong in (
        replace(good, doctor_id="hofer"),
        replace(good, assistant_id="weiss"),
        replace(good, room_id="room-9"),
        replace(good, service_id="unheard-of"),
        replace(good, device_ids=("cuff-9",)),
        replace(good, device_ids=("cuff-1", "cuff-1")),
        replace(good, end=good.end + timedelta(minutes=5)),
        replace(good, end=good.start - timedelta(days=3)),
        replace(good, start=good.start - timedelta(hours=2) + timedelta(days=1), end=good.end),
        replace(good, start=good.start + timedelta(days=84), end=good.end + timedelta(days=84)),
        replace(good, start=good.start + timedelta(hours=14), end=good.end + timedelta(hours=14)),
    ):
        with pytest.raises(NotOffered):
            book(world, Request(new_id(), wrong, SOMMER))
    assert (claims(world), persons(world)) == ([], 0)


def test_a_wish_beyond_the_horizon_finds_nothing(world: World) -> None:
    far = Wish(What(SERVICE), world.now + timedelta(days=70), world.now + timedelta(days=80))
    backwards = Wish(What(SERVICE), world.now + timedelta(days=2), world.now + timedelta(days=1))
    with world.db.reading() as tx:
        for wish in (far, backwards):
            assert booking.offers(tx, world.directory, wish, now=world.now) == []


def test_for_what_has_gone_the_nearest_three_are_offered_in_order(world: World) -> None:
    lost = offer_at(world, "10:00")
    book(world, Request(new_id(), lost, SOMMER))
    with world.centre.the(Index).at(world.now) as here:
        found = booking.alternatives(here, lost, now=world.now)
    assert [one.start for one in found] == [moment(world, wall) for wall in ("09:20", "09:30", "10:30")]


@pytest.mark.parametrize("seed", [1, 2])
def test_everything_that_is_offered_books_whatever_was_booked_before(world: World, seed: int) -> None:
    chance = random.Random(seed)
    kept: dict[str, planner.Offer] = {}
    for _ in range(25):
        service = chance.choice([SERVICE, WITH_CUFF, "skin-20"])
        earliest = world.now + timedelta(minutes=chance.randrange(0, 400))
        wish = Wish(What(service), earliest, earliest + timedelta(hours=5), align_minutes=5)
        with world.db.reading() as tx:
            found = booking.offers(tx, world.directory, wish, now=world.now, limit=50)
        if found:
            offer = chance.choice(found)
            kept[book(world, Request(new_id(), offer, SOMMER)).id] = offer
        if kept and chance.random() < 0.3:
            gone = chance.choice(sorted(kept))
            cancel(world, gone)
            del kept[gone]
    assert len(kept) > 5
    assert claims(world) == sorted(one for offer in kept.values() for one in planner.claims(offer, world.directory))


def test_cancelling_frees_the_time_at_once_and_only_once(world: World) -> None:
    booked = make_booking(world)
    cancel(world, booked.id)
    assert claims(world) == []
    assert read(world, booked.id)["status"] == "cancelled"
    with pytest.raises(AlreadyCancelled):
        cancel(world, booked.id)
    with pytest.raises(NotFound):
        cancel(world, "unheard-of")
    assert make_booking(world).id != booked.id
    with world.db.reading() as tx:
        assert booking.get(tx, booked.id).status is Status.CANCELLED


def test_what_has_begun_is_not_cancelled(world: World) -> None:
    booked = make_booking(world)
    world.clock.set(moment(world, "10:00"))
    with pytest.raises(TooLate):
        cancel(world, booked.id)
    assert claims(world) != []


def opened(world: World, reference: Reference, year: int) -> str:
    with world.db.reading() as tx:
        return booking.by_reference(tx, world.secrets, reference, year).id


def test_link_and_paper_open_the_booking(world: World) -> None:
    booked = make_booking(world)
    make_booking(world, at="11:00")
    with world.db.reading() as tx:
        assert booking.by_link(tx, booked.link_token).id == booked.id
    assert opened(world, booked.reference, SOMMER.birth_year) == booked.id


def test_wrong_link_wrong_paper_and_wrong_year_are_answered_alike(world: World) -> None:
    booked = make_booking(world)
    good = booked.reference
    wrong_digits = replace(good, digits=f"{(int(good.digits) + 1) % 1_000_000:06d}")
    turned = replace(good, pictures=(*good.pictures[1:], "none"))
    refused = []
    for reference, year in ((good, 1949), (wrong_digits, 1948), (turned, 1948)):
        with pytest.raises(NotFound) as one:
            opened(world, reference, year)
        refused.append(one.value)
    with world.db.reading() as tx:
        for token in (new_link_token(), "", booked.id, booked.link_token[:-1]):
            with pytest.raises(NotFound) as one:
                booking.by_link(tx, token)
            refused.append(one.value)
    assert {(type(one), one.key, tuple(one.params), one.expression) for one in refused} == {
        (NotFound, "refusal.not_found", (), None)
    }


def test_neither_link_nor_reference_nor_name_is_in_the_table(world: World) -> None:
    booked = make_booking(world)
    with world.db.reading() as tx:
        row = repr(tx.execute(select(store.bookings)).one())
    for secret in (booked.link_token, booked.reference.digits, booked.reference.text, "Sommer", SOMMER.contact):
        assert secret not in row


def test_no_two_visits_of_a_day_have_the_same_ticket(world: World) -> None:
    tickets = [make_booking(world, at=f"{hour}:{minute}").ticket for hour in range(10, 17) for minute in ("00", "30")]
    assert len(set(tickets)) == 14


def test_a_ticket_that_somebody_else_got_meanwhile_is_replaced(world: World) -> None:
    first = make_booking(world)
    with world.db.transaction() as tx:
        kept = store.get(tx, first.id)
        assert kept is not None
        again = replace(kept, id="second")
        day = kept.offer.start.astimezone(world.directory.zone).date().isoformat()
        assert not store.add(tx, again, day=day, appointment=b"", access=store.NO_ACCESS)
        assert store.add(tx, again, day="2026-11-25", appointment=b"", access=store.NO_ACCESS)


def test_an_import_claims_time_keeps_its_text_and_is_taken_once(world: World) -> None:
    resource = appointment_of(world, offer_at(world, "10:00"))

    def take() -> str:
        with world.db.transaction() as tx:
            return booking.import_appointment(tx, world.secrets, resource, actor=OPERATOR, now=world.now)

    assert take() == take() == "foreign-1"
    assert persons(world) == 1
    kept = read(world, "foreign-1")
    assert kept["start"] == resource.fields["start"]
    assert kept["meta"]["tag"] == [{"system": "http://fhir.de/CodeSystem/common-meta-tag-de", "code": "external"}]
    assert "profile" not in kept["meta"], "without a type of service it is no ISiKTermin"
    with pytest.raises(SlotTaken):
        book(world, Request(new_id(), replace(offer_at(world, "11:00"), start=moment(world, "10:00"),
                                              end=moment(world, "10:20")), SOMMER))  # fmt: skip


def test_a_search_finds_by_actor_time_and_status(world: World) -> None:
    one, other = make_booking(world, at="10:00", service=WITH_CUFF), make_booking(world, at="11:00")
    cancel(world, other.id)

    def found(where: Where) -> list[str]:
        with world.db.reading() as tx:
            return [hit.id for hit in seeking.seek(tx, Sought(where), asker=program(CLIENT, world.now)).hits]

    assert found(ALWAYS) == [one.id, other.id]
    assert found(NEVER) == []
    assert found(Is(Kept.STATUS, frozenset({"cancelled"}))) == [other.id]
    assert found(Not(Is(Kept.STATUS, frozenset({"cancelled"})))) == [one.id]
    assert found(Uses(frozenset({"cuff-1"}))) == [one.id]
    assert found(Is(Kept.DOCTOR, frozenset({"brandt"}))) == []
    assert found(Within(Kept.START, moment(world, "10:30"), None)) == [other.id]
    assert found(Within(Kept.START, None, moment(world, "10:30"))) == [one.id]


def test_free_slots_are_hours_less_claims_for_people_rooms_and_devices(world: World) -> None:
    make_booking(world, at="10:00", service=WITH_CUFF)
    nine, twelve = moment(world, "09:00"), moment(world, "12:00")
    ten, cleaned, done = (moment(world, wall) for wall in ("10:00", "10:30", "10:20"))
    with world.db.reading() as tx:
        for actors, expected in (
            (["room-1"], [(nine, ten), (cleaned, twelve)]),
            (["weiss"], [(nine, ten), (done, twelve)]),
            (["cuff-1"], [(nine, ten), (done, twelve)]),
            (["oximeter-1"], [(nine, twelve)]),
            (["weiss", "room-1"], [(nine, ten), (cleaned, twelve)]),
            (["nobody"], []),
        ):
            assert booking.free_slots(tx, world.directory, actors, nine, twelve, now=world.now) == expected
