"""Random patients, and whether anything of theirs stands in what they are sent: names, doctor, specialty, reason."""

import itertools
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import orjson

from telemed.booking.model import Reason
from telemed.booking.planner import Offer
from telemed.directory.calendar import ALWAYS
from telemed.directory.model import Directory, Doctor, Room, Service, Setting
from telemed.kit.i18n import available
from telemed.notify import calendar, delivery, push, texts
from telemed.notify.calendar import Entry
from telemed.notify.channels import Mail, WebPush
from telemed.notify.delivery import Parcel
from telemed.notify.model import Kind, Notice
from telemed.people.model import Need, Person, Way

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2027, 1, 4, 7, tzinfo=UTC)
SPECIALTIES = ("Allgemeinmedizin", "Hautarzt", "Innere Medizin", "Kardiologie", "Psychotherapie", "Onkologie")
SYLLABLES = ("ba", "ce", "dö", "fi", "gru", "hal", "jo", "ki", "lü", "mar", "ne", "ot", "pe", "qua", "ri", "sch", "ße")
NAMED = re.compile(r"[\w.@+-]{4,}")
SENDER = WebPush(push.read_key(push.new_key()), "mailto:betrieb@stadt.example")
WHOLE = 20
"""Of so many patients one gets the whole mail, with its calendar file."""


@dataclass(frozen=True)
class Case:
    """A patient of whom everything is known, and one notice. *secrets*: words of which none may be sent."""

    person: Person
    offer: Offer
    known: Directory
    notice: Notice
    secrets: frozenset[str]


@dataclass
class Leaks:
    """What was seen: how many patients, and which secrets stood where."""

    patients: int = 0
    parcels: int = 0
    found: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.patients} patients, {self.parcels} messages, {len(self.found)} with something of theirs"


def name(random: Random) -> str:
    """A name that no template has by chance: three syllables or more, and a number of its own in letters."""
    parts = random.choices(SYLLABLES, k=random.randint(3, 5))
    return "".join(parts).capitalize() + "".join(random.choices("xyzwv", k=4))


def a_case(random: Random) -> Case:
    """Somebody, with a doctor, a service and a room of their own."""
    first, family, doctor, house = (name(random) for _ in range(4))
    specialty = random.choice(SPECIALTIES)
    way = random.choice(list(Way))
    contact = {Way.EMAIL: f"{family}@{name(random)}.example", Way.PHONE: "0171 " + str(random.randrange(10**7, 10**8))}
    needs = tuple(need for need in Need if random.random() < 0.3)
    person = Person(
        f"{first} {family}", random.randrange(1920, 2010), way, contact.get(way, ""), _language(random), needs
    )
    setting: Setting = random.choice(("room", "home"))
    room = Room("room", f"Haus {random.randrange(1, 99)}", ALWAYS, timedelta(), "Weg 1", "", setting=setting)
    service = Service("service", f"{specialty} bei {doctor}", specialty, timedelta(minutes=20), (), "helper", ("room",))
    known = Directory(
        zone=BERLIN,
        doctors={"doctor": Doctor("doctor", f"Dr. {doctor}", (specialty,), ALWAYS, "role")},
        assistants={},
        rooms={"room": room},
        devices={},
        services={"service": service},
        schedules={},
        version=1,
        quarter_name=house,
    )
    start = START + random.randrange(0, 60 * 24 * 300) * timedelta(minutes=1)
    offer = Offer("service", start, start + timedelta(minutes=20), "doctor", "room", "assistant", ("device",))
    kind = random.choice(list(Kind))
    notice = Notice("n", kind, "p", "b", start, start, minutes=random.randrange(0, 240))
    words = {first, family, doctor, *specialty.split(), contact.get(way, "") or first, *needs, *Reason}
    return Case(person, offer, known, notice, frozenset(word.lower() for word in words if len(word) > 3))


def _language(random: Random) -> str:
    return random.choice((*available(), "fr"))


def parcels(case: Case, *, whole: bool = True) -> list[str]:
    """What leaves the centre of the notice on each channel, as it leaves, before it is sealed.

    *whole*: with the mail as bytes and its calendar file, which take 20 times as long to make.
    """
    link = "https://centre.test/n/AAAAAAAAAAAAAAAAAAAAAA"
    with_link, without = (
        texts.text(
            case.notice.kind, delivery.said_of(case.known, case.notice, case.offer, link=each), case.person.language
        )
        for each in (link, "")
    )
    one = _parcel(case, with_link, whole=whole)
    pushed = orjson.dumps(SENDER.told(replace(one, text=without))).decode()
    if not whole:
        return [with_link, without, one.title, one.footer, pushed]
    mail = Mail("host", 25, "termine@stadt.example").message(replace(one, to="")).as_bytes().decode()
    return [with_link, without, pushed, mail, one.ics.decode().replace("\r\n ", "")]


def _parcel(case: Case, text: str, *, whole: bool) -> Parcel:
    room = case.known.rooms["room"]
    language, start, end = case.person.language, case.offer.start, case.offer.end
    entry = Entry(
        "b@centre.test", 1, start, end, f"{room.name}, {room.address}", "https://c.test/n/A", start, False, language
    )
    return Parcel(
        "n",
        case.person.contact,
        texts.title(language),
        text,
        "https://c.test/n/A",
        texts.footer(language),
        False,
        ics=calendar.to_ics(entry) if whole else b"",
        ics_method=calendar.method(entry),
    )


def leaked(case: Case, sent: list[str]) -> list[str]:
    """The secrets that stand in what is sent."""
    text = " ".join(sent).lower()
    return [secret for secret in sorted(case.secrets) if secret in text]


def look(seed: str, count: int) -> Leaks:
    """*count* random patients."""
    random, seen = Random(seed), Leaks()
    for number in range(count):
        case = a_case(random)
        sent = parcels(case, whole=number % WHOLE == 0)
        seen.patients += 1
        seen.parcels += len(sent)
        seen.found += [f"{case.notice.kind}: {secret}" for secret in leaked(case, sent)]
    return seen


def control(seed: str, count: int) -> int:
    """How often the same look finds something, if a template named the patient, the doctor or the specialty."""
    random, found = Random(seed), 0
    for turn in itertools.islice(itertools.cycle((0, 1, 2)), count):
        case = a_case(random)
        slip = (case.person.name, case.known.doctors["doctor"].name, case.known.services["service"].specialty)[turn]
        found += bool(leaked(case, [*parcels(case, whole=False), f"Ihr Termin: {slip}"]))
    return found
