"""The name of who booked by pictures: she says it when she comes, and the assistant writes it down once."""

from dataclasses import replace
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Form
from fastapi.responses import RedirectResponse

from telemed.booking import asking, form, programs
from telemed.booking import service as booking
from telemed.identity.allowed import Action
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.i18n import words
from telemed.kit.refusal import NotFound, Refusal, Sense
from telemed.people import service as people
from telemed.web.centre import CentreDep

routes = APIRouter()
Assistant = Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]


class NoName(Refusal):
    """What was typed is no name."""

    key = "refusal.no_name"


class NamedAlready(Refusal):
    """She has a name; nobody writes another over it here."""

    sense = Sense.CONFLICT
    key = "refusal.named_already"


@routes.post("/assistenz/termin/{booking_id}/name")
def write_down(
    booking_id: str, centre: CentreDep, actor: Assistant, name: Annotated[str, Form()] = ""
) -> RedirectResponse:
    """Keep the name with the person and in her Appointment.

    Raises:
        NotFound: it is not for this assistant to meet her today.
        NoName: it is none.
        NamedAlready: she has one.
    """
    now, name = centre.clock.now(), " ".join(name.split())
    with centre.db.transaction() as tx:
        found = booking.get(tx, booking_id)
        if not asking.may(asking.asking(tx, actor, now=now), Action.MEET, found):
            raise NotFound
        if not form.is_name(name):
            raise NoName
        person = people.details(tx, centre.secrets, found.person_id, actor=actor, purpose="day list", now=now)
        if person.name != words().text("pictures.nameless"):
            raise NamedAlready
        people.amend(tx, centre.secrets, found.person_id, replace(person, name=name), actor=actor, now=now)
        before = booking.read_appointment(tx, centre.secrets, found.id, actor=actor, now=now)
        programs.amend(tx, centre.secrets, found, _with_name(before, name), actor=actor, now=now)
    return RedirectResponse(f"/assistenz/raum/{found.offer.room_id}", status_code=303)


def _with_name(appointment: bytes, name: str) -> bytes:
    fields = orjson.loads(appointment)
    for one in fields["participant"]:
        if one["actor"].get("reference", "").startswith("Patient/"):
            one["actor"]["display"] = name
    return orjson.dumps(fields)
