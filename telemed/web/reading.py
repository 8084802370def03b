"""Where the sounds of pages are fetched: the whole page, one sentence, what the sentences are, and fixed phrases."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse, Response, StreamingResponse

from schemas.day import LANGUAGES
from telemed.kit.refusal import NotFound
from telemed.kit.voice import Speechless
from telemed.web.aloud import Aloud, Said

PATH = "/vorlesen"
MP3 = "audio/mpeg"
LONGEST = 500
"""Characters; no text of the catalogues that is spoken at once is longer."""


def mount_reading(app: FastAPI, aloud_of: Callable[[], Aloud], dependencies: Sequence[Any] = ()) -> None:
    """Serve ``/vorlesen/…`` on *app*. *dependencies*: who may."""
    sounds = _Sounds(aloud_of)
    for path, what in (
        ("/worte/{language}/{key}.mp3", sounds.phrase),
        ("/worte/{language}", sounds.text),
        ("/{token}/saetze", sounds.sentences),
        ("/{token}/{number}.mp3", sounds.sentence),
        ("/{token}.mp3", sounds.page),
    ):
        app.add_api_route(PATH + path, what, dependencies=dependencies, include_in_schema=False)


class _Sounds:
    def __init__(self, aloud_of: Callable[[], Aloud]) -> None:
        self._aloud_of = aloud_of

    def phrase(self, language: str, key: str) -> Response:
        """A text of the catalogues that is the same for everybody."""
        aloud = self._aloud_of()
        return _sound(_spoken(lambda: aloud.phrase(language, key)) if language in LANGUAGES else None)

    def text(self, language: str, text: Annotated[str, Query(max_length=LONGEST)]) -> Response:
        """The same by its words; empty if they are none of ours."""
        aloud = self._aloud_of()
        made = _spoken(lambda: aloud.text(language, text)) if language in LANGUAGES else None
        return Response(made, media_type=MP3) if made else Response(status_code=204)

    def page(self, token: str) -> Response:
        """The whole page; it begins to sound while it is still being spoken."""
        parts = self._aloud_of().page(self._said(token))
        first = _spoken(lambda: next(parts, None))
        if first is None:
            raise NotFound
        return StreamingResponse(_with(first, parts), media_type=MP3)

    def sentences(self, token: str) -> JSONResponse:
        """What there is to be heard, for the page's script: it shows each sentence while that is spoken."""
        found = self._said(token).sentences
        return JSONResponse([{**asdict(one), "shown": one.shown or one.say} for one in found])

    def sentence(self, token: str, number: int) -> Response:
        """One of them."""
        whole, aloud = self._said(token), self._aloud_of()
        if not 0 <= number < len(whole.sentences):
            raise NotFound
        return _sound(_spoken(lambda: aloud.sentence(whole.language, whole.sentences[number].say)))

    def _said(self, token: str) -> Said:
        found = self._aloud_of().open(token)
        if found is None:
            raise NotFound
        return found


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
