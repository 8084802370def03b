"""What a booking is known by, derived from its request, which nobody else knows: id, link, reference; and tickets."""

import os

from schemas.day import DIGITS, LETTERS, PICTURES, Ticket
from telemed.booking.model import Booked, Booking, Reference
from telemed.kit.ids import to_base64
from telemed.kit.secrets import Secrets


def booked(secrets: Secrets, request_id: str, booking: Booking) -> Booked:
    """What the resident takes along; the same for the same request."""
    return with_link(secrets, link_for(secrets, request_id), booking)


def with_link(secrets: Secrets, link: str, booking: Booking) -> Booked:
    """The same for who has the link: it says the reference too, and so a slip can be printed again."""
    return Booked(booking.id, booking.ticket, link, reference_for(secrets, link))


def id_for(secrets: Secrets, request_id: str) -> str:
    """The id of the hold and the booking that come of a request."""
    return secrets.derive("booking", request_id).hex()[:32]


def link_for(secrets: Secrets, request_id: str) -> str:
    return to_base64(secrets.derive("link", request_id)[:16])


def waiting_for(secrets: Secrets, request_id: str) -> tuple[str, str]:
    """The id of the entry in the waiting list that comes of a request, and the token of its link."""
    return secrets.derive("waits", request_id).hex()[:32], to_base64(secrets.derive("waits link", request_id)[:16])


def reference_for(secrets: Secrets, link: str) -> Reference:
    """Of the link, which nobody finds by the reference."""
    seed = secrets.derive("reference", link)
    one, two, three = (PICTURES[byte % len(PICTURES)] for byte in seed[:3])
    return Reference((one, two, three), f"{int.from_bytes(seed[3:11], 'big') % 1_000_000:06d}")


def reference_hash(secrets: Secrets, reference: Reference, birth_year: int) -> str:
    return secrets.fingerprint("reference", f"{reference.text}-{birth_year}")


def arrival_hash(secrets: Secrets, digits: str) -> str:
    """Of the six digits alone: on their day they say that somebody has come, and open nothing."""
    return secrets.fingerprint("arrival", digits)


def new_ticket() -> Ticket:
    """A ticket at random; the database refuses one that somebody has that day."""
    left, picked = int.from_bytes(os.urandom(8), "big"), []
    for signs in (PICTURES, LETTERS, DIGITS, DIGITS):
        left, place = divmod(left, len(signs))
        picked.append(signs[place])
    return Ticket(picture=picked[0], letter=picked[1], digits=picked[2] + picked[3])
