"""The rule of `telemed.identity.allowed` as a condition of SQL, for lists: they show what `allowed` lets through."""

from typing import Any, assert_never

from sqlalchemy import ColumnElement, FromClause, and_, false, or_, true

from telemed.identity.allowed import Action, Asker, Before, Condition, NotBefore, OneOf, clauses


def visible_to(asker: Asker, appointments: FromClause, action: Action = Action.SEE) -> ColumnElement[bool]:
    """Which rows of *appointments* this asker may do *action* with; its columns are called as the fields of `Thing`."""
    found = [and_(true(), *(_sql(each, appointments) for each in clause)) for clause in clauses(asker, action)]
    return or_(false(), *found)


def _sql(condition: Condition, appointments: FromClause) -> ColumnElement[bool]:
    column: ColumnElement[Any] = appointments.c[condition.field.value]
    match condition:
        case OneOf(_, values):
            return column.in_(sorted(values))
        case Before(_, moment):
            return column < moment
        case NotBefore(_, moment):
            return column >= moment
        case _:
            assert_never(condition)
