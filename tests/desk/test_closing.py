"""After a visit the checklist and the next appointment are on the doctor's day; an absence shows whom it displaces."""

import re
from datetime import timedelta

import pytest

from schemas.day import FactKind
from telemed.booking.model import Status
from telemed.identity.model import Role
from telemed.kit.clock import ExerciseClock
from telemed.kit.db import Database
from telemed.queue import service as queue
from tests.desk.staff import Page, Staff, audited, booking_of, known, new_bookings
from tests.desk.world import NAMES, World, make_world

AWAY, TO_MOVE = "/arzt/abwesend", "/assistenz/verlegen"
BEEN = (FactKind.ARRIVED, FactKind.CALLED, FactKind.ENTERED)


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def doctor(world: World) -> Staff:
    return Staff(world, Role.DOCTOR, world.doctor)


def closing(page: Page) -> list[str]:
    return re.findall(r'data-closing="([^"]+)"', page.text)


def test_after_a_visit_the_next_person_and_the_checklist_are_on_the_same_page(world: World, doctor: Staff) -> None:
    first, second = world.visits
    world.happen(first, *BEEN)
    world.happen(second, FactKind.ARRIVED)
    assert closing(doctor.get("/arzt")) == []
    ended = doctor.post(f"/arzt/besuch/{first}/ende")
    page = doctor.get(ended.headers["location"])
    assert closing(page) == [first]
    assert {"Überweisung", "Rezept"} <= set(page.texts(".//*[@class='tile-label']"))
    assert page.found(f".//section[@data-visit='{second}']")
    assert not page.found(".//input[@type='checkbox'][@name]")  # what is ticked cannot be sent
    page = doctor.post(f"/arzt/besuch/{first}/abgeschlossen")
    assert closing(doctor.get(page.headers["location"])) == []


def test_the_next_appointment_is_one_press_and_link_and_paper_lead_there(world: World, doctor: Staff) -> None:
    first, _ = world.visits
    world.happen(first, *BEEN, FactKind.ENDED)
    page, action = doctor.get("/arzt"), f"/arzt/besuch/{first}/folgetermin"
    offers, fields = page.buttons("offer", action), page.form(action)
    assert len(offers) == 3
    for _ in range(2):  # sent twice it is once
        assert doctor.post(action, {**fields, "offer": [offers[0]]}).status == 303
    (made,) = new_bookings(world)
    own = booking_of(world, first)
    assert made.person_id == own.person_id
    assert made.extras.replaces == first
    wall = [one.offer.start.astimezone(known(world).zone) for one in (own, made)]
    assert wall[1].date() == wall[0].date() + timedelta(weeks=1)
    assert wall[1].time() == wall[0].time()
    page = doctor.get("/arzt")
    assert page.found(".//*[@data-next]")
    assert not page.buttons("offer", action)
    assert doctor.post(action, {**fields, "request_id": ["r" * 43], "offer": [offers[1]]}).status == 303
    assert len(new_bookings(world)) == 1  # another one follows already


def test_a_day_can_be_named_and_a_time_that_has_gone_is_said(world: World, doctor: Staff) -> None:
    first, _ = world.visits
    world.happen(first, *BEEN, FactKind.ENDED)
    action = f"/arzt/besuch/{first}/folgetermin"
    page = doctor.get("/arzt", ab="2026-12-17")
    offers = page.buttons("offer", action)
    with_17 = page.texts(f".//form[@action='{action}']//button")
    assert len(offers) == 3
    assert "17. Dezember" in with_17[0]
    doctor.post(AWAY, {"von": "2026-12-17", "bis": "2026-12-23"})
    lost = doctor.post(action, {**page.form(action), "offer": [offers[0]]})
    assert lost.headers["location"] == "/arzt?weg=1"
    assert "gerade vergeben" in doctor.get("/arzt", weg="1").words
    assert new_bookings(world) == []


def test_only_the_doctor_of_a_visit_that_is_over_closes_it(world: World, doctor: Staff) -> None:
    first, second = world.visits
    world.happen(first, *BEEN, FactKind.ENDED)
    page, action = doctor.get("/arzt"), f"/arzt/besuch/{first}/folgetermin"
    fields = {**page.form(action), "offer": page.buttons("offer", action)[:1]}
    other = Staff(world, Role.DOCTOR, next(one for one in known(world).doctors if one != world.doctor))
    assert closing(other.get("/arzt")) == []
    assert other.post(action, fields).status == 404
    assert other.post(f"/arzt/besuch/{first}/abgeschlossen").status == 404
    assert doctor.post(f"/arzt/besuch/{second}/folgetermin", fields).status == 404  # has not even begun


def test_an_absence_shows_whom_it_displaces_and_then_how_to_move_them(world: World, doctor: Staff) -> None:
    when = {"von": "2026-12-01", "bis": "2026-12-01", "bis_zeit": "12:00"}
    page = doctor.get(AWAY, **when)
    names = " ".join(page.texts(".//ul[@data-displaced]/li"))
    assert all(name in names for name in NAMES[:2])
    assert audited(world, "absence") == 2
    assert "Es ist nichts eingetragen" in page.words  # looking enters nothing
    entered = doctor.post(AWAY, page.form(AWAY))
    assert entered.headers["location"] == TO_MOVE
    page = doctor.get(TO_MOVE)
    assert {entry.get("data-booking") for entry in page.found(".//*[@data-booking]")} == set(world.visits)
    moving = f"/assistenz/termin/{world.visits[0]}/verlegen"
    assert doctor.post(moving, {**page.form(moving), "offer": page.buttons("offer", moving)[:1]}).status == 200
    assert booking_of(world, world.visits[0]).status is Status.CANCELLED
    (take_back,) = doctor.get(AWAY).found(".//form[contains(@action, 'zuruecknehmen')]")
    assert doctor.post(take_back.get("action")).status == 303
    assert not doctor.get(TO_MOVE).found(".//*[@data-booking]")
    assert doctor.post(take_back.get("action")).status == 404


def test_who_falls_ill_now_lets_those_who_wait_know(world: World, doctor: Staff) -> None:
    def word() -> str | None:
        with world.centre.db.reading() as tx:
            found = queue.word_of(tx, world.doctor, now=world.now)
        return found.kind if found else None

    doctor.post(AWAY, {"von": "2026-12-02", "bis": "2026-12-02"})
    assert word() is None
    doctor.post(AWAY, {"von": "2026-12-01", "von_zeit": "09:00", "bis": "2026-12-01"})
    assert word() == "interrupted"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"von": "2026-12-02"}, "den Tag"),
        ({"von": "2026-12-02", "bis": "2026-12-01"}, "nach dem Anfang"),
        ({"von": "2026-11-30", "bis": "2026-11-30"}, "nach jetzt"),
        ({"von": "2026-12-02", "bis": "2026-12-02", "von_zeit": "halb drei"}, "14:30"),
        ({"von": "2026-12-02", "bis": "2028-12-02"}, "ein Jahr"),
    ],
)
def test_what_is_no_absence_is_said_and_entered_nowhere(doctor: Staff, when: dict[str, str], said: str) -> None:
    for page in (doctor.get(AWAY, **when), doctor.post(AWAY, when)):
        assert page.status == 422
        assert said in page.words
        assert "Es ist nichts eingetragen" in page.words


def test_after_half_an_hour_nobody_is_asked_any_more(world: World, doctor: Staff) -> None:
    world.happen(world.visits[0], *BEEN, FactKind.ENDED)
    assert closing(doctor.get("/arzt"))
    assert isinstance(world.centre.clock, ExerciseClock)
    world.centre.clock.forward(timedelta(minutes=31))
    assert closing(doctor.get("/arzt")) == []
