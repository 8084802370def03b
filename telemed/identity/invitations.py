"""Guests of one visit: invited by a link that works once. The functions take the open transaction and never commit."""

from datetime import datetime

from telemed.identity import invitation_store, signed_in
from telemed.identity.model import Actor, Invitation, InvitationRevoked, LinkUsed, Role
from telemed.kit.db import Tx
from telemed.kit.ids import digest, new_id, new_link_token
from telemed.kit.outbox import emit
from telemed.kit.refusal import NotAllowed, NotFound


def invite_guest(tx: Tx, *, visit_id: str, role: str, until: datetime) -> tuple[Invitation, str]:
    """A new invitation and its link's token, of which only the hash is kept."""
    invitation, token = Invitation(new_id(), visit_id, role, until), new_link_token()
    invitation_store.add(tx, invitation, digest(token))
    return invitation, token


def look_at(tx: Tx, token: str, *, now: datetime) -> Invitation:
    """What a link is for; it stays as it is.

    Raises:
        LinkUsed: unknown, taken back or too old. One that was used is told: its own browser may come again.
    """
    found = invitation_store.of_link(tx, digest(token))
    if found is None or found.revoked or found.expires_at <= now:
        raise LinkUsed
    return found


def redeem(tx: Tx, token: str, *, now: datetime) -> tuple[str, Invitation]:
    """Exchange a link for the session of a guest, once.

    Raises:
        LinkUsed: unknown, used, taken back or too old.
    """
    found = invitation_store.use(tx, digest(token), now)
    if found is None:
        raise LinkUsed
    actor, lasts = Actor(Role.GUEST, found.id), found.expires_at - now
    return signed_in.open_session(tx, actor, now=now, lasts=lasts), found


def invitation(tx: Tx, invitation_id: str, *, now: datetime) -> Invitation:
    """What a guest was invited to.

    Raises:
        NotAllowed: it was taken back, or is over.
    """
    found = invitation_store.get(tx, invitation_id)
    if found is None or found.revoked or found.expires_at <= now:
        raise NotAllowed
    return found


def invitations_of(tx: Tx, visit_id: str) -> list[Invitation]:
    """All of a visit that were not taken back, oldest first."""
    return [one for one in invitation_store.of_visit(tx, visit_id) if not one.revoked]


def take_back(tx: Tx, invitation_id: str, *, visit_id: str, now: datetime) -> None:
    """Nobody comes by it any more, and whoever has, leaves.

    Raises:
        NotFound: this visit has no such invitation.
    """
    found = invitation_store.get(tx, invitation_id)
    if found is None or found.visit_id != visit_id:
        raise NotFound
    invitation_store.revoke(tx, invitation_id)
    emit(tx, InvitationRevoked(visit_id, invitation_id), now=now)


def forget_expired(tx: Tx, *, now: datetime) -> None:
    invitation_store.drop_expired(tx, now)
