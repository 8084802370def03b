"""Who does not know gets an answer that leads on, at each question, and may wish to be called."""

import pytest

from telemed.booking.model import CallWished
from telemed.kit.db import Database
from telemed.kit.outbox import Relay, Subscription
from telemed.notify import reactions, store
from telemed.notify.model import Kind
from tests.booking.residents import Answer, Resident, complete, lobeda, make_app
from tests.builders import World, make_world, offer_at

UNSURE = "Ich weiß es nicht. Bitte helfen Sie mir."


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return lobeda(sqlite_database)


@pytest.fixture
def resident(world: World) -> Resident:
    return Resident(make_app(world.centre))


def pressed(resident: Resident, page: Answer, name: str) -> Answer:
    """What the button *name* of a page leads to, with all that its form carries."""
    (button,) = page.found(f".//form//button[normalize-space()='{name}']")
    (around,) = button.xpath("ancestor::form")
    fields = {each.get("name"): each.get("value") for each in around.xpath(".//input[@type='hidden']")}
    own = {button.get("name"): button.get("value")} if button.get("name") else {}
    return resident.post(button.get("formaction") or around.get("action"), {**fields, **own})


def test_not_knowing_what_leads_to_a_doctor_whom_one_may_ask_anything(resident: Resident) -> None:
    helped = pressed(resident, resident.get("/termin"), UNSURE)
    assert helped.words.startswith("Lebensgefahr? Rufen Sie an: 112")
    assert "Beginnen Sie mit der allgemeinen Sprechstunde" in helped.words
    times = pressed(resident, helped, "Zeiten zeigen")
    assert (times.fields()["service"], len(times.values("offer"))) == ("allgemein-20", 3)


def test_not_knowing_when_leads_to_the_next_free_time(resident: Resident) -> None:
    when = resident.get("/termin/zeit", service="haut-15")
    helped = pressed(resident, when, UNSURE)
    assert helped.values("offer") == when.values("offer")[:1]
    assert "Schritt 3 von 5" in pressed(resident, helped, "Diese Zeit nehmen").words
    assert "Schritt 2 von 5" in pressed(resident, helped, "Zurück").words


def test_not_knowing_how_to_be_reached_leads_to_paper_and_keeps_what_was_typed(resident: Resident) -> None:
    when = resident.get("/termin/zeit", service="haut-15")
    needs = resident.post("/termin/halten", {**when.fields(), "offer": when.values("offer")[0]})
    contact = resident.post("/termin/kontakt", {**needs.fields(), "needs": ["hearing"]})
    typed = {**contact.fields(), "name": "Hannelore Sommer"}
    again = pressed(resident, resident.post("/hilfe?bei=4", typed), "Nur Papier, bitte")
    assert "Schritt 4 von 5" in again.words
    assert len(again.found(".//input[@value='paper'][@checked]")) == 1
    assert (again.values("name"), again.fields()["needs"]) == (["Hannelore Sommer"], ["hearing"])


@pytest.mark.parametrize("at", ["", "9", "x"])
def test_the_help_page_stands_alone_too(resident: Resident, at: str) -> None:
    page = resident.get("/hilfe", bei=at)
    assert page.found(".//a[starts-with(@href, 'tel:030')]")
    assert "Kommen Sie vorbei" in page.words
    assert page.found(".//a[@href='/']")


def test_who_wishes_to_be_called_stands_on_the_call_list(world: World, resident: Resident) -> None:
    page = resident.post("/hilfe/rueckruf?bei=1", {"name": "Hannelore Sommer", "phone": "030 23125 111"})
    assert (page.status, "Ihre Nummer: 030 23125 111" in page.words) == (200, True)
    Relay(world.db, (Subscription("wished", CallWished, reactions.tell_call_wished),), world.clock).deliver()
    with world.db.reading() as tx:
        (call,) = store.open_calls(tx, now=world.now)
    assert call.kind is Kind.CALL_BACK


def test_a_wish_without_a_number_says_what_is_missing_and_keeps_all(resident: Resident) -> None:
    page = resident.post("/hilfe/rueckruf?bei=2", {"name": "Hanne Sommer", "service": "haut-15", "phone": "bald"})
    assert page.status == 422
    assert page.found(".//*[@role='alert']//a[@href='#phone']")
    assert (page.values("name")[-1], "Das ist die nächste freie Zeit" in page.words) == ("Hanne Sommer", True)


def test_nobody_fills_the_call_list_alone(resident: Resident) -> None:
    asked = {"name": "Hanne Sommer", "phone": "030 23125 111"}
    assert [resident.post("/hilfe/rueckruf", asked).status for _ in range(7)] == [200] * 6 + [429]


def test_every_step_says_that_telephone_assistant_and_paper_are_as_good(sqlite_database: Database) -> None:
    world = make_world(sqlite_database)
    resident = Resident(make_app(world.centre))
    fields = complete(offer_at(world, "10:00"))
    steps = ("/termin", "/termin/zeit", "/termin/halten", "/termin/kontakt", "/termin/pruefen")
    for said in (resident.post(step, fields).words for step in steps):
        for way in ("anrufen", "Assistentin", "auf Papier"):
            assert way in said
