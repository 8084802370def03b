"""Searching the two tables of the audit as if they were one."""

from collections.abc import Iterator
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Table, and_, case, false, func, literal, or_, select, true

from telemed.kit.db import Tx
from telemed.people.act_store import act_of, acts
from telemed.people.acts import BROKEN, DENIED, DONE, FAILED, SEARCHES, Did
from telemed.people.model import SEARCH, AuditLine, Deed
from telemed.people.store import audit_lines
from telemed.people.trail import About, By, Condition, Line, Numbered, OfSort, Recorded, Trail

_Sql = ColumnElement[bool]


def count(tx: Tx, trail: Trail) -> int:
    """How many there are in all."""
    return sum(
        tx.execute(select(func.count()).select_from(table).where(_where(table, trail))).scalar_one()
        for table in (acts, audit_lines)
    )


def find(tx: Tx, trail: Trail) -> list[Line]:
    """Those of a page, in the order in which it is walked."""
    least, most = trail.offset, trail.offset + trail.limit
    found = merge(
        *(_of(tx, table, trail, most) for table in (acts, audit_lines)),
        key=lambda line: (line.at, line.id),
        reverse=trail.falling,
    )
    return list(islice(found, least, most))


def _of(tx: Tx, table: Table, trail: Trail, most: int) -> Iterator[Line]:
    by = (table.c.at.desc(), table.c.id.desc()) if trail.falling else (table.c.at, table.c.id)
    wanted = select(table).where(_where(table, trail), _beyond(table, trail)).order_by(*by).limit(most)
    for row in tx.execute(wanted).all():
        yield act_of(row) if table is acts else _line(row)


def _line(row: Any) -> AuditLine:
    return AuditLine(row.id, row.at, row.person_id, row.role, row.subject, Deed(row.action), row.purpose)


def _beyond(table: Table, trail: Trail) -> _Sql:
    if trail.beyond is None:
        return true()
    at, line_id = trail.beyond
    if trail.falling:
        return or_(table.c.at < at, and_(table.c.at == at, table.c.id < line_id))
    return or_(table.c.at > at, and_(table.c.at == at, table.c.id > line_id))


def _subject(table: Table) -> ColumnElement[str]:
    return table.c.client if table is acts else table.c.subject


def _where(table: Table, trail: Trail) -> _Sql:
    own = trail.own
    mine = (
        ()
        if own is None
        else (table.c.role == literal(own.role.value, literal_execute=True), _subject(table) == own.subject)
    )
    return and_(true(), *mine, *(_sql(table, one) for one in trail.where))


def _sql(table: Table, condition: Condition) -> _Sql:
    match condition:
        case OfSort(of_acts, of_lines):
            return _act_sorts(of_acts) if table is acts else _line_sorts(of_lines)
        case Numbered(ids, other):
            has = table.c.id.in_(sorted(ids))
            return ~has if other else has
        case Recorded(windows):
            return or_(false(), *(_within(table, *window) for window in windows))
        case By(who):
            return or_(false(), *(_by(table, *one) for one in sorted(who)))
        case About(named):
            return or_(false(), *(_about(table, *one) for one in sorted(named)))
        case _:
            assert_never(condition)


def _act_sorts(wanted: frozenset[tuple[Did, bool, str]]) -> _Sql:
    status = acts.c.status
    outcome = case((status < 400, DONE), (status.in_((401, 403)), DENIED), (status < 500, FAILED), else_=BROKEN)
    sort = acts.c.did + case((acts.c.kind == "Appointment", "+"), else_="-") + outcome
    return sort.in_(sorted(f"{did}{'+' if of_appointment else '-'}{code}" for did, of_appointment, code in wanted))


def _line_sorts(wanted: frozenset[tuple[Deed, bool]]) -> _Sql:
    sort = audit_lines.c.action + case((audit_lines.c.purpose == SEARCH, "+"), else_="-")
    return sort.in_(sorted(f"{deed}{'+' if by_search else '-'}" for deed, by_search in wanted))


def _within(table: Table, start: datetime | None, end: datetime | None) -> _Sql:
    since = () if start is None else (table.c.at >= start,)
    until = () if end is None else (table.c.at < end,)
    return and_(true(), *since, *until)


def _by(table: Table, role: str, subject: str) -> _Sql:
    is_role: _Sql = table.c.role == role
    return and_(is_role, _subject(table) == subject) if subject else is_role


def _about(table: Table, kind: str, resource_id: str) -> _Sql:
    if kind == "Patient":
        is_it: _Sql = table.c.person_id == resource_id
        return is_it
    if table is not acts:
        return false()
    listed = literal(",") + acts.c.ids + literal(",")
    names = func.replace(listed, f",{resource_id},", "") != listed  # unlike LIKE, it tells A from a
    told = acts.c.did.not_in(sorted(SEARCHES))
    return and_(acts.c.kind == kind, told, names)
