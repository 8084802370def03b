"""The real driver's windows in a time that jumps: what is given up, asked for anew, or ended while it is drained."""

import asyncio
from collections.abc import Iterator

import pytest

from room_agent.devices.ble_link import Radio
from room_agent.devices.driver import Arm, DeviceState
from room_agent.devices.profile import BLOOD_PRESSURE
from telemed.kit.clock import RealClock
from tests.room_agent.hand_device import Clocks, HandDevice, HandDriver, HandLoop, Traits

A, B = Arm("visit-a"), Arm("visit-b")


@pytest.fixture
def cuff() -> Iterator[HandDevice]:
    """Connected, and not drained yet."""
    loop = HandLoop()
    driver = HandDriver(BLOOD_PRESSURE, Radio(), device_id="cuff-1", address="F0:00:00:00:00:02", clock=RealClock())
    driver.clocks = Clocks(loop)
    device = HandDevice(driver, driver.clocks, Traits())
    driver.link().device = device

    async def comes() -> None:
        device.comes()

    loop.run_until_complete(comes())
    yield device
    loop.run_until_complete(driver.close())
    loop.close()


def begin(cuff: HandDevice, arm: Arm) -> asyncio.Task[None]:
    """The request is made, and the device is still being drained."""
    loop = cuff.clocks.loop
    asked = loop.create_task(cuff.driver.start(arm))
    loop.run_until_complete(asyncio.sleep(1))
    assert not asked.done()
    return asked


def passes(cuff: HandDevice, seconds: float) -> None:
    cuff.clocks.loop.run_until_complete(asyncio.sleep(seconds))


def window(cuff: HandDevice) -> str | None:
    found = cuff.driver.custody().window
    return found.visit_id if found else None


def test_a_window_opens_when_the_device_is_drained_and_not_before(cuff: HandDevice) -> None:
    begin(cuff, A)
    assert window(cuff) is None
    passes(cuff, 2)
    assert (window(cuff), cuff.driver.state) == ("visit-a", DeviceState.MEASURING)


def test_what_was_given_up_meanwhile_is_never_opened(cuff: HandDevice) -> None:
    asked = begin(cuff, A)
    cuff.clocks.loop.run_until_complete(cuff.driver.stop())
    passes(cuff, 5)
    assert asked.done()
    assert (window(cuff), cuff.driver.state) == (None, DeviceState.READY)


def test_of_two_requests_the_later_one_counts(cuff: HandDevice) -> None:
    begin(cuff, A)
    begin(cuff, B)
    passes(cuff, 5)
    assert window(cuff) == "visit-b"


def test_a_drain_before_a_person_is_named_closes_the_window_of_the_one_before(cuff: HandDevice) -> None:
    begin(cuff, A)
    passes(cuff, 5)
    stored = cuff.clocks.loop.run_until_complete(cuff.driver.drain())
    assert (stored, window(cuff), cuff.driver.state) == (0, None, DeviceState.READY)


def test_who_asks_anew_while_the_link_is_lost_has_no_window_left(cuff: HandDevice) -> None:
    begin(cuff, A)
    passes(cuff, 5)
    cuff.goes()
    cuff.clocks.loop.run_until_complete(cuff.driver.start(B))
    assert window(cuff) is None


def test_a_device_that_goes_on_sending_is_never_taken_as_drained(cuff: HandDevice) -> None:
    begin(cuff, A)
    for _ in range(20):
        cuff.says(cuff.packet(0, age_s=600))
        passes(cuff, 2)
    assert window(cuff) is None
    passes(cuff, 3)
    assert window(cuff) == "visit-a"
