"""All tables of the centre, by importing every store."""

from telemed.aftercare import store as aftercare
from telemed.booking import claims, pending_store, waitlist_store
from telemed.booking import store as booking
from telemed.directory import store as directory
from telemed.feedback import store as feedback
from telemed.help import store as helping
from telemed.identity import client_store, granted_store, invitation_store, passkey_store, roster_store, session_store
from telemed.identity import store as identity
from telemed.interop import isik_store
from telemed.kit import outbox
from telemed.kit.db import metadata
from telemed.notify import code_store
from telemed.notify import store as notify
from telemed.operator import store as operator
from telemed.people import act_store, consent_store, mandate_store
from telemed.people import store as people
from telemed.privacy import store as privacy
from telemed.queue import learnt_store
from telemed.queue import store as queue
from telemed.signalling import store as signalling
from telemed.subscribe import store as subscribe
from telemed.training import store as training
from telemed.upkeep import store as upkeep
from telemed.visit import store as visit

STORES = (
    *(
        outbox,
        identity,
        granted_store,
        client_store,
        invitation_store,
        roster_store,
        passkey_store,
        session_store,
        directory,
        people,
        booking,
        claims,
        waitlist_store,
        pending_store,
        visit,
    ),
    *(queue, learnt_store, upkeep, signalling, notify, operator),
    *(helping, training, aftercare),
    *(act_store, consent_store, mandate_store, feedback, privacy, code_store, isik_store, subscribe),
)

__all__ = ["STORES", "metadata"]
