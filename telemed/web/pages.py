"""Pages: one frame, one look, words from the catalogue, moments in local time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, nodes
from markupsafe import Markup, escape

from schemas.day import Ticket
from telemed.kit.clock import real_now
from telemed.kit.i18n import GERMAN, Words, checked
from telemed.kit.i18n import words as catalogue
from telemed.web import languages, tickets
from telemed.web.account import ACCOUNT, with_form_tokens
from telemed.web.aloud import MARK, Aloud
from telemed.web.files import Files, Folders
from telemed.web.languages import ASKED, Choice, words_of
from telemed.web.packing import Page, may_pack
from telemed.web.spoken import ICONS, icon
from telemed.web.spoken import spoken as spoken_templates

__all__ = ["BERLIN", "ICONS", "STATIC", "FrameInfo", "Pages", "icon", "local", "local_day", "mount_static", "words_of"]

HERE = Path(__file__).parent
STATIC = HERE / "static"
BERLIN = ZoneInfo("Europe/Berlin")
IN_PLACE = "hx-request"
"""The header with which htmx asks for what it puts into a page that is open: no script comes along then."""
AT, FORM = "~at~", "~form~"
"""Stand in a list of languages where the address of a page goes, and the id of its form."""
PUBLIC = "telemed"
"""The program whose pages people open at home."""


@dataclass(frozen=True)
class FrameInfo:
    """What the frame says on every page.

    *offset* is what the exercise clock adds to real time now; *program* names the catalogue key
    ``web.program.<program>``; *phone* is the number to call for help, empty where there is none.
    """

    simulated: bool
    exercise: bool
    offset: Callable[[], timedelta]
    program: str
    phone: Callable[[], str] = str


def local(moment: datetime) -> str:
    """``HH:MM`` on the wall clock of the quarter."""
    return moment.astimezone(BERLIN).strftime("%H:%M")


def local_day(moment: datetime, language: str = "de") -> str:
    """The day in words: "Dienstag, 24. November"."""
    return _in_words(moment.astimezone(BERLIN).date(), language.partition("-")[0])


@lru_cache(maxsize=1024)
def _in_words(day: date, locale: str) -> str:
    return str(format_date(day, "EEEE, d. MMMM" if locale == "de" else "EEEE, d MMMM", locale=locale))


def ticket_picture(name: str, words: Words, size: int = 48) -> Markup:
    """The picture of a ticket as an image with its name."""
    return Markup(
        '<img class="ticket-picture" src="/static/tickets/{0}.svg" alt="{1}" width="{2}" height="{2}">'
    ).format(name, tickets.picture_name(name, words), size)


class Pages:
    """Renders the templates of one program inside the shared frame.

    Templates see ``_('key', minutes=5)``, ``words``, ``language``, ``frame``, ``csp_nonce``, ``clock_offset_s``,
    ``clock_now``, ``ticket_picture(name, size=48)``, ``ticket_text(ticket)``, ``icon(name)``, for a part that is the
    same on all pages ``kept('part.html')``, and the filters ``local`` and ``local_day``. A name that nobody gave is
    an error, never an empty word.

    Pages for people speak the language that they chose, those for staff (by their block ``body_class``) German.
    """

    def __init__(self, *template_folders: Path, frame: FrameInfo, aloud: Aloud | None = None) -> None:
        self.frame = frame
        self._aloud = aloud
        self._loader = FileSystemLoader([*template_folders, HERE / "templates"])
        self._folders = _folders({each.parent.name: each.parent / "static" for each in template_folders})
        self._spoken: dict[str, Environment] = {}
        self._lists: dict[tuple[tuple[Choice, ...], bool], str] = {}
        self._kept: dict[tuple[str, str], Markup] = {}
        self._for_staff: dict[str, bool] = {}

    def render(
        self, request: Request, template: str, *, status: int = 200, words: Words | None = None, **context: Any
    ) -> HTMLResponse:
        """The page *template* as an answer; *words* and *context* may override its language and its *frame*."""
        chosen = words is None and not self.is_for_staff(template)
        spoken = words or (words_of(request) if chosen else catalogue())
        given = {**self._given(spoken), "csp_nonce": request.scope.get("csp_nonce", "")}
        if offered := languages.choices(request) if chosen else ():
            given["own_address"] = languages.own_address(request)
            given["in_languages"] = self._in_languages(spoken, offered)
        given["languages"] = offered
        given["kept"] = partial(self._keep, spoken)
        given["is_for_people"] = self.frame.program == PUBLIC and not self.is_for_staff(template)
        given["is_in_place"] = IN_PLACE in request.headers
        given["is_asked_by_post"] = request.method == "POST"
        given["path"], given["sent"] = request.url.path, languages.sent(request) if chosen else ()
        given["account"] = account = request.scope.get(ACCOUNT)
        given["aloud"] = MARK if self._aloud and not self.is_for_staff(template) else ""
        values = {"frame": self.frame, **given, **context}
        page = self._in(spoken.language).get_template(template).render(values)
        page = with_form_tokens(page, account.form_token) if account else page
        if self._aloud:
            is_for_all = may_pack(request) and not request.path_params
            page = self._aloud.mark(page, spoken.language, is_for_all=is_for_all)
        answer = Page(page, status_code=status)
        if chosen:
            languages.keep(request, answer)
        return answer

    def is_for_staff(self, template: str) -> bool:
        """Whether the page's block ``body_class``, its own or the next above it, begins with ``staff``."""
        if template not in self._for_staff:
            self._for_staff[template] = self._body_class(template).startswith("staff")
        return self._for_staff[template]

    def _body_class(self, template: str) -> str:
        templates = self._in(GERMAN)
        tree = templates.parse(self._loader.get_source(templates, template)[0])
        for block in tree.find_all(nodes.Block):
            if block.name == "body_class":
                return next((text.data for text in block.find_all(nodes.TemplateData)), "")
        above = next((each.template for each in tree.find_all(nodes.Extends)), None)
        return self._body_class(str(above.value)) if isinstance(above, nodes.Const) else ""

    def part(self, template: str, *, words: Words | None = None, **context: Any) -> str:
        """A part of a page that is kept fresh, the same for all who see it; without a nonce, so without a script."""
        spoken = words or catalogue()
        given = {"frame": self.frame, **self._given(spoken), **context}
        return self._in(spoken.language).get_template(template).render(given)

    def _keep(self, words: Words, template: str, **given: Any) -> Markup:
        """A part that is the same on every page of a language, as is what is *given*: it is made once."""
        key = template, words.language
        if key not in self._kept:
            self._kept[key] = Markup(self.part(template, words=words, **given))
        return self._kept[key]

    def _in_languages(self, words: Words, offered: tuple[Choice, ...]) -> Callable[..., Markup]:
        """The list of languages with links to an address, or with buttons of the form *form* that send to it.

        The list is made once; on each page only the address and the form are put in.
        """

        def in_languages(address: str, form: str = "") -> Markup:
            key = offered, bool(form)
            if key not in self._lists:
                self._lists[key] = self.part(
                    "_in_languages.html", words=words, languages=offered, at=AT, form=form and FORM
                )
            asked = escape(f"{address}{'&' if '?' in address else '?'}{ASKED}=")
            return Markup(self._lists[key].replace(AT, asked).replace(FORM, escape(form)))

        return in_languages

    def _in(self, language: str) -> Environment:
        """The templates in *language*."""
        if language not in self._spoken:
            filters = {"local": local, "local_day": local_day}
            self._spoken[language] = spoken_templates(self._loader, self._folders, catalogue(language), filters)
        return self._spoken[language]

    def _given(self, words: Words) -> dict[str, Any]:
        def picture(name: str, size: int = 48) -> Markup:
            return ticket_picture(name, words, size)

        def ticket_text(ticket: Ticket) -> str:
            return tickets.text(ticket, words)

        def ticket_called(ticket: Ticket) -> str:
            return tickets.called(ticket, words)

        return {
            "_": words.text,
            "words": words,
            "language": words.language,
            "is_checked": checked(words.language),
            "clock_offset_s": self.frame.offset().total_seconds(),
            "clock_now": real_now() + self.frame.offset(),
            "ticket_picture": picture,
            "ticket_text": ticket_text,
            "ticket_called": ticket_called,
        }


def mount_static(app: FastAPI, **own: Path) -> None:
    """Serve the shared files under ``/static`` and those of *own* folders under ``/static/<name>``."""
    folders = _folders(own)
    for name, folder in own.items():
        app.mount(f"/static/{name}", Files(folder, folders), name=f"static-{name}")
    app.mount("/static", Files(STATIC, folders), name="static")


def _folders(own: Mapping[str, Path]) -> Folders:
    """By the plan of the house a program's pages and the files that they name lie side by side."""
    return Folders(STATIC, own)
