"""Where the sounds of pages are fetched: the whole page, one sentence, what the sentences are, and fixed phrases."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response, StreamingResponse

from schemas.day import LANGUAGES
from telemed.kit.refusal import NotFound
from telemed.kit.voice import Speechless
from telemed.web.aloud import Aloud, Said

PATH = "/vorlesen"
MP3 = "audio/mpeg"


def mount_reading(app: FastAPI, aloud: Aloud, dependencies: Sequence[Any] = ()) -> None:
    """Serve ``/vorlesen/…`` on *app*. *dependencies*: who may."""

    def said(token: str) -> Said:
        found = aloud.open(token)
        if found is None:
            raise NotFound
        return found

    def phrase(language: str, key: str) -> Response:
        """A text of the catalogues that is the same for everybody."""
        made = _spoken(lambda: aloud.phrase(language, key)) if language in LANGUAGES else None
        return _sound(made)

    def page(token: str) -> Response:
        """The whole page; it begins to sound while it is still being spoken."""
        parts = aloud.page(said(token))
        first = _spoken(lambda: next(parts, None))
        if first is None:
            raise NotFound
        return StreamingResponse(_with(first, parts), media_type=MP3)

    def sentences(token: str) -> JSONResponse:
        """What there is to be heard, for the page's script: it shows each sentence while that is spoken."""
        found = said(token).sentences
        return JSONResponse([{**asdict(one), "shown": one.shown or one.say} for one in found])

    def sentence(token: str, number: int) -> Response:
        """One of them."""
        whole = said(token)
        if not 0 <= number < len(whole.sentences):
            raise NotFound
        return _sound(_spoken(lambda: aloud.sentence(whole.language, whole.sentences[number].say)))

    for path, what in (
        ("/worte/{language}/{key}.mp3", phrase),
        ("/{token}/saetze", sentences),
        ("/{token}/{number}.mp3", sentence),
        ("/{token}.mp3", page),
    ):
        app.add_api_route(PATH + path, what, dependencies=dependencies, include_in_schema=False)


def _spoken(make: Callable[[], bytes | None]) -> bytes | None:
    try:
        return make()
    except Speechless:
        return None


def _sound(made: bytes | None) -> Response:
    if made is None:
        raise NotFound
    return Response(made, media_type=MP3)


def _with(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others
