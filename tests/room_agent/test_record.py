"""The values of a visit: who said whose they are, what is asked, the sheet, and that nothing outlives the farewell."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from fhir.resources.R4B.observation import Observation

from room_agent.devices.blood_pressure import BloodPressure
from room_agent.devices.driver import Absent, Component, Measurement
from room_agent.devices.observation import observations
from room_agent.lines import lines
from room_agent.record import Answer, Entry, Record
from room_agent.sheet import KEPT_S, SheetOffer
from schemas.measurement import ConfirmedBy, MeasurementKind, Vital
from schemas.visit import KioskScreen, Line, SheetLine

NOW = datetime(2026, 11, 24, 8, 0, 12, tzinfo=UTC)
PATIENT, ASSISTANT, DOCTOR = ConfirmedBy.PATIENT, ConfirmedBy.ASSISTANT, ConfirmedBy.DOCTOR
BP, OX = MeasurementKind.BLOOD_PRESSURE, MeasurementKind.OXIMETER


def measured(kind: MeasurementKind, *components: Component) -> Measurement:
    return Measurement(
        "dev-1",
        kind,
        components,
        b"raw",
        device_time=None,
        received=NOW,
        effective=NOW,
        heard_at=NOW,
        visit_id="visit-1",
    )


PRESSURE = measured(BP, *BloodPressure(Decimal(121), Decimal(79), Decimal(93), pulse_per_min=Decimal(72)).components)


def saturation(percent: str) -> Measurement:
    return measured(OX, Component(150456, ("2708-6", "59408-5"), Decimal(percent), "%"))


def entry(measurement: Measurement, name: str) -> Entry:
    made = observations(measurement, visit_id="visit-1", device_id="dev-1", now=NOW)
    vitals = tuple(
        Vital(
            vital_id=f"{name}-{number}",
            visit_id="visit-1",
            kind=measurement.kind,
            live=True,
            simulated=True,
            sent_at=NOW,
            observation=each,
            device_name="Gerät",
        )
        for number, each in enumerate(made)
    )
    return Entry(vitals, lines(measurement), measurement.effective)


def said(by: ConfirmedBy, *, belongs: bool = True, after_s: float = 0.0) -> Answer:
    return Answer(belongs, by, NOW + timedelta(seconds=after_s))


def kept(record: Record) -> list[tuple[str, str, str]]:
    return [(each.vital_id, each.observation["status"], each.confirmed_by.value) for each in record.vitals()]


def test_a_value_is_preliminary_until_somebody_says_whose_it_is_and_who_said_it_is_noted() -> None:
    record = Record()
    sent = record.add(1, entry(PRESSURE, "a"))
    assert [(each.observation["status"], each.confirmed_by) for each in sent] == [("preliminary", "")] * 2
    told = record.answer("a-1", said(PATIENT))
    assert [(each.vital_id, each.belongs, each.by) for each in told] == [
        ("a-1", True, "patient"),
        ("a-0", True, "patient"),
    ]
    assert kept(record) == [("a-0", "final", "patient"), ("a-1", "final", "patient")]
    for vital in record.vitals():
        Observation.model_validate(vital.observation)
        assert vital.observation["note"][-1] == {
            "authorString": "patient",
            "time": "2026-11-24T08:00:12.000+00:00",
            "text": "of-this-patient",
        }


def test_what_is_not_of_this_person_is_marked_and_never_removed() -> None:
    record = Record()
    record.add(1, entry(PRESSURE, "a"))
    record.answer("a-0", said(ASSISTANT, belongs=False))
    assert kept(record) == [("a-0", "entered-in-error", "assistant"), ("a-1", "entered-in-error", "assistant")]
    assert record.sheet() == ()


def test_the_people_in_the_room_answer_once_and_the_doctor_may_correct_it() -> None:
    record = Record()
    record.add(1, entry(PRESSURE, "a"))
    assert record.answer("a-0", said(PATIENT))
    assert record.answer("a-0", said(ASSISTANT, belongs=False)) == ()
    assert record.answer("a-0", said(DOCTOR, belongs=False, after_s=5))
    assert kept(record)[0] == ("a-0", "entered-in-error", "doctor")
    notes = record.vitals()[0].observation["note"]
    assert [(each["authorString"], each["text"]) for each in notes] == [
        ("patient", "of-this-patient"),
        ("doctor", "not-of-this-patient"),
    ]


def test_an_unknown_value_is_nobodys_to_confirm() -> None:
    assert Record().answer("a-0", said(DOCTOR)) == ()


def test_who_confirms_a_device_that_goes_on_confirms_what_it_sends_until_the_next_request() -> None:
    record = Record()
    record.add(1, entry(saturation("97"), "a"))
    record.add(1, entry(saturation("96"), "b"))
    told = record.answer("a-0", said(PATIENT))
    assert {each.vital_id for each in told} == {"a-0", "b-0"}
    assert record.add(1, entry(saturation("95"), "c"))[0].confirmed_by is PATIENT
    assert kept(record) == [("c-0", "final", "patient")]
    assert record.add(2, entry(saturation("94"), "d"))[0].confirmed_by is ConfirmedBy.NOBODY


def test_the_oldest_unanswered_value_is_asked_about_first() -> None:
    record = Record()
    assert record.question is None
    record.add(1, entry(PRESSURE, "a"))
    record.add(2, entry(saturation("97"), "b"))
    first = record.question
    assert first is not None
    assert (first.vital_id, first.device_name) == ("a-0", "Gerät")
    assert first.lines[0] == Line(label_key="kiosk.value.blood-pressure", value="121/79", unit="mmHg")
    record.answer("a-0", said(PATIENT))
    second = record.question
    assert second is not None
    assert second.vital_id == "b-0"
    record.answer("b-0", said(DOCTOR))
    assert record.question is None


def test_the_sheet_says_what_nobody_confirmed() -> None:
    record = Record()
    record.add(1, entry(PRESSURE, "a"))
    record.add(2, entry(saturation("97"), "b"))
    record.answer("a-0", said(PATIENT))
    assert [(each.value, each.confirmed, each.at) for each in record.sheet()] == [
        ("121/79", True, NOW),
        ("72", True, NOW),
        ("97", False, NOW),
    ]


def test_after_the_farewell_nothing_is_left() -> None:
    record = Record()
    record.add(1, entry(PRESSURE, "a"))
    record.answer("a-0", said(PATIENT))
    record.forget()
    assert (record.vitals(), record.sheet(), record.question, record.series_of("a-0")) == ((), (), None, None)


@pytest.mark.parametrize(
    ("component", "line"),
    [
        (Component(150364, ("8310-5",), Decimal("36.60"), "Cel"), ("kiosk.value.temperature", "36,6", "°C")),
        (Component(150364, ("8310-5",), Decimal("37.00"), "Cel"), ("kiosk.value.temperature", "37", "°C")),
        (Component(188736, ("29463-7",), Decimal("72.500"), "kg"), ("kiosk.value.weight", "72,5", "kg")),
        (Component(188736, ("29463-7",), Decimal("70.005"), "kg"), ("kiosk.value.weight", "70,005", "kg")),
        (Component(188736, ("29463-7",), Decimal("100.000"), "kg"), ("kiosk.value.weight", "100", "kg")),
        (Component(160184, ("41653-7",), Decimal(100), "mg/dL"), ("kiosk.value.glucose", "100", "mg/dL")),
        (Component(188736, ("29463-7",), Decimal("71.5"), "kg"), ("kiosk.value.weight", "71,5", "kg")),
        (Component(160184, ("41653-7",), Decimal("1E+2"), "mg/dL"), ("kiosk.value.glucose", "100", "mg/dL")),
    ],
)
def test_numbers_are_written_as_people_write_them(component: Component, line: tuple[str, str, str]) -> None:
    (found,) = lines(measured(MeasurementKind.GLUCOSE, component))
    assert (found.label_key, found.value, found.unit) == line


def test_what_has_no_number_or_no_everyday_word_is_not_for_the_patient() -> None:
    absent = Component(149546, ("8867-4",), Absent.NOT_A_NUMBER, "/min")
    amplitude = Component(150320, (), Decimal("2.1"), "%")
    half = (
        Component(150021, ("8480-6",), Decimal(121), "mm[Hg]"),
        Component(150022, ("8462-4",), Absent.ERROR, "mm[Hg]"),
    )
    assert lines(measured(OX, absent, amplitude, *half)) == ()


class Hand:
    now = 100.0

    def __call__(self) -> float:
        return self.now


LINE = SheetLine(label_key="kiosk.value.pulse", value="72", unit="/min", at=NOW, device_name="Gerät", confirmed=True)


def offered() -> tuple[SheetOffer, Hand]:
    hand = Hand()
    offer = SheetOffer(hand)
    offer.make("visit-1", (LINE,))
    return offer, hand


def test_the_sheet_is_had_once() -> None:
    offer, _ = offered()
    assert offer.open
    assert offer.take(simulated=True).lines == (LINE,)
    assert not offer.open
    assert offer.take(simulated=True).lines == ()


def test_without_values_there_is_nothing_to_offer() -> None:
    offer = SheetOffer(Hand())
    offer.make("visit-1", ())
    assert not offer.open


@pytest.mark.parametrize(
    ("screen", "visit_id", "stays"),
    [
        (KioskScreen.FAREWELL, None, True),
        (KioskScreen.CALL, "visit-1", True),
        (KioskScreen.CALL, "visit-2", False),
        (KioskScreen.WELCOME, None, False),
        (KioskScreen.CLEANING, None, False),
    ],
)
def test_the_sheet_is_never_there_for_the_next_person(screen: KioskScreen, visit_id: Any, stays: bool) -> None:
    offer, _ = offered()
    offer.seen(screen, visit_id)
    assert offer.open is stays


def test_nobody_came_for_the_sheet() -> None:
    offer, hand = offered()
    hand.now += KEPT_S
    assert not offer.open
    offer.seen(KioskScreen.FAREWELL, None)
    hand.now -= KEPT_S
    assert offer.take(simulated=True).lines == ()


def test_a_meeting_that_began_anew_loses_no_line_of_the_sheet() -> None:
    offer, _ = offered()
    offer.make("visit-1", (replace_value(LINE, "73"),))
    assert [each.value for each in offer.take(simulated=False).lines] == ["72", "73"]


def replace_value(line: SheetLine, value: str) -> SheetLine:
    return line.model_copy(update={"value": value})
