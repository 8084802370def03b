"""Who reacts to which event, on one page."""

from telemed.booking.model import (
    BookingAmended,
    BookingCancelled,
    BookingConfirmed,
    BookingLeft,
    BookingMoved,
    BookingReplanned,
    CallWished,
    TimeOffered,
)
from telemed.booking.pending_model import BookingPending, PendingEnded
from telemed.directory.model import ResourceKept
from telemed.help.model import HelpChanged
from telemed.identity.allowed import GlassBroken
from telemed.identity.model import InvitationRevoked, MachinesChanged, RosterPublished
from telemed.identity.staff_model import StaffRevoked
from telemed.interop.model import BookingAsked
from telemed.interop.operations import means_of
from telemed.interop.reactions import book_asked
from telemed.interop.topics import Deed
from telemed.kit.outbox import Subscription
from telemed.link.reactions import send_plan, send_plan_beside, send_plan_to_all, send_word
from telemed.link.service import Lines
from telemed.notify import reactions as notify
from telemed.notify.carriers import Carriers
from telemed.notify.model import CodeAsked
from telemed.operator.model import ClockMoved
from telemed.privacy.erasures import FILE
from telemed.privacy.model import PersonErased
from telemed.privacy.reactions import note_erased
from telemed.queue.model import LineMoved, WordGiven
from telemed.queue.reactions import follow_word, look_again
from telemed.signalling.hub import Hub
from telemed.signalling.reactions import send_out, shut_out_guest, shut_out_revoked, shut_out_staff
from telemed.subscribe import reactions as subscribe
from telemed.upkeep.model import DeviceBlocked
from telemed.upkeep.reactions import use_others
from telemed.visit.model import FactKnown
from telemed.visit.reactions import give_back
from telemed.web.centre import Centre


def subscriptions(centre: Centre) -> list[Subscription]:
    """All of them; a name is kept for ever, since deliveries are remembered by it."""
    lines, hub, desk = centre.the(Lines), centre.the(Hub), centre.the(Carriers).desk
    return [
        Subscription("link.plan.booked", BookingConfirmed, send_plan(lines)),
        Subscription("link.plan.cancelled", BookingCancelled, send_plan(lines)),
        Subscription("link.plan.moved", BookingMoved, send_plan(lines)),
        Subscription("link.plan.fact", FactKnown, send_plan(lines)),
        Subscription("link.plan.beside", FactKnown, send_plan_beside(lines)),
        Subscription("link.help", HelpChanged, send_plan(lines)),
        Subscription("link.plan.word", WordGiven, send_word(lines)),
        Subscription("link.plan.machines", MachinesChanged, send_plan(lines)),
        Subscription("link.plan.clock", ClockMoved, send_plan_to_all(lines)),
        Subscription("link.roster", RosterPublished, send_plan_to_all(lines)),
        Subscription("forecast.fact", FactKnown, look_again(centre.clock)),
        Subscription("forecast.word", WordGiven, follow_word(centre.clock)),
        Subscription("signalling.over", FactKnown, send_out(hub)),
        Subscription("signalling.revoked", MachinesChanged, shut_out_revoked(hub)),
        Subscription("signalling.uninvited", InvitationRevoked, shut_out_guest(hub)),
        Subscription("signalling.staff", StaffRevoked, shut_out_staff(hub)),
        Subscription("visit.give_back", FactKnown, give_back(centre.secrets)),
        Subscription("notify.booked", BookingConfirmed, notify.tell_booked),
        Subscription("notify.moved", BookingMoved, notify.tell_moved),
        Subscription("notify.cancelled", BookingCancelled, notify.tell_cancelled),
        Subscription("notify.offered", TimeOffered, notify.tell_offered),
        Subscription("notify.call_wished", CallWished, notify.tell_call_wished),
        Subscription("notify.code", CodeAsked, notify.send_code(desk)),
        Subscription("notify.looked_at", GlassBroken, notify.tell_looked_at),
        Subscription("notify.fact", FactKnown, notify.tell_fact),
        Subscription("notify.erased", PersonErased, notify.forget_person),
        Subscription("erasure.noted", PersonErased, note_erased(centre.state_dir / FILE)),
        Subscription("notify.delay", LineMoved, notify.tell_those_waiting(desk)),
        Subscription("link.plan.replanned", BookingReplanned, send_plan(lines)),
        Subscription("link.plan.left", BookingLeft, send_plan(lines)),
        Subscription("notify.replanned", BookingReplanned, notify.tell_replanned),
        Subscription("isik.asked", BookingAsked, book_asked(lambda: means_of(centre))),
        Subscription("subscribe.booked", BookingConfirmed, subscribe.hear_booked),
        Subscription("subscribe.pending", BookingPending, subscribe.hear(Deed.CREATED)),
        Subscription("subscribe.replanned", BookingReplanned, subscribe.hear_replanned),
        Subscription("subscribe.amended", BookingAmended, subscribe.hear(Deed.CHANGED)),
        Subscription("subscribe.cancelled", BookingCancelled, subscribe.hear(Deed.CANCELLED)),
        Subscription("subscribe.ended", PendingEnded, subscribe.hear(Deed.CANCELLED)),
        Subscription("subscribe.moved", BookingMoved, subscribe.hear_moved),
        Subscription("subscribe.delay", LineMoved, subscribe.hear_delay),
        Subscription("subscribe.directory", ResourceKept, subscribe.hear_directory),
        Subscription("upkeep.use_others", DeviceBlocked, use_others(centre.secrets)),
    ]
