"""What stands around this computer that could be a device of the room, with a ready entry for its file.

Bluetooth: who says that it has a service of one of our profiles. Cameras: what the kernel calls a video device. Sound:
what ALSA can record from. The score is a guess, from 0 to 1, for a person who chooses.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from room_agent.devices.config import (
    STETHOSCOPE,
    VERSION,
    BluetoothDevice,
    CameraDevice,
    CameraRole,
    Device,
    Label,
    StethoscopeDevice,
    as_toml,
)
from room_agent.devices.profile import PROFILES
from room_agent.devices.scanner import Advert, OneScanner

NEAR_DBM, FAR_DBM = -45, -95
_ROLES = {
    CameraRole.OTOSCOPE: ("otoscope", "ear"),
    CameraRole.DERMATOSCOPE: ("dermato", "derma", "skin"),
    CameraRole.DOCUMENT: ("document", "visualizer", "scan"),
}
_CHEST = ("steth", "auscult")


@dataclass(frozen=True)
class Candidate:
    """*about*: how it calls itself and how it was noticed."""

    device: Device
    score: float
    about: str


async def bluetooth(scanner: OneScanner, seconds: float) -> tuple[Candidate, ...]:
    """Who is heard within *seconds*.

    Raises:
        RadioGone: this computer has no Bluetooth that works.
    """
    async with scanner.listening():
        await asyncio.sleep(seconds)
    return tuple(found for advert in scanner.known if (found := of_advert(advert)) is not None)


def of_advert(advert: Advert) -> Candidate | None:
    """Half a point for a service of ours, half for how near it is: the one on the table is meant."""
    services = {service.lower() for service in advert.services}
    kind = next((kind for kind, profile in PROFILES.items() if profile.service.lower() in services), None)
    if kind is None:
        return None
    nearness = (advert.rssi - FAR_DBM) / (NEAR_DBM - FAR_DBM)
    device = BluetoothDevice(kind.value, kind, advert.device.address.upper(), label=Label(name=advert.name[:80]))
    score = 0.5 + 0.5 * min(1.0, max(0.0, nearness))
    return Candidate(device, round(score, 2), f"{advert.name or '?'}, {advert.rssi} dBm")


def cameras(kernel: Path = Path("/sys/class/video4linux"), links: Path = Path("/dev/v4l/by-id")) -> Iterator[Candidate]:
    """The picture nodes (index 0; the others carry data about pictures), by a name that stays after a restart."""
    stable = {link.resolve().name: link for link in sorted(links.glob("*"))} if links.is_dir() else {}
    for node in sorted(kernel.glob("video*")):
        if _word(node / "index") not in ("", "0"):
            continue
        name, link = _word(node / "name"), stable.get(node.name)
        role = next((role for role, words in _ROLES.items() if _says(name, words)), CameraRole.ROOM)
        path = str(link or Path("/dev") / node.name)
        score = (0.6 if link else 0.2) + (0.3 if role is not CameraRole.ROOM else 0.0)
        yield Candidate(CameraDevice(role.value, role, path), round(score, 2), name or "?")


def sound(proc: Path = Path("/proc/asound")) -> Iterator[Candidate]:
    """Every sound card's inputs, by the card's name: its number is another one after a restart."""
    for info in sorted(proc.glob("card[0-9]*/pcm*c/info")):
        card = info.parent.parent
        fields = dict(line.partition(": ")[::2] for line in _text(info).splitlines())
        name = fields.get("name") or fields.get("id", "?")
        card_id = _word(card / "id")
        is_usb, is_chest = (card / "usbid").exists(), _says(f"{name} {card_id}", _CHEST)
        alsa = f"hw:CARD={card_id},DEV={fields.get('device', '0')}"
        score = 0.2 + (0.2 if is_usb else 0.0) + (0.5 if is_chest else 0.0)
        yield Candidate(
            StethoscopeDevice(STETHOSCOPE, alsa), round(score, 2), f"{name}, {'USB' if is_usb else card_id}"
        )


def as_file(found: Iterable[Candidate]) -> str:
    """The best first, each with its entry, numbered within its kind; a person strikes out what does not belong."""
    counted: Counter[str] = Counter()
    parts = [f"version = {VERSION}\n"]
    for each in sorted(found, key=lambda candidate: -candidate.score):
        counted[each.device.device_id] += 1
        device = replace(each.device, device_id=f"{each.device.device_id}-{counted[each.device.device_id]}")
        parts.append(f"# {each.score:.2f}  {_one_line(each.about)}\n{as_toml(device)}")
    return "\n".join(parts)


def _one_line(text: str) -> str:
    """A name is the device's own text: it may not leave its comment."""
    return "".join(letter for letter in text if letter.isprintable())


def _says(name: str, words: Iterable[str]) -> bool:
    return any(word in name.lower() for word in words)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _word(path: Path) -> str:
    return _text(path).strip()
