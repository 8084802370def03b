"""What changes appointments over FHIR: ``$book`` of ISiK and of IHE at one address, told apart by their parameters."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telemed.fhir import parameters
from telemed.fhir.incoming import resource_text
from telemed.fhir.issues import Issue, Malformed, OffTheWire
from telemed.fhir.parameters import Given
from telemed.identity import scopes
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Guarded
from telemed.identity.scopes import Act

APPOINTMENT = "/fhir/Appointment"
RESOURCE = "appt-resource"
IHE = frozenset({"appointment-reference", "appointment-resource", "patient-resource", "comment"})
"""Names that only IHE's operation has (ITI-117)."""

routes = APIRouter()


async def book(request: Request, actor: Actor) -> Response:
    """Book: ISiK's ``$book``, or that of IHE, if its names are used.

    Raises:
        Malformed: not parameters, or of both.
    """
    scopes.require(actor, "Appointment", Act.CREATE)
    given = parameters.given(await resource_text(request), alone=RESOURCE)
    theirs = [one for one in given if one.name in IHE]
    if not theirs:
        return await _book_isik(request, actor, given)
    if len(theirs) != len(given):
        other = next(one for one in given if one.name not in IHE)
        raise Malformed([Issue("invalid", "parameters of ISiK and of IHE are not mixed", other.place)])
    return await _book_ihe(request, actor, given)


async def _book_ihe(_request: Request, _actor: Actor, given: tuple[Given, ...]) -> Response:
    # GC: call yours here: `return await ihe_routes.book(request, actor, given)`
    raise Malformed([Issue("not-supported", "IHE's $book is not spoken yet", given[0].place)])


async def _book_isik(_request: Request, _actor: Actor, given: tuple[Given, ...]) -> Response:
    raise Malformed([Issue("not-supported", "not spoken yet", given[0].place)])


async def nothing_else(request: Request, _actor: Actor) -> Response:
    """
    Raises:
        OffTheWire: 405, an appointment is not written like this; it says what to do instead.
    """
    raise OffTheWire(405, "not-supported", _INSTEAD[request.method])


_INSTEAD = {
    "POST": "an appointment is made by POST Appointment/$book",
    "PUT": "an appointment is changed by POST Appointment/$book with its id, or by PATCH",
    "DELETE": "an appointment is cancelled by PATCH: status becomes cancelled",
    "PATCH": "a PATCH names one appointment: PATCH Appointment/[id]; it is not chosen by a search",
}

routes.routes.extend(
    [
        Route(f"{APPOINTMENT}/$book", Guarded(Right.FHIR_WRITE, book), methods=["POST"]),
        Route(APPOINTMENT, Guarded(Right.FHIR_WRITE, nothing_else), methods=["POST", "PUT", "PATCH", "DELETE"]),
        Route(f"{APPOINTMENT}/{{id}}", Guarded(Right.FHIR_WRITE, nothing_else), methods=["POST", "PUT", "DELETE"]),
    ]
)
