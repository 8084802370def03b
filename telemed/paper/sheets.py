"""What stands on each paper, as the centre knows it at this moment."""

from datetime import datetime, timedelta
from typing import Any

from babel.dates import get_day_names

from telemed.booking import form, steps
from telemed.booking.model import Booked, Booking
from telemed.directory.calendar import Span
from telemed.directory.model import Directory, Room
from telemed.directory.opening import opening_lines
from telemed.kit.i18n import Words, link_in
from telemed.paper.model import CARDS, INKS, OUTLINES
from telemed.paper.press import Press
from telemed.people.consent import VERSION, Answer, Purpose
from telemed.people.model import Need
from telemed.web.centre import Centre
from telemed.web.languages import OWN_NAMES
from telemed.web.pages import Pages

TOLD_AHEAD = timedelta(days=42)
"""So far ahead a paper tells when it is closed."""
FEW_CLOSURES = 4


def sheet(centre: Centre, template: str, words: Words, known: Directory, **shown: Any) -> str:
    """The paper as HTML; what it says of the time is as of now."""
    given = {"known": known, "now": centre.clock.now(), "link": centre.public_url, **shown}
    given.setdefault("qr", steps.qr(centre.public_url))
    return centre.the(Pages).part(f"paper/{template}.html", words=words, **given)


def press(centre: Centre) -> Press:
    """The one of this centre."""
    made: Press = centre.live.setdefault(Press, Press())
    return made


def rooms(known: Directory) -> list[Room]:
    """Where people come to."""
    return [room for room in known.rooms.values() if room.is_claimed]


def of_room(centre: Centre, words: Words, room: Room) -> dict[str, Any]:
    """Where it is and when it is open, in the weeks to come as well."""
    closed = closures(room, centre.clock.now())
    return {"room": room, "hours": opening_lines(room.hours, words), "closed": closed[:FEW_CLOSURES]}


def closures(room: Room, now: datetime) -> list[Span]:
    """When it is closed of late and soon: first and last moment, sorted."""
    ahead = ((start, end) for start, end in room.hours.closed if end > now and start < now + TOLD_AHEAD)
    return sorted((start, end - timedelta(seconds=1)) for start, end in ahead)


def cards(known: Directory, room: Room) -> dict[str, Any]:
    """One for each kind of device that the room has, in the order of the table."""
    kinds = {device.kind for device in known.devices_in(room.id)}
    found = [(kind, card) for kind, card in CARDS.items() if kind in kinds]
    return {"room": room, "cards": found, "inks": INKS, "outlines": OUTLINES}


def slip(centre: Centre, known: Directory, taken: Booking, booked: Booked | None) -> dict[str, Any]:
    """What somebody takes along; *booked*: what opens the appointment, where that is known."""
    shown = {**steps.visit(taken, known), "booked": booked, "phone": phone(known), "link": "", "qr": ""}
    if booked:
        shown["link"] = link_in(f"{centre.public_url}/t/{booked.link_token}", taken.extras.language)
        shown["qr"] = steps.qr(shown["link"])
    return shown


def consent() -> dict[str, Any]:
    return {"purposes": list(Purpose), "answers": list(Answer), "version": VERSION}


def blank_form(known: Directory, words: Words) -> dict[str, Any]:
    """The booking pages as a paper: the same questions in the same order."""
    days = get_day_names("wide", locale=words.lang)
    open_days = [day for day in range(7) if any(room.hours.by_weekday[day] for room in rooms(known))]
    return {
        "services": list(dict.fromkeys(_asked(known, words))),
        "days": [days[day] for day in open_days],
        "needs": [*Need, form.QUIET],
        "spoken": list(OWN_NAMES.values())[2:],
        "phone": phone(known),
    }


def _asked(known: Directory, words: Words) -> list[str]:
    bookable = [one for one in known.services.values() if form.may_book(one.id, known)]
    return [words.text_or(f"booking.specialty.{one.specialty}", one.name) for one in bookable]


def phone(known: Directory) -> str:
    return next((room.phone for room in known.rooms.values() if room.phone), "")
