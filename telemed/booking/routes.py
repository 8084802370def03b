"""The planner as a JSON API: offers, holds, one's own appointment, the waiting list.

Nobody needs an account. What opens something is a secret that its owner sends in a header, never in an address:
the ``Idempotency-Key`` that a caller makes up for a hold and its booking, and the ``Link-Token`` that comes of it. No
cookie is read here, so another site cannot act in anybody's name.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from telemed.booking import bodies, holding, planner, search, service, views
from telemed.booking import model as booking_model
from telemed.booking.ground import Ground
from telemed.booking.index import Index
from telemed.booking.limits import address_of, limits_of
from telemed.booking.model import Blocked, Booking, TooLate, Waiting, WaitState
from telemed.booking.planner import Offer, What
from telemed.booking.views import BookedView, BookingView, HoldView, JoinedView, WaitingView
from telemed.directory import service as directory
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Right, Role
from telemed.identity.rights import Guarded, Needs
from telemed.kit.db import Tx
from telemed.kit.i18n import words
from telemed.kit.ids import new_token
from telemed.kit.refusal import Refusal, Sense
from telemed.kit.tries import Tries
from telemed.people.model import Person, Way
from telemed.web.centre import Centre, CentreDep, centre_of
from telemed.web.openapi import described, refused
from telemed.web.refusals import Invalid, problem

PREFIX = "/api"
HOLDS = 30
WITHIN = timedelta(minutes=10)
NOBODY = Person("", 0, Way.PAPER)
"""Where a service reads no person."""

routes = APIRouter(prefix=PREFIX)
Caller = Annotated[Actor, Depends(Needs(Right.OPEN, cookies=False))]
Key = Annotated[
    bodies.RequestKey,
    Header(
        alias="Idempotency-Key",
        json_schema_extra={"pattern": bodies.KEY_SHAPE},
        description="Made up by the caller, at random, a new one for each booking; secret like a password.",
    ),
]
Link = Annotated[str, Header(alias="Link-Token", description="The `link_token` that was given out.")]


class TooManyHolds(Refusal):
    """So many times are held from there already."""

    sense = Sense.TOO_OFTEN
    key = "refusal.too_many_holds"


class Holds(Tries):
    """Holds per address, so that nobody keeps a whole day from others."""

    def __init__(self, allowed: int = HOLDS) -> None:
        super().__init__(allowed, WITHIN, too_many=TooManyHolds)


@dataclass(frozen=True)
class StillToCome:
    """The visit's word, which stands above booking. *check* raises where a visit has begun, or is over."""

    check: Callable[[Tx, str], None]


class Instead(Refusal):
    """*refusal*, and what can be booked instead."""

    def __init__(self, refusal: Refusal, offers: list[Offer]) -> None:
        super().__init__()
        self.refusal = refusal
        self.offers = offers


def refuse(_request: Request, refusal: Refusal) -> Response:
    """The edge of every path under ``/api``: a refusal as problem details, with rule, resource and what would do."""
    why, offers = (refusal.refusal, refusal.offers) if isinstance(refusal, Instead) else (refusal, [])
    more: dict[str, Any] = {}
    if isinstance(why, Blocked):
        more = {"rule": why.rule.value, "resource": why.resource, "resource_name": why.params["resource"]}
    if isinstance(refusal, Instead):
        more["alternatives"] = [views.offer_view(offer).model_dump(mode="json") for offer in offers]
    if isinstance(why, Invalid):
        more["errors"] = [{"path": fault.path, "reason": fault.reason} for fault in why.faults]
    answer = problem(why, **more)
    if "wait_s" in why.params:
        answer.headers["retry-after"] = str(why.params["wait_s"])
    return answer


EDGES: dict[str, Callable[[Request, Refusal], Response]] = {f"{PREFIX}/": refuse}
"""How this path prefix says no."""


@routes.get("/openapi.json", include_in_schema=False)
async def document(_caller: Caller) -> Response:
    """What this API takes and gives, for programs (OpenAPI 3.1)."""
    return Response(_document(), media_type="application/json")


@cache
def _document() -> bytes:
    shown = [OFFERS, *routes.routes]
    return orjson.dumps(described(shown, title="telemed: appointments", about=__doc__ or "", problem=views.Problem))


@routes.get("/services", responses=refused())
async def services(centre: CentreDep, _caller: Caller) -> views.ServicesView:
    """What can be booked, by whom and where."""
    with centre.the(Index).at(centre.clock.now()) as here:
        return views.services_view(here.directory)


async def found(asked: Annotated[bodies.Asked, Query()], centre: CentreDep) -> Response:
    """The next offers, by time. Whether one still holds is said when it is held or booked.

    That there is none is counted, without a person: by specialty and weekday.
    """
    now = centre.clock.now()
    wish = asked.to_wish(now)
    with centre.the(Index).at(now) as here:
        known = here.directory
        offers = search.offers(here, wish, now=now, limit=asked.limit)
        why = None if offers else _why_nothing(here, wish)
    if not offers:
        await centre.db.write(lambda tx: service.count_unmet(tx, known, wish))
    shown = {
        "offers": [views.offer_fields(offer) for offer in offers],
        "names": views.names_of(offers, known),
        "zone": known.zone.key,
        "why": why,
    }
    return Response(orjson.dumps(shown, option=orjson.OPT_UTC_Z), media_type="application/json")


async def offers(request: Request, _caller: Actor) -> Response:
    """`found`, read without FastAPI: nothing is asked so often, and the index answers sooner than its machinery."""
    return await found(bodies.Asked.read(request.scope["query_string"]), centre_of(request))


routes.routes.append(Route(f"{PREFIX}/offers", Guarded(Right.OPEN, offers, cookies=False), methods=["GET"]))
OFFERS = APIRoute(f"{PREFIX}/offers", found, name="offers", response_model=views.OffersView, responses=refused(422))
"""The same for the OpenAPI document; it is not mounted."""


def _why_nothing(here: Ground, wish: planner.Wish) -> dict[str, str]:
    broken = search.why_nothing(here, wish)
    if broken is None:
        return _said("taken", "refusal.nothing_free_then")
    return _said(broken.rule.value, f"refusal.not_offered.{broken.rule.value}")


def _said(rule: str, key: str) -> dict[str, str]:
    return {"rule": rule, "detail": words().text(key), "advice": words().text(f"{key}.do")}


@routes.post("/holds", status_code=201, responses=refused(409, 410, 413, 422, 429))
def hold(body: bodies.HoldBody, key: Key, request: Request, centre: CentreDep, _caller: Caller) -> HoldView:
    """Keep a time for ten minutes, while the rest is entered. The same key again holds another time in its place."""
    now, offer = centre.clock.now(), body.offer.to_offer()
    mine = centre.live.setdefault(Holds, Holds()).kept(address_of(request))
    with mine, limits_of(centre).hold(offer), _or_instead(centre, offer, now) as tx:
        kept = holding.hold(tx, centre.secrets, key, offer, now=now)
        return HoldView.of(kept, directory.load(tx))


@routes.get("/holds/own", responses=refused(410, 422))
def my_hold(key: Key, centre: CentreDep, _caller: Caller) -> HoldView:
    """What is kept for this key."""
    with centre.db.reading() as tx:
        kept = holding.find_hold(tx, centre.secrets, key, now=centre.clock.now())
        if kept is None:
            raise booking_model.HoldGone
        return HoldView.of(kept, directory.load(tx))


@routes.post("/holds/own/extend", responses=refused(409, 410, 422))
def extend(key: Key, centre: CentreDep, _caller: Caller) -> HoldView:
    """Ten more minutes from now."""
    with centre.db.transaction() as tx:
        kept = holding.extend(tx, centre.secrets, key, now=centre.clock.now())
        return HoldView.of(kept, directory.load(tx))


@routes.delete("/holds/own", status_code=204, responses=refused(422))
def end_hold(key: Key, centre: CentreDep, _caller: Caller) -> None:
    """Give the time back; there may be none."""
    with centre.db.transaction() as tx:
        holding.end_hold(tx, centre.secrets, key, now=centre.clock.now())


@routes.post("/bookings", status_code=201, responses=refused(409, 413, 422, 429))
async def book(body: bodies.BookBody, key: Key, request: Request, centre: CentreDep, caller: Caller) -> BookedView:
    """Book. The same key again gets the same booking, whatever else is sent with it; a hold of this key becomes it."""
    now, offer = centre.clock.now(), body.offer.to_offer()
    person = body.person.to_person(this_year=now.year)
    asked = booking_model.Request(key, offer, person, body.quiet)

    def done(tx: Tx) -> BookedView:
        return _taken_along(tx, service.book(tx, centre.secrets, asked, actor=caller, now=now))

    try:
        with limits_of(centre).booking(centre, request, caller, key, person):
            return await centre.db.write(done)
    except (Blocked, TooLate) as refusal:
        raise await run_in_threadpool(_instead, centre, offer, now, refusal) from None


@routes.get("/bookings/own", responses=refused(404, 422))
def my_booking(link: Link, centre: CentreDep, _caller: Caller) -> BookingView:
    """One's own appointment as it stands."""
    with centre.db.reading() as tx:
        return BookingView.of(service.by_link(tx, link), directory.load(tx))


@routes.post("/bookings/own/cancel", responses=refused(404, 409, 410, 422))
def cancel(link: Link, centre: CentreDep, caller: Caller) -> BookingView:
    """Cancel, without a reason, what has not begun."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        booking = service.by_link(tx, link)
        centre.the(StillToCome).check(tx, booking.id)
        service.cancel(tx, centre.secrets, booking.id, actor=_herself(caller, booking), now=now)
        return BookingView.of(service.get(tx, booking.id), directory.load(tx))


@routes.post("/bookings/own/move", responses=refused(404, 409, 410, 413, 422))
def move(body: bodies.MoveBody, link: Link, key: Key, centre: CentreDep, caller: Caller) -> BookingView:
    """Another time in place of this one; link and paper stay the same. The same key again gets the same answer."""
    now, offer = centre.clock.now(), body.offer.to_offer()
    asked = booking_model.Request(key, offer, NOBODY)
    with centre.db.reading() as tx:
        old = service.by_link(tx, link)
    ordered = old.extras.ordered_by is not None and old.offer.service_id == offer.service_id
    with _or_instead(centre, offer, now, ordered=ordered) as tx:
        centre.the(StillToCome).check(tx, old.id)
        moved = service.move(tx, centre.secrets, old.id, asked, actor=_herself(caller, old), now=now)
        return BookingView.of(moved, directory.load(tx))


@routes.post("/waiting", status_code=201, responses=refused(404, 409, 413, 422, 429))
def join(
    body: bodies.WaitBody,
    request: Request,
    centre: CentreDep,
    caller: Caller,
    link: Annotated[str | None, Header(alias="Link-Token", description="Of an appointment that is too late.")] = None,
) -> JoinedView:
    """Wait for a time that others give back."""
    now = centre.clock.now()
    person = body.person.to_person(this_year=now.year) if body.person and link is None else NOBODY
    counted = limits_of(centre).booking(centre, request, caller, new_token(), person)
    with counted, centre.db.transaction() as tx:
        later = service.by_link(tx, link).id if link is not None else None
        if later is None and body.person is None:
            raise Invalid((bodies.lacking("body.person"),))
        if later is not None:
            centre.the(StillToCome).check(tx, later)
        waiting, token = holding.join(
            tx, centre.secrets, body.wish.to_wish(), person, actor=caller, now=now, booking_id=later
        )
        shown = _my_place(tx, waiting, now)
    return JoinedView(**dict(shown), link_token=token)


@routes.get("/waiting/own", responses=refused(404, 422))
def my_place(link: Link, centre: CentreDep, _caller: Caller) -> WaitingView:
    """Whether a time was found, or how many come before."""
    with centre.db.reading() as tx:
        return _my_place(tx, holding.waiting_by_link(tx, link), centre.clock.now())


@routes.post("/waiting/own/accept", status_code=201, responses=refused(404, 409, 410, 422))
def accept(link: Link, centre: CentreDep, caller: Caller) -> BookedView:
    """Yes: what is kept is booked."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        waiting = holding.waiting_by_link(tx, link)
        booked = holding.accept(tx, centre.secrets, waiting.id, actor=caller, now=now)
        return _taken_along(tx, booked)


@routes.post("/waiting/own/decline", responses=refused(404, 410, 422))
def decline(link: Link, centre: CentreDep, _caller: Caller) -> WaitingView:
    """This time does not suit; the place in the line stays."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        waiting = holding.waiting_by_link(tx, link)
        holding.decline(tx, centre.secrets, waiting.id, now=now)
        return _my_place(tx, holding.waiting_of(tx, waiting.id), now)


@routes.delete("/waiting/own", status_code=204, responses=refused(404, 422))
def leave(link: Link, centre: CentreDep, _caller: Caller) -> None:
    """Not wait any more."""
    with centre.db.transaction() as tx:
        waiting = holding.waiting_by_link(tx, link)
        holding.leave(tx, centre.secrets, waiting.id, now=centre.clock.now())


@contextmanager
def _or_instead(centre: Centre, offer: Offer, now: datetime, *, ordered: bool = False) -> Iterator[Tx]:
    """A transaction that asks for *offer*; who is refused it hears what can be booked instead.

    *ordered*: a doctor ordered it, and it is only moved.

    Raises:
        Instead: with the refusal.
    """
    try:
        with centre.db.transaction() as tx:
            yield tx
    except (Blocked, TooLate) as refusal:
        raise _instead(centre, offer, now, refusal, ordered=ordered) from None


def _instead(centre: Centre, offer: Offer, now: datetime, refusal: Refusal, *, ordered: bool = False) -> Instead:
    return Instead(refusal, _alternatives(centre, offer, now, ordered=ordered))


def _alternatives(centre: Centre, lost: Offer, now: datetime, *, ordered: bool) -> list[Offer]:
    """What is nearest to *lost*; a time that nobody can have is taken for the nearest that one can."""
    length = lost.end - lost.start
    start = min(max(lost.start, now), now + planner.HORIZON)
    with centre.the(Index).at(now) as here:
        wished = replace(_wished(lost, here.directory), ordered=ordered)
        return service.alternatives(here, replace(lost, start=start, end=start + length), now=now, wished=wished)


def _wished(lost: Offer, known: Directory) -> What:
    """What *lost* was an answer to, as far as it shows."""
    interpreter = known.interpreters.get(lost.interpreter_id)
    language = interpreter.languages[0] if interpreter and interpreter.languages else ""
    kinds = [known.devices[one].kind for one in lost.device_ids if one in known.devices]
    return What(lost.service_id, devices=tuple(dict.fromkeys(kinds)), language=language)


def _herself(caller: Actor, booking: Booking) -> Actor:
    """For the audit: whoever has the link acts for the person of the appointment."""
    return Actor(Role.RESIDENT, booking.id) if caller.role is Role.ANYONE else caller


def _taken_along(tx: Tx, booked: booking_model.Booked) -> BookedView:
    return BookedView.made(booked, service.get(tx, booked.id), directory.load(tx))


def _my_place(tx: Tx, waiting: Waiting, now: datetime) -> WaitingView:
    kept = None
    if waiting.state is WaitState.OFFERED:
        with suppress(booking_model.NotAsked):
            kept = holding.offered_to(tx, waiting, now=now)
    in_line = waiting.state is WaitState.WAITING and waiting.wish.latest > now
    before = holding.place_in_line(tx, waiting, now=now) if in_line else None
    return WaitingView.of(waiting, before, kept, directory.load(tx))
