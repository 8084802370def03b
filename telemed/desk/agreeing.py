"""What a resident agrees to: by herself on her page, or noted by staff who were there."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from telemed.desk import service
from telemed.directory import service as directory
from telemed.identity.model import Actor, Right, Role
from telemed.identity.rights import Needs
from telemed.kit.db import Tx
from telemed.kit.i18n import words
from telemed.people import consents
from telemed.people.consent import Answer, How, Purpose, Said
from telemed.people.service import audit
from telemed.privacy.service import person_of
from telemed.web.centre import CentreDep
from telemed.web.pages import Pages, words_of

routes = APIRouter()
Resident = Annotated[Actor, Depends(Needs(Right.OWN_APPOINTMENT))]
Staff = Annotated[Actor, Depends(Needs(Right.PLAN))]

OWN = "/mein-termin/einwilligung"
PICTURES = {
    Purpose.VIDEO: "video",
    Purpose.LETTER: "file-text",
    Purpose.REMINDERS: "bell-ring",
    Purpose.RELATIVE: "users",
}
MARKS = {Answer.YES: "check", Answer.NO: "x", Answer.DISCUSS: "message-circle"}


@dataclass(frozen=True)
class Asked:
    """One sentence as a page shows it."""

    purpose: Purpose
    picture: str
    said: Said | None


def asked(current: dict[Purpose, Said]) -> list[Asked]:
    """The four sentences, in their order."""
    return [Asked(one, PICTURES[one], current.get(one)) for one in Purpose]


@routes.get(OWN)
def own(request: Request, centre: CentreDep, actor: Resident) -> HTMLResponse:
    """Four sentences, none answered beforehand."""
    now = centre.clock.now()

    def looked(tx: Tx) -> list[Asked]:
        person = person_of(tx, actor)
        found = asked(consents.current(tx, person))
        audit(tx, [person], actor=actor, action="read", purpose=consents.PURPOSE, now=now)
        return found

    with centre.db.beside(looked) as found:
        shown: dict[str, Any] = {"asked": found, "marks": MARKS, "all_said": all(one.said for one in found)}
        return centre.the(Pages).render(request, "desk/consent.html", **shown)


@routes.post(OWN)
def say(
    request: Request,
    centre: CentreDep,
    actor: Resident,
    purpose: Annotated[Purpose, Form()],
    answer: Annotated[Answer, Form()],
) -> RedirectResponse:
    """One answer; it takes the place of the one before, and counts from the next request on."""
    spoken, now = words_of(request), centre.clock.now()
    with centre.db.transaction() as tx:
        person = person_of(tx, actor)
        consents.say(tx, person, purpose, answer, how=How.ONLINE, words=spoken, actor=actor, now=now)
    return RedirectResponse(f"{OWN}#{purpose.value}", status_code=303)


@routes.get("/besuch/{visit_id}/einwilligung")
def noted(request: Request, visit_id: str, centre: CentreDep, actor: Staff) -> HTMLResponse:
    """The same four sentences for staff to read out, with what was answered so far."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        visit = service.check_host(tx, visit_id, actor=actor, now=centre.clock.now())
        person = service.people(tx, centre.secrets, [visit_id], actor=actor, now=now).get(visit_id)
        found = asked(consents.current(tx, visit.person_id))
        known = directory.load(tx)
    shown: dict[str, Any] = {"visit": visit, "person": person, "asked": found, "known": known, "marks": MARKS}
    shown |= {"is_doctor": actor.role is Role.DOCTOR, "is_refused": is_refused(found)}
    return centre.the(Pages).render(request, "desk/consent_staff.html", **shown)


@routes.post("/besuch/{visit_id}/einwilligung")
def note(
    visit_id: str,
    centre: CentreDep,
    actor: Staff,
    purpose: Annotated[Purpose, Form()],
    answer: Annotated[Answer, Form()],
    how: Annotated[How, Form()] = How.SPOKEN,
) -> RedirectResponse:
    """What she said in front of *actor*, who is the witness, or signed on paper."""
    how = How.SPOKEN if how is How.ONLINE else how
    with centre.db.transaction() as tx:
        visit = service.check_host(tx, visit_id, actor=actor, now=centre.clock.now())
        consents.say(tx, visit.person_id, purpose, answer, how=how, words=words(), actor=actor, now=centre.clock.now())
    return RedirectResponse(f"{page_of(visit_id)}#{purpose.value}", status_code=303)


def page_of(visit_id: str) -> str:
    """Where staff see and note it."""
    return f"/besuch/{visit_id}/einwilligung"


def still_open(tx: Tx, visit_ids: Iterable[str]) -> dict[str, str]:
    """By visit, what is still to be done about consent: ``missing``, ``discuss``; nothing where all is said."""
    persons = service.persons_of(tx, visit_ids)
    said = consents.of_all(tx, set(persons.values()))
    found = {}
    for visit_id, person in persons.items():
        answers = [one.said.answer if one.said else None for one in asked(said.get(person, {}))]
        if None in answers:
            found[visit_id] = "missing"
        elif Answer.DISCUSS in answers:
            found[visit_id] = "discuss"
    return found


def is_refused(found: list[Asked]) -> bool:
    """Whether she said no to a talk by video."""
    return any(one.purpose is Purpose.VIDEO and one.said and one.said.answer is Answer.NO for one in found)
