"""Signing in with the account that staff have in their house, if the operator set one (OpenID Connect)."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Cookie, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from telemed.identity import oidc, roster, signed_in
from telemed.identity.doors import own_path, taken_to, with_session
from telemed.identity.model import Actor, Right, Role
from telemed.identity.oidc import BACK, Provider
from telemed.identity.pages import Key, open_session
from telemed.identity.rights import Needs, real_time, signed_in_of
from telemed.identity.staff_model import Way
from telemed.kit.refusal import NotFound
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

routes = APIRouter()
OPEN = [Depends(Needs(Right.OPEN))]
HOUSE, KEY_PAGE = "/anmelden/haus", "/konto/schluessel"
COOKIE = "__Host-haus"


def _provider(centre: Centre) -> Provider:
    """
    Raises:
        NotFound: the operator set none.
    """
    found: Provider | None = centre.live.get(Provider)
    if found is None:
        raise NotFound
    return found


@routes.get(HOUSE, dependencies=OPEN)
def leave(centre: CentreDep, weiter: str = "", neu: bool = False) -> RedirectResponse:
    """To the house's own sign-in. What is needed on the way back the browser carries, sealed."""
    now = centre.clock.now()
    url, sealed = oidc.leave(_provider(centre), centre.secrets, then=own_path(weiter), anew=neu, now=now)
    answer = RedirectResponse(url, status_code=303)
    lasts = int(oidc.ON_THE_WAY.total_seconds())
    answer.set_cookie(COOKIE, sealed, max_age=lasts, path="/", secure=True, httponly=True, samesite="lax")
    return answer


@routes.get(BACK, dependencies=OPEN)
def come_back(
    request: Request, centre: CentreDep, sealed: Annotated[str, Cookie(alias=COOKIE)] = ""
) -> RedirectResponse:
    """Let in whom the house knows and an operator has taken in. The code that comes with her works once, over there."""
    provider, now, real = _provider(centre), centre.clock.now(), real_time(centre)
    said = oidc.come_back(provider, centre.secrets, sealed, request.query_params, now=now, real=real)
    with centre.db.transaction() as tx:
        actor, fresh = oidc.of_staff(tx, said), oidc.is_fresh(said, real)
        here = signed_in_of(request)
        if here and here.session.actor == actor and fresh:
            session = signed_in.prove_anew(tx, here.session, here.token, real=real)
        else:
            session = open_session(tx, request, centre, actor, Way.OIDC, fresh=fresh)
    led = RedirectResponse(f"{KEY_PAGE}?{urlencode({'weiter': said.then})}", 303) if actor.role is Role.DOCTOR else None
    answer = with_session(led or taken_to(actor, said.then), session)
    answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer


Doctor = Annotated[Actor, Depends(Needs(Right.JOIN_VISIT))]


@routes.get(KEY_PAGE)
def ask_key(request: Request, centre: CentreDep, _me: Doctor, weiter: str = "") -> HTMLResponse:
    """The page's script brings the key of a doctor's browser by itself, since the house cannot."""
    return centre.the(Pages).render(request, "identity/key.html", weiter=own_path(weiter))


@routes.post(KEY_PAGE)
def take_key(
    centre: CentreDep,
    me: Annotated[Actor, Depends(Needs(Right.JOIN_VISIT, fresh=True))],
    public_key: Key = "",
    weiter: Annotated[str, Form()] = "",
) -> RedirectResponse:
    """Enrol it; the operator signs it before any call trusts it."""
    if public_key:
        with centre.db.transaction() as tx:
            roster.enrol(tx, me, public_key, now=centre.clock.now(), by_link=False)
    return taken_to(me, weiter)
