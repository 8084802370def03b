"""What may change in the directory of a small quarter while people book."""

import copy
from collections.abc import Mapping
from typing import Any

from telemed.fhir.resource import Resource
from telemed.fhir.validate import validate
from tests.builders import quarter

Fields = Mapping[str, Any]


def changes() -> dict[str, tuple[Resource, Resource]]:
    """What may change in the directory: (as it is, as it may become), validated once."""
    return {name: (validate(before), validate(after)) for name, (before, after) in _changes().items()}


def _changes() -> dict[str, tuple[Fields, Fields]]:
    by_id = {resource["id"]: resource for resource in quarter(2)}

    def with_(resource_id: str, **more: Any) -> tuple[Fields, Fields]:
        changed = copy.deepcopy(dict(by_id[resource_id]))
        changed["extension"] = [*changed.get("extension", []), *more.pop("extension", [])]
        return by_id[resource_id], {name: value for name, value in {**changed, **more}.items() if value}

    away = {"start": "2026-11-24T10:00:00+01:00", "end": "2026-11-24T12:00:00+01:00"}
    closed = {"url": "urn:telemed:fhir:not-available", "valuePeriod": away}
    until = {"url": "urn:telemed:fhir:bookable-until", "valueDateTime": "2026-11-24T11:00:00+01:00"}
    early = {"daysOfWeek": ["tue", "wed"], "openingTime": "08:00:00", "closingTime": "12:00:00"}
    return {
        "absence": with_("role-weiss", notAvailable=[{"description": "away", "during": away}]),
        "room closed": with_("room-1", extension=[closed]),
        "device blocked": with_("cuff-1", status="inactive"),
        "inspection due": with_("cuff-2", extension=[until]),
        "hours changed": with_("room-2", hoursOfOperation=[early]),
    }


CHANGES = changes()
CHANGED: set[str] = set()
"""What has changed in the shared world; the next run begins by taking it back."""
