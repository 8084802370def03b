"""A person reads who saw her data, takes all of it along, and has it erased with a certificate."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from fastapi.testclient import TestClient
from fhir.resources.R4B.bundle import Bundle
from sqlalchemy import select

from schemas.day import FactKind
from telemed.booking import service as booking
from telemed.booking.keys import link_for, reference_for
from telemed.booking.model import Reference, Status
from telemed.booking.model import Request as Asked
from telemed.booking.planner import What, Wish
from telemed.directory import service as directory
from telemed.identity.model import ANYONE, Actor, Role
from telemed.kit.db import Database, metadata
from telemed.kit.ids import digest, new_token
from telemed.kit.refusal import NotFound
from telemed.notify import codes, delivery
from telemed.notify.carriers import Carriers
from telemed.notify.model import Channel
from telemed.notify.service import Desk
from telemed.people import service as people
from telemed.people.model import Erased, Person, Way
from telemed.privacy import erasures, own
from telemed.privacy.model import PURPOSES, Certificate, PersonErased, seen
from telemed.privacy.reactions import note_erased
from telemed.privacy.service import person_of
from tests.architecture import ROOT
from tests.builders import DOCTOR, HandClock
from tests.desk.test_guests import ASSISTANT, House
from tests.desk.world import SERVICE, TUESDAY_9, World, make_world

SOMMER = Person("Hannelore Sommer", 1948, Way.PHONE, "0171 9999111")
PAGE = "/meine-daten"


@pytest.fixture
def world(sqlite_database: Database) -> World:
    return make_world(sqlite_database, clock=HandClock(TUESDAY_9), exercise=False)


class Home(House):
    """The house, with somebody who has her slip in her hand."""

    def __init__(self, world: World, stack: ExitStack) -> None:
        super().__init__(world, stack)
        centre, request_id = world.centre, new_token()
        with centre.db.transaction() as tx:
            offers = booking.offers(
                tx, directory.load(tx), Wish(What(SERVICE), world.now, world.now.replace(hour=17)), now=world.now
            )
            booked = booking.book(
                tx, centre.secrets, Asked(request_id, offers[-1], SOMMER), actor=ANYONE, now=world.now
            )
            self.person_id = booking.get(tx, booked.id).person_id
        self.visit, self.reference = booked.id, reference_for(centre.secrets, link_for(centre.secrets, request_id))

    def resident(self) -> TestClient:
        return self.browser(Role.RESIDENT, self.visit)

    @property
    def slip(self) -> dict[str, object]:
        return slip_of(self.reference)


def slip_of(reference: Reference, year: str = "1948") -> dict[str, object]:
    return {"pictures": list(reference.pictures), "digits": reference.digits, "birth_year": year}


@pytest.fixture
def home(world: World) -> Iterator[Home]:
    with ExitStack() as stack:
        yield Home(world, stack)


def test_she_reads_in_plain_words_who_looked_what_for_and_when(home: Home) -> None:
    home.browser(Role.ASSISTANT, ASSISTANT).get("/assistenz")
    home.browser(Role.ASSISTANT, ASSISTANT).get("/assistenz")
    with home.world.centre.db.transaction() as tx:
        people.details(
            tx, home.world.centre.secrets, home.person_id, actor=DOCTOR, purpose="day list", now=home.world.now
        )
    page = home.resident().get(PAGE).text
    for words in ("Hannelore Sommer", "1948", "(Assistenz)", "Grund: die Liste des Tages", "Sie selbst, beim Buchen"):
        assert words in page
    assert "An diesem Tag 2 Mal" in page
    assert "⟦" not in page


def test_what_is_the_same_of_one_day_stands_once(home: Home) -> None:
    """Also where the database has counted what was the same within a minute."""
    now, secrets = home.world.now, home.world.centre.secrets
    with home.world.centre.db.transaction() as tx:
        for seconds in (0, 1, 59, 60, 3600, 86_400):
            at = now.replace(second=0, microsecond=0) + timedelta(seconds=seconds)
            people.details(tx, secrets, home.person_id, actor=DOCTOR, purpose="day list", now=at)
        lines = people.lines_of(tx, home.person_id)
        counted = people.seen_by_minute(tx, home.person_id)
        zone = directory.load(tx).zone
    by_doctor = [often for line, often in counted if line.subject == DOCTOR.subject and line.purpose == "day list"]
    assert by_doctor == [1, 1, 1, 3]
    found = seen(counted, zone)
    assert found == seen([(line, 1) for line in lines], zone)
    assert sum(one.times for one in found) == len(lines) > len(found)


def test_every_purpose_of_the_audit_is_told_in_words() -> None:
    given = re.compile(r'purpose="([^"]+)"|^PURPOSE = "([a-z ]+)"', re.MULTILINE)
    services = [path for path in ROOT.glob("telemed/*/*.py") if not path.name.endswith("store.py")]
    found = {one or two for path in services for one, two in given.findall(path.read_text())}
    sealed = {table.name for table in metadata.sorted_tables if any(c.info["kept"].personal for c in table.c)}
    assert len(found) > 10
    assert (found | sealed) - PURPOSES.keys() == set()


def test_a_copy_needs_the_slip_and_is_a_bundle_with_everything(home: Home) -> None:
    client = home.resident()
    client.post("/mein-termin/einwilligung", data={"purpose": "video", "answer": "yes"})
    client.post("/mein-termin/angehoerige", data={"name": "Anna Sommer"})
    wrong = client.post(f"{PAGE}/kopie", data={**home.slip, "birth_year": "1949"})
    assert wrong.status_code == 422
    assert "Das passt nicht" in wrong.text
    answer = client.post(f"{PAGE}/kopie", data={**home.slip, "form": "file"})
    assert answer.headers["content-type"] == "application/fhir+json"
    Bundle.model_validate(orjson.loads(answer.content))
    kinds = [each["resource"]["resourceType"] for each in answer.json()["entry"]]
    assert kinds[0] == "Patient"
    assert {"Appointment", "Consent", "RelatedPerson", "AuditEvent"} <= set(kinds)
    assert b"Hannelore Sommer" in answer.content
    assert "Hannelore Sommer" in client.post(f"{PAGE}/kopie", data=home.slip).text


def test_a_code_that_was_sent_to_her_proves_it_too_and_another_s_does_not(home: Home) -> None:
    centre, client, now = home.world.centre, home.resident(), home.world.now
    centre.live[Carriers] = Carriers(Desk(centre.secrets, there=frozenset({Channel.SMS})))
    page = client.post(f"{PAGE}/kopie/zahl").text
    token = re.findall(r'name="token" value="([^"]+)"', page)[0]
    code = codes.digits(centre.secrets, digest(token))
    sent = {"token": token, "form": "file"}
    assert client.post(f"{PAGE}/kopie", data={**sent, "code": "000000" if code != "000000" else "1"}).status_code == 422
    other = home.browser(Role.RESIDENT, home.world.visits[0])
    assert other.post(f"{PAGE}/kopie", data={**sent, "code": code}).status_code == 422
    assert client.post(f"{PAGE}/kopie", data={**sent, "code": code}).status_code == 200
    with centre.db.transaction() as tx:
        codes.send(tx, centre.secrets, {Channel.SMS}, digest(token), now=now)
        assert len(delivery.take_due(tx, centre.the(Carriers).desk, Channel.SMS, "test", limit=9, now=now)) == 1
    for _ in range(2):
        client.post(f"{PAGE}/loeschen/zahl")
    assert client.post(f"{PAGE}/loeschen/zahl").status_code == 429
    assert f"{PAGE}/kopie/zahl" not in other.get(f"{PAGE}/kopie").text  # she gets paper


def test_another_person_s_slip_proves_nothing_and_ten_wrong_ones_are_enough(home: Home) -> None:
    other = home.browser(Role.RESIDENT, home.world.visits[0])
    for _ in range(10):
        assert other.post(f"{PAGE}/kopie", data=home.slip).status_code == 422
    assert other.post(f"{PAGE}/kopie", data=home.slip).status_code == 429
    assert other.post(f"{PAGE}/loeschen", data=home.slip).status_code == 429
    assert home.resident().post(f"{PAGE}/kopie", data=home.slip).status_code == 200


def test_who_has_all_erased_gets_a_certificate_and_nobody_reads_anything_any_more(home: Home) -> None:
    world, client = home.world, home.resident()
    link = re.findall(r"/vertretung/[^<\s]+", client.post("/mein-termin/angehoerige", data={"name": "Anna"}).text)[0]
    assert "Das bleibt, und warum" in client.get(f"{PAGE}/loeschen").text
    page = client.post(f"{PAGE}/loeschen", data=home.slip).text
    assert "Ihre Daten sind gelöscht" in page
    number = re.findall(r"[0-9A-F]{12}", page)[0]
    text = Certificate(number, world.now, 1).text
    assert hashlib.sha256(text.encode()).hexdigest() in page
    assert client.get("/mein-termin").status_code == 401
    assert home.browser().post(link).status_code == 410
    with world.centre.db.transaction() as tx:
        assert booking.get(tx, home.visit).status is Status.CANCELLED
        with pytest.raises(NotFound):
            booking.by_reference(tx, world.centre.secrets, home.reference, 1948)
        with pytest.raises(Erased):
            own.look(tx, world.centre.secrets, home.person_id, actor=DOCTOR, now=world.now)
        kept = tx.execute(select(metadata.tables["privacy_erasure"])).one()
    assert kept.id == number
    assert home.person_id not in repr(kept)
    again = home.resident()
    for path in (PAGE, f"{PAGE}/kopie"):
        assert again.get(path).status_code in (200, 410)
    assert "Hannelore" not in again.get("/mein-termin").text


def test_whom_a_backup_brings_back_is_erased_again_at_the_next_start(home: Home, tmp_path: Path) -> None:
    centre, now, file = home.world.centre, home.world.now, tmp_path / erasures.FILE
    keys, certificates = (metadata.tables[name] for name in ("people_key", "privacy_erasure"))
    with centre.db.transaction() as tx:
        backup = tx.execute(select(keys).where(keys.c.person_id == home.person_id)).one()._mapping
        own.erase(tx, centre.secrets, home.person_id, actor=home_actor(home), now=now)
    for _ in range(2):  # a reaction may be repeated
        with centre.db.transaction() as tx:
            note_erased(file)(tx, PersonErased(home.person_id), now=now)
    assert (file.stat().st_mode & 0o777, erasures.noted(file)) == (0o600, [home.person_id])
    assert erasures.again(centre.db, centre.secrets, file, now=now) == 0
    with centre.db.transaction() as tx:  # the backup is put back
        tx.execute(keys.insert().values(**backup))
        tx.execute(certificates.delete())
        assert people.details(tx, centre.secrets, home.person_id, actor=DOCTOR, purpose="t", now=now)
    assert erasures.again(centre.db, centre.secrets, file, now=now) == 1
    with centre.db.transaction() as tx, pytest.raises(Erased):
        people.details(tx, centre.secrets, home.person_id, actor=DOCTOR, purpose="t", now=now)


def test_who_sits_in_a_visit_erases_afterwards(home: Home) -> None:
    home.world.happen(home.visit, FactKind.ARRIVED)
    answer = home.resident().post(f"{PAGE}/loeschen", data=home.slip)
    assert answer.status_code == 409
    assert "Nach dem Termin" in answer.text
    with home.world.centre.db.transaction() as tx:
        assert person_of(tx, home_actor(home)) == home.person_id
        assert people.details(
            tx, home.world.centre.secrets, home.person_id, actor=DOCTOR, purpose="t", now=home.world.now
        )


def home_actor(home: Home) -> Actor:
    return Actor(Role.RESIDENT, home.visit)
