"""What the checks remember over a restart: how sharp each camera's picture was, and which devices are blocked.

A small file of our own, replaced as a whole; if it is lost or spoilt, it is learnt anew. Numbers and ids, no picture.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from schemas.checks import BlockedDevice
from telemed.kit.logs import logger

log = logger("checks.kept")
_BLOCKED = TypeAdapter(tuple[BlockedDevice, ...])
_SHARPNESS = TypeAdapter(dict[str, float])


class Kept:
    """The file at *path*; each change is on disk when the call returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        found = self._read()
        try:
            self.sharpness = _SHARPNESS.validate_python(found.get("sharpness", {}))
            self.blocked = _BLOCKED.validate_python(found.get("blocked", ()))
        except ValidationError:
            log.warning("spoilt")
            self.sharpness, self.blocked = {}, ()

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("unreadable", error=type(error).__name__)
            return {}
        return found if isinstance(found, dict) else {}

    def keep_sharpness(self, camera: str, sharpness: float) -> None:
        if self.sharpness.get(camera) != sharpness:
            self.sharpness[camera] = sharpness
            self._write()

    def keep_blocked(self, blocked: Iterable[BlockedDevice]) -> None:
        self.blocked = tuple(blocked)
        self._write()

    def _write(self) -> None:
        new = self._path.with_suffix(".new")
        blocked = [json.loads(device.model_dump_json()) for device in self.blocked]
        with new.open("w") as file:
            json.dump({"sharpness": self.sharpness, "blocked": blocked}, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
