"""What is emitted beside what a program reads and books: to people, to subscribers, by the room, into files."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from sqlalchemy import select

from room_agent.devices.glucose import SAMPLES, Glucose
from room_agent.devices.heart_rate import HeartRate
from room_agent.devices.observation import observations, with_answer
from room_agent.devices.pulse_oximeter import PulseOximetry
from room_agent.devices.thermometer import SITE_MDC, Temperature
from room_agent.devices.weight import Weight
from schemas import exact
from schemas.measurement import ConfirmedBy, MeasurementKind
from telemed.booking.store import bookings
from telemed.fhir import xml
from telemed.identity.model import Role
from telemed.interop.topics import Deed as Happened
from telemed.people.act_fhir import act_event
from telemed.people.acts import Act, Did
from telemed.people.audit_fhir import audit_event
from telemed.people.consent import Answer, How, Purpose, Said
from telemed.people.consent_fhir import consent, related_person
from telemed.people.mandate import Mandate, Relative
from telemed.people.model import AuditLine, Deed
from telemed.privacy import own
from telemed.privacy.own import Keeper
from telemed.subscribe import fhir as subscriptions
from telemed.subscribe.model import Standing, State, Subscribed, Told, Wish
from telemed.web.centre import Centre
from tests.builders import OPERATOR
from tests.room_agent.devices.test_observation import PRESSURE, make_measurement

Resource = dict[str, Any]
AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
BASE = "https://centre.test/fhir"


@dataclass(frozen=True)
class Emitted:
    """*name*: by what it was asked for; *xml*: the same again in XML."""

    name: str
    resource: Resource
    xml: str = ""


def everything() -> Iterator[Emitted]:
    """All that needs no running centre."""
    yield from events()
    yield from consents()
    yield from notices()
    yield from measured()


def events() -> Iterator[Emitted]:
    """AuditEvents of every pattern."""
    for deed in Deed:
        line = AuditLine("line-1", AT, "person-1", Role.CLIENT.value, "program", deed, "search")
        yield Emitted(f"audit {deed}", audit_event(line, server="centre.test", url="https://centre.test"))
    for did, role in product(Did, (Role.CLIENT, Role.OPERATOR)):
        for person_id, status in (("", 200), ("person-1", 200), ("", 403), ("", 409), ("", 500)):
            ids = ("a-1",) if person_id else ()
            act = Act("program", did, "Appointment", AT, "status=booked", 2, ids, person_id, status, "line-1",
                      role=role.value, request_id="request-1")  # fmt: skip
            yield Emitted(f"act {did} {role} {status}", act_event(act, server="centre.test", url=BASE))
    nothing = Act("program", Did.OTHER, "", AT, status=404, id="line-1")
    yield Emitted("act of nothing", act_event(nothing, server="centre.test", url=BASE))


def consents() -> Iterator[Emitted]:
    """Every answer to every question, however it was given; and who acts for somebody."""
    for n, (purpose, answer, how) in enumerate(product(Purpose, Answer, How)):
        said = Said(f"said-{n}", purpose, answer, how, AT, "1", "de", "Ja.", "kaya" if how is How.SPOKEN else "")
        made = consent(said, "person-1", organization="Organization/town", counts=n % 2 == 0)
        yield Emitted(f"consent {purpose} {answer} {how}", made)
    for ended in (None, AT + HOUR):
        mandate = Mandate("m-1", "person-1", Relative("Ana Lopez"), frozenset(), AT, AT + 24 * HOUR, ended_at=ended)
        yield Emitted(f"mandate, ended {ended}", related_person(mandate, "person-1"))


def notices() -> Iterator[Emitted]:
    """Notifications of every kind to a subscriber who hears, and to one who does not."""
    wish = Wish(f"{BASE}/SubscriptionTopic/x", (), "https://practice.example/hear", b"{}", None)
    told = [
        Told(1, AT, "Appointment/a-1", Happened.CREATED),
        Told(2, AT, "Appointment/a-1", Happened.CANCELLED),
        Told(3, AT, "", Happened.CHANGED),  # what it may not see any more
    ]
    for state, failures in ((State.ACTIVE, 0), (State.ERROR, 3)):
        one = Subscribed("s-1", "program", wish, Standing(state, 3, 1, failures, AT if failures else None), 1, AT)
        for kind in ("handshake", "heartbeat", "event-notification"):
            some = told if kind == "event-notification" else []
            made = subscriptions.notification(one, kind, some, base_url=BASE, now=AT)
            yield Emitted(f"{kind} {state}", json.loads(made), xml.from_json(made).decode())
        yield Emitted(f"$status {state}", subscriptions.status(one, "query-status", base_url=BASE))


def measured() -> Iterator[Emitted]:
    """What the room sends to the doctor's browser, answered and not."""
    for kind, reading in (
        (MeasurementKind.BLOOD_PRESSURE, PRESSURE),
        (MeasurementKind.OXIMETER, PulseOximetry(Decimal("93.0"), Decimal(71), amplitude_percent=Decimal("0.3"))),
        *((MeasurementKind.THERMOMETER, Temperature(Decimal("36.40"), site=site)) for site in SITE_MDC),
        (MeasurementKind.WEIGHT, Weight(Decimal("72.500"), bmi=Decimal("24.2"), height=Decimal("173.0"))),
        (MeasurementKind.HEART_RATE, HeartRate(72, rr_steps=(1024, 848))),
        *((MeasurementKind.GLUCOSE, Glucose(7, None, Decimal("5.4"), True, sample=sample)) for sample in SAMPLES),
    ):
        for made in observations(make_measurement(kind, reading), visit_id="v", device_id="d", now=AT):
            answered = with_answer(made, belongs=False, by=ConfirmedBy.DOCTOR, at=AT)
            for one in (made, answered):
                yield Emitted(f"measured {kind}", json.loads(exact.dumps(one)))


def copies(centre: Centre, appointment_ids: Iterable[str]) -> Iterator[Emitted]:
    """What a resident takes along of her own data."""
    keeper = Keeper("Organization/town", "centre.test", "https://centre.test")
    for appointment_id in appointment_ids:
        with centre.db.transaction() as tx:
            wanted = select(bookings.c.person_id).where(bookings.c.id == appointment_id)
            person_id = tx.execute(wanted).scalar_one()
            now = centre.clock.now()
            made = own.copy(tx, centre.secrets, person_id, keeper=keeper, actor=OPERATOR, now=now)
        yield Emitted(f"copy for {appointment_id}", json.loads(made))
