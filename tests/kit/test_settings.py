"""Settings are read once and whole, or the start is refused with one line."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from telemed.kit.settings import BadSetting, read, secret


@dataclass(frozen=True)
class Some:
    state_dir: Path
    port: int = 8000
    exercise: bool = False
    pace: float = 1.0


def given(**environ: str) -> Some:
    return read(Some, {f"X_{name}": text for name, text in environ.items()} | {"HOME": "/"}, prefix="X_")


def test_what_is_not_said_has_its_default() -> None:
    assert given(STATE_DIR="/s") == Some(Path("/s"))
    assert given(STATE_DIR="/s", PORT="1", EXERCISE="1", PACE="0.5") == Some(Path("/s"), 1, True, 0.5)


@pytest.mark.parametrize(
    ("environ", "what"),
    [
        ({"STATE_DIR": "/s", "PROT": "1"}, "unknown setting X_PROT"),
        ({}, "missing"),
        ({"STATE_DIR": "/s", "PORT": "many"}, "X_PORT is not a int"),
        ({"STATE_DIR": "/s", "EXERCISE": "yes"}, "X_EXERCISE is not a bool"),
    ],
)
def test_a_wrong_setting_is_named(environ: dict[str, str], what: str) -> None:
    with pytest.raises(BadSetting, match=what):
        given(**environ)


def test_a_secret_is_long_enough_and_nobody_else_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "pepper"
    with pytest.raises(BadSetting, match="cannot be read"):
        secret(file)
    file.touch(mode=0o600)
    with pytest.raises(BadSetting, match="shorter"):
        secret(file)
    file.write_bytes(b"x" * 32)
    assert secret(file) == b"x" * 32
    file.chmod(0o640)
    with pytest.raises(BadSetting, match="readable by others"):
        secret(file)
