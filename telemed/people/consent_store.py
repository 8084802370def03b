"""What was said about consent: lines that are added and never changed."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Table, Text, bindparam, insert, select
from sqlalchemy.engine import Row

from telemed.kit.db import Tx, Utc, metadata
from telemed.kit.register import TECHNICAL, Kept, column
from telemed.people.consent import Answer, How, Purpose, Said

_CONSENT = Kept(
    "proves what the person agreed to, and what not",
    "30 days after the last appointment",
    "the person, doctor and assistant of the visit",
)


def _one_of(name: str, values: type[Answer] | type[How] | type[Purpose]) -> CheckConstraint:
    return CheckConstraint(f"{name} in ({', '.join(repr(one.value) for one in values)})", name=name)


consents = Table(
    "people_consent",
    metadata,
    column("id", Text(), primary_key=True, kept=TECHNICAL),
    column("person_id", Text(), ForeignKey("people_person.id", ondelete="CASCADE"), index=True, kept=TECHNICAL),
    column("purpose", Text(), kept=_CONSENT),
    column("answer", Text(), kept=_CONSENT),
    column("how", Text(), kept=_CONSENT),
    column("at", Utc(), kept=_CONSENT),
    column("version", Text(), kept=_CONSENT),
    column("language", Text(), kept=_CONSENT),
    column("wording", Text(), kept=_CONSENT),
    column("witness", Text(), kept=_CONSENT),
    _one_of("purpose", Purpose),
    _one_of("answer", Answer),
    _one_of("how", How),
)


def add(tx: Tx, person_id: str, said: Said) -> None:
    tx.execute(
        insert(consents).values(
            id=said.id,
            person_id=person_id,
            purpose=said.purpose.value,
            answer=said.answer.value,
            how=said.how.value,
            at=said.at,
            version=said.version,
            language=said.language,
            wording=said.wording,
            witness=said.witness,
        )
    )


def of(tx: Tx, person_id: str) -> list[Said]:
    """All that a person said, oldest first."""
    return [_said(row) for row in tx.execute(_OF, {"person": person_id})]


_OF = select(consents).where(consents.c.person_id == bindparam("person")).order_by(consents.c.at, consents.c.id)


def of_all(tx: Tx, person_ids: Iterable[str]) -> dict[str, list[Said]]:
    """All that these people said, by person, oldest first."""
    wanted = select(consents).where(consents.c.person_id.in_(sorted(person_ids)))
    found: dict[str, list[Said]] = {}
    for row in tx.execute(wanted.order_by(consents.c.at, consents.c.id)):
        found.setdefault(row.person_id, []).append(_said(row))
    return found


def newest(tx: Tx, person_id: str, purpose: Purpose, version: str) -> Answer | None:
    """What counts for one purpose."""
    found = tx.execute(
        _NEWEST, {"person": person_id, "purpose": purpose.value, "version": version}
    ).scalar_one_or_none()
    return Answer(found) if found else None


_NEWEST = (
    select(consents.c.answer)
    .where(consents.c.person_id == bindparam("person"), consents.c.purpose == bindparam("purpose"))
    .where(consents.c.version == bindparam("version"))
    .order_by(consents.c.at.desc(), consents.c.id.desc())
    .limit(1)
)


def _said(row: Row[Any]) -> Said:
    return Said(
        row.id,
        Purpose(row.purpose),
        Answer(row.answer),
        How(row.how),
        row.at,
        row.version,
        row.language,
        row.wording,
        row.witness,
    )
