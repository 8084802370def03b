"""What residents may wish for, what they are told if nothing is free, and what they cannot book by themselves."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from telemed.booking import form, service
from telemed.directory import service as directory
from telemed.identity.model import Actor, Role
from telemed.kit.db import Database
from telemed.people import service as people
from tests.booking.residents import SOMMER, Answer, Fields, Resident, lobeda, make_app
from tests.builders import SERVICE, World, make_world, quarter

TALK = "sprechstunde-15"
"""At home or in the apartment, which has steps."""


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return lobeda(sqlite_database)


@pytest.fixture
def resident(world: World) -> Resident:
    return Resident(make_app(world.centre))


def offered(resident: Resident, world: World, **asked: str | list[str]) -> Iterator[Any]:
    """The offers behind the suggestions."""
    page = resident.post("/termin/zeit", {"service": "allgemein-20", **asked})
    for code in page.values("offer"):
        yield form.decode(code, world.directory)


def test_a_certain_doctor_is_offered_alone(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    resident = Resident(make_app(world.centre))
    page = resident.get("/termin/zeit", service=SERVICE)
    assert page.texts(".//select[@id='doctor']/option") == ["Egal", "Dr. Brandt", "Dr. Weiß"]
    for doctor in ("brandt", "weiss"):
        offers = offered(resident, world, service=SERVICE, doctor=doctor)
        assert [offer.doctor_id for offer in offers] == [doctor] * 3


def test_there_is_no_choice_among_one(resident: Resident) -> None:
    assert resident.get("/termin/zeit", service="allgemein-20").found(".//select[@id='doctor']") == []


def test_another_language_brings_a_doctor_or_an_interpreter_who_speaks_it(world: World, resident: Resident) -> None:
    page = resident.get("/termin/zeit", service="allgemein-20")
    spoken = page.texts(".//select[@id='language']/option")
    assert {"العربية (Arabisch)", "Türkçe (Türkisch)", "Українська (Ukrainisch)", "Polski (Polnisch)"} <= {*spoken}
    assert {offer.interpreter_id for offer in offered(resident, world, language="ar")} == {"rahimi"}


def test_an_interpreter_stays_with_the_time_and_staff_hear_of_her(world: World, resident: Resident) -> None:
    when = resident.post("/termin/zeit", {"service": "allgemein-20", "language": "ar"})
    needs = resident.post("/termin/halten", {**when.fields(), "offer": when.values("offer")[0]})
    assert len(needs.found(".//input[@value='interpreter'][@checked]")) == 1
    assert len(needs.found(".//select/option[@value='ar'][@selected]")) == 1
    fields = {**needs.fields(), "needs": ["interpreter"], "language": "ar", **SOMMER}
    assert resident.post("/termin/buchen", fields).status == 200
    with world.db.reading() as tx:
        made = service.on_day(tx, world.directory, world.now.date())[0]
    assert made.offer.interpreter_id == "rahimi"


def at_step_3(resident: Resident) -> Answer:
    """A time was chosen at which nobody interprets."""
    when = resident.get("/termin/zeit", service="allgemein-20")
    return resident.post("/termin/halten", {**when.fields(), "offer": when.values("offer")[0]})


@pytest.mark.parametrize(
    ("given", "wrong", "said"),
    [
        ({"needs": ["interpreter"], "language": ""}, "language", "Wählen Sie die Sprache für den Dolmetscher."),
        ({"language": "tr"}, "needs", "Kreuzen Sie auch „Dolmetscher“ an."),
    ],
)
def test_a_tick_without_a_language_and_a_language_without_a_tick_are_asked_for(
    resident: Resident, given: Fields, wrong: str, said: str
) -> None:
    needs = at_step_3(resident)
    again = resident.post("/termin/kontakt", {**needs.fields(), **given})
    assert (again.status, again.texts(".//p[@class='step']")) == (422, ["Schritt 3 von 5"])
    assert said in " ".join(again.texts(f".//*[@id='{wrong}-error']"))
    assert said in " ".join(again.texts(f".//a[@href='#{wrong}']"))
    assert len(again.found(f".//*[@id='{wrong}']")) == 1
    assert resident.post("/termin/buchen", {**needs.fields(), **given, **SOMMER}).status == 422


def test_who_wishes_for_an_interpreter_at_step_3_gets_one_at_the_time_that_she_chose(
    world: World, resident: Resident
) -> None:
    needs = at_step_3(resident)
    wished = {**needs.fields(), "needs": ["interpreter"], "language": "tr"}
    contact = resident.post("/termin/kontakt", wished)
    before, after = (form.decode(str(page.fields()["offer"]), world.directory) for page in (needs, contact))
    assert before
    assert after
    assert (after.start, after.doctor_id) == (before.start, before.doctor_id)
    assert after.interpreter_id == "kaplan"
    assert resident.post("/termin/buchen", {**contact.fields(), **SOMMER}).status == 200
    with world.db.transaction() as tx:
        made = service.on_day(tx, world.directory, after.start.date())[0]
        person = people.details(
            tx, world.secrets, made.person_id, actor=Actor(Role.MACHINE, "test"), purpose="test", now=world.now
        )
    assert made.offer.interpreter_id == "kaplan"
    assert (person.language, person.spoken) == ("tr", "tr")


def test_where_nobody_who_interprets_is_free_that_is_said_and_other_times_are_offered(resident: Resident) -> None:
    first = at_step_3(resident)
    wish: Fields = {"needs": ["interpreter"], "language": "tr"}
    assert resident.post("/termin/kontakt", {**first.fields(), **wish}).status == 200
    when = resident.get("/termin/zeit", service="sprechstunde-15", day="2026-11-24")
    start = str(first.fields()["offer"]).split("_")[1]
    same = next((code for code in when.values("offer") if code.split("_")[1] == start), when.values("offer")[0])
    needs = resident.post("/termin/halten", {**when.fields(), "offer": same})
    contact = resident.post("/termin/kontakt", {**needs.fields(), **wish})
    assert "Zu dieser Zeit kann niemand dolmetschen." in contact.words


def test_who_needs_no_steps_is_offered_no_place_that_has_some(world: World, resident: Resident) -> None:
    assert "Gästewohnung" in " ".join(resident.get("/termin/zeit", service=TALK).texts(".//button[@name='offer']"))
    offers = list(offered(resident, world, service=TALK, needs=["wheelchair"]))
    assert offers
    assert {offer.room_id for offer in offers} == {"zu-hause"}


def test_where_there_are_several_places_one_may_be_wished_for(world: World, resident: Resident) -> None:
    assert resident.get("/termin/zeit", service="allgemein-20").found(".//select[@id='place']") == []
    offers = list(offered(resident, world, service=TALK, place="zu-hause"))
    assert {offer.room_id for offer in offers} == {"zu-hause"}


def test_a_day_has_the_times_of_every_place(resident: Resident) -> None:
    texts = resident.get("/termin/zeit", service=TALK, day="2026-11-25").texts(".//button[@name='offer']")
    assert any("Gästewohnung" in text for text in texts)
    assert any("Zu Hause" in text for text in texts)


def test_who_stays_at_home_is_not_asked_to_come(resident: Resident) -> None:
    when = resident.post("/termin/zeit", {"service": TALK, "place": "zu-hause"})
    fields = {**when.fields(), "offer": when.values("offer")[0], **SOMMER}
    booked = resident.post("/termin/buchen", resident.post("/termin/halten", fields).fields())
    assert "Bleiben Sie zu Hause." in booked.words
    assert "Kommen Sie" not in booked.words


def test_a_need_that_the_chosen_place_cannot_meet_is_said_and_other_times_are_offered(resident: Resident) -> None:
    when = resident.post("/termin/zeit", {"service": TALK, "place": "wohnung-1"})
    needs = resident.post("/termin/halten", {**when.fields(), "offer": when.values("offer")[0]})
    contact = resident.post("/termin/kontakt", {**needs.fields(), "needs": ["wheelchair"], "place": ""})
    assert "An diesem Ort gibt es Stufen." in contact.words
    check = resident.post("/termin/pruefen", {**contact.fields(), **SOMMER})
    assert "An diesem Ort gibt es Stufen." in check.words
    other = resident.post("/termin/zeit", check.fields())
    assert "Zu Hause" in other.texts(".//button[@name='offer']")[1]


def test_wishes_are_carried_on_and_can_be_taken_back(resident: Resident) -> None:
    when = resident.post("/termin/zeit", {"service": TALK, "language": "ar", "needs": ["wheelchair", "hearing"]})
    assert when.found(".//details[@open]")
    needs = resident.post("/termin/halten", {**when.fields(), "offer": when.values("offer")[0]})
    assert len(needs.found(".//select/option[@value='ar'][@selected]")) == 1
    back = resident.post("/termin/zeit", {**needs.fields(), "language": "ar"})
    again = resident.post("/termin/zeit", {**back.fields(), "language": "", "needs": []})
    assert again.found(".//details[@open]") == []


@pytest.mark.parametrize("language", ["x" * 200, "<b>", "türkisch", "TR"])
def test_what_is_no_language_is_no_wish(resident: Resident, language: str) -> None:
    page = resident.post("/termin/zeit", {"service": "allgemein-20", "language": language})
    assert "language" not in page.fields()


def test_what_a_doctor_must_order_is_not_offered_and_its_address_leads_to_the_beginning(resident: Resident) -> None:
    assert "injektion-10" not in resident.get("/termin").values("service")
    assert "Schritt 1 von 5" in resident.get("/termin/zeit", service="injektion-10").words
    assert "Schritt 1 von 5" in resident.post("/termin/halten", {"service": "injektion-10", "offer": "x"}).words


def unmet(world: World) -> int:
    with world.db.reading() as tx:
        return sum(service.unmet_counts(tx).values())


def test_if_nobody_speaks_the_language_that_is_said_and_counted(world: World, resident: Resident) -> None:
    page = resident.post("/termin/zeit", {"service": "allgemein-20", "language": "vi"})
    assert "Diese Sprache spricht hier zurzeit niemand. Ändern Sie Ihre Wünsche." in page.words
    assert page.values("offer") == []
    assert page.found(".//button[@formaction='/warteliste/eintragen']") == []
    assert unmet(world) == 1


def changed(world: World, resource_id: str, **fields: Any) -> None:
    """The quarter with one resource changed."""
    found: Mapping[str, Any] = next(one for one in quarter() if one["id"] == resource_id)
    with world.db.transaction() as tx:
        directory.take(tx, {**found, **fields}, now=world.now)


def test_if_everything_is_full_the_waiting_list_is_offered(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    resident = Resident(make_app(world.centre))
    away = {"description": "x", "during": {"start": "2026-11-01", "end": "2027-03-01"}}
    for role in ("role-weiss", "role-brandt"):
        changed(world, role, notAvailable=[away])
    page = resident.get("/termin/zeit", service=SERVICE)
    assert "In den nächsten acht Wochen ist keine Zeit frei." in page.words
    assert len(page.found(".//button[@formaction='/warteliste/eintragen']")) == 1
    assert unmet(world) == 1


@pytest.mark.parametrize("service_id", ["allgemein-20", "haut-15", "innere-30", TALK])
def test_no_page_of_times_lacks_a_word(resident: Resident, service_id: str) -> None:
    assert "⟦" not in resident.get("/termin/zeit", service=service_id).text
