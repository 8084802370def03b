"""The call list of the assistants, the page behind a notice's link, and a browser that wishes to be told."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from schemas.day import FactKind
from telemed.booking import service as booking
from telemed.booking.model import CallWished, Reason
from telemed.identity import service as identity
from telemed.identity.model import Actor, Role
from telemed.identity.rights import SESSION_COOKIE
from telemed.kit.db import Database
from telemed.kit.ids import new_token
from telemed.kit.outbox import emit
from telemed.notify import calls, push, service, store
from telemed.notify.channels import WebPush
from telemed.notify.delivery import Parcel
from telemed.notify.model import Channel, Kind, Notice
from telemed.people import service as people
from telemed.people.model import Person, Way
from tests.booking.residents import Resident, make_app
from tests.builders import DOCTOR, WITH_CUFF, make_booking, moment
from tests.desk import world as desk_world
from tests.desk.staff import Staff
from tests.notify.test_push import HTTPS, browser
from tests.notify.world import LANDLINE, MAIL, PAPER, Notices, Tray, make_notices
from tests.paper.printed import look

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LIST = "/assistenz/anrufe"
UKRAINIAN = Person("Olena Koval", 1960, Way.PHONE, "03641 223344", language="uk")


@pytest.fixture
def notices(sqlite_database: Database) -> Notices:
    pushing = WebPush(push.read_key(push.new_key()), "mailto:betrieb@stadt.example")
    return make_notices(sqlite_database, Tray(Channel.EMAIL), pushing)


@pytest.fixture
def client(notices: Notices) -> Iterator[TestClient]:
    app = make_app(notices.world.centre)
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    with TestClient(app, "https://centre.test", headers=headers, follow_redirects=False) as made:
        yield made


def sign_in(notices: Notices, client: TestClient, role: Role, subject: str) -> None:
    with notices.db.transaction() as tx:
        session = identity.open_session(tx, Actor(role, subject), now=notices.world.now)
    client.cookies.set(SESSION_COOKIE, session)


def cancelled(notices: Notices, person: Person, wall: str) -> str:
    """A visit of the day after tomorrow that staff cancelled."""
    start = moment(notices.world, wall) + 2 * DAY
    visit_id = make_booking(notices.world, at=start, person=person).id
    with notices.db.transaction() as tx:
        booking.cancel(
            tx, notices.world.secrets, visit_id, actor=DOCTOR, now=notices.world.now, reason=Reason.PRACTITIONER
        )
    notices.go_on()
    return visit_id


def words_of(text: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", text).split())


def test_the_call_list_says_whom_to_call_and_what_to_say(notices: Notices, client: TestClient) -> None:
    for person, wall in ((LANDLINE, "10:00"), (PAPER, "11:00"), (UKRAINIAN, "12:00")):
        cancelled(notices, person, wall)
    sign_in(notices, client, Role.ASSISTANT, "lindner")
    page = client.get(LIST)
    words = words_of(page.text)
    assert page.status_code == 200
    assert "Ihr Termin findet nicht statt: Donnerstag, 26. November, 10:00 Uhr, Raum 1." in words
    assert 'href="tel:03641498211"' in page.text
    assert "Keine Telefonnummer." in words
    assert "In der Sprache der Person (Ukrainisch)" in words
    assert words.index("Mia Herbst") < words.index("Otto Lenz") < words.index("Olena Koval")
    with notices.db.reading() as tx:
        looks = tx.exec_driver_sql("SELECT count(*) FROM people_audit WHERE subject = 'lindner' AND purpose = 'notice'")
        assert looks.scalar() == 3


def test_a_line_of_the_call_list_is_a_letter_as_well_in_large_print(notices: Notices, client: TestClient) -> None:
    cancelled(notices, PAPER, "11:00")
    sign_in(notices, client, Role.ASSISTANT, "lindner")
    (line,) = notices.calls()
    assert f'href="/assistenz/briefe/{line.id}.pdf"' in client.get(LIST).text
    letter = look(client.get(f"/assistenz/briefe/{line.id}.pdf").content)
    assert "Otto Lenz" in letter.text
    assert "Ihr Termin findet nicht statt: Donnerstag, 26. November, 11:00 Uhr, Raum 1." in letter.text
    assert letter.smallest >= 16
    assert client.get("/assistenz/briefe/none.pdf").status_code == 404


def test_a_letter_is_in_the_person_s_language_and_then_in_german_for_whoever_helps(
    notices: Notices, client: TestClient
) -> None:
    cancelled(notices, replace(PAPER, language="tr"), "11:00")
    sign_in(notices, client, Role.ASSISTANT, "lindner")
    (line,) = notices.calls()
    text = look(client.get(f"/assistenz/briefe/{line.id}.pdf").content).text
    own = text.index("Randevunuz iptal edildi: Perşembe, 26 Kasım, 11:00, Raum 1.")
    assert own < text.index("Ihr Termin findet nicht statt: Donnerstag, 26. November, 11:00 Uhr, Raum 1.")


def test_who_wished_to_be_called_stands_on_the_list_of_every_assistant(notices: Notices, client: TestClient) -> None:
    anyone, now = Actor(Role.ANYONE), notices.world.now
    with notices.db.transaction() as tx:
        person_id = people.register(tx, notices.world.secrets, UKRAINIAN, actor=anyone, now=now)
        emit(tx, CallWished(person_id), now=now)
    notices.go_on()
    sign_in(notices, client, Role.ASSISTANT, "lindner")
    words = words_of(client.get(LIST).text)
    assert "Olena Koval 03641 223344" in words
    assert "Sie haben um einen Anruf gebeten." in words
    (line,) = notices.calls()
    assert client.post(f"{LIST}/{line.id}/gesagt").status_code == 303
    assert notices.calls() == []


def test_what_was_said_leaves_the_list_and_who_did_not_answer_comes_back_in_ten_minutes(
    notices: Notices, client: TestClient
) -> None:
    cancelled(notices, LANDLINE, "10:00")
    cancelled(notices, PAPER, "11:00")
    sign_in(notices, client, Role.ASSISTANT, "lindner")
    first, second = (one.id for one in notices.calls())
    assert client.post(f"{LIST}/{first}/gesagt").status_code == 303
    assert client.post(f"{LIST}/{first}/gesagt").status_code == 404
    assert client.post(f"{LIST}/{second}/nicht-erreicht").status_code == 303
    assert "Im Moment ist niemand anzurufen." in words_of(client.get(LIST).text)
    notices.world.clock.forward(10 * MINUTE)
    assert "1-mal nicht erreicht" in words_of(client.get(LIST).text)
    for _ in range(2):
        client.post(f"{LIST}/{second}/nicht-erreicht")
        notices.world.clock.forward(10 * MINUTE)
    with notices.db.reading() as tx:
        figures = service.figures(tx, now=notices.world.now)
    assert (figures.told, figures.not_reached, figures.waiting) == (1, 1, 0)


def test_what_nobody_called_about_in_time_is_counted(notices: Notices) -> None:
    cancelled(notices, LANDLINE, "10:00")
    notices.world.clock.set(moment(notices.world, "10:00") + 2 * DAY)
    notices.look_after()
    with notices.db.reading() as tx:
        assert service.figures(tx, now=notices.world.now).not_reached == 1


def test_the_list_is_for_assistants_alone(notices: Notices, client: TestClient) -> None:
    assert client.get(LIST).status_code == 401
    sign_in(notices, client, Role.DOCTOR, "weiss")
    assert client.get(LIST).status_code == 403


def confirmed(notices: Notices, person: Person = MAIL) -> tuple[str, str]:
    """A visit, and the link of its notice."""
    visit_id = make_booking(notices.world, at=moment(notices.world, "10:00") + 2 * DAY, person=person).id
    notices.go_on()
    return visit_id, last_sent(notices).link.removeprefix("https://centre.test")


def last_sent(notices: Notices) -> Parcel:
    tray = notices.carriers.each[0].sender
    assert isinstance(tray, Tray)
    return tray.parcels[-1]


def test_who_booked_in_turkish_is_told_in_turkish_and_every_link_leads_to_pages_in_turkish(
    notices: Notices, client: TestClient
) -> None:
    resident = Resident(make_app(notices.world.centre))
    offer = resident.get("/termin/zeit", service=WITH_CUFF).values("offer")[0]
    chosen = {"service": WITH_CUFF, "offer": offer, "request_id": new_token(), "name": "Ayşe Demir"}
    booked = resident.post(
        "/termin/buchen?sprache=tr", {**chosen, "birth_year": "1948", "way": "email", "email": "ayse@example.org"}
    )
    notices.go_on()
    sent = last_sent(notices)
    assert sent.text.startswith("Randevunuz alındı: ")
    assert (sent.title, sent.language) == ("Randevunuz", "tr")
    assert "SUMMARY:Randevu\r\n" in sent.ics.decode()
    assert f"URL:{sent.link}" in sent.ics.decode().replace("\r\n ", "")
    opened = client.get(client.get(sent.link.removeprefix("https://centre.test")).headers["location"])
    assert '<html lang="tr" dir="ltr">' in opened.text
    assert "Aç" in words_of(opened.text)
    assert re.search(r"/t/[\w-]{22}\?sprache=tr", booked.text)
    assert client.get("/n/AAAAAAAAAAAAAAAAAAAAAA.xx").headers["location"] == "/n/AAAAAAAAAAAAAAAAAAAAAA"


def test_a_notice_s_link_opens_the_own_appointment_at_a_press_and_not_at_a_look(
    notices: Notices, client: TestClient
) -> None:
    _, link = confirmed(notices)
    assert client.get(link).status_code == 200
    assert SESSION_COOKIE not in client.cookies
    answer = client.post(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/mein-termin")
    assert client.get("/mein-termin").status_code == 200
    assert client.post("/n/AAAAAAAAAAAAAAAAAAAAAA").status_code == 404
    assert client.get("/n/AAAAAAAAAAAAAAAAAAAAAA").status_code == 200  # the same for every token


def test_a_browser_is_told_as_long_as_it_wishes(notices: Notices, client: TestClient) -> None:
    visit_id, link = confirmed(notices)
    client.post(link)
    assert client.get("/mein-termin/nachrichten").json()["key"]
    to, _, _ = browser()
    wished = {"endpoint": to.endpoint, "keys": {"p256dh": to.p256dh, "auth": to.auth}, "expirationTime": None}
    for _ in range(2):
        assert client.post("/mein-termin/nachrichten", json=wished).status_code == 204
    with notices.db.reading() as tx:
        (sealed,) = store.subscribed(tx, booking.get(tx, visit_id).person_id)
    assert HTTPS.encode() not in sealed.data
    assert client.post("/mein-termin/nachrichten/aus", json=wished).status_code == 204
    with notices.db.reading() as tx:
        assert store.subscribed(tx, booking.get(tx, visit_id).person_id) == []


def test_a_browser_with_another_address_is_refused(notices: Notices, client: TestClient) -> None:
    _, link = confirmed(notices)
    client.post(link)
    to, _, _ = browser("https://127.0.0.1/x")
    wished = {"endpoint": to.endpoint, "keys": {"p256dh": to.p256dh, "auth": to.auth}}
    assert client.post("/mein-termin/nachrichten", json=wished).status_code == 422


def test_without_a_session_nobody_subscribes(client: TestClient) -> None:
    assert client.get("/mein-termin/nachrichten").status_code == 401
    assert client.post("/mein-termin/nachrichten", json={}).status_code == 401


def test_a_browser_hears_beside_the_mail(notices: Notices, client: TestClient) -> None:
    visit_id, link = confirmed(notices)
    client.post(link)
    to, _, _ = browser()
    client.post(
        "/mein-termin/nachrichten", json={"endpoint": to.endpoint, "keys": {"p256dh": to.p256dh, "auth": to.auth}}
    )
    notices.world.clock.set(moment(notices.world, "10:00") + DAY)
    with notices.db.transaction() as tx:
        service.spread_due(tx, notices.desk, now=notices.world.now)
    with notices.db.reading() as tx:
        found = [one for one in store.waiting_to_be_sent(tx) if one.subject_id == visit_id]
    assert {(one.kind, one.channel) for one in found} == {
        (Kind.DAY_BEFORE, Channel.PUSH),
        (Kind.DAY_BEFORE, Channel.EMAIL),
    }


def test_the_assistant_sees_on_her_day_how_many_wait_to_be_called(sqlite_database: Database) -> None:
    world = desk_world.make_world(sqlite_database)
    staff = Staff(world)
    assert staff.get("/assistenz").texts(".//nav//a[@href='/assistenz/anrufe']") == ["Anrufliste"]
    before = staff.get("/assistenz/raum/raum-1/stand").text
    with sqlite_database.transaction() as tx:
        about = booking.get(tx, world.visits[0])
        due = Notice("n", Kind.DELAY, about.person_id, about.id, world.now, about.offer.end, 20, 20, Channel.CALL)
        store.add(tx, [due])
    assert staff.get("/assistenz").texts(".//nav//a[@href='/assistenz/anrufe']") == ["Anrufliste Anzurufen: 1"]
    assert json.loads(before)["version"] != json.loads(staff.get("/assistenz/raum/raum-1/stand").text)["version"]
    assert "mindestens 20 Minuten später" in staff.get(LIST).words
    world.happen(world.visits[0], FactKind.ARRIVED)  # who is there needs no call any more
    assert "mindestens 20 Minuten später" not in staff.get(LIST).words
    with sqlite_database.transaction() as tx:
        assert calls.end_over(tx, now=world.now) == 0
        assert store.open_calls(tx, now=world.now) == []
