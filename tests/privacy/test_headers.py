"""Every route of the centre answers with the headers that keep a browser safe, whatever it answers."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from telemed import wiring
from telemed.app import PROTECTION, make_app
from telemed.kit.db import Database
from telemed.web.origins import is_below
from tests.privacy.test_rights import routes_of

STREAM = "/mein-termin/strom"
"""Answers nobody who is not signed in; its headers are those of every event stream."""


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> FastAPI:
    wiring.make_secrets(tmp_path)
    settings = wiring.Settings(state_dir=tmp_path, public_url="https://termin.example")
    return make_app(wiring.build(settings, sqlite_database))


def asked(app: Any) -> Iterator[tuple[str, str]]:
    """Each method of each route; what stands in braces is made up."""
    for route in routes_of(app):
        for method in sorted(getattr(route, "methods", None) or ()):
            yield method, re.sub(r"\{[^}]*\}", "x", route.path)


def wrong(path: str, headers: Any) -> list[str]:
    """The headers that are missing or say something else."""
    media = "(self)" if is_below(path, PROTECTION.media) else "()"
    is_open = is_below(path, PROTECTION.open_data)
    expected = {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "cross-origin" if is_open else "same-origin",
        "strict-transport-security": "max-age=63072000",
        "permissions-policy": f"camera={media}, microphone={media}, geolocation=(), payment=(), usb=()",
    }
    found = [name for name, value in expected.items() if headers.get(name) != value]
    policy = headers.get("content-security-policy", "")
    directives = ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'")
    found += [each for each in (*directives, "require-trusted-types-for 'script'") if each not in policy]
    found += [word for word in ("unsafe-", "*", "http:", "https:") if word in policy]
    if not re.search(r"script-src 'nonce-[\w-]{22}' 'self'", policy):
        found.append("nonce")
    kept = headers.get("cache-control", "")
    return found + ([] if kept == "no-store" or (is_open and kept == "public, max-age=60") else ["cache-control"])


def test_every_route_sends_them(app: FastAPI) -> None:
    client = TestClient(app, "https://termin.example", follow_redirects=False, raise_server_exceptions=False)
    seen, found = 0, {}
    for method, path in asked(app):
        if path == STREAM:
            continue
        answer = client.request(method, path, headers={"sec-fetch-site": "same-origin"})
        seen += 1
        if faults := wrong(path, answer.headers):
            found[f"{method} {path}"] = faults
    assert found == {}
    assert seen > 150


def test_what_is_missing_would_be_found() -> None:
    assert wrong("/gast", {})[:2] == ["x-content-type-options", "referrer-policy"]
    assert "nonce" in wrong("/", {"content-security-policy": "script-src 'self' 'unsafe-inline'"})
    assert "unsafe-" in wrong("/", {"content-security-policy": "script-src 'self' 'unsafe-inline'"})
