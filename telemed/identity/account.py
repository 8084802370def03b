"""My access: passkeys, where I am signed in, and showing a passkey anew before heavy acts."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from telemed.identity import passkeys, signed_in, staff
from telemed.identity.doors import START_PAGES, as_json, house_of, own_path, taken_to, with_session
from telemed.identity.model import Actor, Right
from telemed.identity.pages import Answer
from telemed.identity.passkeys import For
from telemed.identity.rights import PROVE, Needs, SignedIn, real_time, signed_in_of
from telemed.identity.staff_model import ENOUGH_PASSKEYS, IDLE, PasskeyRefused, Way
from telemed.kit.refusal import NotSignedIn
from telemed.web.centre import CentreDep
from telemed.web.pages import Pages

routes = APIRouter()

Me = Annotated[Actor, Depends(Needs(Right.BE_STAFF))]
Proven = Annotated[Actor, Depends(Needs(Right.BE_STAFF, fresh=True))]
ACCOUNT_PAGE = "/konto"


def _session(request: Request) -> SignedIn:
    """
    Raises:
        NotSignedIn: a program asks, which has no session.
    """
    found = signed_in_of(request)
    if found is None:
        raise NotSignedIn
    return found


@routes.get(ACCOUNT_PAGE)
def overview(request: Request, centre: CentreDep, me: Me) -> HTMLResponse:
    """My passkeys, and where I am signed in."""
    here = _session(request).session
    with centre.db.reading() as tx:
        own = passkeys.passkeys_of(tx, me)
        everywhere = signed_in.sessions_of(tx, me, now=centre.clock.now(), real=real_time(centre))
    shown: dict[str, Any] = {"passkeys": own, "sessions": everywhere, "here": here, "start": START_PAGES[me.role]}
    shown |= {"enough": ENOUGH_PASSKEYS, "offset": centre.clock.offset}
    return centre.the(Pages).render(request, "identity/account.html", **shown)


@routes.get(f"{ACCOUNT_PAGE}/stand")
def standing(request: Request, centre: CentreDep, _me: Me) -> dict[str, float | None]:
    """How long until she is signed out if she does nothing; asking is nothing."""
    left = _session(request).session.idle_left(real_time(centre))
    return {"left_s": None if left is None else left.total_seconds()}


@routes.post(f"{ACCOUNT_PAGE}/weiter")
def stay(_me: Me) -> dict[str, float]:
    """Somebody is still there."""
    return {"left_s": IDLE.total_seconds()}


@routes.get(f"{ACCOUNT_PAGE}/passkey")
def ask_new(request: Request, centre: CentreDep, _me: Proven) -> HTMLResponse:
    return centre.the(Pages).render(request, "identity/new_passkey.html")


@routes.post(f"{ACCOUNT_PAGE}/passkey/frage")
def question_for_new(request: Request, centre: CentreDep, me: Proven) -> Response:
    """What the authenticator is asked to make one."""
    with centre.db.reading() as tx:
        known, member = passkeys.passkeys_of(tx, me), staff.member(tx, me)
    asked = passkeys.new_question(centre.secrets, For.REGISTER, _bound(request), now=centre.clock.now())
    return as_json(passkeys.options_to_register(house_of(centre), member, known, asked))


@routes.post(f"{ACCOUNT_PAGE}/passkey")
def keep_new(
    request: Request, centre: CentreDep, me: Proven, answer: Answer = "", name: Annotated[str, Form(max_length=60)] = ""
) -> RedirectResponse:
    """Keep one more passkey."""
    with centre.db.transaction() as tx:
        bound, now = _bound(request), centre.clock.now()
        passkeys.register(tx, centre.secrets, house_of(centre), me, answer, bound=bound, name=name, now=now)
    return RedirectResponse(ACCOUNT_PAGE, status_code=303)


def _bound(request: Request) -> tuple[str, str]:
    """An answer counts in the session for which it was asked."""
    return "session", _session(request).session.id


@routes.post(f"{ACCOUNT_PAGE}/passkey/{{passkey_id}}/weg")
def withdraw(passkey_id: str, centre: CentreDep, me: Proven) -> RedirectResponse:
    """A passkey that I have lost opens nothing any more."""
    with centre.db.transaction() as tx:
        passkeys.withdraw(tx, me, passkey_id)
    return RedirectResponse(ACCOUNT_PAGE, status_code=303)


@routes.post(f"{ACCOUNT_PAGE}/sitzung/{{session_id}}/beenden")
def end_one(session_id: str, centre: CentreDep, me: Me) -> RedirectResponse:
    """Sign out somewhere else."""
    with centre.db.transaction() as tx:
        signed_in.sign_out_one(tx, me, session_id)
    return RedirectResponse(ACCOUNT_PAGE, status_code=303)


@routes.post(f"{ACCOUNT_PAGE}/sitzung/alle-beenden")
def end_all_others(request: Request, centre: CentreDep, me: Me) -> RedirectResponse:
    """Sign out everywhere but here."""
    with centre.db.transaction() as tx:
        signed_in.sign_out_everywhere(tx, me, but=_session(request).session.id)
    return RedirectResponse(ACCOUNT_PAGE, status_code=303)


@routes.get(PROVE)
def ask_anew(request: Request, centre: CentreDep, me: Me, weiter: str = "") -> HTMLResponse:
    """Show the passkey once more: what comes next does much at once."""
    by_house = _session(request).session.way is Way.OIDC
    back = own_path(weiter) or START_PAGES[me.role]
    return centre.the(Pages).render(request, "identity/prove.html", weiter=back, by_house=by_house)


@routes.post(f"{PROVE}/frage")
def question_anew(request: Request, centre: CentreDep, me: Me) -> Response:
    with centre.db.reading() as tx:
        own = passkeys.passkeys_of(tx, me)
    asked = passkeys.new_question(centre.secrets, For.PROVE, _bound(request), now=centre.clock.now())
    return as_json(passkeys.options_to_ask(house_of(centre), asked, own))


@routes.post(PROVE)
def prove(
    request: Request, centre: CentreDep, me: Me, answer: Answer = "", weiter: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Whoever it is has shown her own passkey: the session has another token from now on."""
    found, now, bound = _session(request), centre.clock.now(), _bound(request)
    with centre.db.transaction() as tx:
        shown_by = passkeys.recognise(tx, centre.secrets, house_of(centre), answer, use=For.PROVE, bound=bound, now=now)
        if shown_by != me:
            raise PasskeyRefused
        token = signed_in.prove_anew(tx, found.session, found.token, real=real_time(centre))
    return with_session(taken_to(me, weiter), token)
