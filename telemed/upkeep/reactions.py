"""What follows when a device is blocked."""

from collections.abc import Callable
from datetime import datetime

from telemed.kit.db import Tx
from telemed.kit.secrets import Secrets
from telemed.upkeep import service
from telemed.upkeep.model import DeviceBlocked


def use_others(secrets: Secrets) -> Callable[..., None]:
    """React to `DeviceBlocked`: whoever needs the device gets another one like it, where there is one."""

    def react(tx: Tx, happened: DeviceBlocked, *, now: datetime) -> None:
        service.use_others(tx, secrets, happened, now=now)

    return react
