"""Opening hours and who is there when: the week, the days that differ, and what a change would displace."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any

from babel.dates import get_day_names
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from telemed.booking.form import day_of
from telemed.booking.model import Booking
from telemed.directory import service as directory
from telemed.directory import timetable
from telemed.directory.calendar import MIDNIGHT, Opening
from telemed.directory.model import Directory
from telemed.directory.timetable import Differs, Week
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.i18n import words
from telemed.visit import service as visit
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

routes = APIRouter()
Operator = Annotated[Actor, Depends(Needs(Right.OPERATE))]

HERE = "/betrieb/zeiten"
FEWEST = 2
"""Openings of a day for which there are fields."""
TICK_MIN = 5
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_SPAN = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")

Change = Callable[[Tx], None]


async def _form(request: Request) -> FormData:
    return await request.form()


Sent = Annotated[FormData, Depends(_form)]


@dataclass(frozen=True)
class Displaced:
    """An appointment that a change would leave without a place: when and where, and nobody's name."""

    start: datetime
    doctor: str
    room: str


class _OnlyLooked(Exception):
    """Ends a transaction in which something was tried."""


@routes.get(HERE)
def look(request: Request, centre: CentreDep, _actor: Operator) -> HTMLResponse:
    """Everybody and every room, with the hours of the week."""
    with centre.db.reading() as tx:
        found = timetable.timetables(tx)
    return centre.the(Pages).render(
        request, "operator/hours.html", timetables=found, weekdays=_weekdays(), span=_span, now=centre.clock.now()
    )


@routes.get(HERE + "/{kind}/{resource_id}")
def one(request: Request, centre: CentreDep, _actor: Operator, kind: str, resource_id: str) -> HTMLResponse:
    """One of them, to be changed. ``vorher``: the week as it was, so that a change can be taken back."""
    return _page(request, centre, kind, resource_id, before=request.query_params.get("vorher", ""))


@routes.post(HERE + "/{kind}/{resource_id}/woche")
def set_week(
    request: Request, centre: CentreDep, _actor: Operator, kind: str, resource_id: str, sent: Sent
) -> Response:
    """Look at what these hours would displace, or keep them."""
    typed = {name: str(value).strip() for name, value in sent.items()}
    week, wrong = read_week(typed)
    if wrong:
        return _page(request, centre, kind, resource_id, typed=typed, wrong=wrong, status=422)
    now = centre.clock.now()

    def change(tx: Tx) -> None:
        timetable.set_week(tx, kind, resource_id, week, now=now)

    if "save" not in typed:
        found = _would_displace(centre, change, now=now)
        return _page(request, centre, kind, resource_id, typed=typed, displaced=found, looked="woche")
    with centre.db.transaction() as tx:
        before = timetable.timetable(tx, kind, resource_id).week
        change(tx)
    return RedirectResponse(f"{HERE}/{kind}/{resource_id}?vorher={in_short(before)}", status_code=303)


@routes.post(HERE + "/{kind}/{resource_id}/ausnahme")
def add(request: Request, centre: CentreDep, _actor: Operator, kind: str, resource_id: str, sent: Sent) -> Response:
    """Look at what a closed day would displace, or keep it; also a day that is open beside the week."""
    typed = {name: str(value).strip() for name, value in sent.items()}
    now = centre.clock.now()
    with centre.db.reading() as tx:
        zone_now = now.astimezone(directory.load(tx).zone)
    differs, span, wrong = read_exception(typed, zone_now)
    if span is None:
        return _page(request, centre, kind, resource_id, typed=typed, wrong=wrong, status=422)
    start, end = span

    def change(tx: Tx) -> None:
        timetable.add(tx, kind, resource_id, differs, start, end, now=now)

    if "save" not in typed:
        found = _would_displace(centre, change, now=now)
        return _page(request, centre, kind, resource_id, typed=typed, displaced=found, looked="ausnahme")
    with centre.db.transaction() as tx:
        change(tx)
    return RedirectResponse(f"{HERE}/{kind}/{resource_id}", status_code=303)


@routes.post(HERE + "/{kind}/{resource_id}/ausnahme/{exception_id}/zuruecknehmen")
def remove(
    request: Request,
    centre: CentreDep,
    _actor: Operator,
    kind: str,
    resource_id: str,
    exception_id: str,
    sent: Sent,
) -> Response:
    """The week holds again; what was booked into an extra opening is looked at first."""
    now = centre.clock.now()

    def change(tx: Tx) -> None:
        timetable.remove(tx, kind, resource_id, exception_id, now=now)

    found = _would_displace(centre, change, now=now)
    if found and "save" not in sent:
        looked = f"ausnahme/{exception_id}/zuruecknehmen"
        return _page(request, centre, kind, resource_id, displaced=found, looked=looked)
    with centre.db.transaction() as tx:
        change(tx)
    return RedirectResponse(f"{HERE}/{kind}/{resource_id}", status_code=303)


def read_week(typed: Mapping[str, str]) -> tuple[Week, list[tuple[str, str]]]:
    """The seven days of the form, and what is wrong: (field, key). Fields are ``d0_1_from``, ``d0_1_to``, …"""
    wrong: list[tuple[str, str]] = []
    days = []
    for day in range(7):
        openings = []
        places = sorted({name.split("_")[1] for name in typed if name.startswith(f"d{day}_")})
        for place in places:
            first, last = typed.get(f"d{day}_{place}_from", ""), typed.get(f"d{day}_{place}_to", "")
            if not first and not last:
                continue
            start, end = _time(first), _time(last)
            if start is None or end is None or (end <= start and end != MIDNIGHT):
                wrong.append((f"d{day}_{place}_from", "hours.wrong.opening"))
            else:
                openings.append(Opening(start, end))
        openings.sort(key=lambda each: each.start)
        if any(a.end > b.start or a.end == MIDNIGHT for a, b in pairwise(openings)):
            wrong.append((f"d{day}_0_from", "hours.wrong.overlap"))
        days.append(tuple(openings))
    return tuple(days), wrong


def read_exception(
    typed: Mapping[str, str], zone_now: datetime
) -> tuple[Differs, tuple[datetime, datetime] | None, list[tuple[str, str]]]:
    """What the form of an exception says. Without times it is whole days; an extra opening needs times."""
    first, last = day_of(typed.get("von", "")), day_of(typed.get("bis", "") or typed.get("von", ""))
    differs = Differs.EXTRA if typed.get("art") == Differs.EXTRA else Differs.CLOSED
    starts, ends = _time(typed.get("von_zeit", "")), _time(typed.get("bis_zeit", ""))
    if first is None or last is None:
        return differs, None, [("von", "hours.wrong.day")]
    if differs is Differs.EXTRA and (starts is None or ends is None):
        return differs, None, [("von_zeit", "hours.wrong.times")]
    start = datetime.combine(first, starts or MIDNIGHT, tzinfo=zone_now.tzinfo)
    whole_days = ends is None or ends == MIDNIGHT
    end = datetime.combine(last + timedelta(days=whole_days), ends or MIDNIGHT, tzinfo=zone_now.tzinfo)
    if end <= start or end <= zone_now:
        return differs, None, [("bis", "hours.wrong.past")]
    return differs, (start, end), []


def in_short(week: Week) -> str:
    """A week in one word of an address: ``08:00-12:30,13:30-18:00;…``, seven days."""
    return ";".join(",".join(f"{one.start:%H:%M}-{one.end:%H:%M}" for one in day) for day in week)


def from_short(text: str) -> dict[str, str] | None:
    """The fields of the form for such a word; None if it is none."""
    days = text.split(";")
    if len(days) != 7:
        return None
    fields = {}
    for day, spans in enumerate(days):
        for place, span in enumerate(filter(None, spans.split(","))):
            found = _SPAN.fullmatch(span)
            if found is None:
                return None
            fields[f"d{day}_{place}_from"], fields[f"d{day}_{place}_to"] = found.groups()
    return fields


def _page(
    request: Request,
    centre: Centre,
    kind: str,
    resource_id: str,
    *,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
    **more: Any,
) -> HTMLResponse:
    now = centre.clock.now()
    with centre.db.reading() as tx:
        shown = timetable.timetable(tx, kind, resource_id)
    in_week = typed is not None and any(name.startswith("d") and name[1:2].isdecimal() for name in typed)
    before = from_short(more.pop("before", ""))
    given: dict[str, Any] = {
        "one": shown,
        "week": typed if in_week else from_short(in_short(shown.week)),
        "typed": typed or {},
        "places": max(FEWEST, *(len(day) for day in shown.week)),
        "ahead": [each for each in shown.exceptions if each.end > now],
        "before": before if before != from_short(in_short(shown.week)) else None,
        "weekdays": _weekdays(),
        "wrong": [],
        "displaced": [],
        "looked": "",
        "now": now,
        **more,
    }
    return centre.the(Pages).render(request, "operator/hours_one.html", status=status, **given)


def _would_displace(centre: Centre, change: Change, *, now: datetime) -> list[Displaced]:
    """What *change* would leave without a place, beside what is so already. It is tried, and not kept."""
    found: list[Displaced] = []
    try:
        with centre.db.transaction() as tx:
            before = directory.load(tx)
            change(tx)
            known = directory.load(tx)
            found = [_displaced(each, known) for each in visit.newly_displaced(tx, before, known, now=now)]
            raise _OnlyLooked
    except _OnlyLooked:
        return sorted(found, key=lambda each: each.start)


def _displaced(one: Booking, known: Directory) -> Displaced:
    return Displaced(one.offer.start, known.name_of(one.offer.doctor_id), known.name_of(one.offer.room_id))


def _weekdays() -> list[str]:
    names = get_day_names("wide", locale=words().language)
    return [names[day] for day in range(7)]


def _span(opening: Opening) -> str:
    end = "24:00" if opening.end == MIDNIGHT else f"{opening.end:%H:%M}"
    return words().text("hours.span", start=f"{opening.start:%H:%M}", end=end)


def _time(text: str) -> time | None:
    """A time of day on a tick; 24:00 is midnight."""
    if text == "24:00":
        return MIDNIGHT
    found = _TIME.fullmatch(text)
    if found is None or int(found[2]) % TICK_MIN:
        return None
    return time(int(found[1]), int(found[2]))
