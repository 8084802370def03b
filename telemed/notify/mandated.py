"""The link with which a relative opens her own session goes where the resident said; `delivery` puts it into words."""

from collections.abc import Collection
from datetime import datetime, timedelta

from telemed.kit.db import Tx
from telemed.notify import model, store
from telemed.notify.model import Channel, Kind, Notice

OF_USE = timedelta(days=7)


def channel_for(contact: str) -> Channel | None:
    """How a link gets to a mail address or a mobile phone; None: it is neither."""
    if model.is_address(contact):
        return Channel.EMAIL
    return Channel.SMS if model.is_mobile(contact) else None


def tell(tx: Tx, person_id: str, mandate_id: str, contact: str, *, there: Collection[Channel], now: datetime) -> bool:
    """Have the link sent; whether there is a way. *there*: the channels of this centre."""
    channel = channel_for(contact)
    if channel is None or channel not in there:
        return False
    store.add(tx, [Notice(mandate_id, Kind.MANDATE, person_id, mandate_id, now, now + OF_USE, channel=channel)])
    return True
