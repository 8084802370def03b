"""IHE's ``$find`` (ITI-115) on the planner: the same offers as the pages have, as proposed appointments."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from telemed.booking import search
from telemed.booking.ground import Ground
from telemed.booking.planner import HORIZON, Offer, What, Wish
from telemed.directory.model import Directory, Room, Service
from telemed.directory.shelf import Shelf
from telemed.directory.systems import SPECIALTIES
from telemed.fhir.search import fold
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor
from telemed.interop.ihe_asked import Item, Sought

MANY = 5_000
"""Offers looked at one by one, where the planner alone cannot say what fits."""
GROUPS = 64
"""Searches for one question; who asks for more gets what fits without the order of preference."""


@dataclass(frozen=True)
class Found:
    """*offers*: of this page. *total*: on all pages."""

    offers: tuple[Offer, ...]
    total: int


def find(here: Ground, shelf: Shelf, asked: Sought, *, actor: Actor, now: datetime) -> Found:
    """What can be booked: the dearest kind first, by time within it."""
    known, latest = here.directory, min(asked.end, now + HORIZON)
    if latest <= max(now, asked.start):
        return Found((), 0)
    groups = [
        [Wish(what, max(asked.start, now), latest) for what in each] for each in _groups(known, shelf, asked, actor)
    ]
    fits = _fitting(known, shelf, asked)
    found: list[Offer] = []
    first, last, total = asked.offset, asked.offset + asked.count, 0
    for wishes in groups:
        if fits is None:
            size = sum(search.count(here, wish, now=now) for wish in wishes)
            wanted = last - total if total < last and first < total + size else 0
            offers = list(islice(_by_time(here, wishes, now, limit=wanted), wanted)) if wanted > 0 else []
        else:
            offers = [one for one in _by_time(here, wishes, now, limit=MANY) if fits(one)]
            size = len(offers)
        found += offers[max(0, first - total) : max(0, last - total)]
        total += size
    return Found(tuple(found), total)


def _by_time(here: Ground, wishes: Iterable[Wish], now: datetime, *, limit: int) -> Iterable[Offer]:
    each = [search.offers(here, wish, now=now, limit=limit) for wish in wishes]
    return merge(*each, key=lambda one: (one.start, one.room_id, one.service_id))


def _groups(known: Directory, shelf: Shelf, asked: Sought, actor: Actor) -> list[list[What]]:
    """What to look for, in the order of preference; within one group by time."""
    services = _services(known, asked)
    doctors = _doctors(known, shelf, asked, actor)
    rooms = _rooms(known, asked)
    if doctors == [()] or rooms == [()]:
        return []
    if len(services) * len(doctors) * len(rooms) > GROUPS:
        services = [[one for each in services for one in each]]
        doctors, rooms = (
            [tuple(one for each in doctors for one in each)],
            [tuple(one for each in rooms for one in each)],
        )
    return [
        [What(service.id, doctor or (), room or ()) for service in each]
        for each in services
        for doctor in doctors
        for room in rooms
    ]


def _services(known: Directory, asked: Sought) -> list[list[Service]]:
    """By rank: what fits the first that was named, then the second; all at once where nothing was."""
    open_to_all = [one for one in known.services.values() if not one.needs_order]
    types, specialties = asked.kinds.get("visit-type", ()), asked.kinds.get("specialty", ())
    ranked: dict[tuple[int, int], list[Service]] = {}
    for one in open_to_all:
        by_type = _rank(types, _is_type, one)
        by_specialty = _rank(specialties, _is_specialty, one)
        if by_type is not None and by_specialty is not None:
            ranked.setdefault((by_type, by_specialty), []).append(one)
    return [each for _, each in sorted(ranked.items(), key=lambda pair: pair[0])]


def _rank(items: Sequence[Item], fits: Callable[[Item, Service], bool], service: Service) -> int | None:
    """Which of *items* a service fits first; None: none of them. All are alike where nothing is named."""
    if not items:
        return 0
    return next((n for n, item in enumerate(items) if fits(item, service)), None)


def _is_type(item: Item, service: Service) -> bool:
    system, bar, code = item.text.rpartition("|")
    by_code = any(code == own and (not bar or system == its) for its, own in service.codes) or (
        not system and code == service.id
    )
    said = fold(str(item.value.get("text", "")))
    return by_code or (bool(said) and said == fold(service.name))


def _is_specialty(item: Item, service: Service) -> bool:
    system, bar, code = item.text.rpartition("|")
    return code == service.specialty and (not bar or system in ("", SPECIALTIES))


def _doctors(known: Directory, shelf: Shelf, asked: Sought, actor: Actor) -> list[Any]:
    """Each doctor that is named, in that order; None is any. Only those for whom the program works."""
    own = known.doctors if EVERYONE in actor.compartment else set(actor.compartment) & set(known.doctors)
    items = asked.kinds.get("practitioner", ())
    if not items:
        return [None] if EVERYONE in actor.compartment else [tuple(sorted(own))]
    named = dict.fromkeys(one for item in items for one in _named(shelf, "Practitioner", item) if one in own)
    return [(one,) for one in named] or [()]


def _rooms(known: Directory, asked: Sought) -> list[Any]:
    """Each room that is named, or whose address has the words, in that order; None is any."""
    references, words = asked.kinds.get("location-reference", ()), asked.kinds.get("location-string", ())
    if not references and not words:
        return [None]
    ids = [_id(item.text, "Location") for item in references]
    fitting = [room for item in words for room in known.rooms.values() if fold(item.text) in _place(room)]
    if references and words:
        named = [one for one in ids if one in {room.id for room in fitting}]
    else:
        named = [one for one in (*ids, *(room.id for room in fitting)) if one in known.rooms]
    return [(one,) for one in dict.fromkeys(named)] or [()]


def _place(room: Room) -> str:
    return fold(f"{room.name} {room.address}")


def _named(shelf: Shelf, kind: str, item: Item) -> Iterable[str]:
    """The ids that a reference names, literally or by an identifier."""
    named = _id(item.text, kind)
    if named:
        return [named]
    system, _, value = item.text.rpartition("|")
    volumes = shelf.kinds.get(kind, {}).values()
    return [
        one.id
        for one in volumes
        if any(
            term.value == value and (not system or term.system == system) for term in one.found_by.get("identifier", ())
        )
    ]


def _id(text: str, kind: str) -> str:
    """The id of a literal reference, or of one that is nothing but an id."""
    if "|" in text:
        return ""
    named, _, last = text.rpartition("/")
    return last if not named or named.rpartition("/")[2] == kind else ""


def _fitting(known: Directory, shelf: Shelf, asked: Sought) -> Callable[[Offer], bool] | None:
    """What must be asked of each offer; None: nothing."""
    times, items = asked.times, asked.kinds.get("organization", ())
    if times is None and not items:
        return None
    members = _members(known, shelf, {_id(item.text, "Organization") for item in items} - {""})

    def fits(offer: Offer) -> bool:
        if times is not None and not times.suit(offer.start, known.zone):
            return False
        return not items or bool({offer.service_id, offer.doctor_id, offer.room_id} & members)

    return fits


def _members(known: Directory, shelf: Shelf, organizations: set[str]) -> set[str]:
    """The doctors, rooms and services of these organizations."""
    roles = {one.role_id: one.id for one in known.doctors.values()}
    wanted = {f"Organization/{one}" for one in organizations}
    found: set[str] = set()
    for kind in ("Location", "HealthcareService", "PractitionerRole"):
        for one in shelf.kinds.get(kind, {}).values():
            if wanted & {term.value for term in one.found_by.get("organization", ())}:
                found.add(roles.get(one.id, one.id))
    return found


def beyond(asked: Sought, found: Found) -> Sought | None:
    """The next page; None if there is none."""
    behind = asked.offset + asked.count
    return replace(asked, offset=behind) if asked.count and behind < found.total else None
