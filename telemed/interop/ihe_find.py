"""IHE's ``$find`` (ITI-115) on the planner: the same offers as the pages have, as proposed appointments."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any

from telemed.booking import search
from telemed.booking.ground import Ground
from telemed.booking.planner import HORIZON, TICK, Offer, What, Wish
from telemed.directory.model import Directory, Room, Service
from telemed.directory.shelf import Shelf
from telemed.directory.systems import SPECIALTIES
from telemed.fhir.values import fold
from telemed.identity.allowed import EVERYONE
from telemed.identity.model import Actor
from telemed.interop.ihe_asked import Item, Sought

GROUPS = 64
"""Searches for one question; who asks for more gets what fits without the order of preference."""


@dataclass(frozen=True)
class Found:
    """*offers*: of this page. *total*: on all pages."""

    offers: tuple[Offer, ...]
    total: int


def find(here: Ground, shelf: Shelf, asked: Sought, *, actor: Actor, now: datetime, groups: int = GROUPS) -> Found:
    """What can be booked: the dearest kind first, by time within it; by time alone if those were too many *groups*."""
    known, latest = here.directory, min(asked.end, now + HORIZON)
    earliest = max(now, asked.start)
    if latest <= earliest:
        return Found((), 0)
    spans = asked.times.spans(earliest, latest, known.zone) if asked.times else [(earliest, latest)]
    found: list[Offer] = []
    first, last, total = asked.offset, asked.offset + asked.count, 0
    for each in _groups(known, shelf, asked, actor, groups):
        wishes = [wish for what in each for wish in _wishes(known, what, spans, latest)]
        size = sum(search.count(here, wish, now=now) for wish in wishes)
        wanted = last - total if total < last and first < total + size else 0
        if wanted > 0:
            offers = list(islice(_by_time(here, wishes, now, limit=wanted), wanted))
            found += offers[max(0, first - total) :]
        total += size
    return Found(tuple(found), total)


def _wishes(
    known: Directory, what: What, spans: Iterable[tuple[datetime, datetime]], latest: datetime
) -> Iterator[Wish]:
    """A visit begins in one of the spans, and is over by *latest*."""
    length = known.services[what.service_id].length
    for first, last in spans:
        yield Wish(what, first, min(last - TICK + length, latest))


def _by_time(here: Ground, wishes: Iterable[Wish], now: datetime, *, limit: int) -> Iterable[Offer]:
    each = [search.offers(here, wish, now=now, limit=limit) for wish in wishes]
    return merge(*each, key=lambda one: (one.start, one.room_id, one.service_id))


def _groups(known: Directory, shelf: Shelf, asked: Sought, actor: Actor, most: int) -> list[list[What]]:
    """What to look for, in the order of preference; within one group by time."""
    services = _services(known, asked)
    doctors = _doctors(known, shelf, asked, actor)
    rooms = _rooms(known, asked)
    if doctors == [()] or rooms == [()]:
        return []
    if len(services) * len(doctors) * len(rooms) > most:
        services, doctors, rooms = [[one for each in services for one in each]], _together(doctors), _together(rooms)
    members = _members(known, shelf, asked)
    return [
        [what for service in each for what in _of_members(known, What(service.id, doctor or (), room or ()), members)]
        for each in services
        for doctor in doctors
        for room in rooms
    ]


def _together(named: list[Any]) -> list[Any]:
    """Any of them, without an order."""
    return named if None in named else [tuple(one for each in named for one in each)]


def _of_members(known: Directory, what: What, members: set[str] | None) -> Iterator[What]:
    """As far as service, doctor or room is of the organizations that are asked for; None: whose they are is alike."""
    if members is None or what.service_id in members:
        yield what
        return
    doctors = what.doctor_ids or tuple(known.doctors)
    own, others = ([one for one in doctors if (one in members) is is_own] for is_own in (True, False))
    rooms = [one for one in what.room_ids or known.rooms if one in members]
    if own:
        yield replace(what, doctor_ids=tuple(own))
    if others and rooms:
        yield replace(what, doctor_ids=tuple(others), room_ids=tuple(rooms))


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


def _members(known: Directory, shelf: Shelf, asked: Sought) -> set[str] | None:
    """The doctors, rooms and services of the organizations that are asked for; None: none is."""
    items = asked.kinds.get("organization", ())
    if not items:
        return None
    wanted = {f"Organization/{_id(item.text, 'Organization')}" for item in items}
    roles = {one.role_id: one.id for one in known.doctors.values()}
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
