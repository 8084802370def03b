"""A voice: each piece recorded by a person, or rendered once by espeak-ng and kept.

Monitors call with it, and pages are read out. A recording ``<folder>/<language>/<piece>.wav`` (or mp3, ogg, flac) is
taken for its piece, ``chime.wav`` beside the languages for the chime. What is rendered lies in the cache under the hash
of its words, voice and pace; what is said to one person only is never written down.
"""

import io
import shutil
import subprocess
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from telemed.kit.logs import logger
from telemed.kit.waves import RATE, Samples, chime, joined, levelled, to_wav, trimmed

log = logger("voice")

ENDINGS = (".wav", ".mp3", ".ogg", ".flac")
VOICES = {"en": "en-gb"}
"""Of espeak-ng, where it is not called like its language."""
WORDS_A_MINUTE = 135
"""Its own pace is 175; people who hear badly, or hear their second language, need it slower."""
TIMEOUT_S = 10.0
KEPT_CALLS = 16
MANIFEST = "manifest.tsv"
HEAD = "file (without its ending)\trecorded\tto be spoken"


@dataclass(frozen=True)
class Piece:
    """A few words in one voice. *name*: of the file that replaces the rendered one, without its ending; empty where
    there can be none. *lasting*: the same for everybody, so that it may lie in the cache.
    """

    language: str
    name: str
    text: str
    lasting: bool = True


class Speechless(Exception):
    """There is no recording, and no program that could speak."""


class Voice:
    """Speaks. *recordings*: where people put theirs; *cache*: ours; *program*: espeak-ng, or its path.

    Its methods may be called from any thread.
    """

    def __init__(self, recordings: Path, cache: Path, *, program: str = "espeak-ng") -> None:
        self._recordings = recordings
        self._cache = cache
        self._program = shutil.which(program)
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()
        self._turn = threading.Lock()
        if self._program is None:
            log.error("voice_missing", wanted=program)

    def chime(self) -> bytes:
        """As WAV: the recorded chime, or ours."""
        with self._turn:
            recorded = _recording(self._recordings, "chime")
            return self._once((_mark(recorded),), lambda: _chime(recorded))

    def say(self, pieces: Sequence[Piece]) -> bytes:
        """As WAV: *pieces*, one after the other.

        Raises:
            Speechless: one of them is neither recorded nor can it be rendered.
        """
        with self._turn:
            key = tuple(_mark(self._recorded(piece)) or file_name(piece) for piece in pieces)
            return self._once(key, lambda: to_wav(joined([self._samples(piece) for piece in pieces])))

    def samples(self, piece: Piece) -> Samples:
        """What *piece* sounds like, as loud as everything else, without silence around it.

        Raises:
            Speechless: as above.
        """
        with self._turn:
            return levelled(trimmed(self._samples(piece)))

    def prepare(self, pieces: Sequence[Piece]) -> tuple[int, Path]:
        """Render each of *pieces* that nobody recorded, so that nobody waits for it; how many are recorded, and a list.

        Raises:
            Speechless: one of them can be had from nowhere.
        """
        with self._turn:
            for piece in pieces:
                self._samples(piece)
            recorded = [piece for piece in pieces if self._recorded(piece)]
            lines = [
                f"{piece.language}/{piece.name}\t{'yes' if piece in recorded else 'no'}\t{piece.text}"
                for piece in pieces
            ]
        self._recordings.mkdir(parents=True, exist_ok=True)
        path = self._recordings / MANIFEST
        path.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
        return len(recorded), path

    def _once(self, key: tuple[str, ...], make: Callable[[], bytes]) -> bytes:
        if key not in self._kept:
            self._kept[key] = make()
            while len(self._kept) > KEPT_CALLS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _recorded(self, piece: Piece) -> Path | None:
        return _recording(self._recordings / piece.language, piece.name) if piece.name else None

    def _samples(self, piece: Piece) -> Samples:
        recorded = self._recorded(piece)
        samples = _decoded(recorded) if recorded else None
        return samples if samples is not None else self._rendered(piece)

    def _rendered(self, piece: Piece) -> Samples:
        if not piece.lasting:
            samples = _decoded(io.BytesIO(self._speak(piece, "--stdout")))
            if samples is None:
                raise Speechless
            return samples
        path = self._cache / file_name(piece)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_suffix(".new")
            self._speak(piece, "-w", str(new))
            new.replace(path)
        samples = _decoded(path)
        if samples is None:
            path.unlink()  # of a disk that was full: rendered anew next time
            raise Speechless
        return samples

    def _speak(self, piece: Piece, *where: str) -> bytes:
        """The words go in by standard input, so that no name of a room is taken for an option."""
        if self._program is None:
            raise Speechless
        voice = VOICES.get(piece.language, piece.language)
        command = [self._program, "-v", voice, "-s", str(WORDS_A_MINUTE), "-b", "1", "--stdin", *where]
        try:
            done = subprocess.run(
                command, input=piece.text.encode(), check=True, capture_output=True, timeout=TIMEOUT_S
            )
        except (OSError, subprocess.SubprocessError) as error:
            log.error("voice_failed", reason=type(error).__name__)
            raise Speechless from error
        return done.stdout


def file_name(piece: Piece) -> str:
    """Of a rendered piece in the cache: other words or another pace, another name."""
    spoken = f"{VOICES.get(piece.language, piece.language)}\n{WORDS_A_MINUTE}\n{piece.text}"
    return f"{piece.language}-{piece.name[:60]}-{sha256(spoken.encode()).hexdigest()[:16]}.wav"


def _recording(folder: Path, name: str) -> Path | None:
    return next((path for ending in ENDINGS if (path := folder / f"{name}{ending}").is_file()), None)


def _mark(recording: Path | None) -> str:
    """Another one when the file was replaced; empty where there is none."""
    if recording is None:
        return ""
    state = recording.stat()
    return f"{recording} {state.st_mtime_ns} {state.st_size}"


def _chime(recorded: Path | None) -> bytes:
    samples = _decoded(recorded) if recorded else None
    return to_wav(chime() if samples is None else levelled(trimmed(samples)))


def _decoded(sound: Path | io.BytesIO) -> Samples | None:
    """The samples of any sound file, mono at our rate; None where there is nothing to hear in it."""
    import av  # half a second, which not every program needs

    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    try:
        with av.open(str(sound) if isinstance(sound, Path) else sound) as file:
            frames = [out for frame in file.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    except (av.FFmpegError, OSError, IndexError) as error:
        log.warning("recording_unreadable", file=getattr(sound, "name", ""), reason=type(error).__name__)
        return None
    parts = [frame.to_ndarray().reshape(-1) for frame in frames]
    samples = np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)
    return samples if len(trimmed(samples)) else None
