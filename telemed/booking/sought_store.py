"""`telemed.booking.sought` as SQL: no row is read that the search, or the rule of who may, does not let through."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar, assert_never

import orjson
from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_, select, true, update

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
from telemed.kit.db import Tx, utc_text
from telemed.kit.hot import at_driver

_MOMENTS = frozenset({What.START, What.UPDATED})


def count(tx: Tx, where: Where, asker: Asker) -> int:
    """How many match that *asker* may read whole."""
    return int(_run(tx, _counting, where, asker)[0][0])


def find(tx: Tx, sought: Sought, asker: Asker) -> list[Sealed]:
    """What matches and *asker* may read whole, in the order asked for; the other way round if *backwards*.

    On SQLite they come as one row of JSON: for each row, the thread would queue for the interpreter.
    """
    found = _run(tx, _finding, sought, asker)
    if tx.dialect.name != "sqlite":
        return [Sealed(row[0], row[1], row[2], tuple(row[3:])) for row in found]
    return [Sealed(row[0], row[1], bytes.fromhex(row[2]), tuple(row[3:])) for row in orjson.loads(found[0][0])]


def _counting(where: Where, asker: Asker) -> Select[Any]:
    return select(func.count()).select_from(bookings).where(_visible(asker), _sql(where))


def _finding(sought: Sought, asker: Asker) -> Select[Any]:
    columns = [bookings.c[one.kept.value].label(f"at_{n}") for n, one in enumerate(sought.by)]
    wanted = select(bookings.c.id, bookings.c.person_id, bookings.c.appointment, *columns)
    wanted = wanted.where(_visible(asker), _sql(sought.where))
    falling = [one.descending != sought.backwards for one in (*sought.by, sought.by[-1])]
    if sought.beyond is not None:
        wanted = wanted.where(_beyond(sought.by, sought.beyond, falling))
    sorted_by = (*(bookings.c[one.kept.value] for one in sought.by), bookings.c.id)
    order = [each.desc() if falls else each.asc() for each, falls in zip(sorted_by, falling, strict=True)]
    return wanted.order_by(*order).limit(sought.limit).offset(sought.offset)


T = TypeVar("T", Where, Sought)
MANY = 512
"""Searches whose SQL is remembered: programs ask the same over and over."""
_texts: dict[object, tuple[str, Any]] = {}


def _run(tx: Tx, make: Callable[[T, Asker], Select[Any]], asked: T, asker: Asker) -> list[Any]:
    """The rows as the driver gives them, but moments as text. For a program the rule does not depend on the moment."""
    name = tx.dialect.name
    key = (name, asked, asker.actor) if asker.actor.role.value == "client" else None
    text, values = _texts.get(key, ("", ())) if key else ("", ())
    if not text:
        made = make(asked, asker).compile(dialect=tx.dialect, compile_kwargs={"render_postcompile": True})
        named = {one: _bound(value, name) for one, value in (made.params or {}).items()}
        text = _as_one_row(str(made), asked) if name == "sqlite" and isinstance(asked, Sought) else str(made)
        values = tuple(named[one] for one in made.positiontup or ()) if made.positional else named
        if key:
            if len(_texts) >= MANY:
                _texts.clear()
            _texts[key] = text, values
    rows: list[Any] = at_driver(tx, text, values).fetchall()
    return rows if name == "sqlite" else [[utc_text(v) if isinstance(v, datetime) else v for v in row] for row in rows]


def _as_one_row(found: str, sought: Sought) -> str:
    beside = "".join(f", at_{n}" for n in range(len(sought.by)))
    return f"SELECT json_group_array(json_array(id, person_id, hex(appointment){beside})) FROM ({found})"


def _bound(value: Any, dialect: str) -> Any:
    return utc_text(value) if isinstance(value, datetime) and dialect == "sqlite" else value


def _beyond(by: Sequence[By], mark: Mark, falling: Sequence[bool]) -> ColumnElement[bool]:
    """What comes behind the mark: in the last by which it is sorted, where it is alike in those before, and so on."""
    values = [datetime.fromisoformat(at) if one.kept in _MOMENTS else at for one, at in zip(by, mark.at, strict=True)]
    columns = [*(bookings.c[one.kept.value] for one in by), bookings.c.id]
    found: ColumnElement[bool] = false()
    for column, value, falls in reversed(list(zip(columns, [*values, mark.id], falling, strict=True))):
        found = or_(column < value if falls else column > value, and_(column == value, found))
    return found


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
