"""The line in front of a room: what staff note of who waits, and the doctor's own word."""

from enum import StrEnum
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form
from fastapi.responses import RedirectResponse

from schemas.day import FactKind, FactReason, WordKind
from telemed.desk import service
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.queue import service as queue
from telemed.web.centre import CentreDep

routes = APIRouter()
Doctor = Annotated[Actor, Depends(Needs(Right.DOCTOR_DAY))]
Assistant = Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]
ReasonGiven = Annotated[FactReason | None, Form(alias="grund")]
Minutes = Annotated[int | None, Form(alias="minuten", ge=5, le=240)]

NOTED = {
    "ist-da": FactKind.ARRIVED,
    "kommt-nicht": FactKind.NO_SHOW,
    "gereinigt": FactKind.CLEANED,
    "kommt-spaeter": FactKind.LATE,
    "noch-einmal": FactKind.RECALLED,
    "ueberspringen": FactKind.SKIPPED,
    "zurueckstellen": FactKind.PUT_BACK,
    "wieder-offen": FactKind.REOPENED,
}
"""The last part of the address, and what it notes."""
What = Literal[
    "ist-da",
    "kommt-nicht",
    "gereinigt",
    "kommt-spaeter",
    "noch-einmal",
    "ueberspringen",
    "zurueckstellen",
    "wieder-offen",
]
DoctorsWhat = Literal["kommt-nicht", "noch-einmal", "ueberspringen", "zurueckstellen", "wieder-offen"]


class Said(StrEnum):
    """What a doctor says with one tap."""

    LATER_5 = "later-5"
    LATER_10 = "later-10"
    LATER_20 = "later-20"
    INTERRUPTED = "interrupted"
    EMERGENCY = "emergency"
    BACK = "back"

    @property
    def kind(self) -> WordKind:
        return WordKind(self.partition("-")[0])

    @property
    def minutes(self) -> int | None:
        """For how long, where she says so."""
        given = self.partition("-")[2]
        return int(given) if given else None


def _to(path: str) -> RedirectResponse:
    return RedirectResponse(path, status_code=303)


@routes.post("/arzt/wort")
def say(said: Annotated[Said, Form(alias="wort")], centre: CentreDep, actor: Doctor) -> RedirectResponse:
    """The doctor will be later, is interrupted, or is back."""
    with centre.db.transaction() as tx:
        queue.give_word(tx, actor.subject, said.kind, minutes=said.minutes, now=centre.clock.now())
    return _to("/arzt")


@routes.post("/arzt/wort/{word_id}/zuruecknehmen")
def take_back(word_id: str, centre: CentreDep, actor: Doctor) -> RedirectResponse:
    """It was a mistake."""
    with centre.db.transaction() as tx:
        queue.withdraw_word(tx, actor.subject, word_id, now=centre.clock.now())
    return _to("/arzt")


@routes.post("/arzt/reihe/{visit_id}/{what}")
def note_own(
    visit_id: str, what: DoctorsWhat, centre: CentreDep, actor: Doctor, reason: ReasonGiven = None
) -> RedirectResponse:
    """The doctor calls again, skips, puts back or opens again."""
    with centre.db.transaction() as tx:
        service.note(tx, visit_id, NOTED[what], actor=actor, reason=reason, now=centre.clock.now())
    return _to("/arzt")


@routes.post("/assistenz/besuch/{visit_id}/{what}")
def note(
    visit_id: str,
    what: What,
    centre: CentreDep,
    actor: Assistant,
    reason: ReasonGiven = None,
    minutes: Minutes = None,
) -> RedirectResponse:
    """Somebody is there, comes later or not at all, is called again, waits again; or the room is clean again."""
    with centre.db.transaction() as tx:
        room_id = service.note(
            tx,
            visit_id,
            NOTED[what],
            actor=actor,
            reason=reason,
            minutes=minutes,
            now=centre.clock.now(),
        )
    return _to(f"/assistenz/raum/{room_id}")
