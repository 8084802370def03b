"""Polar's public measurement-data protocol (PMD), for the ECG of a chest belt.

Source: Polar's BLE SDK (github.com/polarofficial/polar-ble-sdk), "Online Measurement". The control point takes
``02 00`` and settings to start an ECG (00 sample rate, 01 resolution; each: id, count of values, u16), ``03 00`` to
stop it, and indicates ``F0``, the command, the kind, a status and whether more follows.
Data: kind u8 = 0 for ECG, time of the LAST sample u64 in ns, frame type u8 = 0, then samples of 24 bit, signed, in µV.
"""

import struct
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from room_agent.devices.curve import NO_VALUE, CurvePiece
from room_agent.devices.driver import Garbled
from schemas.measurement import WaveKind

SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
RATE_HZ = 130
BELT_MDC = 131328
"""MDC_ECG_ELEC_POTL: a belt is none of the twelve leads."""
START = bytes.fromhex("02 00 00 01 82 00 01 01 0e 00")
"""Begin an ECG with 130 Hz and 14 bit."""
STOP = bytes.fromhex("03 00")

_ECG, _ANSWER, _FRAME = 0x00, 0xF0, 0x00
_MILLIVOLTS = 0.001
_HEADER = struct.Struct("<BQB")
_SAMPLE_BYTES = 3
_TURNS = 2**64 * RATE_HZ // 1_000_000_000


class Status(IntEnum):
    """The control point's answer; any other number is an error that we do not know."""

    SUCCESS = 0
    INVALID_COMMAND = 1
    INVALID_KIND = 2
    NOT_SUPPORTED = 3
    INVALID_LENGTH = 4
    INVALID_PARAMETER = 5
    ALREADY = 6
    INVALID_RESOLUTION = 7
    INVALID_RATE = 8


def decode(packet: bytes) -> CurvePiece:
    """Read a piece of ECG. Millivolts; what exceeds ±32.7 mV is drawn as saturated.

    The belt gives times and no numbers; a place is its time at 130 Hz, and half a packet too late is a lost packet.

    Raises:
        Garbled: another kind or frame type, no samples, or a part of one.
    """
    if len(packet) < _HEADER.size + _SAMPLE_BYTES:
        raise Garbled("short")
    kind, last_ns, frame = _HEADER.unpack_from(packet)
    if kind != _ECG or frame != _FRAME:
        raise Garbled("header")
    raw = packet[_HEADER.size :]
    if len(raw) % _SAMPLE_BYTES:
        raise Garbled("short")
    count = len(raw) // _SAMPLE_BYTES
    microvolts = np.array([int.from_bytes(raw[3 * n : 3 * n + 3], "little", signed=True) for n in range(count)])
    samples = np.clip(microvolts, NO_VALUE + 1, 32767).astype("<i2").tobytes()
    begin = (last_ns * RATE_HZ // 1_000_000_000 - count + 1) % _TURNS
    return CurvePiece(
        WaveKind.ECG, (BELT_MDC,), RATE_HZ, _MILLIVOLTS, samples, begin, turns=_TURNS, slack=max(1, count // 2)
    )


def encode(microvolts: NDArray[np.int32], last_ns: int) -> bytes:
    """The notification of a belt; *last_ns*: its clock at the last sample."""
    samples = b"".join(int(value).to_bytes(_SAMPLE_BYTES, "little", signed=True) for value in microvolts)
    return _HEADER.pack(_ECG, last_ns, _FRAME) + samples


def decode_answer(packet: bytes) -> int:
    """The status of the command that was sent last, see `Status`.

    Raises:
        Garbled: it is no answer about an ECG.
    """
    if len(packet) < 4:
        raise Garbled("short")
    if packet[0] != _ANSWER or packet[1] not in (START[0], STOP[0]) or packet[2] != _ECG:
        raise Garbled("answer")
    return packet[3]


def accepted(packet: bytes) -> bool:
    """Whether the belt does what it was told, or did it already.

    Raises:
        Garbled: as `decode_answer`.
    """
    return decode_answer(packet) in (Status.SUCCESS, Status.ALREADY)


def encode_answer(command: int, status: Status) -> bytes:
    """What a belt indicates after *command*."""
    return bytes([_ANSWER, command, _ECG, status, 0])
