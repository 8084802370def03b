"""A doctor's own absences: what one would displace is shown first; what it displaced waits to be moved."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from schemas.day import WordKind
from telemed.booking import asking, form
from telemed.booking.model import Booking
from telemed.booking.planner import HORIZON
from telemed.desk import planned
from telemed.desk.asked import NOTHING_WRONG, Line, Said, page, time_of
from telemed.desk.planned import Met
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.queue import service as queue
from telemed.visit import service as visit
from telemed.web.centre import Centre, CentreDep

HERE = "/arzt/abwesend"
TO_MOVE = "/assistenz/verlegen"
PURPOSE = "absence"

routes = APIRouter()
Doctor = Annotated[Actor, Depends(Needs(Right.DOCTOR_DAY))]


@dataclass(frozen=True)
class Typed:
    """When, as typed: the first and the last day, each with a time of the wall or without."""

    von: str = ""
    von_zeit: str = ""
    bis: str = ""
    bis_zeit: str = ""

    def faults(self, zone_now: datetime) -> dict[str, str]:
        """What is wrong, by field; *zone_now* is on the wall of the quarter."""
        found: dict[str, str] = {}
        for name, key in (("von", "absence.wrong.day"), ("bis", "absence.wrong.day")):
            if form.day_of(getattr(self, name)) is None:
                found[name] = key
        for name in ("von_zeit", "bis_zeit"):
            if getattr(self, name) and time_of(getattr(self, name)) is None:
                found[name] = "absence.wrong.time"
        if found:
            return found
        start, end = self.span(zone_now)
        if end <= max(start, zone_now):
            found["bis"] = "absence.wrong.end"
        elif end - zone_now > HORIZON * 6:
            found["bis"] = "absence.wrong.far"
        return found

    def span(self, zone_now: datetime) -> tuple[datetime, datetime]:
        """From when to when; without a time from the beginning of the first day to the end of the last one."""
        first, last = form.day_of(self.von), form.day_of(self.bis)
        assert first is not None
        assert last is not None
        ends = time_of(self.bis_zeit)
        end = _on(last, ends, zone_now) if ends is not None else _on(last + timedelta(days=1), time(0), zone_now)
        return _on(first, time_of(self.von_zeit) or time(0), zone_now), end


def _on(day: date, at: time, zone_now: datetime) -> datetime:
    return datetime.combine(day, at, tzinfo=zone_now.tzinfo)


def _typed(von: str = "", von_zeit: str = "", bis: str = "", bis_zeit: str = "") -> Typed:
    return Typed(von, von_zeit, bis, bis_zeit)


def _sent(
    von: Annotated[str, Form()] = "",
    von_zeit: Annotated[str, Form()] = "",
    bis: Annotated[str, Form()] = "",
    bis_zeit: Annotated[str, Form()] = "",
) -> Typed:
    return Typed(von, von_zeit, bis, bis_zeit)


Asked = Annotated[Typed, Depends(_typed)]
Sent = Annotated[Typed, Depends(_sent)]


@routes.get(HERE)
def look(request: Request, centre: CentreDep, actor: Doctor, typed: Asked) -> HTMLResponse:
    """What is entered; and of a time that is asked for whom it would displace. Looking changes nothing."""
    return _page(request, centre, actor, typed)


@routes.post(HERE)
def enter(request: Request, centre: CentreDep, actor: Doctor, typed: Sent) -> Response:
    """She is away then. Who waits now is told at once; whom it displaces is on the list to be moved."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        zone_now = now.astimezone(directory.load(tx).zone)
        faults = typed.faults(zone_now)
        if not faults:
            start, end = typed.span(zone_now)
            directory.add_absence(tx, actor.subject, start, end, now=now)
            if start <= now:
                queue.give_word(tx, actor.subject, WordKind.INTERRUPTED, now=now)
            displaced = bool(planned.to_move(tx, actor=actor, now=now))
    if faults:
        return _page(request, centre, actor, typed, Said(faults))
    return RedirectResponse(TO_MOVE if displaced else HERE, status_code=303)


@routes.post(f"{HERE}/{{absence_id}}/zuruecknehmen")
def take_back(absence_id: str, centre: CentreDep, actor: Doctor) -> RedirectResponse:
    """She is there after all; what was moved meanwhile stays moved."""
    with centre.db.transaction() as tx:
        directory.remove_absence(tx, actor.subject, absence_id, now=centre.clock.now())
    return RedirectResponse(HERE, status_code=303)


def displaced(tx: Tx, known: Directory, doctor_id: str, typed: Typed, *, now: datetime) -> list[Booking]:
    """What an absence would displace beside what must be moved anyway."""
    away = known.without(doctor_id, typed.span(now.astimezone(known.zone)))
    return visit.newly_displaced(tx, known, away, now=now)


def _page(request: Request, centre: Centre, actor: Actor, typed: Typed, said: Said = NOTHING_WRONG) -> HTMLResponse:
    now, is_asked = centre.clock.now(), bool(typed.von or typed.bis)
    with centre.db.transaction() as tx:  # looking at whom it would displace is audited
        known = directory.load(tx)
        zone_now = now.astimezone(known.zone)
        said = Said(typed.faults(zone_now)) if is_asked and not said.faults else said
        preview, found = is_asked and not said.faults, list[Met]()
        if preview:
            others = displaced(tx, known, actor.subject, typed, now=now)
            found = planned.met(tx, centre.secrets, others, asker=asking.asking(tx, actor, now=now), purpose=PURPOSE)
        own = [one for one in directory.absences(tx, actor.subject) if one.end > now]
    shown: dict[str, Any] = {"typed": typed, "preview": preview, "absences": own, "today": zone_now}
    shown |= {"displaced": [(one, Line.of(one.booking.offer, known)) for one in found]}
    shown |= {"span": typed.span(zone_now) if preview else None, "tomorrow": zone_now + timedelta(days=1)}
    return page(request, centre, actor, "absence.html", said, **shown)
