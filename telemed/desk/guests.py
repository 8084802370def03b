"""Guests of a visit: who may invite whom, and the page to which an invitation leads."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel

from telemed.booking import service as booking
from telemed.booking.model import Booking
from telemed.desk import service
from telemed.directory import service as directory
from telemed.identity import invitations
from telemed.identity.model import Actor, Invitation, LinkUsed, Right
from telemed.identity.rights import GUEST_COOKIE, Needs, guest_of
from telemed.kit.db import Tx
from telemed.visit import service as visit
from telemed.visit.model import Door
from telemed.web.centre import CentreDep
from telemed.web.pages import Pages

routes = APIRouter()
Host = Annotated[Actor, Depends(Needs(Right.PLAN))]
Assistant = Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]
Guest = Annotated[Actor, Depends(Needs(Right.BE_GUEST))]
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]
MaybeGuest = Annotated[Actor, Depends(guest_of)]

CREATED = 201


class Asked(BaseModel):
    """As what somebody is invited."""

    role: Literal["relative", "interpreter", "colleague", "organiser"]


class Made(BaseModel):
    """An invitation; *path* is told once. The page that asked adds what stands behind the ``#``: no server sees it."""

    id: str
    role: str
    used: bool = False
    path: str = ""


@routes.post("/besuch/{visit_id}/einladungen", status_code=CREATED)
def invite(visit_id: str, asked: Asked, centre: CentreDep, actor: Host) -> Made:
    """Invite somebody into this visit, in one role, once."""
    with centre.db.transaction() as tx:
        made, token = service.invite_guest(tx, visit_id, asked.role, actor=actor, now=centre.clock.now())
    return Made(id=made.id, role=made.role, path=f"/gast/{token}")


@routes.get("/besuch/{visit_id}/einladungen")
def invited(visit_id: str, centre: CentreDep, actor: Host) -> list[Made]:
    """Who was invited and has not been uninvited."""
    with centre.db.reading() as tx:
        service.check_host(tx, visit_id, actor=actor, now=centre.clock.now())
        return [Made(id=one.id, role=one.role, used=one.used) for one in invitations.invitations_of(tx, visit_id)]


@routes.post("/besuch/{visit_id}/einladungen/{invitation_id}/zurueck", status_code=204)
def take_back(visit_id: str, invitation_id: str, centre: CentreDep, actor: Host) -> None:
    """Uninvite; whoever has come by it is sent out."""
    with centre.db.transaction() as tx:
        service.uninvite(tx, visit_id, invitation_id, actor=actor, now=centre.clock.now())


@routes.get("/assistenz/besuch/{visit_id}/einladen")
def invite_page(request: Request, visit_id: str, centre: CentreDep, actor: Assistant) -> HTMLResponse:
    """The assistant invites somebody for the resident who asks for it."""
    with centre.db.reading() as tx:
        found = service.check_host(tx, visit_id, actor=actor, now=centre.clock.now())
        name = directory.load(tx).name_of(found.offer.doctor_id)
    shown: dict[str, Any] = {"visit": found, "doctor_name": name}
    return centre.the(Pages).render(request, "desk/invite.html", **shown)


@routes.get("/gast")
def page(request: Request, centre: CentreDep, actor: Guest) -> HTMLResponse:
    """Name, camera and microphone, waiting, and the talk; the name stays in the page."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        shown = _shown(tx, invitations.invitation(tx, actor.subject, now=now), now=now)
    return centre.the(Pages).render(request, "desk/guest.html", **shown)


@routes.get("/gast/stand")
def standing(centre: CentreDep, actor: Guest) -> dict[str, str]:
    """Whether one can come in now."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        invitation = invitations.invitation(tx, actor.subject, now=now)
        door = visit.door(tx, booking.get(tx, invitation.visit_id), now=now)
    return {"door": door.value}


@routes.post("/gast/verlassen", status_code=204)
def forget(centre: CentreDep, actor: Guest) -> Response:
    """Leave for good: the link works once, so whoever uses this browser next does not come in by it."""
    with centre.db.transaction() as tx:
        found = invitations.invitation(tx, actor.subject, now=centre.clock.now())
        invitations.take_back(tx, found.id, visit_id=found.visit_id, now=centre.clock.now())
    answer = Response(status_code=204)
    answer.delete_cookie(GUEST_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer


@routes.get("/gast/{token}")
def look(request: Request, token: str, centre: CentreDep, _actor: Anyone, guest: MaybeGuest) -> Response:
    """A page with one button. Looking at it changes nothing: mail scanners open links too."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        found = invitations.look_at(tx, token, now=now)
        if found.used and guest.subject != found.id:
            raise LinkUsed
        shown = _shown(tx, found, now=now)
    if found.used:
        return RedirectResponse("/gast", status_code=303)
    return centre.the(Pages).render(request, "desk/guest_link.html", token=token, **shown)


@routes.post("/gast/{token}")
def redeem(token: str, centre: CentreDep, _actor: Anyone) -> Response:
    """Exchange the link for a session that opens this visit and nothing else."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        session, found = service.redeem_invitation(tx, token, now=now)
    lasts_s = int((found.expires_at - now).total_seconds())
    answer = RedirectResponse("/gast", status_code=303)
    answer.set_cookie(GUEST_COOKIE, session, max_age=lasts_s, path="/", secure=True, httponly=True, samesite="lax")
    return answer


@dataclass(frozen=True)
class Way:
    """What the guest's page needs of the centre: where it asks, and as whom it joins."""

    visit: Booking
    role: str
    poll: str
    door: Door


def _shown(tx: Tx, found: Invitation, *, now: datetime) -> dict[str, Any]:
    known, booked = directory.load(tx), booking.get(tx, found.visit_id)
    way = Way(booked, found.role, "/gast/stand", visit.door(tx, booked, now=now))
    return {"way": way, "known": known, "doctor_name": known.name_of(booked.offer.doctor_id)}
