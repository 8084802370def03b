"""What the room found out about itself before a visit."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from schemas.base import Id, Message, Moment


class Severity(StrEnum):
    OK = "ok"
    WARN = "warn"
    BLOCK = "block"


UNCHECKED = "unknown"
"""The code of what could not be checked. It hinders no visit, and is never shown as if it had passed."""


class CheckResult(Message):
    """One check. *subject*: ``camera``, ``microphone``, ``line`` or a device kind; *code*: the reason in a word.

    *text_key* and *fix_key* are catalogue keys: what is so, and one sentence what to do (empty when all is well).
    *since*: since when it is so, on the room's clock. *alarm*: it was not mended, and a visit comes or is on: the
    assistant is called. *device_name*: what people call the device, with its colour and place where they are known;
    empty where the subject says all.
    """

    subject: str
    code: str
    severity: Severity
    device_id: Id | None = None
    device_name: str = ""
    text_key: str
    fix_key: str = ""
    since: Moment | None = None
    alarm: bool = False

    @property
    def checked(self) -> bool:
        """Somebody looked; otherwise its severity says nothing."""
        return self.code != UNCHECKED


class MachineSeen(Message):
    """When a kiosk or monitor was last connected to the room PC, on the room's clock."""

    machine_id: Id
    seen: Moment


class CheckReport(Message):
    """How the room is. *sealed_by*: who keeps the key of its disk: a ``tpm``, a ``file``, or empty: unknown.

    *vp8_viewers*: how many browsers in the visit take no H.264; for them a second encoder runs. *machines*: when each
    kiosk and monitor was last there, `at` for those that are; one that was never seen since the start is left out.
    """

    v: Literal[1] = 1
    room_id: Id
    at: Moment
    simulated: bool
    results: tuple[CheckResult, ...]
    sealed_by: Literal["tpm", "file", ""] = ""
    vp8_viewers: int = Field(0, ge=0)
    machines: tuple[MachineSeen, ...] = ()


class BlockedDevice(Message):
    """A device that cannot be used and that nobody has mended in time. *code*: the reason in a word."""

    device_id: Id
    kind: str
    code: str
    since: Moment
