"""Record Access Control Point (2A52), GATT Specification Supplement: asking a device for what it has stored.

A request is opcode, operator, operand; the records come as notifications of their own characteristic, then an answer is
indicated: a count (``05 00 <n u16>``) or how it ended (``06 00 <request's opcode> <outcome>``).
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from room_agent.devices.driver import Garbled
from room_agent.devices.packet import Packet

CONTROL_POINT = "00002a52-0000-1000-8000-00805f9b34fb"

_ALL, _AT_LEAST, _LAST, _NULL = 0x01, 0x03, 0x06, 0x00
_BY_SEQUENCE = 0x01
_COUNT_ANSWER, _ANSWER = 0x05, 0x06


class Opcode(IntEnum):
    REPORT = 0x01
    ABORT = 0x03
    COUNT = 0x04


class Outcome(IntEnum):
    """How a request ended. Everything from ``NOT_SUPPORTED`` on is a refusal."""

    DONE = 0x01
    NOT_SUPPORTED = 0x02
    INVALID_OPERATOR = 0x03
    OPERATOR_NOT_SUPPORTED = 0x04
    INVALID_OPERAND = 0x05
    NONE_FOUND = 0x06
    ABORT_FAILED = 0x07
    NOT_COMPLETED = 0x08
    OPERAND_NOT_SUPPORTED = 0x09


@dataclass(frozen=True)
class Request:
    """*since*: only records with this sequence number or a higher one. *last*: only the newest record."""

    opcode: Opcode
    since: int | None = None
    last: bool = False


@dataclass(frozen=True)
class Count:
    """So many records fit the request."""

    records: int


@dataclass(frozen=True)
class Ended:
    """The request with *opcode* is over."""

    opcode: Opcode
    outcome: Outcome


Answer = Count | Ended
E = TypeVar("E", bound=IntEnum)


def encode(request: Request) -> bytes:
    """What is written to the control point."""
    if request.opcode is Opcode.ABORT:
        return bytes([request.opcode, _NULL])
    if request.last:
        return bytes([request.opcode, _LAST])
    if request.since is None:
        return bytes([request.opcode, _ALL])
    return bytes([request.opcode, _AT_LEAST, _BY_SEQUENCE]) + request.since.to_bytes(2, "little")


def decode_request(packet: bytes) -> Request:
    """Read what was written to the control point.

    Raises:
        Garbled: not one of the requests that `encode` writes.
    """
    reader = Packet(packet)
    opcode, operator = _known(Opcode, reader.uint(1)), reader.uint(1)
    if opcode is Opcode.ABORT and operator == _NULL:
        request = Request(opcode)
    elif opcode is not Opcode.ABORT and operator in (_ALL, _LAST):
        request = Request(opcode, last=operator == _LAST)
    elif opcode is not Opcode.ABORT and operator == _AT_LEAST and reader.uint(1) == _BY_SEQUENCE:
        request = Request(opcode, since=reader.uint(2))
    else:
        raise Garbled("request")
    reader.end()
    return request


def encode_answer(answer: Answer) -> bytes:
    """What a device indicates."""
    if isinstance(answer, Count):
        return bytes([_COUNT_ANSWER, _NULL]) + answer.records.to_bytes(2, "little")
    return bytes([_ANSWER, _NULL, answer.opcode, answer.outcome])


def decode(packet: bytes) -> Answer:
    """Read what a device indicated.

    Raises:
        Garbled: the packet ends early, is too long, or is no answer.
    """
    reader = Packet(packet)
    opcode, operator = reader.uint(1), reader.uint(1)
    if opcode not in (_COUNT_ANSWER, _ANSWER) or operator != _NULL:
        raise Garbled("answer")
    answer: Answer
    if opcode == _COUNT_ANSWER:
        answer = Count(reader.uint(2))
    else:
        answer = Ended(_known(Opcode, reader.uint(1)), _known(Outcome, reader.uint(1)))
    reader.end()
    return answer


def _known(kind: type[E], value: int) -> E:
    try:
        return kind(value)
    except ValueError as error:
        raise Garbled("answer") from error
