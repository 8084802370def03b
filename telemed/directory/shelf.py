"""The directory's resources as they are handed out and found: in memory, read anew only after a change."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import orjson

from telemed.directory import isik, service, store
from telemed.directory.model import Directory
from telemed.directory.terms import ALSO_CALLED, SEARCH
from telemed.fhir import terms
from telemed.fhir.raw import stamped
from telemed.fhir.search import Criterion, Parameter
from telemed.fhir.terms import Table, Terms
from telemed.kit.db import Database, Tx

REMEMBERED = 4
_PARAMETERS = {kind: terms.parameters(table) for kind, table in SEARCH.items()}


@dataclass(frozen=True)
class Volume:
    """One resource. *content*: as it is handed out; *found_by*: its terms; *taken_at*: since when it is so."""

    kind: str
    id: str
    content: bytes
    found_by: Terms
    taken_at: datetime

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.id}"


@dataclass(frozen=True, eq=False)
class Shelf:
    """All of them, by type and id."""

    kinds: Mapping[str, Mapping[str, Volume]]

    def get(self, kind: str, resource_id: str) -> Volume | None:
        return self.kinds.get(kind, {}).get(resource_id)

    def find(self, kind: str, criteria: Sequence[Criterion]) -> list[Volume]:
        """Those of *kind* that fit all *criteria*, by id."""
        return [one for one in self.kinds.get(kind, {}).values() if all(self._fits(each, one) for each in criteria)]

    def _fits(self, criterion: Criterion, one: Volume) -> bool:
        if criterion.modifier == "missing" and criterion.name in ("_id", "_lastUpdated"):
            return not criterion.missing
        if criterion.name == "_id":
            return any(token.fits("", one.id) for token in criterion.tokens) != (criterion.modifier == "not")
        if criterion.name == "_lastUpdated":
            return any(window.has(one.taken_at) for window in criterion.windows)
        return terms.fits(criterion, one.found_by, self.named_by)

    def named_by(self, criterion: Criterion) -> set[str]:
        """``Type/id`` of all that the end of a chain fits."""
        if criterion.chain is None:
            return set()
        return {one.name for kind in criterion.kinds for one in self.find(kind, [criterion.chain])}

    def referred(self, one: Volume, parameter: str) -> Iterable[Volume]:
        """What *one* refers to by a parameter, as far as it is here."""
        for term in one.found_by.get(parameter, ()):
            kind, _, resource_id = term.value.partition("/")
            found = self.get(kind, resource_id)
            if found is not None:
                yield found


def parameters(kind: str) -> Mapping[str, Parameter]:
    """What resources of *kind* are searched by, besides ``_id`` and ``_lastUpdated``."""
    return _PARAMETERS[kind]


def in_chains(kind: str) -> Mapping[str, Parameter]:
    """The same at the end of a chain; nothing for another's type."""
    known = _PARAMETERS.get(kind, {})
    return {**known, **{also: known[name] for also, name in ALSO_CALLED.get(kind, {}).items()}}


_shelves: dict[str, Shelf] = {}
"""By the stamp of the directory's version; see `service._loaded`."""
_lock = Lock()


def of(db: Database, known: Directory) -> Shelf:
    """The shelf of this state of the directory; reads only what nobody has read yet."""
    found = _shelves.get(known.stamp)
    if found is None:
        with db.reading() as tx:
            return load(tx)
    return found


def load(tx: Tx) -> Shelf:
    """The shelf as *tx* sees the directory."""
    known = service.load(tx)
    found = _shelves.get(known.stamp) if known.stamp else None
    if found is None:
        found = _read(tx, known)
        with _lock:
            _shelves[known.stamp] = found
            while len(_shelves) > REMEMBERED:
                del _shelves[next(iter(_shelves))]
    return found


def of_terms(resources: Iterable[Mapping[str, Any]], table: Table, *, taken_at: datetime) -> Shelf:
    """A shelf of what is not stored: made up of the directory, and searched like it."""
    kinds: dict[str, dict[str, Volume]] = defaultdict(dict)
    for fields in resources:
        kind, found_by = fields["resourceType"], terms.terms(fields, table)
        kinds[kind][fields["id"]] = Volume(kind, fields["id"], orjson.dumps(fields), found_by, taken_at)
    return Shelf(dict(kinds))


def _read(tx: Tx, known: Directory) -> Shelf:
    kinds: dict[str, dict[str, Volume]] = defaultdict(dict)
    numbers = store.numbers(tx)
    for kind, content, taken_at in store.everything(tx):
        fields = orjson.loads(content)
        shown = _stamped(isik.handed_out(content, fields, known), numbers[kind, fields["id"]], taken_at)
        fields = orjson.loads(shown)
        kinds[kind][fields["id"]] = Volume(kind, fields["id"], shown, terms.terms(fields, SEARCH[kind]), taken_at)
    return Shelf(dict(kinds))


def _stamped(content: bytes, number: int, taken_at: datetime) -> bytes:
    """With the version and since when it is so: what the server says of a resource, whatever it said itself."""
    meta = orjson.loads(content).get("meta", {})
    return stamped(content, {"meta": {**meta, "versionId": str(number), "lastUpdated": taken_at.isoformat()}})


def number_of(content: bytes) -> str:
    """The version of a resource, as it is handed out."""
    return str(orjson.loads(content)["meta"]["versionId"])


KEPT = timedelta(days=90)
"""So long after it was replaced a version is forgotten: it may name people who are not here any more."""


@dataclass(frozen=True)
class Version:
    """A resource as it was taken once. *content*: as it is handed out."""

    number: int
    content: bytes
    taken_at: datetime
    id: str


def history(tx: Tx, kind: str, resource_id: str) -> list[Version]:
    """All versions that are kept, the newest first; none if there is no such resource."""
    newest = load(tx).get(kind, resource_id)
    if newest is None:
        return []
    number = int(number_of(newest.content))
    former = store.formers(tx, kind, resource_id)
    older = [Version(n, _stamped(content, n, at), at, resource_id) for n, content, at in former]
    return [Version(number, newest.content, newest.taken_at, resource_id), *older]


def history_of_kind(tx: Tx, kind: str) -> list[Version]:
    """All versions that are kept of all resources of a type, the newest first."""
    now = load(tx).kinds.get(kind, {}).values()
    newest = [Version(int(number_of(one.content)), one.content, one.taken_at, one.id) for one in now]
    older = [Version(n, _stamped(content, n, at), at, own) for own, n, content, at in store.formers_of_kind(tx, kind)]
    return sorted([*newest, *older], key=lambda one: (one.taken_at, one.id, one.number), reverse=True)


def forget_old(tx: Tx, *, now: datetime) -> None:
    """What was replaced long ago."""
    store.forget_formers(tx, before=now - KEPT)
