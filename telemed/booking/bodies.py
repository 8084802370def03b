"""What the JSON API takes, as types: they are the OpenAPI document too."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
)

from telemed.booking import form, planner
from telemed.booking.planner import Offer, What, Wish
from telemed.directory.model import AssistantLevel, Setting
from telemed.kit.i18n import words
from telemed.people.model import Need, Person, Way
from telemed.web.faults import Fault, fault, faults_of
from telemed.web.refusals import Invalid

KEY_SHAPE = r"^[A-Za-z0-9_\-]{22,64}$"
LISTED = ("doctor", "room", "device", "setting")
"""Of these an address may name several."""
MANY = 20
"""So many doctors, rooms or kinds of device one wish may name."""
_KEY = re.compile(KEY_SHAPE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _written_out(given: Any) -> Any:
    """pydantic would take a number for seconds since 1970."""
    if not isinstance(given, str) or not _MOMENT.fullmatch(given):
        raise fault("refusal.field.moment")
    return given


def _of_our_time(moment: datetime) -> datetime:
    if moment.year not in form.YEARS:
        raise fault("refusal.field.moment")
    return moment.astimezone(UTC)


def _unguessable(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise fault("refusal.field.key")
    return key


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_of_our_time)]
"""RFC 3339 with its zone, of the years that there can be."""
RequestKey = Annotated[str, AfterValidator(_unguessable)]
"""Link and reference derive from it, so it must not be guessed."""
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9\-.]{1,64}$")]
"""A FHIR id."""
MaybeId = Annotated[str, Field(pattern=r"^[A-Za-z0-9\-.]{0,64}$")]
DeviceKind = Annotated[str, Field(pattern=r"^[a-z0-9\-]{1,64}$")]
Language = Annotated[str, Field(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3})?$", max_length=35)]
"""BCP 47, empty for any."""
Point = Annotated[str, Field(pattern=r"^-?[0-9]{1,2}(\.[0-9]{1,8})?,-?[0-9]{1,3}(\.[0-9]{1,8})?$")]
"""``latitude,longitude`` in degrees (WGS 84)."""


class Body(BaseModel):
    """Sent to us: what we do not know is refused, for it may be personal."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OfferView(Body):
    """One complete answer of the planner; what was offered is sent back as it came."""

    service: Id
    start: Moment
    end: Moment
    doctor: Id
    room: Id
    assistant: MaybeId = ""
    devices: Annotated[tuple[Id, ...], Field(max_length=MANY)] = ()
    interpreter: MaybeId = ""

    def to_offer(self) -> Offer:
        people = self.doctor, self.room, self.assistant, self.devices, self.interpreter
        return Offer(self.service, self.start, self.end, *people)


class WhatView(Body):
    """What is wished, whatever the time; empty fields ask for nothing."""

    service: Id
    doctor: Annotated[list[Id], Field(max_length=MANY)] = []
    room: Annotated[list[Id], Field(max_length=MANY)] = []
    device: Annotated[list[DeviceKind], Field(max_length=MANY)] = []
    level: AssistantLevel | None = None
    setting: Annotated[list[Setting], Field(max_length=3)] = []
    language: Language = ""
    wheelchair: bool = False
    companion: bool = False
    near: Point | None = None
    nearest: Annotated[int, Field(ge=1, le=100)] = 5

    def to_what(self) -> What:
        lists = tuple(self.doctor), tuple(self.room), tuple(self.device)
        point = tuple(map(float, self.near.split(","))) if self.near else None
        return What(
            self.service,
            *lists,
            level=self.level,
            settings=tuple(self.setting),
            language=self.language,
            wheelchair=self.wheelchair,
            companion=self.companion,
            near=(point[0], point[1]) if point else None,
            nearest=self.nearest,
        )


class Asked(WhatView):
    """A search. *earliest* and *latest*: within the next eight weeks, which is what they are if left out.

    *align*: starts on the wall at multiples of so many minutes. *spread*: no two on the same half of a day.
    """

    earliest: Moment | None = None
    latest: Moment | None = None
    align: Annotated[int, Field(ge=5, le=60, multiple_of=5)] = 10
    spread: bool = False
    limit: Annotated[int, Field(ge=1, le=100)] = 20

    @classmethod
    def read(cls, query: bytes) -> "Asked":
        """From an address; of a field that holds one value the last counts.

        Raises:
            Invalid: it names what is wrong, and never repeats it.
        """
        given: dict[str, Any] = {}
        for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
            if name in LISTED:
                given.setdefault(name, []).append(value)
            else:
                given[name] = value
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            places = ({**one, "loc": ("query", *one["loc"])} for one in error.errors(include_url=False))
            raise Invalid(faults_of(places)) from None

    def to_wish(self, now: datetime) -> Wish:
        latest = min(self.latest or now + planner.HORIZON, now + planner.HORIZON)
        return Wish(self.to_what(), max(self.earliest or now, now), latest, self.align, self.spread)


class WaitedFor(WhatView):
    """What is waited for, and between which moments."""

    wheelchair: StrictBool = False
    companion: StrictBool = False
    earliest: Moment
    latest: Moment

    def to_wish(self) -> Wish:
        return Wish(self.to_what(), self.earliest, self.latest)


class PersonView(Body):
    """A resident. *contact*: number or address for *way*; for paper it is left out."""

    name: Annotated[str, Field(min_length=2, max_length=form.LONGEST)]
    birth_year: StrictInt
    way: Way
    contact: Annotated[str, Field(max_length=form.LONGEST)] = ""
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", max_length=35)] = "de"
    needs: Annotated[tuple[Need, ...], Field(max_length=len(Need))] = ()

    def to_person(self, *, this_year: int) -> Person:
        """Held to the same as what is typed into the page.

        Raises:
            Invalid: it names what is wrong, and never repeats it.
        """
        contact = "" if self.way is Way.PAPER else self.contact.strip()
        given = form.Answers(
            name=self.name.strip(), birth_year=str(self.birth_year), way=self.way, phone=contact, email=contact
        )
        faults = form.contact_faults(given, this_year=this_year)
        if faults:
            shown = {"phone": "contact", "email": "contact"}
            raise Invalid(
                tuple(Fault(f"body.person.{shown.get(name, name)}", words().text(key)) for name, key in faults.items())
            )
        needs = tuple(dict.fromkeys(self.needs))
        spoken = "" if self.language.partition("-")[0] == form.SPOKEN else self.language
        return Person(given.name, self.birth_year, self.way, contact, self.language, needs, spoken)


def lacking(path: str) -> Fault:
    """A field that is missing."""
    return Fault(path, words().text("refusal.field.missing"))


class HoldBody(Body):
    offer: OfferView


class MoveBody(Body):
    """To where. Who comes stays the same, so it is not asked again."""

    offer: OfferView


class BookBody(Body):
    """*quiet*: not on the board, fetched quietly."""

    offer: OfferView
    person: PersonView
    quiet: StrictBool = False


class WaitBody(Body):
    """*person* is not needed, and not read, with the link of an appointment that an earlier one would replace."""

    wish: WaitedFor
    person: PersonView | None = None
