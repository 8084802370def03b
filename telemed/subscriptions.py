"""Who reacts to which event, on one page."""

from telemed.booking.model import BookingCancelled, BookingConfirmed, BookingMoved
from telemed.identity.model import InvitationRevoked, MachinesChanged, RosterPublished
from telemed.kit.outbox import Subscription
from telemed.link.reactions import send_plan, send_plan_to_all
from telemed.link.service import Lines
from telemed.operator.model import ClockMoved
from telemed.signalling.hub import Hub
from telemed.signalling.reactions import send_out, shut_out_guest, shut_out_revoked
from telemed.upkeep.model import DeviceBlocked
from telemed.upkeep.reactions import use_others
from telemed.visit.model import FactKnown
from telemed.visit.reactions import give_back
from telemed.web.centre import Centre


def subscriptions(centre: Centre) -> list[Subscription]:
    """All of them; a name is kept for ever, since deliveries are remembered by it."""
    lines, hub = centre.the(Lines), centre.the(Hub)
    return [
        Subscription("link.plan.booked", BookingConfirmed, send_plan(lines)),
        Subscription("link.plan.cancelled", BookingCancelled, send_plan(lines)),
        Subscription("link.plan.moved", BookingMoved, send_plan(lines)),
        Subscription("link.plan.fact", FactKnown, send_plan(lines)),
        Subscription("link.plan.machines", MachinesChanged, send_plan(lines)),
        Subscription("link.plan.clock", ClockMoved, send_plan_to_all(lines)),
        Subscription("link.roster", RosterPublished, send_plan_to_all(lines)),
        Subscription("signalling.over", FactKnown, send_out(hub)),
        Subscription("signalling.revoked", MachinesChanged, shut_out_revoked(hub)),
        Subscription("signalling.uninvited", InvitationRevoked, shut_out_guest(hub)),
        Subscription("visit.give_back", FactKnown, give_back(centre.secrets)),
        Subscription("upkeep.use_others", DeviceBlocked, use_others(centre.secrets)),
    ]
