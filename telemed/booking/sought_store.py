"""`telemed.booking.sought` as SQL: no row is read that the search, or the rule of who may, does not let through."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, assert_never

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true, update

from telemed.booking.sought import (
    By,
    Described,
    Every,
    InSlot,
    Is,
    Mark,
    Not,
    Said,
    Sealed,
    Some,
    Sought,
    Uses,
    Where,
    Within,
)
from telemed.booking.sought import Kept as What
from telemed.booking.store import ERASED, bookings
from telemed.identity.allowed import Action, Asker
from telemed.identity.visible import visible_to
from telemed.kit.db import Tx

_MOMENTS = frozenset({What.START, What.UPDATED})


def count(tx: Tx, where: Where, asker: Asker) -> int:
    """How many match that *asker* may read whole."""
    wanted = select(func.count()).select_from(bookings).where(_visible(asker), _sql(where))
    return int(tx.execute(wanted).scalar_one())


def find(tx: Tx, sought: Sought, asker: Asker) -> list[Sealed]:
    """What matches and *asker* may read whole, in the order asked for; the other way round if *backwards*."""
    column = bookings.c[sought.by.kept.value]
    wanted = select(bookings.c.id, bookings.c.person_id, column.label("at"), bookings.c.appointment)
    wanted = wanted.where(_visible(asker), _sql(sought.where))
    falling = sought.by.descending != sought.backwards
    if sought.beyond is not None:
        wanted = wanted.where(_beyond(column, sought.by, sought.beyond, falling=falling))
    order = [each.desc() if falling else each.asc() for each in (column, bookings.c.id)]
    rows = tx.execute(wanted.order_by(*order).limit(sought.limit).offset(sought.offset))
    return [_sealed(row) for row in rows]


def _sealed(row: Any) -> Sealed:
    at = row.at.astimezone(UTC).isoformat() if isinstance(row.at, datetime) else row.at
    return Sealed(row.id, row.person_id, at, row.appointment)


def _beyond(column: ColumnElement[Any], by: By, mark: Mark, *, falling: bool) -> ColumnElement[bool]:
    at = datetime.fromisoformat(mark.at) if by.kept in _MOMENTS else mark.at
    if falling:
        return or_(column < at, and_(column == at, bookings.c.id < mark.id))
    return or_(column > at, and_(column == at, bookings.c.id > mark.id))


def _visible(asker: Asker) -> ColumnElement[bool]:
    not_erased = func.coalesce(bookings.c.origin, "") != ERASED
    return and_(visible_to(asker, bookings, Action.MEET), not_erased)


def _sql(where: Where) -> ColumnElement[bool]:
    match where:
        case Is(kept, values):
            return func.coalesce(bookings.c.origin, "").in_(values) if kept is What.ORIGIN else _in(kept, values)
        case Within(kept, start, end):
            column = bookings.c[kept.value]
            return and_(true() if start is None else column >= start, true() if end is None else column < end)
        case Uses(device_ids):
            held = (bookings.c.device_ids.contains(json.dumps(one), autoescape=True) for one in sorted(device_ids))
            return or_(false(), *held)
        case Said(what, system, code):
            return _said(what, system, code)
        case InSlot(actor_ids, start, end):
            here = or_(*(_in(one, actor_ids) for one in (What.DOCTOR, What.ROOM, What.ASSISTANT, What.INTERPRETER)))
            return and_(here, bookings.c.start >= start, bookings.c.end <= end, bookings.c.start < end)
        case Not(of):
            return not_(_sql(of))
        case Every(of):
            return and_(true(), *map(_sql, of))
        case Some(of):
            return or_(false(), *map(_sql, of))
        case _:
            assert_never(where)


def _in(kept: What, values: Iterable[str]) -> ColumnElement[bool]:
    return bookings.c[kept.value].in_(sorted(values))


_END = "\n"
_BETWEEN = "\t"
_ANY = "*"
"""Neither a code nor a uri has white space of this kind, and no system is called like that."""


def _said(what: str, system: str | None, code: str) -> ColumnElement[bool]:
    begun = f"{_END}{what}{_BETWEEN}{_ANY if system is None else system}{_BETWEEN}"
    return func.coalesce(bookings.c.said, "").contains(f"{begun}{code}{_END}" if code else begun, autoescape=True)


def describe(tx: Tx, booking_id: str, described: Described) -> None:
    """Keep what may be searched by of another system's appointment."""
    each = {(what, of, code) for what, system, code in described.said for of in (system, _ANY)}
    said = _END + _END.join(_BETWEEN.join(one) for one in sorted(each)) + _END if each else None
    own = update(bookings).where(bookings.c.id == booking_id)
    tx.execute(own.values(origin=described.origin or None, said=said))
