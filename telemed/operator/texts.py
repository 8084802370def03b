"""What people read, side by side with German, in each language: what is missing, and whether a person has read it."""

from dataclasses import dataclass
from typing import Annotated

from babel import Locale
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from schemas.day import LANGUAGES
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.i18n import GERMAN, SIMPLE, Words, checked, for_people, in_all, lacks, of_pages, words
from telemed.web.centre import CentreDep
from telemed.web.languages import OWN_NAMES
from telemed.web.pages import Pages

routes = APIRouter()
MOST_SHOWN = 200


@dataclass(frozen=True)
class Spoken:
    """One language as it stands. *missing*: texts that it lacks; *offered*: on pages for people."""

    language: str
    name: str
    missing: int
    checked: bool
    offered: bool


@dataclass(frozen=True)
class Text:
    key: str
    german: str
    other: str | None


@routes.get("/betrieb/texte")
def look(
    request: Request,
    centre: CentreDep,
    _actor: Annotated[Actor, Depends(Needs(Right.OPERATE))],
    in_language: str = "",
    suche: str = "",
) -> HTMLResponse:
    """The languages; and of one of them the texts in which *suche* occurs, the missing ones first."""
    chosen = in_language if in_language in LANGUAGES and in_language != GERMAN else ""
    found = texts(words(chosen), suche.strip()) if chosen else []
    with centre.db.reading() as tx:
        known = directory.load(tx)
    return centre.the(Pages).render(
        request,
        "operator/texts.html",
        spoken=[_spoken(each) for each in LANGUAGES],
        total=len(for_people()),
        chosen=chosen,
        asked=suche,
        texts=found[:MOST_SHOWN],
        more=max(0, len(found) - MOST_SHOWN),
        direction=words(chosen or GERMAN).direction,
        lang=words(chosen or GERMAN).lang,
        untranslated=untranslated(known),
    )


def texts(spoken: Words, asked: str = "") -> list[Text]:
    """All texts for people, missing ones first, then by key; *asked* is looked for in both languages and in the key."""
    own, german, wanted = spoken.own(), words(), asked.casefold()
    every = (Text(key, german.text(key), spoken.text(key) if key in own else None) for key in for_people())
    fitting = (each for each in every if wanted in f"{each.key}\n{each.german}\n{each.other or ''}".casefold())
    return sorted(fitting, key=lambda each: (each.other is not None, each.key))


def untranslated(known: Directory) -> list[tuple[str, str, list[str]]]:
    """What people read of the directory and lacks a translation: where it stands, in German, and into what."""
    read = [("Location", known.quarter_name)]
    for room in known.rooms.values():
        read += [(f"Location/{room.id}", one) for one in (room.name, room.floor)]
        read += [(f"Location/{room.id}", room.way.text)] if room.way else []
    read += [(f"HealthcareService/{one.id}", one.name) for one in known.services.values()]
    lacking = [(where, name, _lacks(where, name, known)) for where, name in read if name]
    return [each for each in lacking if each[2]]


def _lacks(where: str, name: str, known: Directory) -> list[str]:
    room = known.rooms.get(where.removeprefix("Location/"))
    of_way = room is not None and room.way is not None and name == room.way.text
    told = {one.language for one in (room.way.texts if room and room.way and of_way else in_all(name))}
    return [OWN_NAMES[code] for code in of_pages() if code not in {*told, GERMAN, SIMPLE}]


def _spoken(language: str) -> Spoken:
    german = Locale.parse(language.partition("-")[0]).get_language_name(GERMAN)
    name = words().text("texts.simple") if language == SIMPLE else str(german)
    missing = 0 if language == GERMAN else len(lacks(language))
    return Spoken(language, name, missing, checked(language), language in of_pages())
