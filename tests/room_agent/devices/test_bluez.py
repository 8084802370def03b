"""The production radio against python-dbusmock's BlueZ on a private bus: pairing, bonds, power, a cuff on bleak."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from bleak.exc import BleakDBusError
from dbus_fast import Variant

from room_agent.devices import blood_pressure
from room_agent.devices.ble import BleDriver
from room_agent.devices.ble_link import Radio, Timing
from room_agent.devices.blood_pressure import BloodPressure
from room_agent.devices.bluez.adapter import BluezAdapter
from room_agent.devices.bluez.bus import Bluez
from room_agent.devices.driver import Arm, DeviceState, Measurement, Reason
from room_agent.devices.pairing import PairingFailed, Patience, Why, pair
from room_agent.devices.profile import BLOOD_PRESSURE
from room_agent.devices.scanner import OneScanner, Person
from telemed.kit.clock import RealClock
from tests.room_agent.devices.bluez_mock import Mock, private_bus, speak

ADDRESS = "AA:BB:CC:00:00:02"
FOREIGN = "/org/bluez/hci0/dev_AA_BB_CC_00_00_99"
TIMING = Timing(scan=0.3, silence=0.1, back_off=(0.0, 0.05))
SOON = Patience(heard=3.0, again=3.0)
MEASUREMENT = f"{blood_pressure.MEASUREMENT}=indicate="
INFLATING = f"{blood_pressure.INTERMEDIATE_CUFF_PRESSURE}=notify="
SERIAL = f"00002a25-0000-1000-8000-00805f9b34fb=read={b'CUFF-77'.hex()}"


@pytest.fixture(scope="module")
def bluez_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("bluez")
    with private_bus(folder) as log, pytest.MonkeyPatch.context() as environment:
        environment.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={folder}/bus")
        yield log


@dataclass
class Bench:
    """The mock, and our side of it."""

    mock: Mock
    adapter: BluezAdapter
    radio: Radio
    cuff: str = ""

    async def send(self, place: int, packet: bytes) -> None:
        """The *place*-th characteristic of the cuff changes."""
        path = f"{self.cuff}/service0010/char{0x11 + 2 * place:04x}"
        await self.mock.do("Indicate", "ss", path, packet.hex())

    async def add_cuff(self, pairing: str = "just-works", *, protected: bool = True) -> None:
        self.cuff = await self.mock.do(
            "AddCuff", "sssasb", "hci0", ADDRESS, pairing, [MEASUREMENT, SERIAL, INFLATING], protected
        )

    def driver(self) -> BleDriver:
        return BleDriver(
            BLOOD_PRESSURE, self.radio, device_id="cuff-1", address=ADDRESS, clock=RealClock(), timing=TIMING
        )

    @asynccontextmanager
    async def advertising(self) -> AsyncIterator[None]:
        """The cuff is heard as long as this is open."""
        speaking = asyncio.create_task(speak(self.mock, self.cuff))
        try:
            yield
        finally:
            speaking.cancel()
            await asyncio.wait([speaking])


Story = Callable[[Bench], Awaitable[None]]


def run(log: Path, story: Story, *, radio_there: bool = True, silent_s: float = 60.0) -> None:
    """Tell *story* with a BlueZ that knows nothing of the one before."""

    async def whole() -> None:
        async with asyncio.timeout(20):
            mock = await Mock.connect(log)
            await mock.call("/", "org.freedesktop.DBus.Mock.Reset")
            if radio_there:
                await mock.do("AddRadio", "s", "hci0")
            adapter = BluezAdapter(rest_s=0.01)
            bench = Bench(mock, adapter, Radio(None, OneScanner(adapter=adapter, silent_s=silent_s), adapter))
            try:
                await story(bench)
            finally:
                adapter.close()
                mock.bus.disconnect()

    asyncio.run(whole())


class Typist(Person):
    """Reads the digits off the device; None: walks away."""

    def __init__(self, digits: int | None) -> None:
        self._digits = digits

    async def passkey(self) -> int | None:
        return self._digits

    async def sees(self, number: int) -> bool:
        return number == self._digits


async def until(driver: BleDriver, state: DeviceState, reason: Reason = Reason.NONE) -> None:
    async with asyncio.timeout(10):
        while (driver.state, driver.reason) != (state, reason):
            await anext(driver.events())


async def measurement(driver: BleDriver) -> Measurement:
    async with asyncio.timeout(5):
        async for event in driver.events():
            if isinstance(event, Measurement):
                return event
    raise AssertionError


def test_the_agent_is_there_while_pairing_and_at_no_other_time(bluez_log: Path) -> None:
    async def story(on: Bench) -> None:
        assert await on.mock.do("Agents") == []
        async with on.adapter.pairing(ADDRESS, None):
            assert await on.mock.do("Agents") == ["NoInputNoOutput"]
        async with on.adapter.pairing(ADDRESS, Typist(1)):
            assert await on.mock.do("Agents") == ["KeyboardDisplay"]
        assert await on.mock.do("Agents") == []

    run(bluez_log, story)


def test_the_agent_answers_for_the_device_that_is_paired_and_for_no_other(bluez_log: Path) -> None:
    async def story(on: Bench) -> None:
        own = "/org/bluez/hci0/dev_AA_BB_CC_00_00_02"
        refused = "org.bluez.Error.Rejected"
        async with on.adapter.pairing(ADDRESS, Typist(123456)):
            asked = {
                (member, path): await on.mock.do("AskAgent", "sss", member, path, number)
                for member, path, number in (
                    ("RequestPasskey", own, ""),
                    ("RequestPasskey", FOREIGN, ""),
                    ("RequestConfirmation", own, "123456"),
                    ("RequestConfirmation", FOREIGN, "123456"),
                    ("RequestAuthorization", own, ""),
                    ("RequestAuthorization", FOREIGN, ""),
                    ("RequestPinCode", own, ""),
                )
            }
            assert await on.mock.do("AskAgent", "sss", "RequestConfirmation", own, "999999") == refused
        assert asked == {
            ("RequestPasskey", own): "123456",
            ("RequestPasskey", FOREIGN): refused,
            ("RequestConfirmation", own): "None",
            ("RequestConfirmation", FOREIGN): refused,
            ("RequestAuthorization", own): "None",
            ("RequestAuthorization", FOREIGN): refused,
            ("RequestPinCode", own): refused,
        }

    run(bluez_log, story)


@pytest.mark.parametrize(
    ("pairing", "person"), [("just-works", None), ("passkey", Typist(123456)), ("number", Typist(654321))]
)
def test_a_cuff_is_paired_trusted_and_read_again(bluez_log: Path, pairing: str, person: Person | None) -> None:
    async def story(on: Bench) -> None:
        await on.add_cuff(pairing)
        async with on.advertising():
            known = await pair(on.radio, ADDRESS, person=person, patience=SOON)
        assert (known.profile, known.found.identity.serial) == (BLOOD_PRESSURE, "CUFF-77")
        assert [await on.mock.is_so(on.cuff, name) for name in ("Bonded", "Trusted", "Connected")] == [
            True,
            True,
            False,
        ]

    run(bluez_log, story)


@pytest.mark.parametrize(
    ("pairing", "person", "why"),
    [
        ("refuse", None, Why.REFUSED),
        ("foreign", None, Why.REFUSED),
        ("passkey", None, Why.REFUSED),
        ("passkey", Typist(111111), Why.REFUSED),
        ("passkey", Typist(None), Why.CANCELLED),
    ],
)
def test_a_pairing_that_fails_says_why(bluez_log: Path, pairing: str, person: Person | None, why: Why) -> None:
    async def story(on: Bench) -> None:
        await on.add_cuff(pairing)
        with pytest.raises(PairingFailed) as failed:
            async with on.advertising():
                await pair(on.radio, ADDRESS, person=person, patience=SOON)
        assert failed.value.why is why
        assert await on.mock.do("Agents") == []

    run(bluez_log, story)


def test_an_old_bond_is_removed_only_if_there_is_one(bluez_log: Path) -> None:
    async def story(on: Bench) -> None:
        await on.add_cuff()
        assert not await on.adapter.remove_bond(ADDRESS)
        await on.mock.do("Change", "ssv", on.cuff, "Bonded", Variant("b", True))
        assert await on.adapter.bonded(ADDRESS)
        assert await on.adapter.remove_bond(ADDRESS)
        assert not await on.adapter.bonded(ADDRESS)

    run(bluez_log, story)


def test_a_cuff_measures_over_bleak_and_bluez_and_comes_back(bluez_log: Path) -> None:
    async def story(on: Bench) -> None:
        await on.add_cuff(protected=False)
        driver = on.driver()
        async with on.advertising():
            await driver.open()
            await until(driver, DeviceState.READY)
            await driver.start(Arm("visit-1"))
            value = BloodPressure(Decimal(121), Decimal(79), device_time=datetime(2026, 1, 1))
            await on.send(2, blood_pressure.encode_cuff_pressure(Decimal(150)))
            await on.send(0, blood_pressure.encode(value))
            measured = await measurement(driver)
            assert [str(each.value) for each in measured.components[:2]] == ["121", "79"]
            await on.mock.call(on.cuff, "org.bluez.Device1.Disconnect")
            await until(driver, DeviceState.ABSENT, Reason.LINK_LOST)
            await until(driver, DeviceState.READY)
        await driver.close()

    run(bluez_log, story)


@pytest.mark.parametrize(("bonded", "reason"), [(False, Reason.NOT_PAIRED), (True, Reason.BOND_LOST)])
def test_a_cuff_that_refuses_was_never_paired_or_has_forgotten_us(
    bluez_log: Path, bonded: bool, reason: Reason
) -> None:
    async def story(on: Bench) -> None:
        await on.add_cuff()
        await on.mock.do("Change", "ssv", on.cuff, "Bonded", Variant("b", bonded))
        driver = on.driver()
        async with on.advertising():
            await driver.open()
        assert (driver.state, driver.reason) == (DeviceState.ERROR, reason)
        await driver.close()

    run(bluez_log, story)


def test_what_an_earlier_run_left_connected_is_dropped_and_nothing_else(bluez_log: Path) -> None:
    async def story(on: Bench) -> None:
        await on.add_cuff()
        await on.mock.call(on.cuff, "org.bluez.Device1.Connect")
        assert await on.adapter.drop_stale(frozenset({"AA:BB:CC:00:00:03"})) == 0
        assert await on.mock.is_so(on.cuff, "Connected")
        assert await on.adapter.drop_stale(frozenset({ADDRESS})) == 1
        assert not await on.mock.is_so(on.cuff, "Connected")

    run(bluez_log, story)


def test_an_adapter_that_fell_silent_is_switched_off_and_on_and_then_called_stuck(bluez_log: Path) -> None:
    async def story(on: Bench) -> None:
        await on.add_cuff(protected=False)
        before = on.mock.said("org.bluez.Adapter1.Powered")
        driver = on.driver()
        async with on.radio.scanner.listening() as ear:
            async with on.advertising():
                await ear.next()
            await on.mock.do("Change", "ssv", on.cuff, "Address", Variant("s", "AA:BB:CC:00:00:77"))
            await driver.open()
            await until(driver, DeviceState.ERROR, Reason.RADIO_STUCK)
            assert on.radio.scanner.power_cycles == 1
            assert on.mock.said("org.bluez.Adapter1.Powered") - before == 2
        await driver.close()

    run(bluez_log, story, silent_s=0.5)


def test_an_adapter_in_which_nothing_was_ever_heard_is_left_alone(bluez_log: Path) -> None:
    async def story(on: Bench) -> None:
        async with on.radio.scanner.listening(ADDRESS):
            await asyncio.sleep(0.1)
            assert await on.radio.scanner.examine() is Reason.NOT_FOUND
        assert on.radio.scanner.power_cycles == 0

    run(bluez_log, story, silent_s=0.05)


def test_a_computer_without_adapter_says_so_and_works_once_it_is_plugged_in(bluez_log: Path) -> None:
    async def story(on: Bench) -> None:
        driver = on.driver()
        await driver.open()
        assert (driver.state, driver.reason) == (DeviceState.ERROR, Reason.NO_RADIO)
        await on.mock.do("AddRadio", "s", "hci0")
        await on.add_cuff(protected=False)
        async with on.advertising():
            await until(driver, DeviceState.READY)
        await driver.close()

    run(bluez_log, story, radio_there=False)


def test_an_adapter_that_is_off_is_switched_on(bluez_log: Path) -> None:
    async def story(on: Bench) -> None:
        adapter = "/org/bluez/hci0"
        await on.mock.call(
            adapter,
            "org.freedesktop.DBus.Properties.Set",
            "ssv",
            "org.bluez.Adapter1",
            "Powered",
            Variant("b", False),
        )
        assert await on.adapter.ready()
        assert await on.mock.is_so(adapter, "Powered", "org.bluez.Adapter1")

    run(bluez_log, story)


def test_a_named_adapter_that_is_missing_is_not_replaced_by_another(bluez_log: Path) -> None:
    async def story(_on: Bench) -> None:
        other = BluezAdapter("hci7")
        assert not await other.ready()
        with pytest.raises(Exception, match="no adapter"):
            await other.power_cycle()
        other.close()

    run(bluez_log, story)


def test_a_refusal_of_bluez_keeps_its_name(bluez_log: Path) -> None:
    async def story(on: Bench) -> None:
        bus = Bluez()
        with pytest.raises(BleakDBusError, match="DoesNotExist"):
            await bus.call("/org/bluez", "org.bluez.AgentManager1.UnregisterAgent", "o", "/nobody")
        bus.close()
        assert await on.adapter.ready()

    run(bluez_log, story)
