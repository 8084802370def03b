"""What is wrong in a room: reported with three presses, and what of the plan it touches."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.booking import asking
from telemed.desk import planned, service
from telemed.desk.asked import NOTHING_WRONG, Line, Said, page
from telemed.desk.planned import Met
from telemed.directory import service as directory
from telemed.directory.model import Directory, Room
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.upkeep import service as upkeep
from telemed.upkeep.model import Defect, What
from telemed.web.centre import Centre, CentreDep

HERE = "/assistenz/maengel"
PURPOSE = "defect"
IN_THE_ROOM = "raum"
"""Something that is no device."""

routes = APIRouter()
Assistant = Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]


@dataclass(frozen=True)
class Typed:
    """*where*: the room and, behind a slash, the device or `IN_THE_ROOM`."""

    where: str = ""
    what: str = ""
    out: str = ""

    @property
    def room_id(self) -> str:
        return self.where.partition("/")[0]

    @property
    def device_id(self) -> str | None:
        device = self.where.partition("/")[2]
        return device if device and device != IN_THE_ROOM else None


def _typed(where: str = "") -> Typed:
    return Typed(where)


def _sent(
    where: Annotated[str, Form()] = "", what: Annotated[str, Form()] = "", out: Annotated[str, Form()] = ""
) -> Typed:
    return Typed(where, what, out)


Asked = Annotated[Typed, Depends(_typed)]
Sent = Annotated[Typed, Depends(_sent)]


@routes.get(HERE)
def look(request: Request, centre: CentreDep, actor: Assistant, typed: Asked) -> HTMLResponse:
    """What is reported, whom it touches, and the form."""
    return _page(request, centre, actor, typed)


@routes.post(HERE)
def report(request: Request, centre: CentreDep, actor: Assistant, typed: Sent) -> Response:
    """Where, what, and whether it may still be used. What is out of use is in no offer from now on."""
    with centre.db.transaction() as tx:
        faults = _faults(typed, {where for where, _ in _places(directory.load(tx), _rooms(tx, actor))})
        if not faults:
            out = typed.out == "yes"
            now = centre.clock.now()
            upkeep.report(tx, typed.room_id, What(typed.what), device_id=typed.device_id, is_out=out, now=now)
    if faults:
        return _page(request, centre, actor, typed, Said(faults))
    return RedirectResponse(HERE, status_code=303)


@routes.post(f"{HERE}/{{defect_id}}/behoben")
def mended(defect_id: str, centre: CentreDep, actor: Assistant) -> RedirectResponse:
    """It works again; what was moved meanwhile stays moved."""
    with centre.db.transaction() as tx:
        upkeep.mended(tx, defect_id, {room.id for room in _rooms(tx, actor)}, now=centre.clock.now())
    return RedirectResponse(HERE, status_code=303)


def _faults(typed: Typed, places: set[str]) -> dict[str, str]:
    wrong = {
        "where": typed.where not in places,
        "what": typed.what not in set(What),
        "out": typed.device_id is not None and typed.out not in ("yes", "no"),
    }
    return {name: f"defect.wrong.{name}" for name, is_wrong in wrong.items() if is_wrong}


def _rooms(tx: Tx, actor: Actor) -> list[Room]:
    return [room for room in service.rooms_of(tx, actor.subject) if room.is_claimed]


def _places(known: Directory, rooms: list[Room]) -> list[tuple[str, str]]:
    """Everything in these rooms that can be broken: what a choice sends, and the name of a device, empty for others."""
    found = []
    for room in rooms:
        found += [(f"{room.id}/{device.id}", device.name) for device in known.devices_in(room.id)]
        found.append((f"{room.id}/{IN_THE_ROOM}", ""))
    return found


@dataclass(frozen=True)
class Entry:
    """A defect as it is shown. *touched*: whose appointments need the device and must be moved."""

    defect: Defect
    room: str
    device: str
    touched: tuple[tuple[Met, Line], ...]


def _page(request: Request, centre: Centre, actor: Actor, typed: Typed, said: Said = NOTHING_WRONG) -> HTMLResponse:
    now = centre.clock.now()
    with centre.db.transaction() as tx:  # looking at whom it touches is audited
        known, rooms = directory.load(tx), _rooms(tx, actor)
        here, asker = {room.id for room in rooms}, asking.asking(tx, actor, now=now)
        to_move = [(one, why.resource_id) for one, why in planned.to_move(tx, actor=actor, now=now)]
        entries = []
        for defect in upkeep.defects(tx):
            if defect.room_id not in here:
                continue
            needing = [one for one, device in to_move if defect.is_out and device == defect.device_id]
            met = planned.met(tx, centre.secrets, needing, asker=planned.has_tasks(asker, needing), purpose=PURPOSE)
            touched = tuple((one, Line.of(one.booking.offer, known)) for one in met)
            device = known.name_of(defect.device_id) if defect.device_id else ""
            entries.append(Entry(defect, known.name_of(defect.room_id), device, touched))
    shown: dict[str, Any] = {"typed": typed, "entries": entries, "whats": list(What)}
    shown |= {"places": [(room, _places(known, [room])) for room in rooms]}
    return page(request, centre, actor, "defects.html", said, **shown)
