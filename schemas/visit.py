"""What the room agent and the kiosk page tell each other, on the room's own machine."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from schemas.base import Base64, Id, Message, Moment
from schemas.checks import CheckResult
from schemas.day import Ticket
from schemas.measurement import MeasurementKind
from schemas.trust import Key, SignedRoster


class KioskScreen(StrEnum):
    """What the kiosk shows. ``pairing`` until its key is known; ``call`` only between called and ended."""

    PAIRING = "pairing"
    WELCOME = "welcome"
    CALL = "call"
    FAREWELL = "farewell"
    CLEANING = "cleaning"


class Line(Message):
    """One measured quantity in words: *label_key* is a catalogue key, *value* as people write it ("36,6")."""

    label_key: str
    value: str
    unit: str


class ToConfirm(Message):
    """A value that somebody in the room is asked about: is it of who sits here?"""

    vital_id: Id
    kind: MeasurementKind
    device_name: str
    lines: tuple[Line, ...]


class ToAllow(Message):
    """The doctor asks to see or hear through a device; *name*: the device as the resident knows it."""

    stream: str
    name: str


class Show(Message):
    """Agent to kiosk: the whole state; nothing personal is in it but during ``call`` the doctor's name.

    *measuring*: the step the resident sees ("Bitte Blutdruck messen"); *visit_id* only during ``call``.
    *take*: which device that is, as a sentence; *asleep*: it must be switched on first.
    *inflating*: the cuff pumps already; how far is not for the resident.
    *called*: the ticket that is called now. *line_ok*: whether the centre is heard. *to_confirm*: only during ``call``.
    *tone_test*: the kiosk is to play its test tone and to report whether its microphone heard it.
    *sheet_offered*: the values of the visit can still be had on paper. *checks*: what is not well in the room, for the
    assistant who stands before the screen. *auscultation*: a doctor listens to the stethoscope; the kiosk's loudspeaker
    and microphone are mute until that is over. *to_allow*: only during ``call``; nothing is sent before the yes.
    *allowed*: what was said yes to, and can be taken back. *introduced*: both sides have said who is there. *paused*,
    *emergency*: as in `measurement.GateIs`; *address*, *floor*: where the room is, for whoever calls 112 from it.
    *sending*: the devices of the room that send to a doctor now, as the resident knows them. *language*: that of the
    visit that is on, empty for the one chosen on the screen. *help*: how the call for help stands; *help_what* as in
    `KioskHelp`. *distrust*: who claims to be the doctor has no valid signature; nothing of this visit's devices goes
    there.
    """

    type: Literal["show"] = "show"
    screen: KioskScreen
    room_name: str
    visit_id: Id | None = None
    doctor_name: str = ""
    called: Ticket | None = None
    measuring: MeasurementKind | None = None
    take: str = ""
    asleep: bool = False
    inflating: bool = False
    line_ok: bool = True
    simulated: bool = False
    exercise: bool = False
    clock_offset_s: float = 0.0
    help_phone: str = ""
    to_confirm: ToConfirm | None = None
    tone_test: bool = False
    sheet_offered: bool = False
    checks: tuple[CheckResult, ...] = ()
    auscultation: bool = False
    to_allow: ToAllow | None = None
    allowed: tuple[ToAllow, ...] = ()
    introduced: bool = False
    paused: Literal["", "doctor", "room"] = ""
    emergency: Literal["", "doctor", "room"] = ""
    helped: bool = False
    address: str = ""
    floor: str = ""
    distrust: bool = False
    sending: tuple[ToAllow, ...] = ()
    language: str = ""
    help: Literal["", "asked", "others", "all", "coming"] = ""
    help_what: Literal["", "help", "new-appointment", "telephone"] = ""


class KioskConfirm(Message):
    """Kiosk to agent: whose value it is, said by the patient or by the assistant at the screen."""

    type: Literal["confirm"] = "confirm"
    vital_id: Id
    belongs: bool
    by: Literal["patient", "assistant"]


class KioskAllow(Message):
    """Kiosk to agent: the answer to `ToAllow`; also later, to take a yes back."""

    type: Literal["allow"] = "allow"
    stream: str
    yes: bool
    by: Literal["patient", "assistant"]


class KioskDecline(Message):
    """Kiosk to agent: this is not to be measured."""

    type: Literal["decline"] = "decline"
    kind: MeasurementKind


class KioskIntroduced(Message):
    """Kiosk to agent: here everybody is named, and who is at the doctor's end is known; false: not any more."""

    type: Literal["introduced"] = "introduced"
    on: bool


class KioskPause(Message):
    """Kiosk to agent: the pause was begun or ended in the room."""

    type: Literal["pause"] = "pause"
    on: bool


class KioskEmergency(Message):
    """Kiosk to agent: somebody in the room has called for help, or says that it is over."""

    type: Literal["emergency"] = "emergency"
    on: bool


class KioskHelp(Message):
    """Kiosk to agent: somebody wants a hand, by the button on the *screen* or by a *key* beside it; or no more."""

    type: Literal["help"] = "help"
    on: bool
    what: Literal["help", "new-appointment", "telephone"] = "help"
    through: Literal["screen", "key"] = "screen"


class KioskPractised(Message):
    """Kiosk to agent: somebody has tried the room in a practice. It is counted."""

    type: Literal["practised"] = "practised"


class KioskRefused(Message):
    """Kiosk to agent, for the audit: somebody in the talk was refused. *reason* as in `schemas.trust.RefusedWhy`."""

    type: Literal["refused"] = "refused"
    role: str
    reason: str


class KioskRoster(Message):
    """Agent to kiosk, after its proof and whenever there is a newer one."""

    type: Literal["roster"] = "roster"
    signed: SignedRoster
    operator_keys: tuple[Key, ...]


class WantSheet(Message):
    """Kiosk to agent: the patient wants the values of this visit on paper."""

    type: Literal["want-sheet"] = "want-sheet"


class SheetLine(Line):
    """*at*: when it was measured. *confirmed*: somebody said that it is of this person."""

    at: Moment
    device_name: str
    confirmed: bool


class Sheet(Message):
    """Agent to kiosk, as the answer: what to print, once. Empty when there is nothing, or nothing any more."""

    type: Literal["sheet"] = "sheet"
    lines: tuple[SheetLine, ...]
    simulated: bool = False


class CheckIn(Message):
    """Kiosk to agent: the code on the ticket. The answer is the same for a wrong one and an unknown one."""

    type: Literal["check-in"] = "check-in"
    ticket: Ticket


class CheckInByCode(Message):
    """Kiosk to agent: what the slip's QR code says, or its six digits. The centre knows whose it is; answered alike."""

    type: Literal["check-in-code"] = "check-in-code"
    code: str = Field(min_length=6, max_length=200)


class CheckedIn(Message):
    type: Literal["checked-in"] = "checked-in"
    known: bool


class KioskReport(Message):
    """Kiosk to agent, every 5 s: what its own camera and microphone do. *tone*: the latest test tone."""

    type: Literal["report"] = "report"
    camera: Literal["ok", "none", "black", "frozen", "blurred"]
    microphone: Literal["ok", "none", "silent"]
    tone: Literal["not-tried", "heard", "not-heard"] = "not-tried"


class Challenge(Message):
    """First message on every machine's connection; *server* is the name the key was paired with."""

    type: Literal["challenge"] = "challenge"
    server: str
    nonce: Base64


class Proof(Message):
    """Ed25519 over ``telemed-machine-v1 LF server LF nonce LF machine_id`` (ASCII, nonce as sent)."""

    type: Literal["proof"] = "proof"
    machine_id: Id
    signature: Base64


class PairRequest(Message):
    """POST /pair at the centre (agent) or at the agent (kiosk, monitor): the code typed in and an own public key."""

    code: Annotated[str, Field(min_length=8, max_length=9)]
    kind: Literal["agent", "kiosk", "monitor"]
    public_key: Base64


class Paired(Message):
    """*room_id*: where it belongs. *server*: the name to expect in every later `Challenge`."""

    machine_id: Id
    room_id: Id
    server: str


FromKiosk = Annotated[
    CheckIn
    | CheckInByCode
    | KioskReport
    | KioskConfirm
    | KioskAllow
    | KioskDecline
    | KioskIntroduced
    | KioskPause
    | KioskEmergency
    | KioskHelp
    | KioskPractised
    | KioskRefused
    | WantSheet,
    Field(discriminator="type"),
]
from_kiosk: TypeAdapter[FromKiosk] = TypeAdapter(FromKiosk)
