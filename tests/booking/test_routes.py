"""The JSON API: each verb, the same answer to the same key, and secrets that stay secret."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from schemas.day import FactKind
from telemed.booking import service as booking
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from telemed.visit import service as visit
from tests.booking.api import SOMMER, Program, at, make_app, offer_at, problem
from tests.builders import SERVICE, WITH_CUFF, World, make_world, quarter

SESSION = {"cookie": "__Host-telemed=stolen", "origin": "https://elsewhere.test"}


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def app(world: World) -> FastAPI:
    return make_app(world.centre)


@pytest.fixture
def program(app: FastAPI) -> Program:
    return Program(app)


def test_services_name_who_offers_them_and_where(program: Program) -> None:
    answer = program.ask("GET", "/services").json()
    found = {one["id"]: one for one in answer["services"]}
    assert found[WITH_CUFF] == {
        "id": WITH_CUFF,
        "name": WITH_CUFF,
        "minutes": 20,
        "devices": ["blood-pressure"],
        "level": "helper",
        "needs_order": False,
        "doctors": ["brandt", "weiss"],
        "rooms": ["room-1"],
    }
    assert (answer["names"]["weiss"], answer["names"]["room-1"], answer["zone"]) == (
        "Dr. Weiß",
        "Raum 1",
        "Europe/Berlin",
    )


def test_offers_are_complete_and_named(program: Program) -> None:
    answer = program.ask("GET", "/offers", params={"service": WITH_CUFF, "doctor": "weiss", "limit": 1}).json()
    (offer,) = answer["offers"]
    assert offer == {
        "service": WITH_CUFF,
        "start": "2026-11-24T08:10:00Z",
        "end": "2026-11-24T08:30:00Z",
        "doctor": "weiss",
        "room": "room-1",
        "assistant": "kaya",
        "devices": ["cuff-1"],
        "interpreter": "",
    }
    assert answer["names"] == {"weiss": "Dr. Weiß", "room-1": "Raum 1", WITH_CUFF: WITH_CUFF}
    assert answer["why"] is None


def test_every_field_of_a_wish_is_heard(program: Program, world: World) -> None:
    assert {one["doctor"] for one in program.offers(doctor=["weiss", "hofer"], limit=50)} == {"weiss"}
    assert {one["doctor"] for one in program.offers(doctor=["weiss"])} == {"weiss"}
    assert all(one["devices"] == ["oximeter-1"] for one in program.offers(device="pulse-oximeter"))
    assert all(one["assistant"] == "lindner" for one in program.offers(level="medical-assistant"))
    assert program.offers(setting="apartment") == []
    assert program.offers(language="ar") == []
    assert program.offers(wheelchair=True) == []
    assert program.offers(near="50.88,11.6") == []
    assert [one["start"][11:16] for one in program.offers(align=30, limit=2)] == ["08:30", "09:00"]
    assert [one["start"][:13] for one in program.offers(spread=True, limit=3)] == [
        "2026-11-24T08",
        "2026-11-24T11",
        "2026-11-25T07",
    ]
    late = program.offers(earliest=at(world, "17:00"), latest=at(world, "18:00"))
    assert {one["start"][11:13] for one in late} == {"16"}


def test_where_nothing_is_offered_it_says_why(program: Program, world: World) -> None:
    def why(**wish: Any) -> dict[str, str]:
        told: dict[str, str] = program.ask("GET", "/offers", params={"service": SERVICE, **wish}).json()["why"]
        return told

    assert why(service="nonsense")["rule"] == "service"
    assert why(doctor="hofer")["rule"] == "doctor"
    assert why(language="ar") == {
        "rule": "interpreter",
        "detail": "Für diese Sprache ist niemand zum Dolmetschen da.",
        "advice": "Rufen Sie uns an. Wir suchen jemanden für Sie.",
    }
    assert why(latest=at(world, "09:05"))["rule"] == "taken"


def test_a_search_without_result_is_counted_by_specialty_and_weekday_alone(program: Program, world: World) -> None:
    for latest in ("09:05", "09:10"):
        assert program.offers(latest=at(world, latest)) == []
    program.offers()
    with world.db.reading() as tx:
        assert booking.unmet_counts(tx) == {("ALLG", world.now.weekday()): 2}


def test_a_search_reads_nothing_once_the_index_is_there(program: Program, world: World) -> None:
    before = program.offers()
    world.db.dispose()
    assert program.offers() == before


def test_what_was_offered_is_booked_as_it_came(program: Program, world: World) -> None:
    offer = offer_at(program, world, "10:00")
    made = program.booked(offer)
    assert made["offer"] == offer
    assert (made["status"], made["start"], made["end"]) == ("booked", offer["start"], offer["end"])
    assert made["names"]["weiss" if offer["doctor"] == "weiss" else "brandt"].startswith("Dr. ")
    assert made["ticket"]["text"].endswith(f"{made['ticket']['letter']} {made['ticket']['digits']}")
    assert len(made["reference"]["pictures"]) == 3
    assert offer not in program.offers(limit=100)


def test_the_same_key_gets_the_same_booking_whatever_is_sent_with_it(program: Program, world: World) -> None:
    key, offer, other = new_token(), offer_at(program, world, "10:00"), offer_at(program, world, "14:00")
    first = program.book(offer, key)
    for again in (program.book(offer, key), program.book(other, key, person={**SOMMER, "name": "Karl Winter"})):
        assert (again.status_code, again.json()) == (201, first.json())
    assert program.booked(other)["id"] != first.json()["id"]


def test_a_hold_keeps_a_time_from_others_and_becomes_the_booking(program: Program, world: World, app: FastAPI) -> None:
    key, offer, stranger = new_token(), offer_at(program, world, "10:00"), Program(app, "198.51.100.1")
    held = program.hold(offer, key)
    assert held.status_code == 201
    assert held.json()["held_until"] == "2026-11-24T08:10:00Z"
    assert program.ask("GET", "/holds/own", key=key).json() == held.json()
    assert problem(stranger.book(offer), 409)["rule"] == "taken"
    assert program.book(offer, key).status_code == 201
    assert problem(program.ask("GET", "/holds/own", key=key), 410)["rule"] == "hold_gone"
    assert problem(program.hold(offer, key), 410)["rule"] == "hold_gone"


def test_a_hold_is_extended_ten_times_and_given_back(program: Program, world: World) -> None:
    key, offer = new_token(), offer_at(program, world, "17:00")
    program.hold(offer, key)
    for left in reversed(range(10)):
        world.clock.forward(timedelta(minutes=9))
        longer = program.ask("POST", "/holds/own/extend", key=key)
        assert (longer.status_code, longer.json()["extensions_left"]) == (200, left)
    refused = problem(program.ask("POST", "/holds/own/extend", key=key), 409)
    assert refused["rule"] == "held_long_enough"
    for _ in range(2):
        gone = program.ask("DELETE", "/holds/own", key=key)
        assert (gone.status_code, gone.content) == (204, b"")
    assert offer_at(program, world, "17:00") == offer
    assert problem(program.ask("POST", "/holds/own/extend", key=key), 410)["rule"] == "hold_gone"


def test_one_s_own_appointment_is_seen_moved_and_cancelled_by_its_link(program: Program, world: World) -> None:
    made, to = program.booked(offer_at(program, world, "10:00")), offer_at(program, world, "15:00")
    link, key = made["link_token"], new_token()
    seen = program.ask("GET", "/bookings/own", link=link).json()
    assert seen == {name: value for name, value in made.items() if name not in ("link_token", "reference")}
    moved = program.ask("POST", "/bookings/own/move", link=link, key=key, json={"offer": to})
    assert (moved.status_code, moved.json()["offer"]) == (200, to)
    again = program.ask("POST", "/bookings/own/move", link=link, key=key, json={"offer": to})
    assert again.json() == moved.json() == program.ask("GET", "/bookings/own", link=link).json()
    gone = program.ask("POST", "/bookings/own/cancel", link=link)
    assert (gone.status_code, gone.json()["status"]) == (200, "cancelled")
    assert problem(program.ask("POST", "/bookings/own/cancel", link=link), 409)["rule"] == "already_cancelled"
    assert offer_at(program, world, "15:00")["start"] == to["start"]


def test_what_has_begun_or_ended_early_is_neither_moved_nor_cancelled(program: Program, world: World) -> None:
    made, to = program.booked(offer_at(program, world, "10:00")), offer_at(program, world, "15:00")
    link = made["link_token"]
    for kinds in ([FactKind.ARRIVED, FactKind.CALLED], [FactKind.ENTERED], [FactKind.ENDED]):
        for kind in kinds:
            with world.db.transaction() as tx:
                visit.record(tx, visit_id=made["id"], kind=kind, by="room", now=world.now)
        refused = [
            program.ask("POST", "/bookings/own/cancel", link=link),
            program.ask("POST", "/bookings/own/move", link=link, key=new_token(), json={"offer": to}),
            program.wait(to, link=link),
        ]
        assert [problem(one, 409)["rule"] for one in refused] == ["wrong_moment"] * 3
    assert program.ask("GET", "/bookings/own", link=link).json()["status"] == "booked"


def test_who_waits_is_offered_what_is_given_back_and_says_yes_or_no(program: Program, world: World) -> None:
    first = program.booked(offer_at(program, world, "16:00"))
    ada, bea = (program.wait(first["offer"], name=name) for name in ("Ada Herbst", "Bea Herbst"))
    assert (ada.status_code, ada.json()["before"], bea.json()["before"]) == (201, 0, 1)
    program.ask("POST", "/bookings/own/cancel", link=first["link_token"])
    asked = program.ask("GET", "/waiting/own", link=ada.json()["link_token"]).json()
    assert (asked["state"], asked["offer"]["start"]) == ("offered", first["start"])
    assert asked["held_until"] > "2026-11-24T08:00:00Z"
    no = program.ask("POST", "/waiting/own/decline", link=ada.json()["link_token"])
    assert (no.status_code, no.json()["state"], no.json()["offer"]) == (200, "waiting", None)
    yes = program.ask("POST", "/waiting/own/accept", link=bea.json()["link_token"])
    assert (yes.status_code, yes.json()["start"]) == (201, first["start"])
    opened = program.ask("GET", "/bookings/own", link=yes.json()["link_token"])
    assert opened.json()["id"] == yes.json()["id"]
    for verb in ("accept", "decline"):
        again = program.ask("POST", f"/waiting/own/{verb}", link=bea.json()["link_token"])
        assert problem(again, 410)["rule"] == "not_asked"
    assert program.ask("DELETE", "/waiting/own", link=ada.json()["link_token"]).status_code == 204
    assert program.ask("GET", "/waiting/own", link=ada.json()["link_token"]).json()["state"] == "left"


def test_an_earlier_time_in_place_of_one_s_own_needs_no_person_again(program: Program, world: World) -> None:
    early, late = (program.booked(offer_at(program, world, wall, doctor="weiss")) for wall in ("10:00", "16:00"))
    waiting = program.wait(early["offer"], link=late["link_token"])
    assert waiting.status_code == 201
    program.ask("POST", "/bookings/own/cancel", link=early["link_token"])
    program.ask("POST", "/waiting/own/accept", link=waiting.json()["link_token"])
    assert program.ask("GET", "/bookings/own", link=late["link_token"]).json()["start"] == early["start"]


def test_no_cookie_is_read_and_no_form_of_another_site_gets_through(program: Program, world: World) -> None:
    """So a program needs no origin: a browser sends JSON or a header of ours to another site only if that site asks."""
    offer = offer_at(program, world, "10:00")
    body = {"offer": offer, "person": SOMMER}
    answer = program.ask("POST", "/bookings", key=new_token(), json=body, headers=SESSION)
    assert answer.status_code == 201
    assert not answer.headers.keys() & {"set-cookie", "access-control-allow-origin"}
    preflight = program.ask("OPTIONS", "/bookings", headers={**SESSION, "access-control-request-method": "POST"})
    assert preflight.status_code == 404
    plain = program.ask("POST", "/waiting", content=b"{}", headers={**SESSION, "content-type": "text/plain"})
    assert problem(plain, 422)


def test_nothing_personal_is_logged_or_stands_in_an_address(
    program: Program, world: World, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    offer, key = offer_at(program, world, "10:00"), new_token()
    made = program.book(offer, key)
    link = made.json()["link_token"]
    program.book(offer)
    program.book(offer, person={**SOMMER, "contact": "geheim"})
    program.ask("POST", "/bookings/own/cancel", link=link)
    seen = caplog.text + "".join(capfd.readouterr())
    assert not [secret for secret in (key, link, "Sommer", "23125", "geheim") if secret in seen]
    document = program.ask("GET", "/openapi.json").json()
    places = [
        one for path in document["paths"].values() for verb in path.values() for one in verb.get("parameters", [])
    ]
    assert {one["in"] for one in places} == {"query", "header"}
    assert {one["name"] for one in places if one["in"] == "header"} == {"Idempotency-Key", "Link-Token"}
    assert not {one["name"] for one in places if one["in"] == "query"} & {"name", "contact", "birth_year", "person"}
    assert not [path for path in document["paths"] if "{" in path]


def test_a_quarter_that_changes_is_seen_at_once(program: Program, world: World) -> None:
    from telemed.directory import service as directory

    assert {one["room"] for one in program.offers(limit=50)} == {"room-1"}
    with world.db.transaction() as tx:
        for resource in quarter(2):
            directory.take(tx, resource, now=world.now)
    assert {one["room"] for one in program.offers(limit=50)} == {"room-1", "room-2"}
