"""What the law wants everybody to be able to read, without signing in: who is answerable, what is kept, the terms."""

import re
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup, escape

from telemed.directory import service as directory
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.kit.i18n import words
from telemed.privacy import model, service
from telemed.web.centre import Centre, CentreDep
from telemed.web.pages import Pages

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
STATIC = HERE / "static"

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]

SIX = ("calendar", "video", "eye", "shield-check", "trash-2", "hand")
"""Pictures of what happens with the data; each has its sentence, ``privacy.six.…``."""


@routes.get("/datenschutz")
def privacy(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """What is kept, what for, how long and who sees it, in plain words; the table follows the register."""
    tables = {row.table for row in service.register_rows()}
    kinds = [kind for kind, theirs in model.KINDS.items() if tables & set(theirs)]
    return _page(request, centre, "privacy/notice.html", kinds=kinds, six=SIX)


@routes.get("/impressum")
def imprint(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """Who runs the centre."""
    return _page(request, centre, "privacy/imprint.html")


@routes.get("/impressum/einfach")
def imprint_simply(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """The same in simple words."""
    return _page(request, centre, "privacy/imprint_simple.html")


@routes.get("/nutzungsbedingungen")
def terms(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """What everybody agrees to who uses this, to be read without signing in (Anlage 31b BMV-Ä)."""
    return _page(request, centre, "privacy/terms.html")


@routes.get("/nutzungsbedingungen/einfach")
def terms_simply(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """The same in simple words."""
    return _page(request, centre, "privacy/terms_simple.html")


@routes.get("/datenregister")
def register(request: Request, centre: CentreDep, _actor: Anyone) -> HTMLResponse:
    """Every column of every table, told from the tables themselves (wish G07); its rows are German in all languages."""
    return _page(request, centre, "privacy/register.html", register=_register())


@routes.get("/datenregister.json")
def register_json(_actor: Anyone) -> list[model.RegisterLine]:
    """The same for programs."""
    return service.register_rows()


@routes.get("/datenschutzerklaerung")
def privacy_elsewhere(_actor: Anyone) -> RedirectResponse:
    """Where many look for it."""
    return RedirectResponse("/datenschutz", status_code=303)


def register_key(part: str, text: str) -> str:
    """The catalogue key under which a word of the register is said for people."""
    ending = text if part in ("table", "column") else re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return f"register.{part}.{ending}"


@dataclass(frozen=True)
class _Row:
    """One column, in words."""

    column: Markup
    purpose: Markup
    long: Markup
    who: Markup
    personal: bool


@cache
def _register() -> dict[str, list[tuple[Markup, list[_Row]]]]:
    """By kind, each table with its columns, in words. No table comes or goes while a centre runs."""
    by_table = [(table, list(rows)) for table, rows in groupby(service.register_rows(), lambda row: row.table)]
    found: dict[str, list[tuple[Markup, list[_Row]]]] = {kind: [] for kind in (*model.KINDS, model.HOUSE)}
    for table, rows in by_table:
        found[model.kind_of(table)].append((_said("table", table), [_row(one) for one in rows]))
    return found


def _row(one: model.RegisterLine) -> _Row:
    column, purpose = _said("column", one.column), _said("purpose", one.purpose)
    return _Row(column, purpose, _said("long", one.retention), _said("who", one.seen_by), one.personal)


def _said(part: str, text: str) -> Markup:
    return escape(words().text(register_key(part, text)))


def _page(request: Request, centre: Centre, template: str, **shown: Any) -> HTMLResponse:
    with centre.db.reading() as tx:
        known, operator = directory.load(tx), service.operator_of(tx)
    return centre.the(Pages).render(request, template, known=known, operator=operator, **shown)
