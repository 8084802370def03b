"""Breaking the glass: an appointment that is hers, at a time at which she may not see whose it is."""

from fastapi import Request
from fastapi.responses import HTMLResponse

from telemed.booking import asking
from telemed.booking import service as booking
from telemed.desk.asked import Said, page
from telemed.identity import granted
from telemed.identity.allowed import GlassReason
from telemed.identity.model import Actor
from telemed.kit.logs import logger
from telemed.people import service as people
from telemed.web.centre import Centre

log = logger("glass")
REASONS = tuple(GlassReason)
NO_REASON = Said({"reason": "may.glass.reason_missing"})
"""What the page says where none was chosen."""


def page_of(request: Request, centre: Centre, actor: Actor, entry: object, said: Said) -> HTMLResponse:
    """Why she may not see whose appointment this is, and the question why she must. *entry*: without a person."""
    return page(request, centre, actor, "glass.html", said, entry=entry, glass_reasons=REASONS)


def break_before(centre: Centre, booking_id: str, actor: Actor, reason: GlassReason) -> None:
    """For an hour. Audited; the person and the operator are told.

    Raises:
        NotFound: there is no such appointment, or it is not hers at any time.
    """
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        found, asker = booking.get(tx, booking_id), asking.asking(tx, actor, now=now)
        broken = granted.break_glass(tx, asker, asking.thing_of(found), reason)
        people.audit(tx, [found.person_id], actor=actor, action="read", purpose=f"glass {reason.value}", now=now)
    log.warning("glass_broken", glass_id=broken.id, role=actor.role.value, subject=actor.subject, reason=reason.value)
