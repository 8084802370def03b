"""What travels on the encrypted data channels between the room agent and the doctor's page; never by the centre.

Channels, each reliable and ordered: ``ctl`` (JSON, both ways), ``vitals`` (JSON, agent to doctor),
``wave`` (binary, agent to doctor, see `WAVE_HEADER`), ``bulk`` (binary, agent to doctor, see `BULK_HEADER`).
"""

import struct
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from schemas import exact
from schemas.base import Id, Message, Moment


class MeasurementKind(StrEnum):
    BLOOD_PRESSURE = "blood-pressure"
    OXIMETER = "oximeter"
    THERMOMETER = "thermometer"
    WEIGHT = "weight"
    GLUCOSE = "glucose"
    HEART_RATE = "heart-rate"
    ECG = "ecg"


class MeasurementState(StrEnum):
    """``failed`` carries a *reason*: ``no-value``, ``garbled``, ``absent``, ``stored``, ``timeout``, ``stopped``,
    ``declined`` (by the patient), ``not-introduced``, ``paused``.

    ``waiting`` may carry ``asleep``: the device sleeps between measurements and must be switched on first.
    """

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
    """Doctor to room: put this camera on the exam video track of *slot*; an empty name shows none. No renegotiation."""

    type: Literal["select-camera"] = "select-camera"
    camera: str
    slot: Annotated[int, Field(ge=0, le=1)] = 0


class LockCamera(Message):
    """Doctor to room: keep exposure, white balance and focus as they are now (for skin), or let them go again."""

    type: Literal["lock-camera"] = "lock-camera"
    camera: str
    on: bool


class Listen(Message):
    """Doctor to room: stethoscope on or off."""

    type: Literal["listen"] = "listen"
    on: bool


class Confirm(Message):
    """Doctor to room, after asking aloud: this value is of the person in this visit, or it is not."""

    type: Literal["confirm"] = "confirm"
    vital_id: Id
    belongs: bool


class Resend(Message):
    """Doctor to room: these values did not come; the answer is each `Vital` again, under the same id."""

    type: Literal["resend"] = "resend"
    vital_ids: tuple[Id, ...]


class StillPart(StrEnum):
    """The preview (JPEG, at most 640 wide) travels first."""

    PREVIEW = "preview"
    FULL = "full"


class TakeStill(Message):
    """Doctor to room: one picture in the camera's full resolution. *still_id* is made by the doctor's page."""

    type: Literal["take-still"] = "take-still"
    still_id: Id
    camera: str


class StillAck(Message):
    """Doctor to room: all bytes below *offset* are here; at *offset* = size the hash was right."""

    type: Literal["still-ack"] = "still-ack"
    still_id: Id
    part: StillPart
    offset: Annotated[int, Field(ge=0)]


class StillResume(Message):
    """Doctor to room, on a new connection: go on from *offset*."""

    type: Literal["still-resume"] = "still-resume"
    still_id: Id
    part: StillPart
    offset: Annotated[int, Field(ge=0)]


class Ping(Message):
    type: Literal["ping"] = "ping"
    seq: int


class Pong(Message):
    type: Literal["pong"] = "pong"
    seq: int


class Introduced(Message):
    """Doctor to room: here everybody is named, and who is in the room is known to us; false: not any more."""

    type: Literal["introduced"] = "introduced"
    on: bool


class Allow(Message):
    """Doctor to room: the patient said yes or no to *stream*, aloud, and it is noted so."""

    type: Literal["allow"] = "allow"
    stream: str
    yes: bool


class PauseDevices(Message):
    """Doctor to room: no picture, sound or curve of a device, or again."""

    type: Literal["pause"] = "pause"
    on: bool


class Alarm(Message):
    """Doctor to room: an emergency, or that it is over. The room calls its assistant, with or without the centre."""

    type: Literal["emergency"] = "emergency"
    on: bool


class Share(Message):
    """Doctor to room: the colleague with this key may see the devices as well, or not any more."""

    type: Literal["share"] = "share"
    peer_id: Id
    key: str
    on: bool


class Leave(Message):
    """Doctor to room: I go, and do not come back by myself."""

    type: Literal["leave"] = "leave"


class Place(Message):
    """Room to doctor, on opening: where help must go to, and who can be called there."""

    type: Literal["place"] = "place"
    room_name: str
    address: str
    floor: str
    phone: str


class GateIs(Message):
    """Room to doctor, on opening and whenever it changes: may devices be used now?

    *introduced*: both sides have said who is there. *paused*: by whom, empty when it goes on. *emergency*: who
    called, empty when there is none; *helped*: an assistant has said that he comes.
    """

    type: Literal["gate"] = "gate"
    introduced: bool
    paused: Literal["", "doctor", "room"] = ""
    emergency: Literal["", "doctor", "room"] = ""
    helped: bool = False


class Allowed(Message):
    """Room to doctor, on opening and whenever it changes: what the patient says to a stream.

    *stream*: a camera's name, or ``stethoscope``. ``asked``: nobody has answered yet; nothing is sent until ``yes``.
    """

    type: Literal["allowed"] = "allowed"
    stream: str
    state: Literal["asked", "yes", "no"]
    by: Literal["", "patient", "assistant", "doctor"] = ""


class Camera(Message):
    camera: str
    name_key: str
    simulated: bool


class Sources(Message):
    """Room to doctor, on opening: what there is to look at and to ask for.

    *tracks*: what each m-line carries, by its mid: ``exam-0``, ``exam-1``, ``stethoscope``.
    """

    type: Literal["sources"] = "sources"
    cameras: tuple[Camera, ...]
    kinds: tuple[MeasurementKind, ...]
    simulated: bool
    tracks: dict[str, str] = Field(default_factory=dict)


class Progress(Message):
    """Room to doctor: how a measurement stands. *cuff_mmhg*: the pressure in a cuff that is inflating; no result."""

    type: Literal["progress"] = "progress"
    kind: MeasurementKind
    state: MeasurementState
    reason: str = ""
    cuff_mmhg: int | None = None


class DeviceIs(Message):
    """Room to doctor, on opening and whenever it changes: whether a device is there.

    *state*: ``absent``, ``connecting``, ``ready``, ``measuring``, ``error``; *reason*: a word, empty when all is well.
    """

    type: Literal["device"] = "device"
    kind: MeasurementKind
    device_id: Id
    name: str
    state: Literal["absent", "connecting", "ready", "measuring", "error"]
    reason: str = ""


class ConfirmedBy(StrEnum):
    """Who said whose value it is."""

    NOBODY = ""
    PATIENT = "patient"
    ASSISTANT = "assistant"
    DOCTOR = "doctor"


class Confirmed(Message):
    """Room to all its doctors: somebody said that a value belongs to this visit, or that it does not."""

    type: Literal["confirmed"] = "confirmed"
    vital_id: Id
    belongs: bool
    by: ConfirmedBy
    at: Moment


class Closing(Message):
    """Room to doctor at the farewell: these values were sent; what is missing can be asked for until the end."""

    type: Literal["closing"] = "closing"
    vital_ids: tuple[Id, ...]


class StillOffered(Message):
    """Room to doctor: the bytes of this part follow on ``bulk`` under *number*.

    *sha256* is hex over the whole part. *settings*: exposure, white balance and focus, as words.
    """

    type: Literal["still-offered"] = "still-offered"
    still_id: Id
    part: StillPart
    number: Annotated[int, Field(ge=0, lt=2**32)]
    camera: str
    simulated: bool
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(gt=0)]
    mime: Literal["image/jpeg", "image/png"]
    width: int
    height: int
    taken_at: Moment
    settings: dict[str, str] = Field(default_factory=dict)


class StillFailed(Message):
    """Room to doctor: there is no picture.

    *reason*: ``gone``, ``unknown-camera``, ``unknown-still``, ``busy``, ``not-allowed`` (the patient is asked now).
    """

    type: Literal["still-failed"] = "still-failed"
    still_id: Id
    reason: str


class Vital(Message):
    """Room to doctor on ``vitals``: one FHIR R4 Observation. *live* is false for what was stored in the device.

    *sent_at* is real time (never the exercise clock): when the indication left the device, for the figures.
    *device_name*: as the resident knows it. *confirmed_by*: empty until somebody has said whose value it is.
    """

    type: Literal["vital"] = "vital"
    vital_id: Id
    visit_id: Id
    kind: MeasurementKind
    live: bool
    simulated: bool
    sent_at: Moment
    observation: dict[str, Any]
    device_name: str = ""
    confirmed_by: ConfirmedBy = ConfirmedBy.NOBODY

    def to_wire(self) -> str:
        """With each number's digits as the device sent them."""
        envelope = self.model_dump(mode="json", exclude={"observation"})
        return exact.dumps(envelope | {"observation": self.observation})


CtlFromDoctor = Annotated[
    Ask
    | StopAsking
    | SelectCamera
    | LockCamera
    | Listen
    | Confirm
    | Resend
    | TakeStill
    | StillAck
    | StillResume
    | Introduced
    | Allow
    | PauseDevices
    | Alarm
    | Share
    | Leave
    | Ping,
    Field(discriminator="type"),
]
CtlFromRoom = Annotated[
    Sources | Place | GateIs | Allowed | Progress | DeviceIs | Confirmed | Closing | StillOffered | StillFailed | Pong,
    Field(discriminator="type"),
]
ctl_from_doctor: TypeAdapter[CtlFromDoctor] = TypeAdapter(CtlFromDoctor)
ctl_from_room: TypeAdapter[CtlFromRoom] = TypeAdapter(CtlFromRoom)


class WaveKind(IntEnum):
    """``SOUND`` is the stethoscope: 4,000 Hz, one lead without a code, every sample as it was recorded."""

    PLETH = 1
    ECG = 2
    SOUND = 3


WAVE_VERSION = 2
WAVE_HEADER = struct.Struct("<BBHIQHfI")
"""version u8 = 2, kind u8, leads u16, seq u32, t_us u64 (real time), rate_hz u16, scale f32, gap u32.

*gap*: samples per lead that were lost just before this message. Then *leads* codes u16 (the low half of the lead's
32-bit code of ISO/IEEE 11073-10101, partition 2; 0 where there is none), then the samples, i16, leads interleaved.
Of an ECG a sample of -32768 is no voltage: the electrode of this lead is off."""

BULK_HEADER = struct.Struct("<IQ")
"""number u32 (`StillOffered.number`), offset u64; then at most 60 KiB of the part, from *offset* on."""
BULK_PIECE_BYTES = 60 * 1024
