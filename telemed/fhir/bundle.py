"""Bundles joined from stored bytes: no model, no new text for what lies in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import orjson

BundleKind = Literal["searchset", "collection"]
Mode = Literal["match", "include", "outcome"]
Relation = Literal["self", "first", "previous", "next"]

_MODES: dict[Mode, bytes] = {
    mode: b',"search":{"mode":"' + mode.encode() + b'"}}' for mode in ("match", "include", "outcome")
}


@dataclass(frozen=True)
class Entry:
    """A resource as stored, which *name* (``Type/id``) names; *mode*: why it is in a searchset."""

    name: str
    content: bytes
    mode: Mode = "match"

    @property
    def kind(self) -> str:
        return self.name.partition("/")[0]


@dataclass(frozen=True)
class Pages:
    """The search as it was understood, and the addresses of other pages of what it found."""

    own: str
    others: Mapping[Relation, str] = field(default_factory=dict)


def bundle(kind: BundleKind, entries: Iterable[Entry], *, total: int | None, pages: Pages, base_url: str = "") -> bytes:
    """A Bundle as JSON.

    Args:
        kind: its type.
        entries: what lies in it.
        total: how many match in all, included ones aside; None when nobody counted.
        pages: its links.
        base_url: what begins each ``fullUrl``; none is written without it.
    """
    links = [{"relation": "self", "url": pages.own}]
    links += [{"relation": relation, "url": url} for relation, url in pages.others.items()]
    head = {"resourceType": "Bundle", "type": kind, **({} if total is None else {"total": total}), "link": links}
    searched = kind == "searchset"
    front = b'{"fullUrl":"' + base_url.encode() + b"/" if base_url else b""
    joined = b",".join(
        [
            (front + one.name.encode() + b'","resource":' if base_url else b'{"resource":')
            + one.content
            + (_MODES[one.mode] if searched else b"}")
            for one in entries
        ]
    )
    return orjson.dumps(head)[:-1] + (b',"entry":[' + joined + b"]}" if joined else b"}")
