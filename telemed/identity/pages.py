"""The one-time sign-in link of staff, and signing out."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from telemed.identity import roster, service
from telemed.identity.model import STAFF_SESSION, Right, Role
from telemed.identity.rights import SESSION_COOKIE, Needs
from telemed.web.centre import CentreDep
from telemed.web.pages import Pages

TEMPLATES = Path(__file__).parent / "templates"
routes = APIRouter(dependencies=[Depends(Needs(Right.OPEN))])

PUBLIC_KEY = r"^([A-Za-z0-9_\-]{43})?$"
"""A raw Ed25519 key in base64, or nothing."""
START_PAGES = {Role.DOCTOR: "/arzt", Role.ASSISTANT: "/assistenz", Role.OPERATOR: "/betrieb"}


@routes.get("/anmelden/{token}")
def ask(request: Request, token: str, centre: CentreDep) -> HTMLResponse:
    """A page with one button. Looking at it changes nothing: mail scanners open links too."""
    return centre.the(Pages).render(request, "identity/sign_in.html", token=token)


@routes.post("/anmelden/{token}")
def enter(token: str, centre: CentreDep, public_key: Annotated[str, Form(pattern=PUBLIC_KEY)] = "") -> RedirectResponse:
    """Exchange the link for a session, and enrol a doctor's browser; one without scripts brings no key."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        session, actor = service.sign_in(tx, token, now=now)
        if public_key and actor.role is Role.DOCTOR:
            roster.enrol(tx, actor, public_key, now=now)
    answer = RedirectResponse(START_PAGES.get(actor.role, "/"), status_code=303)
    lifetime_s = int(STAFF_SESSION.total_seconds())
    answer.set_cookie(SESSION_COOKIE, session, max_age=lifetime_s, path="/", secure=True, httponly=True, samesite="lax")
    return answer


@routes.post("/abmelden")
def leave(
    request: Request, centre: CentreDep, session: Annotated[str | None, Cookie(alias=SESSION_COOKIE)] = None
) -> HTMLResponse:
    """End the session here and in the database."""
    if session:
        with centre.db.transaction() as tx:
            service.sign_out(tx, session)
    answer = centre.the(Pages).render(request, "identity/signed_out.html")
    answer.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer
