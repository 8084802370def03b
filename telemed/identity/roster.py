"""The keys of doctors' browsers, and the roster that the operator has signed. Each takes the open transaction."""

from collections.abc import Collection
from datetime import datetime

from schemas.trust import Roster, SignedRoster
from telemed.identity import roster_store
from telemed.identity.model import Actor, BrowserKey, KeysChanged, KeyTaken, Role, RosterPublished, RosterRefused
from telemed.kit.db import Tx
from telemed.kit.logs import logger
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.kit.trust import Distrusted, read_roster

log = logger("roster")


def enrol(tx: Tx, actor: Actor, public_key: str, *, now: datetime, by_link: bool = True) -> None:
    """Take in the key of *actor*'s browser; a doctor may have several. With a passkey, or through a one-time link.

    Ends of a call trust it once the operator has signed it into the roster. One that was revoked comes back by a new
    link only (*by_link*): whoever has stolen a computer may have stolen the passkey with it.

    Raises:
        NotAllowed: *actor* is no doctor.
        KeyTaken: another doctor uses this browser.
    """
    if actor.role is not Role.DOCTOR:
        raise NotAllowed
    known = roster_store.browser_key(tx, public_key)
    if known is None:
        roster_store.add_browser_key(tx, BrowserKey(public_key, actor.subject, now))
    elif known.revoked and by_link:  # the operator has given a new link since
        roster_store.let_back(tx, public_key, actor.subject, now)
    elif known.doctor_id != actor.subject and not known.revoked:
        raise KeyTaken
    else:
        return
    log.info("browser_enrolled", doctor_id=actor.subject)
    emit(tx, KeysChanged(doctor_id=actor.subject), now=now)


def revoke_key(tx: Tx, public_key: str, *, now: datetime) -> None:
    """Leave a doctor's browser out of the next roster.

    Raises:
        NotFound: there is no such key.
    """
    doctor_id = roster_store.revoke_browser_key(tx, public_key)
    if doctor_id is None:
        raise NotFound
    log.info("browser_revoked", doctor_id=doctor_id)
    emit(tx, KeysChanged(doctor_id=doctor_id), now=now)


def browser_keys(tx: Tx) -> list[BrowserKey]:
    """All of them, oldest first."""
    return roster_store.browser_keys_of_all(tx)


def signed_roster(tx: Tx) -> SignedRoster | None:
    """The newest, as it was signed."""
    return roster_store.newest_roster(tx)


def roster(tx: Tx) -> Roster | None:
    """What the newest says; it was verified when it was published."""
    signed = signed_roster(tx)
    return Roster.model_validate_json(signed.roster) if signed else None


def publish(tx: Tx, signed: SignedRoster, operator_keys: Collection[str], *, now: datetime) -> Roster:
    """Keep *signed* in place of the former roster, if the operator has signed it. Revoked browsers that are no longer
    in it are forgotten.

    Raises:
        RosterRefused: he has not; or it has no higher number than the former one.
    """
    former = roster(tx)
    try:
        read = read_roster(signed, operator_keys, newest=former.seq + 1 if former else 1)
    except Distrusted:
        raise RosterRefused from None
    roster_store.keep_roster(tx, read.seq, signed, now)
    roster_store.drop_revoked(tx, [each.key for each in read.keys])
    log.info("roster_published", seq=read.seq, keys=len(read.keys))
    emit(tx, RosterPublished(seq=read.seq), now=now)
    return read
