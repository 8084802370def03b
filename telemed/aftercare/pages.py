"""The doctor puts a sheet together, sealed in her browser; whoever has its link reads it in another one."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, StringConstraints

from telemed.aftercare import model, service
from telemed.aftercare.model import Group, Sheet, SheetBroken
from telemed.aftercare.service import Ahead
from telemed.directory import service as directory
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.i18n import GERMAN, Words, checked, of_pages
from telemed.kit.i18n import words as catalogue
from telemed.kit.ids import from_base64, to_base64
from telemed.web.centre import Centre, CentreDep
from telemed.web.languages import ASKED, OWN_NAMES, words_of
from telemed.web.origins import Area
from telemed.web.pages import Pages

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]
Doctor = Annotated[Actor, Depends(Needs(Right.DOCTOR_DAY))]

READ = "/nachsorge"
WRITE = "/arzt/besuch/{visit_id}/anleitung"
BASE64_OF_LARGEST = -(-model.LARGEST * 4 // 3)


@routes.get(WRITE)
def write(request: Request, visit_id: str, centre: CentreDep, actor: Doctor) -> HTMLResponse:
    """Blocks of the library, the own words, a look at it in the patient's language."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        ahead = service.begin(tx, centre.secrets, visit_id, actor=actor, now=now)
        doctor_name = directory.load(tx).name_of(actor.subject)
    shown = _for_doctor(centre, ahead, now)
    return centre.the(Pages).render(request, "aftercare/write.html", doctor_name=doctor_name, **shown)


class Sealed(BaseModel):
    """*id* and *sealed* are made by the page; *sealed* is base64."""

    id: Annotated[str, StringConstraints(max_length=22)]
    sealed: Annotated[str, StringConstraints(max_length=BASE64_OF_LARGEST)]


@routes.post(WRITE, status_code=204)
def put(visit_id: str, sent: Sealed, centre: CentreDep, actor: Doctor) -> None:
    """Keep what the page has sealed, in place of an earlier one."""
    try:
        sheet = Sheet(sent.id, visit_id, from_base64(sent.sealed))
    except ValueError:
        raise SheetBroken from None
    with centre.db.transaction() as tx:
        service.put(tx, centre.secrets, sheet, actor=actor, now=centre.clock.now())


@routes.post(f"{WRITE}/zurueck", status_code=204)
def take_back(visit_id: str, centre: CentreDep, actor: Doctor) -> None:
    """The link opens nothing any more."""
    with centre.db.transaction() as tx:
        service.take_back(tx, visit_id, actor=actor, now=centre.clock.now())


@routes.get(f"{READ}/{{sheet_id}}")
def read(request: Request, sheet_id: str, centre: CentreDep, actor: Anyone) -> HTMLResponse:
    """The sealed sheet and the script that opens it, with the key that stands behind the ``#`` and never comes here."""
    with centre.db.transaction() as tx:
        sheet, until = service.look(tx, centre.secrets, sheet_id, actor=actor, now=centre.clock.now())
    shown: dict[str, Any] = {"sheet": sheet, "sealed": to_base64(sheet.sealed), "until": until}
    shown["reader_words"] = reader_words(words_of(request))
    return centre.the(Pages).render(request, "aftercare/read.html", **shown)


def reader_words(words: Words) -> dict[str, str]:
    """What a sheet is shown with. German blocks are shown as they were when the doctor sealed them."""
    found = words.starting("aftercare.")
    return found if words.language != GERMAN else {key: text for key, text in found.items() if ".block." not in key}


def _for_doctor(centre: Centre, ahead: Ahead, now: datetime) -> dict[str, Any]:
    language = ahead.person.language if ahead.person.language in of_pages() else GERMAN
    words = catalogue(language)
    groups = {group: [one for one in model.LIBRARY if one.group is group] for group in Group}
    return {
        "ahead": ahead,
        "now": now,
        "groups": groups,
        "is_reviewed": all(one.reviewed for one in model.LIBRARY),
        "reader": words,
        "reader_name": OWN_NAMES[language],
        "reader_words": reader_words(words),
        "is_reader_checked": checked(language),
        "begin": f"{centre.url(Area.PUBLIC)}{READ}/",
        "query": "" if language == GERMAN else f"?{ASKED}={language}",
        "longest": model.LONGEST_LINE,
    }
