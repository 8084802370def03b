"""What people call a device: the room's file first, then the centre's plan, then its kind."""

from datetime import date

import pytest

from room_agent.checks.result import result
from room_agent.devices.config import BluetoothDevice, CameraDevice, CameraRole, Label, RoomDevices, StethoscopeDevice
from room_agent.naming import Names, described, labels, take
from schemas.day import DayPlan, PlannedDevice
from schemas.measurement import MeasurementKind
from telemed.kit.i18n import words
from tests.room_agent.world import NOON, plan

BP, WS = MeasurementKind.BLOOD_PRESSURE, MeasurementKind.WEIGHT
BLUE = Label("Manschette", "blau", "oberste Schublade")
FILE = RoomDevices(
    bluetooth=(
        BluetoothDevice("cuff-1", BP, "AA:BB:CC:00:00:02", label=BLUE),
        BluetoothDevice("scale-1", WS, "AA:BB:CC:00:00:03", label=Label(colour="weiß")),
    ),
    cameras=(CameraDevice("ear-1", CameraRole.OTOSCOPE, "/dev/x", label=Label("Ohr-Kamera")),),
    stethoscope=StethoscopeDevice("chest-1", "hw:0", Label("Hörrohr", place="Haken")),
)


def bought(*devices: tuple[str, str, str], day: date = NOON.date()) -> DayPlan:
    known = tuple(PlannedDevice(device_id=one, kind=kind, name=name) for one, kind, name in devices)
    return plan(day=day).model_copy(update={"devices": known})


PLAN = bought(("waage-9", "scale", "Personenwaage"), ("cuff-1", "blood-pressure", "Omron M7"))


def test_the_file_of_the_room_comes_first() -> None:
    assert Names(labels(FILE), PLAN).of_device(BP, "cuff-1") == BLUE


def test_without_a_name_in_the_file_it_is_the_plans_and_the_sticker_stays() -> None:
    assert Names(labels(FILE), PLAN).of_device(WS, "scale-1") == Label("Personenwaage", "weiß")
    assert Names({}, PLAN).of_device(BP, "cuff-1") == Label("Omron M7")


def test_of_two_of_a_kind_only_the_one_with_this_id_lends_its_name() -> None:
    two = bought(("cuff-1", "blood-pressure", "Omron"), ("cuff-2", "blood-pressure", "Beurer"))
    assert Names({}, two).of_device(BP, "cuff-2").name == "Beurer"
    assert Names({}, two).of_device(BP, "cuff-3").name == "Blutdruck-Gerät"


def test_where_nobody_named_it_the_kind_does() -> None:
    assert Names({}, None).of_device(WS, "scale-1") == Label("Waage")


@pytest.mark.parametrize(
    ("subject", "code", "device_id", "said"),
    [
        ("blood-pressure", "not-found", "cuff-1", "Manschette (blau, oberste Schublade)"),
        ("weight", "ok", "scale-1", "Personenwaage (weiß)"),
        ("exam-camera", "black", "otoscope", "Ohr-Kamera"),
        ("exam-camera", "black", "dermatoscope", "Hautlupe"),
        ("exam-camera", "absent", "document", "Dokumentenkamera"),
        ("stethoscope", "silent", None, "Hörrohr (Haken)"),
        ("inspection", "over", "waage-9", "Personenwaage"),
        ("inspection", "over", "nobody", ""),
        ("oximeter", "ok", "clip-1", ""),
        ("line", "down", None, ""),
    ],
)
def test_a_check_says_which_device_it_means(subject: str, code: str, device_id: str | None, said: str) -> None:
    assert Names(labels(FILE), PLAN).of_check(result(subject, code, device_id)) == said


def test_the_resident_is_told_what_to_take_its_colour_and_where_it_lies() -> None:
    assert take(BLUE, words()) == "Nehmen Sie dieses Gerät: Manschette, Farbe blau. Es liegt hier: oberste Schublade."
    assert take(Label("Waage"), words()) == "Nehmen Sie dieses Gerät: Waage."
    assert take(Label("Waage", place="Ecke"), words()) == "Nehmen Sie dieses Gerät: Waage. Es liegt hier: Ecke."
    assert described(Label(colour="blau")) == ""
