"""Subscriptions over HTTP (R4 Subscription; ``$status`` and ``$events`` of the Subscriptions R5 Backport)."""

from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telemed.directory import service as directories
from telemed.fhir.answers import format_of, respond, respond_version
from telemed.fhir.bundle import Entry, Pages, bundle
from telemed.fhir.incoming import etag, preferences, resource_text, version_asked
from telemed.fhir.issues import Invalid, Issue, Malformed, OffTheWire
from telemed.fhir.negotiate import Format, require_form
from telemed.fhir.resource import Resource
from telemed.fhir.search import Query
from telemed.fhir.validate import validate
from telemed.identity import scopes
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Guarded
from telemed.identity.scopes import Act
from telemed.interop import looking
from telemed.kit.db import Tx
from telemed.subscribe import fhir, service
from telemed.subscribe.courier import Courier
from telemed.subscribe.model import Subscribed
from telemed.web.centre import Centre, centre_of
from telemed.web.origins import Area

KIND = "Subscription"
FHIR = "/fhir"
PATH = f"{FHIR}/{KIND}"
MOST = 100
"""Subscriptions on one page; there are `model.MOST` at the most."""

routes = APIRouter()


def base_of(centre: Centre) -> str:
    return centre.url(Area.PROGRAMS) + FHIR


async def create(request: Request, actor: Actor) -> Response:
    """Subscribe. The server makes the id, and asks the endpoint whether it hears."""
    scopes.require(actor, KIND, Act.CREATE)
    centre, speaks, resource = centre_of(request), format_of(request), await _resource(request)
    now = centre.clock.now()
    wish = fhir.wish(resource, inside=centre.the(Courier).inside, now=now)

    def done(tx: Tx) -> Subscribed:
        return service.subscribe(tx, centre.secrets, wish, actor=actor, off=fhir.is_off(resource), now=now)

    return _shown(request, speaks, await centre.db.write(done), 201)


async def update(request: Request, actor: Actor) -> Response:
    """Another wish in place of this one; who asks for it again after an error, is told again.

    Raises:
        NotFound: there is none of this program's.
        OffTheWire: 412, ``If-Match`` names another version.
        Invalid: the id in the resource is another one.
    """
    scopes.require(actor, KIND, Act.UPDATE)
    centre, speaks, resource = centre_of(request), format_of(request), await _resource(request)
    subscription_id, version = request.path_params["subscription_id"], version_asked(request)
    if resource.id != subscription_id:
        raise Invalid([Issue("value", "the id is that of the address", f"{KIND}.id" if resource.id else KIND)])
    now = centre.clock.now()

    def done(tx: Tx) -> Subscribed:
        known = service.one_of(tx, subscription_id, actor)
        if version not in (None, str(known.version)):
            raise OffTheWire(412, "conflict", "it has another version by now; read it again")
        wish = fhir.wish(resource, inside=centre.the(Courier).inside, now=now, kept=known)
        return service.change(tx, centre.secrets, known, wish, actor=actor, off=fhir.is_off(resource), now=now)

    return _shown(request, speaks, await centre.db.write(done), 200)


async def _resource(request: Request) -> Resource:
    resource = validate(await resource_text(request))
    if resource.kind != KIND:
        raise Invalid([Issue("value", f"the body is a {KIND}", "resourceType")])
    return resource


def _shown(request: Request, speaks: Format, one: Subscribed, status: int) -> Response:
    headers = {"location": f"{base_of(centre_of(request))}/{KIND}/{one.id}", "etag": etag(one.version)}
    if preferences(request).get("return") == "minimal":
        return Response(status_code=status, headers=headers)
    return respond(fhir.shown(one), speaks, status, headers)


async def delete(request: Request, actor: Actor) -> Response:
    """Hear no more; nothing of it is kept."""
    scopes.require(actor, KIND, Act.DELETE)
    await centre_of(request).db.write(lambda tx: service.end(tx, request.path_params["subscription_id"], actor))
    return Response(status_code=204)


async def read(request: Request, actor: Actor) -> Response:
    """One's own subscription, without its secrets."""
    scopes.require(actor, KIND, Act.READ)
    speaks, one = format_of(request), await run_in_threadpool(_one, request, actor)
    return respond_version(request, fhir.shown(one), speaks)


def _one(request: Request, actor: Actor) -> Subscribed:
    with centre_of(request).db.reading() as tx:
        return service.one_of(tx, request.path_params["subscription_id"], actor)


async def search(request: Request, actor: Actor) -> Response:
    """One's own subscriptions, by ``_id``, ``criteria``, ``status`` and ``url``."""
    scopes.require(actor, KIND, Act.SEARCH)
    items = request.query_params.multi_items()
    if request.method == "POST":
        body = await request.body()
        if body:
            require_form(request.headers.get("content-type", ""))
        items += parse_qsl(body.decode("utf-8", "replace"))
    speaks = format_of(request)
    return respond(await run_in_threadpool(_found, centre_of(request), items, actor), speaks)


def _found(centre: Centre, items: list[tuple[str, str]], actor: Actor) -> bytes:
    with centre.db.reading() as tx:
        query = looking.query_of(KIND, items, directories.load(tx))
        found = [one for one in service.all_of(tx, actor) if _fits(one, query)]
    applied, base = urlencode(query.applied), base_of(centre)
    entries = [Entry(f"{KIND}/{one.id}", fhir.shown(one)) for one in ([] if query.only_count else found[:MOST])]
    own = Pages(f"{base}/{KIND}?{applied}".removesuffix("?"))
    return bundle("searchset", entries, total=len(found), pages=own, base_url=base)


def _fits(one: Subscribed, query: Query) -> bool:
    state, topic = one.standing.state.value, one.wish.topic
    kept = {"_id": one.id, "status": state, "criteria": topic, "url": one.wish.endpoint}
    for criterion in query.criteria:
        value = kept.get(criterion.name, "")
        if criterion.tokens:
            fits = any(token.code in ("", value) for token in criterion.tokens) != (criterion.modifier == "not")
        elif criterion.windows:
            fits = any(window.has(one.updated_at) for window in criterion.windows)
        elif criterion.name == "criteria" and criterion.modifier != "exact":
            inside = criterion.modifier == "contains"
            fits = any(
                text in value.casefold() if inside else value.casefold().startswith(text) for text in criterion.texts
            )
        else:
            fits = value in criterion.texts
        if not fits:
            return False
    return True


async def status(request: Request, actor: Actor) -> Response:
    """``$status``: how it stands with one subscription, or with all of one's own."""
    scopes.require(actor, KIND, Act.READ)
    speaks = format_of(request)
    return respond(await run_in_threadpool(_status, request, actor), speaks)


def _status(request: Request, actor: Actor) -> bytes:
    centre, asked = centre_of(request), request.query_params
    with centre.db.reading() as tx:
        if "subscription_id" in request.path_params:
            found = [service.one_of(tx, request.path_params["subscription_id"], actor)]
        else:
            named, states = set(asked.getlist("id")), set(asked.getlist("status"))
            found = [one for one in service.all_of(tx, actor) if not named or one.id in named]
            found = [one for one in found if not states or one.standing.state.value in states]
    base = base_of(centre)
    entries = []
    for one in found:
        told = {"id": f"status-{one.id}"[:64], **fhir.status(one, "query-status", base_url=base)}
        entries.append(Entry(f"Parameters/{told['id']}", orjson.dumps(told)))
    return bundle("searchset", entries, total=len(entries), pages=Pages(f"{base}/{KIND}/$status"), base_url=base)


async def events(request: Request, actor: Actor) -> Response:
    """``$events``: what happened, by numbers, also what was told already; ids alone."""
    scopes.require(actor, KIND, Act.READ)
    speaks = format_of(request)
    first, last = (_number(request, name) for name in ("eventsSinceNumber", "eventsUntilNumber"))
    content = request.query_params.get("content", "id-only")
    if content not in ("id-only", "empty"):
        raise Malformed([Issue("not-supported", "content is id-only", "http.content")])
    return respond(await run_in_threadpool(_events, request, actor, first, last), speaks)


def _number(request: Request, name: str) -> int | None:
    """
    Raises:
        Malformed: it is no whole number.
    """
    text = request.query_params.get(name, "")
    if text and not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Malformed([Issue("invalid", f"{name} is a whole number", f"http.{name}")])
    return int(text) if text else None


def _events(request: Request, actor: Actor, first: int | None, last: int | None) -> bytes:
    centre = centre_of(request)
    now = centre.clock.now()
    with centre.db.reading() as tx:
        one = service.one_of(tx, request.path_params["subscription_id"], actor)
        until = one.standing.last if last is None else last
        told = service.events(tx, one, since=1 if first is None else first, until=until, now=now)
    return fhir.notification(one, "query-event", told, base_url=base_of(centre), now=now)


async def nothing_else(_request: Request, _actor: Actor) -> Response:
    """
    Raises:
        OffTheWire: 405; it says what to do instead.
    """
    raise OffTheWire(405, "not-supported", "a subscription is changed as a whole: PUT Subscription/[id]")


routes.routes.extend(
    [
        Route(PATH, Guarded(Right.FHIR_WRITE, create), methods=["POST"]),
        Route(PATH, Guarded(Right.FHIR_READ, search), methods=["GET"]),
        Route(f"{PATH}/_search", Guarded(Right.FHIR_READ, search), methods=["POST"]),
        Route(f"{PATH}/$status", Guarded(Right.FHIR_READ, status), methods=["GET"]),
        Route(f"{PATH}/{{subscription_id}}/$status", Guarded(Right.FHIR_READ, status), methods=["GET"]),
        Route(f"{PATH}/{{subscription_id}}/$events", Guarded(Right.FHIR_READ, events), methods=["GET"]),
        Route(f"{PATH}/{{subscription_id}}", Guarded(Right.FHIR_READ, read), methods=["GET"]),
        Route(f"{PATH}/{{subscription_id}}", Guarded(Right.FHIR_WRITE, update), methods=["PUT"]),
        Route(f"{PATH}/{{subscription_id}}", Guarded(Right.FHIR_WRITE, delete), methods=["DELETE"]),
        Route(f"{PATH}/{{subscription_id}}", Guarded(Right.FHIR_WRITE, nothing_else), methods=["PATCH"]),
    ]
)
