"""A code of six digits goes to the number or address of a booking, and shows whoever types it the own appointments.

Whether a number or address is known nobody can tell: asking does the same for each, and what is sent follows behind.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from hmac import compare_digest

from telemed.booking import service as booking
from telemed.booking.model import Booking
from telemed.directory import service as directory
from telemed.kit.db import Tx
from telemed.kit.ids import digest, new_id, new_token
from telemed.kit.outbox import emit
from telemed.kit.secrets import Secrets
from telemed.notify import code_store, model, store
from telemed.notify.model import Channel, CodeAsked, Kind, Notice
from telemed.notify.service import PURPOSE, SENDER
from telemed.people import service as people
from telemed.people.model import Erased

LASTS = timedelta(minutes=10)
TRIES = 5
MOST_SENT = 3
"""Codes to one number or address within `REMEMBERED`: a message costs, and a stranger could ask again and again."""
REMEMBERED = timedelta(hours=1)
NOBODY = "nobody"
"""Stands for what is neither a number nor an address."""


def ask(tx: Tx, secrets: Secrets, contact: str, *, now: datetime) -> str:
    """Have a code sent, if anybody is to get one; the token that belongs to it, for the page that asks for the code."""
    token = new_token()
    code_id = digest(token)
    code_store.add(tx, code_id, people.contact_hash(secrets, contact) or NOBODY, expires_at=now + LASTS)
    emit(tx, CodeAsked(code_id), now=now)
    return token


def send(tx: Tx, secrets: Secrets, there: Collection[Channel], code_id: str, *, now: datetime) -> None:
    """Send the code to its number or address, if somebody booked with it. *there*: the channels of this centre."""
    asked = code_store.get(tx, code_id)
    if asked is None or asked.contact_hash == NOBODY or asked.expires_at <= now:
        return
    lately = code_store.asked_since(tx, asked.contact_hash, expire_after=now + LASTS - REMEMBERED)
    ahead = appointments(tx, asked.contact_hash, now=now) if lately <= MOST_SENT else []
    for person_id in dict.fromkeys(one.person_id for one in ahead):
        try:
            person = people.details(tx, secrets, person_id, actor=SENDER, purpose=PURPOSE, now=now)
        except Erased:
            continue
        channel = model.own_channel(person)
        if channel is not None and channel in there:
            code = Notice(new_id(), Kind.CODE, person_id, code_id, now, asked.expires_at, channel=channel)
            store.add(tx, [code])
            return


def digits(secrets: Secrets, code_id: str) -> str:
    """The code, which nobody can tell from its id who does not know the pepper."""
    return f"{int.from_bytes(secrets.derive('one-time code', code_id)[:8], 'big') % 1_000_000:06d}"


def prove(tx: Tx, secrets: Secrets, token: str, typed: str, *, now: datetime) -> bool:
    """Whether the right code was typed: five times at most, within ten minutes. It must be committed either way."""
    code_id = digest(token)
    if not code_store.try_once(tx, code_id, most=TRIES, now=now):
        return False
    if not compare_digest("".join(typed.split()).encode(), digits(secrets, code_id).encode()):
        return False
    code_store.prove(tx, code_id)
    return True


def proven(tx: Tx, token: str, *, now: datetime) -> list[Booking]:
    """The appointments that who typed the right code may open until it is over; none for anybody else."""
    found = code_store.get(tx, digest(token))
    if found is None or not found.proven or found.expires_at <= now:
        return []
    return appointments(tx, found.contact_hash, now=now)


def belongs_to(tx: Tx, secrets: Secrets, token: str, contact: str) -> bool:
    """Whether the code of *token* was for this number or address."""
    found = code_store.get(tx, digest(token))
    return found is not None and found.proven and found.contact_hash == people.contact_hash(secrets, contact)


def appointments(tx: Tx, contact_hash: str, *, now: datetime) -> list[Booking]:
    """What is booked from today on with this number or address, by start."""
    known = directory.load(tx)
    today = now.astimezone(known.zone).date()
    found = booking.of_people(tx, people.with_contact(tx, contact_hash), since=now - timedelta(days=1))
    return [one for one in found if one.offer.start.astimezone(known.zone).date() >= today]


def forget_old(tx: Tx, *, now: datetime) -> None:
    code_store.forget_before(tx, now - REMEMBERED)
