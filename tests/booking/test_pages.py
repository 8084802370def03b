"""The booking pages as a resident meets them, without a script and without a cookie."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from telemed.booking import form, service
from telemed.booking.access import Paper, ReferenceTries, possible
from telemed.booking.form import Answers, Step
from telemed.booking.model import Reference
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from telemed.people import service as people
from tests.booking.residents import LOBEDA, SOMMER, Answer, Resident, complete, lobeda, make_app
from tests.builders import SERVICE, WITH_CUFF, World, make_booking, make_world, offer_at


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database)


@pytest.fixture
def resident(world: World) -> Resident:
    return Resident(make_app(world.centre))


def link_of(page: Answer) -> str:
    found = re.search(r"/t/([\w\-]{22})\"", page.text)
    assert found
    return found[1]


def booked_count(world: World) -> int:
    with world.db.reading() as tx:
        return len(service.on_day(tx, world.directory, world.now.date()))


def test_emergency_numbers_stand_first_and_the_doctor_question_is_answered(resident: Resident) -> None:
    page = resident.get("/")
    assert re.match(r"\D*112\D+116117", page.words)
    assert "Muss ich meinen Hausarzt wechseln? Nein." in page.words
    assert "Montag bis Freitag" in page.words
    assert page.texts(".//a[starts-with(@href, 'tel:030')]")


def test_a_resident_books_in_five_steps_and_gets_everything_along(world: World, resident: Resident) -> None:
    what = resident.get("/termin")
    assert set(what.values("service")) == {SERVICE, WITH_CUFF, "skin-20"}
    when = resident.get("/termin/zeit", service=WITH_CUFF)
    needs = resident.get("/termin/hilfe", service=WITH_CUFF, offer=when.values("offer")[0])
    contact = resident.post("/termin/kontakt", {**needs.fields(), "needs": ["hearing"]})
    check = resident.post("/termin/pruefen", {**contact.fields(), **SOMMER})
    assert "Hannelore Sommer" in check.words
    booked = resident.post("/termin/buchen", check.fields())
    assert (booked.status, "set-cookie" in booked.headers) == (200, False)
    assert "Dienstag, 24. November, 09:10 Uhr" in booked.words
    assert booked.found(".//svg[contains(@class, 'segno')]")
    assert len(booked.found(".//ul[@class='pictures']/li")) == 3
    with world.db.reading() as tx:
        made = service.by_link(tx, link_of(booked))
    assert made.offer.device_ids == ("cuff-1",)
    assert f"{made.ticket.letter} {made.ticket.digits}" in booked.words


def test_the_suggestions_lie_on_different_half_days(resident: Resident) -> None:
    texts = resident.get("/termin/zeit", service=SERVICE).texts(".//button[@name='offer']")
    assert texts == [
        "Dienstag, 24. November 09:10 Uhr",
        "Dienstag, 24. November 12:00 Uhr",
        "Mittwoch, 25. November 08:00 Uhr",
    ]


def test_days_can_be_leafed_through_to_the_end_and_have_no_closed_ones(resident: Resident) -> None:
    page = resident.get("/termin/zeit", service=SERVICE)
    days = page.values("day")
    while later := page.values("later"):
        page = resident.get("/termin/zeit", service=SERVICE, later=later[0])
        days += page.values("day")
    assert days == sorted(set(days))
    assert len(days) == 41
    assert all(datetime.fromisoformat(day).weekday() < 5 for day in days)


def test_a_day_shows_its_free_times_without_those_that_are_taken(world: World, resident: Resident) -> None:
    make_booking(world, at="10:00")
    times = resident.get("/termin/zeit", service=SERVICE, day="2026-11-24").texts(".//button[@name='offer']")
    assert "10:00" not in times
    assert {"09:30", "10:30", "17:30"} <= set(times)


@pytest.mark.parametrize("day", ["2026-11-29", "2031-01-01", "2020-01-01"])
def test_a_day_without_times_says_so(resident: Resident, day: str) -> None:
    page = resident.get("/termin/zeit", service=SERVICE, day=day)
    assert "keine Zeit mehr frei" in page.words


def test_sending_the_last_page_twice_books_once_and_answers_alike(world: World, resident: Resident) -> None:
    fields = complete(offer_at(world, "10:00"))
    first, second = (resident.post("/termin/buchen", fields) for _ in range(2))
    assert first.words == second.words
    assert booked_count(world) == 1


@pytest.mark.parametrize("needs", [[], ["hearing", "wheelchair", "quiet"]])
def test_a_time_that_has_just_gone_keeps_all_answers_and_offers_the_nearest_three(
    world: World, resident: Resident, needs: list[str]
) -> None:
    fields = complete(offer_at(world, "10:00"), needs=needs)
    make_booking(world, at="10:00")
    lost = resident.post("/termin/buchen", fields)
    assert lost.status == 409
    assert "nicht mehr frei: Kaya" in lost.texts(".//*[@role='alert']")[0]
    kept = {name: value for name, value in fields.items() if name != "offer" and value}
    assert lost.fields() == kept
    assert lost.texts(".//button[@name='offer']") == [
        "Dienstag, 24. November 09:20 Uhr",
        "Dienstag, 24. November 09:30 Uhr",
        "Dienstag, 24. November 10:30 Uhr",
    ]
    again = resident.post("/termin/buchen", {**lost.fields(), "offer": lost.values("offer")[2]})
    assert (again.status, "10:30 Uhr" in again.words) == (200, True)


def test_a_time_that_has_passed_is_said_plainly(world: World, resident: Resident) -> None:
    fields = complete(offer_at(world, "10:00"))
    world.clock.forward(timedelta(hours=2))
    page = resident.post("/termin/buchen", fields)
    assert page.status == 422
    assert "schon vorbei" in page.words
    assert len(page.values("offer")) == 3


def test_what_nobody_offered_cannot_be_booked(world: World, resident: Resident) -> None:
    sunday = replace(offer_at(world, "10:00"), start=datetime(2026, 11, 29, 10, tzinfo=UTC))
    page = resident.post("/termin/buchen", complete(sunday))
    assert page.status == 409
    assert booked_count(world) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 101),
        ("name", "Hanne\x07lore"),
        ("birth_year", "48"),
        ("birth_year", "2027"),
        ("birth_year", "1899"),
        ("birth_year", "19⁴⁸"),
        ("way", ""),
        ("way", "pigeon"),
        ("phone", ""),
        ("phone", "ruf mich an"),
    ],
)
def test_a_wrong_field_is_named_and_all_others_keep_their_values(
    world: World, resident: Resident, field: str, value: str
) -> None:
    page = resident.post("/termin/pruefen", complete(offer_at(world, "10:00"), **{field: value}))
    assert page.status == 422
    assert len(page.found(f".//*[@role='alert']//a[@href='#{field}']")) == 1
    assert page.found(f".//*[@id='{field}']")
    for name in {"name", "birth_year", "phone"} - {field}:
        assert page.values(name) == [SOMMER[name]]


@pytest.mark.parametrize("email", ["", "hanne", "hanne@", "a b@c.de", "hanne@haus", "@haus.de"])
def test_a_wrong_address_is_named(world: World, resident: Resident, email: str) -> None:
    page = resident.post("/termin/pruefen", complete(offer_at(world, "10:00"), way="email", email=email))
    assert page.found(".//*[@role='alert']//a[@href='#email']")


def test_paper_needs_neither_number_nor_address(world: World, resident: Resident) -> None:
    page = resident.post("/termin/buchen", complete(offer_at(world, "10:00"), way="paper", phone=""))
    assert page.status == 200


def test_what_is_typed_never_becomes_part_of_the_page(world: World, resident: Resident) -> None:
    page = resident.post("/termin/pruefen", complete(offer_at(world, "10:00"), name="<b>Hanne</b> & 'Co'"))
    assert "<b>Hanne" not in page.text
    assert "<b>Hanne</b> & 'Co'" in page.words


def test_changing_the_time_keeps_everything_else(world: World, resident: Resident) -> None:
    check = resident.post("/termin/pruefen", complete(offer_at(world, "10:00"), needs=["quiet"]))
    when = resident.post("/termin/zeit", check.fields())
    assert when.found(".//form[@method='post']")
    assert {**when.fields(), "offer": check.fields()["offer"]} == check.fields()


def test_another_service_drops_the_offer_of_the_first(world: World, resident: Resident) -> None:
    fields = {**complete(offer_at(world, "10:00")), "service": "skin-20"}
    page = resident.post("/termin/pruefen", fields)
    assert "Schritt 2 von 5" in page.words
    assert page.fields()["name"] == SOMMER["name"]


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "nonsense",
        f"{SERVICE}_20261124T0900Z",
        f"{SERVICE}_99991231T2359Z_weiss_room-1_kaya",
        f"{SERVICE}_00010101T0000Z_weiss_room-1_kaya",
        f"{SERVICE}_20261324T0900Z_weiss_room-1_kaya",
        f"{SERVICE}_20261124T0900Z_nobody_room-1_kaya",
        f"{SERVICE}_20261124T0900Z_weiss_nowhere_kaya",
    ],
)
def test_an_offer_that_cannot_be_read_leads_back_to_the_times(resident: Resident, offer: str) -> None:
    page = resident.post("/termin/buchen", {"service": SERVICE, "offer": offer, **SOMMER, "request_id": new_token()})
    assert "Schritt 2 von 5" in page.words


def test_an_offer_survives_its_way_through_the_page(world: World) -> None:
    offer = offer_at(world, "10:00", service=WITH_CUFF)
    assert form.decode(form.encode(offer), world.directory) == offer


@pytest.mark.parametrize("request_id", ["", "1", "a" * 42, "a" * 44, "ä" * 43])
def test_a_request_id_that_could_be_guessed_books_nothing(world: World, resident: Resident, request_id: str) -> None:
    page = resident.post("/termin/buchen", {**complete(offer_at(world, "10:00")), "request_id": request_id})
    assert "Stimmt alles?" in page.words
    assert booked_count(world) == 0


@pytest.mark.parametrize("path", ["/termin/kontakt", "/termin/pruefen", "/termin/buchen"])
def test_an_address_that_was_kept_leads_to_the_beginning(resident: Resident, path: str) -> None:
    page = resident.get(path)
    assert (page.status, page.headers["location"]) == (303, "/termin")


def test_what_is_personal_is_sent_by_post_only() -> None:
    assert Answers(service="a", offer="a_b").method == "get"
    assert {Answers(needs=("hearing",)).method, Answers(name="Hanne").method} == {"post"}


def test_no_step_is_skipped(world: World) -> None:
    given = Answers(service=SERVICE, offer=form.encode(offer_at(world, "10:00")))
    steps = [form.next_step(given, step, world.directory, this_year=2026) for step in Step]
    assert steps == [Step.WHAT, Step.WHEN, Step.NEEDS, Step.CONTACT, Step.CONTACT]


def test_looking_at_a_link_changes_nothing_and_says_nothing(world: World, resident: Resident) -> None:
    token = make_booking(world).link_token
    known, unknown = (resident.get(f"/t/{one}") for one in (token, "x" * 22))
    assert known.plain.replace(token, "…") == re.sub("x{22}", "…", unknown.plain)
    assert "set-cookie" not in known.headers


def test_the_link_opens_the_own_page_and_nothing_else_does(world: World, resident: Resident) -> None:
    token = make_booking(world).link_token
    entered = resident.post(f"/t/{token}", {})
    assert (entered.status, entered.headers["location"]) == (303, "/mein-termin")
    cookie = entered.headers["set-cookie"].lower()
    assert cookie.startswith("__host-telemed=")
    assert all(word in cookie for word in ("secure", "httponly", "samesite=lax", "path=/"))
    assert "domain" not in cookie


@pytest.mark.parametrize("wrong", ["x" * 22, "ä", "a" * 2000, "%2e%2e"])
def test_every_wrong_link_gets_the_same_answer(world: World, resident: Resident, wrong: str) -> None:
    token = make_booking(world).link_token
    one, other = resident.post(f"/t/{wrong}", {}), resident.post(f"/t/{token[:-1]}", {})
    assert (one.status, one.words) == (other.status, other.words)
    assert one.status == 404


def paper(reference: Reference, **changes: str | list[str]) -> dict[str, str | list[str]]:
    typed: dict[str, str | list[str]] = {
        "pictures": list(dict.fromkeys(reversed(reference.pictures))),
        "digits": f"{reference.digits[:3]} {reference.digits[3:]}",
        "birth_year": "1948",
    }
    return {**typed, **changes}


def test_the_paper_opens_the_own_page(world: World, resident: Resident) -> None:
    booked = make_booking(world)
    page = resident.post("/mein-termin/finden", paper(booked.reference))
    assert (page.status, page.headers["location"]) == (303, "/mein-termin")
    resident.post(f"/t/{booked.link_token}", {})
    with world.db.reading() as tx:
        lines = people.lines_of(tx, service.get(tx, booked.id).person_id)
    assert [one.purpose for one in lines if one.purpose in ("link", "paper")] == ["link", "paper"]


@pytest.mark.parametrize("pictures", [("fish", "owl", "sun"), ("fish", "owl", "fish"), ("sun", "sun", "sun")])
def test_pictures_fit_in_any_order_and_double_ones_are_chosen_once(pictures: tuple[str, str, str]) -> None:
    references = list(possible(Paper(tuple({*pictures}), "123456")))
    assert Reference(pictures, "123456") in references
    assert len(references) == len({reference.text for reference in references})
    assert len(references) <= 6


def test_wrong_pictures_digits_or_year_are_answered_alike(world: World, resident: Resident) -> None:
    reference = make_booking(world).reference
    wrong: list[dict[str, str | list[str]]] = [
        {"digits": "000000"},
        {"birth_year": "1949"},
        {"birth_year": "neunzehn"},
        {"pictures": ["fish"]},
        {"pictures": []},
        {"pictures": ["fish", "owl", "sun", "moon"]},
    ]
    pages = [resident.post("/mein-termin/finden", paper(reference, **one)) for one in wrong]
    assert {page.status for page in pages} == {422}
    assert len({page.texts(".//*[@role='alert']")[0] for page in pages}) == 1


def test_after_ten_wrong_papers_even_the_right_one_must_wait(world: World, resident: Resident) -> None:
    reference = make_booking(world).reference
    for _ in range(10):
        resident.post("/mein-termin/finden", paper(reference, digits="000000"))
    assert resident.post("/mein-termin/finden", paper(reference)).status == 429
    elsewhere = Resident(make_app(world.centre), address="198.51.100.1")
    assert elsewhere.post("/mein-termin/finden", paper(reference)).status == 303
    assert ReferenceTries in world.centre.live


def test_who_wishes_quiet_is_not_told_to_watch_the_monitor(world: World, resident: Resident) -> None:
    page = resident.post("/termin/buchen", complete(offer_at(world, "10:00"), needs=["quiet"]))
    assert "leise" in page.words
    assert "erscheint auf der Anzeige" not in page.words


def test_the_seed_of_a_real_room_can_be_booked(sqlite_database: Database) -> None:
    world = lobeda(sqlite_database)
    resident = Resident(make_app(world.centre))
    services = resident.get("/termin").values("service")
    assert "injektion-10" not in services
    for service_id in services:
        assert len(resident.get("/termin/zeit", service=service_id).values("offer")) == 3
    assert LOBEDA.is_dir()


def test_no_page_lacks_a_word(world: World, resident: Resident) -> None:
    pages = [resident.get(path) for path in ("/", "/termin", "/mein-termin/finden", "/t/x")]
    pages.append(resident.post("/termin/buchen", complete(offer_at(world, "10:00"), needs=["companion", "quiet"])))
    assert not [page.text for page in pages if "⟦" in page.text]
