"""The file of a room's devices: what it may say, and one line for everything else."""

import pytest

from room_agent.devices.config import (
    BluetoothDevice,
    CameraDevice,
    CameraRole,
    Label,
    RoomDevices,
    StethoscopeDevice,
    as_toml,
    parse,
    read,
)
from room_agent.media.camera import CameraFormat
from schemas.measurement import MeasurementKind
from telemed.kit.settings import BadSetting
from tests.architecture import ROOT

CUFF = BluetoothDevice(
    "cuff-1",
    MeasurementKind.BLOOD_PRESSURE,
    "AA:BB:CC:00:00:02",
    "77",
    1,
    Label("Oberarm „groß“", "blau", "Regal"),
    True,
)
CLIP = BluetoothDevice("clip-1", MeasurementKind.OXIMETER, "AA:BB:CC:00:00:03")
EAR = CameraDevice("ear-1", CameraRole.OTOSCOPE, "/dev/v4l/by-id/usb-ear", CameraFormat.YUYV, (640, 480), 25)
CHEST = StethoscopeDevice("chest-1", "hw:CARD=Steth,DEV=0")
A_CUFF = 'version = 1\n\n[[device]]\nid = "cuff-1"\nkind = "blood-pressure"\naddress = "AA:BB:CC:00:00:02"\n'


def test_what_is_written_is_read() -> None:
    text = 'version = 1\n[radio]\nadapter = "hci1"\n' + "\n".join(as_toml(each) for each in (CUFF, EAR, CLIP, CHEST))
    assert parse(text) == RoomDevices("hci1", (CUFF, CLIP), (EAR,), CHEST)


def test_an_address_may_be_small() -> None:
    assert parse(A_CUFF.replace("AA:BB", "aa:bb")).bluetooth[0].address == "AA:BB:CC:00:00:02"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "devices.toml, line 1: version is missing; write version = 1"),
        ("version = 9", "devices.toml, line 1: version 9 is newer than this program, which knows 1"),
        ("version = 0", "devices.toml, line 1: version 0 is not known"),
        ("version = true", "devices.toml, line 1: version is missing; write version = 1"),
        ("version = 1\ncolour = 'red'", "devices.toml, line 2: colour is not known here"),
        ("version = 1\n[radio]\nadapter = 'usb'", "devices.toml, line 3: adapter 'usb' does not look like one"),
        ("version = 1\n[device]\nid = 'a'", "devices.toml, line 1: device are tables: write [[device]] above each"),
        (A_CUFF + "serial = 7\n", "devices.toml, line 7: serial 7 does not look like one"),
        (A_CUFF + "user = 255\n", "devices.toml, line 7: user is a number from 0 to 254"),
        (A_CUFF + "sleeps = 1\n", "devices.toml, line 7: sleeps is true or false"),
        (A_CUFF + "adress = 'x'\n", "devices.toml, line 7: adress is not known here"),
        (A_CUFF.replace("AA:", ""), "devices.toml, line 6: address 'BB:CC:00:00:02' does not look like one"),
        (A_CUFF.replace('id = "cuff-1"\n', ""), "devices.toml, line 3: id is missing"),
        (A_CUFF + A_CUFF[12:], "devices.toml, line 9: id 'cuff-1' is there twice"),
        (A_CUFF + A_CUFF[12:].replace("-1", "-2"), "devices.toml, line 10: kind 'blood-pressure' is there twice"),
        (
            A_CUFF + '[[device]]\nid = "b"\nkind = "room"\npath = "video0"',
            "line 10: path 'video0' does not look like one",
        ),
        (A_CUFF + '[[device]]\nid = "b"\nkind = "room"\npath = "/dev/x"\nfps = 0', "fps is a number from 1 to 120"),
        (A_CUFF + '[[device]]\nid = "b"\nkind = "room"\npath = "/dev/x"\nsize = [1]', "size is [width, height]"),
        (A_CUFF + '[[device]]\nid = "b"\nkind = "room"\npath = "/dev/x"\nformat = "raw"', "'raw' is none of mjpeg"),
        (A_CUFF + '[[device]]\nid = "b"\nkind = "toaster"', "line 9: kind 'toaster' is none of"),
    ],
)
def test_everything_else_is_refused_in_one_line_that_names_the_place(text: str, said: str) -> None:
    with pytest.raises(BadSetting) as refused:
        parse(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_broken_toml_is_refused_with_its_line() -> None:
    with pytest.raises(BadSetting, match="line 2"):
        parse("version = 1\n[[device\n")


def test_an_old_file_is_brought_up_step_by_step() -> None:
    text = A_CUFF.replace("address", "mac")

    def renamed(tree: dict[str, object]) -> dict[str, object]:
        devices = tree["device"]
        assert isinstance(devices, list)
        return {**tree, "device": [{("address" if k == "mac" else k): v for k, v in d.items()} for d in devices]}

    steps = {1: renamed, 2: lambda tree: {**tree, "radio": {"adapter": "hci3"}}}
    found = parse(text, version=3, migrations=steps)
    assert (found.adapter, found.bluetooth[0].address) == ("hci3", "AA:BB:CC:00:00:02")


def test_the_example_is_good() -> None:
    found = read(ROOT / "ops" / "devices.example.toml")
    assert found.bluetooth
    assert found.cameras
    assert found.stethoscope


def test_a_file_that_is_not_there_is_said() -> None:
    with pytest.raises(BadSetting, match="cannot be read"):
        read(ROOT / "no-such.toml")
