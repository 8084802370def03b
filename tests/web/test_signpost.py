"""A route is found by its path just as the router would find it."""

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from starlette.routing import Mount

from telemed.web import signpost


def make_app(*, by_signpost: bool) -> FastAPI:
    inner, outer, last = APIRouter(), APIRouter(), APIRouter()
    for router, path in (
        *((outer, path) for path in ("/", "/a", "/a/{one}", "/a/late", "/{any}/b", "/c/{rest:path}")),
        *((inner, path) for path in ("/a/inner", "/d", "/d/{one}/e")),
        *((last, path) for path in ("/d/x/e", "/late")),
    ):
        router.add_api_route(path, lambda path=path: PlainTextResponse(path))
    last.add_api_route("/d", lambda: PlainTextResponse("posted"), methods=["POST"])
    outer.include_router(inner)
    app = FastAPI()
    if by_signpost:
        signpost.mount(app, [outer, last])
        signpost.put_up(app)
    else:
        app.include_router(outer)
        app.include_router(last)
    app.mount("/files", Mount("/files", app=PlainTextResponse("file")).app)
    return app


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_the_same_route_answers_as_without_it(method: str) -> None:
    ours, plain = (TestClient(make_app(by_signpost=each), follow_redirects=False) for each in (True, False))
    answers = set()
    for path in (
        *("/", "/a", "/a/", "/a/late", "/a/inner", "/a/x", "/x/b", "/a/b", "/c/1/2", "/d", "/d/x/e", "/d/y/e"),
        *("/late", "/nowhere", "/files/x", "/files", "//", "/%61", "/d/x", "/a/x/y"),
    ):
        one, other = ours.request(method, path), plain.request(method, path)
        assert (one.status_code, one.text, one.headers) == (other.status_code, other.text, other.headers), path
        answers.add(one.text)
    assert len(answers) > 2


def test_a_route_that_is_added_later_is_found() -> None:
    app = make_app(by_signpost=True)
    client = TestClient(app)
    assert client.get("/new").status_code == 404
    app.add_api_route("/new", lambda: PlainTextResponse("new"))
    assert client.get("/new").text == "new"
