"""The times that other systems are offered, each with an id that says what it is: nothing is kept until one is chosen.

The id of a proposed appointment names moment, service, doctor and room, each as a keyed hash, and is signed: only what
was offered here is found again. Whoever and whatever else is needed is chosen when it is held, so that an offer still
holds although another assistant or device is free by then.
"""

import re
from datetime import datetime
from functools import lru_cache

from telemed.booking import pending_fhir
from telemed.booking.choice import Named
from telemed.booking.planner import Offer, moment_of, tick_of
from telemed.directory.model import Directory
from telemed.kit.secrets import Secrets

_ID = re.compile(r"offer-([0-9a-f]{1,8})-([0-9a-f]{10})-([0-9a-f]{10})-([0-9a-f]{10})-([0-9a-f]{12})")


def id_of(secrets: Secrets, offer: Offer) -> str:
    """What a proposed appointment is called; at most 64 letters, digits and dashes (R4, id)."""
    parts = [f"{tick_of(offer.start):x}"]
    parts += [_short(secrets, one) for one in (offer.service_id, offer.doctor_id, offer.room_id)]
    return "-".join(["offer", *parts, _signed(secrets, parts)])


def appointment(secrets: Secrets, offer: Offer, directory: Directory, *, now: datetime) -> tuple[str, bytes]:
    """The proposed appointment of an offer, and its id."""
    proposal_id = id_of(secrets, offer)
    return proposal_id, pending_fhir.proposed(proposal_id, offer, directory, now=now)


def is_one(text: str) -> bool:
    """Whether it is built like such an id."""
    return _ID.fullmatch(text) is not None


def named(secrets: Secrets, directory: Directory, text: str) -> Named | None:
    """What a proposed appointment asks for; None: it was not offered here, or somebody of it is gone."""
    found = _ID.fullmatch(text)
    if found is None or _signed(secrets, list(found.groups()[:4])) != found[5]:
        return None
    known = _known(secrets, directory)
    service, doctor, room = (known.get(found[n], "") for n in (2, 3, 4))
    if service not in directory.services or doctor not in directory.doctors or room not in directory.rooms:
        return None
    start = moment_of(int(found[1], 16))
    return Named(service, start, start + directory.services[service].length, (doctor,), (room,))


@lru_cache(maxsize=8192)
def _short(secrets: Secrets, text: str) -> str:
    return secrets.derive("proposed part", text).hex()[:10]


@lru_cache(maxsize=4)
def _known(secrets: Secrets, directory: Directory) -> dict[str, str]:
    every = (*directory.services, *directory.doctors, *directory.rooms)
    return {_short(secrets, one): one for one in every}


def _signed(secrets: Secrets, parts: list[str]) -> str:
    return secrets.derive("proposed", "-".join(parts)).hex()[:12]
