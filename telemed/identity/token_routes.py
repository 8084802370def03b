"""The token endpoint of programs (SMART Backend Services; RFC 6749 with RFC 7523)."""

from collections.abc import Iterable
from datetime import timedelta
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
from telemed.identity.staff_model import TooManyTries
from telemed.kit.ids import from_base64
from telemed.kit.logs import logger
from telemed.kit.tries import Tries, place_of
from telemed.web.centre import centre_of

log = logger("clients")
LONGEST_CLAIM = 100
FORM = "application/x-www-form-urlencoded"
HEADERS = {"cache-control": "no-store", "pragma": "no-cache"}

routes = APIRouter()


class TokenTries(Tries):
    """Wrong ones of one program from one address: so nobody elsewhere shuts a program out by trying in its name."""

    def __init__(self) -> None:
        super().__init__(60, timedelta(minutes=10), too_many=TooManyTries, wrong=TokenRefused)


async def give(request: Request, _actor: Actor) -> Response:
    """An access token, or why not; in JSON either way."""
    centre, body = centre_of(request), await request.body()
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise TokenRefused("invalid_request", f"the body is {FORM}")
        form = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
        at = Moment(centre.clock.now(), real_time(centre))
        sets = centre.live.setdefault(KeySets, KeySets())
        tries = centre.live.setdefault(TokenTries, TokenTries())
        with tries.one(f"{place_of(request.client.host if request.client else '')} {_claimed(form)}"):
            try:
                given = await run_in_threadpool(
                    clients.grant, centre.db, sets, form, audience=token_address(centre), at=at
                )
            except TokenRefused as refused:
                if refused.code == "invalid_client":
                    raise
                return _refuse(refused)
    except ValueError:
        return _refuse(TokenRefused("invalid_request", "the body cannot be read"))
    except TooManyTries as refused:
        log.info("no token for a program", code=refused.key)
        why = "too many wrong assertions in this client's name came from this address; wait"
        answer = _answer(429, error="temporarily_unavailable", error_description=why)
        answer.headers["retry-after"] = str(refused.params["wait_s"])
        return answer
    except TokenRefused as refused:
        return _refuse(refused)
    return _answer(
        200,
        access_token=given.token,
        token_type="bearer",
        expires_in=int(TOKEN_LASTS.total_seconds()),
        scope=" ".join(given.scopes),
    )


def _claimed(form: Iterable[tuple[str, str]]) -> str:
    """Which program somebody says to be, without having shown it; empty where that cannot be read."""
    try:
        return str(orjson.loads(from_base64(dict(form)["client_assertion"].split(".", 2)[1]))["iss"])[:LONGEST_CLAIM]
    except (ValueError, LookupError, TypeError):
        return ""


def _refuse(refused: TokenRefused) -> Response:
    log.info("no token for a program", code=refused.code, why=refused.why)
    return _answer(refused.status, error=refused.code, error_description=refused.why)


def _answer(status: int, **said: str | int) -> Response:
    return Response(orjson.dumps(said), status, HEADERS, "application/json")


routes.routes.append(Route(TOKEN_PATH, Guarded(Right.OPEN, give, cookies=False), methods=["POST"]))
