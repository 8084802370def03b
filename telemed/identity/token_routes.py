"""The token endpoint of programs (SMART Backend Services; RFC 6749 with RFC 7523)."""

from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from telemed.identity import clients
from telemed.identity.client_model import TOKEN_LASTS, TOKEN_PATH, TokenRefused
from telemed.identity.clients import Moment
from telemed.identity.doors import token_address
from telemed.identity.key_sets import KeySets
from telemed.identity.model import Actor, Right
from telemed.identity.rights import Guarded, real_time
from telemed.kit.logs import logger
from telemed.web.centre import centre_of

log = logger("clients")
FORM = "application/x-www-form-urlencoded"
HEADERS = {"cache-control": "no-store", "pragma": "no-cache"}

routes = APIRouter()


async def give(request: Request, _actor: Actor) -> Response:
    """An access token, or why not; in JSON either way."""
    centre, body = centre_of(request), await request.body()
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise TokenRefused("invalid_request", f"the body is {FORM}")
        form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
        at = Moment(centre.clock.now(), real_time(centre))
        sets = centre.live.setdefault(KeySets, KeySets())
        given = await run_in_threadpool(clients.grant, centre.db, sets, form, audience=token_address(centre), at=at)
    except ValueError:
        return _refuse(TokenRefused("invalid_request", "the body cannot be read"))
    except TokenRefused as refused:
        return _refuse(refused)
    return _answer(
        200,
        access_token=given.token,
        token_type="bearer",
        expires_in=int(TOKEN_LASTS.total_seconds()),
        scope=" ".join(given.scopes),
    )


def _refuse(refused: TokenRefused) -> Response:
    log.info("no token for a program", code=refused.code, why=refused.why)
    return _answer(refused.status, error=refused.code, error_description=refused.why)


def _answer(status: int, **said: str | int) -> Response:
    return Response(orjson.dumps(said), status, HEADERS, "application/json")


routes.routes.append(Route(TOKEN_PATH, Guarded(Right.OPEN, give, cookies=False), methods=["POST"]))
