"""Transactions and batches over HTTP: ``POST /fhir`` (R4, http.html 3.1.0.11)."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telemed.directory import shelf
from telemed.directory.shelf import Volume
from telemed.fhir.answers import Seen, format_of, respond
from telemed.fhir.incoming import etag, preferences, resource_text
from telemed.fhir.issues import Issue, Told, outcome
from telemed.identity.model import Actor, Right
from telemed.identity.pacing import Paces
from telemed.identity.rights import Guarded
from telemed.interop import bundles, looking, writing
from telemed.interop.audited import note, note_within
from telemed.interop.bundles import Entry, Look
from telemed.interop.directory_routes import base_of
from telemed.interop.routes import PREFIX
from telemed.interop.writing import Change, Wish, Written
from telemed.kit.refusal import Refusal
from telemed.people.acts import Act, Did, what_was_done, without_words
from telemed.web.centre import Centre, centre_of

routes = APIRouter()


@dataclass(frozen=True)
class _Told:
    """What became of one entry. *named*: ``Type/id`` where it is one resource; *volume*: where a version is known."""

    status: int
    named: str = ""
    content: bytes | None = None
    volume: Volume | None = None
    refused: Told | None = None
    found: int | None = None


@dataclass(frozen=True)
class _Asker:
    centre: Centre
    actor: Actor
    now: datetime

    @property
    def looking(self) -> looking.Asked:
        return looking.Asked(self.actor, self.now, base_of(self.centre))


async def post(request: Request, actor: Actor) -> Response:
    """All of a transaction or nothing; of a batch, each for itself."""
    speaks, content = format_of(request), await resource_text(request)
    centre = centre_of(request)
    asker = _Asker(centre, actor, centre.clock.now())
    note(request, kind="Bundle")
    asked = await run_in_threadpool(bundles.asked, content, base_of(centre))
    centre.live.setdefault(Paces, Paces()).spend(actor.subject, len(asked.entries))
    try:
        told = await (_transaction(asked, asker) if asked.is_transaction else _batch(asked, asker))
    except Told as refusal:
        raise asked.there(refusal) from None
    note(request, found=len(told))
    note_within(request, (_act(asker, one, told[one.n]) for one in asked.entries))
    preferred = preferences(request).get("return", "")
    entries = [_shown(base_of(centre), one, told[one.n], preferred) for one in asked.entries]
    kind = "transaction-response" if asked.is_transaction else "batch-response"
    made = {"resourceType": "Bundle", "type": kind, **({"entry": entries} if entries else {})}
    return respond(orjson.dumps(made), speaks)


async def _transaction(asked: bundles.Asked, asker: _Asker) -> dict[int, _Told]:
    def done() -> dict[int, _Told]:
        with asker.centre.db.transaction() as tx:
            made = bundles.done(tx, asked, actor=asker.actor, now=asker.now)
        return {n: _of_written(one) if isinstance(one, Written) else _of_read(one) for n, one in made.items()}

    return await run_in_threadpool(done)


async def _batch(asked: bundles.Asked, asker: _Asker) -> dict[int, _Told]:
    told = {}
    for entry in asked.in_order():
        try:
            told[entry.n] = await _alone(entry, asker)
        except Told as refusal:
            told[entry.n] = _Told(refusal.status, refused=asked.there(refusal))
    return told


async def _alone(entry: Entry, asker: _Asker) -> _Told:
    """
    Raises:
        Told: it is refused.
    """
    ask = entry.ask
    if isinstance(ask, Told):
        raise ask
    if isinstance(ask, Wish | Change):
        return await run_in_threadpool(_write, ask, entry.n, asker)
    try:
        return await _look(ask, asker)
    except Refusal as refusal:
        raise writing.placed(refusal, f"{entry.place}.request") from None


def _write(wish: Wish | Change, n: int, asker: _Asker) -> _Told:
    with asker.centre.db.transaction() as tx:
        written = bundles.alone(tx, wish, n, actor=asker.actor, now=asker.now)
    return _of_written(written)


async def _look(look: Look, asker: _Asker) -> _Told:
    centre = asker.centre
    if not look.resource_id:
        answer = await looking.search(centre, look.kind, look.items, asker.looking)
        return _Told(200, content=answer.content, found=answer.given)
    if look.kind == "Appointment":
        content = await looking.read_appointment(centre, look.resource_id, asker.looking)
    else:
        content = await run_in_threadpool(looking.read, centre, look.kind, look.resource_id, asker.looking)
    return _Told(200, f"{look.kind}/{look.resource_id}", content)


def _of_written(one: Written) -> _Told:
    return _Told(one.status, one.volume.name, one.volume.content, one.volume)


def _of_read(one: Volume) -> _Told:
    return _Told(200, one.name, one.content, one)


def _shown(base_url: str, entry: Entry, told: _Told, preferred: str) -> dict[str, Any]:
    """An entry of the answer; what was written is shown only to whom asks for it, what was read always."""
    answer: dict[str, Any] = {"status": f"{told.status} {HTTPStatus(told.status).phrase}"}
    if told.refused is not None:
        return {"response": {**answer, "outcome": orjson.Fragment(outcome(told.refused.issues))}}
    is_read = isinstance(entry.ask, Look)
    made: dict[str, Any] = {}
    if isinstance(entry.ask, Look) and told.named and _is_known(entry.ask, told):
        return {"response": {"status": "304 Not Modified", "etag": etag(Seen.of(told.content or b"{}").version)}}
    if told.volume is not None:
        version = shelf.number_of(told.volume.content)
        if not is_read:
            answer["location"] = f"{base_url}/{told.named}/_history/{version}"
        answer |= {"etag": etag(version), "lastModified": told.volume.taken_at.isoformat()}
    if told.named:
        made["fullUrl"] = f"{base_url}/{told.named}"
    if preferred == "OperationOutcome" and not is_read:
        said = outcome([Issue("informational", "it is kept", severity="information")])
        answer["outcome"] = orjson.Fragment(said)
    if told.content is not None and (is_read or preferred == "representation"):
        made["resource"] = orjson.Fragment(told.content)
    return {**made, "response": answer}


def _is_known(look: Look, told: _Told) -> bool:
    """Whether the program has it already (R4, bundle.html, ifNoneMatch and ifModifiedSince)."""
    since = datetime.fromisoformat(look.since) if look.since else None
    return told.content is not None and Seen.of(told.content).is_known(look.known, since)


def _act(asker: _Asker, entry: Entry, told: _Told) -> Act:
    """The line of one entry, as if it had been asked for alone."""
    ask, asked, did = entry.ask, "", Did.OTHER
    kind, _, resource_id = told.named.partition("/")
    if isinstance(ask, Look):
        did, kind, resource_id = what_was_done("GET", f"{ask.kind}/{ask.resource_id}")
        asked = without_words(ask.items)
    elif isinstance(ask, Wish):
        did, kind = Did.CREATE if ask.is_create else Did.UPDATE, ask.resource.kind
    elif isinstance(ask, Change):
        did, kind, resource_id = Did.UPDATE, ask.kind, ask.resource_id
    ids = (resource_id,) if resource_id else ()
    return Act(asker.actor.subject, did, kind, asker.now, asked, told.found, ids, status=told.status)


routes.routes.extend(Route(path, Guarded(Right.FHIR_WRITE, post), methods=["POST"]) for path in (PREFIX, f"{PREFIX}/"))
