"""A doctor's browser is known by the key that came with her one-time link, a roster by the operator's signature."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from schemas.trust import SignedRoster
from telemed.identity import roster
from telemed.identity.model import KeysChanged, KeyTaken, RosterPublished, RosterRefused
from telemed.kit.db import Database
from telemed.kit.ids import to_base64
from telemed.kit.outbox import Event, events
from telemed.kit.refusal import NotAllowed, NotFound
from telemed.roster_commands import public_of
from tests.builders import DOCTOR, OPERATOR, RESIDENT, World, make_world
from tests.rosters import OPERATOR_KEY, doctor_key, signed

KEY, OTHER_KEY = to_base64(b"1" * 32), to_base64(b"2" * 32)
BRANDT = type(DOCTOR)(DOCTOR.role, "brandt")


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def enrol(world: World, key: str, actor: object = DOCTOR) -> None:
    assert isinstance(actor, type(DOCTOR))
    with world.db.transaction() as tx:
        roster.enrol(tx, actor, key, now=world.now)


def known(world: World) -> list[tuple[str, str, bool]]:
    with world.db.reading() as tx:
        return [(each.public_key, each.doctor_id, each.revoked) for each in roster.browser_keys(tx)]


def told(world: World, kind: type[Event]) -> int:
    with world.db.reading() as tx:
        return list(tx.execute(select(events.c.kind)).scalars()).count(kind.__name__)


def test_a_doctor_may_have_several_browsers_and_signing_in_again_changes_nothing(world: World) -> None:
    for key in (KEY, OTHER_KEY, KEY):
        enrol(world, key)
        world.clock.forward(timedelta(minutes=1))
    assert known(world) == [(KEY, "weiss", False), (OTHER_KEY, "weiss", False)]
    assert told(world, KeysChanged) == 2


@pytest.mark.parametrize("actor", [RESIDENT, OPERATOR], ids=lambda actor: actor.role)
def test_only_doctors_are_enrolled(world: World, actor: object) -> None:
    with pytest.raises(NotAllowed):
        enrol(world, KEY, actor)
    assert known(world) == []


def test_a_browser_is_one_doctor_s_until_it_is_revoked(world: World) -> None:
    enrol(world, KEY)
    with pytest.raises(KeyTaken):
        enrol(world, KEY, BRANDT)
    with world.db.transaction() as tx:
        roster.revoke_key(tx, KEY, now=world.now)
    assert known(world) == [(KEY, "weiss", True)]
    enrol(world, KEY, BRANDT)
    assert known(world) == [(KEY, "brandt", False)]


def test_a_revoked_browser_is_forgotten_once_the_roster_is_without_it(world: World) -> None:
    for key in (KEY, OTHER_KEY):
        enrol(world, key)
    with world.db.transaction() as tx:
        roster.revoke_key(tx, KEY, now=world.now)
    publish(world, signed([doctor_key(KEY), doctor_key(OTHER_KEY)], seq=1))
    assert known(world) == [(KEY, "weiss", True), (OTHER_KEY, "weiss", False)]
    publish(world, signed([doctor_key(OTHER_KEY)], seq=2))
    assert known(world) == [(OTHER_KEY, "weiss", False)]


def test_an_unknown_browser_is_not_revoked(world: World) -> None:
    with world.db.transaction() as tx, pytest.raises(NotFound):
        roster.revoke_key(tx, KEY, now=world.now)


def publish(world: World, what: SignedRoster) -> None:
    with world.db.transaction() as tx:
        roster.publish(tx, what, (OPERATOR_KEY,), now=world.now)


def newest(world: World) -> SignedRoster | None:
    with world.db.reading() as tx:
        return roster.signed_roster(tx)


def test_the_newest_roster_replaces_the_former_and_is_told(world: World) -> None:
    first, second = (signed([doctor_key(KEY)], seq=seq) for seq in (1, 5))
    assert newest(world) is None
    for each in (first, second):
        publish(world, each)
        assert newest(world) == each
    assert told(world, RosterPublished) == 2


def test_what_the_operator_has_not_signed_or_what_is_not_newer_changes_nothing(world: World) -> None:
    kept = signed([doctor_key(KEY)], seq=5)
    publish(world, kept)
    stranger = Ed25519PrivateKey.generate()
    changed = signed([doctor_key(OTHER_KEY)], seq=6)
    refused = [
        signed([doctor_key(OTHER_KEY)], seq=5),
        signed([doctor_key(OTHER_KEY)], seq=4),
        signed([doctor_key(OTHER_KEY)], seq=6, operator=stranger),
        changed.model_copy(update={"roster": changed.roster.replace("Weiß", "Weiss")}),
        signed([], seq=6, operator=stranger).model_copy(update={"signed_by": OPERATOR_KEY}),
    ]
    assert public_of(stranger) != OPERATOR_KEY
    for each in refused:
        with pytest.raises(RosterRefused):
            publish(world, each)
    assert newest(world) == kept
    assert told(world, RosterPublished) == 1
