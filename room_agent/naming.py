"""What people call a device: by the room's own file, else by the centre's plan, else by its kind. Pure.

The technician who put the device there knows its sticker and its drawer; the centre knows what it bought.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from room_agent.devices.config import STETHOSCOPE, CameraRole, Label, RoomDevices
from schemas.checks import CheckResult
from schemas.day import DayPlan, PlannedDevice
from schemas.measurement import MeasurementKind
from telemed.kit.i18n import Words, words

PLANNED: Mapping[str, str] = {MeasurementKind.WEIGHT.value: "scale", "room": "room-camera"}
"""Where the directory has another word than the driver, or a camera's role."""
_ROLES = frozenset(CameraRole)
_DRIVEN = frozenset(kind.value for kind in MeasurementKind)


def labels(found: RoomDevices) -> Mapping[str, Label]:
    """The file's words by what a check calls the device: its id, a camera's role, the stethoscope."""
    named = {each.device_id: each.label for each in found.bluetooth}
    named |= {each.role.value: each.label for each in found.cameras}
    if found.stethoscope is not None:
        named[STETHOSCOPE] = found.stethoscope.label
    return named


def in_plan(kind: str, device_id: str | None, plan: DayPlan | None) -> PlannedDevice | None:
    """The device of the centre's directory: by its id, or as the only one of its kind here."""
    if plan is None or not kind:
        return None
    same = [device for device in plan.devices if device.kind == PLANNED.get(kind, kind)]
    own = [device for device in same if device.device_id == device_id]
    return own[0] if own else same[0] if len(same) == 1 else None


@dataclass(frozen=True)
class Names:
    """*file*: as `labels` makes it."""

    file: Mapping[str, Label]
    plan: DayPlan | None

    def label(self, kind: str, device_id: str | None) -> Label:
        """As far as it is known; the name may be empty."""
        label = self.file.get(device_id or kind, Label())
        known = in_plan(kind, device_id, self.plan)
        return label if label.name or known is None else replace(label, name=known.name)

    def of_device(self, kind: MeasurementKind, device_id: str) -> Label:
        """Of one that measures; it always has a name."""
        label = self.label(kind.value, device_id)
        return label if label.name else replace(label, name=words().text(f"room.device.{kind.value}"))

    def of_check(self, each: CheckResult) -> str:
        """Name, colour and place of what a check is about; empty where there is no more to say than its subject."""
        if each.subject == "inspection":
            known = self.plan.devices if self.plan else ()
            return next((device.name for device in known if device.device_id == each.device_id), "")
        kind = subject_kind(each)
        named = described(self.label(kind, each.device_id)) if kind else ""
        return named or (words().text(f"camera.{kind}") if kind in _ROLES else "")


def subject_kind(each: CheckResult) -> str:
    """The kind of device that a check is about, empty for none; cameras go by their role."""
    if each.subject == "exam-camera":
        return each.device_id or ""
    return each.subject if each.subject in (*_DRIVEN, STETHOSCOPE) else ""


def described(label: Label) -> str:
    """``Blutdruck-Gerät (blau, oberste Schublade)``; empty without a name."""
    more = ", ".join(filter(None, (label.colour, label.place)))
    return f"{label.name} ({more})" if label.name and more else label.name


def take(label: Label, words: Words) -> str:
    """What the resident is told: which device to take, its colour and where it lies, as far as known."""
    said = [words.text("kiosk.take.coloured", name=label.name, colour=label.colour)] if label.colour else []
    said = said or [words.text("kiosk.take", name=label.name)]
    return " ".join([*said, *([words.text("kiosk.take.place", place=label.place)] if label.place else [])])
