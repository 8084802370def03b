"""Choosing a time, for a new appointment or another one: suggestions, then days, then the times of one day."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from telemed.booking import form, planner, search
from telemed.booking.ground import Ground, rooms_for
from telemed.booking.index import Index
from telemed.booking.model import Booking
from telemed.booking.planner import Offer, What, Wish
from telemed.directory.model import Directory
from telemed.identity.model import Actor
from telemed.kit.db import Tx
from telemed.people import service as people
from telemed.people.model import Need
from telemed.web.centre import Centre

SUGGESTIONS = 3
LOOKED_AT = 200
"""Offers among which the times of a day are chosen."""
DAYS_SHOWN = 8
NOON = 12


@dataclass(frozen=True)
class Choice:
    """One offer as a button: what it sends, when and where it is, and with whom. *is_home*: nobody need come.

    *come*: earlier than it begins by plan, where its doctor's session is laid out so; of what is booked as it was told.
    """

    code: str
    start: datetime
    room: str
    doctor: str
    is_home: bool
    come: datetime | None = None

    @classmethod
    def of(cls, offer: Offer, known: Directory, *, come_before: timedelta = timedelta(0)) -> "Choice":
        room, doctor = known.rooms.get(offer.room_id), known.name_of(offer.doctor_id)
        is_home = room is not None and not room.is_claimed
        come = offer.start - come_before if come_before else None
        return cls(form.encode(offer), offer.start, room.name if room else offer.room_id, doctor, is_home, come)


@dataclass(frozen=True)
class Leaf:
    """Where somebody has leafed to, as sent: the times of *day*, or the days from *later* on."""

    day: str = ""
    later: str = ""


def shown(centre: Centre, what: What, leaf: Leaf, *, now: datetime) -> dict[str, Any]:
    """What a page of times needs: those of a day that was chosen, or suggestions and the next days that have any."""
    day = form.day_of(leaf.day)
    with centre.the(Index).at(now) as here:
        known = here.directory
        many = len(rooms_for(known, known.services[what.service_id], What(what.service_id))) > 1
        if day is not None:
            first, last = planner.day_window(day, known)
            found = search.offers(here, Wish(what, first, last), now=now, limit=LOOKED_AT)
            return {"many": many, "day": first, "halves": _halves(first_of_each(found, _half_hour_and_place), known)}
        wish = ahead(what, now=now, spread=True)
        suggested = search.offers(here, wish, now=now, limit=SUGGESTIONS)
        why = None if suggested else search.why_nothing(here, wish)
        days = _free_days(here, what, leaf, now=now) if suggested else []
    choices = [Choice.of(offer, known) for offer in suggested]
    times = {"suggested": choices, "days": days[:DAYS_SHOWN], "more": days[DAYS_SHOWN:]}
    return {"many": many, "day": None, "nothing": "" if choices else (why.rule.value if why else "full"), **times}


def ahead(what: What, *, now: datetime, spread: bool = False) -> Wish:
    """*what* at any time that one may book."""
    return Wish(what, now, now + planner.HORIZON, spread=spread)


def same_again(tx: Tx, centre: Centre, booking: Booking, *, actor: Actor, now: datetime) -> What:
    """What a booking would be at another time: the same service for the same person and her needs, audited.

    Raises:
        Erased: her data are gone.
    """
    person = people.details(tx, centre.secrets, booking.person_id, actor=actor, purpose="another time", now=now)
    return What(
        booking.offer.service_id,
        language=person.spoken,
        wheelchair=Need.WHEELCHAIR in person.needs,
        companion=Need.COMPANION in person.needs,
        ordered=booking.extras.ordered_by is not None,
    )


def _free_days(here: Ground, what: What, leaf: Leaf, *, now: datetime) -> list[datetime]:
    """Noon of the next days with any offer, from the one that was leafed to; one more than is shown."""
    known = here.directory
    today, last = (moment.astimezone(known.zone).date() for moment in (now, now + planner.HORIZON))
    day = max(today, form.day_of(leaf.later) or today)
    found: list[datetime] = []
    while day <= last and len(found) <= DAYS_SHOWN:
        wish = Wish(what, *planner.day_window(day, known))
        if search.offers(here, wish, now=now, limit=1):
            found.append(datetime.combine(day, time(NOON), tzinfo=known.zone))
        day += timedelta(days=1)
    return found


def first_of_each(offers: Iterable[Offer], key: Callable[[Offer], Hashable]) -> list[Offer]:
    """The first offer of each group, in order."""
    found: dict[Hashable, Offer] = {}
    for offer in offers:
        found.setdefault(key(offer), offer)
    return list(found.values())


def _half_hour_and_place(offer: Offer) -> Hashable:
    return (offer.start.hour, offer.start.minute // 30, offer.room_id)


def _halves(offers: list[Offer], known: Directory) -> list[tuple[str, list[Choice]]]:
    """The times of a day in two groups, those that have any: (catalogue key, times)."""
    halves: dict[str, list[Choice]] = {"booking.when.morning": [], "booking.when.afternoon": []}
    for offer in offers:
        early = offer.start.astimezone(known.zone).hour < NOON
        halves["booking.when.morning" if early else "booking.when.afternoon"].append(Choice.of(offer, known))
    return [(key, choices) for key, choices in halves.items() if choices]
