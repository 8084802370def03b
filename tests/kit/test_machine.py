"""A machine proves that it has its key, for this server, this nonce and this name, and nothing else."""

import stat
from pathlib import Path

import pytest

from schemas.visit import Challenge, Proof
from telemed.kit.ids import from_base64, to_base64
from telemed.kit.machine import MachineKey, new_challenge, proves


@pytest.fixture
def key(tmp_path: Path) -> MachineKey:
    return MachineKey.load_or_make(tmp_path / "deep" / "key")


def test_who_has_the_key_proves_it(key: MachineKey) -> None:
    challenge = new_challenge("centre")
    assert proves(key.prove(challenge, "m1"), challenge, key.public)


def test_a_proof_is_good_for_nothing_else(key: MachineKey, tmp_path: Path) -> None:
    challenge = new_challenge("centre")
    proof = key.prove(challenge, "m1")
    other = MachineKey.load_or_make(tmp_path / "other")
    assert not proves(proof, new_challenge("centre"), key.public)
    assert not proves(proof, Challenge(server="elsewhere", nonce=challenge.nonce), key.public)
    assert not proves(proof.model_copy(update={"machine_id": "m2"}), challenge, key.public)
    assert not proves(proof, challenge, other.public)
    assert not proves(Proof(machine_id="m1", signature=to_base64(b"short")), challenge, key.public)
    assert not proves(proof, challenge, "no-key")


def test_the_key_stays_the_same_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = MachineKey.load_or_make(path)
    assert MachineKey.load_or_make(path).public == made.public
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(from_base64(made.public)) == 32


def test_a_key_that_was_being_written_when_the_power_failed_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "key.new").write_bytes(b"half")
    MachineKey.load_or_make(tmp_path / "key")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["key"]


def test_no_two_challenges_are_alike() -> None:
    assert new_challenge("centre").nonce != new_challenge("centre").nonce
