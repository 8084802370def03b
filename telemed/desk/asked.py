"""What staff ask for on a planning page, as filled in and carried on; and the frame that these pages share."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import urlencode

from babel import Locale
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from starlette.datastructures import FormData, QueryParams

from telemed.booking import form, planner, steps
from telemed.booking.form import Answers
from telemed.booking.model import Booked, Booking
from telemed.booking.planner import Offer, What, Wish
from telemed.booking.several import LONGEST_SERIES
from telemed.directory.model import Directory
from telemed.identity.model import Actor, Right, Role
from telemed.identity.rights import Needs
from telemed.kit.i18n import link_in, words
from telemed.kit.refusal import Refusal
from telemed.people.model import Need
from telemed.web.centre import Centre
from telemed.web.pages import Pages

Planner = Annotated[Actor, Depends(Needs(Right.PLAN))]
Assistant = Annotated[Actor, Depends(Needs(Right.ROOM_DAY))]

LOOKS_AHEAD = timedelta(days=28)
"""So far a search looks if nobody says otherwise."""
ASKED_FIRST = (Need.WHEELCHAIR, Need.COMPANION)
"""Needs that decide where somebody can come to; the others are asked with the name."""
MORE_NEEDS = [(need, symbol) for need, symbol in steps.NEED_ICONS.items() if need not in ASKED_FIRST]
STAYS = ("service", "doctor", "place", "first", "time", "last", "spread", "ordered_by")
ALWAYS_THERE = "room-camera"
"""Stands in each room, so nobody asks for it."""
MOST_WEEKS = 8
_OWN = ("first", "time", "last", "spread", "ordered_by", "weeks", "count")


@dataclass(frozen=True)
class Asked:
    """What is wanted, as typed. *given*: what residents fill in too, the person among it.

    *devices*: kinds beyond those of the service. *first* and *last*: days; *time*: from when on the first day.
    *ordered_by*: the doctor who ordered it. *weeks* and *count*: a series, every so many weeks, so many times.
    """

    given: Answers
    devices: tuple[str, ...] = ()
    first: str = ""
    time: str = ""
    last: str = ""
    spread: str = ""
    ordered_by: str = ""
    weeks: str = ""
    count: str = ""

    @classmethod
    def of(cls, sent: FormData | QueryParams) -> "Asked":
        """Read a form; what is not text is left out."""
        fields = {name: str(value).strip() for name, value in sent.multi_items() if isinstance(value, str)}
        devices = tuple(dict.fromkeys(str(kind) for kind in sent.getlist("devices")))
        return cls(Answers.of(sent), devices, **{name: fields.get(name, "") for name in _OWN})

    def by(self, actor: Actor, known: Directory) -> "Asked":
        """The same, ordered by whoever may: a doctor who says nothing orders it herself."""
        own = actor.subject if actor.role is Role.DOCTOR else ""
        return replace(self, ordered_by=self.ordered_by if self.ordered_by in known.doctors else own)

    def what(self) -> What:
        """Whatever the time."""
        return replace(self.given.what, devices=self.devices, ordered=bool(self.ordered_by))

    def lacks_order(self, known: Directory) -> bool:
        """Whether a doctor must first have ordered this."""
        service = known.services.get(self.given.service)
        return service is not None and service.needs_order and not self.ordered_by

    def window(self, known: Directory, *, now: datetime) -> tuple[date, date]:
        """The first and the last day, as far as they make sense."""
        today = now.astimezone(known.zone).date()
        first = max(form.day_of(self.first) or today, today)
        return first, max(form.day_of(self.last) or first + LOOKS_AHEAD, first)

    def wish(self, known: Directory, *, now: datetime) -> Wish:
        """From the first day (and its time) to the end of the last one."""
        first, last = self.window(known, now=now)
        begins = datetime.combine(first, time_of(self.time) or time(0), tzinfo=known.zone)
        _, ends = planner.day_window(last, known)
        return Wish(self.what(), max(begins, now), min(ends, now + planner.HORIZON), spread=bool(self.spread))

    @property
    def times(self) -> int:
        """How often; a series from two on."""
        return _number(self.count, LONGEST_SERIES)

    @property
    def every_weeks(self) -> int:
        return _number(self.weeks, MOST_WEEKS)

    def fields(self, *asked: str) -> Iterator[tuple[str, str]]:
        """The fields to carry on, without those that the page itself asks."""
        yield from self.given.hidden(*asked)
        for name in _OWN:
            value = getattr(self, name)
            if value and name not in asked:
                yield name, value
        if "devices" not in asked:
            yield from (("devices", kind) for kind in self.devices)

    def again(self) -> str:
        """What stays for the next person, as a query: what for, with whom, where and when, and nothing of this one."""
        return urlencode([(name, value) for name, value in self.fields() if name in STAYS])


async def asked_of(request: Request) -> Asked:
    """What a page was sent, by its address or its form."""
    return Asked.of(await request.form() if request.method == "POST" else request.query_params)


Sent = Annotated[Asked, Depends(asked_of)]


def _number(text: str, most: int) -> int:
    return min(max(int(text), 1), most) if text.isascii() and text.isdecimal() else 1


def time_of(text: str) -> time | None:
    """The wall time of a field."""
    try:
        return time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        return None


@dataclass(frozen=True)
class Options:
    """What the fields offer: (value, name) in the order of names."""

    services: list[tuple[str, str]]
    doctors: list[tuple[str, str]]
    rooms: list[tuple[str, str]]
    devices: list[tuple[str, str]]
    languages: list[tuple[str, str]]
    counts: list[tuple[str, str]]
    weeks: list[tuple[str, str]]

    @classmethod
    def of(cls, known: Directory) -> "Options":
        kinds = {device.kind for device in known.devices.values()} - {ALWAYS_THERE}
        named = [(kind, words().text(f"planning.device.{kind}")) for kind in kinds]
        offered = [one for one in known.services.values() if set(one.room_ids) & set(known.rooms)]
        return cls(
            _by_name((one.id, one.name) for one in offered),
            _by_name((one.id, one.name) for one in known.doctors.values()),
            _by_name((one.id, one.name) for one in known.rooms.values()),
            _by_name(named),
            _by_name(_languages(known)),
            [("1", words().text("planning.series.once")), *_numbers("planning.series.times", LONGEST_SERIES)],
            [("1", words().text("planning.series.weekly")), *_numbers("planning.series.every", MOST_WEEKS)],
        )


def _numbers(key: str, most: int) -> list[tuple[str, str]]:
    return [(str(n), words().text(key, n=n)) for n in range(2, most + 1)]


def _by_name(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(pairs, key=lambda pair: (pair[1], pair[0]))


def _languages(known: Directory) -> list[tuple[str, str]]:
    """Spoken by a doctor or an interpreter, without the one that is spoken anyway."""
    spoken = {code for one in known.doctors.values() for code in one.languages}
    spoken |= {code for one in known.interpreters.values() for code in one.languages}
    ours = Locale.parse(words().language)
    return [(code, ours.languages.get(code, code)) for code in spoken - {form.SPOKEN}]


@dataclass(frozen=True)
class Line:
    """One offer as staff read it out: what its button sends, when and where, and with whom."""

    code: str
    start: datetime
    doctor: str
    room: str
    interpreter: str

    @classmethod
    def of(cls, offer: Offer, known: Directory) -> "Line":
        interpreter = known.name_of(offer.interpreter_id) if offer.interpreter_id else ""
        return cls(
            form.encode(offer), offer.start, known.name_of(offer.doctor_id), known.name_of(offer.room_id), interpreter
        )


def by_day(offers: Iterable[Offer], known: Directory) -> list[tuple[datetime, list[Line]]]:
    """Offers by civil day, in order."""
    days = groupby(offers, key=lambda offer: offer.start.astimezone(known.zone).date())
    found = [[Line.of(offer, known) for offer in group] for _, group in days]
    return [(lines[0].start, lines) for lines in found]


@dataclass(frozen=True)
class Said:
    """What is wrong with what was sent: fields with their catalogue keys, or a refusal."""

    faults: Mapping[str, str] = field(default_factory=dict)
    refusal: Refusal | None = None

    @property
    def status(self) -> int:
        if self.refusal is not None:
            return self.refusal.sense.value
        return 422 if self.faults else 200


NOTHING_WRONG = Said()
HOMES = {Role.DOCTOR: "/arzt", Role.ASSISTANT: "/assistenz"}


def page(
    request: Request, centre: Centre, actor: Actor, template: str, said: Said = NOTHING_WRONG, **shown: Any
) -> HTMLResponse:
    """One page of the planning desk; *actor* decides where home is and which ways there are."""
    shown |= {"home": HOMES[actor.role], "is_assistant": actor.role is Role.ASSISTANT, "now": centre.clock.now()}
    shown |= {"faults": said.faults, "refusal": steps.said(said.refusal, words()) if said.refusal else None}
    shown |= {"ways": steps.WAY_ICONS.items(), "more_needs": MORE_NEEDS}
    return centre.the(Pages).render(request, f"desk/planning/{template}", status=said.status, **shown)


def slip(centre: Centre, made: Booked, taken: Booking, known: Directory) -> dict[str, Any]:
    """What somebody takes along, as the residents' pages show it."""
    link = link_in(f"{centre.public_url}/t/{made.link_token}", taken.extras.language)
    return {**steps.visit(taken, known), "booked": made, "link": link, "qr": steps.qr(link)}
