"""A monitor that the operator shuts out forgets what it showed, and stays out; another one goes on."""

from pathlib import Path

import pytest

from signage.screen import Mode
from telemed.kit.db import Database
from tests.builders import make_world
from tests.link.monitor_scene import SHUT_OUT, monitored, shows

pytestmark = pytest.mark.anyio
WITHIN_S = 5.0


async def test_a_revoked_monitor_is_dark_within_5_s_and_the_other_one_is_not(
    sqlite_database: Database, tmp_path: Path
) -> None:
    async with (
        monitored(make_world(sqlite_database), tmp_path) as it,
        it.monitor("hall") as (hall, hall_glass),
        it.monitor("door") as (door, door_glass),
    ):
        for machine_id in (hall, door):
            await it.is_here(machine_id)
        await it.revoke(hall)
        await shows(hall_glass, SHUT_OUT, within_s=WITHIN_S)
        assert hall_glass.heard is None
        assert (await it.contact(hall), await it.contact(door)) == ("revoked", "here")
        assert door_glass.screen().mode is Mode.FRESH
