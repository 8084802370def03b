"""What the centre keeps, told from the tables themselves, so that it cannot be out of date; and whose it is."""

import orjson

from telemed.booking import holding
from telemed.booking import service as booking
from telemed.directory import service as directory
from telemed.identity.model import WAITING, Actor
from telemed.kit.db import Tx, metadata
from telemed.kit.register import Kept
from telemed.privacy import imprint
from telemed.privacy.model import Operator, RegisterLine


def person_of(tx: Tx, actor: Actor) -> str:
    """Who the resident is whose session this is: an appointment's, or that of an entry in the waiting list.

    Raises:
        NotFound: there is neither.
    """
    if actor.subject.startswith(WAITING):
        return holding.waiting_of(tx, actor.subject.removeprefix(WAITING)).person_id
    return booking.current(tx, actor.subject).person_id


def operator_of(tx: Tx) -> Operator:
    """Who runs this centre: the organisation that runs the quarter, as far as the operator entered it."""
    found = organization_of(tx)
    return imprint.operator(directory.read(tx, "Organization", found.rpartition("/")[2])) if found else Operator()


def organization_of(tx: Tx) -> str:
    """As ``Organization/…``; empty where none is named or known."""
    sites = [orjson.loads(each) for each in directory.every(tx, "Location")]
    named = [str(one.get("managingOrganization", {}).get("reference", "")) for one in sites]
    there = (one for one in named if one and directory.knows(tx, "Organization", one.rpartition("/")[2]))
    return next(there, "")


def register_rows() -> list[RegisterLine]:
    """Every column of every table that has been defined, by table and column."""
    rows = []
    for table in metadata.sorted_tables:
        for column in table.columns:
            kept: Kept = column.info["kept"]
            rows.append(
                RegisterLine(table.name, column.name, kept.purpose, kept.retention, kept.seen_by, kept.personal)
            )
    return rows
