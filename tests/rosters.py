"""The operator of the tests, who signs whatever a scene needs. His key stands here for everybody to see."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.signalling import Role
from schemas.trust import Roster, RosterKey, SignedRoster
from telemed.identity import roster
from telemed.kit.ids import to_base64
from telemed.kit.trust import sign_roster
from telemed.operator import service
from telemed.roster_commands import next_roster
from telemed.web.centre import Centre

OPERATOR = Ed25519PrivateKey.from_private_bytes(b"operator of the tests, and no one else's"[:32])
OPERATOR_KEY = to_base64(OPERATOR.public_key().public_bytes_raw())
"""What agents and browsers of a scene pin."""
YEAR = timedelta(days=365)
SKEW = timedelta(minutes=5)


def doctor_key(public_key: str, *, subject: str = "doctor-1", name: str = "Dr. Ada Weiß") -> RosterKey:
    return RosterKey(key=public_key, role=Role.DOCTOR, subject=subject, name=name)


def machine_key(
    public_key: str, role: Role, *, subject: str, room_id: str = "room-1", name: str = "Raum 1"
) -> RosterKey:
    """An agent's or a kiosk's entry."""
    return RosterKey.model_validate(
        {"key": public_key, "role": role, "subject": subject, "name": name, "room_id": room_id}
    )


def signed(
    keys: Iterable[RosterKey],
    *,
    seq: int = 1,
    issued_at: datetime | None = None,
    lasts: timedelta = YEAR,
    operator: Ed25519PrivateKey = OPERATOR,
) -> SignedRoster:
    """A roster of *keys*, good from now on."""
    issued = issued_at or datetime.now(UTC) - SKEW
    return sign_roster(Roster(seq=seq, issued_at=issued, expires_at=issued + lasts, keys=tuple(keys)), operator)


def publish_all(centre: Centre, *, lasts: timedelta = YEAR) -> Roster:
    """Sign whatever *centre* knows, good from its real time, and publish it there."""
    now = centre.clock.now()
    with centre.db.transaction() as tx:
        former = roster.roster(tx)
        next_one = next_roster(service.roster_draft(tx), former, now=now - centre.clock.offset, lasts=lasts)
        return roster.publish(tx, sign_roster(next_one, OPERATOR), centre.operator_keys, now=now)
