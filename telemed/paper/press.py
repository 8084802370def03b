"""Makes PDF of what the templates say, with our own fonts and pictures and nothing from elsewhere."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from telemed.web.pages import STATIC

OWN = Path(__file__).parent / "static"
FOLDERS: Mapping[str, Path] = {"/static/paper/": OWN, "/static/": STATIC}
HERE = "http://paper.invalid"
"""Begins the addresses of our files on a paper (RFC 2606); nothing is fetched from there."""
KINDS = {".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
KEPT = 48
"""Of the papers for everybody so many stay in memory: nobody keeps us busy by asking for the same again."""


class Elsewhere(FatalURLFetchingError):  # type: ignore[misc]
    """A paper names a file that is none of ours."""


class Press:
    """Prints one paper at a time; to be called from any thread."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    def common(self, page: str) -> bytes:
        """The PDF of *page*, which says nothing of a person; kept until others were asked for more lately."""
        key = sha256(page.encode()).digest()
        with self._turn:
            if key not in self._kept:
                self._kept[key] = printed(page)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def personal(self, page: str) -> bytes:
        """The PDF of *page*, of which nothing stays."""
        with self._turn:
            return printed(page)


def printed(page: str) -> bytes:
    """*page*, whole HTML, as PDF/UA: it can be read out by a program.

    Raises:
        Elsewhere: it names a file that is none of ours.
    """
    fonts = FontConfiguration()
    fetcher = _Ours()
    style = CSS(url=f"{HERE}/static/paper/paper.css", url_fetcher=fetcher, font_config=fonts)
    document = HTML(string=page, base_url=HERE, url_fetcher=fetcher)
    made: bytes = document.write_pdf(stylesheets=[style], font_config=fonts, pdf_variant="pdf/ua-1")
    return made


class _Ours(URLFetcher):  # type: ignore[misc]
    """Fetches only what lies in our own folders."""

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:  # noqa: ARG002
        path = unquote(urlsplit(url).path)
        prefix = next((each for each in FOLDERS if path.startswith(each)), None)
        if not url.startswith(HERE) or prefix is None or ".." in path:
            raise Elsewhere(url)
        file = FOLDERS[prefix] / path.removeprefix(prefix)
        return URLFetcherResponse(url, file.read_bytes(), {"Content-Type": KINDS[file.suffix]})
