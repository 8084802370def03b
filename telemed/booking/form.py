"""What the steps of the booking page have collected: read from a request, checked, carried on in hidden fields.

Nothing of it is kept between two requests, so no cookie is needed before the link.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request

from schemas.day import LANGUAGES
from telemed.booking.planner import Offer, What
from telemed.directory.model import Directory, Doctor, Interpreter
from telemed.kit.digits import western
from telemed.people.model import Need, Person, Way

LONGEST = 100
OLDEST = 120
"""Years; nobody is older."""

SPOKEN = "de"
"""The language of who wished for no other."""
QUIET = "quiet"
"""Stands among the needs on the page; it is the booking's, not the person's."""

YEARS = range(2000, 3000)
"""Which years an offer may name; others are no dates of ours."""

_MOMENT = "%Y%m%dT%H%MZ"
_PHONE = re.compile(r"[+0-9 ()/.\-]{5,40}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_\-]{43}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_CARRIED = (
    *("service", "offer", "doctor", "place", "language"),
    *("name", "birth_year", "way", "phone", "email", "request_id"),
)
_ONCE = ("day", "later", "at")


def day_of(text: str) -> date | None:
    """The day of a field or a button, as far as there can be one."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


class Step(IntEnum):
    """The five pages, in order."""

    WHAT = 1
    WHEN = 2
    NEEDS = 3
    CONTACT = 4
    CHECK = 5


@dataclass(frozen=True)
class Answers:
    """What was answered so far, as typed.

    *offer* comes from `encode`; *request_id* is made when a time is chosen, or else on the last page. *doctor*, *place*
    and *language* are wishes of step 2; that of somebody who comes along or without steps stands among the *needs*.
    *day* and *later* only leaf through the days of step 2, and *at* says on which step more time is asked for; they are
    not carried on.
    """

    service: str = ""
    offer: str = ""
    doctor: str = ""
    place: str = ""
    language: str = ""
    needs: tuple[str, ...] = ()
    name: str = ""
    birth_year: str = ""
    way: str = ""
    phone: str = ""
    email: str = ""
    request_id: str = ""
    day: str = ""
    later: str = ""
    at: str = ""

    @classmethod
    def of(cls, given: FormData | QueryParams) -> "Answers":
        """Read a form; what is not text is left out. An offer brings its service; that of another one is dropped."""
        fields = {name: str(value).strip() for name, value in given.multi_items() if isinstance(value, str)}
        offer = fields.get("offer", "")
        service = fields.get("service") or offer.partition("_")[0]
        needs = tuple(str(need) for need in given.getlist("needs") if need in {*Need, QUIET})
        plain = {name: fields.get(name, "") for name in (*_CARRIED, *_ONCE)}
        plain |= {name: western(plain[name]) for name in ("birth_year", "phone")}
        plain |= {"service": service, "offer": offer if offer.partition("_")[0] == service else ""}
        if not _LANGUAGE.fullmatch(plain["language"]):
            plain["language"] = ""
        return cls(needs=tuple(dict.fromkeys(needs)), **plain)

    @property
    def asked_at(self) -> Step:
        """The step on which more time was asked for."""
        return next((step for step in Step if self.at == str(step.value)), Step.NEEDS)

    @property
    def method(self) -> str:
        """How a page sends this on: what is personal never stands in an address."""
        reached = self.name, self.birth_year, self.way, self.phone, self.email
        return "post" if any((self.needs, self.language, *reached, self.request_id)) else "get"

    def hidden(self, *asked: str) -> Iterator[tuple[str, str]]:
        """The fields to carry on, without those that the page itself asks: their names, or single needs."""
        for name in _CARRIED:
            value = getattr(self, name)
            if value and name not in asked:
                yield name, value
        if "needs" not in asked:
            yield from (("needs", need) for need in self.needs if need not in asked)

    @property
    def what(self) -> What:
        """What is asked for, whatever the time."""
        return What(
            self.service,
            doctor_ids=(self.doctor,) if self.doctor else (),
            room_ids=(self.place,) if self.place else (),
            language=self.language,
            wheelchair=Need.WHEELCHAIR in self.needs,
            companion=Need.COMPANION in self.needs,
        )

    @property
    def quiet(self) -> bool:
        return QUIET in self.needs

    @property
    def contact(self) -> str:
        """Number or address for the chosen way."""
        return {Way.PHONE: self.phone, Way.EMAIL: self.email}.get(Way(self.way), "")

    def person(self, language: str = SPOKEN) -> Person:
        """The resident, once there are no `contact_faults`. *language*: of the pages on which she answered.

        On German pages somebody else may have answered for her: then it is the one that she speaks.
        """
        needs = tuple(Need(need) for need in self.needs if need != QUIET)
        told = self.language if language == SPOKEN and self.language in LANGUAGES else language
        return Person(self.name, int(self.birth_year), Way(self.way), self.contact, told, needs, self.language)


async def answers_of(request: Request) -> Answers:
    """What the steps before have collected."""
    return Answers.of(await request.form() if request.method == "POST" else request.query_params)


def may_repeat(request_id: str) -> bool:
    """Whether this is an id as our page makes it; a shorter one could be guessed."""
    return _REQUEST_ID.fullmatch(request_id) is not None


def is_name(text: str) -> bool:
    """Whether somebody may be called so."""
    return 2 <= len(text) <= LONGEST and text.isprintable()


def is_birth_year(text: str, this_year: int) -> bool:
    """Whether somebody alive may have been born then."""
    return re.fullmatch(r"[0-9]{4}", text) is not None and this_year - OLDEST <= int(text) <= this_year


def contact_faults(given: Answers, *, this_year: int) -> dict[str, str]:
    """Field → catalogue key of what is wrong with it, in the order of the page."""
    wrong = {
        "name": not is_name(given.name),
        "birth_year": not is_birth_year(given.birth_year, this_year),
        "way": given.way not in set(Way),
        "phone": given.way == Way.PHONE and not _is_phone(given.phone),
        "email": given.way == Way.EMAIL and (len(given.email) > LONGEST or not _EMAIL.fullmatch(given.email)),
    }
    return {name: f"booking.wrong.{name}" for name, is_wrong in wrong.items() if is_wrong}


def _is_phone(text: str) -> bool:
    return _PHONE.fullmatch(text) is not None and 5 <= sum(sign.isdecimal() for sign in text) <= 15


def encode(offer: Offer) -> str:
    """The whole offer in one field; FHIR ids have no underscore."""
    start = offer.start.astimezone(UTC).strftime(_MOMENT)
    whom = offer.doctor_id, offer.room_id, offer.assistant_id, *offer.device_ids
    return "_".join((offer.service_id, start, *whom, *filter(None, [offer.interpreter_id])))


def decode(text: str, known: Directory) -> Offer | None:
    """The offer of `encode`, as far as it can be shown; whether it holds is for `service.book` to say."""
    service_id, start_text, doctor_id, room_id, assistant_id, *more = [*text.split("_"), *[""] * 4]
    service = known.services.get(service_id)
    if service is None or doctor_id not in known.doctors or room_id not in known.rooms:
        return None
    try:
        start = datetime.strptime(start_text, _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None
    if start.year not in YEARS:
        return None
    device_ids = tuple(one for one in more if one and one not in known.interpreters)
    interpreter_id = next((one for one in more if one in known.interpreters), "")
    end = start + service.length
    return Offer(service_id, start, end, doctor_id, room_id, assistant_id, device_ids, interpreter_id)


def may_book(service_id: str, known: Directory) -> bool:
    """Whether residents may book this by themselves: what a doctor must order is made out with staff."""
    service = known.services.get(service_id)
    return service is not None and not service.needs_order


def needs_faults(given: Answers, known: Directory) -> dict[str, str]:
    """Field → catalogue key: who wishes for an interpreter says for which language, and the other way round.

    Whose doctor speaks it, or who has an interpreter at this time, need not wish for one.
    """
    offer, wishes = decode(given.offer, known), Need.INTERPRETER in given.needs
    speakers: list[Doctor | Interpreter] = [*known.interpreters.values(), *known.doctors.values()]
    if wishes and not given.language and any(set(one.languages) - {SPOKEN} for one in speakers):
        return {"language": "booking.wrong.language"}
    here = [known.doctors[offer.doctor_id]] if offer else []
    is_spoken = any(given.language in one.languages for one in here) or (offer is not None and offer.interpreter_id)
    return {} if wishes or not given.language or is_spoken else {"needs": "booking.wrong.interpreter"}


def next_step(given: Answers, wanted: Step, known: Directory, *, this_year: int) -> Step:
    """*wanted*, or the first step before it whose answer is missing or wrong."""
    if not may_book(given.service, known):
        return Step.WHAT
    if decode(given.offer, known) is None:
        return min(wanted, Step.WHEN)
    if needs_faults(given, known):
        return min(wanted, Step.NEEDS)
    if contact_faults(given, this_year=this_year):
        return min(wanted, Step.CONTACT)
    return wanted
