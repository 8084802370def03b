"""SMART Scheduling Links: free times as files for everybody, and a link that opens with the time chosen."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient

from telemed.booking import form, search
from telemed.booking.index import Index
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.fhir.validate import validate
from telemed.interop import links_routes, routes
from telemed.interop.links import DAYS, FRESH, Publishing
from telemed.interop.links_said import CAPACITY, DEEP_LINK, PHONE
from telemed.kit.db import Database
from telemed.web import refusals
from tests.booking.residents import SOMMER, Resident, make_app
from tests.builders import World, make_booking, make_world
from tests.web.apps import make_pages

MANIFEST = "/fhir/$bulk-publish"


class Files:
    def __init__(self, world: World) -> None:
        app = make_app(world.centre)
        refusals.install(app, make_pages(), edges=routes.EDGES)
        app.include_router(links_routes.routes)
        self.http, self.resident = TestClient(app, base_url="https://centre.test"), Resident(app)

    def manifest(self, **more: Any) -> dict[str, Any]:
        answer = self.http.get(MANIFEST, params=more)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        found: dict[str, Any] = answer.json()
        return found

    def of(self, kind: str) -> list[dict[str, Any]]:
        found = []
        for one in self.manifest()["output"]:
            if one["type"] == kind:
                answer = self.http.get(one["url"])
                assert answer.headers["content-type"].startswith("application/fhir+ndjson")
                found += [json.loads(line) for line in answer.text.splitlines()]
        for each in found:
            assert validate(json.dumps(each).encode()).kind == kind
        return found


def extension(slot: dict[str, Any], url: str) -> Any:
    (found,) = (one for one in slot["extension"] if one["url"] == url)
    return next(value for name, value in found.items() if name.startswith("value"))


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def files(world: World) -> Files:
    return Files(world)


def test_everybody_reads_where_what_is_free_in_the_next_days_and_nothing_of_anybody(files: Files, world: World) -> None:
    made = make_booking(world, at="10:20")
    manifest = files.manifest()
    assert manifest["request"] == f"{world.centre.public_url}{MANIFEST}"
    assert {one["type"] for one in manifest["output"]} == {
        "Location",
        "Schedule",
        "Slot",
        "PractitionerRole",
        "HealthcareService",
    }
    slots, schedules = files.of("Slot"), {one["id"]: one for one in files.of("Schedule")}
    rooms = {f"Location/{one['id']}" for one in files.of("Location")}
    assert {one["actor"][0]["reference"] for one in schedules.values()} == rooms
    assert {one["schedule"]["reference"].partition("/")[2] for one in slots} <= set(schedules)
    assert {one["status"] for one in slots} == {"free"}
    starts = [datetime.fromisoformat(one["start"]) for one in slots]
    assert world.now < min(starts)
    assert max(starts) < world.now + timedelta(days=DAYS)
    everything = json.dumps([slots, files.of("PractitionerRole"), files.of("HealthcareService")])
    assert made.id not in everything
    assert "Patient" not in everything
    assert {extension(one, PHONE) for one in slots} == {"030 23125 042"}


def test_what_is_published_can_be_booked_and_those_of_one_room_and_service_at_once(files: Files, world: World) -> None:
    with world.centre.the(Index).at(world.now) as here:
        wishes = [Wish(What(one), world.now, world.now + timedelta(days=DAYS)) for one in world.directory.services]
        offered = {form.encode(one) for wish in wishes for one in search.offers(here, wish, now=world.now, limit=9999)}
    by_schedule: dict[str, list[tuple[str, str]]] = {}
    for slot in files.of("Slot"):
        code = dict(parse_qsl(urlsplit(extension(slot, DEEP_LINK)).query))["offer"]
        assert code in offered
        assert extension(slot, CAPACITY) == 1
        by_schedule.setdefault(slot["schedule"]["reference"], []).append((slot["start"], slot["end"]))
    for spans in by_schedule.values():
        assert all(one[1] <= other[0] for one, other in zip(sorted(spans), sorted(spans)[1:], strict=False))


def test_the_link_opens_the_page_that_follows_with_that_time_chosen_and_leads_to_the_booking(
    files: Files, world: World
) -> None:
    slot = files.of("Slot")[5]
    link = urlsplit(extension(slot, DEEP_LINK))
    assert f"{link.scheme}://{link.netloc}" == world.centre.public_url
    page = files.resident.get(link.path, **dict(parse_qsl(link.query)), source="a-city", **{"booking-referral": "1"})
    wall = datetime.fromisoformat(slot["start"]).astimezone(world.directory.zone)
    assert page.status == 200
    assert f"{wall:%H:%M} Uhr" in page.words
    contact = files.resident.post("/termin/kontakt", page.fields())
    check = files.resident.post("/termin/pruefen", {**contact.fields(), **SOMMER})
    booked = files.resident.post("/termin/buchen", check.fields())
    assert f"{wall:%H:%M} Uhr" in booked.words
    world.clock.forward(FRESH)
    assert slot["id"] not in {one["id"] for one in files.of("Slot")}


def test_who_has_it_already_is_told_so_until_something_changes(files: Files, world: World) -> None:
    first = files.http.get(MANIFEST)
    assert first.headers["cache-control"] == "public, max-age=60"
    has_it = {"if-none-match": first.headers["etag"]}
    assert files.http.get(MANIFEST, headers=has_it).status_code == 304
    assert files.http.get(MANIFEST, headers={"if-modified-since": first.headers["last-modified"]}).status_code == 304
    assert files.manifest(_since=first.json()["transactionTime"])["output"] == []
    make_booking(world, at="10:20")
    assert files.http.get(MANIFEST, headers=has_it).status_code == 304  # looked at a moment ago
    world.clock.forward(FRESH)
    again = files.http.get(MANIFEST, headers=has_it)
    assert again.status_code == 200
    assert again.json()["transactionTime"] > first.json()["transactionTime"]
    assert files.manifest(_since=first.json()["transactionTime"])["output"]
    unchanged = next(one["url"] for one in again.json()["output"] if one["type"] == "Location")
    etag = files.http.get(unchanged).headers["etag"]
    world.clock.forward(FRESH)
    assert files.http.get(unchanged, headers={"if-none-match": f'"other", W/{etag}'}).status_code == 304


def test_what_only_a_doctor_orders_or_nobody_may_find_is_not_published_and_it_can_be_switched_off(
    files: Files, world: World
) -> None:
    with world.db.transaction() as tx:
        content = json.loads(directory.read(tx, "HealthcareService", "skin-20"))
        directory.take(tx, {**content, "active": False}, now=world.now)
    assert "skin-20" not in {one["id"] for one in files.of("HealthcareService")}
    assert files.http.get(f"{MANIFEST}/people.ndjson").status_code == 404
    assert files.http.get(MANIFEST, params={"_since": "yesterday"}).status_code == 400
    world.centre.live[Publishing] = Publishing(days=0)
    assert files.http.get(MANIFEST).status_code == 404
