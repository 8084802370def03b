"""What residents are offered at the first question: few big tiles, by specialty where there are too many services."""

from dataclasses import dataclass
from pathlib import Path

from telemed.booking import concerns, form
from telemed.booking.concerns import Catalogue
from telemed.directory.model import Directory, Service
from telemed.kit.i18n import Words
from telemed.web.centre import Centre

SHIPPED = Path(__file__).parent / "concerns.json"
OWN = "concerns.json"
"""A file of this name in the centre's folder takes the place of the one that is shipped."""
TILES = 5
"""Beside "I do not know": more than six choices are too many to look at."""
COMMON = "ALLG"
"""The specialty that comes first, and that whoever does not know what she needs may start with."""
DEVICE_ICONS = {"exam-camera": "camera", "stethoscope": "activity", "blood-pressure": "heart-pulse"}
OTHER_ICON, HOME_ICON = "stethoscope", "house"


@dataclass(frozen=True)
class Tile:
    """*service_id* is what it leads to."""

    service_id: str
    name: str
    icon: str


def catalogue(state_dir: Path | None = None) -> Catalogue:
    """What people's own words mean here.

    Raises:
        BadCatalogue: the file in *state_dir* is none.
    """
    own = state_dir / OWN if state_dir is not None else SHIPPED
    return concerns.read((own if own.is_file() else SHIPPED).read_bytes())


def catalogue_of(centre: Centre) -> Catalogue:
    """The one that the centre was started with."""
    found: Catalogue | None = centre.live.get(Catalogue)
    return found or centre.live.setdefault(Catalogue, catalogue())


def services(known: Directory, *, with_orders: bool = False) -> list[Service]:
    """What may be booked somewhere, by name; *with_orders*: also what a doctor must order first."""
    bookable = [one for one in known.services.values() if with_orders or form.may_book(one.id, known)]
    somewhere = [one for one in bookable if set(one.room_ids) & set(known.rooms)]
    return sorted(somewhere, key=lambda one: (one.name, one.id))


def specialties(known: Directory, *, with_orders: bool = False) -> dict[str, list[Service]]:
    """The same by specialty, the common one first; within one the simplest service first."""
    found: dict[str, list[Service]] = {}
    for one in services(known, with_orders=with_orders):
        found.setdefault(one.specialty, []).append(one)
    ranked = sorted(found.items(), key=lambda each: (each[0] != COMMON, each[1][0].name))
    return {code: sorted(each, key=lambda one: _simple(one, known)) for code, each in ranked}


def _simple(service: Service, known: Directory) -> tuple[bool, bool, int, str]:
    """Without an order, with somebody beside her, with few devices."""
    return service.needs_order, not _in_a_room(service, known), len(service.devices), service.name


def _in_a_room(service: Service, known: Directory) -> bool:
    return any(known.rooms[room].setting == "room" for room in service.room_ids if room in known.rooms)


def tiles(known: Directory, meant: Catalogue, words: Words) -> list[Tile]:
    """One for each service, or, where these are too many, for each specialty; what is left is in the directory."""
    listed = services(known)
    if len(listed) <= TILES:
        return [of_service(one, known) for one in listed]
    each = specialties(known).items()
    return [Tile(all_of[0].id, name(code, all_of, words), icon(code, meant)) for code, all_of in each][:TILES]


def alike(service: Service, known: Directory) -> list[Tile]:
    """The services that stand behind the same tile, this one among them; none where each has its own."""
    if len(services(known)) <= TILES:
        return []
    same = specialties(known).get(service.specialty, [])
    return [of_service(one, known) for one in same] if len(same) > 1 else []


def of_service(service: Service, known: Directory) -> Tile:
    shown = next((symbol for kind, symbol in DEVICE_ICONS.items() if kind in service.devices), OTHER_ICON)
    return Tile(service.id, service.name, shown if _in_a_room(service, known) else HOME_ICON)


def icon(code: str, meant: Catalogue) -> str:
    """The picture of a specialty."""
    return meant.specialties[code].icon if code in meant.specialties else OTHER_ICON


def name(code: str, services_of: list[Service], words: Words) -> str:
    """What people call a specialty; where we have no word for it, what its first service is called."""
    return words.text_or(f"booking.specialty.{code}", services_of[0].name)


def common(known: Directory) -> Service | None:
    """With what somebody may start who does not know what she needs: a doctor looks first."""
    return next(iter(specialties(known).get(COMMON, [])), None)
