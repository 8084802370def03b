"""ECG of 1 to 12 leads: a vendor-neutral characteristic, since the Bluetooth SIG defines none.

`STREAM` is ours, notify only, in the service `SERVICE`: version u8 = 1, leads u16 (bit 0 is I, 1 II, 2 III, 3 aVR,
4 aVL, 5 aVF, 6 to 11 V1 to V6), rate u16 in Hz, resolution u16 in nanovolts for each unit, begin u32 (samples per lead
before this packet since the recorder was switched on, wraps), then the samples i16, leads interleaved in the order of
the bits. −32768 is no voltage: this lead's electrode is off. ±32767 is a saturated amplifier. All little-endian.

`CONTROL`, write: 1 begins to send, 0 ends; a lost link ends it too. The heart rate comes as 2A37 of the same device.
A packet takes what the ATT MTU holds (`frames_for`): with 517 bytes 20 samples of 12 leads, 40 ms at 500 Hz.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from room_agent.devices.curve import CurvePiece
from room_agent.devices.driver import Garbled
from schemas.measurement import WaveKind

SERVICE = "6c1a0010-8f0e-4d0b-9e57-6f1f3a5d7c21"
STREAM = "6c1a0011-8f0e-4d0b-9e57-6f1f3a5d7c21"
CONTROL = "6c1a0012-8f0e-4d0b-9e57-6f1f3a5d7c21"
START, STOP = b"\x01", b"\x00"
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
LEAD_MDC = (131329, 131330, 131389, 131390, 131391, 131392, 131331, 131332, 131333, 131334, 131335, 131336)
"""ISO/IEEE 11073-10101, in the order of `LEADS`."""
MAX_RATE_HZ = 2000
_NANOVOLTS_PER_MILLIVOLT = 1_000_000
_ATT_HEADER_BYTES = 3
_HEADER = struct.Struct("<BHHHI")

Frames = NDArray[np.int16]


@dataclass(frozen=True)
class EcgPacket:
    """*leads*: places in `LEADS`, rising. *frames*: one row for each sample, one column for each lead."""

    leads: tuple[int, ...]
    rate_hz: int
    resolution_nv: int
    begin: int
    frames: Frames


def frames_for(mtu: int, leads: int) -> int:
    """How many samples of *leads* leads fit one notification of *mtu* bytes.

    Raises:
        ValueError: not even one.
    """
    count = (mtu - _ATT_HEADER_BYTES - _HEADER.size) // (2 * leads)
    if count < 1:
        raise ValueError("the packet is too small for these leads")
    return count


def leads_for(mtu: int) -> int:
    """How many leads fit one row of one notification of *mtu* bytes."""
    return max(1, min(len(LEADS), (mtu - _ATT_HEADER_BYTES - _HEADER.size) // 2))


def decode(packet: bytes) -> CurvePiece:
    """Read a piece of the ECG, in millivolts.

    Raises:
        Garbled: another version, no lead, no rate, no resolution, or samples that do not fill whole rows.
    """
    if len(packet) < _HEADER.size:
        raise Garbled("short")
    version, mask, rate_hz, resolution_nv, begin = _HEADER.unpack_from(packet)
    codes = tuple(code for place, code in enumerate(LEAD_MDC) if mask >> place & 1)
    if version != 1 or mask >> len(LEADS) or not codes or not 0 < rate_hz <= MAX_RATE_HZ or not resolution_nv:
        raise Garbled("header")
    samples = packet[_HEADER.size :]
    if not samples or len(samples) % (2 * len(codes)):
        raise Garbled("short")
    return CurvePiece(WaveKind.ECG, codes, rate_hz, resolution_nv / _NANOVOLTS_PER_MILLIVOLT, samples, begin)


def encode(packet: EcgPacket) -> bytes:
    """The notification of a recorder."""
    mask = sum(1 << place for place in packet.leads)
    header = _HEADER.pack(1, mask, packet.rate_hz, packet.resolution_nv, packet.begin % 2**32)
    return header + packet.frames.astype("<i2").tobytes()
