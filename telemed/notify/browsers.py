"""Browsers that wish to be told: an additional channel, begun on the page of the own appointment."""

from datetime import datetime

from telemed.booking import holding
from telemed.booking import service as booking
from telemed.identity.model import WAITING, Actor
from telemed.kit.db import Tx
from telemed.kit.ids import digest
from telemed.notify import push, store
from telemed.notify.carriers import Carriers
from telemed.notify.channels import WebPush
from telemed.notify.model import PushRefused
from telemed.notify.push import Subscription
from telemed.people import service as people


def public_key(carriers: Carriers) -> str:
    """What a browser subscribes with; empty where there is no web push."""
    sender = _sender(carriers)
    return push.public_text(sender.key) if sender else ""


def _sender(carriers: Carriers) -> WebPush | None:
    return next((one.sender for one in carriers.each if isinstance(one.sender, WebPush)), None)


def subscribe(tx: Tx, carriers: Carriers, wished: Subscription, *, actor: Actor, now: datetime) -> None:
    """Keep a browser of this resident's, sealed, audited, once.

    Raises:
        PushRefused: there is no web push here, or it is none of the push services that we send to.
        NotFound, Erased: the appointment or its person is gone.
    """
    sender = _sender(carriers)
    if sender is None:
        raise PushRefused
    push.check(wished, sender.hosts)
    person_id = _person_of(tx, actor)
    name = _name(person_id, wished.endpoint)
    plain, secrets = wished.to_bytes(), carriers.desk.secrets
    sealed = people.seal(tx, secrets, person_id, store.place_of(name), plain, actor=actor, now=now)
    store.subscribe(tx, name, person_id, sealed, now=now)


def unsubscribe(tx: Tx, endpoint: str, *, actor: Actor) -> None:
    """It is not told any more; one that never was is no refusal."""
    person_id = _person_of(tx, actor)
    store.unsubscribe(tx, _name(person_id, endpoint), person_id)


def _person_of(tx: Tx, actor: Actor) -> str:
    if actor.subject.startswith(WAITING):
        return holding.waiting_of(tx, actor.subject.removeprefix(WAITING)).person_id
    return booking.get(tx, actor.subject).person_id


def _name(person_id: str, endpoint: str) -> str:
    """A browser of one person: who waits for two people hears of both."""
    return digest(f"{person_id} {endpoint}")
