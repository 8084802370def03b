"""SMART Scheduling Links over HTTP: one manifest and its files, for everybody, without signing in."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from telemed.fhir.issues import Issue, Malformed, OffTheWire
from telemed.fhir.resource import span
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Needs
from telemed.interop import links
from telemed.interop.links import FRESH, Published, Publishing
from telemed.web.centre import Centre, CentreDep
from telemed.web.origins import Area

MANIFEST = "/fhir/$bulk-publish"
NDJSON = "application/fhir+ndjson"
NOT_MODIFIED = 304

routes = APIRouter()
Anyone = Annotated[Actor, Depends(Needs(Right.OPEN))]


@routes.get(MANIFEST)
def manifest(request: Request, centre: CentreDep, _actor: Anyone) -> Response:
    """Where the files are, and since when they are as they are; with ``_since`` none, if nothing has changed.

    Raises:
        OffTheWire: 404, the operator publishes nothing.
        Malformed: ``_since`` is no moment.
    """
    published, url = _published(centre), centre.url(Area.PROGRAMS) + MANIFEST
    content = links.manifest(published, url, since=_since(request))
    return _answer(request, content, "application/json", published.etag, published.since)


@routes.get(MANIFEST + "/{name}")
def file(request: Request, name: str, centre: CentreDep, _actor: Anyone) -> Response:
    """One of the files.

    Raises:
        OffTheWire: 404, there is none of that name (any more).
    """
    published = _published(centre)
    found = published.files.get(name)
    if found is None:
        raise OffTheWire(404, "not-found", "there is no such file; the manifest names those that there are")
    return _answer(request, found.content, NDJSON, found.etag, published.since)


def _published(centre: Centre) -> Published:
    publishing = centre.live.setdefault(Publishing, Publishing())
    if publishing.days < 1:
        raise OffTheWire(404, "not-supported", "free times are not published here")
    made: Published = publishing.now(centre)
    return made


def _since(request: Request) -> datetime | None:
    given = request.query_params.get("_since")
    if not given:
        return None
    try:
        return span(given.replace(" ", "+"), UTC)[0]
    except (ValueError, OverflowError):
        raise Malformed([Issue("value", "_since is an instant", "http._since")]) from None


def _answer(request: Request, content: bytes, media: str, etag: str, since: datetime) -> Response:
    headers = {
        "etag": etag,
        "last-modified": format_datetime(since.replace(microsecond=0), usegmt=True),
        "cache-control": f"public, max-age={int(FRESH.total_seconds())}",
        "access-control-allow-origin": "*",
    }
    if _has_it(request, etag, since):
        return Response(None, NOT_MODIFIED, headers=headers)
    return Response(content, media_type=media, headers=headers)


def _has_it(request: Request, etag: str, since: datetime) -> bool:
    """Whether who asks has it already (RFC 9110, 13.1); a date counts only where no ETag is named."""
    named = request.headers.get("if-none-match")
    if named is not None:
        return named.strip() == "*" or etag in {one.strip().removeprefix("W/") for one in named.split(",")}
    try:
        return since.replace(microsecond=0) <= parsedate_to_datetime(request.headers["if-modified-since"])
    except (KeyError, ValueError, TypeError):
        return False
