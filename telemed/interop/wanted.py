"""A search of appointments as FHIR says it, in what booking keeps of them. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping

from telemed.booking.model import Status
from telemed.booking.sought import (
    EXTERNAL,
    NEVER,
    By,
    Every,
    InSlot,
    Is,
    Kept,
    Not,
    Said,
    Some,
    Uses,
    Where,
    Within,
)
from telemed.directory.model import Directory, Service, slot_of
from telemed.directory.systems import SPECIALTIES
from telemed.fhir.codes import SPECIALTY_NAMES
from telemed.fhir.search import Criterion, Order, Query
from telemed.fhir.values import Token, fold

STATUS_SYSTEM = "http://hl7.org/fhir/appointmentstatus"
TAG_SYSTEM = "http://fhir.de/CodeSystem/common-meta-tag-de"

ORDERS = {"date": Kept.START, "_lastUpdated": Kept.UPDATED, "_id": Kept.ID, "status": Kept.STATUS}
"""By what the found may be sorted."""

_BY_TYPE: Mapping[str, tuple[Kept, ...]] = {
    "Patient": (Kept.PERSON,),
    "Practitioner": (Kept.DOCTOR, Kept.ASSISTANT, Kept.INTERPRETER),
    "Location": (Kept.ROOM,),
}
Resolve = Callable[[Criterion], Collection[str]]


def wanted(query: Query, known: Directory, resolve: Resolve) -> Where:
    """What *query* asks for. *resolve*: ``Type/id`` of all that the end of a chain fits."""
    return Every(tuple(_one(criterion, known, resolve) for criterion in query.criteria))


def order(orders: tuple[Order, ...]) -> tuple[By, ...]:
    """By what the found are sorted; by their beginning where nothing is said."""
    return tuple(By(ORDERS[one.name], one.descending) for one in orders) or (By(),)


def _one(criterion: Criterion, known: Directory, resolve: Resolve) -> Where:
    if criterion.modifier == "missing":
        return _missing(criterion)
    if criterion.windows:
        kept = Kept.UPDATED if criterion.name == "_lastUpdated" else Kept.START
        return Some(tuple(Within(kept, window.start, window.end) for window in criterion.windows))
    if criterion.name == "slot":
        return _in_slots(criterion, known, resolve)
    if criterion.references or criterion.chain:
        return _with(criterion.references or resolve(criterion))
    found = _coded(criterion, known)
    return Not(found) if criterion.modifier == "not" else found


def _missing(criterion: Criterion) -> Where:
    """Of all that appointments are searched by, only a few lack something."""
    match criterion.name:
        case "service-type" | "specialty":
            lacks: Where = Every((Is(Kept.SERVICE, frozenset({""})), Not(Said(criterion.name, None, ""))))
        case "_tag":
            lacks = Not(Is(Kept.ORIGIN, frozenset({EXTERNAL})))
        case _:
            lacks = NEVER
    return lacks if criterion.missing else Not(lacks)


def _coded(criterion: Criterion, known: Directory) -> Where:
    match criterion.name:
        case "_id":
            return Is(Kept.ID, frozenset(token.code for token in criterion.tokens))
        case "_tag":
            has = any(token.fits(TAG_SYSTEM, EXTERNAL) for token in criterion.tokens)
            return Is(Kept.ORIGIN, frozenset({EXTERNAL} if has else ()))
        case "status":
            return Is(Kept.STATUS, statuses(criterion, STATUS_SYSTEM, (s.value for s in Status)))
        case _:
            services = frozenset(one.id for one in known.services.values() if _is_said(criterion, one))
            said = (Said(criterion.name, token.system, token.code) for token in criterion.tokens)
            return Some((Is(Kept.SERVICE, services), *said))


def statuses(criterion: Criterion, system: str, known: Iterable[str]) -> frozenset[str]:
    """Which of the *known* codes are asked for; a code without other words is its own text."""
    return frozenset(
        one for one in known if _fits(criterion.tokens, system, one) or any(map(one.startswith, criterion.texts))
    )


def _is_said(criterion: Criterion, service: Service) -> bool:
    """Whether the appointments of a service fit what is asked of its type or specialty."""
    if criterion.modifier == "text":
        name = fold(service.name if criterion.name == "service-type" else SPECIALTY_NAMES.get(service.specialty, ""))
        return any(text in name for text in criterion.texts)
    codes = service.codes if criterion.name == "service-type" else ((SPECIALTIES, service.specialty),)
    return any(_fits(criterion.tokens, system, code) for system, code in codes)


def _fits(tokens: Iterable[Token], system: str, code: str) -> bool:
    return any(token.fits(system, code) for token in tokens)


def _with(references: Collection[str]) -> Where:
    """Whether one of ``Type/id`` takes part."""
    by_type: dict[str, set[str]] = {}
    for reference in references:
        kind, _, resource_id = reference.partition("/")
        by_type.setdefault(kind, set()).add(resource_id)
    found: list[Where] = [Is(kept, frozenset(ids)) for kind, ids in by_type.items() for kept in _BY_TYPE.get(kind, ())]
    if "Device" in by_type:
        found.append(Uses(frozenset(by_type["Device"])))
    return Some(tuple(found))


def _in_slots(criterion: Criterion, known: Directory, resolve: Resolve) -> Where:
    if criterion.chain is not None:
        return _of_schedules(criterion.chain, known, resolve)
    found: list[Where] = []
    for reference in criterion.references:
        schedule_id, start, end = slot_of(reference.partition("/")[2]) or ("", None, None)
        if start is not None and end is not None:
            found.append(InSlot(frozenset(known.schedules.get(schedule_id, ())), start, end))
    return Some(tuple(found))


def _of_schedules(criterion: Criterion, known: Directory, resolve: Resolve) -> Where:
    """``slot.schedule``: with whoever the schedule is of."""
    references = criterion.references or resolve(criterion)
    schedules = (known.schedules.get(one.partition("/")[2], ()) for one in references)
    actors = frozenset(actor_id for each in schedules for actor_id in each)
    kept = (Kept.DOCTOR, Kept.ASSISTANT, Kept.INTERPRETER, Kept.ROOM)
    return Some((*(Is(one, actors) for one in kept), Uses(actors)))
