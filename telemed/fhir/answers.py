"""FHIR's answers over HTTP: a resource in the format asked for, and a refusal as an OperationOutcome."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from telemed.fhir import xml
from telemed.fhir.issues import OffTheWire, explain, outcome
from telemed.fhir.negotiate import MEDIA, Format, wanted
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


def refuse(request: Request, refusal: Refusal) -> Response:
    """The edge of every path under ``/fhir``: a refusal as an OperationOutcome."""
    status, issues = explain(refusal)
    try:
        speaks = format_of(request)
    except OffTheWire:
        speaks = "json"
    answer = respond(outcome(issues), speaks, status)
    if status == 401:
        answer.headers["www-authenticate"] = "Bearer"
    return answer
