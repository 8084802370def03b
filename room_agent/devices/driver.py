"""What every medical device looks like to the room agent: states, values, curves, and the verbs.

The order of a visit is ``open`` (any time), ``drain`` (before a person is in play), ``start(arm)``, events, ``stop``.
A value belongs to a visit only if it arrives inside an armed window after a drain; everything else is counted and
never shown (DESIGN D1, D10).
"""

import hashlib
import struct
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from schemas.checks import CheckResult
from schemas.measurement import WAVE_HEADER, WAVE_VERSION, MeasurementKind, WaveKind


class DeviceState(StrEnum):
    """ABSENT → CONNECTING → READY ↔ MEASURING; any → ERROR; a lost link leads back to ABSENT."""

    ABSENT = "absent"
    CONNECTING = "connecting"
    READY = "ready"
    MEASURING = "measuring"
    ERROR = "error"


class Reason(StrEnum):
    """Why a device is in its state, or why a value was not shown. Goes into logs and catalogue keys."""

    NONE = ""
    NOT_FOUND = "not-found"
    NO_RADIO = "no-radio"
    LINK_LOST = "link-lost"
    NOT_PAIRED = "not-paired"
    WRONG_DEVICE = "wrong-device"
    ABSENT = "absent"
    NO_VALUE = "no-value"
    GARBLED = "garbled"
    STORED = "stored"
    NO_REQUEST = "no-request"
    DUPLICATE = "duplicate"
    FUTURE = "future"
    WRONG_USER = "wrong-user"
    RADIO_STUCK = "radio-stuck"
    BOND_LOST = "bond-lost"
    STOPPED = "stopped"
    TIMEOUT = "timeout"
    ASLEEP = "asleep"


class Absent(StrEnum):
    """Why there is no number where one was expected: codes of FHIR R4 ``data-absent-reason``."""

    NOT_A_NUMBER = "not-a-number"
    ERROR = "error"
    POSITIVE_INFINITY = "positive-infinity"
    NEGATIVE_INFINITY = "negative-infinity"


Value = Decimal | Absent
"""A measured number with the digits that the device sent, or why there is none."""


class Garbled(ValueError):
    """A packet that cannot be trusted. *code* is for the log: a word, never a value from the packet."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Identity:
    """Who the device says it is (Device Information Service); empty where it does not say.

    *serial* and *system_id* (EUI-64 as 16 hex digits) tell two devices of one model apart.
    """

    maker: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""
    system_id: str | None = None


@dataclass(frozen=True)
class Component:
    """One quantity. *mdc* is the 32-bit code of ISO/IEEE 11073-10101, *ucum* the unit; *value* may be `Absent`."""

    mdc: int
    loinc: tuple[str, ...]
    value: Value
    ucum: str


@dataclass(frozen=True)
class Measurement:
    """One reading as the device sent it.

    *device_time* is the device's own wall clock, without zone, None if it sent none. *received* and *effective* are
    on the agent's clock (exercise clock in the demo); *heard_at* is real time, for the figures. *clock_offset_s*:
    device clock minus ours, None if never read. *live* is false for what was stored in the device or came outside
    an armed window. *flags* are short words such as ``irregular-pulse``.
    """

    device_id: str
    kind: MeasurementKind
    components: tuple[Component, ...]
    raw: bytes
    device_time: datetime | None
    received: datetime
    effective: datetime
    heard_at: datetime
    clock_offset_s: float | None = None
    flags: tuple[str, ...] = ()
    live: bool = True
    visit_id: str | None = None

    @property
    def fingerprint(self) -> str:
        """The same for a packet that the device sends twice (SHA-256 over device and bytes, hex)."""
        return hashlib.sha256(self.device_id.encode() + b"|" + self.raw).hexdigest()


@dataclass(frozen=True)
class Waveform:
    """A piece of a curve: *samples* are little-endian i16, leads interleaved; times *scale* they have the curve's unit.

    *mdc*: the 32-bit code of each lead, 0 where there is none. *t_us*: real time of the first sample in microseconds.
    *gap*: samples per lead lost just before this piece.
    """

    device_id: str
    mdc: tuple[int, ...]
    rate_hz: int
    t_us: int
    seq: int
    scale: float
    samples: bytes
    gap: int = 0
    kind: WaveKind = WaveKind.PLETH

    def pack(self) -> bytes:
        """The message for the data channel ``wave`` (`schemas.measurement.WAVE_HEADER`)."""
        leads = len(self.mdc)
        header = (WAVE_VERSION, self.kind, leads, self.seq, self.t_us, self.rate_hz, self.scale, self.gap)
        codes = (code & 0xFFFF for code in self.mdc)
        return WAVE_HEADER.pack(*header) + struct.pack(f"<{leads}H", *codes) + self.samples


@dataclass(frozen=True)
class Arm:
    """Permission to measure for one visit: the next live value of this device belongs to it, for *window* long."""

    visit_id: str
    window: timedelta = timedelta(minutes=5)


@dataclass(frozen=True)
class StateChanged:
    """The device is in a new state."""

    device_id: str
    state: DeviceState
    reason: Reason


@dataclass(frozen=True)
class Started:
    """The device shows that a measurement has begun (cuff inflating); no number is given away yet."""

    device_id: str


@dataclass(frozen=True)
class Inflating:
    """The pressure in the cuff while it measures; not a result."""

    device_id: str
    mmhg: int


@dataclass(frozen=True)
class Rejected:
    """Something came inside the armed window that is not shown: ``no-value``, ``garbled``, ``stored``, ``timeout``."""

    device_id: str
    reason: Reason


DeviceEvent = Measurement | Waveform | StateChanged | Started | Inflating | Rejected


class Driver(Protocol):
    """One device. Nothing here raises because a device is away; that is a state with a reason.

    *quarantined* counts, by reason, what was received and not shown since the start.
    """

    @property
    def kind(self) -> MeasurementKind: ...

    @property
    def device_id(self) -> str: ...

    @property
    def simulated(self) -> bool: ...

    @property
    def state(self) -> DeviceState: ...

    @property
    def reason(self) -> Reason: ...

    @property
    def identity(self) -> Identity: ...

    @property
    def quarantined(self) -> Mapping[str, int]: ...

    async def open(self) -> None:
        """Find, connect, subscribe, and from then on reconnect by itself; returns after the first attempt."""

    async def drain(self) -> int:
        """Close any window and take everything that the device had stored, BEFORE a person is in play.

        How many values came; they are listed by device in `diagnostics`, and nothing else of them is kept.
        """

    async def preflight(self) -> tuple[CheckResult, ...]:
        """What a person should know before a visit; at least one result."""

    async def start(self, arm: Arm) -> None:
        """Open the window for one visit. A device that is away emits `Rejected` with ``absent``."""

    async def stop(self) -> None:
        """Close the window; later values are quarantined."""

    def events(self) -> AsyncIterator[DeviceEvent]:
        """What happens, from a bounded queue: when it is full the oldest pieces of curves go first."""

    def diagnostics(self) -> Mapping[str, str]:
        """What a person who looks for a fault needs, in words; never a measured value, a person or a serial number.

        ``state`` and ``reason`` are values of their enums; what was kept back is told as ``reason=count``.
        """

    async def close(self) -> None:
        """Disconnect and end. May be called at any time, more than once."""
