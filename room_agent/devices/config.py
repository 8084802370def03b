"""Which devices stand in this room: a TOML file that a technician writes, or `room-agent discover` proposes.

Every refusal is one line with the place in the file. The file has a version, so that an old one can be read for ever.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from room_agent.devices.profile import PROFILES
from room_agent.media.camera import CameraFormat
from schemas.measurement import MeasurementKind
from telemed.kit.settings import BadSetting

VERSION = 1
MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""What makes the file of a version one of the next. A version that is left out of here is refused, not guessed."""

STETHOSCOPE = "stethoscope"
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_ADDRESS = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}")
_ADAPTER = re.compile(r"hci[0-9]{1,2}")
_PATH = re.compile(r"/[ -~]+")
_ANY = re.compile(r".{0,80}")
_SOUND = re.compile(r"[!-~]{1,80}")
_NO_USER, _LAST_USER = -1, 254
E = TypeVar("E", bound=StrEnum)


class CameraRole(StrEnum):
    """What a camera is for."""

    ROOM = "room"
    OTOSCOPE = "otoscope"
    DERMATOSCOPE = "dermatoscope"
    DOCUMENT = "document"


@dataclass(frozen=True)
class Label:
    """How people find a device: *name* on pages, *colour* of its sticker, *place* where it lies."""

    name: str = ""
    colour: str = ""
    place: str = ""


@dataclass(frozen=True)
class BluetoothDevice:
    """*serial*: if given, another device at this address is not used. *user*: likewise, for a device with users.

    *sleeps*: it is silent between measurements, as those with a battery are.
    """

    device_id: str
    kind: MeasurementKind
    address: str
    serial: str = ""
    user: int | None = None
    label: Label = Label()
    sleeps: bool = False


@dataclass(frozen=True)
class CameraDevice:
    """*path*: ``/dev/v4l/by-id/…``, never ``/dev/video0``, which is another camera after a restart."""

    device_id: str
    role: CameraRole
    path: str
    format: CameraFormat = CameraFormat.MJPEG
    size: tuple[int, int] = (1280, 720)
    fps: int = 30
    label: Label = Label()


@dataclass(frozen=True)
class StethoscopeDevice:
    """*alsa*: like ``hw:CARD=Stethoscope,DEV=0``; by name, the number changes."""

    device_id: str
    alsa: str
    label: Label = Label()


@dataclass(frozen=True)
class RoomDevices:
    """All of a room. *adapter*: like ``hci1``; empty for the first."""

    adapter: str = ""
    bluetooth: tuple[BluetoothDevice, ...] = ()
    cameras: tuple[CameraDevice, ...] = ()
    stethoscope: StethoscopeDevice | None = None


def read(path: Path) -> RoomDevices:
    """
    Raises:
        BadSetting: the file cannot be read or understood; one line with the place.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadSetting(f"{path} cannot be read") from None
    return parse(text, name=path.name)


def parse(
    text: str,
    *,
    name: str = "devices.toml",
    version: int = VERSION,
    migrations: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = MIGRATIONS,
) -> RoomDevices:
    """The devices in *text*, brought from its version to *version* step by step.

    Raises:
        BadSetting: see `read`.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{name}: {error}") from None
    place = _Place(name, text)
    top = _Entry(place, _migrated(tree, place, version, migrations))
    top.number("version", low=0, high=version)
    radio = _Entry(place, top.table("radio"), header="[radio]")
    adapter = radio.text("adapter", _ADAPTER, default="")
    radio.end()
    tables = top.tables("device")
    top.end()
    return _gathered(adapter, [_device(_Entry(place, table, number=n)) for n, table in enumerate(tables)], place)


def _migrated(
    tree: dict[str, Any], place: "_Place", version: int, steps: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]]
) -> dict[str, Any]:
    found = tree.get("version")
    if not isinstance(found, int) or isinstance(found, bool):
        raise place.bad("version", "is missing; write version = 1", header="")
    if found > version:
        raise place.bad("version", f"{found} is newer than this program, which knows {version}", header="")
    while found < version:
        if found not in steps:
            raise place.bad("version", f"{found} is not known", header="")
        tree, found = steps[found](tree), found + 1
    return {**tree, "version": version}


Device = BluetoothDevice | CameraDevice | StethoscopeDevice


def _device(entry: "_Entry") -> Device:
    device_id = entry.text("id", _ID)
    kind = entry.text("kind", _ANY)
    label = Label(*(entry.text(key, _ANY, default="") for key in ("name", "colour", "place")))
    found: Device
    if kind == STETHOSCOPE:
        found = StethoscopeDevice(device_id, entry.text("alsa", _SOUND), label)
    elif kind in set(CameraRole):
        found = CameraDevice(
            device_id,
            CameraRole(kind),
            entry.text("path", _PATH),
            entry.choice("format", CameraFormat, CameraFormat.MJPEG),
            entry.size("size", (1280, 720)),
            entry.number("fps", low=1, high=120, default=30),
            label,
        )
    elif kind in PROFILES:
        found = _bluetooth(entry, device_id, MeasurementKind(kind), label)
    else:
        known = ", ".join(sorted({*PROFILES, *CameraRole, STETHOSCOPE}))
        raise entry.bad("kind", f"{kind!r} is none of {known}")
    entry.end()
    return found


def _bluetooth(entry: "_Entry", device_id: str, kind: MeasurementKind, label: Label) -> BluetoothDevice:
    address = entry.text("address", _ADDRESS, upper=True)
    serial = entry.text("serial", _ANY, default="")
    user = entry.number("user", low=0, high=_LAST_USER, default=_NO_USER)
    sleeps = entry.flag("sleeps")
    return BluetoothDevice(device_id, kind, address, serial, None if user == _NO_USER else user, label, sleeps)


def _gathered(adapter: str, devices: list[Device], place: "_Place") -> RoomDevices:
    """Every id, address and path once; one of a kind, because a doctor asks for a kind."""
    seen: set[tuple[str, str]] = set()
    for number, device in enumerate(devices):
        for key, value in _unique(device):
            if (key, value) in seen:
                raise place.bad(key, f"'{value}' is there twice", number=number)
            seen.add((key, value))
    return RoomDevices(
        adapter,
        tuple(each for each in devices if isinstance(each, BluetoothDevice)),
        tuple(each for each in devices if isinstance(each, CameraDevice)),
        next((each for each in devices if isinstance(each, StethoscopeDevice)), None),
    )


def _unique(device: Device) -> tuple[tuple[str, str], ...]:
    common = ("id", device.device_id)
    match device:
        case BluetoothDevice():
            return common, ("kind", device.kind), ("address", device.address)
        case CameraDevice():
            return common, ("kind", device.role), ("path", device.path)
        case StethoscopeDevice():
            return common, ("kind", STETHOSCOPE)


def as_toml(device: Device) -> str:
    """The entry for the file."""
    values: dict[str, object] = {"id": device.device_id}
    match device:
        case BluetoothDevice():
            values |= {"kind": device.kind.value, "address": device.address, "serial": device.serial}
            values |= {} if device.user is None else {"user": device.user}
            values |= {"sleeps": True} if device.sleeps else {}
        case CameraDevice():
            size, form = list(device.size), device.format.value
            values |= {"kind": device.role.value, "path": device.path, "format": form, "size": size, "fps": device.fps}
        case StethoscopeDevice():
            values |= {"kind": STETHOSCOPE, "alsa": device.alsa}
    values |= {"name": device.label.name, "colour": device.label.colour, "place": device.label.place}
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value != "")
    return "\n".join(["[[device]]", *lines, ""])


@dataclass(frozen=True)
class _Place:
    """Finds the line of a key again, which `tomllib` does not tell."""

    name: str
    text: str

    def bad(self, key: str, what: str, *, number: int | None = None, header: str = "") -> BadSetting:
        where = f"line {self._line(key, number, header)}"
        return BadSetting(f"{self.name}, {where}: {key} {what}")

    def _line(self, key: str, number: int | None, header: str) -> int:
        """Of *key* below its header, or of the header if the key is missing."""
        lines = [line.strip() for line in self.text.splitlines()]
        wanted = "[[device]]" if number is not None else header
        starts = [at for at, line in enumerate(lines) if line.replace(" ", "").startswith(wanted)] if wanted else [-1]
        start = starts[number or 0] if len(starts) > (number or 0) else -1
        for at, line in enumerate(lines[start + 1 :], start + 1):
            if line.startswith("["):
                break
            if re.match(rf"[\"']?{re.escape(key)}[\"']?\s*=", line):
                return at + 1
        return max(start, 0) + 1


class _Entry:
    """One table, of which every key must be read once."""

    def __init__(self, place: _Place, values: dict[str, Any], *, number: int | None = None, header: str = "") -> None:
        self._place = place
        self._left = dict(values)
        self._number = number
        self._header = header

    def bad(self, key: str, what: str) -> BadSetting:
        return self._place.bad(key, what, number=self._number, header=self._header)

    def _take(self, key: str, default: object) -> Any:
        value = self._left.pop(key, default)
        if value is None:
            raise self.bad(key, "is missing")
        return value

    def text(self, key: str, form: re.Pattern[str], *, default: str | None = None, upper: bool = False) -> str:
        value = self._take(key, default)
        if not isinstance(value, str) or not (form.fullmatch(value.upper() if upper else value) or value == default):
            raise self.bad(key, f"{value!r} does not look like one")
        return value.upper() if upper else value

    def number(self, key: str, *, low: int, high: int, default: int | None = None) -> int:
        value = self._take(key, default)
        if value == default:
            return int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self.bad(key, f"is a number from {low} to {high}")
        return value

    def flag(self, key: str) -> bool:
        value = self._take(key, False)
        if not isinstance(value, bool):
            raise self.bad(key, "is true or false")
        return value

    def choice(self, key: str, options: type[E], default: E) -> E:
        value = self._take(key, default)
        if value not in set(options):
            raise self.bad(key, f"{value!r} is none of {', '.join(options)}")
        return options(value)

    def size(self, key: str, default: tuple[int, int]) -> tuple[int, int]:
        value = self._take(key, list(default))
        if not isinstance(value, list) or len(value) != 2 or not all(type(n) is int and 16 <= n <= 8192 for n in value):
            raise self.bad(key, "is [width, height]")
        return value[0], value[1]

    def table(self, key: str) -> dict[str, Any]:
        value = self._take(key, {})
        if not isinstance(value, dict):
            raise self.bad(key, "is a table")
        return value

    def tables(self, key: str) -> list[dict[str, Any]]:
        value = self._take(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.bad(key, "are tables: write [[device]] above each")
        return value

    def end(self) -> None:
        """
        Raises:
            BadSetting: something is left over.
        """
        for key in self._left:
            raise self.bad(key, "is not known here")
