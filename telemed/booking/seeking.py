"""Searching appointments: what is looked at is as much as who asks may see, and what is unsealed leaves its line."""

from collections.abc import Mapping
from dataclasses import dataclass

from telemed.booking import sought_store
from telemed.booking.reading import place_of
from telemed.booking.sought import Sealed, Sought
from telemed.identity.allowed import Asker
from telemed.kit.db import Tx
from telemed.kit.secrets import Secrets
from telemed.people import service as people
from telemed.people.service import Auditor, Lot


@dataclass(frozen=True)
class Found:
    """*total*: how many match in all; *hits*: those of the page; *keys*: the wrapped ones of their people."""

    total: int
    hits: list[Sealed]
    keys: Mapping[str, bytes]


def seek(tx: Tx, sought: Sought, *, asker: Asker) -> Found:
    """What matches and *asker* may read whole, counted and looked up at one moment; nothing is unsealed."""
    total = sought_store.count(tx, sought.where, asker)
    hits = sought_store.find(tx, sought, asker) if total and sought.limit else []
    return Found(total, hits, people.wrapped_keys(tx, {hit.person_id for hit in hits}))


async def unseal(auditor: Auditor, secrets: Secrets, found: Found, *, asker: Asker) -> dict[str, bytes]:
    """The FHIR Appointments by id, their lines on disk; without those of people who were erased a moment ago."""
    lots = [
        Lot(hit.person_id, place_of(hit.id), hit.content, found.keys[hit.person_id])
        for hit in found.hits
        if hit.person_id in found.keys
    ]
    plain = await auditor.unseal_all(secrets, lots, actor=asker.actor, purpose="search", now=asker.now)
    return {lot.what.rpartition("|")[2]: each for lot, each in zip(lots, plain, strict=True)}
