"""Bundles joined from stored bytes: no model, no new text for what lies in them."""

from collections.abc import Iterable
from typing import Literal

import orjson

BundleKind = Literal["searchset", "collection"]


def bundle(
    kind: BundleKind,
    entries: Iterable[bytes],
    *,
    total: int | None,
    self_url: str,
    next_url: str = "",
    base_url: str = "",
) -> bytes:
    """A Bundle as JSON.

    Args:
        kind: its type.
        entries: resources as stored, each with an id.
        total: how many match in all; None when nobody counted.
        self_url: the search as it was understood.
        next_url: the next page, if there is one.
        base_url: what begins each ``fullUrl``; none is written without it.
    """
    links = [{"relation": "self", "url": self_url}]
    if next_url:
        links.append({"relation": "next", "url": next_url})
    head = {"resourceType": "Bundle", "type": kind, **({} if total is None else {"total": total}), "link": links}
    joined = b",".join(_entry(kind, entry, base_url) for entry in entries)
    return orjson.dumps(head)[:-1] + (b',"entry":[' + joined + b"]}" if joined else b"}")


def _entry(kind: BundleKind, content: bytes, base_url: str) -> bytes:
    search = b',"search":{"mode":"match"}' if kind == "searchset" else b""
    if not base_url:
        return b'{"resource":' + content + search + b"}"
    named = orjson.loads(content)
    url = orjson.dumps(f"{base_url}/{named['resourceType']}/{named['id']}")
    return b'{"fullUrl":' + url + b',"resource":' + content + search + b"}"
