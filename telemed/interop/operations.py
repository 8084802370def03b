"""What changes appointments over FHIR: ``$book`` of ISiK and of IHE at one address, told apart by their parameters."""

from email.utils import format_datetime
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telemed.booking.index import Index
from telemed.booking.program_model import Kept
from telemed.fhir import parameters
from telemed.fhir.answers import format_of, respond
from telemed.fhir.incoming import etag, patch_text, preferences, resource_text, version_asked
from telemed.fhir.issues import Issue, Malformed, OffTheWire, outcome
from telemed.fhir.negotiate import Format
from telemed.fhir.parameters import Given
from telemed.identity import scopes
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Guarded
from telemed.identity.scopes import Act
from telemed.interop import ihe_routes, isik, isik_book, isik_later, isik_patch, saying
from telemed.interop.audited import note
from telemed.interop.isik_book import Means, Rules
from telemed.interop.patching import Patch
from telemed.interop.routes import search_by_form
from telemed.kit.db import Tx
from telemed.web.centre import Centre, centre_of
from telemed.web.origins import Area

APPOINTMENT = "/fhir/Appointment"
RESOURCE = "appt-resource"
IHE = frozenset({"appointment-reference", "appointment-resource", "patient-resource", "comment"})
"""Names that only IHE's operation has (ITI-117)."""

ASKED = "/fhir/asked"
"""Below it lie the answers of those who did not wait."""

routes = APIRouter()


def means_of(centre: Centre) -> Means:
    """What booking needs of the centre."""
    rules: Rules = centre.live.setdefault(Rules, Rules())
    return Means(centre.secrets, centre.the(Index), rules, urlsplit(centre.url(Area.PROGRAMS)).netloc)


async def book(request: Request, actor: Actor) -> Response:
    """Book: ISiK's ``$book``, or that of IHE, if its names are used.

    Raises:
        Malformed: not parameters, or of both.
    """
    scopes.require(actor, "Appointment", Act.CREATE)
    content = await resource_text(request)
    given = parameters.given(content, alone=RESOURCE)
    theirs = [one for one in given if one.name in IHE]
    if not theirs:
        return await _book_isik(request, actor, content, given)
    if len(theirs) != len(given):
        other = next(one for one in given if one.name not in IHE)
        raise Malformed([Issue("invalid", "parameters of ISiK and of IHE are not mixed", other.place)])
    return await ihe_routes.book(request, actor, given)


async def _book_isik(request: Request, actor: Actor, content: bytes, given: tuple[Given, ...]) -> Response:
    centre, speaks, now = centre_of(request), format_of(request), centre_of(request).clock.now()
    if "respond-async" in preferences(request):
        asked_id = await centre.db.write(lambda tx: isik_later.ask(tx, centre.secrets, content, actor=actor, now=now))
        return _taken_down(centre, asked_id, speaks)
    asked, means = isik.asked(given), means_of(centre)
    kept = await centre.db.write(lambda tx: isik_book.book(tx, means, asked, actor=actor, now=now))
    note(request, kind="Appointment", ids=[kept.booking.id], person_id=kept.booking.person_id)
    return _shown(request, speaks, kept, saying.status_of(kept.booking))


def _shown(request: Request, speaks: Format, kept: Kept, status: int) -> Response:
    """An appointment as the client prefers to be answered (RFC 7240): whole, not at all, or with an outcome."""
    headers = {
        "location": f"{centre_of(request).url(Area.PROGRAMS)}{APPOINTMENT}/{kept.booking.id}",
        "etag": etag(kept.booking.version),
        "last-modified": format_datetime(kept.booking.updated_at, usegmt=True),
    }
    match preferences(request).get("return"):
        case "minimal":
            return Response(status_code=status, headers=headers)
        case "OperationOutcome":
            return respond(
                outcome([Issue("informational", _SAID[status], severity="information")]), speaks, status, headers
            )
        case _:
            return respond(kept.content, speaks, status, headers)


_SAID = {200: "it is changed", 201: "it is booked", 202: "it must be confirmed by staff"}


def _taken_down(centre: Centre, asked_id: str, speaks: Format) -> Response:
    """What was asked for is written down, and will be done; the answer will be where this says."""
    headers = {"content-location": f"{centre.url(Area.PROGRAMS)}{ASKED}/{asked_id}", "retry-after": "1"}
    said = outcome([Issue("informational", "it is done in a moment", severity="information")])
    return respond(said, speaks, 202, headers)


async def answer(request: Request, actor: Actor) -> Response:
    """What became of a ``$book`` that was not waited for."""
    scopes.require(actor, "Appointment", Act.CREATE)
    centre, speaks, asked_id = centre_of(request), format_of(request), str(request.path_params["asked_id"])
    now = centre.clock.now()
    found = await centre.db.write(lambda tx: isik_later.look(tx, centre.secrets, asked_id, actor=actor, now=now))
    if found.status is None:
        return _taken_down(centre, asked_id, speaks)
    headers = {"etag": etag(found.version)} if found.version is not None else {}
    return respond(found.content, speaks, 200 if found.status < REFUSED else found.status, headers)


REFUSED = 400


async def patch(request: Request, actor: Actor) -> Response:
    """Cancel an appointment, or change the words in it."""
    scopes.require(actor, "Appointment", Act.UPDATE)
    centre, speaks, booking_id = centre_of(request), format_of(request), str(request.path_params["resource_id"])
    content, is_json_patch = await patch_text(request)
    version, now = version_asked(request), centre.clock.now()

    def changed(tx: Tx) -> Kept:
        how = Patch(content, is_json_patch, version)
        return isik_patch.patch(tx, centre.secrets, booking_id, how, actor=actor, now=now)

    kept = await centre.db.write(changed)
    note(request, person_id=kept.booking.person_id)
    return _shown(request, speaks, kept, 200)


async def nothing_else(request: Request, _actor: Actor) -> Response:
    """
    Raises:
        OffTheWire: 405, an appointment is not written like this; it says what to do instead.
    """
    raise OffTheWire(405, "not-supported", _INSTEAD[request.method])


_INSTEAD = {
    "POST": "an appointment is made by POST Appointment/$book",
    "PUT": "an appointment is changed by POST Appointment/$book with its id, or by PATCH",
    "DELETE": "an appointment is cancelled by PATCH Appointment/[id]: status becomes cancelled",
    "PATCH": "a PATCH names one appointment: PATCH Appointment/[id]; it is not chosen by a search",
}

routes.routes.extend(
    [
        Route(f"{APPOINTMENT}/$book", Guarded(Right.FHIR_WRITE, book), methods=["POST"]),
        Route(f"{APPOINTMENT}/{{resource_id}}", Guarded(Right.FHIR_WRITE, patch), methods=["PATCH"]),
        Route(f"{ASKED}/{{asked_id}}", Guarded(Right.FHIR_READ, answer), methods=["GET"]),
        Route(f"{APPOINTMENT}/_search", Guarded(Right.FHIR_READ, search_by_form), methods=["POST"]),
        Route(APPOINTMENT, Guarded(Right.FHIR_WRITE, nothing_else), methods=["POST", "PUT", "PATCH", "DELETE"]),
        Route(
            f"{APPOINTMENT}/{{resource_id}}", Guarded(Right.FHIR_WRITE, nothing_else), methods=["POST", "PUT", "DELETE"]
        ),
    ]
)
