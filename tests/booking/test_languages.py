"""In the middle of booking another language can be chosen, and nothing that was typed is lost."""

from typing import Any

import pytest
from lxml import html

from telemed.booking import service as booking
from telemed.kit.db import Database
from tests.booking.residents import SOMMER, Answer, Resident, lobeda, make_app
from tests.builders import WITH_CUFF, make_world


def test_another_language_in_the_middle_of_a_form_keeps_what_was_typed(sqlite_database: Database) -> None:
    app = make_app(make_world(sqlite_database).centre)
    app.state.languages = ("de", "ar")
    resident = Resident(app)
    when = resident.get("/termin/zeit", service=WITH_CUFF)
    offer = when.values("offer")[0]
    contact = resident.post("/termin/kontakt", {"service": WITH_CUFF, "offer": offer, "needs": ["hearing"]})
    assert 'form="step" formaction="/termin/kontakt?sprache=ar"' in contact.text
    typed = {**contact.fields(), "name": "Hannelore Som", "birth_year": "19"}
    again = resident.post("/termin/kontakt?sprache=ar", typed)
    assert '<html lang="ar" dir="rtl">' in again.text
    assert (again.values("name"), again.values("birth_year")) == (["Hannelore Som"], ["19"])
    assert again.fields() == contact.fields()
    assert '<html lang="ar"' in resident.post("/termin/kontakt", typed).text


@pytest.mark.parametrize(
    ("language", "service", "room", "place"),
    [
        ("tr", "Aile hekimi, 20 dakika", "Oda 1", "Giriş katı, girişin solunda"),
        ("ar", "طبيب عام، 20 دقيقة", "الغرفة 1", "الطابق الأرضي، يسار المدخل"),
        ("de-simple", "Hausarzt, 20 Minuten", "Raum 1", "Unten im Haus, links von der Tür"),
        ("de", "Allgemeinmedizin, 20 Minuten", "Raum 1", "Erdgeschoss, links vom Eingang"),
    ],
)
def test_what_things_are_called_is_said_in_the_language_of_the_page(
    sqlite_database: Database, language: str, service: str, room: str, place: str
) -> None:
    resident = Resident(make_app(lobeda(sqlite_database).centre))
    assert place in resident.get("/", sprache=language).words
    when = resident.get("/termin/zeit", service="allgemein-20")
    assert service in when.words
    chosen = {**when.fields(), "offer": when.values("offer")[0], **SOMMER}
    check = resident.post("/termin/halten", chosen)
    assert service in check.words
    assert room in check.words
    assert room in resident.post("/termin/buchen", check.fields()).words


def switched(resident: Resident, page: Answer, language: str) -> Answer:
    """The page after a press on another language, with what the button's form sends."""
    tree: Any = html.fromstring(page.text)
    button = tree.xpath(f"//button[contains(@formaction, 'sprache={language}')]")[0]
    form = tree.xpath(f"//form[@id='{button.get('form')}']")[0]
    fields = {each.get("name"): each.get("value", "") for each in form.xpath(".//input[@name]")}
    return resident.post(button.get("formaction"), fields)


def test_the_slip_may_be_had_in_another_language_and_nothing_is_booked_twice(sqlite_database: Database) -> None:
    world = lobeda(sqlite_database)
    resident = Resident(make_app(world.centre))
    when = resident.get("/termin/zeit", service="allgemein-20")
    check = resident.post("/termin/halten", {**when.fields(), "offer": when.values("offer")[0], **SOMMER})
    slip = resident.post("/termin/buchen", check.fields())
    again = switched(resident, slip, "tr")
    assert (again.status, '<html lang="tr"' in again.text) == (200, True)
    reference = ".//*[contains(@class, 'reference')]"
    assert again.texts(reference) == slip.texts(reference)
    with world.db.reading() as tx:
        assert len(booking.on_day(tx, world.directory, world.now.date())) == 1


def test_who_is_to_be_called_stands_on_the_list_once_in_whatever_language_she_reads_it(
    sqlite_database: Database,
) -> None:
    world = make_world(sqlite_database)
    resident = Resident(make_app(world.centre))
    wrong = resident.post("/hilfe/rueckruf", {"name": "Hannelore Sommer", "phone": ""})
    assert "Hannelore Sommer" in switched(resident, wrong, "ar").values("name")
    called = resident.post("/hilfe/rueckruf", {"name": "Hannelore Sommer", "phone": "03641 223344"})
    assert "03641 223344" in switched(resident, called, "tr").words
    with world.db.reading() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM people_person").scalar() == 1


@pytest.mark.parametrize("path", ["/mein-termin/finden", "/mein-termin/zahl"])
def test_what_was_wrong_is_asked_for_once_more_at_its_own_address(sqlite_database: Database, path: str) -> None:
    resident = Resident(make_app(make_world(sqlite_database).centre))
    assert f'href="{path}?sprache=tr"' in resident.post(path, {}).text
