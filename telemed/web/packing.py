"""A page is packed only where its length can tell nobody anything.

Who sees the lengths of packed answers, and may write a part of what they say, finds out what else they say (BREACH,
CVE-2013-3587). So only what is the same for everybody is packed: a page that was asked for by its address alone, by a
browser that stands for nobody.
"""

import gzip

from starlette.requests import Request
from starlette.responses import HTMLResponse

from telemed.web.files import accepts_gzip
from telemed.web.languages import ASKED

PREFERENCES = frozenset({ASKED, "__Host-weg"})
"""Cookies that say what somebody likes, not who she is."""
LEAST = 1_000
LEVEL = 6


def pack(request: Request, answer: HTMLResponse) -> None:
    """Pack *answer*, if it may be."""
    if not may_pack(request) or len(answer.body) < LEAST:
        return
    answer.headers["Vary"] = "Accept-Encoding"
    if accepts_gzip(request.headers):
        answer.body = gzip.compress(bytes(answer.body), LEVEL, mtime=0)
        answer.headers["Content-Encoding"] = "gzip"
        answer.headers["Content-Length"] = str(len(answer.body))


def may_pack(request: Request) -> bool:
    stands_for_nobody = not request.cookies.keys() - PREFERENCES and "authorization" not in request.headers
    return request.method == "GET" and stands_for_nobody
