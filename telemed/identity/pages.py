"""The one-time sign-in link of staff, and signing out."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from telemed.identity import service
from telemed.identity.model import STAFF_SESSION, Right, Role
from telemed.identity.rights import SESSION_COOKIE, Needs
from telemed.web.centre import CentreDep
from telemed.web.pages import Pages

TEMPLATES = Path(__file__).parent / "templates"
routes = APIRouter(dependencies=[Depends(Needs(Right.OPEN))])

START_PAGES = {Role.DOCTOR: "/arzt", Role.ASSISTANT: "/assistenz", Role.OPERATOR: "/betrieb"}


@routes.get("/anmelden/{token}")
def ask(request: Request, token: str, centre: CentreDep) -> HTMLResponse:
    """A page with one button. Looking at it changes nothing: mail scanners open links too."""
    return centre.the(Pages).render(request, "identity/sign_in.html", token=token)


@routes.post("/anmelden/{token}")
def enter(token: str, centre: CentreDep) -> RedirectResponse:
    """Exchange the link for a session."""
    with centre.db.transaction() as tx:
        session, actor = service.sign_in(tx, token, now=centre.clock.now())
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
