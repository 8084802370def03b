"""A defect is three presses; what is out of use is planned without at once, and what it touches is listed."""

import pytest

from schemas.checks import BlockedDevice
from schemas.day import FactKind
from telemed.directory import service as directory
from telemed.directory.model import Template
from telemed.identity.model import Role
from telemed.kit.db import Database
from telemed.upkeep import service as upkeep
from tests.desk.staff import Page, Staff, audited, booking_of, change, known, wall
from tests.desk.world import NAMES, ROOM, SERVICE, World, make_world

HERE, TO_MOVE = "/assistenz/maengel", "/assistenz/verlegen"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def staff(world: World) -> Staff:
    return Staff(world)


def cuff(world: World) -> str:
    (device,) = (one for one in known(world).devices_in(ROOM) if one.kind == "blood-pressure")
    return device.id


def report(staff: Staff, world: World, *, out: str = "yes") -> Page:
    return staff.post(HERE, {"where": f"{ROOM}/{cuff(world)}", "what": "no-reaction", "out": out})


def test_what_is_out_of_use_is_in_no_offer_and_whom_it_touches_is_listed(world: World, staff: Staff) -> None:
    assert staff.offers(SERVICE).buttons("offer")
    assert report(staff, world).headers["location"] == HERE
    page = staff.get(HERE)
    touched = " ".join(page.texts(".//ul[@data-touched]/li"))
    assert all(name in touched for name in NAMES[:2])
    assert audited(world, "defect") == 2
    assert not staff.offers(SERVICE).buttons("offer")
    assert {one.get("data-booking") for one in staff.get(TO_MOVE).found(".//*[@data-booking]")} == set(world.visits)
    (mended,) = page.found(".//form[contains(@action, 'behoben')]")
    assert staff.post(mended.get("action")).status == 303
    assert staff.offers(SERVICE).buttons("offer")
    assert "kein Mangel" in staff.get(HERE).words
    assert staff.post(mended.get("action")).status == 404


def test_what_may_still_be_used_and_what_is_no_device_leave_the_plan_alone(world: World, staff: Staff) -> None:
    operator = Staff(world, Role.OPERATOR, "operator")
    assert not operator.get("/betrieb").found(".//*[@data-reported]")
    report(staff, world, out="no")
    assert "Reagiert nicht" in operator.get("/betrieb").texts(".//*[@data-reported]")[0]
    assert staff.post(HERE, {"where": f"{ROOM}/raum", "what": "dirty"}).status == 303
    page = staff.get(HERE)
    assert len(page.found(".//*[@data-defect]")) == 2
    assert not page.found(".//*[@data-touched]")
    assert staff.offers(SERVICE).buttons("offer")


def test_it_stays_out_until_both_the_room_and_people_say_that_it_works(world: World, staff: Staff) -> None:
    found = BlockedDevice(device_id=cuff(world), kind="blood-pressure", code="not-found", since=world.now)

    def room_says(*told: BlockedDevice) -> bool:
        with world.centre.db.transaction() as tx:
            upkeep.take_in(tx, ROOM, told, now=world.now)
        return known(world).devices[cuff(world)].blocked_since is not None

    report(staff, world)
    report(staff, world)
    assert room_says(found)
    assert room_says()  # people still say that it is out
    first, second = (one.get("action") for one in staff.get(HERE).found(".//form[contains(@action, 'behoben')]"))
    staff.post(first)
    assert room_says(found)
    staff.post(second)
    with world.centre.db.reading() as tx:
        assert directory.load(tx).devices[cuff(world)].blocked_since is not None  # the room still finds it broken
    assert not room_says()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "wo der Mangel ist"),
        ({"where": "raum-99/raum", "what": "dirty"}, "wo der Mangel ist"),
        ({"where": f"{ROOM}/raum", "what": "ein Kratzer"}, "was los ist"),
        ({"where": "CUFF", "what": "wrong"}, "noch benutzen darf"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_reported(
    world: World, staff: Staff, fields: dict[str, str | list[str]], said: str
) -> None:
    sent = {name: f"{ROOM}/{cuff(world)}" if value == "CUFF" else value for name, value in fields.items()}
    page = staff.post(HERE, sent)
    assert page.status == 422
    assert said in page.words
    assert "kein Mangel" in page.words


def test_another_site_and_another_role_see_and_mend_nothing(world: World, staff: Staff) -> None:
    report(staff, world)
    (mended,) = staff.get(HERE).found(".//form[contains(@action, 'behoben')]")
    change(world, "assistants", "rolle-lindner", location=[{"reference": "Location/wohnung-1"}])
    assert "kein Mangel" in staff.get(HERE).words
    assert staff.post(mended.get("action")).status == 404
    assert staff.post(HERE, {"where": f"{ROOM}/raum", "what": "dirty"}).status == 422
    assert Staff(world, Role.DOCTOR, world.doctor).get(HERE).status == 403


def test_the_tablet_says_how_long_the_room_is_empty_and_puts_who_was_here_last(world: World, staff: Staff) -> None:
    first, second = world.visits
    world.happen(first, FactKind.ARRIVED, FactKind.CALLED, FactKind.ENTERED, FactKind.ENDED)
    page = staff.get("/assistenz")
    assert page.found(".//*[contains(@class, 'cleaning')]//*[@data-age]")
    assert "10 Minuten geplant" in page.words
    shown = [one.get("data-visit") for one in page.found(".//li[@data-visit]")]
    assert shown == [second, first]
    assert page.found(f".//details[@id='over']//li[@data-visit='{first}']")


def test_the_tablet_says_when_somebody_was_asked_to_come_earlier(world: World, staff: Staff) -> None:
    assert not staff.get("/assistenz").found(".//*[@data-come]")
    with world.centre.db.transaction() as tx:
        directory.use_template(tx, world.doctor, Template.BAILEY_WELCH, now=world.now)
    booked = [booking_of(world, world.book(name, doctor_id=world.doctor)) for name in ("Rosa Vogel", "Hans Albert")]
    earlier = {
        one.id: wall(world, one.offer.start - one.extras.come_before) for one in booked if one.extras.come_before
    }
    assert earlier
    page = staff.get("/assistenz")
    for visit_id, time in earlier.items():
        assert f"kommt schon um {time} Uhr" in page.texts(f".//li[@data-visit='{visit_id}']")[0]
    assert len(page.found(".//*[@data-come]")) == len(earlier)
