"""What this machine seals, only this machine opens: its journal and its own key lie on the disk as AES-256-GCM.

The key comes from the TPM where there is one, so that a disk that is carried away tells nothing. Elsewhere it lies in
a file that only the agent's user may read; which of the two it is, the operator is told.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from telemed.kit.logs import logger
from telemed.kit.machine import MachineKey, write_whole
from telemed.kit.settings import secret

log = logger("sealing")

KEY_BYTES = 32
NONCE_BYTES = 12
TIMEOUT_S = 20.0
"""For one command of the TPM; the slow ones take a second."""
PROGRAMS = ("tpm2_createprimary", "tpm2_create", "tpm2_load", "tpm2_unseal", "tpm2_flushcontext")


class SealedBy(StrEnum):
    """Who keeps the key."""

    TPM = "tpm"
    FILE = "file"


class SealBroken(Exception):
    """The TPM does not give the key back; the message is one line for whoever starts the agent."""


class Unreadable(Exception):
    """This was sealed elsewhere, for another place, or was changed since."""


@dataclass(frozen=True)
class Seal:
    """The machine's key and who keeps it."""

    by: SealedBy
    key: bytes = field(repr=False)

    def close(self, plain: bytes, place: str) -> bytes:
        """Seal *plain* so that it opens only as what it is: *place* is authenticated and not kept.

        A nonce of 96 random bits is safe for 2^32 messages under one key (NIST SP 800-38D, 8.3).
        """
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, plain, place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """
        Raises:
            Unreadable: it was not sealed by this key for *place*.
        """
        try:
            return AESGCM(self.key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError):
            raise Unreadable from None


@dataclass(frozen=True)
class Tpm:
    """Where the TPM is. *transport* is what tpm2-tools call TCTI; the kernel's resource manager is the usual one."""

    device: Path = Path("/dev/tpmrm0")
    transport: str = "device:/dev/tpmrm0"

    @property
    def is_there(self) -> bool:
        if not self.device.exists():
            return False
        missing = [name for name in PROGRAMS if shutil.which(name) is None]
        if missing:
            log.warning("tpm_without_tools", missing=missing)
        return not missing

    def keep(self, key: bytes, folder: Path) -> None:
        """Seal *key* under the TPM's own storage key; what only this TPM can open lies in *folder* afterwards.

        Raises:
            SealBroken: the TPM refuses.
        """
        with self._under_primary() as (work, primary):
            public, private = work / "seal.pub", work / "seal.priv"
            attributes = "fixedtpm|fixedparent|userwithauth|noda"
            self._run("create", "-C", primary, "-i", "-", "-u", public, "-r", private, "-a", attributes, given=key)
            write_whole(folder / private.name, private.read_bytes())
            write_whole(folder / public.name, public.read_bytes())  # the last one: with it the pair is whole

    def give_back(self, folder: Path) -> bytes:
        """The key that `keep` sealed.

        Raises:
            SealBroken: another TPM, a cleared one, or none.
        """
        with self._under_primary() as (work, primary):
            loaded = work / "seal.ctx"
            self._run("load", "-C", primary, "-u", folder / "seal.pub", "-r", folder / "seal.priv", "-c", loaded)
            self._flush()
            return self._run("unseal", "-c", loaded)

    @contextmanager
    def _under_primary(self) -> Iterator[tuple[Path, Path]]:
        """A folder to work in, and the storage key: the TPM makes the same one each time."""
        with TemporaryDirectory(prefix="telemed-tpm-") as name:
            work = Path(name)
            self._flush()
            self._run("createprimary", "-C", "o", "-G", "ecc", "-c", work / "primary.ctx")
            self._flush()
            yield work, work / "primary.ctx"
            self._flush()

    def _flush(self) -> None:
        """Free the TPM's few places for loaded keys, where no resource manager does."""
        self._run("flushcontext", "-t")

    def _run(self, name: str, *words: str | Path, given: bytes = b"") -> bytes:
        quiet = () if name == "unseal" else ("-Q",)
        command = [f"tpm2_{name}", *quiet, *(str(word) for word in words)]
        environment = {**os.environ, "TPM2TOOLS_TCTI": self.transport}
        try:
            done = subprocess.run(
                command, input=given, env=environment, capture_output=True, timeout=TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SealBroken(f"the TPM does not answer to tpm2_{name} ({type(error).__name__})") from None
        if done.returncode:
            raise SealBroken(f"the TPM refuses tpm2_{name}; was it cleared, or is this disk in another machine?")
        return done.stdout


def of_machine(folder: Path, tpm: Tpm | None = None) -> Seal:
    """The seal with which this machine began; on the first start a new one, in the TPM if there is one.

    Raises:
        SealBroken: the TPM has the key and does not give it back.
        BadSetting: the file with the key is readable by others, or cut off.
    """
    tpm = tpm or Tpm()
    if (folder / "seal.pub").exists():
        return Seal(SealedBy.TPM, tpm.give_back(folder))
    if not (folder / "seal.key").exists() and tpm.is_there:
        key = secrets.token_bytes(KEY_BYTES)
        try:
            tpm.keep(key, folder)
            return Seal(SealedBy.TPM, tpm.give_back(folder))
        except SealBroken as broken:
            log.warning("tpm_refuses", reason=str(broken))
            (folder / "seal.pub").unlink(missing_ok=True)
    return in_file(folder)


def in_file(folder: Path) -> Seal:
    """A seal whose key lies in *folder*, mode 0600, made on the first start.

    Raises:
        BadSetting: it is readable by others, or cut off.
    """
    path = folder / "seal.key"
    if not path.exists():
        write_whole(path, secrets.token_bytes(KEY_BYTES))
    return Seal(SealedBy.FILE, secret(path))


def machine_key(seal: Seal, path: Path) -> MachineKey:
    """The machine's own Ed25519 key, sealed in *path*; made on the first start, sealed where an older one lies bare.

    One that another machine sealed is of no use here: this machine gets a new one, and must be paired.
    """
    private = _private_key(seal, path)
    if private is None:
        private = Ed25519PrivateKey.generate()
        write_whole(path, seal.close(private.private_bytes_raw(), path.name))
    return MachineKey(private)


def _private_key(seal: Seal, path: Path) -> Ed25519PrivateKey | None:
    kept = path.read_bytes() if path.exists() else b""
    if len(kept) == KEY_BYTES:
        write_whole(path, seal.close(kept, path.name))
        return Ed25519PrivateKey.from_private_bytes(kept)
    try:
        return Ed25519PrivateKey.from_private_bytes(seal.open(kept, path.name)) if kept else None
    except Unreadable:
        log.error("key_of_another_machine")
        return None
