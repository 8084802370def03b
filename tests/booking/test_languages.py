"""In the middle of booking another language can be chosen, and nothing that was typed is lost."""

import pytest

from telemed.kit.db import Database
from tests.booking.residents import SOMMER, Resident, lobeda, make_app
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
