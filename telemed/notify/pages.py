"""Where notices lead: the link in them, the call list of the assistants, and a browser that wishes to be told."""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

from babel import Locale
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, StringConstraints

from telemed.booking import access
from telemed.identity.model import WAITING, Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.i18n import link_in, words
from telemed.notify import browsers, calls, delivery, service
from telemed.notify.carriers import Carriers
from telemed.notify.push import Subscription
from telemed.web.centre import CentreDep
from telemed.web.pages import Pages

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"
LIST = "/assistenz/anrufe"

routes = APIRouter()
Anyone = Depends(Needs(Right.OPEN))
Resident = Annotated[Actor, Depends(Needs(Right.OWN_APPOINTMENT))]
Assistant = Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]


@routes.get("/n/{token}", dependencies=[Anyone])
def ask(request: Request, token: str, centre: CentreDep) -> Response:
    """A page with one button, the same for every token. Looking changes nothing: mail scanners open links too.

    What stands behind the token is the language in which the notice was.
    """
    bare, separated, language = token.partition(delivery.IN)
    if separated:
        return RedirectResponse(link_in(f"{delivery.LINK_PATH}{quote(bare)}", language), status_code=303)
    return centre.the(Pages).render(request, "notify/link.html", token=token)


@routes.post("/n/{token}", dependencies=[Anyone])
def enter(token: str, centre: CentreDep) -> RedirectResponse:
    """Exchange a notice's link for a session."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        opened = service.by_link(tx, token, now=now)
        subject = f"{WAITING}{opened.subject_id}" if opened.is_waiting else opened.subject_id
        session = access.open_session(tx, subject, now=now)
    return access.signed_in(session, "/warteliste" if opened.is_waiting else "/mein-termin")


@routes.get(LIST)
def call_list(request: Request, centre: CentreDep, actor: Assistant) -> HTMLResponse:
    """Whom to call, and what to say."""
    now, desk = centre.clock.now(), centre.the(Carriers).desk
    with centre.db.transaction() as tx:
        found = calls.calls(tx, desk, actor=actor, now=now)
        version = calls.version(tx, actor.subject, now=now)
    shown: dict[str, Any] = {"calls": found, "version": version, "language_name": _language_name}
    return centre.the(Pages).render(request, "notify/calls.html", **shown)


def _language_name(code: str) -> str:
    return str(Locale.parse(code.partition("-")[0]).get_language_name(words().language))


@routes.get(LIST + "/stand")
def call_version(centre: CentreDep, actor: Assistant) -> dict[str, str | float]:
    """Whether the list is still true, without a name."""
    with centre.db.reading() as tx:
        version = calls.version(tx, actor.subject, now=centre.clock.now())
    return {"version": version, "offset_s": centre.clock.offset.total_seconds()}


@routes.post(LIST + "/{notice_id}/{what}")
def note(
    notice_id: str, what: Literal["gesagt", "nicht-erreicht"], centre: CentreDep, actor: Assistant
) -> RedirectResponse:
    """What came of a call."""
    done = calls.told if what == "gesagt" else calls.not_reached
    with centre.db.transaction() as tx:
        done(tx, notice_id, assistant_id=actor.subject, now=centre.clock.now())
    return RedirectResponse(LIST, status_code=303)


Text = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class Keys(BaseModel):
    p256dh: Text
    auth: Text


class Browser(BaseModel):
    """A ``PushSubscription`` as browsers write it (Push API, 8.1)."""

    endpoint: Text
    keys: Keys


@routes.get("/mein-termin/nachrichten")
def push_key(centre: CentreDep, _actor: Resident) -> dict[str, str]:
    """The key that a browser subscribes with; empty: this centre sends no web push."""
    return {"key": browsers.public_key(centre.the(Carriers))}


@routes.post("/mein-termin/nachrichten", status_code=204)
def subscribe(browser: Browser, centre: CentreDep, actor: Resident) -> Response:
    """This browser wishes to be told."""
    wished = Subscription(browser.endpoint, browser.keys.p256dh, browser.keys.auth)
    carriers = centre.the(Carriers)
    with centre.db.transaction() as tx:
        browsers.subscribe(tx, carriers, wished, actor=actor, now=centre.clock.now())
    return Response(status_code=204)


@routes.post("/mein-termin/nachrichten/aus", status_code=204)
def unsubscribe(browser: Browser, centre: CentreDep, actor: Resident) -> Response:
    """And not any more."""
    with centre.db.transaction() as tx:
        browsers.unsubscribe(tx, browser.endpoint, actor=actor)
    return Response(status_code=204)
