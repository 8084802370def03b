"""What the machine seals: under a TPM's key (a software TPM, through Debian's tools) or under a file's."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ops.programs import ROOT
from room_agent import sealing
from room_agent.sealing import Seal, SealBroken, SealedBy, Tpm, Unreadable
from telemed.kit.machine import MachineKey
from telemed.kit.settings import BadSetting

PLAIN = b"visit-1 at nine"


@contextmanager
def software_tpm(folder: Path) -> Iterator[Tpm]:
    """A TPM 2.0 that is a program (swtpm); what it knows lies in *folder*."""
    folder.mkdir(exist_ok=True)
    socket = folder / "tpm.sock"
    command = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--flags", "not-need-init,startup-clear"]
    command += ["--server", f"type=unixio,path={socket}", "--ctrl", f"type=unixio,path={socket}.ctrl"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        while not socket.exists():
            assert process.poll() is None, "swtpm ended"
        yield Tpm(device=socket, transport=f"swtpm:path={socket}")
    finally:
        process.terminate()
        process.communicate()


@pytest.fixture
def no_tpm(tmp_path: Path) -> Tpm:
    return Tpm(device=tmp_path / "no-tpm")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def test_with_a_tpm_the_key_is_never_on_the_disk_and_the_same_after_a_restart(state: Path, tmp_path: Path) -> None:
    with software_tpm(tmp_path / "tpm") as tpm:
        first = sealing.of_machine(state, tpm)
        sealed = first.close(PLAIN, "plan")
        again = sealing.of_machine(state, tpm)
    assert (first.by, again.by) == (SealedBy.TPM, SealedBy.TPM)
    assert again.open(sealed, "plan") == PLAIN
    on_disk = [path.read_bytes() for path in state.iterdir()]
    assert sorted(path.name for path in state.iterdir()) == ["seal.priv", "seal.pub"]
    assert not any(first.key in kept for kept in on_disk)


def test_a_disk_in_another_machine_stays_shut_and_says_why(state: Path, tmp_path: Path) -> None:
    with software_tpm(tmp_path / "tpm") as tpm:
        sealing.of_machine(state, tpm)
    with software_tpm(tmp_path / "other") as other, pytest.raises(SealBroken, match="another machine"):
        sealing.of_machine(state, other)
    with pytest.raises(SealBroken, match="TPM"):
        sealing.of_machine(state, Tpm(device=tmp_path / "none", transport=f"swtpm:path={tmp_path / 'none'}"))


def test_a_tpm_that_refuses_on_the_first_start_leaves_the_file(state: Path, tmp_path: Path) -> None:
    silent = tmp_path / "silent"
    silent.touch()
    seal = sealing.of_machine(state, Tpm(device=silent, transport=f"swtpm:path={silent}"))
    assert seal.by is SealedBy.FILE
    assert sorted(path.name for path in state.iterdir()) == ["seal.key"]


def test_without_a_tpm_the_key_is_a_file_for_one_user_only(state: Path, no_tpm: Tpm) -> None:
    first = sealing.of_machine(state, no_tpm)
    again = sealing.of_machine(state, no_tpm)
    assert (first.by, again.open(first.close(PLAIN, "plan"), "plan")) == (SealedBy.FILE, PLAIN)
    assert (state / "seal.key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(state: Path, no_tpm: Tpm, mode: int) -> None:
    sealing.of_machine(state, no_tpm)
    (state / "seal.key").chmod(mode)
    with pytest.raises(BadSetting, match="readable by others"):
        sealing.of_machine(state, no_tpm)


def test_the_agent_says_so_in_one_line_and_does_not_start(state: Path) -> None:
    sealing.in_file(state)
    (state / "seal.key").chmod(0o644)
    done = subprocess.run(
        [sys.executable, "-m", "room_agent", "serve"],
        env={**os.environ, "TELEMED_ROOM_STATE_DIR": str(state), "TELEMED_ROOM_CENTRE_URL": "http://127.0.0.1:9"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "secret seal.key is readable by others\n")


def test_what_is_moved_or_changed_does_not_open(state: Path) -> None:
    seal = sealing.in_file(state)
    sealed = seal.close(PLAIN, "fact 1")
    assert PLAIN not in sealed
    for spoilt, place in ((sealed, "fact 2"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), "fact 1"), (b"", "fact 1")):
        with pytest.raises(Unreadable):
            seal.open(spoilt, place)


def test_the_key_is_in_no_text(state: Path) -> None:
    seal = sealing.in_file(state)
    assert seal.key.hex() not in repr(seal)
    assert repr(seal.key) not in repr(seal)


def test_the_machines_own_key_is_sealed_and_an_older_bare_one_too(state: Path) -> None:
    seal, path = sealing.in_file(state), state / "agent.key"
    bare = MachineKey.load_or_make(path)
    raw = path.read_bytes()
    assert sealing.machine_key(seal, path).public == bare.public
    assert raw not in path.read_bytes()
    assert sealing.machine_key(seal, path).public == bare.public


def test_a_key_that_another_machine_sealed_is_replaced(state: Path) -> None:
    path = state / "agent.key"
    before = sealing.machine_key(Seal(SealedBy.FILE, bytes(32)), path)
    assert sealing.machine_key(sealing.in_file(state), path).public != before.public
