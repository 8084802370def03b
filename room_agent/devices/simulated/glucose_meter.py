"""A simulated glucose meter: it says nothing by itself, its records are asked for through record access."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bumble.device import Device
from bumble.gatt import CharacteristicValue, Service

from room_agent.devices import glucose, racp
from room_agent.devices.driver import Absent, Garbled
from room_agent.devices.glucose import Glucose
from room_agent.devices.racp import Count, Ended, Opcode, Outcome, Request
from room_agent.devices.simulated.clock import Clocked
from room_agent.devices.simulated.peripheral import INDICATE, NOTIFY, WRITE, characteristic, without
from room_agent.devices.simulated.scenario import Fault, Scenario

_OLD = Glucose(0, concentration=Decimal(212))
_STRIP_ERROR = 0x0008
_MG_PER_MMOL = Decimal("18.016")
"""Of glucose, per decilitre and litre; for a meter that is set to the other unit, never to convert what one sent."""


class SimulatedGlucoseMeter(Clocked):
    """Has values of other people in its memory, and adds one each time somebody measures."""

    faults = without(Fault.FINGER_OUT)

    def __init__(self, device: Device, scenario: Scenario) -> None:
        super().__init__(device, scenario, "Simulated glucose meter", "SIM-GL-1")
        self._measurement = characteristic(glucose.MEASUREMENT, NOTIFY)
        asked = CharacteristicValue(write=self._asked)
        self._control = characteristic(racp.CONTROL_POINT, INDICATE | WRITE, asked)
        self._given: set[int] = set()
        self.records = [self._old(number) for number in range(1, scenario.stored_records + 1)]

    def _services(self) -> list[Service]:
        return [Service(glucose.SERVICE.upper(), [self._measurement, self._control]), self.clock.service()]

    def _old(self, number: int) -> Glucose:
        return replace(_OLD, sequence=number, device_time=self._old_stamp())

    async def press_start(self) -> None:
        """A drop of blood; the record is in the memory when this returns, and goes out when somebody asks."""
        await asyncio.sleep(self._scenario.measuring_s / 2)
        if self.fault is not Fault.STORED:
            self.records.append(self._result(self.records[-1].sequence + 1 if self.records else 1))

    def _result(self, number: int) -> Glucose:
        now = self.clock.stamp()
        if self.fault is Fault.FAILED:
            return Glucose(number, now, Absent.NOT_A_NUMBER, status=_STRIP_ERROR)
        value = replace(self._scenario.glucose, sequence=number, device_time=now)
        if self.fault is Fault.WRONG_UNIT and isinstance(value.concentration, Decimal):
            mmol = (value.concentration / _MG_PER_MMOL).quantize(Decimal("0.1"))
            value = replace(value, concentration=mmol, moles=True)
        return value

    def _asked(self, _connection: Any, packet: bytes) -> None:
        self._tasks.start(self._answer(packet))

    async def _answer(self, packet: bytes) -> None:
        try:
            request = racp.decode_request(packet)
        except Garbled:
            await self._say(Ended(Opcode.REPORT, Outcome.NOT_SUPPORTED))
            return
        match request.opcode:
            case Opcode.COUNT:
                await self._say(Count(len(self._chosen(request))))
            case Opcode.REPORT:
                await self._report(request)
            case Opcode.ABORT:
                await self._say(Ended(Opcode.ABORT, Outcome.DONE))

    async def _report(self, request: Request) -> None:
        chosen = self._chosen(request)
        for record in chosen:
            await self._send_record(record)
        await self._say(Ended(Opcode.REPORT, Outcome.DONE if chosen else Outcome.NONE_FOUND))

    async def _send_record(self, record: Glucose) -> None:
        """Only a new one can be the last thing that the meter says."""
        if record.sequence in self._given:
            await self.device.notify_subscribers(self._measurement, self._spoilt(glucose.encode(record)))
            return
        self._given.add(record.sequence)
        await self._send(self._measurement, glucose.encode(record))

    def _chosen(self, request: Request) -> list[Glucose]:
        """A meter that repeats what it has stored does not care from which number on."""
        if request.last or (self.fault is Fault.STORED and request.since is not None):
            return self.records[-1:]
        return [record for record in self.records if request.since is None or record.sequence >= request.since]

    async def _say(self, answer: racp.Answer) -> None:
        await self.device.indicate_subscribers(self._control, racp.encode_answer(answer))

    def _garbled(self, packet: bytes) -> bytes:
        """Of a sample that does not exist."""
        return bytes([*packet[:12], 0xFF, *packet[13:]])
