"""What the monitor must be told: ``TELEMED_SIGNAGE_…`` in the environment."""

from dataclasses import dataclass
from pathlib import Path

PREFIX = "TELEMED_SIGNAGE_"


@dataclass(frozen=True)
class Settings:
    """*agent_url*: the room agent in the local network. *pairing_code*: needed once, until the key is known there."""

    agent_url: str
    state_dir: Path
    host: str = "127.0.0.1"
    port: int = 8083
    pairing_code: str = ""
