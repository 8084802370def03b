"""Residents, and the one door to everything personal: who passes it leaves an audit line in the same transaction."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from telemed.identity.model import Actor, Role
from telemed.kit.batch import Batch
from telemed.kit.db import Database, Tx
from telemed.kit.ids import new_id, new_ids
from telemed.kit.secrets import Secrets
from telemed.people import act_store, model, store, trail_store
from telemed.people.acts import KEEP, Act
from telemed.people.model import AuditLine, Erased, Need, Person, Way
from telemed.people.trail import Line, Trail


@dataclass(frozen=True)
class Newcomer:
    """Somebody who will be taken in, so that what is kept about them can name and be sealed for them already."""

    id: str = field(default_factory=new_id)
    key: bytes = field(default_factory=model.new_key, repr=False)

    def seal(self, what: str, plain: bytes) -> bytes:
        """Seal something for the place *what*; `register` audits it."""
        return model.seal(self.key, plain, what)


def register(
    tx: Tx,
    secrets: Secrets,
    person: Person,
    *,
    actor: Actor,
    now: datetime,
    newcomer: Newcomer | None = None,
    sealed: Iterable[str] = (),
) -> str:
    """Take a resident in, sealed under a new key; the answer is the person's id.

    *sealed*: the places for which *newcomer* has sealed something already; they are audited here.
    """
    new = newcomer or Newcomer()
    details = new.seal(_details_of(new.id), _to_bytes(person))
    lines = [_line(new.id, actor=actor, action="create", purpose="booking", now=now)]
    for what in sealed:
        lines.append(_line(new.id, actor=actor, action="write", purpose=what.split("|", maxsplit=1)[0], now=now))
    wrapped = model.seal(secrets.key_of_keys, new.key, _key_of(new.id))
    reached = contact_hash(secrets, person.contact)
    store.add(tx, new.id, details=details, wrapped=wrapped, lines=lines, contact_hash=reached)
    return new.id


def contact_hash(secrets: Secrets, contact: str) -> str | None:
    """What is kept of a number or an address beside the sealed one; None where there is none."""
    same = model.same_contact(contact)
    return secrets.fingerprint("contact", same) if same else None


def with_contact(tx: Tx, hashed: str) -> list[str]:
    """The ids of the people of this number or address: one for each time that somebody booked with it."""
    return store.with_contact(tx, hashed)


def details(tx: Tx, secrets: Secrets, person_id: str, *, actor: Actor, purpose: str, now: datetime) -> Person:
    """Read a resident's details, audited.

    Raises:
        Erased: there is nobody with this id any more.
    """
    return details_and(tx, secrets, person_id, {}, actor=actor, purpose=purpose, now=now)[0]


def details_and(
    tx: Tx, secrets: Secrets, person_id: str, sealed: dict[str, bytes], *, actor: Actor, purpose: str, now: datetime
) -> tuple[Person, list[bytes]]:
    """A resident's details and other sealed bytes about her, by their places, with one audit line.

    Raises:
        Erased: there is nobody with this id any more.
        Tampered: bytes do not belong where they were found.
    """
    own = store.details(tx, person_id)
    if own is None:
        raise Erased
    places = {_details_of(person_id): own, **sealed}
    first, *others = unseal(tx, secrets, person_id, places, actor=actor, purpose=purpose, now=now)
    return _from_bytes(first), others


def amend(tx: Tx, secrets: Secrets, person_id: str, person: Person, *, actor: Actor, now: datetime) -> None:
    """Keep other details of a resident in place of what was known, audited.

    Raises:
        Erased: the person's key is gone.
    """
    place = _details_of(person_id)
    details = seal(tx, secrets, person_id, place, _to_bytes(person), actor=actor, now=now)
    store.put_details(tx, person_id, details, contact_hash(secrets, person.contact))


def seal(tx: Tx, secrets: Secrets, person_id: str, what: str, plain: bytes, *, actor: Actor, now: datetime) -> bytes:
    """Seal something about a person for the place *what* (``table|column|row``), audited.

    Raises:
        Erased: the person's key is gone.
    """
    sealed = model.seal(_key(tx, secrets, person_id), plain, what)
    audit(tx, [person_id], actor=actor, action="write", purpose=what.split("|", maxsplit=1)[0], now=now)
    return sealed


def unseal(
    tx: Tx, secrets: Secrets, person_id: str, sealed: dict[str, bytes], *, actor: Actor, purpose: str, now: datetime
) -> list[bytes]:
    """Read sealed bytes about a person, by their places, with one audit line.

    Raises:
        Erased: the person's key is gone.
        Tampered: bytes do not belong where they were found.
    """
    key = _key(tx, secrets, person_id)
    plain = [model.unseal(key, data, what) for what, data in sealed.items()]
    audit(tx, [person_id], actor=actor, action="read", purpose=purpose, now=now)
    return plain


def audit(tx: Tx, person_ids: Iterable[str], *, actor: Actor, action: str, purpose: str, now: datetime) -> None:
    """The one audit function: *actor* did *action* (create, read, write, erase) to these people's data."""
    lines = [_line(one, actor=actor, action=action, purpose=purpose, now=now) for one in person_ids]
    if lines:
        store.add_audit(tx, lines)


def lines_of(tx: Tx, person_id: str) -> list[AuditLine]:
    """Who did what to a person's data and when, the newest first: what she may read of her own."""
    return store.lines_of(tx, person_id)


def seen_by_minute(tx: Tx, person_id: str) -> list[tuple[AuditLine, int]]:
    """The same with one line for what is the same within a minute, the last, and how many there were."""
    return store.seen_by_minute(tx, person_id)


def relatives_who_wrote(tx: Tx, person_ids: Collection[str]) -> dict[str, str]:
    """By person, the mandate under which something of hers was changed last; without those who act for themselves."""
    return store.last_writers(tx, person_ids, Role.RELATIVE.value)


def _line(person_id: str, *, actor: Actor, action: str, purpose: str, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "at": now,
        "person_id": person_id,
        "role": actor.role.value,
        "subject": actor.subject,
        "action": action,
        "purpose": purpose,
    }


def audit_act(tx: Tx, act: Act) -> None:
    """What a program did, in the transaction in which it did it; see `Auditor.asked`."""
    act_store.add(tx, [act])


def acts_of(tx: Tx, client: str, *, limit: int = 200) -> list[Act]:
    """What a program did last, the newest first."""
    return act_store.of_client(tx, client, limit)


def trail(tx: Tx, sought: Trail) -> tuple[int, list[Line]]:
    """What the audit says that is sought: how much in all, and those of the page in the order of walking."""
    return trail_store.count(tx, sought), trail_store.find(tx, sought) if sought.limit else []


def forget_acts(tx: Tx, *, now: datetime) -> None:
    """What programs did longer ago than it is kept."""
    act_store.drop_before(tx, now - KEEP)


def wrapped_keys(tx: Tx, person_ids: Collection[str]) -> dict[str, bytes]:
    """The wrapped keys of people, as far as they are there; by themselves they open nothing."""
    return store.wrapped_keys(tx, person_ids)


@dataclass(frozen=True)
class Lot:
    """Something sealed about a person, for the place *what*, and the person's wrapped key."""

    person_id: str
    what: str
    sealed: bytes
    wrapped: bytes


class Auditor:
    """Reads for async code: what it unseals is handed out only after the audit line is on disk, in a group."""

    def __init__(self, db: Database) -> None:
        self._glance = db.glance
        self.batch: Batch[dict[str, object] | Act] = Batch(db, _write)

    async def asked(self, act: Act) -> None:
        """What a program did, on disk in a group when this returns: before it is answered."""
        await self.batch.put(act)

    async def unseal(
        self, secrets: Secrets, person_id: str, what: str, sealed: bytes, *, actor: Actor, purpose: str, now: datetime
    ) -> bytes:
        """As `unseal` above, for one place.

        Raises:
            Erased: the person's key is gone.
            Tampered: the bytes do not belong where they were found.
        """
        row = await self._glance.one(store.WRAPPED, person=person_id)
        if row is None:
            raise Erased
        plain = model.unseal(model.unseal(secrets.key_of_keys, row[0], _key_of(person_id)), sealed, what)
        await self.batch.put(_line(person_id, actor=actor, action="read", purpose=purpose, now=now))
        return plain

    async def unseal_all(
        self, secrets: Secrets, lots: Sequence[Lot], *, actor: Actor, purpose: str, now: datetime
    ) -> list[bytes]:
        """Read many at once; the answer is there when all their lines are on disk.

        Raises:
            Tampered: bytes do not belong where they were found.
        """
        plain, unwrapped = [], model.opener(secrets.key_of_keys)
        for lot in lots:
            key = unwrapped(lot.wrapped, _key_of(lot.person_id))
            plain.append(model.unseal(key, lot.sealed, lot.what))
        ids = new_ids(len(lots))
        line = _line("", actor=actor, action="read", purpose=purpose, now=now)
        lines = [{**line, "id": own, "person_id": one.person_id} for own, one in zip(ids, lots, strict=True)]
        await self.batch.put_all(lines)
        return plain


def _write(tx: Tx, lines: list[dict[str, object] | Act]) -> None:
    acts = [line for line in lines if isinstance(line, Act)]
    of_people = [line for line in lines if not isinstance(line, Act)]
    if of_people:
        store.add_audit(tx, of_people)
    if acts:
        act_store.add(tx, acts)


def erase(tx: Tx, person_id: str, *, actor: Actor, now: datetime) -> None:
    """Delete the person's key: from now on nothing about them can be read.

    Raises:
        Erased: it was gone already.
    """
    if not store.drop_key(tx, person_id):
        raise Erased
    audit(tx, [person_id], actor=actor, action="erase", purpose="erasure", now=now)


def _key(tx: Tx, secrets: Secrets, person_id: str) -> bytes:
    wrapped = store.wrapped_key(tx, person_id)
    if wrapped is None:
        raise Erased
    return model.unseal(secrets.key_of_keys, wrapped, _key_of(person_id))


def _key_of(person_id: str) -> str:
    return f"people_key|wrapped|{person_id}"


def _details_of(person_id: str) -> str:
    return f"people_person|details|{person_id}"


def _to_bytes(person: Person) -> bytes:
    return orjson.dumps(person)


def _from_bytes(data: bytes) -> Person:
    known = orjson.loads(data)
    needs, way = tuple(Need(need) for need in known["needs"]), Way(known["way"])
    spoken = known.get("spoken", "")
    return Person(known["name"], known["birth_year"], way, known["contact"], known["language"], needs, spoken)
