"""Random searches of appointments by two programs, held against each other.

One works for one doctor, the other for all. Whatever is asked, the first must find just what the second finds of that
doctor's: in the same order, counted alike, page by page, with nothing included that is of somebody else.
"""

import asyncio
from collections.abc import Iterable
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from telemed.booking import service as booking
from telemed.booking import store
from telemed.directory.model import slot_id
from telemed.fhir.issues import Malformed
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor, Role
from telemed.interop import looking
from telemed.interop.looking import Asked
from telemed.kit.db import Database
from tests.builders import OPERATOR, World, appointment_of, make_booking, make_world, moment, offer_at

OWN, OTHER = "weiss", "brandt"
BASE = "https://centre.test/fhir"
MANY = 500


def a_quarter(database: Database) -> tuple[World, dict[str, str]]:
    """Two doctors' appointments in two rooms, booked, cancelled, brought from elsewhere; each id with its doctor.

    One is of somebody who was erased: nobody finds that.
    """
    world, doctors = make_world(database, rooms=2), {}
    for number, at in enumerate(("09:30", "10:00", "10:30", "11:00", "11:30", "12:00", "13:00", "13:30")):
        doctor, room = (OWN, OTHER)[number % 2], f"room-{number // 2 % 2 + 1}"
        service = ("general-20", "general-20-cuff")[number // 4]
        made = make_booking(world, doctor=doctor, at=at, room=room, service=service)
        doctors[made.id] = doctor
        with world.db.transaction() as tx:
            if number in (2, 3):
                booking.cancel(tx, world.secrets, made.id, actor=OPERATOR, now=world.now)
    gone = make_booking(world, doctor=OWN, at="14:00")
    with world.db.transaction() as tx:
        store.shut(tx, booking.get(tx, gone.id).person_id)
    for number, doctor in enumerate((OWN, OTHER)):
        foreign = appointment_of(world, offer_at(world, "15:00", doctor=doctor, room=f"room-{number + 1}"),
                                 resource_id=f"foreign-{doctor}")  # fmt: skip
        with world.db.transaction() as tx:
            doctors[booking.import_appointment(tx, world.secrets, foreign, actor=OPERATOR, now=world.now)] = doctor
    return world, doctors


def agree(world: World, doctors: dict[str, str], searches: int, seed: int) -> int:
    """How many appointments were found in so many searches.

    Raises:
        AssertionError: it says the search that shows, counts or includes what it must not, or that lacks something.
    """
    random, found = Random(seed), 0
    values = _values(world, doctors)
    with asyncio.Runner() as runner:
        for _ in range(searches):
            items = _search(random, values)
            order = random.sample((OWN, EVERYONE), 2)  # what is remembered of the one must not be said to the other
            said = {of: runner.run(_found(world, of, items)) for of in order}
            own, every = said[OWN], said[EVERYONE]
            if own is None or every is None:
                assert own is every, items
                continue
            wanted = [one for one in every[0] if doctors.get(one, OWN) == OWN]
            assert set(every[0]) <= set(doctors), ("erased", items)
            assert (own[0], own[1]) == (wanted, len(wanted)), items
            count, offset = random.randint(1, 3), random.randint(0, 3)
            page = [("_count", str(count)), ("_offset", str(offset))]
            assert runner.run(_found(world, OWN, items, page)) == (wanted[offset:][:count], len(wanted)), (items, page)
            assert runner.run(_found(world, OWN, items, [("_summary", "count")])) == ([], len(wanted)), items
            pages = runner.run(_leafed(world, [*items, ("_count", str(count))]))
            assert pages == wanted, (items, count)
            found += len(wanted)
    return found


def _values(world: World, doctors: dict[str, str]) -> dict[str, list[str]]:
    with world.db.reading() as tx:
        people = [booking.get(tx, one).person_id for one in doctors]
    times = [(moment(world, start), moment(world, end)) for start, end in (("09:30", "09:50"), ("10:00", "10:20"))]
    slots = [f"Slot/{slot_id(f'calendar-{one}', *each)}" for one in (OWN, OTHER) for each in times]
    actors = [f"Practitioner/{OWN}", f"Practitioner/{OTHER}", "Location/room-1", "Location/room-2", "Device/cuff-1"]
    patients = [f"Patient/{one}" for one in people]
    services = ["general-20", "urn:telemed:code:service|general-20-cuff", "urn:telemed:code:service|", "none"]
    return {
        "_id": sorted(doctors),
        "_tag": ["external", "http://fhir.de/CodeSystem/common-meta-tag-de|external", "other"],
        "_tag:not": ["external"],
        "_lastUpdated": ["ge2026", "lt2026"],
        "status": ["booked", "cancelled", "http://hl7.org/fhir/appointmentstatus|booked", "pending"],
        "status:not": ["booked", "cancelled"],
        "service-type": services,
        "service-type:not": services,
        "service-type:text": ["cuff", "general"],
        "service-type:missing": ["true", "false"],
        "specialty": ["ALLG", "HAUT"],
        "date": ["2026-11-24", "ge2026-11-24", "lt2026-11-24T11:00:00Z", "ap2026-11-24T10:00Z"],
        "slot": slots,
        "slot.schedule": [f"Schedule/calendar-{OWN}", f"Schedule/calendar-{OTHER}"],
        "slot.schedule.actor:Practitioner.name": ["weiß", "brandt"],
        "actor": [*actors, *patients],
        "actor:Practitioner.name": ["weiß", "brandt", "lindner"],
        "practitioner": actors[:2],
        "practitioner.name:contains": ["ei", "and"],
        "location.name": ["Raum 1", "Raum 2"],
        "patient": patients,
        "actor:missing": ["true", "false"],
        "_sort": ["date", "-date", "_lastUpdated", "-status", "_id", "status,-date", "-status,_lastUpdated,_id"],
        "_include": ["Appointment:actor", "Appointment:slot", "Appointment:*"],
        "_include:iterate": ["Slot:schedule", "Schedule:actor"],
        "_elements": ["status", "id"],
        "unheard-of": ["x"],
    }


def _search(random: Random, values: dict[str, list[str]]) -> list[tuple[str, str]]:
    items = []
    for name in random.sample(sorted(values), random.randint(0, 4)):
        several = 1 if name.startswith(("_sort", "_include")) or "missing" in name else random.randint(1, 2)
        items.append((name, ",".join(random.sample(values[name], min(several, len(values[name]))))))
    return items


def _asked(world: World, works_for: str) -> Asked:
    return Asked(Actor(Role.CLIENT, "program", compartment=(works_for,)), world.now, BASE)


WHOLE = (("_count", str(MANY)),)


async def _found(
    world: World, works_for: str, items: list[tuple[str, str]], page: Iterable[tuple[str, str]] = WHOLE
) -> tuple[list[str], int] | None:
    """The ids of what matches, in order, and the total; None if it is refused."""
    try:
        answer = await looking.search(world.centre, "Appointment", [*items, *page], _asked(world, works_for))
    except Malformed:
        return None
    bundle = orjson.loads(answer.content)
    entries = bundle.get("entry", [])
    included = [one["resource"]["resourceType"] for one in entries if one["search"]["mode"] == "include"]
    assert not {"Appointment", "Patient"} & set(included), items
    return _ids(entries), bundle["total"]


def _ids(entries: list[dict[str, Any]]) -> list[str]:
    return [one["resource"]["id"] for one in entries if one["search"]["mode"] == "match"]


async def _leafed(world: World, items: list[tuple[str, str]]) -> list[str]:
    """The ids of all pages, from the first to the last; back again they must be the same."""
    forth: list[list[str]] = []
    for relation, seen in (("next", forth), ("previous", [])):
        while items:
            answer = await looking.search(world.centre, "Appointment", items, _asked(world, OWN))
            bundle = orjson.loads(answer.content)
            seen.append(_ids(bundle.get("entry", [])))
            last, links = items, {one["relation"]: one["url"] for one in bundle["link"]}
            items = parse_qsl(urlsplit(links.get(relation, "")).query)
        items = last
        if relation == "previous":
            assert seen[::-1] == forth, last
    return [one for page in forth for one in page]
