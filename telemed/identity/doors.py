"""What the pages at the door share: where they lead, the session's cookie, to whom passkeys are given."""

from urllib.parse import urlsplit

from fastapi.responses import RedirectResponse, Response

from telemed.identity.client_model import TOKEN_PATH
from telemed.identity.model import STAFF_SESSION, Actor, Role
from telemed.identity.passkeys import House
from telemed.identity.rights import SESSION_COOKIE, SIGN_IN
from telemed.kit.i18n import words
from telemed.web.centre import Centre
from telemed.web.origins import Area

PAPER = "/anmelden/papier"
"""Where a code from paper is taken."""
START_PAGES = {Role.DOCTOR: "/arzt", Role.ASSISTANT: "/assistenz", Role.OPERATOR: "/betrieb"}


def house_of(centre: Centre) -> House:
    """Passkeys are for the name by which staff know the centre."""
    return House.of(centre.url(Area.STAFF), words().text("web.program.telemed"))


def own_path(asked: str) -> str:
    """*asked* if it is a path of this site, else nothing: nobody is led away by a link."""
    parts = urlsplit(asked)
    ours = asked.startswith("/") and not parts.scheme and not parts.netloc and asked.isprintable()
    return asked if ours and "\\" not in asked and not asked.startswith("//") else ""


def taken_to(actor: Actor, asked: str = "") -> RedirectResponse:
    """On to the page that was asked for, or to where this role begins."""
    return RedirectResponse(own_path(asked) or START_PAGES.get(actor.role, "/"), status_code=303)


def with_session(answer: RedirectResponse, session: str) -> RedirectResponse:
    """The same, with the session's cookie."""
    lasts = int(STAFF_SESSION.total_seconds())
    answer.set_cookie(SESSION_COOKIE, session, max_age=lasts, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def as_json(text: str) -> Response:
    """JSON that is text already."""
    return Response(text, media_type="application/json")


def link_of(centre: Centre, token: str) -> str:
    """A one-time link. Behind the #, which no server sees: the key that a browser shall take as the operator's."""
    pinned = f"#{centre.operator_keys[0]}" if centre.operator_keys else ""
    return f"{centre.url(Area.STAFF)}{SIGN_IN}/{token}{pinned}"


def token_address(centre: Centre) -> str:
    """Where programs get their access tokens, and what the signature with which they ask is for."""
    return centre.url(Area.PROGRAMS) + TOKEN_PATH
