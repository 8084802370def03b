"""Pages: one frame, one look, words from the catalogue, moments in local time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from schemas.day import Ticket
from telemed.kit.clock import real_now
from telemed.kit.i18n import Words
from telemed.kit.i18n import words as catalogue
from telemed.web import tickets

HERE = Path(__file__).parent
STATIC = HERE / "static"
ICONS = STATIC / "vendor" / "icons"
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True)
class FrameInfo:
    """What the frame says on every page.

    *offset* is what the exercise clock adds to real time now; *program* names the catalogue key
    ``web.program.<program>``.
    """

    simulated: bool
    exercise: bool
    offset: Callable[[], timedelta]
    program: str


def local(moment: datetime) -> str:
    """``HH:MM`` on the wall clock of the quarter."""
    return moment.astimezone(BERLIN).strftime("%H:%M")


def local_day(moment: datetime, language: str = "de") -> str:
    """The day in words: "Dienstag, 24. November"."""
    locale = language.partition("-")[0]
    pattern = "EEEE, d. MMMM" if locale == "de" else "EEEE, d MMMM"
    return str(format_date(moment.astimezone(BERLIN).date(), pattern, locale=locale))


@cache
def icon(name: str) -> Markup:
    """A vendored line icon in the colour of the text beside it; it always stands next to its word.

    Raises:
        FileNotFoundError: there is no such icon.
    """
    drawing = (ICONS / f"{name}.svg").read_text(encoding="utf-8")
    drawing = drawing[drawing.index("<svg") :].strip()
    return Markup(drawing.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1))


def ticket_picture(name: str, words: Words, size: int = 48) -> Markup:
    """The picture of a ticket as an image with its name."""
    return Markup(
        '<img class="ticket-picture" src="/static/tickets/{0}.svg" alt="{1}" width="{2}" height="{2}">'
    ).format(name, tickets.picture_name(name, words), size)


class Pages:
    """Renders the templates of one program inside the shared frame.

    Templates see ``_('key', minutes=5)``, ``language``, ``frame``, ``csp_nonce``, ``clock_offset_s``, ``clock_now``,
    ``ticket_picture(name, size=48)``, ``ticket_text(ticket)``, ``icon(name)`` and the filters ``local``, ``local_day``.
    A name that nobody gave is an error, never an empty word.
    """

    def __init__(self, *template_folders: Path, frame: FrameInfo) -> None:
        self.frame = frame
        self._templates = Environment(
            loader=FileSystemLoader([*template_folders, HERE / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["local"] = local
        self._templates.filters["local_day"] = local_day
        self._templates.globals["icon"] = icon

    def render(
        self, request: Request, template: str, *, status: int = 200, words: Words | None = None, **context: Any
    ) -> HTMLResponse:
        """The page *template* as an answer; *context* may override the *frame* for this page."""
        spoken = words or catalogue()
        given = {**self._given(spoken), "csp_nonce": request.scope.get("csp_nonce", "")}
        values = {"frame": self.frame, **given, **context}
        return HTMLResponse(self._templates.get_template(template).render(values), status_code=status)

    def part(self, template: str, *, words: Words | None = None, **context: Any) -> str:
        """A part of a page that is kept fresh, the same for all who see it; without a nonce, so without a script."""
        given = {"frame": self.frame, **self._given(words or catalogue()), **context}
        return self._templates.get_template(template).render(given)

    def _given(self, words: Words) -> dict[str, Any]:
        def picture(name: str, size: int = 48) -> Markup:
            return ticket_picture(name, words, size)

        def ticket_text(ticket: Ticket) -> str:
            return tickets.text(ticket, words)

        return {
            "_": words.text,
            "words": words,
            "language": words.language,
            "clock_offset_s": self.frame.offset().total_seconds(),
            "clock_now": real_now() + self.frame.offset(),
            "ticket_picture": picture,
            "ticket_text": ticket_text,
        }


def mount_static(app: FastAPI, **own: Path) -> None:
    """Serve the shared files under ``/static`` and those of *own* folders under ``/static/<name>``."""
    for name, folder in own.items():
        app.mount(f"/static/{name}", StaticFiles(directory=folder), name=f"static-{name}")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
