"""In which language a page speaks to people: as they chose it, and else German.

A choice is a preference and no more: ``?sprache=tr`` shows one page in Turkish, whatever the method of the request, and
is kept by the browser in a cookie. Only languages that lack no word are offered.
"""

from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urlencode

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from telemed.kit.i18n import ASKED, GERMAN, Words, of_pages
from telemed.kit.i18n import words as catalogue
from telemed.web.account import FORM_TOKEN

__all__ = ["ASKED", "LASTS_S", "OWN_NAMES", "Choice", "choices", "keep", "offered", "own_address", "sent", "words_of"]

LASTS_S = 180 * 24 * 3600
OWN_NAMES = {
    "de": "Deutsch",
    "de-simple": "Einfache Sprache",
    "en": "English",
    "tr": "Türkçe",
    "ar": "العربية",
    "uk": "Українська",
    "ru": "Русский",
    "pl": "Polski",
}
"""What each language is called by those who speak it: the same on all pages, so that it is found from any other."""


@dataclass(frozen=True)
class Choice:
    """One language that the page may be had in."""

    code: str
    name: str
    lang: str
    direction: str
    is_chosen: bool


def offered(connection: HTTPConnection) -> tuple[str, ...]:
    """The languages that this program's pages may be had in; a program may say so itself (``app.state.languages``)."""
    own: tuple[str, ...] | None = getattr(connection.app.state, "languages", None)
    return of_pages() if own is None else own


def words_of(connection: HTTPConnection) -> Words:
    """The words that a page for people speaks in: asked for with this request, chosen before, or German."""
    may = offered(connection)
    for wished in (connection.query_params.get(ASKED), connection.cookies.get(ASKED)):
        if wished in may:
            return catalogue(wished)
    return catalogue(GERMAN)


def choices(connection: HTTPConnection) -> tuple[Choice, ...]:
    """All languages of a page, its own marked; none where there is only one."""
    may = offered(connection)
    return _choices(may, words_of(connection).language) if len(may) > 1 else ()


@cache
def _choices(may: tuple[str, ...], chosen: str) -> tuple[Choice, ...]:
    own = {code: catalogue(code) for code in may}
    return tuple(Choice(code, OWN_NAMES[code], own[code].lang, own[code].direction, code == chosen) for code in may)


def own_address(connection: HTTPConnection) -> str:
    """By which the page is asked for, apart from the language."""
    others = [(name, value) for name, value in connection.query_params.multi_items() if name != ASKED]
    return quote(connection.scope["path"]) + (f"?{urlencode(others)}" if others else "")


def sent(request: Request) -> tuple[tuple[str, str], ...]:
    """The fields that came with a form, as far as they were read and are text; without what guards it."""
    form = request._form if request.method == "POST" else None
    fields = form.multi_items() if form else []
    return tuple((name, value) for name, value in fields if isinstance(value, str) and name != FORM_TOKEN)


def keep(connection: HTTPConnection, answer: Response) -> None:
    """Let the browser keep the language that was asked for with this request."""
    wished = connection.query_params.get(ASKED)
    if wished and wished in offered(connection) and wished != connection.cookies.get(ASKED):
        answer.set_cookie(ASKED, wished, max_age=LASTS_S, path="/", secure=True, httponly=True, samesite="lax")
