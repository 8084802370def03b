"""Who of the staff may sign in: links, passkeys, shutting out, and a code for who has lost all passkeys."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from telemed.directory import service as directory
from telemed.identity import service as identity
from telemed.identity import staff
from telemed.identity.doors import PAPER, link_of
from telemed.identity.model import Actor, Right, Role
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.ids import new_id
from telemed.kit.refusal import NotFound
from telemed.operator.staff_view import Colleague, colleagues
from telemed.web.centre import Centre, CentreDep
from telemed.web.origins import Area
from telemed.web.pages import Pages

routes = APIRouter()
Operator = Annotated[Actor, Depends(Needs(Right.OPERATE))]
Proven = Annotated[Actor, Depends(Needs(Right.OPERATE, fresh=True))]
STAFF_PAGE = "/betrieb/personal"
ONE = STAFF_PAGE + "/{role}/{subject}"
Name = Annotated[str, Form(min_length=2, max_length=80, pattern=r"^[^\x00-\x1f<>]*\S[^\x00-\x1f<>]*$")]


@routes.get(STAFF_PAGE)
def overview(request: Request, centre: CentreDep, me: Operator) -> HTMLResponse:
    """Everybody, how many passkeys each has and when one was used last; and who has lost all."""
    now = centre.clock.now()
    with centre.db.reading() as tx:
        found, waiting = _colleagues(tx), staff.recoveries(tx, now=now)
    names = {one.actor: one.name for one in found}
    recoveries = [
        {
            "number": one.id,
            "name": names.get(one.actor, one.actor.subject),
            "first": names.get(Actor(Role.OPERATOR, one.first), one.first),
            "is_confirmed": bool(one.second),
            "mine": me.subject == one.first or me == one.actor,
            "until": one.expires_at,
        }
        for one in waiting
    ]
    by_role = [(role.value, [one for one in found if one.actor.role is role]) for role in _ROLES]
    return centre.the(Pages).render(request, "operator/staff.html", by_role=by_role, recoveries=recoveries)


_ROLES = (Role.DOCTOR, Role.ASSISTANT, Role.OPERATOR)


def _colleagues(tx: Tx) -> list[Colleague]:
    return colleagues(directory.load(tx), staff.members(tx), staff.passkeys(tx))


def _colleague(tx: Tx, role: str, subject: str) -> Colleague:
    """
    Raises:
        NotFound: nobody in the directory and nobody who was taken in.
    """
    found = next((one for one in _colleagues(tx) if (one.actor.role, one.actor.subject) == (role, subject)), None)
    if found is None:
        raise NotFound
    return found


@routes.get(f"{STAFF_PAGE}/code")
@routes.get(f"{STAFF_PAGE}/neu")
def shown_once(_me: Operator) -> RedirectResponse:
    """A link and a code are shown once; whoever looks at their address again finds the list."""
    return RedirectResponse(STAFF_PAGE, status_code=303)


@routes.post(f"{STAFF_PAGE}/neu")
def new_operator(request: Request, centre: CentreDep, me: Proven, name: Name) -> HTMLResponse:
    """One more operator; doctors and assistants come from the directory."""
    with centre.db.transaction() as tx:
        actor, said = Actor(Role.OPERATOR, new_id()), " ".join(name.split())
        token = identity.invite(tx, actor, name=said, now=centre.clock.now())
        one = _colleague(tx, Role.OPERATOR.value, actor.subject)
    return _one_page(request, centre, one, me, link=link_of(centre, token))


@routes.get(f"{STAFF_PAGE}/code/{{number}}")
def ask_code(request: Request, number: str, centre: CentreDep, _me: Proven) -> HTMLResponse:
    """What the second operator is asked."""
    return _code_page(request, centre, number)


def _code_page(request: Request, centre: Centre, number: str, code: str = "") -> HTMLResponse:
    with centre.db.reading() as tx:
        found = next((each for each in staff.recoveries(tx, now=centre.clock.now()) if each.id == number), None)
        if found is None:
            raise NotFound
        one = _colleague(tx, found.actor.role.value, found.actor.subject)
    shown: dict[str, Any] = {"one": one, "recovery": found, "code": code, "place": f"{centre.url(Area.STAFF)}{PAPER}"}
    return centre.the(Pages).render(request, "operator/recovery.html", **shown)


@routes.post(f"{STAFF_PAGE}/code/{{number}}")
def confirm_recovery(request: Request, number: str, centre: CentreDep, me: Proven) -> HTMLResponse:
    """The second one agrees: show the code for the paper, once."""
    code, kept = staff.new_code()
    with centre.db.transaction() as tx:
        staff.confirm_recovery(tx, number, kept, by=me, now=centre.clock.now())
    return _code_page(request, centre, number, staff.on_paper(number, code))


@routes.post(f"{STAFF_PAGE}/code/{{number}}/abbrechen")
def stop_recovery(number: str, centre: CentreDep, _me: Operator) -> RedirectResponse:
    """It was a mistake: there is no code, or it opens nothing any more."""
    with centre.db.transaction() as tx:
        staff.stop_recovery(tx, number)
    return RedirectResponse(STAFF_PAGE, status_code=303)


@routes.get(ONE)
def look(request: Request, role: str, subject: str, centre: CentreDep, me: Proven) -> HTMLResponse:
    """One person, and what can be done."""
    with centre.db.reading() as tx:
        one = _colleague(tx, role, subject)
    return _one_page(request, centre, one, me)


def _one_page(request: Request, centre: Centre, one: Colleague, me: Actor, **more: Any) -> HTMLResponse:
    shown: dict[str, Any] = {"one": one, "is_me": one.actor == me, "link": "", **more}
    return centre.the(Pages).render(request, "operator/staff_one.html", **shown)


@routes.post(f"{ONE}/link")
def give_link(request: Request, role: str, subject: str, centre: CentreDep, me: Proven) -> HTMLResponse:
    """Show a new one-time link, once; by it the person makes a passkey."""
    with centre.db.transaction() as tx:
        one = _colleague(tx, role, subject)
        token = identity.invite(tx, one.actor, name=one.name, now=centre.clock.now())
        one = _colleague(tx, role, subject)
    return _one_page(request, centre, one, me, link=link_of(centre, token))


@routes.get(f"{ONE}/link")
def no_link(role: str, subject: str, _me: Operator) -> RedirectResponse:
    return RedirectResponse(f"{STAFF_PAGE}/{role}/{subject}", status_code=303)


@routes.post(f"{ONE}/sperren")
def shut_out(role: str, subject: str, centre: CentreDep, me: Operator) -> RedirectResponse:
    """Out at once, with all sessions, links, passkeys, and out of every call."""
    with centre.db.transaction() as tx:
        staff.shut_out(tx, _colleague(tx, role, subject).actor, by=me, now=centre.clock.now())
    return RedirectResponse(STAFF_PAGE, status_code=303)


@routes.post(f"{ONE}/verloren")
def begin_recovery(role: str, subject: str, centre: CentreDep, me: Proven) -> RedirectResponse:
    """The first of two operators says that somebody has lost all passkeys."""
    with centre.db.transaction() as tx:
        staff.begin_recovery(tx, _colleague(tx, role, subject).actor, by=me, now=centre.clock.now())
    return RedirectResponse(f"{STAFF_PAGE}#recoveries", status_code=303)
