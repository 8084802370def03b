"""A time that another system names is had just when the pages would offer it, and with whoever else it names."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings

from telemed.booking import planner, search
from telemed.booking.choice import Named, completed, names
from telemed.booking.ground import Ground
from telemed.booking.planner import TICK, Offer, What, Window, Wish
from telemed.booking.search import Objection
from tests.booking.situations import Situation, situations

SERVICE = "s"


def ground(situation: Situation) -> Ground:
    window = Window.around(situation.wish.earliest, situation.wish.latest)
    return Ground(situation.known, window, planner.masks(situation.reference.busy, window))


@settings(max_examples=40, deadline=None)
@given(situations())
def test_what_the_pages_offer_is_had_by_name_and_nothing_else_is(situation: Situation) -> None:
    here, now = ground(situation), situation.now
    service = here.directory.services[SERVICE]
    wish = Wish(What(SERVICE), situation.wish.earliest, situation.wish.latest, align_minutes=5)
    offered = search.offers(here, wish, now=now, limit=500)
    for offer in offered[:8]:
        named = Named(SERVICE, offer.start, offer.end, (offer.doctor_id,), (offer.room_id,), offer.assistant_id)
        assert names(offer, named)
        assert completed(here, named) == offer or names(_had(here, named), named)
    starts = {offer.start for offer in offered}
    start = max(wish.earliest, now + TICK)
    start += (TICK - (start - start.replace(hour=0, minute=0, second=0, microsecond=0)) % TICK) % TICK
    while start + service.length <= wish.latest and start < wish.earliest + timedelta(hours=2):
        found = completed(here, Named(SERVICE, start, start + service.length))
        assert isinstance(found, Offer) == (start in starts), (start, found)
        start += TICK


@settings(max_examples=20, deadline=None)
@given(situations())
def test_a_longer_one_holds_throughout_and_only_for_who_may_ask_for_it(situation: Situation) -> None:
    here = ground(situation)
    service = here.directory.services[SERVICE]
    longer = service.length + timedelta(minutes=25)
    wish = Wish(What(SERVICE, length=longer), situation.wish.earliest, situation.wish.latest, align_minutes=5)
    for offer in search.offers(here, wish, now=situation.now, limit=3):
        assert offer.end - offer.start == longer
        assert search.objection(here, offer, longer=True) is None
        assert search.objection(here, offer) == Objection(search.Rule.LENGTH)
        assert search.objection(here, replace(offer, end=offer.start + service.length)) is None


def _had(here: Ground, named: Named) -> Offer:
    found = completed(here, named)
    assert isinstance(found, Offer), found
    assert search.objection(here, found, longer=True) is None
    return found
