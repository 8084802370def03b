"""The simulated devices are those of the demo's directory, by id and kind."""

import json

from ops.programs import SEED
from room_agent.devices.simulated.room import DEVICE_IDS
from room_agent.naming import PLANNED
from telemed.directory.fhir import DEVICE_KINDS


def test_every_simulated_device_stands_in_the_directory_of_the_demo() -> None:
    devices = {
        each["resource"]["id"]: each["resource"] for each in json.loads((SEED / "devices.json").read_text())["entry"]
    }
    for kind, device_id in DEVICE_IDS.items():
        coding = devices[device_id]["type"]["coding"][0]
        assert DEVICE_KINDS[coding["system"], coding["code"]] == PLANNED.get(kind.value, kind.value)
