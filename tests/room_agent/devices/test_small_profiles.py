"""Thermometer, scale, glucose meter, heart rate belt and record access: packets written by others, and bad ones."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from room_agent.devices import about, glucose, heart_rate, pulse_oximeter, racp, thermometer, weight
from room_agent.devices.driver import Absent, Garbled
from room_agent.devices.racp import Count, Ended, Opcode, Outcome, Request
from room_agent.devices.reading import Flag


def packet(text: str) -> bytes:
    return bytes.fromhex(text)


def shown(reading: Any) -> list[str]:
    return [f"{each.value} {each.ucum}" for each in reading.components]


def test_the_example_of_the_health_thermometer_profile_is_36_4_degrees() -> None:
    """Flags 0, FLOAT 0xFF00016C."""
    assert shown(thermometer.decode(packet("00 6c0100ff"))) == ["36.4 Cel"]


def test_a_thermometer_says_when_and_where_and_keeps_its_zeros() -> None:
    found = thermometer.decode(packet("06 380e00fe ea070b18091e00 03"))
    assert shown(found) == ["36.40 Cel"]
    assert (found.device_time, found.site) == (datetime(2026, 11, 24, 9, 30), 3)
    assert found.components[0].mdc == 188428


def test_fahrenheit_is_not_converted() -> None:
    assert shown(thermometer.decode(packet("01 da0300ff"))) == ["98.6 [degF]"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("00 da0300ff", "range"),  # 98.6 without the bit that says Fahrenheit
        ("01 6c0100ff", "range"),  # 36.4 with it
        ("00 dc0000ff", "range"),  # 22.0: the room, or a surface
        ("04 6c0100ff 00", "site"),
        ("04 6c0100ff 0a", "site"),
        ("00 6c0100ff 00", "long"),
        ("00 6c0100", "short"),
    ],
)
def test_what_no_thermometer_for_people_measures_is_refused(text: str, code: str) -> None:
    with pytest.raises(Garbled) as refused:
        thermometer.decode(packet(text))
    assert refused.value.code == code


def test_a_thermometer_that_failed_has_no_value() -> None:
    found = thermometer.decode(packet("00 ffff7f00"))
    assert (found.has_value, found.components[0].value) == (False, Absent.NOT_A_NUMBER)


def test_a_scale_measures_in_steps_of_five_grams() -> None:
    """14,500 × 0.005 kg."""
    assert shown(weight.decode(packet("00 a438"))) == ["72.500 kg"]


def test_bmi_and_height_of_a_scale_are_of_a_stored_user_and_never_told_as_measured() -> None:
    found = weight.decode(packet("0e a438 ea070b18091e00 02 f200 c206"))
    assert (found.bmi, found.height, found.user) == (Decimal("24.2"), Decimal("173.0"), 2)
    assert shown(found) == ["72.500 kg"]


def test_a_scale_that_was_not_successful_sends_ffff_and_not_327_kilograms() -> None:
    for flags in ("00", "01"):
        found = weight.decode(packet(f"{flags} ffff"))
        assert (found.has_value, found.components[0].value) == (False, Absent.ERROR)


def test_pounds_and_inches_stay_what_they_are() -> None:
    found = weight.decode(packet("09 703e 0000 a902"))
    assert shown(found) == ["159.84 [lb_av]"]
    assert (found.bmi, found.height) == (None, Decimal("68.1"))


@pytest.mark.parametrize("text", ["00 0000", "00 0100", "08 a438 f200 0100", "08 a438 ff7f c206"])
def test_what_no_body_weighs_or_measures_is_refused(text: str) -> None:
    with pytest.raises(Garbled):
        weight.decode(packet(text))


def test_a_scale_without_a_height_sends_zeros() -> None:
    found = weight.decode(packet("08 a438 0000 0000"))
    assert (shown(found), found.bmi, found.height) == (["72.500 kg"], None, None)


def test_glucose_in_kilograms_a_litre_is_told_in_milligrams_a_decilitre() -> None:
    """SFLOAT 0xB062 is 98e-5 kg/L; capillary whole blood from a finger."""
    found = glucose.decode(packet("02 0300 ea070b18091e00 62b0 11"))
    assert shown(found) == ["98 mg/dL"]
    assert (found.components[0].loinc, found.components[0].mdc) == (("41653-7",), 160184)
    assert found.sequence == 3


def test_glucose_in_moles_a_litre_is_told_in_millimoles_and_has_another_code() -> None:
    """SFLOAT 0xC036 is 54e-4 mol/L."""
    found = glucose.decode(packet("06 0300 ea070b18091e00 36c0 11"))
    assert shown(found) == ["5.4 mmol/L"]
    assert found.components[0].loinc == ("14743-9",)


def test_the_time_of_a_record_is_what_the_meter_showed() -> None:
    """Base time and minus 90 minutes."""
    found = glucose.decode(packet("03 0100 ea070b18091e00 a6ff 62b0 18"))
    assert found.device_time == datetime(2026, 11, 24, 8, 0)
    assert found.components[0].mdc == 160368


@pytest.mark.parametrize("text", ["02 0300 00000000000000 62b0 1a", "02 0300 00000000000000 62b0 41"])
def test_control_solution_is_never_a_value_of_a_person(text: str) -> None:
    assert not glucose.decode(packet(text)).has_value


@pytest.mark.parametrize(
    ("status", "flag"), [("0400", Flag.SAMPLE_TOO_SMALL), ("0800", Flag.STRIP_ERROR), ("2000", Flag.ABOVE_RANGE)]
)
def test_a_number_that_the_meter_itself_does_not_trust_is_no_value(status: str, flag: Flag) -> None:
    found = glucose.decode(packet(f"0a 0300 00000000000000 62b0 11 {status}"))
    assert (found.has_value, found.flags) == (False, (flag,))


def test_a_meter_with_low_battery_still_has_a_value() -> None:
    found = glucose.decode(packet("0a 0300 00000000000000 62b0 21 0100"))
    assert (found.has_value, found.flags) == (True, (Flag.BATTERY_LOW, Flag.ALTERNATE_SITE))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("02 0300 00000000000000 62b0 10", "sample"),
        ("02 0300 00000000000000 62b0 51", "sample"),
        ("02 0300 00000000000000 62d0 11", "range"),
        ("02 0300 00000000000000 00b0 11", "range"),
        ("01 0300 01000101000000 ff7f ", ""),
        ("01 0300 01000101000000 0080 ", "time"),
    ],
)
def test_the_absurd_of_a_meter_is_refused_with_a_word(text: str, code: str) -> None:
    if not code:
        assert not glucose.decode(packet(text)).has_value
        return
    with pytest.raises(Garbled) as refused:
        glucose.decode(packet(text))
    assert refused.value.code == code


def test_a_belt_sends_the_rate_in_one_byte_or_two() -> None:
    assert shown(heart_rate.decode(packet("00 48"))) == ["72 /min"]
    assert shown(heart_rate.decode(packet("01 2c01"))) == ["300 /min"]


def test_the_times_between_beats_come_in_steps_of_a_1024th_of_a_second() -> None:
    found = heart_rate.decode(packet("1e 48 0a00 0004 5003"))
    assert shown(found) == ["72 /min", "1000 ms", "828 ms"]
    assert (found.contact, found.energy_kj) == (True, 10)


def test_a_belt_in_the_drawer_has_no_value() -> None:
    for text in ("00 00", "04 48"):
        assert not heart_rate.decode(packet(text)).has_value
    assert heart_rate.decode(packet("04 48")).flags == (Flag.NO_CONTACT,)
    assert heart_rate.decode(packet("06 48")).has_value


@pytest.mark.parametrize("text", ["01 5f01", "10 48", "10 48 0000", "10 48 00", "00 48 00"])
def test_what_no_heart_does_is_refused(text: str) -> None:
    with pytest.raises(Garbled):
        heart_rate.decode(packet(text))


def test_a_saturation_of_nothing_is_no_value() -> None:
    assert not pulse_oximeter.decode(packet("00 0000 0000")).has_value


REQUESTS = [
    ("0101", Request(Opcode.REPORT)),
    ("0106", Request(Opcode.REPORT, last=True)),
    ("0401", Request(Opcode.COUNT)),
    ("0103012c01", Request(Opcode.REPORT, since=300)),
    ("0300", Request(Opcode.ABORT)),
]
ANSWERS = [
    ("05000300", Count(3)),
    ("06000101", Ended(Opcode.REPORT, Outcome.DONE)),
    ("06000106", Ended(Opcode.REPORT, Outcome.NONE_FOUND)),
]


@pytest.mark.parametrize(("text", "request_"), REQUESTS)
def test_requests_for_records_are_those_of_the_profile(text: str, request_: Request) -> None:
    assert racp.encode(request_).hex() == text
    assert racp.decode_request(packet(text)) == request_


@pytest.mark.parametrize(("text", "answer"), ANSWERS)
def test_answers_about_records_are_those_of_the_profile(text: str, answer: racp.Answer) -> None:
    assert racp.decode(packet(text)) == answer
    assert racp.encode_answer(answer).hex() == text


@pytest.mark.parametrize(
    "text", ["", "06", "0600", "060001", "06000100", "060009ff", "05000300ff", "07000101", "06010101"]
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(Garbled):
        racp.decode(packet(text))


def test_a_clock_tells_its_time_to_a_256th_of_a_second() -> None:
    found = about.decode_time(packet("ea070b18091e00 02 80 00"))
    assert found == about.CurrentTime(datetime(2026, 11, 24, 9, 30, 0, 500_000))
    assert about.decode_time(packet("00000000000000 00 00 00")) is None


@pytest.mark.parametrize("text", ["ea070b18091e00 02 80", "ea070b18091e00 08 80 00", "ea070d18091e00 02 80 00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Garbled):
        about.decode_time(packet(text))


def test_the_system_id_is_an_eui_64() -> None:
    """As the Device Information Service writes it: 0x123456FFFE9ABCDE, lowest byte first."""
    assert about.decode_system_id(packet("debc9afeff563412")) == "123456fffe9abcde"
    assert about.encode_system_id("123456fffe9abcde").hex() == "debc9afeff563412"
    for none in ("", "0000000000000000", "0102"):
        assert about.decode_system_id(packet(none)) is None


@pytest.mark.parametrize(("text", "percent"), [("00", 0), ("55", 85), ("64", 100)])
def test_a_battery_has_a_percentage(text: str, percent: int) -> None:
    assert about.decode_battery(packet(text)) == percent
    assert about.encode_battery(percent) == packet(text)


@pytest.mark.parametrize("read", [about.decode_battery, thermometer.decode, weight.decode, heart_rate.decode])
def test_nothing_is_not_a_packet(read: Callable[[bytes], object]) -> None:
    with pytest.raises(Garbled):
        read(b"")


def test_a_name_is_cut_and_cleaned() -> None:
    assert about.decode_text(b"Cuff 3\0\0") == "Cuff 3"
    assert about.decode_text(about.encode_text("Gerät")) == "Gerät"
    assert len(about.decode_text(b"x" * 600)) == 200


def test_a_scale_can_only_send_its_own_steps() -> None:
    with pytest.raises(ValueError):
        weight.encode(weight.Weight(Decimal("72.501")))
