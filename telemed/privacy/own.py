"""A person's own data: what is kept, who looked, a copy to take along, and having all of it erased."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from telemed.booking import holding, pending
from telemed.booking import service as booking
from telemed.booking.model import Booking, Status, TooLate
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import Actor
from telemed.kit.db import Tx
from telemed.kit.outbox import emit
from telemed.kit.secrets import Secrets
from telemed.people import audit_fhir, consent_fhir, consents, mandates
from telemed.people import service as people
from telemed.people.consent import Said
from telemed.people.mandate import Mandate
from telemed.people.model import Person, Way
from telemed.privacy import model, store
from telemed.privacy.model import Certificate, ErasedLater, PersonErased, Seen
from telemed.visit import service as visit
from telemed.visit.model import VisitState

PURPOSE = "own data"
"""As the audit says it."""


@dataclass(frozen=True)
class OwnData:
    """All that is kept of one person, as she may read it. *named*: relatives by their mandates."""

    person_id: str
    person: Person
    bookings: tuple[Booking, ...]
    consents: tuple[Said, ...]
    mandates: tuple[Mandate, ...]
    seen: tuple[Seen, ...] = ()

    def relative(self, mandate_id: str) -> str:
        return next((one.relative.name for one in self.mandates if one.id == mandate_id), "")


def look(tx: Tx, secrets: Secrets, person_id: str, *, actor: Actor, now: datetime) -> OwnData:
    """What is kept. Looking is audited as well, and is among what she reads next time.

    Raises:
        Erased: her data are gone.
    """
    seen = who_looked(tx, person_id)
    return replace(kept(tx, secrets, person_id, actor=actor, now=now), seen=seen)


def who_looked(tx: Tx, person_id: str) -> tuple[Seen, ...]:
    """Who did what with her data, the newest first."""
    return tuple(model.seen(people.seen_by_minute(tx, person_id), directory.load(tx).zone))


def kept(tx: Tx, secrets: Secrets, person_id: str, *, actor: Actor, now: datetime) -> OwnData:
    """As `look`, without who looked.

    Raises:
        Erased: her data are gone.
    """
    person, given = mandates.with_person(tx, secrets, person_id, actor=actor, purpose=PURPOSE, now=now)
    return OwnData(
        person_id,
        person,
        tuple(booking.of_person(tx, person_id)),
        tuple(consents.all_of(tx, person_id)),
        tuple(given),
    )


@dataclass(frozen=True)
class Keeper:
    """Who keeps the data: the operator, as ``Organization/…``, and the name and address of the centre."""

    organization: str
    server: str
    url: str


def copy(tx: Tx, secrets: Secrets, person_id: str, *, keeper: Keeper, actor: Actor, now: datetime) -> bytes:
    """All of it as a FHIR R4 Bundle of type collection, to take along (Art. 15 and 20 DSGVO).

    Raises:
        Erased: her data are gone.
    """
    own = look(tx, secrets, person_id, actor=actor, now=now)
    counting = {said.id for said in consents.current(tx, person_id).values()}
    entries: list[dict[str, Any]] = [_patient(person_id, own.person)]
    for one in own.bookings:
        entries.append(orjson.loads(booking.read_appointment(tx, secrets, one.id, actor=actor, now=now)))
    for said in own.consents:
        entries.append(
            consent_fhir.consent(said, person_id, organization=keeper.organization, counts=said.id in counting)
        )
    entries += [consent_fhir.related_person(one, person_id) for one in own.mandates]
    lines = people.lines_of(tx, person_id)
    entries += [audit_fhir.audit_event(line, server=keeper.server, url=keeper.url) for line in lines]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "collection", "timestamp": now.isoformat()}
    bundle["entry"] = [{"resource": each} for each in entries]
    return orjson.dumps(bundle, option=orjson.OPT_INDENT_2)


def erase(tx: Tx, secrets: Secrets, person_id: str, *, actor: Actor, now: datetime) -> Certificate:
    """Cancel what is ahead, end what others may do, and delete the person's key: nothing can be read any more.

    Raises:
        ErasedLater: she is in a visit just now.
        Erased: it was done before.
    """
    ahead = [one for one in booking.of_person(tx, person_id) if _is_ahead(tx, one, now)]
    for one in ahead:
        try:
            pending.cancel(tx, secrets, one.id, actor=actor, now=now)
        except TooLate:
            raise ErasedLater from None
    for waiting in holding.everyone_waiting(tx, now=now):
        if waiting.person_id == person_id:
            holding.leave(tx, secrets, waiting.id, now=now)
    mandates.end_all(tx, person_id, now=now)
    booking.shut(tx, person_id)
    people.erase(tx, person_id, actor=actor, now=now)
    emit(tx, PersonErased(person_id), now=now)
    return _certify(tx, secrets, person_id, len(ahead), now=now)


def _is_ahead(tx: Tx, one: Booking, now: datetime) -> bool:
    """
    Raises:
        ErasedLater: she is there, and not gone yet.
    """
    if one.status is Status.CANCELLED:
        return False
    state = visit.state_of(tx, one.id)
    if (
        state in (VisitState.ARRIVED, VisitState.CALLED, VisitState.INSIDE)
        and now < one.offer.end + visit.LONGEST_OVERRUN
    ):
        raise ErasedLater
    return state is VisitState.PLANNED and one.offer.start > now


def _certify(tx: Tx, secrets: Secrets, person_id: str, cancelled: int, *, now: datetime) -> Certificate:
    number = secrets.derive("erasure", person_id).hex()[:12].upper()
    made = Certificate(number, now, cancelled)
    store.add(tx, number, secrets.fingerprint("erased", person_id), now, cancelled)
    return replace(made, checksum=hashlib.sha256(made.text.encode()).hexdigest())


def names(own: OwnData, known: Directory) -> dict[str, str]:
    """Who the subjects of the lines are, as far as they have a name here: staff by the directory, relatives by her."""
    found = {one.subject: known.name_of(one.subject) for one in own.seen if known.actor(one.subject)}
    return found | {one.id: one.relative.name for one in own.mandates}


def _patient(person_id: str, person: Person) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Patient",
        "id": person_id,
        "communication": [
            {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": code}]}}
            for code in dict.fromkeys(filter(None, (person.language, person.spoken)))
        ],
    }
    if person.name:
        made["name"] = [{"text": person.name}]
    if person.birth_year:
        made["birthDate"] = f"{person.birth_year:04}"
    if person.contact:
        system = person.way.value if person.way is not Way.PAPER else "other"
        made["telecom"] = [{"system": system, "value": person.contact}]
    return made
