"""Signing in: staff by a passkey, the first time by a one-time link; with a code on paper; signing out."""

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Cookie, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.identity import passkeys, roster, service, signed_in, staff
from telemed.identity.doors import PAPER, as_json, house_of, own_path, taken_to, with_session
from telemed.identity.model import Actor, Right, Role
from telemed.identity.oidc import Provider
from telemed.identity.passkeys import For
from telemed.identity.rights import SESSION_COOKIE, SIGN_IN, Needs, real_time
from telemed.identity.staff import RecoveryTries
from telemed.identity.staff_model import CodeWrong, PasskeyRefused, Way, browser_named
from telemed.kit.db import Tx
from telemed.kit.ids import digest
from telemed.kit.tries import place_of
from telemed.web.account import ACCOUNT
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

TEMPLATES = Path(__file__).parent / "templates"
routes = APIRouter(dependencies=[Depends(Needs(Right.OPEN))])

PUBLIC_KEY = r"^([A-Za-z0-9_\-]{43})?$"
"""A raw Ed25519 key in base64, or nothing."""
Key = Annotated[str, Form(pattern=PUBLIC_KEY)]
Answer = Annotated[str, Form(max_length=16_384)]
"""What the authenticator said, as JSON."""


@routes.get(SIGN_IN)
def ask(request: Request, centre: CentreDep, weiter: str = "", grund: str = "") -> HTMLResponse:
    """One button; the authenticator says who it is."""
    shown: dict[str, Any] = {"weiter": own_path(weiter), "has_ended": grund == "ende", "house": Provider in centre.live}
    return centre.the(Pages).render(request, "identity/sign_in.html", **shown)


@routes.post(f"{SIGN_IN}/frage")
def question(centre: CentreDep, public_key: Key = "") -> Response:
    """What an authenticator is asked. Nothing is kept of it."""
    asked = passkeys.new_question(centre.secrets, For.SIGN_IN, (public_key,), now=centre.clock.now())
    return as_json(passkeys.options_to_ask(house_of(centre), asked))


@routes.post(SIGN_IN)
def come_in(
    request: Request, centre: CentreDep, answer: Answer = "", public_key: Key = "", weiter: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Let in whoever has shown a passkey; a doctor's browser is enrolled with it."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        actor = passkeys.recognise(
            tx, centre.secrets, house_of(centre), answer, use=For.SIGN_IN, bound=(public_key,), now=now
        )
        if public_key and actor.role is Role.DOCTOR:
            roster.enrol(tx, actor, public_key, now=now, by_link=False)
        session = open_session(tx, request, centre, actor, Way.PASSKEY)
    return with_session(taken_to(actor, weiter), session)


def open_session(tx: Tx, request: Request, centre: Centre, actor: Actor, way: Way, *, fresh: bool = True) -> str:
    """A session, in place of the one that this browser may have had."""
    former = request.cookies.get(SESSION_COOKIE)
    if former:
        signed_in.sign_out(tx, former)
    browser = browser_named(request.headers.get("user-agent", ""))
    now, real = centre.clock.now(), real_time(centre)
    return signed_in.open_session(tx, actor, now=now, real=real, way=way, fresh=fresh, browser=browser)


@routes.get(PAPER)
def ask_code(request: Request, centre: CentreDep) -> HTMLResponse:
    """Who has lost all passkeys has a code on paper, from two operators."""
    return _code_page(request, centre)


def _code_page(request: Request, centre: Centre, error: str = "", status: int = 200) -> HTMLResponse:
    return centre.the(Pages).render(request, "identity/paper.html", status=status, error=error)


@routes.post(PAPER)
def take_code(request: Request, centre: CentreDep, code: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Exchange the code for a one-time link, by which she registers a new passkey."""
    tries: RecoveryTries = centre.live.setdefault(RecoveryTries, RecoveryTries())
    try:
        with tries.one(place_of(request.client.host if request.client else "")):
            token = _recovered(centre, code)
    except CodeWrong as refusal:
        return _code_page(request, centre, refusal.key, 422)
    return RedirectResponse(f"{SIGN_IN}/{token}", status_code=303)


def _recovered(centre: Centre, code: str) -> str:
    """
    Raises:
        CodeWrong: it is none, was used, or is too old.
    """
    now = centre.clock.now()
    with centre.db.reading() as tx:
        kept = staff.kept_of_code(tx, code, now=now)
    if not staff.is_code(code, kept):  # slow on purpose, so outside of a transaction
        raise CodeWrong
    with centre.db.transaction() as tx:
        return service.invite(tx, staff.recover(tx, code), now=now)


@routes.get(f"{SIGN_IN}/{{token}}")
def ask_by_link(request: Request, token: str, centre: CentreDep, passkey: str | None = None) -> HTMLResponse:
    """A page with one button. Looking at it changes nothing: mail scanners open links too."""
    plays = centre.exercise and passkey is None
    return centre.the(Pages).render(request, "identity/link.html", token=token, plays=plays)


@routes.post(f"{SIGN_IN}/{{token}}/frage")
def question_by_link(token: str, centre: CentreDep, public_key: Key = "") -> Response:
    """What an authenticator is asked when somebody comes for the first time; the link stays as it is."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        actor = service.invited(tx, token, now=now)
        known, member = passkeys.passkeys_of(tx, actor), staff.member(tx, actor)
    asked = passkeys.new_question(centre.secrets, For.REGISTER, ("link", digest(token), public_key), now=now)
    return as_json(passkeys.options_to_register(house_of(centre), member, known, asked))


@routes.post(f"{SIGN_IN}/{{token}}")
def enter(
    request: Request, token: str, centre: CentreDep, answer: Answer = "", public_key: Key = ""
) -> RedirectResponse:
    """Use up the link: keep the passkey that was made for it, and let its owner in; and enrol a doctor's browser.

    In an exercise it lets in without a passkey as well.
    """
    if not answer and not centre.exercise:
        raise PasskeyRefused
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        actor = service.use_link(tx, token, now=now)
        if answer:
            bound = ("link", digest(token), public_key)
            browser = browser_named(request.headers.get("user-agent", ""))
            passkeys.register(tx, centre.secrets, house_of(centre), actor, answer, bound=bound, name=browser, now=now)
        if public_key and actor.role is Role.DOCTOR:
            roster.enrol(tx, actor, public_key, now=now, by_link=True)
        session = open_session(tx, request, centre, actor, Way.PASSKEY if answer else Way.LINK)
    return with_session(taken_to(actor), session)


@routes.post("/abmelden")
def leave(
    request: Request, centre: CentreDep, session: Annotated[str | None, Cookie(alias=SESSION_COOKIE)] = None
) -> HTMLResponse:
    """End the session here and in the database."""
    if session:
        with centre.db.transaction() as tx:
            service.sign_out(tx, session)
    request.scope.pop(ACCOUNT, None)
    answer = centre.the(Pages).render(request, "identity/signed_out.html")
    answer.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer
