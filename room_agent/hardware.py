"""The room's real devices, built from its file: nothing is opened before it is asked for."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from room_agent.devices.ble import BleDriver
from room_agent.devices.ble_link import Radio
from room_agent.devices.bluez.adapter import BluezAdapter
from room_agent.devices.config import BluetoothDevice, CameraDevice, RoomDevices
from room_agent.devices.driver import Driver
from room_agent.devices.expected import Expected
from room_agent.devices.profile import PROFILES
from room_agent.devices.scanner import RADIO_ERRORS, OneScanner
from room_agent.instruments import Instruments
from room_agent.media import live
from room_agent.media.camera import CameraConfig, V4l2Camera
from room_agent.media.capture import Capture
from room_agent.media.ear import CapturedEar
from schemas.measurement import MeasurementKind
from telemed.kit.clock import Clock
from telemed.kit.i18n import Words
from telemed.kit.logs import logger

log = logger("hardware")


@asynccontextmanager
async def bluez_radio(adapter_name: str) -> AsyncIterator[Radio]:
    """The radio of this computer. Without one it opens as well, and says so when it is used."""
    adapter = BluezAdapter(adapter_name)
    try:
        yield Radio(None, OneScanner(adapter=adapter, adapter_name=adapter_name), adapter)
    finally:
        adapter.close()


@asynccontextmanager
async def drivers_of(
    devices: Iterable[BluetoothDevice], radio: Radio, clock: Clock
) -> AsyncIterator[Mapping[MeasurementKind, Driver]]:
    """A driver for each, not yet opened; leaving disconnects all. What an earlier run left connected is dropped."""
    found = tuple(devices)
    async with AsyncExitStack() as stack:
        await _drop_stale(radio, frozenset(each.address for each in found))
        drivers: dict[MeasurementKind, Driver] = {}
        for each in found:
            drivers[each.kind] = driver = BleDriver(
                PROFILES[each.kind],
                radio,
                device_id=each.device_id,
                address=each.address,
                clock=clock,
                expected=Expected(each.serial, each.user, each.sleeps),
            )
            stack.push_async_callback(driver.close)
        yield drivers


async def _drop_stale(radio: Radio, addresses: frozenset[str]) -> None:
    if radio.adapter is None or not addresses:
        return
    try:
        await radio.adapter.drop_stale(addresses)
    except RADIO_ERRORS as error:
        log.warning("no radio at the start", error=type(error).__name__)


def instruments(found: RoomDevices, words: Words) -> Instruments:
    """Cameras and stethoscope of the file."""
    cameras = tuple(_camera(each) for each in found.cameras)
    alsa = found.stethoscope.alsa if found.stethoscope else ""
    sound = partial(Capture, alsa) if alsa else None
    opened = partial(live.for_visit, cameras, sound, word=words.text, simulated=False)
    return Instruments(cameras, CapturedEar(alsa) if alsa else None, opened)


def _camera(device: CameraDevice) -> V4l2Camera:
    return V4l2Camera(CameraConfig(device.role.value, device.path, device.format, device.size, device.fps))
