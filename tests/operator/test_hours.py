"""The operator's opening hours: a change is looked at before it holds, and can be taken back."""

from datetime import time, timedelta

import pytest
from fastapi.testclient import TestClient

from schemas.day import FactKind
from telemed.booking import service as booking
from telemed.booking.model import Status
from telemed.directory import service as directory
from telemed.directory import timetable
from telemed.directory.calendar import MIDNIGHT, Opening
from telemed.directory.model import Directory
from telemed.identity.model import Role
from telemed.kit.db import Database
from telemed.operator.hours import from_short, in_short, read_week
from telemed.visit import service as visit
from telemed.visit.model import WrongMoment
from tests.desk.test_pages import ASSISTANT, browser
from tests.desk.world import NAMES, World, make_world

PAGE = "/betrieb/zeiten"
DOCTOR = f"{PAGE}/PractitionerRole/rolle-weiss"
ROOM = f"{PAGE}/Location/raum-1"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def operator(world: World) -> TestClient:
    return browser(world, Role.OPERATOR, "operator")


def known(world: World) -> Directory:
    with world.centre.db.reading() as tx:
        return directory.load(tx)


def displaced(world: World) -> int:
    with world.centre.db.reading() as tx:
        return len(booking.unplaceable(tx, directory.load(tx), now=world.now))


def week_of(world: World, kind: str, resource_id: str) -> dict[str, str]:
    with world.centre.db.reading() as tx:
        fields = from_short(in_short(timetable.timetable(tx, kind, resource_id).week))
    assert fields is not None
    return fields


def test_every_room_and_everybody_who_is_planned_is_listed(world: World, operator: TestClient) -> None:
    assert PAGE in operator.get("/betrieb").text
    page = operator.get(PAGE).text
    for room in known(world).rooms.values():
        assert f'data-timetable="{room.id}"' in page
    assert 'data-timetable="rolle-weiss"' in page
    assert "08:00 bis 12:30" in page


def test_what_a_closed_day_displaces_is_shown_first_without_a_name_and_nothing_has_changed(
    world: World, operator: TestClient
) -> None:
    day = world.now.astimezone(known(world).zone).date().isoformat()
    asked = {"art": "closed", "von": day}
    version = known(world).version
    page = operator.post(f"{DOCTOR}/ausnahme", data=asked).text
    assert f'data-displaced="{len(world.visits)}"' in page
    assert not any(name in page for name in NAMES)
    assert known(world).version == version
    assert displaced(world) == 0
    assert operator.post(f"{DOCTOR}/ausnahme", data=asked | {"save": "1"}).status_code == 303
    assert displaced(world) == len(world.visits)
    with world.centre.db.reading() as tx:
        (entered,) = timetable.timetable(tx, "PractitionerRole", "rolle-weiss").exceptions
    assert operator.post(f"{DOCTOR}/ausnahme/{entered.id}/zuruecknehmen").status_code == 303
    assert displaced(world) == 0


def test_whoever_has_been_there_is_not_displaced_and_cannot_be_moved_or_cancelled(
    world: World, operator: TestClient
) -> None:
    over = world.visits[0]
    world.happen(over, FactKind.ARRIVED, FactKind.CALLED, FactKind.ENTERED, FactKind.ENDED)
    day = world.now.astimezone(known(world).zone).date().isoformat()
    page = operator.post(f"{DOCTOR}/ausnahme", data={"art": "closed", "von": day}).text
    assert f'data-displaced="{len(world.visits) - 1}"' in page
    assistant = browser(world, Role.ASSISTANT, ASSISTANT)
    reason = {"reason": "pat"}
    for asked in (reason, {"reason": "other"}):
        assistant.post(f"/assistenz/termin/{over}/absagen", data=asked)
    with world.centre.db.reading() as tx:
        assert booking.get(tx, over).status is Status.BOOKED
        with pytest.raises(WrongMoment):
            visit.check_still_to_come(tx, over)
        visit.check_still_to_come(tx, world.visits[1])


def test_an_extra_opening_is_offered_and_looked_at_before_it_goes(world: World, operator: TestClient) -> None:
    day = (world.now + timedelta(days=4)).date().isoformat()
    asked = {"art": "extra", "von": day, "von_zeit": "09:00", "bis_zeit": "12:00", "save": "1"}
    assert operator.post(f"{ROOM}/ausnahme", data=asked).status_code == 303
    opened = known(world).rooms["raum-1"].hours.extra
    assert [(end - start).total_seconds() for start, end in opened] == [3 * 3600]
    page = operator.get(ROOM).text
    assert 'data-exception="extra"' in page
    without_times = operator.post(f"{ROOM}/ausnahme", data=asked | {"von_zeit": ""})
    assert without_times.status_code == 422
    assert "beide Uhrzeiten" in without_times.text


def test_another_week_holds_and_can_be_taken_back(world: World, operator: TestClient) -> None:
    before = week_of(world, "PractitionerRole", "rolle-weiss")
    changed = {name: value for name, value in before.items() if not name.startswith("d1_")}  # no Tuesday any more
    page = operator.post(f"{DOCTOR}/woche", data=changed).text
    assert f'data-displaced="{len(world.visits)}"' in page
    assert week_of(world, "PractitionerRole", "rolle-weiss") == before
    saved = operator.post(f"{DOCTOR}/woche", data=changed | {"save": "1"})
    assert saved.status_code == 303
    assert week_of(world, "PractitionerRole", "rolle-weiss") == changed
    assert displaced(world) == len(world.visits)
    page = operator.get(saved.headers["location"]).text
    assert "Rückgängig machen" in page
    operator.post(f"{DOCTOR}/woche", data=before | {"save": "1"})
    assert week_of(world, "PractitionerRole", "rolle-weiss") == before
    assert "Rückgängig machen" not in operator.get(saved.headers["location"]).text


def test_hours_that_cannot_be_are_refused_with_the_reason(world: World, operator: TestClient) -> None:
    before = week_of(world, "Location", "raum-1")
    for wrong in ({"d0_0_from": "18:00", "d0_0_to": "8:00"}, {"d0_0_from": "08:03", "d0_0_to": "12:00"}):
        answer = operator.post(f"{ROOM}/woche", data=wrong | {"save": "1"})
        assert answer.status_code == 422
        assert "in Schritten von fünf Minuten" in answer.text
    assert week_of(world, "Location", "raum-1") == before


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ({"d0_0_from": "8:00", "d0_0_to": "24:00"}, (Opening(time(8), MIDNIGHT),)),
        ({"d0_1_from": "13:00", "d0_1_to": "18:00", "d0_0_from": "", "d0_0_to": ""}, (Opening(time(13), time(18)),)),
    ],
)
def test_a_week_is_read(typed: dict[str, str], day: tuple[Opening, ...]) -> None:
    assert read_week(typed) == ((day, (), (), (), (), (), ()), [])


def test_openings_that_overlap_are_found_and_a_broken_address_is_no_week() -> None:
    _, wrong = read_week({"d2_0_from": "08:00", "d2_0_to": "12:00", "d2_1_from": "11:00", "d2_1_to": "13:00"})
    assert wrong == [("d2_0_from", "hours.wrong.overlap")]
    assert from_short("08:00-12:00") is None
    assert from_short("8;;;;;;") is None


def test_nobody_else_comes_here_and_what_is_not_there_is_missing(world: World, operator: TestClient) -> None:
    assert browser(world, Role.ASSISTANT, ASSISTANT).get(PAGE).status_code == 403
    for address in (f"{PAGE}/Location/nobody", f"{PAGE}/Patient/raum-1", f"{PAGE}/PractitionerRole/raum-1"):
        assert operator.get(address).status_code == 404
    assert operator.post(f"{ROOM}/ausnahme/none/zuruecknehmen").status_code == 404
