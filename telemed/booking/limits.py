"""How much may be booked and held from one address, for one contact and of one time, before somebody is asked to call.

In memory, for an hour or a day at the most; of a contact only a fingerprint. Staff are not counted: they book for many.
What is refused does not say whether anybody is known: it says the same of an address and of a contact.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from threading import Lock

from starlette.requests import HTTPConnection

from telemed.booking.planner import Offer
from telemed.identity.model import Actor, Role
from telemed.kit.refusal import Refusal, Sense
from telemed.kit.tries import PLACES, Tries, place_of
from telemed.people.model import Person
from telemed.web.centre import Centre

PER_ADDRESS = 60
"""Bookings in `WITHIN`: a whole house, a library or a course may be behind one address."""
PER_CONTACT = 6
"""Bookings in a day: a couple shares a number, nobody's telephone is filled with messages."""
PER_OFFER = 20
"""Holds of one time in `WITHIN`: so nobody keeps it from others by holding it anew from ever new addresses."""
WITHIN = timedelta(minutes=10)
DAY = timedelta(days=1)


class TooManyBookings(Refusal):
    """So many were made from there, or for that contact; both are answered alike."""

    sense = Sense.TOO_OFTEN
    key = "refusal.too_many_bookings"


class TooManyHoldsOfOne(Refusal):
    """This time was held so often that it is not held any more, only booked."""

    sense = Sense.TOO_OFTEN
    key = "refusal.held_too_often"


class Limits:
    """What was booked and held lately."""

    def __init__(
        self, per_address: int = PER_ADDRESS, per_contact: int = PER_CONTACT, per_offer: int = PER_OFFER
    ) -> None:
        self._addresses = Tries(per_address, WITHIN, too_many=TooManyBookings)
        self._contacts = Tries(per_contact, DAY, too_many=TooManyBookings)
        self._offers = Tries(per_offer, WITHIN, too_many=TooManyHoldsOfOne)
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    @contextmanager
    def booking(
        self, centre: Centre, connection: HTTPConnection, actor: Actor, key: str, person: Person
    ) -> Iterator[None]:
        """One booking, which is sent with *key*; sent again it is the same one, and is not counted.

        Raises:
            TooManyBookings: it is one too many.
        """
        if actor.role in (Role.DOCTOR, Role.ASSISTANT) or self._is_known(key):
            yield
            return
        with ExitStack() as counted:
            counted.enter_context(self._addresses.kept(address_of(connection)))
            if person.contact:
                counted.enter_context(self._contacts.kept(centre.secrets.fingerprint("contact", plain(person.contact))))
            yield
        self._remember(key)

    @contextmanager
    def hold(self, offer: Offer) -> Iterator[None]:
        """One more hold of *offer*.

        Raises:
            TooManyHoldsOfOne: it is one too many.
        """
        with self._offers.kept(f"{offer.doctor_id} {offer.room_id} {offer.start.isoformat()}"):
            yield

    def _is_known(self, key: str) -> bool:
        with self._lock:
            return key in self._known

    def _remember(self, key: str) -> None:
        with self._lock:
            self._known[key] = None
            while len(self._known) > PLACES:
                self._known.popitem(last=False)


def plain(contact: str) -> str:
    """A number or an address, however it is written."""
    text = contact.casefold()
    return text.strip() if "@" in text else "".join(each for each in text if each.isdigit() or each == "+")


def address_of(connection: HTTPConnection) -> str:
    return place_of(connection.client.host if connection.client else "")


def limits_of(centre: Centre) -> Limits:
    found: Limits = centre.live.setdefault(Limits, Limits())
    return found
