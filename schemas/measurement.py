"""What travels on the encrypted data channels between the room agent and the doctor's page; never by the centre.

Channels, each reliable and ordered: ``ctl`` (JSON, both ways), ``vitals`` (JSON, agent to doctor),
``wave`` (binary, agent to doctor, see `WAVE_HEADER`).
"""

import struct
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from schemas.base import Id, Message, Moment


class MeasurementKind(StrEnum):
    BLOOD_PRESSURE = "blood-pressure"
    OXIMETER = "oximeter"


class MeasurementState(StrEnum):
    """``failed`` carries a *reason*: ``no-value``, ``garbled``, ``absent``, ``stored``, ``timeout``, ``stopped``."""

    WAITING = "waiting"
    MEASURING = "measuring"
    DONE = "done"
    FAILED = "failed"


class Ask(Message):
    """Doctor to room: arm *kind* for this visit and start."""

    type: Literal["ask"] = "ask"
    kind: MeasurementKind


class StopAsking(Message):
    type: Literal["stop"] = "stop"
    kind: MeasurementKind


class SelectCamera(Message):
    """Doctor to room: put this camera on the exam video track. No renegotiation."""

    type: Literal["select-camera"] = "select-camera"
    camera: str


class Listen(Message):
    """Doctor to room: stethoscope on or off."""

    type: Literal["listen"] = "listen"
    on: bool


class Ping(Message):
    type: Literal["ping"] = "ping"
    seq: int


class Pong(Message):
    type: Literal["pong"] = "pong"
    seq: int


class Camera(Message):
    camera: str
    name_key: str
    simulated: bool


class Sources(Message):
    """Room to doctor, on opening: what there is to look at and to ask for."""

    type: Literal["sources"] = "sources"
    cameras: tuple[Camera, ...]
    kinds: tuple[MeasurementKind, ...]
    simulated: bool


class Progress(Message):
    """Room to doctor: how a measurement stands."""

    type: Literal["progress"] = "progress"
    kind: MeasurementKind
    state: MeasurementState
    reason: str = ""


class Vital(Message):
    """Room to doctor on ``vitals``: one FHIR R4 Observation. *live* is false for what was stored in the device.

    *sent_at* is real time (never the exercise clock): when the indication left the device, for the figures.
    """

    type: Literal["vital"] = "vital"
    vital_id: Id
    visit_id: Id
    kind: MeasurementKind
    live: bool
    simulated: bool
    sent_at: Moment
    observation: dict[str, Any]


CtlFromDoctor = Annotated[Ask | StopAsking | SelectCamera | Listen | Ping, Field(discriminator="type")]
CtlFromRoom = Annotated[Sources | Progress | Pong, Field(discriminator="type")]
ctl_from_doctor: TypeAdapter[CtlFromDoctor] = TypeAdapter(CtlFromDoctor)
ctl_from_room: TypeAdapter[CtlFromRoom] = TypeAdapter(CtlFromRoom)

WAVE_HEADER = struct.Struct("<BBHIQHf")
"""version u8 = 1, kind u8 (1 = pleth), leads u16, seq u32, t_us u64 (real time), rate_hz u16, scale f32.

Then the samples, i16, leads interleaved."""

WAVE_PLETH = 1
