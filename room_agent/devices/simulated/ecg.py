"""A simulated ECG recorder of twelve leads, and a simulated Polar belt; both send a curve only when told to."""

import asyncio
from typing import Any

import numpy as np
from bumble.device import Device
from bumble.gatt import Characteristic, CharacteristicValue, Service

from room_agent.devices import ecg, heart_rate, polar
from room_agent.devices.curve import NO_VALUE
from room_agent.devices.ecg import EcgPacket, Frames
from room_agent.devices.heart_rate import HeartRate
from room_agent.devices.simulated.ecg_signal import RESOLUTION_NV, Rhythm, hum, twelve_leads
from room_agent.devices.simulated.peripheral import INDICATE, NOTIFY, WRITE, Peripheral, characteristic
from room_agent.devices.simulated.scenario import Fault, Scenario

RATE_HZ = 500
_ROWS = 20
_LEADS = len(ecg.LEADS)
_OFF_LEADS = (7,)
"""Which lead a single loose electrode takes away: V2."""
_EACH_GAP_S, _GAP_S = 5.0, 0.4
_BELT_ROWS = 73
_BELT_LEAD = 0
_FAULTS = (
    *(Fault.NONE, Fault.FIBRILLATION, Fault.ELECTRODE_OFF, Fault.FAILED, Fault.HUM, Fault.GAPS),
    *(Fault.GARBLED, Fault.TRUNCATED),
    *(Fault.LOW_BATTERY, Fault.NEEDS_PAIRING, Fault.BOND_LOST, Fault.LINK_DROPS, Fault.ABSENT),
)


class _Streaming(Peripheral):
    """Sends pieces of *rows* samples while it is told to, without drift, and the heart rate once a second."""

    faults = _FAULTS
    rate_hz = RATE_HZ

    def __init__(self, device: Device, scenario: Scenario, model: str, serial: str) -> None:
        super().__init__(device, scenario, model, serial)
        self._rate = characteristic(heart_rate.MEASUREMENT, NOTIFY)
        self._loops = {scenario.rhythm: self._made(scenario.rhythm)}
        self._told = asyncio.Event()
        self._begin = 0
        self._skip = 0

    def _made(self, rhythm: Rhythm) -> Frames:
        scenario = self._scenario
        return twelve_leads(self.rate_hz, per_min=scenario.heart_rate_per_min, rhythm=rhythm, seed=scenario.seed)

    async def set_fault(self, fault: Fault) -> None:
        """The other rhythm takes a moment to compute, and nothing waits for it."""
        if fault is Fault.FIBRILLATION and Rhythm.FIBRILLATION not in self._loops:
            self._loops[Rhythm.FIBRILLATION] = await asyncio.to_thread(self._made, Rhythm.FIBRILLATION)
        await super().set_fault(fault)

    @property
    def _rows(self) -> int:
        raise NotImplementedError

    @property
    def streaming(self) -> bool:
        """Whether it was told to send."""
        return self._told.is_set()

    async def press_start(self) -> None:
        """Nothing to press: the electrodes are on."""

    def skip(self, samples: int) -> None:
        """So many samples are made and lost on the air."""
        self._skip += samples

    def link_lost(self) -> None:
        self._told.clear()

    async def run(self) -> None:
        """For ever. Whoever is stopped for more than a second goes on with now, and the samples in between are lost."""
        loop = asyncio.get_running_loop()
        while True:
            await self._told.wait()
            due = loop.time()
            while self._told.is_set():
                rows = self._rows
                due += rows / self.rate_hz
                late_s = loop.time() - due
                if late_s > 1:
                    due, self._skip = due + late_s, self._skip + round(late_s * self.rate_hz)
                await asyncio.sleep(max(0.0, -late_s))
                begin, self._skip = self._begin + self._skip, 0
                self._begin = begin + rows
                await self._piece(begin, rows)

    async def _piece(self, begin: int, rows: int) -> None:
        if self.fault is Fault.GAPS and begin / self.rate_hz % _EACH_GAP_S < _GAP_S:
            return
        if self._told.is_set():
            await self._send_frames(begin, self._frames(begin, rows))
        if begin % self.rate_hz < rows:
            rate = HeartRate(0 if self.fault is Fault.FAILED else self._scenario.heart_rate_per_min)
            await self._send(self._rate, heart_rate.encode(rate))

    async def _send_frames(self, begin: int, frames: Frames) -> None:
        raise NotImplementedError

    def _frames(self, begin: int, rows: int) -> Frames:
        """As the electrodes give them: ``electrode-off`` is one that is loose, ``failed`` all of them."""
        ill = self.fault is Fault.FIBRILLATION
        loop = self._loops[Rhythm.FIBRILLATION if ill else self._scenario.rhythm]
        size = loop.shape[0]
        frames: Frames = loop[(begin + np.arange(rows)) % size]
        match self.fault:
            case Fault.FAILED:
                return np.full_like(frames, NO_VALUE)
            case Fault.ELECTRODE_OFF:
                frames = frames.copy()
                frames[:, _OFF_LEADS] = NO_VALUE
                return frames
            case Fault.HUM:
                return frames + hum(begin, rows, self.rate_hz)
            case _:
                return frames


class SimulatedRecorder(_Streaming):
    """Twelve leads of 500 Hz with our characteristic, as much in a packet as the link takes."""

    def __init__(self, device: Device, scenario: Scenario) -> None:
        super().__init__(device, scenario, "Simulated ECG", "SIM-ECG-1")
        self._stream = characteristic(ecg.STREAM, NOTIFY)

    @property
    def _rows(self) -> int:
        return min(_ROWS, ecg.frames_for(self._mtu, self._leads))

    @property
    def _mtu(self) -> int:
        return min((connection.att_mtu for connection in self.device.connections.values()), default=517)

    @property
    def _leads(self) -> int:
        """On a link that takes no whole row of twelve, the first ones only."""
        return min(_LEADS, ecg.leads_for(self._mtu))

    def _services(self) -> list[Service]:
        control: Characteristic[Any] = characteristic(ecg.CONTROL, WRITE, CharacteristicValue(write=self._tell))
        return [
            Service(ecg.SERVICE.upper(), [self._stream, control]),
            Service(heart_rate.SERVICE.upper(), [self._rate]),
        ]

    def _tell(self, _connection: Any, value: bytes) -> None:
        if value == ecg.START:
            self._told.set()
        else:
            self._told.clear()

    async def _send_frames(self, begin: int, frames: Frames) -> None:
        leads = tuple(range(self._leads))
        packet = ecg.encode(EcgPacket(leads, self.rate_hz, RESOLUTION_NV, begin, frames[:, : len(leads)]))
        await self.device.notify_subscribers(self._stream, self._spoilt(packet))


class SimulatedPolarBelt(_Streaming):
    """One lead of 130 Hz by Polar's protocol."""

    rate_hz = polar.RATE_HZ

    def __init__(self, device: Device, scenario: Scenario) -> None:
        super().__init__(device, scenario, "Simulated H10", "SIM-H10-1")
        self._data = characteristic(polar.DATA, NOTIFY)
        self._control = characteristic(polar.CONTROL, WRITE | INDICATE, CharacteristicValue(write=self._tell))
        self._answering: set[asyncio.Task[None]] = set()
        self.refuses = False

    @property
    def _rows(self) -> int:
        return _BELT_ROWS

    def _services(self) -> list[Service]:
        return [
            Service(polar.SERVICE.upper(), [self._control, self._data]),
            Service(heart_rate.SERVICE.upper(), [self._rate]),
        ]

    def _tell(self, _connection: Any, value: bytes) -> None:
        command = value[0]
        status = polar.Status.SUCCESS if value in (polar.START, polar.STOP) else polar.Status.INVALID_PARAMETER
        if self.refuses:
            status = polar.Status.NOT_SUPPORTED
        elif value == polar.START:
            status = polar.Status.ALREADY if self._told.is_set() else status
            self._told.set()
        elif value == polar.STOP:
            self._told.clear()
        answer = polar.encode_answer(command, status)
        task = asyncio.ensure_future(self.device.indicate_subscribers(self._control, answer))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _send_frames(self, begin: int, frames: Frames) -> None:
        microvolts = frames[:, _BELT_LEAD].astype(np.int32) * RESOLUTION_NV // 1000
        last_ns = (begin + len(frames) - 1) * 1_000_000_000 // self.rate_hz + 1
        await self.device.notify_subscribers(self._data, self._spoilt(polar.encode(microvolts, last_ns)))
