"""The operator of an exercise: signs by itself whatever waits, with a key that lies beside the centre's data.

In earnest nobody may do so: there the key is on a machine that the centre cannot reach, and a person looks at each key.
"""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.trust import Roster, SignedRoster
from telemed.kit.clock import real_now
from telemed.kit.machine import write_whole
from telemed.kit.trust import read_roster, sign_roster
from telemed.operator.model import changes
from telemed.operator.routes import Draft
from telemed.roster_commands import next_roster, public_of

LASTS = timedelta(days=365)
LOOK_S = 0.4
"""The pause between two looks: what waits is signed within a second."""
OPERATOR = "exercise-operator.key"


class ExerciseOperator:
    """*address* says where the centre is, and *token* lets in; both are asked at each look, as they come later."""

    def __init__(self, folder: Path, *, address: Callable[[], str], token: Callable[[], str]) -> None:
        self._file = folder / OPERATOR
        self._address, self._token = address, token
        self._signed: bytes | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        if not self._file.exists():
            write_whole(self._file, Ed25519PrivateKey.generate().private_bytes_raw())
        self._key = Ed25519PrivateKey.from_private_bytes(self._file.read_bytes())

    @property
    def public(self) -> str:
        return public_of(self._key)

    def start(self) -> None:
        """Look and sign until `stop`, in a thread."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="exercise-operator", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        with httpx.Client(timeout=5.0, trust_env=False) as client:
            while not self._stop.wait(LOOK_S):
                try:
                    self.sign_what_waits(client)
                except httpx.TransportError:
                    continue  # the centre is not there, or not yet, or has just been ended

    def sign_what_waits(self, client: httpx.Client) -> bool:
        """One look; whether something was signed.

        Raises:
            HTTPError: the centre does not answer.
        """
        asked = client.get(f"{self._address()}/roster/draft", headers=self._headers)
        asked.raise_for_status()
        if asked.content == self._signed:
            return False
        wanted = Draft.model_validate_json(asked.content).keys
        former = self._former(client)
        if not changes(former.keys if former else (), wanted):
            self._signed = asked.content
            return False
        signed = sign_roster(next_roster(wanted, former, now=real_now(), lasts=LASTS), self._key)
        client.post(f"{self._address()}/roster", json=signed.model_dump(), headers=self._headers).raise_for_status()
        self._signed = asked.content
        return True

    def _former(self, client: httpx.Client) -> Roster | None:
        found = client.get(f"{self._address()}/roster")
        if found.status_code == httpx.codes.NOT_FOUND:
            return None
        found.raise_for_status()
        return read_roster(SignedRoster.model_validate_json(found.content), [self.public])

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token()}", "Accept": "application/json"}
