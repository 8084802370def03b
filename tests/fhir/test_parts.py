"""That parts are looked at once changes nothing of what is found."""

from typing import Any

import pytest

from telemed.fhir.issues import Invalid
from telemed.fhir.validate import validate

GOOD: dict[str, Any] = {
    "resourceType": "Appointment",
    "status": "proposed",
    "slot": [{"reference": "Slot/one"}],
    "participant": [
        {"actor": {"reference": "Practitioner/weiss"}, "status": "accepted"},
        {"actor": {"reference": "Location/room-1"}, "status": "accepted"},
    ],
}


def expressions(fields: dict[str, Any]) -> list[str]:
    with pytest.raises(Invalid) as refused:
        validate(fields)
    return [issue.expression for issue in refused.value.issues]


@pytest.fixture(autouse=True)
def _known() -> None:
    """All parts of the good one were looked at before."""
    validate(GOOD)
    validate(GOOD)


def test_a_fault_beside_parts_that_are_known_is_found_at_its_place() -> None:
    bad = {"actor": {"reference": "Location/room-1"}, "status": "maybe"}
    for _ in range(2):
        assert expressions({**GOOD, "participant": [*GOOD["participant"], bad]}) == [
            "Appointment.participant[2].status"
        ]


def test_what_is_valid_in_one_place_is_not_in_another() -> None:
    assert expressions({**GOOD, "basedOn": GOOD["slot"]}) == ["Appointment.basedOn[0].reference"]


def test_a_known_part_alone_is_no_list() -> None:
    assert expressions({**GOOD, "participant": GOOD["participant"][0]}) == ["Appointment.participant"]


def test_known_parts_do_not_stand_for_what_is_missing() -> None:
    assert expressions({name: value for name, value in GOOD.items() if name != "participant"}) != []


def test_the_invariants_of_the_whole_see_known_parts() -> None:
    reason = {"coding": [{"system": "http://example.org", "code": "other"}]}
    validate({**GOOD, "status": "cancelled", "cancelationReason": reason})
    assert expressions({**GOOD, "cancelationReason": reason}) == ["Appointment.cancelationReason"]


def test_a_number_too_large_to_be_remembered_is_looked_at_each_time() -> None:
    odd = {"actor": {"reference": "Location/room-1"}, "status": "accepted", "huge": 1 << 80}
    for _ in range(2):
        assert "Appointment.participant[0].huge" in expressions({**GOOD, "participant": [odd]})
