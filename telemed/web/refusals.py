"""How a program says no at its edge: a plain page with what went wrong and what to do now, or problem+json."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from telemed.kit.i18n import words
from telemed.kit.refusal import NotAllowed, NotFound, NotSignedIn, Refusal
from telemed.web.faults import Fault, faults_of
from telemed.web.languages import words_of
from telemed.web.pages import Pages

Edge = Callable[[Request, Refusal], Response]
"""How one path prefix says no, for instance as an OperationOutcome."""

PROBLEM_JSON = "application/problem+json"


class Invalid(Refusal):
    """The request cannot be read: a field is missing or has the wrong form. *faults* names each, as far as we know."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__()
        self.faults = faults


class TooLarge(Refusal):
    key = "refusal.too_large"
    status = 413


class Bug(Refusal):
    """We made a mistake; it is in the log, and nothing of the request was kept."""

    key = "refusal.bug"
    status = 500


def install(app: FastAPI, pages: Pages, *, edges: Mapping[str, Edge] | None = None) -> None:
    """Answer each `Refusal`, unknown path and unreadable request of *app*; *edges* by path prefix."""

    def answer(request: Request, refusal: Refusal) -> Response:
        for prefix, edge in (edges or {}).items():
            if request.url.path.startswith(prefix):
                return edge(request, refusal)
        if wants_json(request):
            return problem(refusal)
        return RedirectResponse(refusal.where, 303) if refusal.where else page(pages, request, refusal)

    async def on_refusal(request: Request, error: Exception) -> Response:
        return answer(request, error if isinstance(error, Refusal) else Invalid())

    async def on_unreadable(request: Request, error: Exception) -> Response:
        errors = error.errors() if isinstance(error, RequestValidationError) else ()
        return answer(request, Invalid(faults_of(errors)))

    async def on_http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return answer(request, of_status(status))

    async def on_bug(request: Request, _error: Exception) -> Response:
        return answer(request, Bug())

    app.add_exception_handler(Exception, on_bug)
    app.add_exception_handler(Refusal, on_refusal)
    app.add_exception_handler(RequestValidationError, on_unreadable)
    app.add_exception_handler(HTTPException, on_http)


def of_status(status: int) -> Refusal:
    """The refusal that says the same as an HTTP *status* of the framework."""
    known = {401: NotSignedIn, 403: NotAllowed, 404: NotFound, 405: NotFound, 413: TooLarge}
    return Bug() if status >= 500 else known.get(status, Invalid)()


def advice(refusal: Refusal) -> str:
    """The catalogue key of what to do now: the refusal's own (``<key>.do``), or that of its sense."""
    own = f"{refusal.key}.do"
    return own if own in words() else f"refusal.do.{refusal.sense.name.lower()}"


def wants_json(request: Request) -> bool:
    """Whether the client asks for JSON rather than for a page."""
    accept = request.headers.get("accept", "")
    return "json" in accept and "text/html" not in accept


def problem(refusal: Refusal, **more: Any) -> JSONResponse:
    """The refusal as problem details (RFC 9457): *type* is the catalogue key, *advice* what to do now.

    *rule* is the key's last word, unless *more*, which are members of a program's own, has a better one.
    """
    status = refusal.status or refusal.sense.value
    body = {
        "type": f"urn:telemed:{refusal.key}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": words().text(refusal.key, **refusal.params),
        "rule": refusal.key.rpartition(".")[2],
        "advice": words().text(advice(refusal), **refusal.params),
        **more,
    }
    return JSONResponse(body, status_code=status, media_type=PROBLEM_JSON)


def page(pages: Pages, request: Request, refusal: Refusal) -> Response:
    spoken = words_of(request)
    return pages.render(
        request,
        "refusal.html",
        status=refusal.status or refusal.sense.value,
        what=spoken.text(refusal.key, **refusal.params),
        now_do=spoken.text(advice(refusal), **refusal.params),
    )
