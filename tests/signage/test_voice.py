"""espeak-ng says each piece once, in every language; a recording replaces it; without either nothing breaks."""

import io
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from signage.__main__ import commands
from signage.speech import SPOKEN, call, every
from telemed.kit.voice import Piece, Speechless, Voice, file_name
from telemed.kit.waves import RATE, TARGET_LUFS, Samples, loudness, to_wav
from tests.kit.test_waves import tone
from tests.signage.boards import make_ticket

BIRD = make_ticket("bird", "K", "47")
LONGEST_ROOM = "Behandlungszimmer Erdgeschoss, zweite Tür links"


def samples_of(wav: bytes) -> Samples:
    with wave.open(io.BytesIO(wav)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / np.float32(32767)


def make_voice(folder: Path, program: str = "espeak-ng") -> Voice:
    return Voice(folder / "voices", folder / "speech", program=program)


def record(folder: Path, piece: Piece, hertz: float = 700) -> None:
    path = folder / "voices" / piece.language / f"{piece.name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_wav(tone(hertz, 0.4, 0.2)))


@pytest.mark.parametrize("language", SPOKEN)
def test_each_call_is_heard_neither_short_nor_long_nor_loud_nor_clipped(tmp_path: Path, language: str) -> None:
    for room in ("Raum 1", LONGEST_ROOM):
        samples = samples_of(make_voice(tmp_path).say(call(BIRD, room, language)))
        assert 0.5 <= len(samples) / RATE <= 12
        assert loudness(samples) == pytest.approx(TARGET_LUFS, abs=3)
        assert np.abs(samples).max() < 0.9


def test_a_piece_is_rendered_once_and_kept_under_the_hash_of_its_words(tmp_path: Path) -> None:
    pieces = call(BIRD, "Raum 1", "de")
    voice = make_voice(tmp_path)
    first = voice.say(pieces)
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "speech").iterdir()}
    assert set(kept) == {file_name(piece) for piece in pieces}
    assert make_voice(tmp_path, program="no-such-program").say(pieces) == first
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "speech").iterdir()} == kept
    assert file_name(Piece("de", "please", "bitte")) != file_name(Piece("de", "please", "Bitte sehr"))


def test_a_recording_replaces_its_piece_as_soon_as_it_is_there(tmp_path: Path) -> None:
    voice = make_voice(tmp_path)
    pieces = call(BIRD, "Raum 1", "de")
    before = voice.say(pieces)
    record(tmp_path, pieces[0])
    after = voice.say(pieces)
    assert after != before
    spectrum = np.abs(np.fft.rfft(samples_of(after)[: RATE // 2]))
    assert np.argmax(spectrum) * 2 == pytest.approx(700, abs=10)
    record(tmp_path, pieces[0], hertz=900)
    assert voice.say(pieces) != after


def test_a_recording_that_is_no_sound_is_said_and_the_rendered_voice_goes_on(tmp_path: Path) -> None:
    pieces = call(BIRD, "Raum 1", "de")
    expected = make_voice(tmp_path).say(pieces)
    path = tmp_path / "voices" / "de" / "picture-bird.mp3"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a sound")
    with capture_logs() as lines:
        assert make_voice(tmp_path).say(pieces) == expected
    assert [line["event"] for line in lines] == ["recording_unreadable"]


def test_the_chime_can_be_replaced_too(tmp_path: Path) -> None:
    voice = make_voice(tmp_path)
    before = voice.chime()
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "chime.wav").write_bytes(to_wav(tone(600, 1, 0.3)))
    assert voice.chime() != before
    assert loudness(samples_of(voice.chime())) == pytest.approx(TARGET_LUFS, abs=1)


def test_without_espeak_the_chime_goes_on_and_the_log_says_it(tmp_path: Path) -> None:
    with capture_logs() as lines:
        voice = make_voice(tmp_path, program="no-such-program")
    assert [(line["event"], line["log_level"]) for line in lines] == [("voice_missing", "error")]
    assert len(voice.chime()) > 1000
    with pytest.raises(Speechless):
        voice.say(call(BIRD, "Raum 1", "de"))


def test_what_was_recorded_as_a_whole_needs_no_program(tmp_path: Path) -> None:
    pieces = call(BIRD, "Raum 1", "pl")
    for piece in pieces:
        record(tmp_path, piece)
    voice = make_voice(tmp_path, program="no-such-program")
    assert 0.5 <= len(samples_of(voice.say(pieces))) / RATE <= 12
    count, path = voice.prepare(pieces)
    assert count == len(pieces)
    assert "pl/picture-bird\tyes\tPtak\n" in path.read_text(encoding="utf-8")


def test_a_program_that_fails_and_a_file_that_was_cut_off_break_nothing(tmp_path: Path) -> None:
    assert shutil.which("false")
    pieces = call(BIRD, "Raum 1", "de")
    with pytest.raises(Speechless):
        make_voice(tmp_path, program="false").say(pieces)
    (tmp_path / "speech").mkdir(exist_ok=True)
    (tmp_path / "speech" / file_name(pieces[0])).write_bytes(b"RIFF")
    with pytest.raises(Speechless):
        make_voice(tmp_path).say(pieces)
    assert make_voice(tmp_path).say(pieces)


def test_the_words_of_a_room_are_no_option_of_the_program(tmp_path: Path) -> None:
    assert make_voice(tmp_path).say([Piece("de", "room-x", "--version")])


def test_the_list_of_what_can_be_recorded_is_written_beside_the_recordings(tmp_path: Path) -> None:
    record(tmp_path, Piece("tr", "please", ""))
    pieces = tuple(piece for piece in every(["Raum 1"]) if piece.name in {"please", "room-raum-1"})
    count, path = make_voice(tmp_path).prepare(pieces)
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    assert head == "file (without its ending)\trecorded\tto be spoken"
    assert (count, len(lines)) == (1, len(SPOKEN) + 1)
    assert "tr/please\tyes\tlütfen gelin" in lines
    assert lines[-1] == "de/room-raum-1\tno\tRaum 1"


def test_the_command_says_so_where_nothing_can_be_spoken(tmp_path: Path) -> None:
    env = {
        "TELEMED_SIGNAGE_AGENT_URL": "http://127.0.0.1:1",
        "TELEMED_SIGNAGE_STATE_DIR": str(tmp_path),
        "TELEMED_SIGNAGE_VOICE_PROGRAM": "no-such-program",
    }
    answer = CliRunner().invoke(commands, ["voices", "Raum 1"], env=env)
    assert answer.exit_code == 1
    assert "espeak-ng is not there" in answer.output
