"""A page is packed only where its length can tell nobody anything.

Who sees the lengths of packed answers, and may write a part of what they say, finds out what else they say (BREACH,
CVE-2013-3587). So only what is the same for everybody is packed: a page that was asked for by its address alone, by a
browser that stands for nobody.
"""

import gzip

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from telemed.kit.i18n import ASKED
from telemed.web.files import accepts

PREFERENCES = frozenset({ASKED, "__Host-weg"})
"""Cookies that say what somebody likes, not who she is."""
LEAST = 1_000
LEVEL = 6


class Page(HTMLResponse):
    """A page that is packed on its way out, where that may be; until then its `body` is what it says."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if may_pack(request) and len(self.body) >= LEAST:
            self.headers["Vary"] = "Accept-Encoding"
            if accepts(request.headers, "gzip"):
                self.body = gzip.compress(bytes(self.body), LEVEL, mtime=0)
                self.headers["Content-Encoding"] = "gzip"
                self.headers["Content-Length"] = str(len(self.body))
        await super().__call__(scope, receive, send)


def may_pack(request: Request) -> bool:
    stands_for_nobody = not request.cookies.keys() - PREFERENCES and "authorization" not in request.headers
    return request.method == "GET" and stands_for_nobody
