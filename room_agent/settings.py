"""What the room's machine is told from outside, read once at the start (``TELEMED_ROOM_…``)."""

from dataclasses import dataclass
from pathlib import Path

PREFIX = "TELEMED_ROOM_"


@dataclass(frozen=True)
class Settings:
    """*pairing_code* is used once, while this machine belongs to no room. *simulated*: devices that are programs."""

    centre_url: str
    state_dir: Path
    host: str = "127.0.0.1"
    port: int = 8200
    pairing_code: str = ""
    simulated: bool = False
