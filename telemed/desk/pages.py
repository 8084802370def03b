"""The doctor's day and call, and the assistant's tablet."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.desk import (
    absences,
    agreeing,
    closing,
    emergencies,
    emergency,
    fetching,
    for_others,
    help_pages,
    helping,
    line,
    model,
    naming,
    own_data,
    planned,
    relatives,
    service,
)
from telemed.desk.model import Alarm, OwnWord, RoomDay
from telemed.desk.practice import PracticeServers
from telemed.directory import service as directory
from telemed.directory.model import Room
from telemed.identity import service as identity
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.refusal import NotFound
from telemed.link.service import Lines
from telemed.people import consents
from telemed.queue import service as queue
from telemed.visit import service as visit
from telemed.web.centre import Centre, CentreDep
from telemed.web.modules import modules
from telemed.web.pages import BERLIN, Pages
from telemed.web.pages import STATIC as WEB_STATIC
from telemed.web.security import reach

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"

routes = APIRouter()
routes.include_router(emergency.routes)
routes.include_router(line.routes)
routes.include_router(naming.routes)
routes.include_router(help_pages.routes)
routes.include_router(closing.routes)
routes.include_router(absences.routes)
routes.include_router(agreeing.routes)
routes.include_router(own_data.routes)
routes.include_router(relatives.routes)
routes.include_router(for_others.routes)
Doctor = Annotated[Actor, Depends(Needs(Right.DOCTOR_DAY))]
Caller = Annotated[Actor, Depends(Needs(Right.JOIN_VISIT))]
Assistant = Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)


def _doctor_days(tx: Tx, centre: Centre, actor: Actor, now: datetime) -> list[RoomDay]:
    return service.doctor_days(tx, actor.subject, lines=centre.the(Lines), clock=centre.clock, now=now)


def _room_day(tx: Tx, centre: Centre, room_id: str, now: datetime) -> RoomDay:
    return service.room_day(tx, room_id, lines=centre.the(Lines), clock=centre.clock, now=now)


def _standing(centre: Centre, days: list[RoomDay], to_call: int, word: OwnWord | None = None) -> dict[str, str | float]:
    """What a page asks every 2 s: its version, and where the exercise clock is."""
    return {"version": model.version(days, to_call, word), "offset_s": centre.clock.offset.total_seconds()}


def _word(tx: Tx, actor: Actor, now: datetime) -> OwnWord | None:
    return model.own_word(queue.word_of(tx, actor.subject, now=now), now)


@routes.get("/arzt")
def doctor_day(request: Request, centre: CentreDep, actor: Doctor) -> HTMLResponse:
    """Who is next, since when they wait, and whether the room is ready."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        days = _doctor_days(tx, centre, actor, now)
        people = service.people(tx, centre.secrets, model.visit_ids(days), actor=actor, now=now)
        tasks, word = planned.tasks(tx, actor=actor, now=now), _word(tx, actor, now)
        acted = relatives.acted(tx, centre, model.visit_ids(days), actor=actor, now=now)
        closes = closing.closing(tx, request, centre, days, actor=actor, now=now)
    shown: dict[str, Any] = {"people": people, "obstacle": model.call_obstacle(days), "is_assistant": False}
    shown["acted"] = acted
    shown |= {"closing": closes, "agenda": model.agenda(days), "over": model.over(days)}
    shown |= {"tasks": tasks, "version": model.version(days, tasks.to_call, word), "word": word}
    return centre.the(Pages).render(request, "desk/doctor.html", days=days, now=now, **shown)


@routes.get("/arzt/stand")
def doctor_version(centre: CentreDep, actor: Doctor) -> dict[str, str | float]:
    """Whether the page is still true; without a name, so that asking every 2 s reads nothing personal."""
    with centre.db.reading() as tx:
        now = centre.clock.now()
        days, word = _doctor_days(tx, centre, actor, now), _word(tx, actor, now)
        to_call = planned.to_call(tx, now=now)
    return _standing(centre, days, to_call, word)


@routes.post("/arzt/aufrufen")
def call_next(centre: CentreDep, actor: Caller) -> RedirectResponse:
    """Call whoever is next, and go to the call."""
    with centre.db.transaction() as tx:
        called = queue.call_next(tx, doctor_id=actor.subject, now=centre.clock.now(), clock=centre.clock)
    return _to(f"/arzt/besuch/{called.visit_id}?sofort=1")


@routes.get("/arzt/besuch/{visit_id}")
def call(request: Request, visit_id: str, centre: CentreDep, actor: Caller) -> Response:
    """The call; where the person said no to it, what was said about consent."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        own = visit.admit(tx, visit_id, actor, now=now)
        agreed = agreeing.asked(consents.current(tx, own.person_id))
        if agreeing.is_refused(agreed):
            return _to(agreeing.page_of(visit_id))
        day, row = model.find(_doctor_days(tx, centre, actor, now), visit_id)
        people = service.people(tx, centre.secrets, [visit_id], actor=actor, now=now)
        place = directory.load(tx).rooms[day.room_id]
    address = centre.the(PracticeServers).of(actor.subject)
    if address:
        reach(request.scope, address)
    shown: dict[str, Any] = {"day": day, "row": row, "person": people.get(visit_id), "practice_fhir": address}
    shown |= {"place": place, "room_phone": place.phone, "modules": visit_modules(), "agreed": agreed}
    return centre.the(Pages).render(request, "desk/visit.html", **shown)


@cache
def visit_modules() -> tuple[str, ...]:
    """All scripts of the call, for the browser to ask for at once."""
    return modules("/static/desk/js/visit.js", {"/static/desk/": STATIC, "/static/": WEB_STATIC})


@routes.post("/arzt/besuch/{visit_id}/ende")
def end(visit_id: str, centre: CentreDep, actor: Caller) -> RedirectResponse:
    """Farewell."""
    with centre.db.transaction() as tx:
        service.end_visit(tx, visit_id, actor, now=centre.clock.now())
    return _to("/arzt")


@routes.get("/assistenz")
def first_room(request: Request, centre: CentreDep, actor: Assistant) -> HTMLResponse:
    """The assistant's first room."""
    with centre.db.reading() as tx:
        rooms = service.rooms_of(tx, actor.subject)
    return _room_page(request, centre, actor, rooms=rooms, room_id=rooms[0].id if rooms else "")


@routes.get("/assistenz/raum/{room_id}")
def one_room(request: Request, room_id: str, centre: CentreDep, actor: Assistant) -> HTMLResponse:
    """One room of the assistant's."""
    with centre.db.reading() as tx:
        rooms = service.rooms_of(tx, actor.subject)
    return _room_page(request, centre, actor, rooms=rooms, room_id=room_id)


def _room_page(request: Request, centre: Centre, actor: Actor, *, rooms: list[Room], room_id: str) -> HTMLResponse:
    if room_id not in {room.id for room in rooms}:
        raise NotFound
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        day = _room_day(tx, centre, room_id, now)
        people = service.people(tx, centre.secrets, model.visit_ids([day]), actor=actor, now=now)
        tasks = planned.tasks(tx, actor=actor, now=now)
        alarms = _alarms(tx, centre, actor, now)
        calls = emergencies.of_assistant(tx, actor.subject, now=now)
        fetch = fetching.of_assistant(tx, actor.subject, now=now)
        agreed = agreeing.still_open(tx, model.visit_ids([day]))
        acted = relatives.acted(tx, centre, model.visit_ids([day]), actor=actor, now=now)
        helps, come_at = helping.of_actor(tx, actor, now=now), service.asked_to_come(tx, model.visit_ids([day]))
    shown: dict[str, Any] = {"day": day, "people": people, "rooms": rooms, "tasks": tasks, "is_assistant": True}
    shown |= {"version": model.version([day], tasks.calls), "alarms": alarms, "emergencies": calls, "come_at": come_at}
    shown |= {
        "consent_open": agreed,
        "acted": acted,
        "fetch": fetch,
        "help_calls": helps,
        "late_minutes": model.LATE_MINUTES,
    }
    shown |= {"room_code": identity.room_code(centre.secrets, room_id, now.astimezone(BERLIN).date())}
    return centre.the(Pages).render(request, "desk/assistant.html", now=now, **shown)


def _alarms(tx: Tx, centre: Centre, actor: Actor, now: datetime) -> list[Alarm]:
    return service.alarms(tx, actor.subject, lines=centre.the(Lines), clock=centre.clock, now=now)


@routes.get("/assistenz/alarm")
def alarm(
    request: Request, centre: CentreDep, actor: Annotated[Actor, Depends(Needs(Right.ROOM_DAY, watching=True))]
) -> HTMLResponse:
    """Who calls for help and what is to be mended now in all her rooms: a piece of a page, without a name."""
    with centre.db.reading() as tx:
        alarms = _alarms(tx, centre, actor, centre.clock.now())
        calls = emergencies.of_assistant(tx, actor.subject, now=centre.clock.now())
        fetch = fetching.of_assistant(tx, actor.subject, now=centre.clock.now())
        helps = helping.of_actor(tx, actor, now=centre.clock.now())
    shown: dict[str, Any] = {"alarms": alarms, "emergencies": calls, "fetch": fetch, "help_calls": helps}
    return centre.the(Pages).render(request, "desk/_alarms.html", **shown)


@routes.get("/assistenz/raum/{room_id}/stand")
def room_version(room_id: str, centre: CentreDep, actor: Assistant) -> dict[str, str | float]:
    """Whether the page is still true, without a name."""
    with centre.db.reading() as tx:
        if room_id not in {room.id for room in service.rooms_of(tx, actor.subject)}:
            raise NotFound
        now = centre.clock.now()
        day = _room_day(tx, centre, room_id, now)
        to_call = planned.to_call(tx, now=now) + planned.to_phone(tx, actor, now=now)
    return _standing(centre, [day], to_call)
