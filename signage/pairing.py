"""Who this monitor is: its key, and what the room agent said when they were paired."""

import json
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import ValidationError

from schemas.visit import Paired, PairRequest
from telemed.kit.ids import digest
from telemed.kit.machine import MachineKey

TIMEOUT_S = 10.0
REFUSED = frozenset({401, 403, 404, 410, 422})
"""Any other answer than yes means: not now (409 where the agent cannot ask the centre)."""


class PairingRefused(Exception):
    """The agent did not take the code: wrong, used, or for another kind of machine."""


class AgentAway(Exception):
    """The agent cannot be reached, or cannot pair now."""


@dataclass(frozen=True)
class Identity:
    """The monitor's key and its pairing, kept in one folder."""

    key: MachineKey
    folder: Path

    @classmethod
    def load_or_make(cls, folder: Path) -> "Identity":
        return cls(MachineKey.load_or_make(folder / "monitor.key"), folder)

    @property
    def _file(self) -> Path:
        return self.folder / "paired.json"

    def paired(self, code: str = "") -> Paired | None:
        """The pairing, unless *code* is given and is not the one that made it: then we are to pair anew."""
        if not self._file.exists():
            return None
        kept = json.loads(self._file.read_text(encoding="utf-8"))
        if code and kept["code"] != digest(code):
            return None
        return Paired.model_validate(kept["paired"])

    def keep(self, paired: Paired, code: str) -> None:
        text = json.dumps({"code": digest(code), "paired": paired.model_dump()})
        new = self._file.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(self._file)


async def pair(agent_url: str, code: str, public_key: str) -> Paired:
    """Show *code* and our key to the agent.

    Raises:
        PairingRefused: the agent says no.
        AgentAway: no answer, or none that says yes or no.
    """
    request = PairRequest(code=code, kind="monitor", public_key=public_key)
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            answer = await client.post(f"{agent_url.rstrip('/')}/pair", json=request.model_dump())
    except httpx.TransportError as error:
        raise AgentAway from error
    if answer.status_code in REFUSED:
        raise PairingRefused
    if not answer.is_success:
        raise AgentAway
    try:
        return Paired.model_validate_json(answer.content)
    except ValidationError as error:
        raise AgentAway from error
