"""Static files as browsers get them: small, and kept for as long as they stay what they are.

A template names a file by its address; what is no script of ours then carries its version, and may be kept for a year.
Scripts import each other by bare addresses, under which they are known once; they are asked for again each time and
answered with "not modified". Text is packed once and stays in memory.
"""

import gzip
import hashlib
import mimetypes
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import brotli
from jinja2 import Environment
from jinja2.ext import Extension
from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope

PREFIX = "/static/"
KEPT = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"
TEXT = frozenset({".css", ".js", ".svg", ".json"})
LEAST = 400
"""Bytes: less is not worth packing."""
_NAMED = re.compile(r"""((?:href|src)=")(/static/(?:vendor/js/(?:htmx|hx-)[a-z.\-]+|[^"{}?]+?\.(?!js")[a-z0-9]+))(")""")
_IN_CSS = re.compile(r"""(url\("?)(/static/[^")?]+)("?\))""")


@dataclass(frozen=True)
class File:
    """*packed*: by the name of the coding (RFC 9110, 8.4.1), the smallest first; none where packing is of no use."""

    body: bytes
    packed: Mapping[str, bytes]
    version: str


class Folders:
    """Which folder holds the files below an address: those that all programs share, and *own* by their names."""

    def __init__(self, shared: Path, own: Mapping[str, Path]) -> None:
        self._shared = shared
        self._own = own

    def file(self, address: str) -> File | None:
        """What ``/static/…`` leads to; None if it is not there."""
        name, _, rest = address.removeprefix(PREFIX).partition("/")
        path = self._own[name] / rest if name in self._own else self._shared / address.removeprefix(PREFIX)
        return self.read(path, path.stat().st_mtime_ns) if path.is_file() else None

    def read(self, path: Path, changed_ns: int) -> File:
        return _read(self, path, changed_ns)

    def versioned(self, address: str) -> str:
        found = self.file(address)
        return f"{address}?v={found.version}" if found else address

    def in_markup(self, source: str) -> str:
        """*source* of a template with each address of a file in its version."""
        return _NAMED.sub(lambda found: f"{found[1]}{self.versioned(found[2])}{found[3]}", source)

    def in_css(self, source: str) -> str:
        return _IN_CSS.sub(lambda found: f"{found[1]}{self.versioned(found[2])}{found[3]}", source)


@lru_cache(maxsize=2048)
def _read(folders: Folders, path: Path, _changed_ns: int) -> File:
    body = path.read_bytes()
    if path.suffix == ".css":
        body = folders.in_css(body.decode()).encode()
    packed = {}
    if path.suffix in TEXT and len(body) >= LEAST:
        packed = {"br": brotli.compress(body), "gzip": gzip.compress(body, 9, mtime=0)}
    return File(body, packed, hashlib.sha256(body).hexdigest()[:16])


class Versions(Extension):
    """Gives the files that templates name their versions, once, when a template is read."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.folders: Folders | None = None

    def preprocess(self, source: str, _name: str | None, _filename: str | None = None) -> str:
        return self.folders.in_markup(source) if self.folders else source


class Files(StaticFiles):
    """One folder of static files."""

    def __init__(self, directory: Path, folders: Folders) -> None:
        super().__init__(directory=directory)
        self._folders = folders

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        path, headers = Path(full_path), Headers(scope=scope)
        if path.suffix not in TEXT | {".woff2"}:
            return super().file_response(full_path, stat_result, scope, status_code)
        file = self._folders.read(path, stat_result.st_mtime_ns)
        coding = next((coding for coding in file.packed if accepts(headers, coding)), "")
        tag = f'"{file.version}{coding and "-"}{coding}"'
        asked = QueryParams(scope["query_string"]).get("v")
        told = {"ETag": tag, "Vary": "Accept-Encoding", "Cache-Control": KEPT if asked == file.version else ASKED_AGAIN}
        known = {each.strip().removeprefix("W/") for each in headers.get("if-none-match", "").split(",")}
        if known & {tag, "*"}:
            return Response(status_code=304, headers=told)
        if coding:
            told["Content-Encoding"] = coding
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return Response(file.packed.get(coding, file.body), status_code, told, kind)


def accepts(headers: Headers, coding: str) -> bool:
    """Whether *coding* is among what is accepted (RFC 9110, 12.5.3); a weight of nought forbids it."""
    for offer in headers.get("accept-encoding", "").lower().split(","):
        named, _, weight = offer.replace(" ", "").partition(";q=")
        if named == coding:
            return weight.strip("0.") != "" or weight == ""
    return False
