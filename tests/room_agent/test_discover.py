"""Finding what could be a device of the room: Bluetooth in a virtual air, cameras and sound in a made-up kernel."""

import asyncio
from pathlib import Path

from bleak.backends.device import BLEDevice

from room_agent import discover
from room_agent.devices.config import BluetoothDevice, CameraDevice, CameraRole, StethoscopeDevice, parse
from room_agent.devices.scanner import Advert
from room_agent.devices.simulated.cuff import SimulatedCuff
from room_agent.devices.simulated.scenario import Scenario
from room_agent.devices.virtual_radio import VirtualAir
from schemas.measurement import MeasurementKind

CUFF_SERVICE = "00001810-0000-1000-8000-00805F9B34FB"


def advert(*services: str, rssi: int = -60, name: str = "UA-651") -> Advert:
    return Advert(BLEDevice("AA:BB:CC:00:00:02", name, None), name, services, rssi, 0.0)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_cuff_in_the_air_is_found_and_its_entry_can_be_read() -> None:
    async def story() -> None:
        air = VirtualAir()
        await SimulatedCuff(air.unpowered("cuff", "F0:00:00:00:00:02"), Scenario()).switch_on()
        await air.device("telephone", "F0:00:00:00:00:09")
        found = await discover.bluetooth((await air.radio()).scanner, 0.3)
        await air.close()
        (device,) = parse(discover.as_file(found)).bluetooth
        assert (device.device_id, device.kind, device.address, device.label.name) == (
            "blood-pressure-1",
            MeasurementKind.BLOOD_PRESSURE,
            "F0:00:00:00:00:02",
            "cuff",
        )

    asyncio.run(story())


def test_a_service_of_ours_and_nearness_make_the_score() -> None:
    assert discover.of_advert(advert("0000180d-0000-1000-8000-000000000000")) is None
    scores = [
        found.score for rssi in (-30, -70, -120) if (found := discover.of_advert(advert(CUFF_SERVICE, rssi=rssi)))
    ]
    assert scores == [1.0, 0.75, 0.5]


def test_cameras_are_named_by_what_stays_and_data_nodes_are_left_out(tmp_path: Path) -> None:
    kernel, links = tmp_path / "kernel", tmp_path / "by-id"
    links.mkdir()
    for node, index, name in (
        ("video0", "0", "HD Otoscope"),
        ("video1", "1", "HD Otoscope"),
        ("video2", "0", "Webcam"),
    ):
        write(kernel / node / "index", f"{index}\n")
        write(kernel / node / "name", f"{name}\n")
        write(tmp_path / "dev" / node, "")
    (links / "usb-otoscope-index0").symlink_to(tmp_path / "dev" / "video0")
    found = list(discover.cameras(kernel, links))
    assert [(each.device, each.score) for each in found] == [
        (CameraDevice("otoscope", CameraRole.OTOSCOPE, str(links / "usb-otoscope-index0")), 0.9),
        (CameraDevice("room", CameraRole.ROOM, "/dev/video2"), 0.2),
    ]


def test_inputs_are_found_by_their_cards_names_and_outputs_are_not(tmp_path: Path) -> None:
    write(tmp_path / "card0" / "id", "PCH\n")
    write(tmp_path / "card0" / "pcm0p" / "info", "card: 0\ndevice: 0\nname: Speaker\n")
    write(tmp_path / "card0" / "pcm0c" / "info", "card: 0\ndevice: 0\nname: Line in\n")
    write(tmp_path / "card1" / "id", "Steth\n")
    write(tmp_path / "card1" / "usbid", "1234:5678\n")
    write(tmp_path / "card1" / "pcm2c" / "info", "card: 1\ndevice: 2\nname: USB Audio\n")
    found = [(each.device, each.score) for each in discover.sound(tmp_path)]
    assert found == [
        (StethoscopeDevice("stethoscope", "hw:CARD=PCH,DEV=0"), 0.2),
        (StethoscopeDevice("stethoscope", "hw:CARD=Steth,DEV=2"), 0.9),
    ]


def test_a_computer_with_nothing_gives_an_empty_file(tmp_path: Path) -> None:
    found = [*discover.cameras(tmp_path, tmp_path / "none"), *discover.sound(tmp_path)]
    assert found == []
    assert parse(discover.as_file(found)).bluetooth == ()


def test_two_of_a_kind_have_two_numbers_and_a_devices_name_cannot_write_entries() -> None:
    device = BluetoothDevice("blood-pressure", MeasurementKind.BLOOD_PRESSURE, "AA:BB:CC:00:00:02")
    text = discover.as_file(
        [discover.Candidate(device, 0.6, 'evil\n[[device]]\nid = "x"'), discover.Candidate(device, 0.7, "good")]
    )
    assert [line for line in text.splitlines() if line.startswith(("id", "#"))] == [
        "# 0.70  good",
        'id = "blood-pressure-1"',
        '# 0.60  evil[[device]]id = "x"',
        'id = "blood-pressure-2"',
    ]
