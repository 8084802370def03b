"""IHE Scheduling over HTTP: ``$find`` and ``$hold``; ``$book`` shares its address with ISiK's (`operations`)."""

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telemed.booking import proposed
from telemed.booking import service as booking
from telemed.booking.held import TooManyHolds
from telemed.booking.index import Index
from telemed.booking.model import HOLD, Booking, Status
from telemed.directory import shelf
from telemed.fhir import parameters
from telemed.fhir.answers import format_of, respond
from telemed.fhir.bundle import Entry, Pages, Relation, bundle
from telemed.fhir.incoming import BROUGHT, etag, resource_text
from telemed.fhir.issues import explain, outcome
from telemed.fhir.parameters import Given
from telemed.fhir.paths import within
from telemed.fhir.validate import validate
from telemed.identity import scopes
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Guarded
from telemed.identity.scopes import Act
from telemed.interop import ihe, ihe_asked, ihe_find
from telemed.interop.audited import note
from telemed.interop.ihe_asked import Item, Sought
from telemed.interop.isik_book import Means
from telemed.kit.db import Tx
from telemed.kit.refusal import Refusal
from telemed.kit.tries import Tries
from telemed.web.centre import Centre, centre_of
from telemed.web.origins import Area

APPOINTMENT = "/fhir/Appointment"
FIND = f"{APPOINTMENT}/$find"
ALONE = "appointment-resource"

routes = APIRouter()


class ProgramHolds(Tries):
    """What one program holds: so much in ten minutes, which is as long as a hold lasts. Nobody keeps a whole day."""

    def __init__(self) -> None:
        super().__init__(120, HOLD, too_many=TooManyHolds)


async def find(request: Request, actor: Actor) -> Response:
    """What could be booked, as proposed appointments (ITI-115)."""
    scopes.require(actor, "Appointment", Act.SEARCH)
    speaks = format_of(request)
    items = [Item(name, text, f"http.{name}") for name, text in request.query_params.multi_items()]
    if request.method == "POST":
        items += ihe_asked.items(await _given(request))
    content = await run_in_threadpool(_found, request, items, actor)
    return respond(content, speaks)


async def _given(request: Request) -> tuple[Given, ...]:
    """
    Raises:
        Malformed, Invalid: not Parameters.
    """
    content = await resource_text(request)
    given = parameters.given(content, alone=ALONE)
    validate(content)
    return given


def _found(request: Request, items: list[Item], actor: Actor) -> bytes:
    centre = centre_of(request)
    now, base = centre.clock.now(), base_of(centre)
    with centre.the(Index).at(now) as here:
        known = here.directory
        asked = ihe_asked.sought(items, known.zone, "Parameters" if request.method == "POST" else "")
        found = ihe_find.find(here, shelf.of(centre.db, known), asked, actor=actor, now=now)
    shown = (proposed.appointment(centre.secrets, one, known, now=now) for one in found.offers)
    entries = [Entry(f"Appointment/{one}", content) for one, content in shown]
    note(request, asked=asked.applied, found=len(entries))
    behind = ihe_find.beyond(asked, found)
    others: dict[Relation, str] = {"next": _address(base, behind)} if behind and request.method == "GET" else {}
    pages = Pages(_address(base, asked), others)
    return bundle("searchset", entries, total=found.total, pages=pages, base_url=base)


def _address(base: str, asked: Sought) -> str:
    """This question as an address; what was not understood is not in it."""
    page = (("_offset", str(asked.offset)),) if asked.offset else ()
    return f"{base}/Appointment/$find?{urlencode((*asked.applied, *page), safe='/|:,')}"


def base_of(centre: Centre) -> str:
    return centre.url(Area.PROGRAMS) + "/fhir"


async def hold(request: Request, actor: Actor) -> Response:
    """Hold one of them (ITI-116)."""
    scopes.require(actor, "Appointment", Act.CREATE)
    centre, speaks = centre_of(request), format_of(request)
    which, now = ihe.reference(await _given(request)), centre.clock.now()

    def done(tx: Tx) -> tuple[Booking, bytes]:
        return _kept(tx, centre, ihe.hold(tx, means_of(centre), which, actor=actor, now=now), actor)

    with centre.live.setdefault(ProgramHolds, ProgramHolds()).kept(actor.subject):
        held, content = await centre.db.write(done)
    note(request, ids=[held.id], person_id=held.person_id)
    return respond(content, speaks, headers={"etag": etag(held.version)})


def _kept(tx: Tx, centre: Centre, found: Booking, actor: Actor) -> tuple[Booking, bytes]:
    now = centre.clock.now()
    return found, booking.read_appointment(tx, centre.secrets, found.id, actor=actor, now=now)


def means_of(centre: Centre) -> Means:
    return Means(centre.secrets, centre.the(Index))


async def book(request: Request, actor: Actor, given: tuple[Given, ...]) -> Response:
    """Book, change or cancel (ITI-117); both answers, yes and no, are a Bundle. Who may is asked before."""
    centre, speaks, now = centre_of(request), format_of(request), centre_of(request).clock.now()
    try:
        what = ihe.asked(given)

        def done(tx: Tx) -> tuple[Booking, bytes]:
            return _kept(tx, centre, ihe.book(tx, means_of(centre), what, actor=actor, now=now), actor)

        found, content = await centre.db.write(done)
    except Refusal as refusal:
        status, issues = explain(refusal)
        entry = Entry("OperationOutcome", outcome(within(issues, request.scope.get(BROUGHT))), "outcome")
        return respond(_alone(centre, entry, base_url=""), speaks, status)
    note(request, ids=[found.id], person_id=found.person_id)
    status = 202 if found.status is Status.PENDING else 200
    entry = Entry(f"Appointment/{found.id}", content)
    return respond(_alone(centre, entry, base_url=base_of(centre)), speaks, status)


def _alone(centre: Centre, entry: Entry, *, base_url: str) -> bytes:
    """A searchset of one."""
    pages = Pages(f"{base_of(centre)}/Appointment/$book")
    total = 1 if entry.mode == "match" else 0
    return bundle("searchset", [entry], total=total, pages=pages, base_url=base_url)


routes.routes.extend(
    [
        Route(FIND, Guarded(Right.FHIR_READ, find), methods=["GET", "POST"]),
        Route(f"{APPOINTMENT}/$hold", Guarded(Right.FHIR_WRITE, hold), methods=["POST"]),
    ]
)
