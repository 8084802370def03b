"""In the middle of booking another language can be chosen, and nothing that was typed is lost."""

from telemed.kit.db import Database
from tests.booking.residents import Resident, make_app
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
