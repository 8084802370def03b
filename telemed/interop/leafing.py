"""Pages of what was found, which follow each other also while others come and go between them. Pure.

A page is named by the place in the order beside which it begins or ends, not by a number: whatever is inserted before
that place moves nothing. FHIR calls links to pages opaque, so the place is packed into one parameter.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import compress
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode

import orjson

from telemed.fhir.bundle import Pages, Relation
from telemed.fhir.issues import Issue, Malformed
from telemed.fhir.search import Query

PAGE = 100
"""Entries of a page where the client does not say."""

Row = TypeVar("Row", bound=tuple[Any, ...])
Place = tuple[Any, str]
"""What somebody has there by which it is sorted, or all that where it is several, and the id."""


@dataclass(frozen=True)
class Turn:
    """Which page is asked for. *beside*: where it begins, or ends if *backwards*; None for the first."""

    count: int
    offset: int = 0
    beside: Place | None = None
    backwards: bool = False


def turn_of(query: Query) -> Turn:
    """
    Raises:
        Malformed: a page that no link of ours named.
    """
    count = PAGE if query.count is None else query.count
    if not query.cursor:
        return Turn(count, query.offset)
    try:
        backwards, at, resource_id = orjson.loads(urlsafe_b64decode(query.cursor.encode()))
    except (ValueError, TypeError):
        raise _foreign() from None
    each = at if isinstance(at, list) and len(at) > 1 else [at]
    is_whole = isinstance(backwards, bool) and all(isinstance(one, str | int) for one in (*each, resource_id))
    if not is_whole or "\0" in f"{at}{resource_id}":
        raise _foreign()
    return Turn(count, beside=(at, str(resource_id)), backwards=backwards)


def _foreign() -> Malformed:
    return Malformed([Issue("invalid", "_cursor stands in links to pages, as it is", "http._cursor")])


def mark(place: Place, *, moments: Sequence[bool]) -> tuple[tuple[str, ...], str]:
    """A place in an order of the database. *moments*: of each by which it is sorted, whether it is one.

    Raises:
        Malformed: a page that no link of ours named.
    """
    at = tuple(map(str, place[0] if isinstance(place[0], list) else [place[0]]))
    if len(at) != len(moments):
        raise _foreign()
    try:
        for one in compress(at, moments):
            datetime.fromisoformat(one).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _foreign() from None
    return at, place[1]


@dataclass(frozen=True)
class Falling:
    """A value that is sorted from the last to the first."""

    value: Any

    def __lt__(self, other: "Falling") -> bool:
        return bool(other.value < self.value)


def key(values: Sequence[Any], falling: Sequence[bool]) -> Any:
    """By what is sorted where each has these *values*; one alone stays as it is, for it can be read backwards."""
    return values[0] if len(values) == 1 else tuple(map(_turned, values, falling))


def _turned(value: Any, falling: bool) -> Any:
    return Falling(value) if falling else value


def walked(rows: Sequence[Row], turn: Turn, *, descending: bool) -> list[Row]:
    """From *rows*, which rise by their first two members, those of the page and one more, in the order of walking."""
    falling = descending != turn.backwards
    low, high = 0, len(rows)
    if turn.beside is not None:
        try:
            if falling:
                high = bisect_left(rows, turn.beside, key=_place)
            else:
                low = bisect_right(rows, turn.beside, key=_place)
        except TypeError:  # of another sort
            raise _foreign() from None
    wanted = turn.offset + turn.count + 1
    found = rows[max(low, high - wanted) : high][::-1] if falling else rows[low : min(high, low + wanted)]
    return list(found[turn.offset :])


def _place(row: tuple[Any, ...]) -> Place:
    return row[0], row[1]


@dataclass(frozen=True)
class Page:
    """*begin* and *end*: the places of its first and last entry. *earlier*, *later*: whether there are others."""

    begin: Place | None
    end: Place | None
    earlier: bool
    later: bool


def page_of(places: Sequence[Place], turn: Turn, *, has_more: bool) -> Page:
    """*places*: of the page, in the order of reading; *has_more*: there are more where it was walked to."""
    came_from = turn.beside is not None or turn.offset > 0
    earlier, later = (has_more, came_from) if turn.backwards else (came_from, has_more)
    return Page(places[0] if places else None, places[-1] if places else None, earlier, later)


def paged(rows: Sequence[Row], turn: Turn, falling: Sequence[bool]) -> tuple[list[Row], Page]:
    """The page of *rows*, which rise by their first two members: what `key` made, and the id."""
    alone = len(falling) == 1
    if turn.beside is not None and not alone:
        at, resource_id = turn.beside
        if not isinstance(at, list) or len(at) != len(falling):
            raise _foreign()
        turn = replace(turn, beside=(key(at, falling), resource_id))
    found = walked(rows, turn, descending=alone and falling[0])
    has_more, shown = len(found) > turn.count, found[: turn.count]
    if turn.backwards:
        shown.reverse()
    return shown, page_of([_said(row) for row in shown[:1] + shown[-1:]], turn, has_more=has_more)


def _said(row: tuple[Any, ...]) -> Place:
    """The place of a row, as a link says it."""
    at, resource_id = row[0], row[1]
    if isinstance(at, tuple):
        at = [one.value if isinstance(one, Falling) else one for one in at]
    return at, resource_id


def links(base_url: str, kind: str, query: Query, turn: Turn, page: Page) -> Pages:
    """The links of the Bundle."""
    kept = tuple((name, value) for name, value in query.applied if name not in ("_count", "_offset", "_cursor"))
    counted = (*kept, ("_count", str(turn.count)))
    page_of_any = _url(base_url, kind, counted)
    others: dict[Relation, str] = {}
    if turn.count and (page.earlier or page.later):
        others["first"] = page_of_any
        if page.earlier and page.begin:
            others["previous"] = f"{page_of_any}&_cursor={quote_plus(_packed(page.begin, backwards=True))}"
        if page.later and page.end:
            others["next"] = f"{page_of_any}&_cursor={quote_plus(_packed(page.end, backwards=False))}"
    own = page_of_any if query.applied == counted else _url(base_url, kind, query.applied)
    return Pages(own, others)


def _packed(place: Place, *, backwards: bool) -> str:
    return urlsafe_b64encode(orjson.dumps([backwards, *place])).decode()


def _url(base_url: str, kind: str, applied: Sequence[tuple[str, str]]) -> str:
    return f"{base_url}/{kind}?{urlencode(applied)}".removesuffix("?")
