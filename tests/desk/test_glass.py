"""Whose appointment it is shows near its time; beyond that for a reason, for an hour, and told."""

from datetime import timedelta

import pytest

from schemas.day import FactKind
from telemed.booking import service as booking
from telemed.booking.model import Request
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.identity.allowed import GlassBroken
from telemed.identity.model import Actor, Role
from telemed.kit.clock import ExerciseClock
from telemed.kit.db import Database
from telemed.kit.ids import new_link_token, new_token
from telemed.kit.outbox import Relay, Subscription
from telemed.notify import store as notify
from telemed.notify.model import Kind
from telemed.notify.reactions import tell_looked_at
from telemed.people import service as people
from telemed.people.model import Need, Person, Way
from tests.desk.staff import Staff, booking_of, known
from tests.desk.world import SERVICE, World, make_world

NAME = "Ferdinand Fern"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, visits=0)


def later(world: World, days: int = 3) -> str:
    """Somebody has an appointment with Dr Weiß in some days; its id."""
    with world.centre.db.transaction() as tx:
        there = directory.load(tx)
        start = world.now + timedelta(days=days)
        wish = Wish(What(SERVICE, ("weiss",)), start, start + timedelta(days=4))
        offer = booking.offers(tx, there, wish, now=world.now)[0]
        request = Request(new_link_token(), offer, Person(NAME, 1948, Way.PHONE, "0171 2345678"))
        return booking.book(tx, world.centre.secrets, request, actor=Actor(Role.ANYONE), now=world.now).id


def day_of(world: World, booking_id: str) -> str:
    return f"{booking_of(world, booking_id).offer.start.astimezone(known(world).zone):%Y-%m-%d}"


def forward(world: World, by: timedelta) -> None:
    assert isinstance(world.centre.clock, ExerciseClock)
    world.centre.clock.forward(by)


@pytest.mark.parametrize(("role", "subject"), [(Role.ASSISTANT, "lindner"), (Role.DOCTOR, "weiss")])
def test_of_another_day_only_the_time_shows_until_the_glass_is_broken(world: World, role: Role, subject: str) -> None:
    booking_id, staff = later(world), Staff(world, role, subject)
    one = f"/assistenz/termin/{booking_id}"
    day = staff.get("/assistenz/termine", tag=day_of(world, booking_id))
    assert "Name verborgen" in day.words
    closed = staff.get(one)
    assert "Warum brauchen Sie den Namen?" in closed.words
    assert NAME not in day.text + closed.text
    for path, fields in (
        (f"{one}/verlegen", {"offer": "x", "request_id": new_token()}),
        (f"{one}/absagen", {"reason": "other"}),
        (f"{one}/frueher", {"request_id": new_token()}),
    ):
        assert staff.post(path, fields).status == 404, path
    for fields in ({}, {"reason": "curious"}):
        asked = staff.post(f"{one}/oeffnen", fields)
        assert asked.status == 422
        assert "Wählen Sie einen Grund." in asked.words
    assert NAME not in staff.get(one).text
    assert staff.post(f"{one}/oeffnen", {"reason": "asked"}).headers["location"] == one
    assert NAME in staff.get(one).text
    forward(world, timedelta(minutes=59))
    assert NAME in staff.get(one).text
    forward(world, timedelta(minutes=1))
    assert NAME not in Staff(world, role, subject).get(one).text


def test_it_is_audited_and_the_person_and_the_operator_hear_of_it(world: World) -> None:
    booking_id = later(world)
    Staff(world).post(f"/assistenz/termin/{booking_id}/oeffnen", {"reason": "follow-up"})
    person_id = booking_of(world, booking_id).person_id
    with world.centre.db.reading() as tx:
        line = people.lines_of(tx, person_id)[0]
    assert (line.deed.value, line.role, line.subject) == ("read", "assistant", "lindner")
    assert line.purpose == "glass follow-up"
    Relay(world.centre.db, [Subscription("told", GlassBroken, tell_looked_at)], world.centre.clock).deliver()
    with world.centre.db.reading() as tx:
        told = [one for one in tx.execute(notify.notices.select()) if one.kind == Kind.LOOKED_AT.value]
    assert [(one.subject_id, one.person_id) for one in told] == [(booking_id, person_id)]
    page = Staff(world, Role.OPERATOR, "operator").get("/betrieb/geoeffnet")
    assert "Ein Befund oder ein Brief" in page.words
    assert known(world).name_of("lindner") in page.words
    assert NAME not in page.text
    assert booking_id not in page.text
    assert person_id not in page.text


def test_the_glass_of_a_colleague_is_none(world: World) -> None:
    booking_id = later(world)
    for role, subject in ((Role.DOCTOR, "vogt"), (Role.ASSISTANT, "unheard-of")):
        stranger = Staff(world, role, subject)
        assert stranger.get(f"/assistenz/termin/{booking_id}").status == 404
        assert stranger.post(f"/assistenz/termin/{booking_id}/oeffnen", {"reason": "safety"}).status == 404


def test_an_assistant_meets_today_and_a_doctor_a_day_before(world: World) -> None:
    booking_id = later(world, days=1)
    start = booking_of(world, booking_id).offer.start
    one = f"/assistenz/termin/{booking_id}"
    forward(world, start - timedelta(hours=24) - timedelta(minutes=1) - world.now)
    assert NAME not in Staff(world, Role.DOCTOR, "weiss").get(one).text
    forward(world, timedelta(minutes=2))
    assert NAME in Staff(world, Role.DOCTOR, "weiss").get(one).text
    assert NAME not in Staff(world).get(one).text
    forward(world, start - timedelta(minutes=30) - world.now)
    assert NAME in Staff(world).get(one).text


FIELDS = {
    "name": "Nora Nah",
    "born": "1948",
    "contact": "0171 2345678",
    "needs": "hört schlecht",
    "what for": "Allgemeinmedizin, 20 Minuten, mit Blutdruck",
}
SNAPSHOT = """
                           name born contact needs what-for
doctor    /arzt            x    x    .       x     .
doctor    /arzt/besuch/    x    x    .       x     .
doctor    /assistenz/termine x  x    .       .     x
doctor    /assistenz/termin/ x  x    x       .     x
assistant /assistenz       x    x    .       x     .
assistant /assistenz/termine x  x    .       .     .
assistant /assistenz/termin/ x  x    x       .     .
assistant /assistenz/verlegen . .    .       .     .
assistant /assistenz/warteliste . .  .       .     .
assistant /assistenz/alarm .    .    .       .     .
operator  /betrieb         .    .    .       .     .
operator  /betrieb/geoeffnet .  .    .       .     .
"""
"""Which fields of a person each page shows to whom; what is new in one fails here and is decided on purpose."""
SUBJECTS = {"doctor": "weiss", "assistant": "lindner", "operator": "betrieb"}


def test_each_role_reads_of_a_person_what_this_table_says(world: World) -> None:
    visit_id = near(world)
    world.happen(visit_id, FactKind.ARRIVED)
    Staff(world).post(f"/assistenz/termin/{later(world)}/oeffnen", {"reason": "asked"})
    head, *rows = [line.split() for line in SNAPSHOT.strip().splitlines()]
    for role, path, *marks in rows:
        if path == "/arzt/besuch/":
            world.happen(visit_id, FactKind.CALLED)
        page = Staff(world, Role(role), SUBJECTS[role]).get(path + (visit_id if path.endswith("/") else ""))
        assert page.status == 200, path
        shown = {name: text in page.text for name, text in FIELDS.items()}
        said = {name.replace("-", " "): mark == "x" for name, mark in zip(head, marks, strict=True)}
        assert shown == said, (role, path, page.words)
        assert (SERVICE in page.text) <= said["what for"], (role, path)


def near(world: World) -> str:
    """Somebody has an appointment with Dr Weiß today; its id."""
    with world.centre.db.transaction() as tx:
        there, start = directory.load(tx), world.now + timedelta(minutes=30)
        wish = Wish(What(SERVICE, ("weiss",)), start, start + timedelta(hours=3))
        offer = booking.offers(tx, there, wish, now=world.now)[0]
        person = Person(FIELDS["name"], 1948, Way.PHONE, FIELDS["contact"], needs=(Need.HEARING,))
        request = Request(new_link_token(), offer, person)
        return booking.book(tx, world.centre.secrets, request, actor=Actor(Role.ANYONE), now=world.now).id
