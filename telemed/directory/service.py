"""The verbs of the directory: take a resource, look it up, and read the whole as values for the planner."""

from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import Any

import orjson

from telemed.directory import fhir, rules, store
from telemed.directory.model import ACTORS, KINDS, Absence, Directory, DirectoryChanged, IdTaken, ResourceKept, Template
from telemed.fhir.issues import Invalid, Issue
from telemed.fhir.resource import Resource
from telemed.fhir.validate import validate
from telemed.kit.db import Tx, take_turn, tell
from telemed.kit.ids import new_id
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotFound

GATE = "plan"
"""Whoever books takes its turn together with others; whoever moves, cancels or changes the directory alone."""

REMEMBERED = 4
"""Directories kept in memory: one is enough for a centre, tests have several."""

_loaded: dict[str, Directory] = {}
"""By the stamp of the version. No two states of any database share a stamp, so what is here is never wrong."""


_loading = Lock()


def take(tx: Tx, resource: bytes | Mapping[str, Any] | Resource, *, now: datetime) -> str:
    """Keep a directory resource, its text exactly as given, in place of the one with its id.

    Returns:
        ``Type/id``.

    Raises:
        Invalid: not valid FHIR R4, without id, or not what the planner can read.
        IdTaken: another type of actor has this id.
    """
    valid = resource if isinstance(resource, Resource) else validate(resource)
    if valid.kind not in KINDS:
        raise Invalid([Issue("not-supported", "not a resource of the directory", valid.kind)])
    issues = tuple(rules.faults(valid.fields))
    if issues:
        raise Invalid(issues)
    if valid.kind in ACTORS and store.actor_kind(tx, valid.id) not in (None, valid.kind):
        raise IdTaken(expression=f"{valid.kind}.id")
    take_turn(tx, GATE)
    is_new = store.put(tx, valid.kind, valid.id, valid.content, now=now)
    store.changed(tx)
    emit(tx, ResourceKept(valid.kind, valid.id, is_new), now=now)
    tell(tx, DirectoryChanged())
    return f"{valid.kind}/{valid.id}"


def load(tx: Tx) -> Directory:
    """Everything as values; read anew only after a change. Before the first seed it is empty."""
    version, stamp = store.version(tx)
    found = _loaded.get(stamp) if stamp else None
    if found is None:
        found = fhir.directory((orjson.loads(content) for _, content, _ in store.everything(tx)), version, stamp)
        found = found.less(store.blocks(tx))
        with _loading:
            _loaded[stamp] = found
            while len(_loaded) > REMEMBERED:
                del _loaded[next(iter(_loaded))]
    return found


def use_template(tx: Tx, doctor_id: str, template: Template, *, now: datetime) -> None:
    """Lay the times of a doctor's sessions out by *template* from now on; what is booked stays as it is.

    Raises:
        NotFound: there is no such doctor.
    """
    role = _role(tx, doctor_id)
    chosen = {} if template is Template.INDIVIDUAL else {"url": fhir.TEMPLATE, "valueCode": template.value}
    others = [each for each in role.pop("extension", ()) if each["url"] != fhir.TEMPLATE]
    extension = [*others, chosen] if chosen else others
    take(tx, {**role, "extension": extension} if extension else role, now=now)


OWN_ABSENCE = "own-"
"""Begins the id of what a doctor entered herself; other absences are the operator's."""


def absences(tx: Tx, doctor_id: str) -> list[Absence]:
    """What a doctor entered herself, by start.

    Raises:
        NotFound: there is no such doctor.
    """
    found = [
        Absence(each["id"], *(datetime.fromisoformat(each["during"][end]) for end in ("start", "end")))
        for each in _role(tx, doctor_id).get("notAvailable", ())
        if str(each.get("id", "")).startswith(OWN_ABSENCE)
    ]
    return sorted(found, key=lambda each: each.start)


def add_absence(tx: Tx, doctor_id: str, start: datetime, end: datetime, *, now: datetime) -> None:
    """A doctor is away from *start* to *end*; what is booked then stays until staff move it.

    Raises:
        NotFound: there is no such doctor.
        Invalid: it ends before it begins.
    """
    take(tx, absent(_role(tx, doctor_id), f"{OWN_ABSENCE}{new_id()}", start, end), now=now)


def absent(role: Mapping[str, Any], absence_id: str, start: datetime, end: datetime) -> dict[str, Any]:
    """A PractitionerRole with one more absence."""
    away = {"id": absence_id, "description": "absent", "during": period_of(start, end)}
    return {**role, "notAvailable": [*role.get("notAvailable", ()), away]}


def period_of(start: datetime, end: datetime) -> dict[str, str]:
    """As FHIR writes it, to the second."""
    return {"start": start.isoformat(timespec="seconds"), "end": end.isoformat(timespec="seconds")}


def remove_absence(tx: Tx, doctor_id: str, absence_id: str, *, now: datetime) -> None:
    """She is there after all.

    Raises:
        NotFound: there is no such doctor, or she entered no such absence.
    """
    role = _role(tx, doctor_id)
    if absence_id not in {one.id for one in absences(tx, doctor_id)}:
        raise NotFound
    others = [each for each in role.pop("notAvailable") if each.get("id") != absence_id]
    take(tx, {**role, "notAvailable": others} if others else role, now=now)


def _role(tx: Tx, doctor_id: str) -> dict[str, Any]:
    doctor = load(tx).doctors.get(doctor_id)
    if doctor is None:
        raise NotFound
    found: dict[str, Any] = orjson.loads(read(tx, "PractitionerRole", doctor.role_id))
    return found


def block(tx: Tx, device_id: str, *, since: datetime) -> None:
    """From *since* on the device is not to be booked, until it is freed; what is said of it in FHIR stays as it is."""
    take_turn(tx, GATE)
    store.block(tx, device_id, since=since)
    store.changed(tx)
    tell(tx, DirectoryChanged())


def free(tx: Tx, device_id: str) -> None:
    """It may be booked again."""
    take_turn(tx, GATE)
    store.free(tx, device_id)
    store.changed(tx)
    tell(tx, DirectoryChanged())


def read(tx: Tx, kind: str, resource_id: str) -> bytes:
    """The resource as it was taken.

    Raises:
        NotFound: there is none.
    """
    content = store.get(tx, kind, resource_id)
    if content is None:
        raise NotFound
    return content


def every(tx: Tx, kind: str) -> list[bytes]:
    """The resources of a type as they were taken, sorted by id."""
    return store.of_kind(tx, kind)


def knows(tx: Tx, kind: str, resource_id: str) -> bool:
    """Whether the resource is there."""
    return store.get(tx, kind, resource_id) is not None


def schedule_of(directory: Directory, actor_id: str) -> str | None:
    """The schedule that an actor has for himself, or else the first that he shares."""
    shared = sorted((len(actors), i) for i, actors in directory.schedules.items() if actor_id in actors)
    return shared[0][1] if shared else None
