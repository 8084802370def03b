"""Every route × every role × own, a colleague's, another site's, a deleted object. A route that is missing here fails.

Each line says what stands in the address of a route. Whoever does not hold the route's right is shut out; whoever does
is let in to her own and finds nothing where it is not hers. Whatever comes, no name is in it that is not hers to know,
and each name that is in it has left a line in the audit before the answer.
"""

import asyncio
import json
import re
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from fastapi import FastAPI

from telemed import wiring
from telemed.app import make_app
from telemed.booking import holding
from telemed.booking import service as booking
from telemed.booking.limits import Limits
from telemed.booking.model import Booked, Request
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.identity import granted, invitations
from telemed.identity import service as identity
from telemed.identity.model import ANYONE, Actor, Right, Role
from telemed.identity.rights import GUEST_COOKIE, SESSION_COOKIE
from telemed.interop import service as interop
from telemed.kit.clock import real_now
from telemed.kit.db import Database
from telemed.kit.ids import new_id, new_link_token
from telemed.notify import store as notify
from telemed.notify.model import Channel, Kind, Notice
from telemed.people import mandates
from telemed.people.mandate import Lasts, Relative, Scope
from telemed.people.model import Person, Way
from telemed.people.service import Auditor
from telemed.visit import service as visit
from tests.desk.world import World
from tests.privacy.asking import Answered, Audited, Sent, ask
from tests.privacy.matrix_table import (
    ALSO_LACKS,
    BODIES,
    ENDS_SESSIONS,
    FORM,
    HEAVY,
    JSON,
    KNOWS,
    LAST,
    LATER,
    NAMES,
    NEVER_ENDS,
    OPEN_TO,
    RESIDENT,
    ROLES,
    WHAT,
    Line,
    Whose,
    lines,
)
from tests.rosters import OPERATOR_KEY

LOBEDA = Path(__file__).parents[2] / "ops" / "seed" / "lobeda"


@dataclass
class House:
    """The whole centre with somebody for each role, and with people who are theirs and who are not."""

    app: FastAPI
    world: World
    booked: dict[Whose, Booked]
    resident: Booked
    later: str
    mandate: str
    client: str
    people: dict[str, set[str]]
    """Persons' ids by their names."""
    waiting: dict[Whose, str]
    calls: dict[Whose, str]
    cookies: dict[Role, str] = field(default_factory=dict)

    def come_in(self) -> None:
        """New sessions for everybody."""
        who = {
            Role.RESIDENT: self.resident.id,
            Role.RELATIVE: self.mandate,
            Role.DOCTOR: "weiss",
            Role.ASSISTANT: "lindner",
            Role.OPERATOR: "betrieb",
        }
        self.cookies = {role: f"{SESSION_COOKIE}={self.world.session(role, one)}" for role, one in who.items()}
        centre, now = self.world.centre, self.world.now
        with centre.db.transaction() as tx:
            _, token = visit.invite(tx, self.later, "interpreter", now=now)
            session, _ = invitations.redeem(tx, token, now=now)
        self.cookies[Role.GUEST] = f"{GUEST_COOKIE}={session}"

    def address(self, line: Line, whose: Whose) -> str:
        """The path with ids in it."""
        known = self.booked.get(whose)
        if line.path.startswith("/fuer/") and known is not None:
            known = self.resident if whose is Whose.OWN else self.booked[Whose.OWN]
        rooms = {Whose.ELSEWHERE: "wohnung-1", Whose.DELETED: ""}
        there = {
            **dict.fromkeys(("visit_id", "booking_id", "resource_id"), known.id if known else ""),
            "room_id": rooms.get(whose, "raum-1"),
            "waiting_id": self.waiting.get(whose, ""),
            "notice_id": self.calls.get(whose, ""),
            "kind": "Appointment",
            "what": WHAT.get(line.path, ""),
        }
        return re.sub(r"{(\w+)(:path)?}", lambda found: there.get(found[1]) or "unheard-of", line.path)

    async def ask(self, line: Line, role: Role, whose: Whose = Whose.OWN, *, by_script: bool = True) -> Answered:
        kind, fields = BODIES.get(line.path, (FORM, {}))
        data = json.dumps(fields) if kind == JSON else urlencode(fields)
        is_safe = line.method in ("GET", "HEAD")
        sent = Sent(
            line.method,
            self.address(line, whose),
            cookies=self.cookies.get(role, ""),
            bearer=self.client if role is Role.CLIENT else "",
            body=b"" if is_safe else data.encode(),
            content_type="" if is_safe else kind,
            by_script=by_script,
        )
        return await ask(self.app, self.world.centre.db, sent)


def make_house(folder: Path, database: Database) -> House:
    """It is Tuesday, 9:00; everybody's appointments are today, but for one."""
    wiring.make_secrets(folder)
    interop.seed(database, LOBEDA, now=real_now())
    centre = wiring.build(wiring.Settings(folder, exercise=True, operator_keys=OPERATOR_KEY), database)
    centre.live[Limits] = Limits(10**6, 10**6, 10**6)
    app, world = make_app(centre), World(centre)
    booked = {
        Whose.OWN: _book(world, NAMES[Whose.OWN], "weiss"),
        Whose.COLLEAGUE: _book(world, NAMES[Whose.COLLEAGUE], "novak"),
        Whose.ELSEWHERE: _book(world, NAMES[Whose.ELSEWHERE], "vogt", room="wohnung-1"),
    }
    resident = _book(world, RESIDENT, "weiss")
    later = _book(world, LATER, "weiss", days=3)
    with centre.db.transaction() as tx:
        person_id = booking.get(tx, resident.id).person_id
        scopes = (Scope.CHANGE, Scope.BOOK, Scope.JOIN)
        given = mandates.give(
            tx,
            centre.secrets,
            person_id,
            Relative("Ada", "ada@beispiel.example"),
            scopes,
            Lasts.MONTH,
            actor=Actor(Role.RESIDENT, resident.id),
            now=world.now,
        )
        client = identity.give_bearer(tx, Actor(Role.CLIENT, "practice"), now=world.now)
        granted.work_for(tx, "practice", ["weiss"])
        people = {name: {booking.get(tx, booked[whose].id).person_id} for whose, name in NAMES.items()}
    people[RESIDENT] = {person_id}
    waiting = {whose: _waits(world, whose, booked[whose].id, people) for whose in NAMES}
    calls = {whose: _to_call(world, booked[whose].id) for whose in NAMES}
    house = House(app, world, booked, resident, later.id, given[0], client, people, waiting, calls)
    house.come_in()
    return house


def _book(world: World, name: str, doctor: str, *, room: str = "raum-1", days: int = 0) -> Booked:
    centre, now = world.centre, world.now
    with centre.db.transaction() as tx:
        known = directory.load(tx)
        start = now + timedelta(days=days)
        for service in known.services.values():
            wish = Wish(What(service.id, (doctor,), (room,), ordered=True), start, start + timedelta(hours=9))
            offers = booking.offers(tx, known, wish, now=now)
            if offers and not service.needs_order:
                asked = Request(
                    new_link_token(), offers[0], Person(name, 1948, Way.EMAIL, f"{doctor}@beispiel.example")
                )
                return booking.book(tx, centre.secrets, asked, actor=ANYONE, now=now)
    raise AssertionError(f"nothing is free with {doctor} in {room}")


def _waits(world: World, whose: Whose, booking_id: str, people: dict[str, set[str]]) -> str:
    """Somebody waits for the same doctor in the same room; the entry's id."""
    centre, now = world.centre, world.now
    with centre.db.transaction() as tx:
        offer = booking.get(tx, booking_id).offer
        what = What(offer.service_id, (offer.doctor_id,), (offer.room_id,))
        person = Person(NAMES[whose], 1950, Way.PHONE, "03641 987654")
        wish = Wish(what, now, now + timedelta(days=2))
        entry, _ = holding.join(tx, centre.secrets, wish, person, actor=ANYONE, now=now)
    people[NAMES[whose]].add(entry.person_id)
    return entry.id


def _to_call(world: World, booking_id: str) -> str:
    """Its person is to be called; the id of the line in the call list."""
    now = world.now
    with world.centre.db.transaction() as tx:
        about = booking.get(tx, booking_id)
        until = now + timedelta(hours=9)
        line = Notice(new_id(), Kind.DELAY, about.person_id, about.id, now, until, 20, 20, channel=Channel.CALL)
        notify.add(tx, [line])
    return line.id


@dataclass
class Looked:
    """What a walk over the matrix saw."""

    routes: set[str] = field(default_factory=set)
    asked: int = 0
    wrong: list[str] = field(default_factory=list)
    audited: int = 0
    """Answers with a name in them."""


def in_order(app: FastAPI) -> list[Line]:
    """What ends something comes last."""
    ending = (*LAST, *ENDS_SESSIONS)
    return sorted(lines(app), key=lambda line: (line.path in ending and line.method == "POST", line.path in LAST))


async def _walk(house: House, paths: Collection[str], *, every_role: bool) -> Looked:
    looked = Looked()
    before = (await house.ask(Line("GET", "/health", frozenset()), Role.ANYONE)).audited
    for number, line in enumerate(in_order(house.app)):
        if paths and line.path not in paths:
            continue
        looked.routes.add(line.name)
        if line.is_socket or line.path in NEVER_ENDS or (HEAVY.search(line.path) and not every_role):
            continue
        strangers = [role for role in ROLES if not line.is_for(role)]
        if every_role:
            asking = list(ROLES)
        elif not strangers:
            asking = [Role.ANYONE, ROLES[1 + number % (len(ROLES) - 1)]]
        else:
            asking = [strangers[number % len(strangers)], *(role for role in ROLES if line.is_for(role))]
        for role in asking:
            for whose in Whose if line.object and role in OPEN_TO else (Whose.OWN,):
                came = await house.ask(line, role, whose)
                looked.asked += 1
                _check(house, looked, line, role, whose, came, before)
                before = came.audited
        if line.path in ENDS_SESSIONS and line.method == "POST":
            house.come_in()
    return looked


def _check(house: House, looked: Looked, line: Line, role: Role, whose: Whose, came: Answered, before: Audited) -> None:
    told = f"{line.name} by {role} for {whose}: {came.status}"
    if came.status >= 500:
        looked.wrong.append(f"{told}: it failed")
    if not line.is_for(role):
        if not came.is_shut:
            looked.wrong.append(f"{told}: let in without the right")
    elif _is_wrong(line, role, whose, came):
        looked.wrong.append(f"{told}: {'shut out' if came.is_shut else 'let in'}")
    for name in (*NAMES.values(), LATER, RESIDENT):
        if name not in came.text:
            continue
        if name not in KNOWS.get(role, frozenset()):
            looked.wrong.append(f"{told}: it tells of {name}")
        looked.audited += 1
        if name in house.people and not _is_new(came.audited, before, house.people[name], role):
            looked.wrong.append(f"{told}: no line in the audit for {name}")


def _is_wrong(line: Line, role: Role, whose: Whose, came: Answered) -> bool:
    """Whether she is let in where it is not hers, or shut out where it is."""
    if not line.object or role not in OPEN_TO:
        return False
    if whose not in OPEN_TO[role]:
        return not came.is_shut
    return came.is_shut and line.name not in ALSO_LACKS


def _is_new(now: Audited, before: Audited, people: set[str], role: Role) -> bool:
    """Whether somebody of this role left a line about one of these people meanwhile."""
    return any(count > before.get(who, 0) for who, count in now.items() if who[0] in people and who[1] == role.value)


def walk(house: House, paths: Collection[str] = (), *, every_role: bool = False) -> Looked:
    """Ask every route, or those of *paths*: in all roles that hold its right, and in one or all of the others."""
    with _audited(house):
        return asyncio.run(_walk(house, paths, every_role=every_role))


@contextmanager
def _audited(house: House) -> Iterator[None]:
    """What programs do leaves its line before they are answered."""
    centre = house.world.centre
    centre.live[Auditor] = auditor = Auditor(centre.db)
    batch = auditor.batch
    writing = threading.Thread(target=batch.run)
    writing.start()
    try:
        yield
    finally:
        batch.stop()
        writing.join()


async def _forms(house: House) -> list[str]:
    wrong = []
    for line in in_order(house.app):
        safe = (
            line.is_socket or line.method == "GET" or not line.rights - {Right.OPEN, Right.BE_MACHINE, Right.BE_GUEST}
        )
        for role in () if safe else (one for one in ROLES if line.is_for(one) and one in house.cookies):
            came = await house.ask(line, role, by_script=False)
            if came.status not in (401, 403):  # 401: it takes no cookie at all
                wrong.append(f"{line.name} by {role}: {came.status}")
    return wrong


def forms_without_token(house: House) -> list[str]:
    """Which routes take a form that does not carry the session's token."""
    with _audited(house):
        return asyncio.run(_forms(house))
