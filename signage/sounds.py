"""What is heard in the waiting room, for the page: a stream of calls, and the sounds as files.

Only what stands on the board has files, so that nobody makes the program speak something else.
"""

import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.responses import Response, StreamingResponse

from signage import speech
from signage.calls import Sound, Volume
from signage.feed import Bulletin
from telemed.kit.voice import Piece, Speechless, Voice
from telemed.kit.waves import silence, to_wav

LOOK_S = 0.5
BEAT_S = 5.0
READY_S = 0.3


@dataclass(frozen=True)
class Loudspeaker:
    """What a monitor speaks with, and how loud."""

    voice: Voice
    volume: Volume


def mount_sounds(app: FastAPI, bulletin: Bulletin, speaker: Loudspeaker) -> None:
    """Serve ``/sound/stream``, the chime, the calls, and ``/sound/ready.wav``: nothing, to try whether we may."""

    @app.get("/sound/stream")
    async def stream() -> Response:
        return StreamingResponse(_stream(bulletin, speaker.volume), media_type="text/event-stream")

    @app.get("/sound/ready.wav")
    def ready() -> Response:
        return _wav(lambda: to_wav(silence(READY_S)))

    @app.get("/sound/chime.wav")
    def chime() -> Response:
        return _wav(speaker.voice.chime)

    @app.get("/sound/calls/{call_id}/{language}.wav")
    def call(call_id: str, language: str) -> Response:
        return _spoken(speaker.voice, _pieces(bulletin, call_id, language))

    @app.get("/sound/announced/{what}/{language}.wav")
    def announced(what: str, language: str) -> Response:
        return _spoken(speaker.voice, _announced(bulletin, what, language))


def _announced(bulletin: Bulletin, what: str, language: str) -> tuple[Piece, ...]:
    announced = bulletin.heard.board.announced if bulletin.heard else None
    if announced is None or announced != what or language not in speech.SPOKEN:
        return ()
    return (speech.announcement(announced, language),)


def _pieces(bulletin: Bulletin, call_id: str, language: str) -> tuple[Piece, ...]:
    board = bulletin.heard.board if bulletin.heard else None
    for one in board.calls if board else ():
        if board and one.call_id == call_id and language in speech.languages(one.language):
            return speech.call(one.ticket, board.room_name, language, board.room_names)
    return ()


def _spoken(voice: Voice, pieces: tuple[Piece, ...]) -> Response:
    return _wav(lambda: voice.say(pieces)) if pieces else Response(status_code=404)


def _wav(make: Callable[[], bytes]) -> Response:
    try:
        return Response(make(), media_type="audio/wav")
    except Speechless:
        return Response(status_code=404)


async def _stream(bulletin: Bulletin, volume: Volume) -> AsyncIterator[str]:
    """Server-sent events: ``sound`` whenever it changed."""
    told: Sound | None = None
    sent_s = time.monotonic()
    while True:
        sound = bulletin.sound(volume)
        if sound != told:
            told, sent_s = sound, time.monotonic()
            yield f"event: sound\ndata: {json.dumps(sound.to_page())}\n\n"
        elif time.monotonic() - sent_s >= BEAT_S:
            sent_s = time.monotonic()
            yield ": still here\n\n"
        await bulletin.changed(within_s=LOOK_S)
