"""What travels on the data channel ``talk`` of each connection of the talk, end to end; never by the centre.

Reliable and ordered; JSON, at most 16 KiB a message. The end that offers makes the channel.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from schemas.base import Id, Message, Moment
from schemas.measurement import Ping, Pong
from schemas.signalling import Role
from schemas.trust import Key

Name = Annotated[str, StringConstraints(max_length=80)]


class Relation(StrEnum):
    """Who somebody is in this visit."""

    PATIENT = "patient"
    DOCTOR = "doctor"
    ASSISTANT = "assistant"
    RELATIVE = "relative"
    INTERPRETER = "interpreter"
    STAFF = "staff"
    OTHER = "other"


class Person(Message):
    """*name* may be empty for somebody who was introduced by word of mouth."""

    relation: Relation
    name: Name = ""


class People(Message):
    """Who is in the room of the end *of*: whole, a higher *seq* in place of a lower one.

    Each end tells it of itself. A doctor may note it of the patient's end, as it was said aloud; then *noted* is true,
    and that end shows it and takes it for its own.
    """

    type: Literal["people"] = "people"
    of: Id
    seq: Annotated[int, Field(ge=1)]
    people: Annotated[tuple[Person, ...], Field(max_length=12)]
    noted: bool = False


class Known(Message):
    """Here we know who is at *of*, as its *seq* says. *noted*: a doctor heard the other end say so, and noted it."""

    type: Literal["known"] = "known"
    of: Id
    seq: Annotated[int, Field(ge=1)]
    by: Id
    noted: bool = False


class Admitted(Message):
    """Doctor to all: this guest may be talked to; *on* false: not any more. *key* is the one its hello must have."""

    type: Literal["admitted"] = "admitted"
    peer_id: Id
    key: Key
    role: Role
    name: Name
    on: bool = True


class Sending(Message):
    """What this end sends. ``small`` is 640 × 360 at most."""

    type: Literal["sending"] = "sending"
    sound: bool
    picture: Literal["full", "small", "off"]


class Want(Message):
    """What this end wants to be sent, as its line or the people there wish. Sound always comes first."""

    type: Literal["want"] = "want"
    picture: Literal["full", "small", "off"]


class PauseTalk(Message):
    """Pictures and sound of all ends rest, or go on. Anybody may begin a pause, and anybody end it."""

    type: Literal["pause"] = "pause"
    on: bool


class SendOut(Message):
    """Doctor to room: the assistant is asked to leave the room, or may come back."""

    type: Literal["send-out"] = "send-out"
    on: bool


class CallForHelp(Message):
    """There is an emergency in the room, said by the doctor or there; *on* false: it is over."""

    type: Literal["emergency"] = "emergency"
    on: bool
    by: Literal["doctor", "room"]


class Instruction(Message):
    """One block of the library (`telemed.aftercare.model.LIBRARY`): *german* as the doctor saw it, shown where the
    reader's language has no words for *key*."""

    group: Literal["do", "measure", "go", "call", "alarm"]
    key: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}$")]
    german: Annotated[str, StringConstraints(max_length=300)]


class NextTime(Message):
    """When and where one meets again."""

    start: Moment
    place: Annotated[str, StringConstraints(max_length=200)]


class Instructions(Message):
    """A sheet for after the visit. *line*: the doctor's own words; *made*: when; *phone*: whom to call, or empty.

    The same is what the doctor's browser seals (``telemed/aftercare/static/js/seal.js``).
    """

    blocks: Annotated[tuple[Instruction, ...], Field(max_length=20)]
    line: Annotated[str, StringConstraints(max_length=600)] = ""
    next: NextTime | None = None
    doctor: Name
    made: Moment
    phone: Annotated[str, StringConstraints(max_length=40)] = ""


class TakeHome(Message):
    """Doctor to the patient's end: the sheet to take home, in place of an earlier one, to be shown and printed there.

    *link* opens it elsewhere for 14 days; behind the ``#`` is the key, which no server is ever sent.
    """

    type: Literal["take-home"] = "take-home"
    link: Annotated[
        str,
        StringConstraints(
            pattern=r"^https?://[^/\s?#]+/nachsorge/[A-Za-z0-9_-]{22}(\?sprache=[a-z-]{2,9})?#[A-Za-z0-9_-]{43}$",
            max_length=300,
        ),
    ]
    sheet: Instructions


class Bye(Message):
    """This end leaves, and will not come back by itself."""

    type: Literal["bye"] = "bye"


Talk = Annotated[
    People | Known | Admitted | Sending | Want | PauseTalk | SendOut | CallForHelp | TakeHome | Bye | Ping | Pong,
    Field(discriminator="type"),
]
talk: TypeAdapter[Talk] = TypeAdapter(Talk)
