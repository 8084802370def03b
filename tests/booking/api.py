"""The JSON API on a small quarter, for tests: a program that books, and what it sends."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from telemed.app import PROTECTION
from telemed.booking import routes
from telemed.kit.ids import new_token
from telemed.web import refusals, security
from telemed.web.centre import Centre
from tests.builders import SERVICE, World, moment
from tests.web.apps import make_pages

SOMMER: Mapping[str, Any] = {
    "name": "Hannelore Sommer",
    "birth_year": 1948,
    "way": "phone",
    "contact": "030 23125 111",
    "needs": ["hearing"],
}


def make_app(centre: Centre) -> FastAPI:
    """The centre's app, as far as programs that book see it."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.state.centre = centre
    security.protect(app, PROTECTION)
    refusals.install(app, make_pages(), edges=routes.EDGES)
    app.include_router(routes.routes)
    return app


class Program:
    """Somebody's program, at *address*."""

    def __init__(self, app: FastAPI, address: str = "192.0.2.7") -> None:
        self._http = TestClient(app, client=(address, 4711))

    def ask(self, method: str, path: str, *, key: str = "", link: str = "", **more: Any) -> Response:
        """Send with these secrets in the headers."""
        named = {"idempotency-key": key, "link-token": link}
        headers = {name: value for name, value in named.items() if value} | more.pop("headers", {})
        if "json" in more:  # as ASCII, so that also what is no UTF-8 can be sent
            headers["content-type"] = "application/json"
            more["content"] = json.dumps(more.pop("json"))
        answer: Response = self._http.request(method, f"/api{path}", headers=headers, **more)
        return answer

    def offers(self, **wish: Any) -> list[dict[str, Any]]:
        """What is offered; of a service that everybody may book, unless another is named."""
        answer = self.ask("GET", "/offers", params={"service": SERVICE, **wish})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["offers"]
        return found

    def hold(self, offer: Mapping[str, Any], key: str) -> Response:
        return self.ask("POST", "/holds", key=key, json={"offer": offer})

    def book(self, offer: Mapping[str, Any], key: str = "", **more: Any) -> Response:
        body = {"offer": offer, "person": SOMMER, **more}
        return self.ask("POST", "/bookings", key=key or new_token(), json=body)

    def booked(self, offer: Mapping[str, Any]) -> dict[str, Any]:
        """Book, which must succeed."""
        answer = self.book(offer)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def wait(self, offer: Mapping[str, Any], *, link: str = "", **person: Any) -> Response:
        """Wait for just this time."""
        wish = {"service": offer["service"], "earliest": offer["start"], "latest": offer["end"]}
        body = {"wish": wish, **({} if link else {"person": {**SOMMER, **person}})}
        return self.ask("POST", "/waiting", link=link, json=body)


def problem(answer: Response, status: int) -> dict[str, Any]:
    """The problem details of a refusal."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == refusals.PROBLEM_JSON
    told: dict[str, Any] = answer.json()
    assert told["status"] == status
    assert told["detail"]
    assert told["advice"]
    assert told["rule"]
    return told


def at(world: World, wall: str) -> str:
    return moment(world, wall).isoformat()


def offer_at(program: Program, world: World, wall: str, **wish: Any) -> dict[str, Any]:
    """What is offered at just this time."""
    start = moment(world, wall)
    around = {"earliest": start.isoformat(), "latest": (start + timedelta(minutes=20)).isoformat(), "align": 5}
    return program.offers(**around, **wish)[0]
