"""Papers show what holds now, in letters that old eyes read, and lead to the same place as the pages."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.day import PICTURES
from telemed.booking import steps
from telemed.directory import service as directory
from telemed.directory.fhir import DEVICE_KINDS
from telemed.kit.db import Database
from telemed.kit.i18n import words
from telemed.paper import sheets
from telemed.paper.model import CARDS, MOST_STEPS
from telemed.paper.typeset import Elsewhere, printed
from telemed.web.pages import STATIC
from tests.booking.residents import HOST, Resident, complete, lobeda, make_app
from tests.builders import World, offer_at
from tests.paper.printed import A3, A4, A5, Paper, look

SHOTS = os.environ.get("SHOTS")


@dataclass(frozen=True)
class House:
    world: World
    resident: Resident

    def fetch(self, path: str, name: str = "", fields: Mapping[str, Any] | None = None, **query: str) -> Paper:
        answer = self.resident.post(path, fields) if fields is not None else self.resident.get(path, **query)
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/pdf"
        shot = Path(SHOTS) / f"paper-{name}" if SHOTS and name else None
        return look(answer.content, shot, codes=name in ("poster", "flyer", "slip", "own"))


@pytest.fixture
def house(sqlite_database: Database) -> House:
    world = lobeda(sqlite_database)
    return House(world, Resident(make_app(world.centre)))


def test_the_poster_says_what_where_when_whom_to_call_and_its_code_leads_to_the_pages(house: House) -> None:
    poster = house.fetch("/papier/plakat/raum-1.pdf", "poster")
    room = house.world.directory.rooms["raum-1"]
    assert poster.sizes == (A4,)
    for said in (words().text("paper.poster.title"), room.name, room.address, room.phone, "112", "116117"):
        assert said in poster.text
    assert poster.codes == {HOST}
    assert poster.smallest >= 12
    large = house.fetch("/papier/plakat/raum-1.pdf", "poster-a3", groesse="a3")
    assert large.sizes == (A3,)
    assert large.smallest >= 18


def open_later(house: House) -> None:
    """The room opens an hour later from now on, and is closed for three days."""
    with house.world.db.transaction() as tx:
        room = orjson.loads(directory.read(tx, "Location", "raum-1"))
        for opening in room["hoursOfOperation"]:
            opening["openingTime"] = "09:00:00"
        directory.take(tx, room, now=house.world.now)


def test_other_hours_make_another_poster_and_the_same_ones_none(house: House) -> None:
    before = house.resident.get("/papier/plakat/raum-1.pdf").content
    assert house.resident.get("/papier/plakat/raum-1.pdf").content == before
    open_later(house)
    after = house.fetch("/papier/plakat/raum-1.pdf")
    assert "08:00" in look(before).text
    assert "08:00" not in after.text
    assert "09:00 bis 18:00" in after.text


def test_a_paper_tells_when_it_is_closed_in_the_weeks_to_come(house: House) -> None:
    room, now = house.world.directory.rooms["raum-1"], house.world.now
    days = [timedelta(days=count) for count in (-9, -1, 3, 80)]
    away = tuple((now + start, now + start + timedelta(days=2)) for start in days)
    found = sheets.closures(replace(room, hours=replace(room.hours, closed=away)), now)
    assert [start for start, _ in found] == [now + days[1], now + days[2]]


def test_the_flyer_is_two_small_pages_with_how_a_visit_goes(house: House) -> None:
    flyer = house.fetch("/papier/handzettel/raum-1.pdf", "flyer")
    assert flyer.sizes == (A5, A5)
    assert "5. Sie gehen" in flyer.text
    assert flyer.codes == {HOST}
    assert flyer.smallest >= 9


def test_each_kind_of_device_in_the_room_has_a_card_in_large_print(house: House) -> None:
    kinds = {device.kind for device in house.world.directory.devices_in("raum-1")}
    cards = house.fetch("/papier/geraete/raum-1.pdf", "cards")
    assert len(kinds) >= 9
    assert cards.sizes == (A4,) * len(kinds)
    assert cards.smallest >= 24
    for kind in kinds:
        card = CARDS[kind]
        for key in (f"device.{kind}", f"colour.{card.colour}", f"shape.{card.shape}", f"step.{card.steps[-1].name}"):
            assert words().text(f"paper.{key}") in cards.text


def test_every_kind_has_a_card_of_its_own_colour_and_shape_and_few_steps_with_a_picture_each() -> None:
    assert set(CARDS) == set(DEVICE_KINDS.values())
    assert len({card.colour for card in CARDS.values()}) == len({card.shape for card in CARDS.values()}) == len(CARDS)
    for kind, card in CARDS.items():
        assert 2 <= len(card.steps) <= MOST_STEPS, kind
        assert len({step.picture for step in card.steps}) == len(card.steps), kind
        assert all((STATIC / "vendor" / step.picture).is_file() for step in card.steps), kind


def test_the_slip_of_who_booked_opens_her_appointment_and_the_own_page_prints_the_same_again(house: House) -> None:
    fields = complete(offer_at(house.world, "15:00", doctor=None, service="allgemein-20-blutdruck", room="raum-1"))
    booked = house.resident.post("/termin/buchen", fields)
    slip = house.fetch("/termin/zettel.pdf", "slip", {"request_id": fields["request_id"]})
    assert slip.sizes == (A4,)
    assert slip.smallest >= 16
    assert slip.codes == {booked.found(".//a[contains(@href, '/t/')]")[0].get("href")}
    own = house.resident.post(next(iter(slip.codes)).removeprefix(HOST), {})
    assert own.status == 303
    again = house.fetch("/mein-termin/zettel.pdf", "own")
    assert (again.text, again.codes) == (slip.text, slip.codes)
    reference = "".join(one.text_content() for one in booked.found(".//*[@class='reference-digits digits']")).strip()
    assert reference in again.text
    digits, pictures = (
        reference.replace(" ", ""),
        [one.get("alt") for one in booked.found(".//*[@class='pictures']//img")],
    )
    assert len(pictures) == 3
    by_name = {words().text(f"ticket.{name}"): name for name in PICTURES}
    paper: dict[str, str | list[str]] = {
        "digits": digits,
        "birth_year": "1948",
        "pictures": [by_name[str(one)] for one in pictures],
    }
    assert house.resident.post("/mein-termin/finden", paper).status == 303
    without = house.fetch("/mein-termin/zettel.pdf", "own")
    assert (without.codes, reference in without.text) == (frozenset(), False)
    with house.world.db.reading() as tx:
        one = sheets.slip(
            house.world.centre,
            house.world.directory,
            *steps.booked_with(tx, house.world.centre, str(fields["request_id"])),
        )
    round_ = sheets.sheet(house.world.centre, "slip", words(), house.world.directory, slips=[one, one])
    assert look(printed(round_), None, codes=False).sizes == (A4, A4)
    assert house.resident.post("/termin/zettel.pdf", {"request_id": "x" * 43}).status == 404
    assert house.resident.post("/termin/zettel.pdf", {}).status == 404


def test_consent_and_booking_form_ask_on_paper_what_the_pages_ask(house: House) -> None:
    consent = house.fetch("/papier/einverstanden.pdf", "consent")
    for key in ("video", "letter", "reminders", "relative", "answer.discuss"):
        assert words().text(f"consent.{key}") in consent.text
    form = house.fetch("/papier/terminzettel.pdf", "form")
    for key in ("need.interpreter", "contact.name", "contact.birth_year", "specialty.HAUT"):
        assert words().text(f"booking.{key}") in form.text
    assert min(consent.smallest, form.smallest) >= 16
    assert consent.sizes == form.sizes == (A4,)


def test_nothing_comes_from_elsewhere() -> None:
    for address in ("http://example.com/x.svg", "file:///etc/hostname", "/static/../../wiring.py"):
        with pytest.raises(Elsewhere):
            printed(f'<html lang="de"><title>x</title><img src="{address}" alt="x"></html>')


def test_of_what_is_nowhere_there_is_no_paper(house: House) -> None:
    for path in ("plakat/raum-9", "handzettel/zu-hause", "geraete/x"):
        assert house.resident.get(f"/papier/{path}.pdf").status == 404
