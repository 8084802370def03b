"""FHIR's answers over HTTP: a resource in the format asked for, and a refusal as an OperationOutcome."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b

import orjson
from starlette.requests import Request
from starlette.responses import Response

from telemed.fhir import xml
from telemed.fhir.incoming import BROUGHT, etag
from telemed.fhir.issues import OffTheWire, explain, outcome
from telemed.fhir.negotiate import MEDIA, Format, wanted
from telemed.fhir.paths import within
from telemed.kit.refusal import Refusal


def format_of(request: Request) -> Format:
    """
    Raises:
        OffTheWire: 406.
    """
    return wanted(request.headers.get("accept", ""), request.query_params.get("_format", ""))


def respond(
    content: bytes, wanted_format: Format, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a resource given as JSON bytes; *headers*: besides, such as ``etag`` or ``location``."""
    body = content if wanted_format == "json" else xml.from_json(content)
    every = {"cache-control": "no-store", **(headers or {})}
    return Response(body, status, media_type=MEDIA[wanted_format], headers=every)


def respond_version(request: Request, content: bytes, wanted_format: Format) -> Response:
    """Answer a read: with the version as ETag, and with no more where the client has that (R4, http.html 3.1.0.6)."""
    seen = Seen.of(content)
    headers = {"etag": etag(seen.version)}
    if seen.updated is not None:
        headers["last-modified"] = format_datetime(seen.updated, usegmt=True)
    given = request.headers
    if seen.is_known(given.get("if-none-match", ""), _http_date(given.get("if-modified-since", ""))):
        return Response(status_code=304, headers={"cache-control": "no-store", **headers})
    return respond(content, wanted_format, headers=headers)


@dataclass(frozen=True)
class Seen:
    """The version of a resource and since when it is so. Without a version of its own it is named by what it says."""

    version: str
    updated: datetime | None

    @classmethod
    def of(cls, content: bytes) -> "Seen":
        meta = orjson.loads(content).get("meta", {})
        updated = datetime.fromisoformat(meta["lastUpdated"]).astimezone(UTC) if "lastUpdated" in meta else None
        return cls(meta.get("versionId") or blake2b(content, digest_size=8).hexdigest(), updated)

    def is_known(self, tags: str, since: datetime | None) -> bool:
        """Whether who has these ETags, or has it since then, needs no more; the tags go before (RFC 9110, 13.1.3)."""
        if tags.strip():
            known = {one.strip().removeprefix("W/").strip('"') for one in tags.split(",")}
            return self.version in known or "*" in known
        return since is not None and self.updated is not None and self.updated.replace(microsecond=0) <= since


def _http_date(text: str) -> datetime | None:
    """What is no date is passed over (RFC 9110, 13.1.3)."""
    try:
        found = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def refuse(request: Request, refusal: Refusal) -> Response:
    """The edge below ``/fhir``: a refusal as an OperationOutcome, and why a token was of no use (RFC 6750)."""
    status, issues = explain(refusal)
    try:
        speaks = format_of(request)
    except OffTheWire:
        speaks = "json"
    answer = respond(outcome(within(issues, request.scope.get(BROUGHT))), speaks, status)
    if status == 429 and "wait_s" in refusal.params:
        answer.headers["retry-after"] = str(refusal.params["wait_s"])
    if status == 401:
        was_shown = "authorization" in request.headers
        answer.headers["www-authenticate"] = 'Bearer error="invalid_token"' if was_shown else "Bearer"
    elif "scope" in refusal.params:
        answer.headers["www-authenticate"] = f'Bearer error="insufficient_scope", scope="{refusal.params["scope"]}"'
    return answer
