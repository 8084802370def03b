"""Mutations of who an end is: hellos, roles, places and the roster."""

from datetime import timedelta

from schemas.signalling import GUESTS, Role
from telemed.kit.ids import to_base64
from telemed.kit.trust import Me
from tests.malice.world import NOW, World, flipped, public, recommitted, text_of


def commitment_changed(world: World) -> None:
    hello = world.mutant.hellos[0]
    hello["commitment"] = flipped(hello["commitment"], world.random)


def reveal_changed(world: World) -> None:
    world.mutant.said["reveal"] = flipped(world.mutant.said["reveal"], world.random)


def reveal_and_commitment_changed(world: World) -> None:
    """As one would who looks for pictures that fit."""
    reveal = to_base64(world.random.randbytes(16))
    world.mutant.said["reveal"] = reveal
    world.mutant.hellos[0]["commitment"] = recommitted(world, world.far.fingerprint, reveal)


def nonce_changed(world: World) -> None:
    world.mutant.hellos[0]["nonce"] = flipped(world.mutant.hellos[0]["nonce"], world.random)


def key_changed(world: World) -> None:
    other = world.random.choice((world.stranger, world.neighbour, world.me.key))
    world.mutant.hellos[0]["key"] = public(other)


def second_hello(world: World) -> None:
    hello = dict(world.mutant.hellos[0])
    name = world.random.choice(("key", "nonce", "commitment"))
    hello[name] = flipped(hello[name], world.random)
    world.mutant.hellos.insert(world.random.randrange(2), hello)


def hello_of_another_version(world: World) -> None:
    world.mutant.hellos[0]["v"] = 2


def no_hello(world: World) -> None:
    world.mutant.hellos = []


def role_swapped(world: World) -> None:
    others = [role for role in (Role.AGENT, Role.KIOSK, Role.DOCTOR) if role is not world.far.role]
    world.mutant.far["role"] = world.random.choice(others).value


def said_to_be_a_guest(world: World) -> None:
    """Guests are let in by the doctor and not by the roster; here with a key of the centre's own."""
    me = world.attacker()
    role = world.random.choice(GUESTS)
    world.mutant = world.by(Me(me.visit_id, me.peer_id, role, me.key, me.fingerprint))


def peer_swapped(world: World) -> None:
    world.mutant.far["peer_id"] = world.random.choice(("peer-other", "peer-me", "peer"))


def machine_of_another_room(world: World) -> None:
    """With its own good key; of a doctor's room the centre has the neighbour's key only as a machine's."""
    world.mutant = world.by(world.attacker(world.neighbour))


def another_role_of_the_roster(world: World) -> None:
    others = [role for role in world.keys if role is not world.far.role]
    world.mutant = world.by(world.attacker(world.keys[world.random.choice(others)]))


def stranger(world: World) -> None:
    """Everything right but the key."""
    world.mutant = world.by(world.attacker())


def roster_with_a_stranger(world: World) -> None:
    """One entry more, under the operator's old signature."""
    me = world.attacker()
    more = world.roster(world.entry(me.key, me.role))
    world.mutant = world.by(me, roster={**world.roster(), "roster": more["roster"]})


def roster_of_another_operator(world: World) -> None:
    me = world.attacker()
    made = world.roster(world.entry(me.key, me.role), operator=world.other_operator, seq=world.seq + 1)
    if world.random.random() < 0.5:
        made["signed_by"] = public(world.operator)
    world.mutant = world.by(me, roster=made)


def roster_signed_by_a_machine(world: World) -> None:
    """By a key that is trusted for something else."""
    me = world.attacker()
    world.mutant = world.by(me, roster=world.roster(world.entry(me.key, me.role), operator=world.far.key))


def roster_rolled_back(world: World) -> None:
    """To one of the operator's own with a key that has been taken out since."""
    me = world.attacker(world.revoked)
    older = world.roster(world.entry(me.key, me.role), seq=world.seq - world.random.randint(1, 2))
    world.mutant = world.by(me, roster=older)


def key_taken_out(world: World) -> None:
    world.mutant = world.by(world.attacker(world.revoked))


def roster_expired(world: World) -> None:
    then = NOW - timedelta(days=30 + world.random.randint(0, 300), seconds=world.random.randint(0, 10**4))
    world.mutant.roster = world.roster(issued_at=then)


def roster_not_yet_good(world: World) -> None:
    world.mutant.roster = world.roster(issued_at=NOW + timedelta(seconds=world.random.randint(1, 10**6)))


def roster_text_changed(world: World) -> None:
    signed = world.mutant.roster
    text, last = signed["roster"], text_of(signed)["expires_at"]
    entries = text_of(signed)["keys"]
    changes = (
        (last, last.replace("2026", "2036")),
        (entries[0]["key"], public(world.stranger)),
        ('"room-2"', '"room-1"'),
        ('"agent"', '"kiosk"'),
        ('"seq":', '"seq":9'),
        ("}", "} "),
    )
    old, new = world.random.choice(changes)
    signed["roster"] = text.replace(old, new)


def roster_signature_spoilt(world: World) -> None:
    signed = world.mutant.roster
    made = signed["signature"]
    cut, none = made[: world.random.randrange(86)], to_base64(bytes(64))
    signed["signature"] = world.random.choice((flipped(made, world.random), cut, none))


def roster_is_no_roster(world: World) -> None:
    """Something else that the operator might have signed, or nothing."""
    world.mutant.roster["roster"] = world.random.choice(("", "{}", "null", "[]", '{"v":1}'))
