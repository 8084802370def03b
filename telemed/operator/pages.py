"""The operator's page: rooms and machines, pairing codes, the exercise clock."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from babel.dates import get_day_names
from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from schemas.day import MachineKind
from schemas.trust import SignedRoster
from telemed.identity import roster
from telemed.identity import service as identity
from telemed.identity.model import PAIRING_CODE, Actor, Right, RosterRefused
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.i18n import words
from telemed.kit.refusal import Refusal
from telemed.link.service import Lines
from telemed.notify import service as notify
from telemed.operator import model, service
from telemed.operator.model import STEPS_MINUTES, RoomView, RosterView
from telemed.queue import service as queue
from telemed.signalling import service as signalling
from telemed.signalling.model import Refusals
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

TEMPLATES = Path(__file__).parent / "templates"

routes = APIRouter()
Operator = Annotated[Actor, Depends(Needs(Right.OPERATE))]


@routes.get("/betrieb")
def overview(request: Request, centre: CentreDep, _actor: Operator) -> HTMLResponse:
    """Is all well?"""
    with centre.db.reading() as tx:
        return _page(request, centre, tx)


@dataclass(frozen=True)
class Seen:
    """What the page shows that keeps itself fresh."""

    rooms: list[RoomView]
    roster: RosterView
    refusals: tuple[Refusals, ...]
    notices: notify.Figures
    quality: queue.Quality | None

    @property
    def version(self) -> str:
        return model.version(self.rooms, self.roster, self.refusals, self.notices, self.quality)


def _seen(centre: Centre, tx: Tx) -> Seen:
    now = centre.clock.now()
    return Seen(
        rooms=service.rooms(tx, centre.the(Lines), now=now),
        roster=service.roster_view(tx, centre.operator_keys, now=now - centre.clock.offset),
        refusals=signalling.refusals(tx),
        notices=notify.figures(tx, now=now),
        quality=queue.quality(tx),
    )


def _page(request: Request, centre: Centre, tx: Tx, **more: Any) -> HTMLResponse:
    now, seen = centre.clock.now(), _seen(centre, tx)
    shown: dict[str, Any] = {
        "rooms": seen.rooms,
        "roster": seen.roster,
        "refusals": seen.refusals,
        "refused_lately": model.refused_lately(seen.refusals, now),
        "notices": seen.notices,
        "quality": seen.quality,
        "version": seen.version,
        "kinds": [kind.value for kind in MachineKind],
        "steps": STEPS_MINUTES if centre.exercise else (),
        "unmet": service.unmet(tx),
        "weekdays": get_day_names("wide", locale=words().language),
        "now": now,
        "code": None,
        **more,
    }
    return centre.the(Pages).render(request, "operator/overview.html", **shown)


@routes.get("/betrieb/stand")
def version(centre: CentreDep, _actor: Operator) -> dict[str, str | float]:
    """Whether the page is still as it was shown, and where the exercise clock is."""
    with centre.db.reading() as tx:
        seen = _seen(centre, tx)
    return {"version": seen.version, "offset_s": centre.clock.offset.total_seconds()}


@routes.get("/betrieb/kopplung")
def no_pairing(_actor: Operator) -> RedirectResponse:
    """A code is shown once; whoever looks at its address again finds the overview."""
    return RedirectResponse("/betrieb", status_code=303)


@routes.post("/betrieb/kopplung")
def new_pairing(
    request: Request,
    centre: CentreDep,
    _actor: Operator,
    room_id: Annotated[str, Form()],
    kind: Annotated[MachineKind, Form()],
) -> HTMLResponse:
    """Show a new pairing code, once; only its hash is kept."""
    with centre.db.transaction() as tx:
        code = service.new_pairing(tx, kind=kind.value, room_id=room_id, now=centre.clock.now())
    minutes = int(PAIRING_CODE / timedelta(minutes=1))
    with centre.db.reading() as tx:
        return _page(request, centre, tx, code=code, code_kind=kind.value, code_room=room_id, code_minutes=minutes)


@routes.post("/betrieb/maschinen/{machine_id}/sperren")
def revoke(machine_id: str, centre: CentreDep, _actor: Operator) -> RedirectResponse:
    """Shut a machine out, at once."""
    with centre.db.transaction() as tx:
        identity.revoke(tx, machine_id, now=centre.clock.now())
    return RedirectResponse("/betrieb", status_code=303)


@routes.post("/betrieb/schluessel/sperren")
def revoke_browser(centre: CentreDep, _actor: Operator, public_key: Annotated[str, Form()]) -> RedirectResponse:
    """Leave a doctor's browser out of the next roster."""
    with centre.db.transaction() as tx:
        roster.revoke_key(tx, public_key, now=centre.clock.now())
    return RedirectResponse("/betrieb#roster", status_code=303)


@routes.post("/betrieb/roster")
def publish(centre: CentreDep, _actor: Operator, signed: Annotated[UploadFile, File()]) -> RedirectResponse:
    """Take in the list that the operator has signed on his own machine."""
    try:
        read = SignedRoster.model_validate_json(signed.file.read())
    except ValidationError:
        raise RosterRefused from None
    with centre.db.transaction() as tx:
        roster.publish(tx, read, centre.operator_keys, now=centre.clock.now())
    return RedirectResponse("/betrieb#roster", status_code=303)


class UnknownStep(Refusal):
    """The clock is moved by one of the offered steps."""


@routes.post("/betrieb/uhr")
def forward(centre: CentreDep, _actor: Operator, minutes: Annotated[int, Form()]) -> RedirectResponse:
    """Move the exercise clock forward; refused in real life."""
    if minutes not in STEPS_MINUTES:
        raise UnknownStep
    with centre.db.transaction() as tx:
        service.forward(tx, centre.clock, timedelta(minutes=minutes))
    return RedirectResponse("/betrieb", status_code=303)
