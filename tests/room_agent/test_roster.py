"""The roster in the room: only the operator's, never an older one, over restarts; and who stands in it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from room_agent.journal import Journal
from room_agent.roster import Release, Rosters
from schemas.signalling import Role
from schemas.trust import Roster, RosterKey, SignedRoster
from telemed.kit.ids import to_base64
from telemed.kit.trust import sign_roster

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OPERATOR, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
AGENT, KIOSK = (to_base64(bytes([n]) * 32) for n in (1, 2))


def public(key: Ed25519PrivateKey) -> str:
    return to_base64(key.public_key().public_bytes_raw())


def machine(key: str, role: Role, room: str = "room-1") -> RosterKey:
    return RosterKey.model_validate({"key": key, "role": role, "subject": "m", "name": "Raum 1", "room_id": room})


def signed(seq: int, *keys: RosterKey, by: Ed25519PrivateKey = OPERATOR, days: int = 30) -> SignedRoster:
    roster = Roster(seq=seq, issued_at=NOW - timedelta(days=1), expires_at=NOW + timedelta(days=days), keys=keys)
    return sign_roster(roster, by)


def release(rosters: Rosters, now: datetime = NOW) -> Release:
    return rosters.release(agent=AGENT, kiosks=[KIOSK], room_id="room-1", now=now)


def test_only_what_the_operator_signed_and_nothing_older_is_followed(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    rosters = Rosters(journal, [public(OPERATOR)])
    assert rosters.for_kiosk() is None
    assert rosters.take(signed(5))
    assert not rosters.take(signed(9, by=OTHER))
    assert not rosters.take(signed(4))
    assert not rosters.take(signed(5).model_copy(update={"roster": "{}"}))
    assert rosters.take(signed(6))
    assert not rosters.take(signed(6))
    kept = rosters.for_kiosk()
    assert kept is not None
    assert kept.operator_keys == (public(OPERATOR),)
    again = Rosters(journal, [public(OPERATOR)])
    assert again.for_kiosk() == kept
    assert not again.take(signed(5))
    assert Rosters(journal, [public(OTHER)]).for_kiosk() is None
    journal.close()


def test_a_room_is_released_when_its_own_keys_stand_in_a_roster_that_is_good_today(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite")
    assert release(Rosters(journal, [])) is Release.NO_OPERATOR
    rosters = Rosters(journal, [public(OPERATOR)])
    agent, kiosk = machine(AGENT, Role.AGENT), machine(KIOSK, Role.KIOSK)
    found = [release(rosters)]
    for seq, keys in enumerate(([kiosk], [machine(AGENT, Role.AGENT, "room-2"), kiosk], [agent], [agent, kiosk]), 1):
        rosters.take(signed(seq, *keys))
        found.append(release(rosters))
    missing = Release.AGENT_MISSING
    assert found == [Release.NONE, missing, missing, Release.KIOSK_MISSING, Release.OK]
    assert release(rosters, NOW + timedelta(days=31)) is Release.EXPIRED
    journal.close()
