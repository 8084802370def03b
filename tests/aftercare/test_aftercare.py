"""A sheet is kept sealed, for fourteen days, for its visit alone; only the visit's doctor puts it there."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from schemas.day import FactKind
from telemed.aftercare import jobs, model, service, store
from telemed.aftercare.model import LIBRARY, Group, Sheet, SheetBroken, SheetGone
from telemed.booking import service as booking
from telemed.identity.model import ANYONE, Actor, Role
from telemed.kit.db import Database
from telemed.kit.i18n import of_pages, words
from telemed.kit.ids import to_base64
from telemed.kit.refusal import NotFound
from telemed.people import service as people
from telemed.visit import service as visit
from telemed.visit.model import WrongMoment
from tests.builders import World, make_booking, make_world
from tests.desk.staff import Staff
from tests.desk.world import World as Desk
from tests.desk.world import make_world as make_desk

WEISS, NOVAK = Actor(Role.DOCTOR, "weiss"), Actor(Role.DOCTOR, "novak")
FIRST, SECOND = "A" * 22, "B" * 22
BEEN = (FactKind.ARRIVED, FactKind.CALLED, FactKind.ENTERED)


def sealed(size: int = 1053, form: int = model.FORM) -> bytes:
    return bytes([form]) + b"\x7f" * (size - 1)


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


@pytest.fixture
def visited(world: World) -> str:
    """A visit that goes on."""
    booked = make_booking(world)
    happen(world, booked.id, *BEEN)
    return booked.id


def happen(world: World, visit_id: str, *kinds: FactKind) -> None:
    with world.db.transaction() as tx:
        for kind in kinds:
            visit.record(tx, visit_id=visit_id, kind=kind, by="assistant", now=world.now)


def put(world: World, visit_id: str, sheet_id: str = FIRST, data: bytes | None = None, actor: Actor = WEISS) -> None:
    with world.db.transaction() as tx:
        sheet = Sheet(sheet_id, visit_id, sealed() if data is None else data)
        service.put(tx, world.secrets, sheet, actor=actor, now=world.now)


def read(world: World, sheet_id: str = FIRST) -> bytes:
    with world.db.transaction() as tx:
        return service.look(tx, world.secrets, sheet_id, actor=ANYONE, now=world.now)[0].sealed


def test_what_the_doctors_browser_sealed_comes_back_as_it_was_for_fourteen_days(world: World, visited: str) -> None:
    put(world, visited)
    world.clock.forward(timedelta(days=14) - timedelta(minutes=1))
    assert read(world) == sealed()
    jobs.forget_expired(world.db, world.clock)
    assert read(world) == sealed()
    world.clock.forward(timedelta(minutes=1))
    with pytest.raises(SheetGone):
        read(world)
    jobs.forget_expired(world.db, world.clock)
    with world.db.reading() as tx:
        assert tx.execute(select(store.sheets)).all() == []


def test_another_one_takes_its_place_and_the_first_link_opens_nothing(world: World, visited: str) -> None:
    put(world, visited)
    put(world, visited, data=sealed(2077))  # the same link, other words
    assert len(read(world)) == 2077
    put(world, visited, SECOND)
    assert read(world, SECOND) == sealed()
    with pytest.raises(SheetGone):
        read(world)
    with world.db.transaction() as tx:
        service.take_back(tx, visited, actor=WEISS, now=world.now)
    with pytest.raises(SheetGone):
        read(world, SECOND)


def test_only_the_doctor_of_a_visit_that_has_begun_puts_one(world: World, visited: str) -> None:
    for actor in (NOVAK, Actor(Role.ASSISTANT, "nobody"), Actor(Role.RESIDENT, "another"), ANYONE):
        with pytest.raises(NotFound):
            put(world, visited, actor=actor)
    later = make_booking(world, at="11:00").id
    with pytest.raises(WrongMoment):
        put(world, later)
    happen(world, visited, FactKind.ENDED, FactKind.CLEANED)
    put(world, visited)
    happen(world, later, *BEEN)
    with pytest.raises(SheetBroken):
        put(world, later)  # the id is that of another visit's sheet
    assert read(world) == sealed()


@pytest.mark.parametrize(
    ("sheet_id", "data"),
    [
        (FIRST, b""),
        (FIRST, sealed(model.SMALLEST)),
        (FIRST, sealed(model.LARGEST + 1)),
        (FIRST, sealed(form=2)),
        ("A" * 21 + "/", sealed()),
        ("A" * 21, sealed()),
    ],
)
def test_what_is_no_sealed_sheet_or_too_large_is_refused(
    world: World, visited: str, sheet_id: str, data: bytes
) -> None:
    with pytest.raises(SheetBroken):
        put(world, visited, sheet_id, data)


def test_whoever_has_her_data_erased_has_no_sheet_any_more(world: World, visited: str) -> None:
    put(world, visited)
    with world.db.transaction() as tx:
        people.erase(tx, booking.get(tx, visited).person_id, actor=WEISS, now=world.now)
    with pytest.raises(SheetGone):
        read(world)


def test_writing_and_reading_leave_their_lines_in_the_audit(world: World, visited: str) -> None:
    put(world, visited)
    read(world)
    with world.db.transaction() as tx:
        lines = people.lines_of(tx, booking.get(tx, visited).person_id)
    found = {(line.role, line.deed.value, line.purpose) for line in lines}
    assert {("doctor", "write", "aftercare_sheet"), ("anyone", "read", "aftercare")} <= found


def test_each_block_has_words_in_each_language_and_stands_under_a_heading() -> None:
    assert {one.group for one in LIBRARY} == set(Group)
    assert len({one.key for one in LIBRARY}) == len(LIBRARY)
    for language in of_pages():
        own = words(language).own()
        assert {f"aftercare.block.{one.key}" for one in LIBRARY} <= own


@pytest.fixture
def desk(sqlite_database: Database) -> Desk:
    return make_desk(sqlite_database)


def test_the_doctors_page_knows_the_person_and_when_one_meets_again(desk: Desk) -> None:
    first, _ = desk.visits
    doctor = Staff(desk, Role.DOCTOR, desk.doctor)
    where = f"/arzt/besuch/{first}/anleitung"
    assert doctor.get(where).status == 409
    desk.happen(first, *BEEN, FactKind.ENDED)
    page = doctor.get(where)
    assert "Erika Sommer" in page.words
    assert len(page.found(".//input[@data-block]")) == len(LIBRARY)
    assert "Kein nächster Termin" in page.words
    action = f"/arzt/besuch/{first}/folgetermin"
    day = doctor.get("/arzt")
    assert day.found(f".//a[@href='{where}']")
    doctor.post(action, {**day.form(action), "offer": [day.buttons("offer", action)[0]]})
    assert page.found(".//*[@data-next-start]") == []
    assert doctor.get(where).found(".//*[@data-next-start]")
    assert Staff(desk, Role.DOCTOR, "another").get(where).status == 404
    assert Staff(desk).get(where).status == 403


def test_over_the_wire_a_sheet_comes_back_sealed_and_nonsense_is_refused(desk: Desk) -> None:
    first, _ = desk.visits
    desk.happen(first, *BEEN)
    doctor, where = Staff(desk, Role.DOCTOR, desk.doctor), f"/arzt/besuch/{first}/anleitung"
    body = {"id": FIRST, "sealed": to_base64(sealed())}
    assert doctor.send(where, body).status == 204
    assert doctor.send(where, {**body, "sealed": "ä"}).status == 422
    assert doctor.send(where, {**body, "sealed": "A" * 30_000}).status == 422
    page = Staff(desk, Role.DOCTOR, desk.doctor).get(f"/nachsorge/{FIRST}")
    (article,) = page.found(".//article[@data-sealed]")
    assert article.get("data-sealed") == body["sealed"]
    assert doctor.send(f"{where}/zurueck", {}).status == 204
    assert doctor.get(f"/nachsorge/{FIRST}").status == 410
