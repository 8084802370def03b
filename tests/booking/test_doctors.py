"""Who can be reached, by specialty: found in people's own words, with the time that the planner offers."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from telemed.booking import concerns, form, offered, service
from telemed.booking import routes as booking_routes
from telemed.kit.db import Database
from tests.booking.residents import HOST, Resident, lobeda, make_app
from tests.builders import World

MEANT = offered.catalogue()
WORDS = {code: one.words for code, one in MEANT.specialties.items()}


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return lobeda(sqlite_database)


@pytest.fixture
def resident(world: World) -> Resident:
    return Resident(make_app(world.centre))


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("Hautartzt", ["HAUT"]),
        ("hautaerztin", ["HAUT"]),
        ("Hausarzt", ["ALLG"]),
        ("Hausartzt", ["ALLG"]),
        ("Ohren", ["HNOH"]),
        ("ohr", ["HNOH"]),
        ("Hezr", ["INNE", "KARD"]),
        ("ich kann nicht gut hören", ["HNOH"]),
        ("кашель", ["ALLG"]),
        ("Zahnarzt", []),
        ("xyz", []),
        ("", []),
    ],
)
def test_people_find_a_specialty_with_their_own_words_and_slips_of_the_pen(typed: str, codes: list[str]) -> None:
    assert concerns.matching(typed, WORDS) == codes
    assert not MEANT.is_emergency(typed)


@pytest.mark.parametrize(
    "typed",
    [
        *("Brustschmerz", "Schmerzen in der Brust", "brust schmertzen", "BRUSTSCHMERZEN!", "Herzinfakt", "chest pain"),
        *("ألم في الصدر", "Ich bekomme schlecht Luft", "Schlaganfal"),
    ],
)
def test_what_belongs_to_112_finds_112_and_no_time(world: World, resident: Resident, typed: str) -> None:
    page = resident.post("/aerzte/suche", {"q": typed})
    assert "Rufen Sie sofort 112 an" in page.words
    assert page.found(".//a[@href='tel:112']")
    assert page.values("offer") == []
    with world.db.reading() as tx:
        assert service.unmet_counts(tx) == {}


@pytest.mark.parametrize("typed", ["Brust", "Luft", "sprechen", "leben", "Herz", "Brustkrebs", "Schmerz in der Hand"])
def test_a_word_alone_is_no_emergency(typed: str) -> None:
    assert not MEANT.is_emergency(typed)


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"[]", b"{}", b'{"specialties": [], "emergency": []}', b'{"specialties": [], "emergency": [[]]}'),
        *(b'{"specialties": [], "emergency": [["!"]]}', b'{"specialties": [{"code": 1}], "emergency": [["a"]]}'),
    ],
)
def test_a_file_that_is_no_catalogue_stops_the_start(tmp_path: Path, data: bytes) -> None:
    (tmp_path / offered.OWN).write_bytes(data)
    with pytest.raises(concerns.BadCatalogue):
        offered.catalogue(tmp_path)


def test_the_operators_own_catalogue_takes_the_place_of_ours(tmp_path: Path) -> None:
    own = {"specialties": [{"code": "HAUT", "icon": "hand", "words": ["Pelle"]}], "emergency": [["Oweh"]]}
    (tmp_path / offered.OWN).write_text(json.dumps(own))
    assert concerns.matching(
        "pelle", {code: one.words for code, one in offered.catalogue(tmp_path).specialties.items()}
    )
    assert offered.catalogue(tmp_path).is_emergency("oweh")
    assert offered.catalogue(tmp_path / "nowhere") == MEANT


def test_the_next_free_time_of_each_is_what_the_booking_api_answers(world: World, resident: Resident) -> None:
    app = make_app(world.centre)
    app.include_router(booking_routes.routes)
    api = TestClient(app, base_url=HOST)
    shown = [form.decode(code, world.directory) for code in resident.get("/aerzte").values("offer")]
    assert len(shown) == 4
    for offer in shown:
        assert offer is not None
        answer = api.get("/api/offers", params={"service": offer.service_id, "limit": 1}).json()["offers"][0]
        same = [
            one for one in offered.services(world.directory) if one.specialty == specialty_of(world, offer.service_id)
        ]
        starts = [
            api.get("/api/offers", params={"service": one.id, "limit": 1}).json()["offers"][0]["start"] for one in same
        ]
        assert (answer["start"], answer["doctor"]) == (f"{offer.start:%Y-%m-%dT%H:%M:%SZ}", offer.doctor_id)
        assert answer["start"] == min(starts)


def specialty_of(world: World, service_id: str) -> str:
    return world.directory.services[service_id].specialty


def test_an_entry_says_how_what_for_who_and_in_which_languages(resident: Resident) -> None:
    page = resident.post("/aerzte/suche", {"q": "Hausartzt"})
    assert len(page.found(".//section")) == 1
    for said in (
        "Bei uns im Raum",
        "Bei Ihnen zu Hause",
        "am Telefon",
        "keine Überweisung",
        "Weiß",
        "Englisch (English)",
    ):
        assert said in page.words
    assert "Nur wenn ein Arzt es angeordnet hat: Injektion" in page.words


def test_who_is_searched_by_name_is_found(resident: Resident) -> None:
    assert "Dr. med. Leyla Aydın" in resident.post("/aerzte/suche", {"q": "Aydin"}).words


def test_one_press_takes_the_time_that_is_shown(resident: Resident) -> None:
    page = resident.post("/aerzte/suche", {"q": "Haut"})
    (form_,) = page.found(".//section//form")
    fields = {each.get("name"): each.get("value") for each in form_.xpath(".//*[@name]")}
    assert "Schritt 3 von 5" in resident.post(form_.get("action"), fields).words


def test_a_search_in_vain_is_counted_by_specialty_and_weekday_alone(world: World, resident: Resident) -> None:
    page = resident.post("/aerzte/suche", {"q": "Zahnarzt"})
    assert "nichts gefunden zu: Zahnarzt" in page.words
    assert page.found(".//a[@href='/hilfe']")
    resident.post("/aerzte/suche", {"q": "Haut"})
    with world.db.reading() as tx:
        assert service.unmet_counts(tx) == {("", 1): 1}


def test_what_was_searched_for_never_becomes_part_of_the_page_or_of_an_address(resident: Resident) -> None:
    page = resident.post("/aerzte/suche", {"q": "<b>Zahn</b>"})
    assert "<b>Zahn" not in page.text
    assert (resident.get("/aerzte/suche").status, resident.get("/aerzte/suche").headers["location"]) == (303, "/aerzte")


def test_too_many_services_become_specialties_the_simplest_first(resident: Resident) -> None:
    page = resident.get("/termin")
    assert page.values("service") == ["allgemein-20", "hno-20", "haut-15", "innere-30"]
    assert page.texts(".//button[@name='service']")[0] == "Allgemeine Sprechstunde"
    when = resident.get("/termin/zeit", service="allgemein-20")
    alike = ["allgemein-20", "allgemein-20-blutdruck", "sprechstunde-15"]
    assert [one.get("value") for one in when.found(".//button[@name='service']")] == alike
    assert resident.get("/termin/zeit", service="haut-15").found(".//button[@name='service']") == []
