"""HTML as PDF by WeasyPrint, with our own fonts and pictures and nothing from elsewhere.

Only who prints waits until the library is loaded: it takes a second.
"""

from collections.abc import Mapping
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


class Elsewhere(FatalURLFetchingError):  # type: ignore[misc]
    """A paper names a file that is none of ours."""


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
